"""A store that forgets everything when the process ends. Given, so that SQL can begin without a disk.

It has the interface of the store that milestone 6 completes: an ordered map from bytes to bytes with
`commit` and `rollback`. Everything above the storage is written against these seven methods, and
cannot tell one store from the other.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator

from kit.cursor import Cursor


class MemoryStore:
    """Keys and values in memory, the keys in the order of their bytes."""

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}
        self._keys: list[bytes] = []  # sorted
        self._before: dict[bytes, bytes | None] = {}  # since the last commit; None: was not there
        self._ids: dict[bytes, int] = {}

    def get(self, key: bytes) -> bytes | None:
        """Return the value of `key`, None if it is not there."""
        return self._values.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        """Let `key` have this value, whether or not it was there."""
        key = bytes(key)
        self._before.setdefault(key, self._values.get(key))
        self._set(key, bytes(value))

    def delete(self, key: bytes) -> bool:
        """Take `key` out; return whether it was there."""
        if key not in self._values:
            return False
        self._before.setdefault(bytes(key), self._values[key])
        self._set(key, None)
        return True

    def scan(self, start: bytes | None, end: bytes | None) -> Cursor:
        """Return a cursor of [key, value], keys ascending: `start` included, `end` not.

        None stands for the first key and for after the last. Keys may come and go meanwhile; those
        that are there all the time are met exactly once.
        """
        return Cursor(self._walk(start, end))

    def next_id(self, name: bytes) -> int:
        """Return 1, 2, 3 ... for this name; never the same twice, also after a rollback."""
        self._ids[bytes(name)] = self._ids.get(name, 0) + 1
        return self._ids[name]

    def commit(self) -> None:
        """Make everything since the last commit permanent (as far as memory is)."""
        self._before.clear()

    def rollback(self) -> None:
        """Undo everything since the last commit."""
        for key, value in self._before.items():
            self._set(key, value)
        self._before.clear()

    def _set(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            if self._values.pop(key, None) is not None:
                del self._keys[bisect_left(self._keys, key)]
            return
        if key not in self._values:
            insort(self._keys, key)
        self._values[key] = value

    def _walk(self, start: bytes | None, end: bytes | None) -> Iterator[list[bytes]]:
        at = 0 if start is None else bisect_left(self._keys, start)
        while at < len(self._keys):
            key = self._keys[at]
            if end is not None and key >= end:
                return
            yield [key, self._values[key]]
            moved = at >= len(self._keys) or self._keys[at] != key  # others came or went
            at = bisect_right(self._keys, key) if moved else at + 1
