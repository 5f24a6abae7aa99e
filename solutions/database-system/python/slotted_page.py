"""Cells of any length in a page of fixed length.

The directory of slots grows up from the front, the cells grow down from the end, the free space is
what lies between. PostgreSQL's heap pages and SQLite's b-tree pages are laid out so. Left out: both
also reuse a hole in the middle without moving its neighbours; here holes are only counted, and
`compact` gathers them when room is needed, because one rule is enough to be right.

    at 0    16 bytes for the page's user; never looked at here
    at 16   u16 count      number of cells
    at 18   u16 top        where the cells begin; the size of the page while there are none
    at 20   u16 garbage    bytes from top to the end of the page that belong to no cell
    at 22   count slots    u16 offset, u16 length; slot i is cell i
            free space     up to top
            cells          in any order, with garbage between them, up to the end of the page
"""

from __future__ import annotations

import struct

from kit.errors import SlotOutOfRange

USER_HEADER = 16  # bytes
# BEGIN SOLUTION: helpers
COUNTERS = struct.Struct(">HHH")  # count, top, garbage
SLOT = struct.Struct(">HH")  # offset, length
SLOTS = USER_HEADER + COUNTERS.size
# END SOLUTION


class SlottedPage:
    """A list of byte strings, kept inside a buffer that belongs to somebody else.

    All state is in the buffer: two `SlottedPage` over one buffer see each other's work. Indexes
    run from 0 to count - 1 as in a list; a wrong one raises SlotOutOfRange and changes nothing.
    """

    def __init__(self, data: bytearray) -> None:
        """Look at `data`, 22 to 65,535 bytes, as a slotted page: no copy, no change, no check."""
        # BEGIN SOLUTION
        self._data = data
        # END SOLUTION

    def format(self) -> None:
        """Make it a page with no cells. The user header stays as it is."""
        # BEGIN SOLUTION
        self._set_counters(0, len(self._data), 0)
        # END SOLUTION

    def count(self) -> int:
        """Return the number of cells."""
        # BEGIN SOLUTION
        return self._counters()[0]
        # END SOLUTION

    def get(self, index: int) -> bytes:
        """Return a copy of cell `index`."""
        # BEGIN SOLUTION
        offset, length = self._slot(index)
        return bytes(self._data[offset : offset + length])
        # END SOLUTION

    def insert(self, index: int, cell: bytes) -> bool:
        """Put a new cell before cell `index`, or after the last if `index` is `count`.

        The cell goes directly below `top`; if only garbage stands in the way, the page is compacted
        first. Returns False, and the page is unchanged, if cell and slot cannot fit even so.
        """
        # BEGIN SOLUTION
        count, _, garbage = self._counters()
        if not 0 <= index <= count:
            raise SlotOutOfRange(f"cannot insert at {index}: the page has {count} cells")
        need = SLOT.size + len(cell)
        if need > self._room() + garbage:
            return False
        self._make_room(need)
        at, end = SLOTS + index * SLOT.size, SLOTS + count * SLOT.size
        self._data[at + SLOT.size : end + SLOT.size] = self._data[at:end]
        self._place(index, cell, count + 1)
        return True
        # END SOLUTION

    def replace(self, index: int, cell: bytes) -> bool:
        """Put `cell` in the place of cell `index`. Other cells keep their index.

        A cell no longer than the old one is written over its first bytes. For a longer one the
        bytes of the old one count as room, and it goes where `insert` would put it. Returns False,
        and the page is unchanged, if it cannot fit even so.
        """
        # BEGIN SOLUTION
        offset, length = self._slot(index)
        count, top, garbage = self._counters()
        if len(cell) <= length:
            self._data[offset : offset + len(cell)] = cell
            self._set_slot(index, offset, len(cell))
            self._set_counters(count, top, garbage + length - len(cell))
            return True
        if len(cell) > self._room() + garbage + length:
            return False
        self._set_slot(index, offset, 0)
        self._set_counters(count, top, garbage + length)
        self._make_room(len(cell))
        self._place(index, cell, count)
        return True
        # END SOLUTION

    def remove(self, index: int) -> None:
        """Take cell `index` out; later cells move down by one index. Its bytes become garbage."""
        # BEGIN SOLUTION
        _, length = self._slot(index)
        count, top, garbage = self._counters()
        at, end = SLOTS + index * SLOT.size, SLOTS + count * SLOT.size
        self._data[at : end - SLOT.size] = self._data[at + SLOT.size : end]
        self._set_counters(count - 1, top, garbage + length)
        # END SOLUTION

    def free_space(self) -> int:
        """Return the length of the longest cell that `insert` would take now, 0 if none."""
        # BEGIN SOLUTION
        return max(0, self._room() + self._counters()[2] - SLOT.size)
        # END SOLUTION

    def compact(self) -> None:
        """Move the cells together at the end: no garbage, the same cells at the same indexes."""
        # BEGIN SOLUTION
        cells = [self.get(index) for index in range(self.count())]
        self._set_counters(len(cells), len(self._data), 0)
        for index, cell in enumerate(cells):
            self._place(index, cell, len(cells))
        # END SOLUTION

    def header(self) -> bytes:
        """Return a copy of the user header, 16 bytes."""
        # BEGIN SOLUTION
        return bytes(self._data[:USER_HEADER])
        # END SOLUTION

    def set_header(self, data: bytes) -> None:
        """Replace the user header. Raises ValueError if `data` is not 16 bytes long."""
        # BEGIN SOLUTION
        if len(data) != USER_HEADER:
            raise ValueError(f"a user header has {USER_HEADER} bytes, not {len(data)}")
        self._data[:USER_HEADER] = data
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def _counters(self) -> tuple[int, int, int]:
        return COUNTERS.unpack_from(self._data, USER_HEADER)

    def _set_counters(self, count: int, top: int, garbage: int) -> None:
        COUNTERS.pack_into(self._data, USER_HEADER, count, top, garbage)

    def _slot(self, index: int) -> tuple[int, int]:
        count, _, _ = self._counters()
        if not 0 <= index < count:
            raise SlotOutOfRange(f"there is no cell {index}: the page has {count}")
        return SLOT.unpack_from(self._data, SLOTS + index * SLOT.size)

    def _set_slot(self, index: int, offset: int, length: int) -> None:
        SLOT.pack_into(self._data, SLOTS + index * SLOT.size, offset, length)

    def _room(self) -> int:
        """Bytes between the directory and the cells."""
        count, top, _ = self._counters()
        return top - SLOTS - count * SLOT.size

    def _make_room(self, need: int) -> None:
        """Have `need` bytes between directory and cells, compacting if that is what it takes."""
        if need > self._room():
            self.compact()

    def _place(self, index: int, cell: bytes, count: int) -> None:
        """Put a cell below the lowest one and let slot `index`, of `count`, point to it."""
        _, top, garbage = self._counters()
        top -= len(cell)
        self._data[top : top + len(cell)] = cell
        self._set_slot(index, top, len(cell))
        self._set_counters(count, top, garbage)

    # END SOLUTION
