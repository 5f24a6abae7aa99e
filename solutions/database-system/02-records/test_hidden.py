"""Rows against an encoder of the test's own, slotted pages against a list and a check of every byte."""

import struct
from itertools import pairwise

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

OVERHEAD = 22  # bytes before the first slot
LOW, HIGH = -(2**63), 2**63 - 1


def varint(n):
    """The varint of n."""
    low, rest = n & 0x7F, n >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def field(column_type, value):
    """The bytes of one field that is not NULL."""
    if column_type == "integer":
        return varint(value * 2 if value >= 0 else -value * 2 - 1)
    if column_type == "real":
        return struct.pack(">d", value)
    if column_type == "boolean":
        return b"\x01" if value else b"\x00"
    return varint(len(value.encode())) + value.encode()


def row(types, values):
    """The bytes of a row."""
    bitmap = bytearray((len(types) + 7) // 8)
    for i, value in enumerate(values):
        bitmap[i // 8] |= (value is None) << i % 8
    pairs = zip(types, values, strict=True)
    return bytes(bitmap) + b"".join(field(*pair) for pair in pairs if pair[1] is not None)


def told(values):
    """The values of a row, with booleans told from 0 and 1."""
    return [(isinstance(value, bool), value) for value in values]


def error_names(results):
    """The class names of errors in a script's results; of anything else, that it is none."""
    return [getattr(result, "class_name", "no error") for result in results]


def checked(image):
    """The cells of a slotted page, after a look at every count, bound and overlap in it."""
    count, top, garbage = struct.unpack_from(">HHH", image, 16)
    slots = [struct.unpack_from(">HH", image, OVERHEAD + 4 * i) for i in range(count)]
    spans = sorted((offset, offset + length) for offset, length in slots if length)
    edges = [top, *[edge for span in spans for edge in span], len(image)]
    assert OVERHEAD + 4 * count <= top, "directory and cells overlap"
    assert edges == sorted(edges), "cells overlap or lie outside the space for cells"
    used = sum(length for _, length in slots)
    assert garbage == len(image) - top - used, "the garbage is miscounted"
    return [image[offset : offset + length] for offset, length in slots]


def offsets(image):
    """Where the cells of a slotted page begin."""
    (count,) = struct.unpack_from(">H", image, 16)
    return [struct.unpack_from(">H", image, OVERHEAD + 4 * i)[0] for i in range(count)]


class Model:
    """What a slotted page must hold: a list of cells, and how many bytes are left."""

    def __init__(self, size):
        self.size = size
        self.cells = []

    def left(self):
        return self.size - OVERHEAD - sum(4 + len(cell) for cell in self.cells)

    def insert(self, pick, cell):
        index = pick % (len(self.cells) + 1)
        fits = 4 + len(cell) <= self.left()
        if fits:
            self.cells.insert(index, cell)
        return ["insert", [index, cell]], fits

    def insert_exactly(self, pick, cell):
        room = max(0, self.left() - 4)
        return self.insert(pick, (cell or b"=").ljust(room, b"=")[:room])

    def replace(self, pick, cell):
        if not self.cells:
            return ["count", []], 0
        index = pick % len(self.cells)
        fits = len(cell) <= self.left() + len(self.cells[index])
        if fits:
            self.cells[index] = cell
        return ["replace", [index, cell]], fits

    def remove(self, pick, _):
        if not self.cells:
            return ["compact", []], None
        index = pick % len(self.cells)
        del self.cells[index]
        return ["remove", [index]], None

    def compact(self, *_):
        return ["compact", []], None


@pytest.fixture
def page(kata):
    """A function that gives a formatted page and its buffer."""

    def make(size):
        buffer = kata.Buffer(b"sixteen bytes ok" + b"\xa5" * (size - 16))
        slotted = buffer.slotted_page()
        slotted.format()
        return slotted, buffer

    return make


EDGES = sorted({edge for power in range(1, 9) for edge in (2 ** (7 * power) - 1, 2 ** (7 * power))})


def test_varints_of_every_length(kata):
    """At every length from 1 to 9 bytes a varint is as short as can be and is read back."""
    numbers = [0, *EDGES, HIGH - 1, HIGH]
    encoded = kata.script([None, "encode_varint", [n]] for n in numbers)
    assert encoded == [varint(n) for n in numbers]
    decoded = kata.script([None, "decode_varint", [b"\x80" + varint(n), 1]] for n in numbers)
    assert decoded == [[n, 1 + len(varint(n))] for n in numbers]


def test_a_varint_that_does_not_end_or_is_too_large_is_corrupt(kata):
    """A varint that the data cuts off, that is longer than 10 bytes, or holds 2**64 or more, is refused."""
    data = [b"", b"\x80", b"\xff" * 9, b"\xff" * 10, b"\x80" * 9 + b"\x02", b"\x80" * 10 + b"\x00"]
    results = kata.script([None, "decode_varint", [item, 0]] for item in data)
    assert error_names(results) == ["RecordCorrupt"] * 6
    results = kata.script([None, "decode_varint", [b"\x01\x02", offset]] for offset in (1, 2, 3))
    assert results[0] == [2, 2]
    assert error_names(results[1:]) == ["RecordCorrupt"] * 2


TYPES = {
    "integer": st.integers(LOW, HIGH) | st.integers(-300, 300),
    "real": st.floats(allow_nan=False),
    "text": st.text("az \0é日😀", max_size=12) | st.just("é" * 70),
    "boolean": st.booleans(),
}
FIELDS = st.sampled_from(sorted(TYPES)).flatmap(
    lambda name: st.tuples(st.just(name), st.none() | TYPES[name])
)


@settings(max_examples=25, deadline=None, phases=[Phase.generate])
@given(rows=st.lists(st.lists(FIELDS, max_size=12), min_size=1, max_size=5))
def test_any_row_has_the_right_bytes_and_comes_back(kata, rows):
    """Rows of any types and values have exactly the bytes of the format, and are read back."""
    split = [([name for name, _ in fields], [value for _, value in fields]) for fields in rows]
    expected = [row(types, values) for types, values in split]
    encoded = kata.script([None, "encode_row", [types, values]] for types, values in split)
    assert encoded == expected
    pairs = zip(split, expected, strict=True)
    decoded = kata.script([None, "decode_row", [types, data]] for (types, _), data in pairs)
    assert [told(values) for values in decoded] == [told(values) for _, values in split]


def test_rows_at_the_edges(kata):
    """The largest and smallest numbers, long bitmaps and long texts have the bytes of the format."""
    rows = [
        ([], [], b""),
        (["integer"], [LOW], b"\x00" + b"\xff" * 9 + b"\x01"),
        (["integer"], [HIGH], b"\x00\xfe" + b"\xff" * 8 + b"\x01"),
        (["integer", "integer"], [63, -65], b"\x00\x7e\x81\x01"),
        (["boolean"] * 9, [True, *[None] * 8], b"\xfe\x01\x01"),
        (["text"] * 8 + ["boolean"], [*[None] * 8, False], b"\xff\x00\x00"),
        (["text"], ["x" * 128], b"\x00\x80\x01" + b"x" * 128),
        (["text", "text"], ["", "日本"], b"\x00\x00\x06\xe6\x97\xa5\xe6\x9c\xac"),
        (["real"], [float("-inf")], b"\x00\xff\xf0" + bytes(6)),
    ]
    encoded = kata.script([None, "encode_row", [types, values]] for types, values, _ in rows)
    assert encoded == [data for _, _, data in rows]
    decoded = kata.script([None, "decode_row", [types, data]] for types, _, data in rows)
    assert decoded == [values for _, values, _ in rows]


def test_a_real_column_takes_whole_numbers(kata):
    """A whole number in a real column is stored as a real."""
    assert kata.encode_row(["real", "real"], [3, 2.0]) == row(["real", "real"], [3.0, 2.0])
    assert kata.decode_row(["real"], row(["real"], [-3.0])) == [-3]


def test_what_no_column_takes_is_refused(kata):
    """What is beyond its type, unknown types and rows of another length are type mismatches."""
    rows = [
        (["integer"], [HIGH + 1]),
        (["integer"], [LOW - 1]),
        (["real"], [False]),
        (["text"], [True]),
        (["text"], [b"bytes"]),
        (["boolean"], ["true"]),
        (["boolean"], [0]),
        (["integer"], [[1]]),
        (["money"], [1]),
        (["real"], [10**400]),
        (["real"], [-(10**400)]),
        (["text"], ["half a pair \ud83d"]),
        (["text"], []),
        ([], [None]),
        (["text", "text"], ["a"]),
    ]
    results = kata.script([None, "encode_row", [types, values]] for types, values in rows)
    assert error_names(results) == ["TypeMismatch"] * len(rows)


def test_every_cut_of_a_row_is_corrupt(kata):
    """A row that lost bytes at its end, however many, or gained one, is refused."""
    types = ["integer", "text", "real", "boolean", "text"] * 2
    values = [-(2**40), "grüße", 2.5, True, None, None, "x" * 130, -0.0, False, "end"]
    data = row(types, values)
    bad = [*[data[:end] for end in range(len(data))], data + b"\x00", data + data]
    results = kata.script([None, "decode_row", [types, item]] for item in bad)
    assert error_names(results) == ["RecordCorrupt"] * len(bad)
    assert kata.decode_row(types, data) == values


def test_bytes_that_no_row_has_are_corrupt(kata):
    """Spare bits, odd booleans, broken UTF-8 and lengths beyond the end are refused."""
    rows = [
        (["boolean"], b"\x02\x01"),
        (["boolean"], b"\x81"),
        (["boolean"] * 9, b"\xff\x03"),
        (["boolean"], b"\x00\x02"),
        (["boolean"], b"\x00\xff"),
        (["text"], b"\x00\x02\xc3\x28"),
        (["text"], b"\x00\x01\xc3"),
        (["text"], b"\x00\x03\xed\xa0\x80"),
        (["text"], b"\x00\x05abcd"),
        (["text"], b"\x00" + b"\xff" * 9 + b"\x01abcd"),
        (["integer"], b"\x00" + b"\xff" * 9 + b"\x02"),
        (["integer"], b"\x00" + b"\x80" * 10 + b"\x00"),
        (["real"], b"\x00" + bytes(7)),
        ([], b"\x00"),
    ]
    results = kata.script([None, "decode_row", [types, data]] for types, data in rows)
    assert error_names(results) == ["RecordCorrupt"] * len(rows)


STEPS = st.tuples(
    st.sampled_from(
        ["insert", "insert", "insert", "insert_exactly", "replace", "replace", "remove", "compact"]
    ),
    st.integers(0, 1000),
    st.builds(lambda byte, size: bytes([byte]) * size, st.integers(1, 255), st.integers(0, 48)),
)


@settings(max_examples=40, deadline=None, phases=[Phase.generate])
@given(size=st.sampled_from([26, 64, 128, 200]), steps=st.lists(STEPS, max_size=50))
def test_any_sequence_of_calls_agrees_with_a_list(page, kata, size, steps):
    """Whatever is done in whatever order, answers, free space and every byte are as they must be."""
    slotted, buffer = page(size)
    model, script, expected = Model(size), [], []
    for name, pick, cell in steps:
        call, answer = getattr(model, name)(pick, cell)
        script += [[slotted, *call], [slotted, "free_space", []], [buffer, "image", []]]
        expected.append((answer, max(0, model.left() - 4), model.cells[:]))
    results, before = kata.script(script), None
    for (answer, room, cells), at in zip(expected, range(0, len(results), 3), strict=True):
        image = results[at + 2]
        assert (results[at : at + 2], checked(image)) == ([answer, room], cells)
        assert image[:16] == b"sixteen bytes ok"
        assert answer is not False or before in (None, image)
        before = image


def test_holes_are_gathered_for_one_large_cell(page, kata):
    """With every second cell removed, one cell as large as all the holes together goes in."""
    slotted, buffer = page(512)
    kata.many(slotted, "insert", [[n, bytes([n]) * 10] for n in range(35)])
    kata.many(slotted, "remove", [[n] for n in range(33, 0, -2)])
    room = 512 - OVERHEAD - 18 * 14 - 4
    assert slotted.free_space() == room
    assert slotted.insert(9, b"!" * (room + 1)) is False
    assert slotted.insert(9, b"!" * room) is True
    kept = [bytes([n]) * 10 for n in range(0, 35, 2)]
    assert checked(buffer.image()) == [*kept[:9], b"!" * room, *kept[9:]]


@pytest.mark.parametrize("size", [22, 29, 128])
def test_empty_cells_cost_one_slot(page, kata, size):
    """Cells of no bytes fill a page up to its last slot, and not further."""
    slotted, buffer = page(size)
    most = (size - OVERHEAD) // 4
    answers = kata.many(slotted, "insert", [[0, b""]] * (most + 2))
    assert answers == [True] * most + [False] * 2
    assert [slotted.count(), slotted.free_space()] == [most, 0]
    assert checked(buffer.image()) == [b""] * most


def test_the_largest_page(page, kata):
    """A page of 65,532 bytes works to its last byte: offsets need all 16 bits."""
    slotted, buffer = page(65532)
    assert slotted.free_space() == 65506
    assert kata.many(slotted, "insert", [[0, b"a" * 30000], [0, b"b" * 30000]]) == [True, True]
    assert slotted.free_space() == 5498
    slotted.remove(1)
    assert slotted.insert(1, b"c" * 35498) is True
    assert slotted.free_space() == 0
    assert checked(buffer.image()) == [b"b" * 30000, b"c" * 35498]


def test_a_page_from_elsewhere_is_understood(kata):
    """A page with holes, written by another program, is read, and its holes are used."""
    image = bytearray(b"sixteen bytes ok" + struct.pack(">9H", 3, 35, 14, 59, 3, 43, 0, 40, 5))
    image += b"\xff" + b"?????HELLO" + b"?" * 14 + b"AB\x00" + b"??"
    image[18:22] = struct.pack(">HH", 35, len(image) - 35 - 8)
    buffer = kata.Buffer(bytes(image))
    slotted = buffer.slotted_page()
    assert kata.many(slotted, "get", [[0], [1], [2]]) == [b"AB\x00", b"", b"HELLO"]
    assert slotted.free_space() == len(image) - OVERHEAD - 12 - 8 - 4
    assert slotted.insert(1, b"*" * slotted.free_space()) is True
    assert checked(buffer.image())[0::2] == [b"AB\x00", b""]
    assert checked(buffer.image())[3] == b"HELLO"


def test_a_wrong_index_changes_nothing(page, kata):
    """Indexes that name no cell are refused by every call, and the page stays as it is."""
    slotted, buffer = page(128)
    kata.many(slotted, "insert", [[0, b"a"], [1, b"b"], [2, b"c"]])
    slotted.remove(0)
    before = buffer.image()
    calls = [["get", 2], ["get", -1], ["insert", 3, b"x"], ["insert", -1, b"x"], ["remove", 2]]
    calls += [["remove", -1], ["replace", 2, b"x"], ["replace", -1, b"x"], ["get", 65536]]
    results = kata.script([slotted, name, arguments] for name, *arguments in calls)
    assert error_names(results) == ["SlotOutOfRange"] * 9
    assert buffer.image() == before


@pytest.mark.parametrize("size", [15, 17])
def test_a_user_header_has_sixteen_bytes(page, kata, size):
    """A user header of another length is refused and the old one stays."""
    slotted, _ = page(128)
    with kata.raises("ValueError"):
        slotted.set_header(b"x" * size)
    assert slotted.header() == b"sixteen bytes ok"


def test_formatting_empties_a_used_page(page, kata):
    """Formatting a page again takes all cells out and gives all space back."""
    slotted, _ = page(128)
    kata.many(slotted, "insert", [[0, b"a" * 20], [0, b"b" * 20]])
    slotted.remove(0)
    slotted.format()
    assert [slotted.count(), slotted.free_space()] == [0, 128 - OVERHEAD - 4]
    assert slotted.header() == b"sixteen bytes ok"


def test_cells_stay_where_they_are_while_there_is_room(page, kata):
    """Inserting and removing move no other cell while the free space is in one piece."""
    slotted, buffer = page(512)
    script = [[slotted, "insert", [0, bytes([n]) * 12]] for n in range(10)]
    script += [[slotted, "remove", [n]] for n in (8, 3, 0)]
    script += [[slotted, "insert", [2, bytes([n]) * 12]] for n in range(10, 20)]
    images = kata.script(step for call in script for step in (call, [buffer, "image", []]))[1::2]
    homes = [dict(zip(checked(image), offsets(image), strict=True)) for image in images]
    moved = {
        cell
        for before, after in pairwise(homes)
        for cell in before
        if cell in after and before[cell] != after[cell]
    }
    assert moved == set()
    assert homes[-1][bytes([19]) * 12] == 512 - 20 * 12


def test_a_cell_that_fits_exactly_moves_nothing(page, kata):
    """When the free space in one piece is just enough, holes are left where they are."""
    slotted, buffer = page(128)
    kata.many(slotted, "insert", [[0, b"a" * 20], [1, b"b" * 20], [2, b"c" * 10]])
    slotted.remove(0)
    assert slotted.insert(2, b"d" * (128 - OVERHEAD - 50 - 3 * 4)) is True
    assert offsets(buffer.image()) == [88, 78, 34]
    assert checked(buffer.image())[:2] == [b"b" * 20, b"c" * 10]
    assert slotted.free_space() == 20 - 4


def test_a_cell_that_does_not_grow_stays_in_its_place(page, kata):
    """A replacement no longer than the old cell is written over it; no other cell moves."""
    slotted, buffer = page(128)
    kata.many(slotted, "insert", [[0, b"a" * 20], [1, b"b" * 20], [2, b"c" * 10]])
    assert kata.many(slotted, "replace", [[1, b"d" * 20], [0, b"e" * 12]]) == [True, True]
    assert offsets(buffer.image()) == [108, 88, 78]
    assert checked(buffer.image()) == [b"e" * 12, b"d" * 20, b"c" * 10]


def test_compacting_is_rare(page, kata, seed):
    """Of 2,000 random replacements in a half-full page fewer than 5 % move other cells."""
    slotted, buffer = page(4096)
    kata.many(slotted, "insert", [[n, b"x" * seed.randrange(20, 60)] for n in range(46)])
    script = []
    for _ in range(2000):
        index, size = seed.randrange(46), seed.randrange(20, 60)
        script += [[slotted, "replace", [index, bytes([seed.randrange(256)]) * size]]]
        script += [[buffer, "image", []]]
    moves, homes = 0, offsets(buffer.image())
    for (_, _, (index, _)), image in zip(script[::2], kata.script(script)[1::2], strict=True):
        now = offsets(image)
        moves += [*homes[:index], *homes[index + 1 :]] != [*now[:index], *now[index + 1 :]]
        homes = now
    assert moves < 100
