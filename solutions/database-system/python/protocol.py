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
# BEGIN SOLUTION: helpers
SETTINGS = {  # every client is told them when it has come; SHOW says them, and SHOWN
    "server_version": "15.0",
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "integer_datetimes": "on",
    "standard_conforming_strings": "on",
    "TimeZone": "UTC",
}
SHOWN = {"search_path": "public", "server_version_num": "150000", "transaction_read_only": "off"}
U16, I16 = struct.Struct(">H"), struct.Struct(">h")
I32, I64 = struct.Struct(">i"), struct.Struct(">q")
F32, F64 = struct.Struct(">f"), struct.Struct(">d")
COLUMN = struct.Struct(">ihihih")  # table, its column, type, size, modifier, format
SIZES = {"boolean": 1, "integer": 8, "text": -1, "real": 8}  # bytes of a value; -1: it varies
LONGEST_STARTUP, LONGEST = 10_000, 1 << 28  # bytes; what is longer is no message
NUMBERS = {20: I64, 21: I16, 23: I32, 700: F32, 701: F64}  # binary formats by OID
NUMERIC, SIGNS = 1700, {0: "", 0x4000: "-"}
TYPES = {16: "boolean", 20: "integer", 21: "integer", 23: "integer", 25: "text", 26: "integer"}
TYPES |= {700: "real", 701: "real", 1042: "text", 1043: "text", 1700: "real"}
# END SOLUTION


def message(kind: str, body: bytes) -> bytes:
    """Return a message: its kind (one ASCII letter), its length, its body."""
    # BEGIN SOLUTION
    return kind.encode("ascii") + I32.pack(len(body) + I32.size) + body
    # END SOLUTION


class MessageReader:
    """Finds the messages in a stream of bytes, however they were cut on the way."""

    def __init__(self) -> None:
        """Expect a startup message first."""
        # BEGIN SOLUTION
        self._data = bytearray()
        self._started = False
        # END SOLUTION

    def feed(self, data: bytes) -> list[list[Any]]:
        """Take bytes, return the messages that are complete now, each [kind, body].

        Until a startup message of version 3 has come, messages have no kind, and "" stands for it:
        requests for encryption may come before. Raises ProtocolViolation if a length is less than 4,
        more than 10,000 of a startup message, or more than 2**28 of any other.
        """
        # BEGIN SOLUTION
        self._data += data
        found = []
        while (one := self._next()) is not None:
            found.append(one)
        return found
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def _next(self) -> list[Any] | None:
        at = 1 if self._started else 0
        if len(self._data) < at + I32.size:
            return None
        (length,) = I32.unpack_from(self._data, at)
        if not I32.size <= length <= (LONGEST if self._started else LONGEST_STARTUP):
            raise ProtocolViolation(f"{length} is not the length of a message")
        if len(self._data) < at + length:
            return None
        kind = self._data[:at].decode("latin-1")
        body = bytes(self._data[at + I32.size : at + length])
        del self._data[: at + length]
        if not self._started:
            self._started = body[:2] == b"\0\3"
        return [kind, body]

    # END SOLUTION


class Body:
    """Reads the parts of a message's body, in their order. Raises ProtocolViolation at its end."""

    def __init__(self, data: bytes) -> None:
        """Begin at the first byte."""
        # BEGIN SOLUTION
        self._data = data
        self._at = 0
        # END SOLUTION

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        # BEGIN SOLUTION
        part = self._data[self._at : self._at + size]
        if size < 0 or len(part) < size:
            raise ProtocolViolation("a message is shorter than it says")
        self._at += size
        return part
        # END SOLUTION

    def i16(self) -> int:
        """Return the next 2 bytes as a signed integer."""
        # BEGIN SOLUTION
        return int(I16.unpack(self.take(2))[0])
        # END SOLUTION

    def u16(self) -> int:
        """Return the next 2 bytes as an integer without a sign: how many of something follow."""
        # BEGIN SOLUTION
        return int(U16.unpack(self.take(2))[0])
        # END SOLUTION

    def i32(self) -> int:
        """Return the next 4 bytes as a signed integer."""
        # BEGIN SOLUTION
        return int(I32.unpack(self.take(4))[0])
        # END SOLUTION

    def string(self) -> str:
        """Return the text up to the next 00, which is skipped."""
        # BEGIN SOLUTION
        end = self._data.find(b"\0", self._at)
        if end < 0:
            raise ProtocolViolation("a string has no end")
        text = self.take(end - self._at)
        self._at += 1
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError:
            raise ProtocolViolation("a string is not UTF-8") from None
        # END SOLUTION


def row_description(columns: list[dict[str, Any]], formats: list[int]) -> bytes:
    """Return the message T for columns {"name", "type"}. `formats`: none, one for all, or one each."""
    # BEGIN SOLUTION
    body = bytearray(U16.pack(len(columns)))
    for column, form in zip(columns, _for_each(formats, len(columns)), strict=True):
        kind = column["type"]
        body += column["name"].encode("utf-8") + b"\0"
        body += COLUMN.pack(0, 0, OIDS[kind], SIZES[kind], -1, form)
    return message("T", bytes(body))
    # END SOLUTION


