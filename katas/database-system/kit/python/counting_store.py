"""A store that counts what is asked of it. Given, for the suites: cost is counted here, never timed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kit.cursor import Cursor


class CountingStore:
    """Passes every call on to the store below, and counts it."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self._counts = _zeros()

    def counts(self) -> dict[str, int]:
        """Return how often: gets, puts, deletes, scans, steps (items that scans gave), next_ids,
        commits, rollbacks."""
        return dict(self._counts)

    def reset(self) -> None:
        """Begin again at zero."""
        self._counts = _zeros()

    def get(self, key: bytes) -> bytes | None:
        self._counts["gets"] += 1
        value: bytes | None = self._store.get(key)
        return value

    def put(self, key: bytes, value: bytes) -> None:
        self._counts["puts"] += 1
        self._store.put(key, value)

    def delete(self, key: bytes) -> bool:
        self._counts["deletes"] += 1
        return bool(self._store.delete(key))

    def scan(self, start: bytes | None, end: bytes | None) -> Cursor:
        self._counts["scans"] += 1
        return Cursor(self._walk(self._store.scan(start, end)))

    def next_id(self, name: bytes) -> int:
        self._counts["next_ids"] += 1
        return int(self._store.next_id(name))

    def commit(self) -> None:
        self._counts["commits"] += 1
        self._store.commit()

    def rollback(self) -> None:
        self._counts["rollbacks"] += 1
        self._store.rollback()

    def _walk(self, cursor: Cursor) -> Iterator[Any]:
        try:
            for item in cursor:
                self._counts["steps"] += 1
                yield item
        finally:
            cursor.close()


def _zeros() -> dict[str, int]:
    names = "gets", "puts", "deletes", "scans", "steps", "next_ids", "commits", "rollbacks"
    return dict.fromkeys(names, 0)
