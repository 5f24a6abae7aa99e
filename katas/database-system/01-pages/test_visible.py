"""A page file: pages that prove they are intact, a free list, eight roots."""

import struct
from zlib import crc32

import pytest

SIZE = 512
ZEROS = bytes(SIZE - 4)


def page(number, payload):
    """The bytes of one page in the file."""
    payload = payload.ljust(SIZE - 4, b"\0")
    return payload + struct.pack(">I", crc32(struct.pack(">I", number) + payload))


@pytest.fixture
def path(workdir):
    return workdir / "pages.db"


@pytest.fixture
def pages(kata, path):
    """A new page file with pages of 512 bytes."""
    return kata.PageFile(str(path), SIZE)


def test_a_new_file_holds_the_header_page_only(pages, path):
    """A new page file has one page, the header."""
    assert pages.page_count() == 1
    assert path.stat().st_size == SIZE


def test_the_payload_is_four_bytes_less_than_the_page(kata, workdir, pages):
    """A page offers its size less the 4 bytes of the checksum; the size is 4,096 unless told."""
    usual = kata.PageFile(str(workdir / "usual.db"))
    assert [pages.page_size(), pages.payload_size()] == [512, 508]
    assert [usual.page_size(), usual.payload_size()] == [4096, 4092]


def test_the_header_page_is_laid_out_as_drawn(pages, path):
    """The header has the magic bytes, page size, page count, first free page and roots in place."""
    pages.allocate()
    pages.set_root(1, 1)
    header = b"SFSDB\x00\x01\x00" + struct.pack(">11I", SIZE, 2, 0, 0, 1, 0, 0, 0, 0, 0, 0)
    assert path.read_bytes()[:SIZE] == page(0, header)


def test_a_page_reads_back_as_it_was_written(pages):
    """What was written to a page is read back, padded with zeros to the payload size."""
    number = pages.allocate()
    pages.write(number, b"a long first version")
    pages.write(number, b"hello")
    assert pages.read(number) == b"hello" + bytes(503)


def test_a_page_ends_in_the_checksum_of_number_and_payload(pages, path):
    """The last 4 bytes of a page are the crc32 of its number and its payload."""
    pages.write(pages.allocate(), b"hello")
    assert path.read_bytes()[SIZE:] == page(1, b"hello")


def test_allocate_adds_a_page_of_zeros(kata, pages, path):
    """With no free page, allocate makes the file one page longer, and that page is zeros."""
    assert kata.many(pages, "allocate", [[], [], []]) == [1, 2, 3]
    assert pages.page_count() == 4
    assert path.stat().st_size == 4 * SIZE
    assert pages.read(3) == ZEROS


def test_the_page_freed_last_is_allocated_first(kata, pages, path):
    """Freed pages are handed out again, the last one first, before the file grows."""
    kata.many(pages, "allocate", [[]] * 4)
    kata.many(pages, "free", [[2], [4], [1]])
    assert kata.many(pages, "allocate", [[]] * 4) == [1, 4, 2, 5]
    assert path.stat().st_size == 6 * SIZE


def test_a_page_handed_out_again_is_zeros(pages):
    """A page that was freed and allocated again shows nothing of its earlier life."""
    number = pages.allocate()
    pages.write(number, b"x" * 508)
    pages.free(number)
    assert pages.read(pages.allocate()) == ZEROS


def test_a_root_is_zero_until_it_is_set(kata, pages):
    """There are eight root slots, each 0 until it is set."""
    pages.allocate()
    pages.set_root(7, 1)
    assert kata.many(pages, "get_root", [[slot] for slot in range(8)]) == [0, 0, 0, 0, 0, 0, 0, 1]


def test_everything_is_there_after_a_restart(kata, pages, path):
    """Pages, roots and the free list outlive the process."""
    kata.many(pages, "allocate", [[], [], []])
    kata.many(pages, "write", [[1, b"one"], [3, b"three"]])
    pages.set_root(2, 3)
    pages.free(2)
    pages.close()
    kata.restart()
    pages = kata.PageFile(str(path), SIZE)
    assert [pages.page_count(), pages.get_root(2)] == [4, 3]
    assert [pages.read(1)[:3], pages.read(3)[:5]] == [b"one", b"three"]
    assert pages.allocate() == 2


def test_a_changed_byte_is_found(kata, pages, path):
    """A page in which one byte changed on the disk is refused, and the error names the page."""
    pages.write(pages.allocate(), b"balance: 100")
    data = bytearray(path.read_bytes())
    data[SIZE + 9] ^= 0x08
    path.write_bytes(data)
    with kata.raises("PageCorrupt", match=r"\b1\b"):
        pages.read(1)


@pytest.mark.parametrize("number", [-1, 2, 77])
def test_a_page_that_is_not_there_cannot_be_read(kata, pages, number):
    """Reading a page before the first or after the last is an error that names the page."""
    pages.allocate()
    with kata.raises("OutOfBounds", match=rf"(^|[^\d]){number}\b"):
        pages.read(number)


def test_a_payload_that_is_too_long_is_refused(kata, pages, path):
    """A payload longer than the page's payload size is refused and nothing is written."""
    number = pages.allocate()
    pages.write(number, b"x" * 508)
    with kata.raises("PageFull"):
        pages.write(number, b"y" * 509)
    assert path.read_bytes()[SIZE:] == page(1, b"x" * 508)


def test_a_text_file_is_not_opened(kata, path):
    """A file that does not begin with the magic bytes is refused and left as it was."""
    path.write_bytes(b"Dear diary, today I lost a database.\n" * 30)
    with kata.raises("NotADatabase"):
        kata.PageFile(str(path), SIZE)
    assert path.read_bytes() == b"Dear diary, today I lost a database.\n" * 30


def test_another_page_size_is_not_opened(kata, pages, path):
    """A file made with another page size is refused."""
    pages.close()
    with kata.raises("PageSizeMismatch"):
        kata.PageFile(str(path), 1024)


def test_nothing_is_remembered_between_calls(kata, pages, path):
    """Two objects on one file see each other's work at once: the truth is in the file."""
    other = kata.PageFile(str(path), SIZE)
    assert [pages.allocate(), other.allocate(), pages.page_count()] == [1, 2, 3]
    pages.free(1)
    other.set_root(0, 2)
    assert [other.allocate(), pages.get_root(0)] == [1, 2]


def test_header_and_free_list_go_through_read_and_write(kata, disk, pages, path):
    """A subclass that overrides read and write gets to see the header and the free list too."""
    overlay = kata.OverlayPageFile(str(path), SIZE)
    disk.record()
    assert [overlay.allocate(), overlay.allocate(), overlay.page_count()] == [1, 2, 3]
    overlay.set_root(5, 2)
    overlay.free(1)
    assert [overlay.allocate(), overlay.get_root(5)] == [1, 2]
    assert disk.counts()["writes"] == 0
    assert pages.page_count() == 1


def test_a_call_costs_one_access_to_the_disk(kata, disk, pages):
    """Reading a page is one disk read, writing one disk write, syncing one disk sync."""
    pages.allocate()
    disk.record()
    pages.read(1)
    assert disk.counts() == {"reads": 1, "writes": 0, "bytes_written": 0, "syncs": 0}
    pages.write(1, b"hello")
    pages.sync()
    assert disk.counts() == {"reads": 1, "writes": 1, "bytes_written": SIZE, "syncs": 1}
