"""Rows as bytes, and cells of any length in a page of fixed length."""

import struct

import pytest

SIZE = 128
OVERHEAD = 22  # bytes before the first slot


@pytest.fixture
def buffer(kata):
    """128 bytes whose first 16, the user header, are in use."""
    return kata.Buffer(b"the user's bytes" + b"\xee" * (SIZE - 16))


@pytest.fixture
def slotted(buffer):
    """A formatted page over the buffer."""
    slotted = buffer.slotted_page()
    slotted.format()
    return slotted


def error_names(results):
    """The class names of errors in a script's results; of anything else, that it is none."""
    return [getattr(result, "class_name", "no error") for result in results]


def cells(kata, slotted):
    """All cells of a page, as a list."""
    return kata.many(slotted, "get", [[index] for index in range(slotted.count())])


def test_a_varint_has_seven_bits_a_byte(kata):
    """A varint holds 7 bits a byte, lowest first, and the top bit says that more follows."""
    numbers = [0, 1, 127, 128, 300, 16384]
    varints = [b"\x00", b"\x01", b"\x7f", b"\x80\x01", b"\xac\x02", b"\x80\x80\x01"]
    assert kata.script([None, "encode_varint", [n]] for n in numbers) == varints
    ends = kata.script([None, "decode_varint", [b"??" + data + b"?", 2]] for data in varints)
    assert ends == [[0, 3], [1, 3], [127, 3], [128, 4], [300, 4], [16384, 5]]


@pytest.mark.parametrize(
    ("types", "values", "data"),
    [
        (["integer", "text"], [3, "Bob"], b"\x00\x06\x03Bob"),
        (["integer", "text", "integer"], [None, "né", -64], b"\x01\x03n\xc3\xa9\x7f"),
        (["real", "boolean"], [1.5, True], b"\x00\x3f\xf8\x00\x00\x00\x00\x00\x00\x01"),
    ],
    ids=["plain", "null", "real"],
)
def test_a_row_has_these_bytes_and_comes_back(kata, types, values, data):
    """A row is a bitmap of its NULLs and then its fields; decoding gives the values back."""
    assert kata.encode_row(types, values) == data
    assert kata.decode_row(types, data) == values


def test_negative_numbers_are_short_too(kata):
    """Zigzag makes small numbers short, whatever their sign."""
    types, values = ["integer"] * 6, [0, -1, 1, -2, 63, -64]
    assert kata.encode_row(types, values) == b"\x00\x00\x01\x02\x03\x7e\x7f"
    assert kata.decode_row(types, b"\x00\x00\x01\x02\x03\x7e\x7f") == values


def test_a_value_of_another_type_is_refused(kata):
    """A column takes NULL and values of its own type; anything else is a type mismatch."""
    wrong = [("integer", "7"), ("integer", True), ("integer", 1.5), ("real", "1.5")]
    wrong += [("text", 7), ("boolean", 1)]
    results = kata.script([None, "encode_row", [[name], [value]]] for name, value in wrong)
    assert error_names(results) == ["TypeMismatch"] * 6
    assert kata.encode_row(["integer", "real", "text", "boolean"], [None] * 4) == b"\x0f"


def test_a_row_that_is_too_short_or_too_long_is_corrupt(kata):
    """Decoding refuses bytes that end before the last field does, or go on after it."""
    types, data = ["integer", "text"], kata.encode_row(["integer", "text"], [300, "hello"])
    assert kata.decode_row(types, data) == [300, "hello"]
    with kata.raises("RecordCorrupt"):
        kata.decode_row(types, data[:-1])
    with kata.raises("RecordCorrupt"):
        kata.decode_row(types, data + b"\x00")


def test_a_formatted_page_is_empty(slotted, buffer):
    """A formatted page has no cells, and all of it but 22 bytes and one slot is free."""
    assert [slotted.count(), slotted.free_space()] == [0, SIZE - OVERHEAD - 4]
    assert buffer.image()[:OVERHEAD] == b"the user's bytes" + struct.pack(">HHH", 0, SIZE, 0)


def test_slots_grow_up_and_cells_grow_down(kata, slotted, buffer):
    """The first cell ends the page, the second lies below it; slots say where each begins."""
    assert kata.many(slotted, "insert", [[0, b"alpha"], [1, b"beta"]]) == [True, True]
    image = buffer.image()
    assert image[16:22] == struct.pack(">HHH", 2, 119, 0)
    assert image[22:30] == struct.pack(">HHHH", 123, 5, 119, 4)
    assert image[119:] == b"betaalpha"


def test_cells_are_kept_in_order(kata, slotted):
    """Inserting puts a cell before the one at that index, as in a list."""
    kata.many(slotted, "insert", [[0, b"c"], [0, b"a"], [1, b"b"], [3, b""], [4, b"d"]])
    assert cells(kata, slotted) == [b"a", b"b", b"c", b"", b"d"]


