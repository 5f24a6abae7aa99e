"""The head of a request: its first line and its fields, read strictly and piece by piece.

RFC 9112, sections 2 to 5, and RFC 9110, sections 5, 5.6 and 7.2. Two readers of one message who
disagree about where a field ends let an attacker hide a second request in the first ("request
smuggling"). So whatever is not exactly in the grammar is refused, also where the RFC would let a
lenient server guess. Real servers (h11, hyper, nginx) walk through the bytes with a state machine;
two patterns, each matched against a whole line, are as strict and can be read beside the RFC.

    request line   token SP target SP "HTTP/" DIGIT "." DIGIT     a token is 1 or more of TOKEN
    field line     token ":" OWS value OWS                        OWS is any number of SP and HTAB
    head           request line CRLF *( field line CRLF ) CRLF

Text that comes out of here has one character for each byte (latin-1), so nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kit.errors import HttpError, LineTooLong
from stream_buffer import StreamBuffer

# What is allowed where the caller does not say: bytes, bytes, number of field lines.
DEFAULT_LIMITS = {"request_line": 8192, "header_bytes": 65536, "header_count": 100}
MAX_EMPTY_LINES = 8  # skipped before a request line; some old clients send one after a body


def parse_request_line(line: bytes) -> list[Any]:
    """Return [method, target, [major, minor]] of a request line without its CR LF.

    Raises HttpError: 400 if the line is not in the grammar above (a target is 1 or more visible
    ASCII characters), 505 if the major version is not 1, 400 if the target has none of these forms:
    "/" and anything; "http://" or "https://" (in any case) and an authority, then nothing, or "/" or
    "?" and anything; with OPTIONS also "*"; with CONNECT only an authority with a port of 1 or more
    digits. `check_host` says what an authority is.
    """
    raise NotImplementedError("02-request-head: parse_request_line")


def parse_field_line(line: bytes) -> list[str]:
    """Return [lower-cased name, value] of a field line without its CR LF.

    The value comes without the spaces and tabs around it; nothing else is trimmed. In it are tabs,
    bytes from 0x20 up, but not 0x7F. Raises HttpError 400 if the line is not in the grammar above.
    """
    raise NotImplementedError("02-request-head: parse_field_line")


def parse_head(block: bytes, limits: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return the head in `block`: its lines with CR LF between them, without the empty line at the end.

    A head is {"method": str, "target": str, "version": [int, int], "headers": [[name, value], ...]},
    fields in the order in which they came, repeated ones too. `limits` are as in `HeadReader`.
    Raises HttpError: 400 and 505 as above, 414, 431; 400 also for an empty line.
    """
    raise NotImplementedError("02-request-head: parse_head")


def check_host(head: dict[str, Any]) -> str:
    """Return the authority that a request is for: host, or host ":" port.

    It is the Host field's value, perhaps ""; with a target in absolute form it is the target's
    authority instead; "" without a Host field in HTTP/1.0. An authority is a host, then perhaps ":"
    and any number of digits, the port. A host is 1 or more of letters, digits, -._~!$&'()*+,;= and
    "%" with two hexadecimal digits; or, in brackets, 1 or more of hexadecimal digits, ":" and ".".

    Raises HttpError 400 if there is more than one Host field, if there is none and the version is
    not 1.0, or if its value is neither empty nor an authority; also if the target replaces it.
    """
    raise NotImplementedError("02-request-head: check_host")


def field_values(headers: Sequence[Sequence[str]], name: str) -> list[str]:
    """Return the members of a list field, of all field lines with this lower-cased name, in order.

    Members are separated by commas; a comma in a quoted string separates nothing, and in a quoted
    string a backslash takes the next character's meaning. Members come as they stand, quotes
    included, without the spaces and tabs around them; empty ones are left out.
    """
    raise NotImplementedError("02-request-head: field_values")


class HeadReader:
    """Reads heads from a stream, one after the other, as their bytes come."""

    def __init__(self, limits: Mapping[str, int] | None = None) -> None:
        """`limits` may hold any of these, and keys that mean nothing here; for what is missing
        DEFAULT_LIMITS holds:

        request_line    bytes of the request line, its CR LF not counted; over it: 414
        header_bytes    bytes of all field lines, the CR LF of each counted; over it: 431
        header_count    number of field lines; over it: 431
        """
        raise NotImplementedError("02-request-head: HeadReader.__init__")

    def read(self, buffer: StreamBuffer) -> dict[str, Any] | None:
        """Return the next head, or None if the buffer does not hold all of it yet.

        Bytes after the head stay in the buffer; the reader is ready for the next one. Up to 8 empty
        lines before the request line are skipped. Raises HttpError as `parse_head` does, 400 for a
        ninth empty line, and 414 and 431 as soon as it is certain that the head is over its limit.
        Bytes that were once looked at are not searched again. After an error it is of no more use.
        """
        raise NotImplementedError("02-request-head: HeadReader.read")
