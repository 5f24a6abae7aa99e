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

# BEGIN SOLUTION: helpers
from zlib import crc32

from buffer_pool import BufferPool
from kit.errors import StoreClosed
from tree import Tree
from wal import LoggedPageFile

DATA, COUNTERS = 0, 1  # root slots
COUNTER = 8  # bytes
RESERVED_AT_ONCE = 100  # ids that a crash may skip, and that cost one write to the log
# END SOLUTION


class Store:
    """The map that is kept at `path`, and at `path` + "-wal" until it is closed."""

    def __init__(
        self, path: str, page_size: int = 4096, cache: int = 256, checkpoint_frames: int = 1000
    ) -> None:
        """Open the store, or make a new one; recover it first if it was not closed.

        `cache` is how many pages are kept in memory. When a commit finds `checkpoint_frames` frames
        or more in the log, it lets a checkpoint go first. Raises what `LoggedPageFile` raises.
        """
        # BEGIN SOLUTION
        self._pages = LoggedPageFile(path, page_size)
        self._pool = BufferPool(self._pages, cache)
        self._tree = Tree(self._pool, DATA)
        self._checkpoint_frames = checkpoint_frames
        self._ids = _Ids(self._pages)
        self._open = True
        # END SOLUTION

    def get(self, key: bytes) -> bytes | None:
        """Return the value of `key`, None if it is not there."""
        # BEGIN SOLUTION
        return self._live().get(key)
        # END SOLUTION

    def put(self, key: bytes, value: bytes) -> None:
        """Let `key` have this value, whether or not it was there. Raises KeyTooLarge."""
        # BEGIN SOLUTION
        self._live().put(key, value)
        # END SOLUTION

    def delete(self, key: bytes) -> bool:
        """Take `key` out; return whether it was there."""
        # BEGIN SOLUTION
        return self._live().delete(key)
        # END SOLUTION

    def scan(self, start: bytes | None, end: bytes | None) -> Cursor:
        """Return a cursor of [key, value], keys ascending: `start` included, `end` not.

        None stands for the first key and for after the last. The scan stays right whatever is put,
        deleted, committed or rolled back while it is open: each step gives the first key after the
        last one as the map is then.
        """
        # BEGIN SOLUTION
        return self._live().scan(start, end)
        # END SOLUTION

    def next_id(self, name: bytes) -> int:
        """Return a number for this name that is above all it gave before: 1, 2, 3 ... at best.

        The same is never given twice, not after a rollback, not after a crash. Numbers may be left
        out, and two names may share a counter. No part of the transaction: what others have put
        stays uncommitted. Costs at most one write to the log and one sync in a hundred calls.
        """
        # BEGIN SOLUTION
        self._live()  # also where the log would not be asked
        return self._ids.next(name)
        # END SOLUTION

    def commit(self) -> None:
        """Make everything since the last commit durable: all of it or, if the power fails, none.

        Costs one write to the log and one sync; nothing changed, nothing written.
        """
        # BEGIN SOLUTION
        self._live()
        self._pool.flush()
        if self._pages.pending():
            if self._pages.log_frames() >= self._checkpoint_frames:
                self._pages.checkpoint()
            self._pages.commit()
        # END SOLUTION

    def rollback(self) -> None:
        """Take back everything since the last commit."""
        # BEGIN SOLUTION
        self._live()
        self._pool.discard()
        self._pages.rollback()
        self._tree.changed()
        # END SOLUTION

    def checkpoint(self) -> None:
        """Copy what is committed from the log to the file. The open transaction goes on."""
        # BEGIN SOLUTION
        self._live()
        self._pages.checkpoint()
        # END SOLUTION

    def close(self) -> None:
        """Take back what is not committed, checkpoint, and close. Every other call raises StoreClosed then."""
        # BEGIN SOLUTION
        if self._open:
            self.rollback()
            self._ids.give_back()
            self._pages.checkpoint()
            self._pages.close()
            self._open = False
        # END SOLUTION

    def stats(self) -> dict[str, int]:
        """Return the pool's hits, misses, evictions and writes, and log_frames."""
        # BEGIN SOLUTION
        self._live()
        return {**self._pool.stats(), "log_frames": self._pages.log_frames()}
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def _live(self) -> Tree:
        if not self._open:
            raise StoreClosed("the store is closed")
        return self._tree

    # END SOLUTION


# BEGIN SOLUTION: helpers
class _Ids:
    """Counters outside of transactions. A number is reserved on the disk before it is given.

    A name's counter is found by its checksum, so that they all have their place in one page, which
    never needs another: nothing that the open transaction has changed is touched.
    """

    def __init__(self, pages: LoggedPageFile) -> None:
        self._pages = pages
        self._page_no = pages.get_root(COUNTERS)
        if not self._page_no:
            self._page_no = pages.allocate()
            pages.set_root(COUNTERS, self._page_no)
            pages.commit()
        page = pages.read(self._page_no)
        ends = range(COUNTER, len(page) + 1, COUNTER)
        self._reserved = [int.from_bytes(page[end - COUNTER : end], "big") for end in ends]
        self._given = list(self._reserved)

    def next(self, name: bytes) -> int:
        counter = crc32(name) % len(self._given)
        if self._given[counter] == self._reserved[counter]:
            reserved = list(self._reserved)
            reserved[counter] += RESERVED_AT_ONCE
            self._reserve(reserved)
        self._given[counter] += 1
        return self._given[counter]

    def give_back(self) -> None:
        """Reserve no more than was given."""
        if self._reserved != self._given:
            self._reserve(list(self._given))

    def _reserve(self, numbers: list[int]) -> None:
        page = b"".join(number.to_bytes(COUNTER, "big") for number in numbers)
        self._pages.write_now(self._page_no, page)
        self._reserved = numbers  # not before: if the disk is full, nothing is reserved


# END SOLUTION
