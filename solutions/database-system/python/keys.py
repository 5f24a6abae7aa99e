"""Values as bytes that sort as the values do.

A store knows one order, that of bytes. Whoever wants rows by price, or by city and then by name, has
to write prices, cities and names so that comparing the bytes compares the values. FoundationDB's
tuples and CockroachDB's keys are made so; PostgreSQL and SQLite compare values by code instead,
which costs a call for each comparison and lets them order a text as a language does. Here a text
sorts by its characters' numbers. Descending columns are left out.

    null      F0
    false     01
    true      02
    integer   10 | 8 bytes, the value + 2**63, big-endian
    real      18 | 8 bytes, IEEE 754 double, big-endian; of a negative number all bits are flipped,
                   of another the first; -0.0 is stored as 0.0
    text      20 | UTF-8, each byte 00 followed by FF | 00 01

The encoding of a list is that of its values, one behind the other. Each tells by itself where it
ends. So values that agree up to some column have keys that begin with the same bytes.
"""

from __future__ import annotations

import struct

from kit.errors import RecordCorrupt, TypeMismatch

Value = bool | int | float | str | None
# BEGIN SOLUTION: helpers
NULL, FALSE, TRUE = b"\xf0", b"\x01", b"\x02"
INTEGER, REAL, TEXT = b"\x10", b"\x18", b"\x20"
TEXT_END = b"\0\x01"
DOUBLE = struct.Struct(">d")
BITS = struct.Struct(">Q")
TOP_BIT = 1 << 63
ALL_BITS = (1 << 64) - 1
# END SOLUTION


def encode_key(types: list[str], values: list[Value]) -> bytes:
    """Return the values as bytes whose order is the order of the values, column by column.

    The types are "integer", "real", "text" and "boolean"; false comes before true, and NULL after
    everything else. Takes what `encode_row` takes, and raises TypeMismatch where it does.
    """
    # BEGIN SOLUTION
    if len(types) != len(values):
        raise TypeMismatch(f"{len(values)} values for {len(types)} columns")
    return b"".join(map(_encode_value, types, values))
    # END SOLUTION


def decode_key(types: list[str], data: bytes) -> list[Value]:
    """Return the values of a key that was encoded with the same types.

    Raises RecordCorrupt if `data` is not what `encode_key` makes of any values of these types.
    """
    # BEGIN SOLUTION
    values: list[Value] = []
    offset = 0
    for column_type in types:
        value, offset = _decode_value(column_type, data, offset)
        values.append(value)
    if encode_key(types, values) != data:
        raise RecordCorrupt(f"{data!r} is not the key of any values")
    return values
    # END SOLUTION


def prefix_end(prefix: bytes) -> bytes | None:
    """Return the smallest bytes that come after everything that begins with `prefix`.

    None if there are none: if everything after the prefix begins with it too.
    """
    # BEGIN SOLUTION
    kept = prefix.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else None
    # END SOLUTION


# BEGIN SOLUTION: helpers
def _encode_value(column_type: str, value: Value) -> bytes:
    match column_type, value:
        case _, None:
            return NULL
        case "boolean", bool():
            return TRUE if value else FALSE
        case "integer", int() if not isinstance(value, bool) and -TOP_BIT <= value < TOP_BIT:
            return INTEGER + BITS.pack(value + TOP_BIT)
        case "real", int() | float() if not isinstance(value, bool):
            (bits,) = BITS.unpack(DOUBLE.pack(value + 0.0))  # -0.0 + 0.0 is 0.0
            return REAL + BITS.pack(bits ^ (ALL_BITS if bits & TOP_BIT else TOP_BIT))
        case "text", str():
            return TEXT + value.encode("utf-8").replace(b"\0", b"\0\xff") + TEXT_END
    raise TypeMismatch(f"{value!r} is not of type {column_type}")


def _decode_value(column_type: str, data: bytes, offset: int) -> tuple[Value, int]:
    """The value at `offset` and the offset behind it; anything at all if there is no such value."""
    if data[offset : offset + 1] == NULL:
        return None, offset + 1
    if column_type == "boolean":
        return data[offset : offset + 1] == TRUE, offset + 1
    if column_type == "text":
        text, _, _ = data[offset + 1 :].partition(TEXT_END)
        try:
            value = text.replace(b"\0\xff", b"\0").decode("utf-8")
        except UnicodeDecodeError as error:
            raise RecordCorrupt("a text is not UTF-8") from error
        return value, offset + 1 + len(text) + len(TEXT_END)
    bits = int.from_bytes(data[offset + 1 : offset + 9], "big")
    if column_type == "integer":
        return bits - TOP_BIT, offset + 9
    (real,) = DOUBLE.unpack(BITS.pack(bits ^ (TOP_BIT if bits & TOP_BIT else ALL_BITS)))
    return real, offset + 9


# END SOLUTION
