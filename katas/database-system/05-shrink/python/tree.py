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

from btree import BTree
from buffer_pool import BufferPool
from kit.cursor import Cursor


class Tree(BTree):
    """An ordered map from bytes to bytes in the pages of a pool, which grows and shrinks.

    Formats, limits and errors are those of `BTree`. No page stays pinned between two calls. Scans
    stay right whatever `put` and `delete` of the same tree do while they are open.
    """

    def __init__(self, pool: BufferPool, slot: int = 0) -> None:
        """Be the tree whose root is kept in root slot `slot` of the pool's store."""
        raise NotImplementedError("05-shrink: Tree.__init__")

    def put(self, key: bytes, value: bytes) -> None:
        """Insert or replace as `BTree.put` does; open scans learn of it. Raises KeyTooLarge."""
        raise NotImplementedError("05-shrink: Tree.put")

    def delete(self, key: bytes) -> bool:
        """Take `key` out and return whether it was there. If it was not, nothing is changed.

        Pages of a long value are freed. Then, from the leaf up, each node that has lost a cell is
        joined with the children before and after it in its parent as long as two fit into one page.
        An inner node that has lost its last cell, and fits nowhere, gets a child from a neighbour; it
        stays without a cell only if the parent has no room for the new key of either neighbour. A
        root that is an inner node without cells gives its place to its only child.

        Costs at most 3 x height + 4 fetches on the average, besides those of overflow pages.
        """
        raise NotImplementedError("05-shrink: Tree.delete")

    def scan(self, start: bytes | None, end: bytes | None) -> Cursor:
        """Return a cursor of [key, value], keys ascending: `start` included, `end` not.

        None stands for the first key and for after the last. Each `next` gives the first key after
        the one given last, with its value, as the tree is at that moment; a cursor that has come to
        its end stays there. As long as nothing changes, a scan fetches one path from the root and
        then each further leaf once, besides overflow pages; after a change it fetches one path more.
        Its first `next` costs at most height + 1.
        """
        raise NotImplementedError("05-shrink: Tree.scan")

    def changed(self) -> None:
        """Tell open scans that pages have changed, so that they find their places anew.

        `put` and `delete` do so themselves. Others call it when they change pages below the tree.
        """
        raise NotImplementedError("05-shrink: Tree.changed")
