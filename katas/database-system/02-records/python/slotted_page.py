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


class SlottedPage:
    """A list of byte strings, kept inside a buffer that belongs to somebody else.

    All state is in the buffer: two `SlottedPage` over one buffer see each other's work. Indexes
    run from 0 to count - 1 as in a list; a wrong one raises SlotOutOfRange and changes nothing.
    """

    def __init__(self, data: bytearray) -> None:
        """Look at `data`, 22 to 65,535 bytes, as a slotted page: no copy, no change, no check."""
        raise NotImplementedError("02-records: SlottedPage.__init__")

    def format(self) -> None:
        """Make it a page with no cells. The user header stays as it is."""
        raise NotImplementedError("02-records: SlottedPage.format")

    def count(self) -> int:
        """Return the number of cells."""
        raise NotImplementedError("02-records: SlottedPage.count")

    def get(self, index: int) -> bytes:
        """Return a copy of cell `index`."""
        raise NotImplementedError("02-records: SlottedPage.get")

    def insert(self, index: int, cell: bytes) -> bool:
        """Put a new cell before cell `index`, or after the last if `index` is `count`.

        The cell goes directly below `top`; if only garbage stands in the way, the page is compacted
        first. Returns False, and the page is unchanged, if cell and slot cannot fit even so.
        """
        raise NotImplementedError("02-records: SlottedPage.insert")

    def replace(self, index: int, cell: bytes) -> bool:
        """Put `cell` in the place of cell `index`. Other cells keep their index.

        A cell no longer than the old one is written over its first bytes. For a longer one the
        bytes of the old one count as room, and it goes where `insert` would put it. Returns False,
        and the page is unchanged, if it cannot fit even so.
        """
        raise NotImplementedError("02-records: SlottedPage.replace")

    def remove(self, index: int) -> None:
        """Take cell `index` out; later cells move down by one index. Its bytes become garbage."""
        raise NotImplementedError("02-records: SlottedPage.remove")

    def free_space(self) -> int:
        """Return the length of the longest cell that `insert` would take now, 0 if none."""
        raise NotImplementedError("02-records: SlottedPage.free_space")

    def compact(self) -> None:
        """Move the cells together at the end: no garbage, the same cells at the same indexes."""
        raise NotImplementedError("02-records: SlottedPage.compact")

    def header(self) -> bytes:
        """Return a copy of the user header, 16 bytes."""
        raise NotImplementedError("02-records: SlottedPage.header")

    def set_header(self, data: bytes) -> None:
        """Replace the user header. Raises ValueError if `data` is not 16 bytes long."""
        raise NotImplementedError("02-records: SlottedPage.set_header")
