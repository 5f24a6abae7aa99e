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


def encode_varint(n: int) -> bytes:
    """Return `n`, 0 to 2**64 - 1, in 1 to 10 bytes, as few as will do."""
    raise NotImplementedError("02-records: encode_varint")


def decode_varint(data: bytes, offset: int) -> list[int]:
    """Return [n, offset of the byte after it] for the varint that begins at `offset`.

    Raises RecordCorrupt if the data ends before the varint does, if it has not ended after 10 bytes,
    or if `n` would be 2**64 or more.
    """
    raise NotImplementedError("02-records: decode_varint")


def encode_row(types: list[str], values: list[Value]) -> bytes:
    """Return the row as bytes. The types are "integer", "real", "text" and "boolean".

    Every column takes None. Besides, an integer column takes whole numbers of -2**63 to 2**63 - 1
    and no booleans, a real column any number that is not beyond all reals and no booleans, a text
    column strings that UTF-8 can say, a boolean column booleans. Anything else, another type name,
    or more or fewer values than types, raises TypeMismatch.
    """
    raise NotImplementedError("02-records: encode_row")


def decode_row(types: list[str], data: bytes) -> list[Value]:
    """Return the values of a row that was encoded with the same types.

    Raises RecordCorrupt if `data` ends too early or goes on after the last field, if spare bits of
    the bitmap are set, a boolean is neither 0 nor 1, a varint is too large, or a text is not UTF-8.
    """
    raise NotImplementedError("02-records: decode_row")
