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


class TransactionManager:
    """Begins transactions over a store, and keeps the store in order.

    The whole key space of the store is its own. There may be one manager only for a store.
    """

    def __init__(self, store: Any, guarded: bytes = b"c") -> None:
        """Take over `store`. Keys that begin with `guarded` describe the others (the catalog):
        a transaction that has read one of them and writes anything is refused if it has changed,
        and one that writes such a key is treated as serializable."""
        raise NotImplementedError("13-transactions: TransactionManager.__init__")

    def begin(self, serializable: bool = False) -> Transaction:
        """Return a new transaction that sees what is committed now.

        A serializable one can also not commit when anything that it has read, or a range in which
        it has looked, has changed since.
        """
        raise NotImplementedError("13-transactions: TransactionManager.begin")

    def active(self) -> int:
        """Return the number of open transactions."""
        raise NotImplementedError("13-transactions: TransactionManager.active")

    def versions(self, key: bytes) -> list[list[Any]]:
        """Return [timestamp, value] of each version of `key`, newest first; None for deleted."""
        raise NotImplementedError("13-transactions: TransactionManager.versions")

    def collect(self) -> int:
        """Drop the versions that no open or later transaction can see; return how many.

        What the oldest open snapshot needs stays; a deletion that everybody sees goes too.
        """
        raise NotImplementedError("13-transactions: TransactionManager.collect")


class Transaction:
    """A store of its own: the snapshot, and over it what this transaction has written."""

    def __init__(self, manager: TransactionManager, snapshot: int, serializable: bool) -> None:
        """Only `TransactionManager.begin` makes transactions."""
        raise NotImplementedError("13-transactions: Transaction.__init__")

    def snapshot(self) -> int:
        """Return the timestamp of the last commit that this transaction sees."""
        raise NotImplementedError("13-transactions: Transaction.snapshot")

    def get(self, key: bytes) -> bytes | None:
        """Return the value of `key` as written here, else as of the snapshot; None if there is none."""
        raise NotImplementedError("13-transactions: Transaction.get")

    def put(self, key: bytes, value: bytes) -> None:
        """Write into the workspace. Raises SerializationFailure at once if somebody has committed
        a change of this key after the snapshot."""
        raise NotImplementedError("13-transactions: Transaction.put")

    def delete(self, key: bytes) -> bool:
        """Take `key` out, in the workspace; return whether it was there. Raises as `put` does.

        A key that is not there is only read: nothing is written, and nothing raised.
        """
        raise NotImplementedError("13-transactions: Transaction.delete")

    def scan(self, start: bytes | None, end: bytes | None) -> Cursor:
        """Return a cursor of [key, value], ascending: the snapshot's, with the workspace over it."""
        raise NotImplementedError("13-transactions: Transaction.scan")

    def next_id(self, name: bytes) -> int:
        """Return the store's next number of this name. It belongs to no transaction: two that count
        at the same time do not disturb each other, and a rollback leaves a gap."""
        raise NotImplementedError("13-transactions: Transaction.next_id")

    def savepoint(self) -> int:
        """Return a mark for `rollback_to`: 0, 1, 2 ... Costs what is written until now, in memory."""
        raise NotImplementedError("13-transactions: Transaction.savepoint")

    def rollback_to(self, mark: int) -> None:
        """Forget what was written since `savepoint` gave this mark, and all later marks.

        The mark itself stays good. What was read since still counts as read, and numbers of
        `next_id` are not given back.
        """
        raise NotImplementedError("13-transactions: Transaction.rollback_to")

    def commit(self) -> None:
        """Make all that was written visible to later transactions, at once and for good.

        Raises SerializationFailure, and the transaction is rolled back, if somebody has committed
        after the snapshot: a change of a key that was written here; of a guarded key that was read
        here; if this one is serializable or writes guarded keys, of anything that was read here.
        One that wrote nothing always succeeds, and costs the store nothing.
        """
        raise NotImplementedError("13-transactions: Transaction.commit")

    def rollback(self) -> None:
        """Forget all that was written."""
        raise NotImplementedError("13-transactions: Transaction.rollback")
