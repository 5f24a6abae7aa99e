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


def encode_key(types: list[str], values: list[Value]) -> bytes:
    """Return the values as bytes whose order is the order of the values, column by column.

    The types are "integer", "real", "text" and "boolean"; false comes before true, and NULL after
    everything else. Takes what `encode_row` takes, and raises TypeMismatch where it does.
    """
    raise NotImplementedError("07-tables: encode_key")


def decode_key(types: list[str], data: bytes) -> list[Value]:
    """Return the values of a key that was encoded with the same types.

    Raises RecordCorrupt if `data` is not what `encode_key` makes of any values of these types.
    """
    raise NotImplementedError("07-tables: decode_key")


def prefix_end(prefix: bytes) -> bytes | None:
    """Return the smallest bytes that come after everything that begins with `prefix`.

    None if there are none: if everything after the prefix begins with it too.
    """
    raise NotImplementedError("07-tables: prefix_end")
