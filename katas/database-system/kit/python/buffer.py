"""A page in memory that belongs to somebody else. Given, for the suites.

In milestone 3 the pages in memory belong to a cache, which lends them out. Whoever works on a page
must change the lender's bytes, not a copy of them. `Buffer` is such a lender: `slotted_page` lends,
`image` shows what became of the bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slotted_page import SlottedPage


class Buffer:
    """So many bytes, and who may look at them."""

    def __init__(self, content: bytes) -> None:
        self._data = bytearray(content)

    def slotted_page(self) -> SlottedPage:
        """Return a `SlottedPage` over these very bytes."""
        from slotted_page import SlottedPage

        return SlottedPage(self._data)

    def image(self) -> bytes:
        """Return what the bytes are now."""
        return bytes(self._data)
