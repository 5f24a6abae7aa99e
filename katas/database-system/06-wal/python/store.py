"""The storage engine: an ordered map from bytes to bytes, in one file, with commit and rollback.

This is the seam of the whole database. Below are pages, cache, tree and log, tied together in few
lines; above, tables and SQL will know these seven methods and nothing else: `get`, `put`, `delete`,
`scan`, `next_id`, `commit`, `rollback`. LevelDB, RocksDB, LMDB and SQLite's lower half are such
engines, and databases have been built on each of them.

One transaction is always open; it began with the last commit or rollback. Left out: more than one
at a time, which milestone 13 builds on top of this; and a lock against a second process.

    root slot 0   the tree of keys and values
    root slot 1   the page of counters: u64 x (payload_size // 8); how far ids have been reserved
"""

from __future__ import annotations

from kit.cursor import Cursor


class Store:
    """The map that is kept at `path`, and at `path` + "-wal" until it is closed."""

    def __init__(
        self, path: str, page_size: int = 4096, cache: int = 256, checkpoint_frames: int = 1000
    ) -> None:
        """Open the store, or make a new one; recover it first if it was not closed.

        `cache` is how many pages are kept in memory. When a commit finds `checkpoint_frames` frames
        or more in the log, it lets a checkpoint go first. Raises what `LoggedPageFile` raises.
        """
        raise NotImplementedError("06-wal: Store.__init__")

    def get(self, key: bytes) -> bytes | None:
        """Return the value of `key`, None if it is not there."""
        raise NotImplementedError("06-wal: Store.get")

    def put(self, key: bytes, value: bytes) -> None:
        """Let `key` have this value, whether or not it was there. Raises KeyTooLarge."""
        raise NotImplementedError("06-wal: Store.put")

    def delete(self, key: bytes) -> bool:
        """Take `key` out; return whether it was there."""
        raise NotImplementedError("06-wal: Store.delete")

    def scan(self, start: bytes | None, end: bytes | None) -> Cursor:
        """Return a cursor of [key, value], keys ascending: `start` included, `end` not.

        None stands for the first key and for after the last. The scan stays right whatever is put,
        deleted, committed or rolled back while it is open: each step gives the first key after the
        last one as the map is then.
        """
        raise NotImplementedError("06-wal: Store.scan")

    def next_id(self, name: bytes) -> int:
        """Return a number for this name that is above all it gave before: 1, 2, 3 ... at best.

        The same is never given twice, not after a rollback, not after a crash. Numbers may be left
        out, and two names may share a counter. No part of the transaction: what others have put
        stays uncommitted. Costs at most one write to the log and one sync in a hundred calls.
        """
        raise NotImplementedError("06-wal: Store.next_id")

    def commit(self) -> None:
        """Make everything since the last commit durable: all of it or, if the power fails, none.

        Costs one write to the log and one sync; nothing changed, nothing written.
        """
        raise NotImplementedError("06-wal: Store.commit")

    def rollback(self) -> None:
        """Take back everything since the last commit."""
        raise NotImplementedError("06-wal: Store.rollback")

    def checkpoint(self) -> None:
        """Copy what is committed from the log to the file. The open transaction goes on."""
        raise NotImplementedError("06-wal: Store.checkpoint")

    def close(self) -> None:
        """Take back what is not committed, checkpoint, and close. Every other call raises StoreClosed then."""
        raise NotImplementedError("06-wal: Store.close")

    def stats(self) -> dict[str, int]:
        """Return the pool's hits, misses, evictions and writes, and log_frames."""
        raise NotImplementedError("06-wal: Store.stats")
