"""A tree that gives space back: deletion, and scans that survive it.

A node that has lost a cell is joined with its neighbours, the children beside it in the same parent,
as long as the cells of two fit into one page. SQLite does more, it spreads the cells of three
neighbours anew; PostgreSQL does less, it frees a page of an index only when it is empty. To join what
fits is one rule without a percentage, and two neighbours that it has left apart fill more than a page.

    parent     .. m ..                            .. ..         Leaves: the cells of the right one go
               /     \\                              |           behind those of the left one. Inner
    children  c f    t            ---->           c f m t       nodes: the key between them goes first,
             A B C  D E                          A B C D E      with the right one's first child.

Left out: locks, by which others could read while nodes are joined. Whoever builds on this tree has
it alone.
"""

from __future__ import annotations

# BEGIN SOLUTION: helpers
import struct
from collections import deque
from collections.abc import Iterator

# END SOLUTION
from btree import BTree
from buffer_pool import BufferPool
from kit.cursor import Cursor

# BEGIN SOLUTION: helpers
from node import INNER, LEAF, Node

LEAF_CELL = struct.Struct(">HB")  # key length, 1 if the value is in overflow pages; key, value
LONG_VALUE = struct.Struct(">II")  # in the place of a long value: its length, first overflow page
INNER_CELL = struct.Struct(">HI")  # key length, child; key
NEXT_PAGE = struct.Struct(">I")  # in front of an overflow page: the next one, 0 = it is the last
SLOT = 4  # bytes that a cell takes in the directory of its page
# END SOLUTION