def test_removing_moves_later_cells_down(kata, slotted):
    """Removing a cell closes the gap: later cells move down by one index."""
    kata.many(slotted, "insert", [[0, b"zero"], [1, b"one"], [2, b"two"], [3, b"three"]])
    slotted.remove(1)
    assert cells(kata, slotted) == [b"zero", b"two", b"three"]
    assert slotted.free_space() == SIZE - OVERHEAD - 12 - 3 * 4 - 4


def test_a_cell_that_does_not_fit_is_refused(slotted, buffer):
    """Insert answers False when cell and slot do not fit, and leaves the page as it was."""
    slotted.insert(0, b"x" * 50)
    room = slotted.free_space()
    before = buffer.image()
    assert slotted.insert(1, b"y" * (room + 1)) is False
    assert buffer.image() == before
    assert slotted.insert(1, b"y" * room) is True
    assert slotted.free_space() == 0


def test_the_space_of_removed_cells_is_used_again(kata, slotted):
    """Holes that removed cells leave are gathered when an insert needs their space."""
    kata.many(slotted, "insert", [[index, bytes([index]) * 16] for index in range(5)])
    kata.many(slotted, "remove", [[3], [1]])
    assert slotted.free_space() == SIZE - OVERHEAD - 3 * 20 - 4
    assert slotted.insert(1, b"n" * 42) is True
    assert cells(kata, slotted) == [bytes(16), b"n" * 42, b"\x02" * 16, b"\x04" * 16]


@pytest.mark.parametrize(
    "cell", [b"", b"short", b"as long as ever!", b"longer than it ever was before"]
)
def test_a_cell_is_replaced_in_its_place(kata, slotted, cell):
    """Replacing changes one cell, whatever its new length, and no other."""
    kata.many(slotted, "insert", [[0, b"first"], [1, b"sixteen bytes ok"], [2, b"last"]])
    assert slotted.replace(1, cell) is True
    assert cells(kata, slotted) == [b"first", cell, b"last"]
    assert slotted.free_space() == SIZE - OVERHEAD - 9 - len(cell) - 3 * 4 - 4


def test_a_replacement_that_does_not_fit_is_refused(kata, slotted, buffer):
    """Replace answers False when the new cell does not fit, and the old one is still there."""
    kata.many(slotted, "insert", [[0, b"a" * 40], [1, b"b" * 40]])
    before = buffer.image()
    assert slotted.replace(0, b"c" * 59) is False
    assert buffer.image() == before
    assert slotted.replace(0, b"c" * 58) is True
    assert cells(kata, slotted) == [b"c" * 58, b"b" * 40]


def test_compacting_gathers_the_holes(kata, slotted, buffer):
    """After compacting there is no garbage, and every cell is where it was in the list."""
    kata.many(slotted, "insert", [[0, b"one"], [1, b"three"], [2, b"five"], [3, b"seven"]])
    kata.many(slotted, "remove", [[2], [0]])
    assert buffer.image()[20:22] == b"\x00\x07"
    slotted.compact()
    assert buffer.image()[16:22] == struct.pack(">HHH", 2, SIZE - 10, 0)
    assert cells(kata, slotted) == [b"three", b"seven"]


def test_the_user_header_belongs_to_the_user(kata, slotted, buffer):
    """The first 16 bytes change by set_header only."""
    kata.many(slotted, "insert", [[0, b"a" * 30], [0, b"b" * 30]])
    slotted.remove(1)
    slotted.replace(0, b"c" * 70)
    slotted.compact()
    assert slotted.header() == b"the user's bytes"
    slotted.set_header(b"0123456789abcdef")
    assert [slotted.header(), slotted.get(0)] == [b"0123456789abcdef", b"c" * 70]
    assert buffer.image()[:16] == b"0123456789abcdef"


def test_the_bytes_belong_to_somebody_else(slotted, buffer):
    """A slotted page works on the bytes that it was lent: two over the same bytes are one page."""
    other = buffer.slotted_page()
    slotted.insert(0, b"mine")
    assert other.insert(1, b"yours") is True
    assert [slotted.count(), slotted.get(1), other.get(0)] == [2, b"yours", b"mine"]


def test_an_index_that_names_no_cell_is_refused(kata, slotted):
    """An index below 0 or after the last cell is an error."""
    kata.many(slotted, "insert", [[0, b"a"], [1, b"b"]])
    calls = [["get", 2], ["get", -1], ["insert", 3, b"x"], ["replace", 2, b"x"], ["remove", 2]]
    results = kata.script([slotted, name, arguments] for name, *arguments in calls)
    assert error_names(results) == ["SlotOutOfRange"] * 5
    assert cells(kata, slotted) == [b"a", b"b"]
