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
        raise NotImplementedError("01-pages: PageFile.__init__")

    def page_size(self) -> int:
        """Return the size of a page in the file, in bytes."""
        raise NotImplementedError("01-pages: PageFile.page_size")

    def payload_size(self) -> int:
        """Return how many bytes of a page are the caller's: page_size - 4."""
        raise NotImplementedError("01-pages: PageFile.payload_size")

    def page_count(self) -> int:
        """Return the number of pages, the header and free pages included."""
        raise NotImplementedError("01-pages: PageFile.page_count")

    def read(self, page_no: int) -> bytes:
        """Return the payload of a page, always `payload_size` bytes.

        Raises OutOfBounds if `page_no` is negative or the file ends before that page begins, and
        PageCorrupt if the page is cut short or its checksum is not that of page `page_no`.
        Both messages name the page. Costs one disk read.
        """
        raise NotImplementedError("01-pages: PageFile.read")

    def write(self, page_no: int, payload: bytes) -> None:
        """Replace the payload of a page; what `payload` leaves free becomes zeros.

        `page_no` may be the first page after the last: that is how the file grows. Raises
        OutOfBounds if it is negative or further out, PageFull if `payload` is longer than
        `payload_size`. Nothing is written then. Costs one disk write, no read.
        """
        raise NotImplementedError("01-pages: PageFile.write")

    def allocate(self) -> int:
        """Return the number of a page for the caller; it reads as zeros.

        The page freed last is handed out first; with none free the file grows by one page. Raises
        PageCorrupt, naming the page and changing nothing, if the page to hand out does not bear the
        mark "FREE": somebody wrote to it after it was freed.
        """
        raise NotImplementedError("01-pages: PageFile.allocate")

    def free(self, page_no: int) -> None:
        """Give a page back, for `allocate` to hand out again. The file does not shrink.

        Raises OutOfBounds if `page_no` is not in 1..page_count - 1. To free a page twice is the
        caller's mistake and need not be noticed.
        """
        raise NotImplementedError("01-pages: PageFile.free")

    def get_root(self, slot: int) -> int:
        """Return the page number kept in root slot 0..7, 0 if unset. Raises OutOfBounds."""
        raise NotImplementedError("01-pages: PageFile.get_root")

    def set_root(self, slot: int, page_no: int) -> None:
        """Keep a page number (0 = unset) in root slot 0..7, where a reader of the file finds it.

        Raises OutOfBounds if `slot` is not in 0..7 or `page_no` not in 0..page_count - 1.
        """
        raise NotImplementedError("01-pages: PageFile.set_root")

    def sync(self) -> None:
        """Return when all that was written would survive a power cut. Costs one disk sync."""
        raise NotImplementedError("01-pages: PageFile.sync")

    def close(self) -> None:
        """Close the file, without a sync. Calls that need the file raise StoreClosed afterwards."""
        raise NotImplementedError("01-pages: PageFile.close")
