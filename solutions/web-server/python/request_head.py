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

# BEGIN SOLUTION: helpers
CRLF = b"\r\n"
TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
REQUEST_LINE = re.compile(rb"(%b) ([\x21-\x7e]+) HTTP/([0-9])\.([0-9])" % TOKEN)
FIELD_LINE = re.compile(rb"(%b):([\t\x20-\x7e\x80-\xff]*)" % TOKEN)

HOST = r"(?:\[[0-9A-Fa-f:.]+\]|(?:[0-9A-Za-z._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)"
AUTHORITY = re.compile(rf"{HOST}(?::([0-9]*))?")
ABSOLUTE_FORM = re.compile(r"https?://([^/?]+)(?:[/?].*)?", re.IGNORECASE)
LIST_MEMBER = re.compile(r'(?:"(?:\\.|[^"\\])*"?|[^",])+')
# END SOLUTION


def parse_request_line(line: bytes) -> list[Any]:
    """Return [method, target, [major, minor]] of a request line without its CR LF.

    Raises HttpError: 400 if the line is not in the grammar above (a target is 1 or more visible
    ASCII characters), 505 if the major version is not 1, 400 if the target has none of these forms:
    "/" and anything; "http://" or "https://" (in any case) and an authority, then nothing, or "/" or
    "?" and anything; with OPTIONS also "*"; with CONNECT only an authority with a port of 1 or more
    digits. `check_host` says what an authority is.
    """
    # BEGIN SOLUTION
    match = REQUEST_LINE.fullmatch(line)
    if match is None:
        raise HttpError(400, "malformed request line")
    method, target = match[1].decode(), match[2].decode()
    if match[3] != b"1":
        raise HttpError(505, "this is a server for HTTP/1")
    if not _target_fits(method, target):
        raise HttpError(400, "malformed request target")
    return [method, target, [1, int(match[4])]]
    # END SOLUTION


def parse_field_line(line: bytes) -> list[str]:
    """Return [lower-cased name, value] of a field line without its CR LF.

    The value comes without the spaces and tabs around it; nothing else is trimmed. In it are tabs,
    bytes from 0x20 up, but not 0x7F. Raises HttpError 400 if the line is not in the grammar above.
    """
    # BEGIN SOLUTION
    match = FIELD_LINE.fullmatch(line)
    if match is None:
        raise HttpError(400, "malformed field line")
    return [match[1].decode().lower(), match[2].strip(b" \t").decode("latin-1")]
    # END SOLUTION


