"""A node of the tree: a slotted page whose cells are sorted by key.

A leaf holds keys with their values, an inner node keys with page numbers. The keys of an inner node
are signposts: its first child leads to all keys below the first of them, child i to the keys from
key i on, up to the next one.

    user header  u8 kind: 1 leaf, 2 inner | 3 zeros | u32 next leaf, 0 = none | u32 first child | 4 zeros
    leaf cell    u16 length of the key | u8 0 | key | value
                 u16 length of the key | u8 1 | key | u32 length of the value | u32 first overflow page
    inner cell   u16 length of the key | u32 child | key

PostgreSQL's nodes know their neighbours on both sides and a key that bounds them, so that readers
need not lock the parent; SQLite keeps the rightmost child apart where this keeps the first.
"""

from __future__ import annotations

import struct

from buffer_pool import Frame
from slotted_page import SlottedPage

LEAF, INNER = 1, 2


class Node(SlottedPage):
    """A page of the tree, as long as its frame is pinned. Changes are marked at the release."""

    def __init__(self, frame: Frame) -> None:
        """Look at the frame's page as a node: no copy, no change, no check."""
        raise NotImplementedError("04-btree: Node.__init__")

    def kind(self) -> int:
        """Return LEAF or INNER."""
        raise NotImplementedError("04-btree: Node.kind")

    def start(self, kind: int) -> None:
        """Make it an empty node of this kind: no cells, no next leaf, no first child."""
        raise NotImplementedError("04-btree: Node.start")

    def next_leaf(self) -> int:
        """Return the page of the leaf with the next larger keys, 0 if there is none."""
        raise NotImplementedError("04-btree: Node.next_leaf")

    def set_next_leaf(self, page_no: int) -> None:
        """Let the leaf with the next larger keys be this page."""
        raise NotImplementedError("04-btree: Node.set_next_leaf")

    def set_first_child(self, page_no: int) -> None:
        """Let this page hold the keys below the first one."""
        raise NotImplementedError("04-btree: Node.set_first_child")

    def key(self, index: int) -> bytes:
        """Return the key of cell `index`. Raises SlotOutOfRange."""
        raise NotImplementedError("04-btree: Node.key")

    def child(self, index: int) -> int:
        """Return the page that cell `index` leads to; -1 stands for the first child."""
        raise NotImplementedError("04-btree: Node.child")

    def search(self, key: bytes) -> list[int | bool]:
        """Return [index of the first cell whose key is not below `key`, whether it is equal].

        The index is `count` if all keys are below. Takes log2(count) + 1 comparisons at most.
        """
        raise NotImplementedError("04-btree: Node.search")
