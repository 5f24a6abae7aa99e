"""A page file under harder data: every bit, every byte, every bound, and what each call costs."""

import base64
import struct
from itertools import pairwise
from zlib import crc32

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

SIZE = 512
MAGIC = b"SFSDB\x00\x01\x00"


def page(number, payload, size=SIZE):
    """The bytes of one page in the file."""
    payload = payload.ljust(size - 4, b"\0")
    return payload + struct.pack(">I", crc32(struct.pack(">I", number) + payload))


def header(count, first_free=0, roots=(0,) * 8, size=SIZE):
    """The payload of the header page."""
    return MAGIC + struct.pack(">11I", size, count, first_free, *roots)


def free_page(following):
    """The payload of a page in the free list."""
    return b"FREE" + struct.pack(">I", following)


def image(payloads, size=SIZE):
    """A whole file from the payloads of its pages."""
    return b"".join(page(number, payload, size) for number, payload in enumerate(payloads))


def error_names(results):
    """The class names of errors in a script's results; of anything else, that it is none."""
    return [getattr(result, "class_name", "no error") for result in results]


class Model:
    """What a page file must hold: its pages, the free list with the top last, its roots."""

    def __init__(self):
        self.pages = [b""]
        self.free = []
        self.roots = [0] * 8

    def used(self):
        return [n for n in range(1, len(self.pages)) if n not in self.free]

    def image(self):
        following = dict(zip(self.free, [0, *self.free], strict=False))
        payloads = [
            free_page(following[n]) if n in following else data for n, data in enumerate(self.pages)
        ]
        first_free = self.free[-1] if self.free else 0
        return image([header(len(payloads), first_free, self.roots), *payloads[1:]])

    def allocate(self, *_):
        number = self.free.pop() if self.free else len(self.pages)
        self.pages[number:] = [b"", *self.pages[number + 1 :]]
        return ["allocate", []], number

    def free_one(self, pick, _):
        if not self.used():
            return ["page_count", []], len(self.pages)
        number = self.used()[pick % len(self.used())]
        self.free.append(number)
        return ["free", [number]], None

    def write(self, pick, data):
        if not self.used():
            return ["get_root", [0]], self.roots[0]
        number = self.used()[pick % len(self.used())]
        self.pages[number] = data
        return ["write", [number, data]], None

    def read(self, pick, _):
        if not self.used():
            return ["payload_size", []], SIZE - 4
        number = self.used()[pick % len(self.used())]
        return ["read", [number]], self.pages[number].ljust(SIZE - 4, b"\0")

    def set_root(self, pick, _):
        slot, number = pick % 8, pick % len(self.pages)
        self.roots[slot] = number
        return ["set_root", [slot, number]], None

    def get_root(self, pick, _):
        return ["get_root", [pick % 8]], self.roots[pick % 8]


@pytest.fixture
def path(workdir):
    return workdir / "pages.db"


@pytest.fixture
def pages(kata, path):
    """A page file with pages 1 to 5, each holding its number in words."""
    path.write_bytes(image([header(6), b"one", b"two", b"three", b"four", b"five"]))
    return kata.PageFile(str(path), SIZE)


