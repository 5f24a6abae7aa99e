"""A file of pages that can prove they are intact.

Real systems do the same with more words: PostgreSQL has 8 KiB pages and a 16-bit checksum in each,
on by default only since version 18; SQLite keeps its free pages in a list of "trunk" pages. Left
out: a power cut between two writes still leaves half a change. That is the log's work, milestone 6.

All integers are big-endian, u32 is 4 bytes. Page n lies at offset n * page_size:

    page       payload, page_size - 4 bytes | u32 crc32 of (u32 n, then the payload)
    page 0     the header; its payload:
        at 0   8 bytes "SFSDB" 00 01 00
        at 8   u32 page_size
        at 12  u32 page_count, the header included
        at 16  u32 first free page, 0 = none
        at 20  u32 root x 8, 0 = unset
        at 52  zeros
    free page  "FREE" | u32 next free page, 0 = none | zeros
"""

from __future__ import annotations

import struct
from zlib import crc32

from kit.disk import DiskFile
from kit.errors import NotADatabase, OutOfBounds, PageCorrupt, PageFull, PageSizeMismatch

MAGIC, FREE_MARK = b"SFSDB\x00\x01\x00", b"FREE"
MIN_PAGE_SIZE, MAX_PAGE_SIZE = 128, 65536  # the header must fit; offsets in a page are 16 bits
ROOT_SLOTS = 8
# BEGIN SOLUTION: helpers
U32 = struct.Struct(">I")
HEADER = struct.Struct(">8sIII")  # magic, page_size, page_count, first free page
FREE_PAGE = struct.Struct(">4sI")  # mark, next free page
PAGE_COUNT, FIRST_FREE, ROOTS = 12, 16, 20  # offsets in the header
# END SOLUTION