def data_row(row: list[Any], columns: list[dict[str, Any]], formats: list[int]) -> bytes:
    """Return the message D for one row. NULL is the length -1 and no bytes."""
    # BEGIN SOLUTION
    body = bytearray(U16.pack(len(row)))
    for value, column, form in zip(row, columns, _for_each(formats, len(row)), strict=True):
        if value is None:
            body += I32.pack(-1)
            continue
        data = _binary(value, column["type"]) if form == BINARY else as_text(value).encode("utf-8")
        body += I32.pack(len(data)) + data
    return message("D", bytes(body))
    # END SOLUTION


def error_response(sqlstate: str, text: str) -> bytes:
    """Return the message E: severity (S, and V for programs), code (C) and message (M)."""
    # BEGIN SOLUTION
    fields = {"S": "ERROR", "V": "ERROR", "C": sqlstate, "M": text.replace("\0", "")}
    body = "".join(f"{kind}{value}\0" for kind, value in fields.items())
    return message("E", body.encode("utf-8", "replace") + b"\0")
    # END SOLUTION


def type_of(oid: int) -> str | None:
    """Return our type for the OID of a parameter; None if it says nothing, or we do not know it."""
    # BEGIN SOLUTION
    return TYPES.get(oid)
    # END SOLUTION


def decode_parameter(raw: bytes | None, form: int, oid: int, kind: str) -> Any:
    """Return the value of a parameter: None for NULL.

    `oid` says how a binary value is written; 0 means as its type, `kind`. A text is read as `kind`.
    Raises InvalidText if it cannot be, OutOfRange if it is too large or not finite,
    ProtocolViolation if a binary value has the wrong length, and FeatureNotSupported for the binary
    form of an OID that is not known here.
    """
    # BEGIN SOLUTION
    if raw is None:
        return None
    if form == TEXT:
        return _from_text(_utf8(raw), kind)
    oid = oid or OIDS[kind]
    if oid in NUMBERS:
        if len(raw) != NUMBERS[oid].size:
            raise ProtocolViolation(f"{len(raw)} bytes are no value of type {oid}")
        return _converted(NUMBERS[oid].unpack(raw)[0], kind)
    if oid == NUMERIC:
        return _converted(_from_text(_numeric(raw), "real"), kind)
    if oid == OIDS["boolean"]:
        return _converted(raw != b"\0", kind)
    if TYPES.get(oid) == "text":
        return _from_text(_utf8(raw), kind)
    raise FeatureNotSupported(f"binary values of type {oid}")
    # END SOLUTION


def as_text(value: Any) -> str:
    """Return a value that is not NULL as text, written as PostgreSQL writes it."""
    # BEGIN SOLUTION
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)
    # END SOLUTION


# BEGIN SOLUTION: helpers
INTEGERS = range(-(2**63), 2**63)
FORMS = {
    "integer": re.compile(r"[+-]?[0-9]{1,1000}"),
    "real": re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?"),
    "boolean": re.compile(r"t(rue)?|f(alse)?|y(es)?|no?|on|off?|1|0"),
}


def _for_each(formats: list[int], count: int) -> list[int]:
    if len(formats) in (0, 1):
        return (formats or [TEXT]) * count
    if len(formats) != count:
        raise ProtocolViolation(f"{len(formats)} formats for {count} columns")
    return formats


def _binary(value: Any, kind: str) -> bytes:
    if kind == "boolean":
        return b"\1" if value else b"\0"
    if kind == "text":
        return str(value).encode("utf-8")
    return (I64 if kind == "integer" else F64).pack(value)


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidText("a parameter is not UTF-8") from None


def _from_text(text: str, kind: str) -> Any:
    if kind == "text":
        return text
    if not FORMS[kind].fullmatch(text.strip().lower()):
        raise InvalidText(f"{text!r} is not of type {kind}")
    if kind == "boolean":
        return text.strip().lower()[0] in "t1yo" and text.strip().lower() not in ("of", "off")
    value = int(text) if kind == "integer" else float(text)
    if value not in INTEGERS if kind == "integer" else math.isinf(value):
        raise OutOfRange(f"{text[:40]} is too large for type {kind}")
    return value


def _numeric(raw: bytes) -> str:
    """A number as text: i16 count, weight, sign, scale | count digits below 10,000, the first one
    worth 10,000 ** weight."""
    body = Body(raw)
    count, weight, sign, _ = [body.i16() for _ in range(4)]
    if len(raw) != (4 + count) * I16.size:
        raise ProtocolViolation(f"{len(raw)} bytes are no number of {count} digits")
    if sign not in SIGNS:
        raise OutOfRange("there is no infinity, and nothing that is no number")
    digits = "".join(f"{body.i16():04}" for _ in range(count))
    return f"{SIGNS[sign]}{digits or 0}e{4 * (weight + 1 - count)}"


def _converted(value: Any, kind: str) -> Any:
    """A value that the client sent in another type than the one that is wanted."""
    if not math.isfinite(value):
        raise OutOfRange("there is no infinity, and nothing that is no number")
    if kind == "text":
        return as_text(value)
    return float(value) if kind == "real" else value


# END SOLUTION
