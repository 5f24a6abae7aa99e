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

# BEGIN SOLUTION: helpers
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate

# END SOLUTION
from buffer_pool import BufferPool
from kit.cursor import Cursor

# BEGIN SOLUTION: helpers
from kit.errors import KeyTooLarge
from node import (
    ELSEWHERE,
    INNER,
    INNER_CELL,
    LEAF,
    LEAF_CELL,
    OVERFLOW,
    Node,
    inner_cell,
    key_of,
    leaf_cell,
    overflow_cell,
)

NEXT_PAGE = 4  # bytes of an overflow page before those of the value
NODE_OVERHEAD, SLOT = 22, 4  # bytes of a node before its slots, and of a slot
LEAST_CELLS = 4  # that fit into any node
# END SOLUTION


class BTree:
    """The map whose root's page is kept in a root slot of the pool's store."""

    def __init__(self, pool: BufferPool, slot: int = 0) -> None:
        """Work on the pages of `pool`. The first `put` makes the root; nothing is read or written yet."""
        # BEGIN SOLUTION
        self._pool = pool
        self._slot = slot
        # END SOLUTION

    def get(self, key: bytes) -> bytes | None:
        """Return the value of `key`, None if it is not there. Costs a fetch for each level."""
        # BEGIN SOLUTION
        path = self._path(key)
        if not path:
            return None
        with self._node(path[-1][0]) as leaf:
            index, found = leaf.search(key)
            cell = leaf.get(index) if found else None
        return None if cell is None else self._read_value(cell)
        # END SOLUTION

    def put(self, key: bytes, value: bytes) -> None:
        """Let `key` have this value, whether or not it was there.

        Raises KeyTooLarge, and changes nothing, if the key's length plus 11 is more than the largest
        cell: (payload_size - 22) // 4 - 4 bytes. Values may be of any length.
        """
        # BEGIN SOLUTION
        if len(key) + LEAF_CELL.size + OVERFLOW.size > self._largest_cell():
            raise KeyTooLarge(f"a key of {len(key)} bytes is too long for these pages")
        path = self._path(key) or [(self._new_root(), 0)]
        cell = self._new_cell(key, value)
        with self._node(path[-1][0], dirty=True) as leaf:
            index, found = leaf.search(key)
            old = leaf.get(index) if found else None
            if found:
                fits = leaf.replace(index, cell)
                if not fits:
                    leaf.remove(index)
            else:
                fits = leaf.insert(index, cell)
            at_end = index == leaf.count() and leaf.next_leaf() == 0
        if not fits:
            self._split(path, index, cell, at_end)
        if old is not None:
            self._free_value(old)
        # END SOLUTION

    def scan(self, start: bytes | None, end: bytes | None) -> Cursor:
        """Return a cursor of [key, value], keys ascending: `start` included, `end` not.

        None stands for the first key and for after the last. The cursor holds no pin between two
        steps and reads one leaf ahead at most. New keys may be put meanwhile; those that were there
        before are met exactly once.
        """
        # BEGIN SOLUTION
        return Cursor(self._walk(start or b"", end))
        # END SOLUTION

    def height(self) -> int:
        """Return the number of levels: 0 before the first `put`, 1 for a leaf alone."""
        # BEGIN SOLUTION
        return len(self._path(b""))
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def _node(self, page_no: int, dirty: bool = False) -> _Pinned:
        """A node, pinned as long as the block runs."""
        return _Pinned(self._pool, page_no, dirty)

    @contextmanager
    def _new_node(self, kind: int) -> Iterator[tuple[int, Node]]:
        """The number of a new page, and the empty node on it."""
        frame = self._pool.new_page()
        try:
            node = Node(frame)
            node.start(kind)
            yield frame.page_no(), node
        finally:
            self._pool.release(frame, True)

    def _root(self) -> int:
        return self._pool.store().get_root(self._slot)

    def _new_root(self) -> int:
        with self._new_node(LEAF) as (page_no, _):
            self._pool.store().set_root(self._slot, page_no)
        return page_no

    def _path(self, key: bytes) -> list[tuple[int, int]]:
        """From the root down to the leaf of `key`: pages, each with the index of the child taken."""
        path: list[tuple[int, int]] = []
        page_no = self._root()
        while page_no:
            with self._node(page_no) as node:
                if node.kind() == LEAF:
                    path.append((page_no, 0))
                    return path
                index, found = node.search(key)
                index -= not found
                path.append((page_no, index))
                page_no = node.child(index)
        return path

    def _walk(self, start: bytes, end: bytes | None) -> Iterator[list[bytes]]:
        path = self._path(start)
        page_no = path[-1][0] if path else 0
        while page_no:
            with self._node(page_no) as leaf:
                first = leaf.search(start)[0]
                cells = [leaf.get(index) for index in range(first, leaf.count())]
                page_no = leaf.next_leaf()
            for cell in cells:
                key = key_of(cell, LEAF)
                if end is not None and key >= end:
                    return
                yield [key, self._read_value(cell)]

    # splitting

    def _split(self, path: list[tuple[int, int]], index: int, cell: bytes, at_end: bool) -> None:
        """Divide the last node of the path and the cell that does not fit into it at `index`."""
        page_no, _ = path[-1]
        with self._node(page_no, dirty=True) as left:
            cells = [left.get(i) for i in range(left.count())]
            cells.insert(index, cell)
            kind, first_child = left.kind(), left.child(-1)
            cut = _cut(cells, kind, at_end)
            separator = key_of(cells[cut], kind)
            with self._new_node(kind) as (new_page, right):
                if kind == LEAF:
                    right.set_next_leaf(left.next_leaf())
                    _fill(right, cells[cut:])
                else:  # the signpost moves up, and its child becomes the first
                    right.set_first_child(_child_of(cells[cut]))
                    _fill(right, cells[cut + 1 :])
            left.start(kind)
            left.set_first_child(first_child)
            left.set_next_leaf(new_page if kind == LEAF else 0)
            _fill(left, cells[:cut])
        self._post(path[:-1], page_no, inner_cell(separator, new_page), at_end)

    def _post(self, path: list[tuple[int, int]], left: int, cell: bytes, at_end: bool) -> None:
        """Put a new signpost into the parent, behind the one that led to `left`."""
        if not path:
            with self._new_node(INNER) as (page_no, root):
                root.set_first_child(left)
                root.insert(0, cell)
            self._pool.store().set_root(self._slot, page_no)
            return
        page_no, index = path[-1]
        with self._node(page_no, dirty=True) as parent:
            fits = parent.insert(index + 1, cell)
        if not fits:
            self._split(path, index + 1, cell, at_end)

    # values

    def _largest_cell(self) -> int:
        return (self._pool.store().payload_size() - NODE_OVERHEAD) // LEAST_CELLS - SLOT

    def _new_cell(self, key: bytes, value: bytes) -> bytes:
        """A leaf cell; a value that makes it too large is written to overflow pages."""
        cell = leaf_cell(key, value)
        if len(cell) <= self._largest_cell():
            return cell
        room = self._pool.store().payload_size() - NEXT_PAGE
        page_no = 0
        for start in reversed(range(0, len(value), room)):
            frame = self._pool.new_page()
            frame.write(0, page_no.to_bytes(NEXT_PAGE, "big") + value[start : start + room])
            self._pool.release(frame)
            page_no = frame.page_no()
        return overflow_cell(key, len(value), page_no)

    def _read_value(self, cell: bytes) -> bytes:
        length, flag = LEAF_CELL.unpack_from(cell)
        value = cell[LEAF_CELL.size + length :]
        if flag != ELSEWHERE:
            return value
        size, page_no = OVERFLOW.unpack(value)
        parts = [part for _, part in self._chain(page_no)]
        return b"".join(parts)[:size]

    def _free_value(self, cell: bytes) -> None:
        """Free the overflow pages of a cell that is gone, if it had any."""
        length, flag = LEAF_CELL.unpack_from(cell)
        if flag == ELSEWHERE:
            _, page_no = OVERFLOW.unpack_from(cell, LEAF_CELL.size + length)
            for overflow_page, _ in self._chain(page_no):
                self._pool.delete_page(overflow_page)

    def _chain(self, page_no: int) -> Iterator[tuple[int, bytes]]:
        """Overflow pages and their bytes; a page may be freed once it was given."""
        while page_no:
            frame = self._pool.fetch(page_no)
            data = bytes(frame.data)
            self._pool.release(frame)
            yield page_no, data[NEXT_PAGE:]
            page_no = int.from_bytes(data[:NEXT_PAGE], "big")

    # END SOLUTION


# BEGIN SOLUTION: helpers
class _Pinned:
    """Lends a node of the pool for a `with` block."""

    def __init__(self, pool: BufferPool, page_no: int, dirty: bool) -> None:
        self._pool = pool
        self._page_no = page_no
        self._dirty = dirty

    def __enter__(self) -> Node:
        self._frame = self._pool.fetch(self._page_no)
        return Node(self._frame)

    def __exit__(self, *_: object) -> None:
        self._pool.release(self._frame, self._dirty)


def _cut(cells: list[bytes], kind: int, at_end: bool) -> int:
    """The index at which cells are divided: half of the bytes on each side.

    When keys come in ascending order the left node stays full instead, for nothing comes there any more.
    """
    if at_end:
        return len(cells) - (1 if kind == LEAF else 2)  # an inner node keeps a signpost
    sizes = [len(cell) + SLOT for cell in cells]
    half = sum(sizes) // 2
    return next(index for index, end in enumerate(accumulate(sizes)) if end > half)


def _fill(node: Node, cells: list[bytes]) -> None:
    for index, cell in enumerate(cells):
        node.insert(index, cell)


def _child_of(cell: bytes) -> int:
    child: int = INNER_CELL.unpack_from(cell)[1]
    return child


# END SOLUTION
