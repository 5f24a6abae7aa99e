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
# BEGIN SOLUTION: helpers
HEADER = struct.Struct(">B3xII4x")  # kind, next leaf, first child
LEAF_CELL = struct.Struct(">HB")  # length of the key, flag; then the key
INNER_CELL = struct.Struct(">HI")  # length of the key, child; then the key
OVERFLOW = struct.Struct(">II")  # length of the value, first page; behind the key
HERE, ELSEWHERE = 0, 1  # flags: where the value is
SLOTS = struct.Struct(">H2x")  # offset of a cell, in its slot
FIRST_SLOT = 22
# END SOLUTION


class Node(SlottedPage):
    """A page of the tree, as long as its frame is pinned. Changes are marked at the release."""

    def __init__(self, frame: Frame) -> None:
        """Look at the frame's page as a node: no copy, no change, no check."""
        # BEGIN SOLUTION
        super().__init__(frame.data)
        # END SOLUTION

    def kind(self) -> int:
        """Return LEAF or INNER."""
        # BEGIN SOLUTION
        return self._data[0]
        # END SOLUTION

    def start(self, kind: int) -> None:
        """Make it an empty node of this kind: no cells, no next leaf, no first child."""
        # BEGIN SOLUTION
        self.set_header(HEADER.pack(kind, 0, 0))
        self.format()
        # END SOLUTION

    def next_leaf(self) -> int:
        """Return the page of the leaf with the next larger keys, 0 if there is none."""
        # BEGIN SOLUTION
        return HEADER.unpack_from(self._data)[1]
        # END SOLUTION

    def set_next_leaf(self, page_no: int) -> None:
        """Let the leaf with the next larger keys be this page."""
        # BEGIN SOLUTION
        self.set_header(HEADER.pack(self.kind(), page_no, self.child(-1)))
        # END SOLUTION

    def set_first_child(self, page_no: int) -> None:
        """Let this page hold the keys below the first one."""
        # BEGIN SOLUTION
        self.set_header(HEADER.pack(self.kind(), self.next_leaf(), page_no))
        # END SOLUTION

    def key(self, index: int) -> bytes:
        """Return the key of cell `index`. Raises SlotOutOfRange."""
        # BEGIN SOLUTION
        return key_of(self.get(index), self.kind())
        # END SOLUTION

    def child(self, index: int) -> int:
        """Return the page that cell `index` leads to; -1 stands for the first child."""
        # BEGIN SOLUTION
        if index == -1:
            return HEADER.unpack_from(self._data)[2]
        return INNER_CELL.unpack_from(self.get(index))[1]
        # END SOLUTION

    def search(self, key: bytes) -> list[int | bool]:
        """Return [index of the first cell whose key is not below `key`, whether it is equal].

        The index is `count` if all keys are below. Takes log2(count) + 1 comparisons at most.
        """
        # BEGIN SOLUTION
        data = self._data
        before_key = LEAF_CELL.size if self.kind() == LEAF else INNER_CELL.size
        low, high, found = 0, self.count(), False
        while low < high:
            middle = (low + high) // 2
            (at,) = SLOTS.unpack_from(data, FIRST_SLOT + middle * SLOTS.size)
            start = at + before_key
            other = data[start : start + (data[at] << 8 | data[at + 1])]
            if other < key:
                low = middle + 1
            else:
                high, found = middle, other == key
        return [low, found]
        # END SOLUTION


# BEGIN SOLUTION: helpers
def key_of(cell: bytes, kind: int) -> bytes:
    """The key in a cell of a leaf or an inner node."""
    start = LEAF_CELL.size if kind == LEAF else INNER_CELL.size
    return cell[start : start + LEAF_CELL.unpack_from(cell)[0]]


def leaf_cell(key: bytes, value: bytes) -> bytes:
    """A cell that holds the value itself."""
    return LEAF_CELL.pack(len(key), HERE) + key + value


def overflow_cell(key: bytes, length: int, page_no: int) -> bytes:
    """A cell whose value, of so many bytes, begins on another page."""
    return LEAF_CELL.pack(len(key), ELSEWHERE) + key + OVERFLOW.pack(length, page_no)


def inner_cell(key: bytes, child: int) -> bytes:
    """A cell that leads to a child."""
    return INNER_CELL.pack(len(key), child) + key


# END SOLUTION