def parse_head(block: bytes, limits: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return the head in `block`: its lines with CR LF between them, without the empty line at the end.

    A head is {"method": str, "target": str, "version": [int, int], "headers": [[name, value], ...]},
    fields in the order in which they came, repeated ones too. `limits` are as in `HeadReader`.
    Raises HttpError: 400 and 505 as above, 414, 431; 400 also for an empty line.
    """
    # BEGIN SOLUTION
    lines = _Lines(_all_limits(limits))
    for line in block.split(CRLF):
        lines.add(line)
    return lines.head()
    # END SOLUTION


def check_host(head: dict[str, Any]) -> str:
    """Return the authority that a request is for: host, or host ":" port.

    It is the Host field's value, perhaps ""; with a target in absolute form it is the target's
    authority instead; "" without a Host field in HTTP/1.0. An authority is a host, then perhaps ":"
    and any number of digits, the port. A host is 1 or more of letters, digits, -._~!$&'()*+,;= and
    "%" with two hexadecimal digits; or, in brackets, 1 or more of hexadecimal digits, ":" and ".".

    Raises HttpError 400 if there is more than one Host field, if there is none and the version is
    not 1.0, or if its value is neither empty nor an authority; also if the target replaces it.
    """
    # BEGIN SOLUTION
    hosts = [value for name, value in head["headers"] if name == "host"]
    if len(hosts) != 1 and (hosts or head["version"] != [1, 0]):
        raise HttpError(400, "one Host field is needed")
    host = hosts[0] if hosts else ""
    if host and not AUTHORITY.fullmatch(host):
        raise HttpError(400, "malformed Host field")
    absolute = ABSOLUTE_FORM.fullmatch(head["target"])
    return absolute[1] if absolute else host
    # END SOLUTION


def field_values(headers: Sequence[Sequence[str]], name: str) -> list[str]:
    """Return the members of a list field, of all field lines with this lower-cased name, in order.

    Members are separated by commas; a comma in a quoted string separates nothing, and in a quoted
    string a backslash takes the next character's meaning. Members come as they stand, quotes
    included, without the spaces and tabs around them; empty ones are left out.
    """
    # BEGIN SOLUTION
    members = [
        member.strip(" \t")
        for field, value in headers
        if field == name
        for member in LIST_MEMBER.findall(value)
    ]
    return [member for member in members if member]
    # END SOLUTION


class HeadReader:
    """Reads heads from a stream, one after the other, as their bytes come."""

    def __init__(self, limits: Mapping[str, int] | None = None) -> None:
        """`limits` may hold any of these, and keys that mean nothing here; for what is missing
        DEFAULT_LIMITS holds:

        request_line    bytes of the request line, its CR LF not counted; over it: 414
        header_bytes    bytes of all field lines, the CR LF of each counted; over it: 431
        header_count    number of field lines; over it: 431
        """
        # BEGIN SOLUTION
        self._limits = _all_limits(limits)
        self._begin()
        # END SOLUTION

    def read(self, buffer: StreamBuffer) -> dict[str, Any] | None:
        """Return the next head, or None if the buffer does not hold all of it yet.

        Bytes after the head stay in the buffer; the reader is ready for the next one. Up to 8 empty
        lines before the request line are skipped. Raises HttpError as `parse_head` does, 400 for a
        ninth empty line, and 414 and 431 as soon as it is certain that the head is over its limit.
        Bytes that were once looked at are not searched again. After an error it is of no more use.
        """
        # BEGIN SOLUTION
        while (line := self._take_line(buffer)) is not None:
            if line:
                self._lines.add(line)
            elif self._lines.begun():
                head = self._lines.head()
                self._begin()
                return head
            else:
                self._skip_empty_line()
        return None
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def _begin(self) -> None:
        self._lines = _Lines(self._limits)
        self._skipped = 0

    def _take_line(self, buffer: StreamBuffer) -> bytes | None:
        try:
            return buffer.take_line(self._lines.room())
        except LineTooLong:
            raise self._lines.too_large() from None

    def _skip_empty_line(self) -> None:
        self._skipped += 1
        if self._skipped > MAX_EMPTY_LINES:
            raise HttpError(400, "nothing but empty lines")

    # END SOLUTION


# BEGIN SOLUTION: helpers
class _Lines:
    """A head that grows line by line, within its limits."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._longest_request_line = limits["request_line"]
        self._bytes_left, self._fields_left = limits["header_bytes"], limits["header_count"]
        self._request_line: list[Any] | None = None
        self._headers: list[list[str]] = []

    def begun(self) -> bool:
        return self._request_line is not None

    def room(self) -> int:
        """How long the next line may be."""
        return max(0, self._bytes_left - len(CRLF)) if self.begun() else self._longest_request_line

    def too_large(self) -> HttpError:
        if self.begun():
            return HttpError(431, "header fields too large")
        return HttpError(414, "request line too long")

    def add(self, line: bytes) -> None:
        if len(line) > self.room():
            raise self.too_large()
        if not self.begun():
            self._request_line = parse_request_line(line)
            return
        self._bytes_left -= len(line) + len(CRLF)
        self._fields_left -= 1
        if self._fields_left < 0:
            raise self.too_large()
        self._headers.append(parse_field_line(line))

    def head(self) -> dict[str, Any]:
        method, target, version = self._request_line
        return {"method": method, "target": target, "version": version, "headers": self._headers}


def _all_limits(limits: Mapping[str, int] | None) -> Mapping[str, int]:
    return {**DEFAULT_LIMITS, **(limits or {})}


def _target_fits(method: str, target: str) -> bool:
    if method == "CONNECT":
        authority = AUTHORITY.fullmatch(target)
        return bool(authority and authority[1])
    if absolute := ABSOLUTE_FORM.fullmatch(target):
        return AUTHORITY.fullmatch(absolute[1]) is not None
    return target.startswith("/") or (method == "OPTIONS" and target == "*")


# END SOLUTION