class Tree(BTree):
    """An ordered map from bytes to bytes in the pages of a pool, which grows and shrinks.

    Formats, limits and errors are those of `BTree`. No page stays pinned between two calls. Scans
    stay right whatever `put` and `delete` of the same tree do while they are open.
    """

    def __init__(self, pool: BufferPool, slot: int = 0) -> None:
        """Be the tree whose root is kept in root slot `slot` of the pool's store."""
        # BEGIN SOLUTION
        super().__init__(pool, slot)
        self.__pool, self.__slot = pool, slot
        self.__mark = object()  # another one after each change
        # END SOLUTION

    def put(self, key: bytes, value: bytes) -> None:
        """Insert or replace as `BTree.put` does; open scans learn of it. Raises KeyTooLarge."""
        # BEGIN SOLUTION
        self.changed()
        super().put(key, value)
        # END SOLUTION

    def delete(self, key: bytes) -> bool:
        """Take `key` out and return whether it was there. If it was not, nothing is changed.

        Pages of a long value are freed. Then, from the leaf up, each node that has lost a cell is
        joined with the children before and after it in its parent as long as two fit into one page.
        An inner node that has lost its last cell, and fits nowhere, gets a child from a neighbour; it
        stays without a cell only if the parent has no room for the new key of either neighbour. A
        root that is an inner node without cells gives its place to its only child.

        Costs at most 3 x height + 4 fetches on the average, besides those of overflow pages.
        """
        # BEGIN SOLUTION
        path, leaf_no = self.__descend(key)
        if leaf_no == 0:
            return False  # there was never a key
        with self.__node(leaf_no) as leaf:
            index, found = leaf.search(key)
            if not found:
                return False
            _, is_long, value = _parts(leaf.get(index))
            leaf.remove(index)
        self.changed()
        if is_long:
            for page_no, _ in self.__overflow(value):
                self.__pool.delete_page(page_no)
        while path and self.__settle(*path.pop()):
            pass
        self.__lower_root()
        return True
        # END SOLUTION

    def scan(self, start: bytes | None, end: bytes | None) -> Cursor:
        """Return a cursor of [key, value], keys ascending: `start` included, `end` not.

        None stands for the first key and for after the last. Each `next` gives the first key after
        the one given last, with its value, as the tree is at that moment; a cursor that has come to
        its end stays there. As long as nothing changes, a scan fetches one path from the root and
        then each further leaf once, besides overflow pages; after a change it fetches one path more.
        Its first `next` costs at most height + 1.
        """
        # BEGIN SOLUTION
        return Cursor(self.__walk(start or b"", end))
        # END SOLUTION

    def changed(self) -> None:
        """Tell open scans that pages have changed, so that they find their places anew.

        `put` and `delete` do so themselves. Others call it when they change pages below the tree.
        """
        # BEGIN SOLUTION
        self.__mark = object()
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def __node(self, page_no: int) -> _Pinned:
        """Lend a node, pinned. Its page is dirty afterwards if its bytes are others than before."""
        return _Pinned(self.__pool, page_no)

    def __descend(self, key: bytes) -> tuple[list[tuple[int, int]], int]:
        """Return the inner nodes on the way to `key`, each with the child taken, and the leaf, or 0."""
        path: list[tuple[int, int]] = []
        page_no = self.__pool.store().get_root(self.__slot)
        while page_no:
            with self.__node(page_no) as node:
                if node.kind() == LEAF:
                    break
                index, found = node.search(key)
                path.append((page_no, index if found else index - 1))
                page_no = node.child(path[-1][1])
        return path, page_no

    def __settle(self, page_no: int, index: int) -> bool:
        """Join child `index` of an inner node with its neighbours; whether to go on one level up."""
        with self.__node(page_no) as parent:
            before = parent.count()
            self.__take_in(parent, index)
            while index >= 0 and self.__take_in(parent, index - 1):
                index -= 1
            self.__borrow(parent, index)
            return parent.count() < before

    def __take_in(self, parent: Node, index: int) -> bool:
        """Let child `index` take in those after it while they fit; return whether one did."""
        before = parent.count()
        with self.__node(parent.child(index)) as node:
            while index + 1 < parent.count() and self.__join(parent, index + 1, node):
                pass
        return parent.count() < before

    def __join(self, parent: Node, index: int, left: Node) -> bool:
        """Move all of child `index` into `left`, the child before it, if it fits there."""
        page_no = parent.child(index)
        with self.__node(page_no) as right:
            cells = [right.get(i) for i in range(right.count())]
            if right.kind() == INNER:
                cells.insert(0, _inner_cell(parent.key(index), right.child(-1)))
            if sum(SLOT + len(cell) for cell in cells) > left.free_space() + SLOT:
                return False
            for cell in cells:
                left.insert(left.count(), cell)
            left.set_next_leaf(right.next_leaf())
        parent.remove(index)
        self.__pool.delete_page(page_no)
        return True

    def __borrow(self, parent: Node, index: int) -> None:
        """Give child `index`, if it is an inner node without cells, a child of a neighbour."""
        with self.__node(parent.child(index)) as node:
            if node.count() > 0:
                return
            if index >= 0 and self.__from_left(parent, index, node):
                return
            if index + 1 < parent.count():
                self.__from_right(parent, index + 1, node)

    def __from_left(self, parent: Node, index: int, node: Node) -> bool:
        """Turn the last child of the one before child `index` over to it, if the keys have room."""
        with self.__node(parent.child(index - 1)) as left:
            key, last = parent.key(index), left.count() - 1
            if not parent.replace(index, _inner_cell(left.key(last), parent.child(index))):
                return False
            node.insert(0, _inner_cell(key, node.child(-1)))
            node.set_first_child(left.child(last))
            left.remove(last)
            return True

    def __from_right(self, parent: Node, index: int, node: Node) -> None:
        """Turn the first child of child `index` over to the one before it, if the keys have room."""
        with self.__node(parent.child(index)) as right:
            key = parent.key(index)
            if parent.replace(index, _inner_cell(right.key(0), parent.child(index))):
                node.insert(0, _inner_cell(key, right.child(-1)))
                right.set_first_child(right.child(0))
                right.remove(0)

    def __lower_root(self) -> None:
        """While the root is an inner node with one child, let the child be the root."""
        while True:
            root_no = self.__pool.store().get_root(self.__slot)
            with self.__node(root_no) as root:
                if root.kind() == LEAF or root.count() > 0:
                    return
                child = root.child(-1)
            self.__pool.store().set_root(self.__slot, child)
            self.__pool.delete_page(root_no)

    def __walk(self, key: bytes, end: bytes | None) -> Iterator[list[bytes]]:
        mark, cells, leaf_no = self.__mark, deque[bytes](), self.__descend(key)[1]
        while True:
            if mark is not self.__mark:  # leaves may be gone, but the key is still right
                mark, cells, leaf_no = self.__mark, deque(), self.__descend(key)[1]
            while not cells and leaf_no:
                with self.__node(leaf_no) as leaf:
                    last = leaf.count() if end is None else leaf.search(end)[0]
                    cells.extend(leaf.get(i) for i in range(leaf.search(key)[0], last))
                    leaf_no = leaf.next_leaf() if last == leaf.count() else 0
            if not cells:
                return
            found, is_long, value = _parts(cells.popleft())
            if is_long:
                size, _ = LONG_VALUE.unpack(value)
                value = b"".join(content for _, content in self.__overflow(value))[:size]
            yield [found, value]
            key = found + b"\x00"  # the smallest key after it

    def __overflow(self, value: bytes) -> Iterator[tuple[int, bytes]]:
        """Give the pages of a long value: their numbers, and what of the value may be in them."""
        (_, page_no) = LONG_VALUE.unpack(value)
        while page_no:
            frame = self.__pool.fetch(page_no)
            content = bytes(frame.data)
            self.__pool.release(frame)
            yield page_no, content[NEXT_PAGE.size :]
            (page_no,) = NEXT_PAGE.unpack_from(content)

    # END SOLUTION


# BEGIN SOLUTION: helpers
class _Pinned:
    """Lends a node of the pool for a `with` block."""

    def __init__(self, pool: BufferPool, page_no: int) -> None:
        self._pool = pool
        self._page_no = page_no

    def __enter__(self) -> Node:
        self._frame = self._pool.fetch(self._page_no)
        self._before = bytes(self._frame.data)
        return Node(self._frame)

    def __exit__(self, *_: object) -> None:
        self._pool.release(self._frame, dirty=self._frame.data != self._before)


def _inner_cell(key: bytes, child: int) -> bytes:
    return INNER_CELL.pack(len(key), child) + key


def _parts(cell: bytes) -> tuple[bytes, bool, bytes]:
    """Return a leaf cell's key, whether the value is long, and the value or where it is."""
    length, is_long = LEAF_CELL.unpack_from(cell)
    value_at = LEAF_CELL.size + length
    return cell[LEAF_CELL.size : value_at], bool(is_long), cell[value_at:]


# END SOLUTION
