"""An ordered map from bytes to bytes, on pages: a B+tree.

All values are in the leaves, and all leaves are at the same depth, linked in the order of their keys.
A node that gets too full is split, and tells its parent; if the root is split, a new root is put above
both halves. The tree grows at the top, so that its leaves never come to lie at different depths.

SQLite's tables are such trees. PostgreSQL's tables are heaps of rows, and trees are indexes only.
Left out: shortening the signposts in inner nodes to the bytes that tell the sides apart, and
everything about deleting, which is milestone 5.

    overflow page   u32 next overflow page, 0 = none | bytes of the value

No node is remembered between two calls, not even the root: milestone 6 takes changes back by
forgetting pages, and what is remembered of a page would then be wrong.
"""

from __future__ import annotations

from buffer_pool import BufferPool
from kit.cursor import Cursor


class BTree:
    """The map whose root's page is kept in a root slot of the pool's store."""

    def __init__(self, pool: BufferPool, slot: int = 0) -> None:
        """Work on the pages of `pool`. The first `put` makes the root; nothing is read or written yet."""
        raise NotImplementedError("04-btree: BTree.__init__")

    def get(self, key: bytes) -> bytes | None:
        """Return the value of `key`, None if it is not there. Costs a fetch for each level."""
        raise NotImplementedError("04-btree: BTree.get")

    def put(self, key: bytes, value: bytes) -> None:
        """Let `key` have this value, whether or not it was there.

        Raises KeyTooLarge, and changes nothing, if the key's length plus 11 is more than the largest
        cell: (payload_size - 22) // 4 - 4 bytes. Values may be of any length.
        """
        raise NotImplementedError("04-btree: BTree.put")

    def scan(self, start: bytes | None, end: bytes | None) -> Cursor:
        """Return a cursor of [key, value], keys ascending: `start` included, `end` not.

        None stands for the first key and for after the last. The cursor holds no pin between two
        steps and reads one leaf ahead at most. New keys may be put meanwhile; those that were there
        before are met exactly once.
        """
        raise NotImplementedError("04-btree: BTree.scan")

    def height(self) -> int:
        """Return the number of levels: 0 before the first `put`, 1 for a leaf alone."""
        raise NotImplementedError("04-btree: BTree.height")
