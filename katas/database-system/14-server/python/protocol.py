"""What goes over the wire: version 3.0 of PostgreSQL's frontend/backend protocol.

PostgreSQL's manual describes it in the chapter "Frontend/Backend Protocol"; the names here are its.
All integers are big-endian, a string ends with 00.

    message     kind, one byte | u32 length of what follows, these four bytes included | body
    startup     the same without a kind, because its ancestors had none:
                u32 version 3.0, or a request code | name and value strings | 00
    from us     R S K Z: greeting, and "ready"     T t n: description     D: a row
                C I s: done     1 2 3: parsed, bound, closed     E: error
    to us       Q: a script     P B D E C H S: parse, bind, describe, execute, close, flush, sync
                X: goodbye

Values travel as text, or, where the client asks for it, in binary. A type is known by a number, its
OID. Left out: COPY, function calls, notifications, encryption and passwords.
"""

from __future__ import annotations

import math
import re
import struct
from typing import Any

from kit.errors import FeatureNotSupported, InvalidText, OutOfRange, ProtocolViolation

VERSION = 3 << 16  # 3.0, what a startup message begins with
SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
TEXT, BINARY = 0, 1  # formats of values
OIDS = {"boolean": 16, "integer": 20, "text": 25, "real": 701}


def message(kind: str, body: bytes) -> bytes:
    """Return a message: its kind (one ASCII letter), its length, its body."""
    raise NotImplementedError("14-server: message")


class MessageReader:
    """Finds the messages in a stream of bytes, however they were cut on the way."""

    def __init__(self) -> None:
        """Expect a startup message first."""
        raise NotImplementedError("14-server: MessageReader.__init__")

    def feed(self, data: bytes) -> list[list[Any]]:
        """Take bytes, return the messages that are complete now, each [kind, body].

        Until a startup message of version 3 has come, messages have no kind, and "" stands for it:
        requests for encryption may come before. Raises ProtocolViolation if a length is less than 4,
        more than 10,000 of a startup message, or more than 2**28 of any other.
        """
        raise NotImplementedError("14-server: MessageReader.feed")


class Body:
    """Reads the parts of a message's body, in their order. Raises ProtocolViolation at its end."""

    def __init__(self, data: bytes) -> None:
        """Begin at the first byte."""
        raise NotImplementedError("14-server: Body.__init__")

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        raise NotImplementedError("14-server: Body.take")

    def i16(self) -> int:
        """Return the next 2 bytes as a signed integer."""
        raise NotImplementedError("14-server: Body.i16")

    def u16(self) -> int:
        """Return the next 2 bytes as an integer without a sign: how many of something follow."""
        raise NotImplementedError("14-server: Body.u16")

    def i32(self) -> int:
        """Return the next 4 bytes as a signed integer."""
        raise NotImplementedError("14-server: Body.i32")

    def string(self) -> str:
        """Return the text up to the next 00, which is skipped."""
        raise NotImplementedError("14-server: Body.string")


def row_description(columns: list[dict[str, Any]], formats: list[int]) -> bytes:
    """Return the message T for columns {"name", "type"}. `formats`: none, one for all, or one each."""
    raise NotImplementedError("14-server: row_description")


def data_row(row: list[Any], columns: list[dict[str, Any]], formats: list[int]) -> bytes:
    """Return the message D for one row. NULL is the length -1 and no bytes."""
    raise NotImplementedError("14-server: data_row")


def error_response(sqlstate: str, text: str) -> bytes:
    """Return the message E: severity (S, and V for programs), code (C) and message (M)."""
    raise NotImplementedError("14-server: error_response")


def type_of(oid: int) -> str | None:
    """Return our type for the OID of a parameter; None if it says nothing, or we do not know it."""
    raise NotImplementedError("14-server: type_of")


def decode_parameter(raw: bytes | None, form: int, oid: int, kind: str) -> Any:
    """Return the value of a parameter: None for NULL.

    `oid` says how a binary value is written; 0 means as its type, `kind`. A text is read as `kind`.
    Raises InvalidText if it cannot be, OutOfRange if it is too large or not finite,
    ProtocolViolation if a binary value has the wrong length, and FeatureNotSupported for the binary
    form of an OID that is not known here.
    """
    raise NotImplementedError("14-server: decode_parameter")


def as_text(value: Any) -> str:
    """Return a value that is not NULL as text, written as PostgreSQL writes it."""
    raise NotImplementedError("14-server: as_text")