class PageFile:
    """Numbered pages in one file. Page 0 is the header; other pages are the caller's.

    Header and free list are pages too. `page_count`, `allocate`, `free`, `get_root` and `set_root`
    reach them through `self.read` and `self.write` alone and remember nothing between calls:
    milestone 6 puts a log below by overriding these two. No call, opening included, costs more than
    3 disk reads and 2 disk writes, however long the file. Errors of the disk itself pass through.
    """

    def __init__(self, path: str, page_size: int = 4096) -> None:
        """Open the page file at `path`; a missing or empty file becomes one with a header only.

        Raises ValueError if `page_size` is not in 128..65536, NotADatabase if the file does not
        begin with the 8 magic bytes, PageSizeMismatch if it was made with another page size, and
        PageCorrupt if the header page is damaged. A refused file is left as it was.
        """
        # BEGIN SOLUTION
        if not MIN_PAGE_SIZE <= page_size <= MAX_PAGE_SIZE:
            raise ValueError(f"page size {page_size} is not in {MIN_PAGE_SIZE}..{MAX_PAGE_SIZE}")
        self._page_size = page_size
        self._disk = DiskFile(path)
        if self._disk.size() == 0:
            self.write(0, HEADER.pack(MAGIC, page_size, 1, 0))
        else:
            self._check_header(path)
        # END SOLUTION

    def page_size(self) -> int:
        """Return the size of a page in the file, in bytes."""
        # BEGIN SOLUTION
        return self._page_size
        # END SOLUTION

    def payload_size(self) -> int:
        """Return how many bytes of a page are the caller's: page_size - 4."""
        # BEGIN SOLUTION
        return self._page_size - U32.size
        # END SOLUTION

    def page_count(self) -> int:
        """Return the number of pages, the header and free pages included."""
        # BEGIN SOLUTION
        return self._counters()[0]
        # END SOLUTION

    def read(self, page_no: int) -> bytes:
        """Return the payload of a page, always `payload_size` bytes.

        Raises OutOfBounds if `page_no` is negative or the file ends before that page begins, and
        PageCorrupt if the page is cut short or its checksum is not that of page `page_no`.
        Both messages name the page. Costs one disk read.
        """
        # BEGIN SOLUTION
        offset = page_no * self._page_size
        if page_no < 0 or offset >= self._disk.size():
            raise OutOfBounds(f"there is no page {page_no}")
        page = self._disk.read(offset, self._page_size)
        payload, checksum = page[: self.payload_size()], page[self.payload_size() :]
        if checksum != _checksum(page_no, payload):
            raise PageCorrupt(f"page {page_no} is damaged")
        return payload
        # END SOLUTION

    def write(self, page_no: int, payload: bytes) -> None:
        """Replace the payload of a page; what `payload` leaves free becomes zeros.

        `page_no` may be the first page after the last: that is how the file grows. Raises
        OutOfBounds if it is negative or further out, PageFull if `payload` is longer than
        `payload_size`. Nothing is written then. Costs one disk write, no read.
        """
        # BEGIN SOLUTION
        offset = page_no * self._page_size
        if page_no < 0 or offset > self._disk.size():
            raise OutOfBounds(f"page {page_no} lies beyond the end of the file")
        if len(payload) > self.payload_size():
            raise PageFull(f"{len(payload)} bytes for a page of {self.payload_size()}")
        padded = payload.ljust(self.payload_size(), b"\x00")
        self._disk.write(offset, padded + _checksum(page_no, padded))
        # END SOLUTION

    def allocate(self) -> int:
        """Return the number of a page for the caller; it reads as zeros.

        The page freed last is handed out first; with none free the file grows by one page. Raises
        PageCorrupt, naming the page and changing nothing, if the page to hand out does not bear the
        mark "FREE": somebody wrote to it after it was freed.
        """
        # BEGIN SOLUTION
        page_count, first_free = self._counters()
        if first_free == 0:
            self.write(page_count, b"")
            self._set_field(PAGE_COUNT, page_count + 1)
            return page_count
        mark, next_free = FREE_PAGE.unpack_from(self.read(first_free))
        if mark != FREE_MARK:
            raise PageCorrupt(f"page {first_free} is in the free list and is not free")
        self._set_field(FIRST_FREE, next_free)
        self.write(first_free, b"")
        return first_free
        # END SOLUTION

    def free(self, page_no: int) -> None:
        """Give a page back, for `allocate` to hand out again. The file does not shrink.

        Raises OutOfBounds if `page_no` is not in 1..page_count - 1. To free a page twice is the
        caller's mistake and need not be noticed.
        """
        # BEGIN SOLUTION
        page_count, first_free = self._counters()
        if not 0 < page_no < page_count:
            raise OutOfBounds(f"page {page_no} cannot be freed")
        self.write(page_no, FREE_PAGE.pack(FREE_MARK, first_free))
        self._set_field(FIRST_FREE, page_no)
        # END SOLUTION

    def get_root(self, slot: int) -> int:
        """Return the page number kept in root slot 0..7, 0 if unset. Raises OutOfBounds."""
        # BEGIN SOLUTION
        offset = _root_offset(slot)
        return int.from_bytes(self.read(0)[offset : offset + U32.size], "big")
        # END SOLUTION

    def set_root(self, slot: int, page_no: int) -> None:
        """Keep a page number (0 = unset) in root slot 0..7, where a reader of the file finds it.

        Raises OutOfBounds if `slot` is not in 0..7 or `page_no` not in 0..page_count - 1.
        """
        # BEGIN SOLUTION
        if not 0 <= page_no < self.page_count():
            raise OutOfBounds(f"there is no page {page_no} to be a root")
        self._set_field(_root_offset(slot), page_no)
        # END SOLUTION

    def sync(self) -> None:
        """Return when all that was written would survive a power cut. Costs one disk sync."""
        # BEGIN SOLUTION
        self._disk.sync()
        # END SOLUTION

    def close(self) -> None:
        """Close the file, without a sync. Calls that need the file raise StoreClosed afterwards."""
        # BEGIN SOLUTION
        self._disk.close()
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def _check_header(self, path: str) -> None:
        start = self._disk.read(0, PAGE_COUNT)  # raw: with a wrong page size no checksum is right
        if not start.startswith(MAGIC):
            raise NotADatabase(f"{path} is not a page file")
        found = int.from_bytes(start[len(MAGIC) :], "big")
        if found != self._page_size:
            raise PageSizeMismatch(f"{path} has pages of {found} bytes, not {self._page_size}")
        self.read(0)

    def _counters(self) -> tuple[int, int]:
        _, _, page_count, first_free = HEADER.unpack_from(self.read(0))
        return page_count, first_free

    def _set_field(self, offset: int, value: int) -> None:
        header = bytearray(self.read(0))
        U32.pack_into(header, offset, value)
        self.write(0, bytes(header))

    # END SOLUTION


# BEGIN SOLUTION: helpers
def _checksum(page_no: int, payload: bytes) -> bytes:
    return U32.pack(crc32(U32.pack(page_no) + payload))


def _root_offset(slot: int) -> int:
    if not 0 <= slot < ROOT_SLOTS:
        raise OutOfBounds(f"there is no root slot {slot}")
    return ROOTS + slot * U32.size


# END SOLUTION