@pytest.mark.parametrize("size", [128, 1000, 65536])
def test_the_whole_file_is_as_drawn(kata, path, size):
    """After pages were allocated, written and freed, every byte of the file is as drawn."""
    made = kata.PageFile(str(path), size)
    kata.many(made, "allocate", [[]] * 5)
    full = bytes(range(1, 101)) * (size // 100)
    kata.many(made, "write", [[1, b"one"], [2, b"two"], [4, b"four"], [5, full[: size - 4]]])
    kata.many(made, "free", [[4], [2]])
    kata.many(made, "set_root", [[0, 1], [7, 5], [3, 2], [3, 0]])
    roots = (1, 0, 0, 0, 0, 0, 0, 5)
    expected = [
        header(6, 2, roots, size),
        b"one",
        free_page(4),
        b"",
        free_page(0),
        full[: size - 4],
    ]
    assert path.read_bytes() == image(expected, size)


def test_a_file_from_elsewhere_is_understood(kata, path):
    """A page file that another program wrote is read as if it were one's own."""
    path.write_bytes(base64.b64decode(GOLDEN))
    made = kata.PageFile(str(path), 128)
    assert [made.page_count(), made.get_root(0), made.get_root(6)] == [7, 5, 3]
    assert made.read(3) == "grüße".encode() + bytes(117)
    assert made.read(5) == bytes(range(124))
    assert kata.many(made, "allocate", [[]] * 4) == [2, 6, 1, 7]
    assert kata.many(made, "read", [[2], [6], [1], [7]]) == [bytes(124)] * 4


@pytest.mark.parametrize(("source", "target"), [(2, 4), (0, 3)])
def test_a_page_in_the_place_of_another_is_refused(kata, pages, path, source, target):
    """A page that is whole but lies where another belongs is refused."""
    data = bytearray(path.read_bytes())
    data[target * SIZE : (target + 1) * SIZE] = data[source * SIZE : (source + 1) * SIZE]
    path.write_bytes(data)
    with kata.raises("PageCorrupt", match=rf"\b{target}\b"):
        pages.read(target)
    assert pages.read(5)[:4] == b"five"


def test_every_single_flipped_bit_is_found(kata, path):
    """Whichever one bit of a page changes, in payload or checksum, the page is refused."""
    flips = 128 * 8
    payload = bytes(range(7, 131))
    data = bytearray(image([header(flips + 2, size=128), *[payload] * (flips + 1)], 128))
    for bit in range(flips):
        data[(bit + 1) * 128 + bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)
    made = kata.PageFile(str(path), 128)
    found = kata.script([made, "read", [number]] for number in range(1, flips + 2))
    assert found[-1] == payload
    assert error_names(found[:-1]) == ["PageCorrupt"] * flips


def test_a_damaged_header_is_never_believed(kata, pages, path):
    """When the header is damaged while the file is open, every call that needs it says so."""
    data = bytearray(path.read_bytes())
    data[300] ^= 0x10
    path.write_bytes(data)
    calls = [["page_count"], ["allocate"], ["free", 1], ["get_root", 0], ["set_root", 0, 1]]
    results = kata.script([pages, name, arguments] for name, *arguments in calls)
    assert error_names(results) == ["PageCorrupt"] * 5
    assert path.read_bytes() == data


def test_a_file_that_is_not_right_is_refused(kata, workdir):
    """A file with wrong magic, page size or header checksum is refused and left as it was."""
    good = image([header(1)])
    files = [
        (b"S", "NotADatabase"),
        (MAGIC[:5], "NotADatabase"),
        (bytes(SIZE), "NotADatabase"),
        (b"\x00" + good, "NotADatabase"),
        (image([b"SFSDB\x00\x02\x00" + header(1)[8:]]), "NotADatabase"),
        (image([header(1, size=256)]), "PageSizeMismatch"),
        (image([header(1, size=SIZE + (1 << 24))]), "PageSizeMismatch"),
        (good[:100], "PageCorrupt"),
        (good[:-1], "PageCorrupt"),
        (good[:60] + b"!" + good[61:], "PageCorrupt"),
    ]
    paths = [workdir / f"{number}.db" for number in range(len(files))]
    for path, (content, _) in zip(paths, files, strict=True):
        path.write_bytes(content)
    results = kata.script([None, "PageFile", [str(path), SIZE]] for path in paths)
    assert error_names(results) == [error for _, error in files]
    assert [path.read_bytes() for path in paths] == [content for content, _ in files]


@pytest.mark.parametrize("size", [0, 127, 65537])
def test_page_sizes_have_bounds(kata, workdir, size):
    """A page size outside 128..65536 is refused; both bounds are good."""
    with kata.raises("ValueError"):
        kata.PageFile(str(workdir / "bad.db"), size)
    assert kata.PageFile(str(workdir / "small.db"), 128).payload_size() == 124
    assert kata.PageFile(str(workdir / "large.db"), 65536).payload_size() == 65532


def test_a_page_cut_short_is_refused(kata, pages, path):
    """A last page that is not all there is refused, even if its last 4 bytes fit the rest."""
    path.write_bytes(path.read_bytes()[: 5 * SIZE] + page(5, b"five", 100))
    with kata.raises("PageCorrupt", match=r"\b5\b"):
        pages.read(5)
    pages.write(5, b"whole again")
    assert pages.read(5) == b"whole again".ljust(508, b"\0")


def test_the_file_grows_without_holes(kata, pages, path):
    """Writing to the first page after the last makes the file longer; further out is refused."""
    pages.write(6, b"six")
    content = path.read_bytes()
    assert content[6 * SIZE :] == page(6, b"six")
    assert pages.page_count() == 6
    results = kata.script([pages, "write", [number, b"far"]] for number in (8, 9, 1000, -1))
    assert error_names(results) == ["OutOfBounds"] * 4
    assert path.read_bytes() == content


def test_numbers_out_of_bounds_change_nothing(kata, pages, path):
    """Page numbers and slots that do not exist are refused, and the file stays as it is."""
    content = path.read_bytes()
    calls = [["free", 0], ["free", -1], ["free", 6], ["get_root", -1], ["get_root", 8]]
    calls += [["set_root", -1, 1], ["set_root", 8, 1], ["set_root", 0, 6], ["set_root", 0, -1]]
    results = kata.script([pages, name, arguments] for name, *arguments in calls)
    assert error_names(results) == ["OutOfBounds"] * 9
    assert path.read_bytes() == content


def test_two_objects_share_one_header(kata, pages, path):
    """What one object frees, allocates or sets, another on the same file knows at once."""
    other = kata.PageFile(str(path), SIZE)
    kata.many(pages, "free", [[1], [3]])
    steps = [[other, "allocate"], [pages, "allocate"], [other, "allocate"], [pages, "allocate"]]
    steps += [[other, "free", 7], [pages, "set_root", 4, 2], [pages, "allocate"]]
    steps += [[other, "get_root", 4], [other, "page_count"]]
    results = kata.script([handle, name, arguments] for handle, name, *arguments in steps)
    assert results == [3, 1, 6, 7, None, None, 7, 2, 8]


def test_hundreds_of_free_pages_are_used_up_before_the_file_grows(kata, path, seed):
    """A long free list outlives a restart and is handed out to its end, last freed first."""
    pages = kata.PageFile(str(path), 128)
    freed = kata.many(pages, "allocate", [[]] * 300)
    seed.shuffle(freed)
    kata.many(pages, "free", [[number] for number in freed])
    pages.close()
    kata.restart()
    pages = kata.PageFile(str(path), 128)
    assert kata.many(pages, "allocate", [[]] * 301) == [*reversed(freed), 301]
    assert path.stat().st_size == 302 * 128


def test_a_free_page_that_was_written_to_is_not_handed_out(kata, pages, path):
    """A page that should be free and lost its mark is refused, and nothing is changed."""
    kata.many(pages, "free", [[2], [4]])
    pages.write(4, b"used after free")
    content = path.read_bytes()
    with kata.raises("PageCorrupt", match=r"\b4\b"):
        pages.allocate()
    assert path.read_bytes() == content


def test_a_log_can_be_put_below(kata, disk, pages, path):
    """With read and write overridden, all calls work on the overridden pages, not on the file."""
    content = path.read_bytes()
    overlay = kata.OverlayPageFile(str(path), SIZE)
    disk.record()
    kata.many(overlay, "free", [[3], [5]])
    kata.many(overlay, "set_root", [[0, 4], [7, 1]])
    assert kata.many(overlay, "allocate", [[]] * 3) == [5, 3, 6]
    assert kata.many(overlay, "read", [[3], [5], [6]]) == [bytes(508)] * 3
    assert [overlay.page_count(), overlay.get_root(0), overlay.get_root(7)] == [7, 4, 1]
    with kata.raises("OutOfBounds"):
        overlay.free(7)
    overlay.write(5, b"not free")
    overlay.free(6)
    overlay.write(6, b"spoilt")
    with kata.raises("PageCorrupt", match=r"\b6\b"):
        overlay.allocate()
    assert disk.counts()["writes"] == 0
    assert path.read_bytes() == content


def test_every_access_to_the_disk_goes_through_the_door(kata, disk, path, seed):
    """The file is, byte for byte, what the journal of the DiskFile says was written."""
    disk.record()
    pages = kata.PageFile(str(path), 128)
    kata.many(pages, "allocate", [[]] * 20)
    kata.many(pages, "write", [[seed.randrange(1, 21), seed.randbytes(124)] for _ in range(50)])
    kata.many(pages, "free", [[number] for number in range(3, 20, 4)])
    pages.set_root(1, 2)
    rebuilt = bytearray()
    for entry in disk.journal():
        end = entry["offset"] + len(entry["data"])
        rebuilt[entry["offset"] : end] = entry["data"]
    assert path.read_bytes() == rebuilt


def test_no_call_costs_more_in_a_long_file(kata, disk, path):
    """In a file of 300 pages, 40 of them free, no call needs more than 3 reads and 2 writes."""
    model = Model()
    model.pages = [b"", *[b"data"] * 299]
    model.free = list(range(200, 240))
    path.write_bytes(model.image())
    pages = kata.PageFile(str(path), SIZE)
    calls = [["allocate"], ["free", 250], ["set_root", 3, 9], ["get_root", 3], ["page_count"]]
    disk.record()
    steps = [[None, "DiskFile.totals", []]]
    for name, *arguments in calls:
        steps += [[pages, name, arguments], [None, "DiskFile.totals", []]]
    totals = kata.script(steps)[::2]
    costs = [{key: now[key] - was[key] for key in now} for was, now in pairwise(totals)]
    assert max(cost["reads"] for cost in costs) <= 3
    assert max(cost["writes"] for cost in costs) <= 2
    assert [cost["bytes_written"] for cost in costs] == [cost["writes"] * SIZE for cost in costs]


def test_opening_reads_the_header_only(kata, disk, path):
    """Opening a long file costs at most 3 reads, however long; one page costs one access."""
    path.write_bytes(image([header(3000, size=128), *[b"data"] * 2999], 128))
    disk.record()
    pages = kata.PageFile(str(path), 128)
    assert disk.counts()["reads"] <= 3
    disk.record()
    pages.read(2999)
    pages.write(2999, b"last")
    assert disk.counts() == {"reads": 1, "writes": 1, "bytes_written": 128, "syncs": 0}


def test_a_full_disk_is_reported(kata, disk, pages, path):
    """When the disk refuses a write the caller hears of it, and the old page is still there."""
    disk.fail(1, "full")
    failed, old = kata.script([[pages, "write", [2, b"new"]], [pages, "read", [2]]])
    assert hasattr(failed, "class_name")
    assert old[:3] == b"two"


def test_sync_and_close_do_what_they_say(kata, disk, pages):
    """A sync is one sync of the disk, closing is none, and a closed file answers no more."""
    disk.record()
    pages.sync()
    pages.close()
    assert [entry["op"] for entry in disk.journal()] == ["sync"]
    with kata.raises("StoreClosed"):
        pages.read(1)


STEPS = st.tuples(
    st.sampled_from(["allocate", "allocate", "free_one", "write", "read", "set_root", "get_root"]),
    st.integers(0, 1000),
    st.binary(max_size=40),
)


@settings(max_examples=25, deadline=None, phases=[Phase.generate])
@given(lives=st.lists(st.lists(STEPS, max_size=40), min_size=1, max_size=3))
def test_any_sequence_of_calls_agrees_with_a_model(kata, path, lives):
    """Whatever is done in whatever order, by two objects in turn, answers and file are right."""
    path.unlink(missing_ok=True)
    model = Model()
    for steps in lives:
        pages = [kata.PageFile(str(path), SIZE), kata.PageFile(str(path), SIZE)]
        expected = [getattr(model, name)(pick, data) for name, pick, data in steps]
        answers = kata.script([pages[n % 2], *call] for n, (call, _) in enumerate(expected))
        assert answers == [answer for _, answer in expected]
        assert path.read_bytes() == model.image()
        kata.script([handle, "close", []] for handle in pages)


# A header and six pages of 128 bytes; the free list is 2, 6, 1, the roots 0 and 6 are 5 and 3.
GOLDEN = """
U0ZTREIAAQAAAACAAAAABwAAAAIAAAAFAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADuqsc1GUkVFAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA7hT7eUZSRUUAAAAGAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAADlVn4BZ3LDvMOfZQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
AAAAAEQfpbf/////////////////////////////////////////////////////////////////////////////////////
////////////////////////////////////////////////////////////////////////////////NazfKQABAgMEBQYH
CAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj9AQUJDREVGR0hJSktMTU5P
UFFSU1RVVldYWVpbXF1eX2BhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5entu4m9nRlJFRQAAAAEAAAAAAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHZQIkA=
"""
