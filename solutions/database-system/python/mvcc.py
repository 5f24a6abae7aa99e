"""Many transactions over one store, each in a world that stands still.

A key has versions, one for each commit that changed it. A transaction reads the versions that were
the newest when it began, and writes into a workspace of its own; its commit turns the workspace
into new versions, in one commit of the store below. Nobody waits for anybody: of two that write the
same key, the second to come is refused and may begin again.

PostgreSQL keeps old rows in the table and a list of running transactions in every snapshot; here a
snapshot is one number, because a version is written only when its transaction is over. Left out:
cleaning up by itself (PostgreSQL's autovacuum); somebody has to call `collect`.

    version   escape(key) | u64 2**64 - 1 - timestamp  ->  01 value, or 00: deleted
    escape    00 becomes 00 FF, and 00 01 marks the end: no key is the beginning of another
    clock     FF FF "clock"  ->  u64 timestamp of the last commit

The newest version of a key sorts first, so that reading is one short scan.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterator
from typing import Any

from kit.cursor import Cursor
from kit.errors import SerializationFailure, TransactionClosed

# BEGIN SOLUTION: helpers
STAMP = struct.Struct(">Q")
NEWEST = (1 << 64) - 1
CLOCK = b"\xff\xffclock"
PRESENT, DELETED = b"\x01", b"\x00"
# END SOLUTION


class TransactionManager:
    """Begins transactions over a store, and keeps the store in order.

    The whole key space of the store is its own. There may be one manager only for a store.
    """

    def __init__(self, store: Any, guarded: bytes = b"c") -> None:
        """Take over `store`. Keys that begin with `guarded` describe the others (the catalog):
        a transaction that has read one of them and writes anything is refused if it has changed,
        and one that writes such a key is treated as serializable."""
        # BEGIN SOLUTION
        self.store = store
        self.guarded = guarded
        self.clock = STAMP.unpack(store.get(CLOCK) or STAMP.pack(0))[0]
        self._snapshots: list[int] = []  # of the open transactions, ascending
        self._recent: deque[tuple[int, frozenset[bytes]]] = deque()  # commits somebody cannot see
        # END SOLUTION

    def begin(self, serializable: bool = False) -> Transaction:
        """Return a new transaction that sees what is committed now.

        A serializable one can also not commit when anything that it has read, or a range in which
        it has looked, has changed since.
        """
        # BEGIN SOLUTION
        self._snapshots.append(self.clock)
        return Transaction(self, self.clock, serializable)
        # END SOLUTION

    def active(self) -> int:
        """Return the number of open transactions."""
        # BEGIN SOLUTION
        return len(self._snapshots)
        # END SOLUTION

    def versions(self, key: bytes) -> list[list[Any]]:
        """Return [timestamp, value] of each version of `key`, newest first; None for deleted."""
        # BEGIN SOLUTION
        first = _escape(key)
        found = self.store.scan(first, first + STAMP.pack(NEWEST) + b"\0")
        return [[_timestamp(at), _value(kept)] for at, kept in found]
        # END SOLUTION

    def collect(self) -> int:
        """Drop the versions that no open or later transaction can see; return how many.

        What the oldest open snapshot needs stays; a deletion that everybody sees goes too.
        """
        # BEGIN SOLUTION
        oldest = min(self._snapshots, default=self.clock)
        dropped, last = 0, b""
        for at, kept in self.store.scan(None, None):
            if at == CLOCK or _timestamp(at) > oldest:
                continue
            shadowed = at[: -STAMP.size] == last  # a newer one is old enough for everybody
            last = at[: -STAMP.size]
            if shadowed or kept == DELETED:
                self.store.delete(at)
                dropped += 1
        self.store.commit()
        return dropped
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def changed_since(self, snapshot: int) -> Iterator[bytes]:
        """The keys that commits after this snapshot have written."""
        for timestamp, keys in reversed(self._recent):
            if timestamp <= snapshot:
                return
            yield from keys

    def written_since(self, key: bytes, snapshot: int) -> bool:
        """Whether a commit after this snapshot has written this key."""
        return any(key in keys for timestamp, keys in self._recent if timestamp > snapshot)

    def write(self, changes: dict[bytes, bytes | None]) -> None:
        """Make the changes the newest versions: all of them, or none."""
        timestamp = self.clock + 1
        try:
            for key, value in changes.items():
                kept = DELETED if value is None else PRESENT + value
                self.store.put(_escape(key) + STAMP.pack(NEWEST - timestamp), kept)
            self.store.put(CLOCK, STAMP.pack(timestamp))
            self.store.commit()
        except BaseException:
            self.store.rollback()
            raise
        self.clock = timestamp
        self._recent.append((timestamp, frozenset(changes)))

    def end(self, snapshot: int) -> None:
        """One transaction less; forget the commits that all the others see."""
        self._snapshots.remove(snapshot)
        oldest = min(self._snapshots, default=self.clock)
        while self._recent and self._recent[0][0] <= oldest:
            self._recent.popleft()

    # END SOLUTION


class Transaction:
    """A store of its own: the snapshot, and over it what this transaction has written."""

    def __init__(self, manager: TransactionManager, snapshot: int, serializable: bool) -> None:
        """Only `TransactionManager.begin` makes transactions."""
        # BEGIN SOLUTION
        self._manager = manager
        self._snapshot = snapshot
        self.serializable = serializable
        self._open = True
        self._changes: dict[bytes, bytes | None] = {}  # None: deleted
        self._changed: list[bytes] = []  # the keys of the same, sorted
        self._keys: set[bytes] = set()  # that were read ...
        self._ranges: list[tuple[bytes | None, bytes | None]] = []  # ... and looked through
        self._marks: list[dict[bytes, bytes | None]] = []  # the changes at each savepoint
        # END SOLUTION

    def snapshot(self) -> int:
        """Return the timestamp of the last commit that this transaction sees."""
        # BEGIN SOLUTION
        return self._snapshot
        # END SOLUTION

    def get(self, key: bytes) -> bytes | None:
        """Return the value of `key` as written here, else as of the snapshot; None if there is none."""
        # BEGIN SOLUTION
        self._check_open()
        if key in self._changes:
            return self._changes[key]
        self._keys.add(key)
        first = _escape(key)
        found = self._manager.store.scan(
            first + STAMP.pack(NEWEST - self._snapshot), first + STAMP.pack(NEWEST) + b"\0"
        )
        version = found.next()
        found.close()
        return None if version is None else _value(version[1])
        # END SOLUTION

    def put(self, key: bytes, value: bytes) -> None:
        """Write into the workspace. Raises SerializationFailure at once if somebody has committed
        a change of this key after the snapshot."""
        # BEGIN SOLUTION
        self._change(bytes(key), bytes(value))
        # END SOLUTION

    def delete(self, key: bytes) -> bool:
        """Take `key` out, in the workspace; return whether it was there. Raises as `put` does.

        A key that is not there is only read: nothing is written, and nothing raised.
        """
        # BEGIN SOLUTION
        was_there = self.get(key) is not None
        if was_there:
            self._change(bytes(key), None)
        return was_there
        # END SOLUTION

    def scan(self, start: bytes | None, end: bytes | None) -> Cursor:
        """Return a cursor of [key, value], ascending: the snapshot's, with the workspace over it."""
        # BEGIN SOLUTION
        self._check_open()
        self._ranges.append((start, end))
        return Cursor(self._merged(start, end))
        # END SOLUTION

    def next_id(self, name: bytes) -> int:
        """Return the store's next number of this name. It belongs to no transaction: two that count
        at the same time do not disturb each other, and a rollback leaves a gap."""
        # BEGIN SOLUTION
        self._check_open()
        return int(self._manager.store.next_id(name))
        # END SOLUTION

    def savepoint(self) -> int:
        """Return a mark for `rollback_to`: 0, 1, 2 ... Costs what is written until now, in memory."""
        # BEGIN SOLUTION
        self._check_open()
        self._marks.append(dict(self._changes))
        return len(self._marks) - 1
        # END SOLUTION

    def rollback_to(self, mark: int) -> None:
        """Forget what was written since `savepoint` gave this mark, and all later marks.

        The mark itself stays good. What was read since still counts as read, and numbers of
        `next_id` are not given back.
        """
        # BEGIN SOLUTION
        self._check_open()
        del self._marks[mark + 1 :]
        self._changes = dict(self._marks[mark])
        self._changed = sorted(self._changes)
        # END SOLUTION

    def commit(self) -> None:
        """Make all that was written visible to later transactions, at once and for good.

        Raises SerializationFailure, and the transaction is rolled back, if somebody has committed
        after the snapshot: a change of a key that was written here; of a guarded key that was read
        here; if this one is serializable or writes guarded keys, of anything that was read here.
        One that wrote nothing always succeeds, and costs the store nothing.
        """
        # BEGIN SOLUTION
        self._check_open()
        try:
            if self._changes:
                self._validate()
                self._manager.write(self._changes)
        finally:
            self._end()
        # END SOLUTION

    def rollback(self) -> None:
        """Forget all that was written."""
        # BEGIN SOLUTION
        self._check_open()
        self._end()
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def _check_open(self) -> None:
        if not self._open:
            raise TransactionClosed("the transaction is over")

    def _end(self) -> None:
        self._open = False
        self._manager.end(self._snapshot)

    def _change(self, key: bytes, value: bytes | None) -> None:
        self._check_open()
        if self._manager.written_since(key, self._snapshot):
            raise SerializationFailure(f"{key!r} was changed by another transaction")
        if key not in self._changes:
            insort(self._changed, key)
        self._changes[key] = value

    def _validate(self) -> None:
        guarded = self._manager.guarded
        strict = self.serializable or any(key.startswith(guarded) for key in self._changes)
        for key in self._manager.changed_since(self._snapshot):
            read = (strict or key.startswith(guarded)) and self._has_read(key)
            if read or key in self._changes:
                raise SerializationFailure(f"{key!r} was changed by another transaction")

    def _has_read(self, key: bytes) -> bool:
        return key in self._keys or any(
            (start is None or start <= key) and (end is None or key < end)
            for start, end in self._ranges
        )

    def _visible(self, start: bytes | None, end: bytes | None) -> Iterator[list[bytes]]:
        """What the snapshot holds: of each key the newest version that is old enough."""
        last = b""
        first = None if start is None else _escape(start)
        for at, kept in self._manager.store.scan(first, None if end is None else _escape(end)):
            escaped = at[: -STAMP.size]
            if at == CLOCK or escaped == last or _timestamp(at) > self._snapshot:
                continue
            last = escaped
            if kept != DELETED:
                yield [_unescape(escaped), kept[1:]]

    def _merged(self, start: bytes | None, end: bytes | None) -> Iterator[list[bytes]]:
        """Both streams in one order. Of the same key the workspace's counts; it may change meanwhile."""
        below = self._visible(start, end)
        ahead = next(below, None)
        at = 0 if start is None else bisect_left(self._changed, start)
        while True:
            own = self._changed[at] if at < len(self._changed) else None
            if own is not None and end is not None and own >= end:
                own = None
            if own is None and ahead is None:
                return
            if own is None or (ahead is not None and ahead[0] < own):
                key, value = ahead
            else:
                key, value = own, self._changes[own]
            if ahead is not None and ahead[0] == key:
                ahead = next(below, None)
            if value is not None:
                yield [key, value]
            at = bisect_right(self._changed, key)

    # END SOLUTION


# BEGIN SOLUTION: helpers
def _escape(key: bytes) -> bytes:
    return key.replace(b"\0", b"\0\xff") + b"\0\x01"


def _unescape(escaped: bytes) -> bytes:
    return escaped[:-2].replace(b"\0\xff", b"\0")


def _timestamp(version_key: bytes) -> int:
    return NEWEST - STAMP.unpack_from(version_key, len(version_key) - STAMP.size)[0]


def _value(kept: bytes) -> bytes | None:
    return None if kept == DELETED else kept[1:]


# END SOLUTION
