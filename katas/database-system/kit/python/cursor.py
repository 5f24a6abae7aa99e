"""A way through many things, one at a time. Given: whatever a method of yours calls `Cursor` is this.

A cursor is lazy: nothing is fetched before it is asked for. In Python hand it a generator,
`Cursor(self._walk(start))`, and write the walk as a generator function.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any


class Cursor:
    """Gives the items of an iterable, each once, in order."""

    def __init__(self, items: Iterable[Any]) -> None:
        self._items = iter(items)

    def next(self) -> Any:
        """Return the next item, or None when there is none (no item is None)."""
        return next(self._items, None)

    def take(self, n: int) -> list[Any]:
        """Return the next `n` items; fewer when it ends before."""
        return list(islice(self._items, n))

    def close(self) -> None:
        """Give up: what the generator holds is released, and there are no more items."""
        close = getattr(self._items, "close", None)
        if close is not None:
            close()
        self._items = iter(())

    def __iter__(self) -> Iterator[Any]:
        """Let `for` walk over the items that are left."""
        return self._items
