"""A row as bytes, and bytes as a row.

The types are not in the bytes: who reads a row must know its columns, as the catalog of milestone 7
will. PostgreSQL and SQLite do the same for names; SQLite stores a type with every value, which
costs a byte each and lets a column hold anything. Here a column holds its type or NULL.

    row       bitmap, one bit a column, ceil(n / 8) bytes | the fields that are not NULL, in order
              column i is NULL if bit i % 8 of byte i // 8 is set (bit 0 has the value 1);
              the spare bits of the last byte are 0
    integer   signed 64 bits, zigzag (0 -1 1 -2 2 ... become 0 1 2 3 4 ...), then as a varint
    real      8 bytes, IEEE 754 double, big-endian
    text      varint length in bytes | UTF-8
    boolean   1 byte, 0 or 1
    varint    7 bits a byte, lowest first; the top bit says that another byte follows
"""

from __future__ import annotations

import struct

from kit.errors import RecordCorrupt, TypeMismatch

Value = bool | int | float | str | None
# BEGIN SOLUTION: helpers
REAL = struct.Struct(">d")
MAX_VARINT = 10  # bytes that 64 bits take, 7 in each
# END SOLUTION


def encode_varint(n: int) -> bytes:
    """Return `n`, 0 to 2**64 - 1, in 1 to 10 bytes, as few as will do."""
    # BEGIN SOLUTION
    data = bytearray()
    while n > 0x7F:
        data.append(n & 0x7F | 0x80)
        n >>= 7
    data.append(n)
    return bytes(data)
    # END SOLUTION


def decode_varint(data: bytes, offset: int) -> list[int]:
    """Return [n, offset of the byte after it] for the varint that begins at `offset`.

    Raises RecordCorrupt if the data ends before the varint does, if it has not ended after 10 bytes,
    or if `n` would be 2**64 or more.
    """
    # BEGIN SOLUTION
    n, shift, at = 0, 0, offset
    end = min(offset + MAX_VARINT, len(data))
    while at < end:
        byte = data[at]
        at += 1
        n |= (byte & 0x7F) << shift
        if byte < 0x80 and n < 1 << 64:
            return [n, at]
        shift += 7
    raise RecordCorrupt(f"no whole varint at {offset}")
    # END SOLUTION


def encode_row(types: list[str], values: list[Value]) -> bytes:
    """Return the row as bytes. The types are "integer", "real", "text" and "boolean".

    Every column takes None. Besides, an integer column takes whole numbers of -2**63 to 2**63 - 1
    and no booleans, a real column any number that is not beyond all reals and no booleans, a text
    column strings that UTF-8 can say, a boolean column booleans. Anything else, another type name,
    or more or fewer values than types, raises TypeMismatch.
    """
    # BEGIN SOLUTION
    if len(types) != len(values):
        raise TypeMismatch(f"{len(values)} values for {len(types)} columns")
    bitmap = 0
    fields = bytearray()
    for i, value in enumerate(values):
        if value is None:
            bitmap |= 1 << i
        else:
            try:
                fields += _encode_field(types[i], value)
            except (struct.error, UnicodeEncodeError) as error:  # beyond all reals; half a pair
                raise TypeMismatch(f"{value!r} is beyond {types[i]}") from error
    return bitmap.to_bytes(_bitmap_size(types), "little") + fields
    # END SOLUTION


def decode_row(types: list[str], data: bytes) -> list[Value]:
    """Return the values of a row that was encoded with the same types.

    Raises RecordCorrupt if `data` ends too early or goes on after the last field, if spare bits of
    the bitmap are set, a boolean is neither 0 nor 1, a varint is too large, or a text is not UTF-8.
    """
    # BEGIN SOLUTION
    offset = _bitmap_size(types)
    bitmap = int.from_bytes(data[:offset], "little")
    if bitmap >> len(types):
        raise RecordCorrupt(f"the bitmap is for more than {len(types)} columns")
    values: list[Value] = []
    for i, column_type in enumerate(types):
        value: Value = None
        if not bitmap >> i & 1:
            value, offset = DECODE[column_type](data, offset)
        values.append(value)
    if offset != len(data):
        raise RecordCorrupt(f"the row ends at byte {offset} of {len(data)}")
    return values
    # END SOLUTION


# BEGIN SOLUTION: helpers
def _bitmap_size(types: list[str]) -> int:
    return (len(types) + 7) // 8


def _encode_field(column_type: str, value: Value) -> bytes:
    match column_type, value:
        case "boolean", bool():
            return bytes([value])
        case "integer", int() if not isinstance(value, bool) and -(1 << 63) <= value < 1 << 63:
            return encode_varint(2 * value if value >= 0 else -2 * value - 1)
        case "real", int() | float() if not isinstance(value, bool):
            return REAL.pack(value)
        case "text", str():
            text = value.encode("utf-8")
            return encode_varint(len(text)) + text
    raise TypeMismatch(f"{value!r} is not of type {column_type}")


def _integer(data: bytes, offset: int) -> tuple[Value, int]:
    zigzag, offset = decode_varint(data, offset)
    return zigzag >> 1 ^ -(zigzag & 1), offset


def _real(data: bytes, offset: int) -> tuple[Value, int]:
    (real,) = REAL.unpack(_take(data, offset, REAL.size))
    return real, offset + REAL.size


def _text(data: bytes, offset: int) -> tuple[Value, int]:
    length, offset = decode_varint(data, offset)
    try:
        return _take(data, offset, length).decode("utf-8"), offset + length
    except UnicodeDecodeError as error:
        raise RecordCorrupt("a text is not UTF-8") from error


def _boolean(data: bytes, offset: int) -> tuple[Value, int]:
    flag = _take(data, offset, 1)
    if flag not in (b"\x00", b"\x01"):
        raise RecordCorrupt(f"{flag!r} is not a boolean")
    return flag == b"\x01", offset + 1


def _take(data: bytes, offset: int, size: int) -> bytes:
    if len(data) - offset < size:
        raise RecordCorrupt(f"{size} bytes wanted at {offset} of {len(data)}")
    return data[offset : offset + size]


DECODE = {"integer": _integer, "real": _real, "text": _text, "boolean": _boolean}
# END SOLUTION
