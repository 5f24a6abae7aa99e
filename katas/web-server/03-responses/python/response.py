"""A response as bytes: status line, fields, length, date; and what must never be in it.

RFC 9112, sections 4 and 6; RFC 9110, sections 5.5, 5.6.7, 6.6.1, 8.6 and 15. A response is written by
people who trust their values too much: a file name with a line break in it becomes a second field, or
a second response ("response splitting"). So the writer refuses what is not in the grammar, and it
alone decides how long the body is. Real servers keep the date of the present second ready and write
head and body in one system call; here pieces are joined once, and time is an argument.

    status line   "HTTP/1.1" SP 3 digits SP reason phrase CRLF
    field line    token ": " value CRLF        in a value: HTAB, 0x20 to 0x7E, 0x80 to 0xFF
"""

from __future__ import annotations

import re
import time
from calendar import timegm
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from kit.reasons import REASONS


class Body(Protocol):
    """A body that is made while it is sent."""

    def length(self) -> int | None:
        """How many bytes it has; None if that is not known before its end."""

    def parts(self) -> Iterator[bytes]:
        """Its bytes, in pieces."""
        ...

    def close(self) -> None:
        """Called once it is not needed any more, sent in full or not."""


class Request:
    """What a handler gets: a head, and the body's bytes.

    `path` and `query` are what stands before and after the first "?" of the target, without the
    `http://` and the authority of a target in absolute form. `params` is for a router to fill.
    """

    def __init__(self, head: dict[str, Any], body: bytes = b"") -> None:
        self.method: str = head["method"]
        self.target: str = head["target"]
        self.version: list[int] = head["version"]
        self.headers: list[list[str]] = head["headers"]
        self.body = body
        local = re.sub("^https?://[^/?]*", "", self.target, flags=re.IGNORECASE)
        path, _, self.query = local.partition("?")
        self.path: str = path or "/"
        self.params: dict[str, str] = {}


class Response:
    """What a handler returns. `upgrade` is for later: a protocol that takes the connection over."""

    def __init__(
        self,
        status: int,
        headers: Sequence[Sequence[str]] = (),
        body: bytes | Body | None = None,
        upgrade: object = None,
    ) -> None:
        self.status = status
        self.headers = [list(field) for field in headers]
        self.body = body
        self.upgrade = upgrade


def reason_phrase(status: int) -> str:
    """The phrase of RFC 9110, section 15, for a status code; "" for one that is not there."""
    raise NotImplementedError("03-responses: reason_phrase")


def http_date(epoch: int) -> str:
    """A time, in seconds since 1970, as `Sun, 06 Nov 1994 08:49:37 GMT`, whatever the locale."""
    raise NotImplementedError("03-responses: http_date")


def parse_http_date(text: str, now: int) -> int | None:
    """The time that a date means, in seconds since 1970; None if it is not a date.

    All three forms of RFC 9110, section 5.6.7: the one of `http_date`, `Sunday, 06-Nov-94 08:49:37 GMT`
    and `Sun Nov  6 08:49:37 1994`. A year of two digits is in the century of `now` (seconds since
    1970), or in the one before if the year would then be more than 50 years after `now`'s. The day of
    the week need not fit the date. Days that do not exist (31 Feb) and times beyond 23:59:59 are none.
    """
    raise NotImplementedError("03-responses: parse_http_date")


def encode_head(status: int, headers: Sequence[Sequence[str]], version: Sequence[int]) -> bytes:
    """The status line, the field lines in their order, and the empty line.

    `version` is [major, minor]. Names must be tokens, and values must consist of tabs and of
    characters from 0x20 to 0xFF but 0x7F; each character becomes one byte. ValueError otherwise, also
    for a status outside 100 to 999.
    """
    raise NotImplementedError("03-responses: encode_head")


def complete_headers(
    response: dict[str, Any], length: int | None, now: int, close: bool
) -> list[list[str]]:
    """The fields that are sent: the response's own, and what the writer adds to them.

    `response` is {"status": int, "headers": [[name, value], ...]}; `length` the body's length in
    bytes, None if it is not known. Added are `Date` with the time `now`, unless the response has its
    own; `Content-Length`, if the length is known and the status allows a body; and with `close`
    `Connection: close`. 1xx, 204 and 304 allow no body. ValueError if, where it could have been
    added, the response has a Content-Length of its own that is not `length`, or more than one.
    """
    raise NotImplementedError("03-responses: complete_headers")


def encode_response(response: dict[str, Any], method: str, now: int, close: bool) -> bytes:
    """A whole response in HTTP/1.1, for a body that is there as bytes.

    `response` is {"status", "headers", "body": bytes or None}, `method` that of the request. The body
    is left out, though its length is told, when the method is HEAD; and is left out with its length
    when the status allows none. ValueError as `complete_headers` and `encode_head`.
    """
    raise NotImplementedError("03-responses: encode_response")


def sends_body(status: int, method: str) -> bool:
    """Whether the bytes of a body follow the head."""
    raise NotImplementedError("03-responses: sends_body")
