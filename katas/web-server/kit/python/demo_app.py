"""The application that your server carries. Given: it plays every trick that a handler can play.

    /            "hello, world" and LF: 13 bytes        /stream/{n}  n lines; does not know its length
    /echo        JSON: what the server told it of       /bytes/{n}   n bytes, made piece by piece
                 the request                            /parts       the 13 bytes in two parts
    /upload      the body that came, back               /open        how many Bodies are still open
    /empty       204, and no body                       /missing     raises an HttpError 404
    /badheader   a line break in a field's value        /boom        raises what nobody expects
    /lie         a Content-Length that is not true      /broken      a Body that fails after 10 of
    all else     404                                                 100 bytes

The method makes no difference here; to leave the body out for HEAD is the server's work.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import Any

from kit.errors import HttpError

TEXT = ["Content-Type", "text/plain; charset=utf-8"]
PATTERN = b"0123456789abcdef" * 1024


class DemoApp:
    """Handlers, and `handle`, which chooses one. They make their answers with your Response class:
    the kit cannot import a file of yours that is perhaps not there yet."""

    def __init__(self, response_class: type) -> None:
        self._response = response_class
        self._open = 0
        self._closed_again = 0

    def handle(self, request: Any) -> Any:
        """Answer one request."""
        start, _, number = request.path.rpartition("/")
        counted = {"/bytes": self.some_bytes, "/stream": self.stream}.get(start)
        if counted and number.isascii() and number.isdigit():
            request.params = {"n": number}
            return counted(request)
        handlers = {
            "/": self.home,
            "/echo": self.echo,
            "/upload": self.upload,
            "/parts": self.parts,
            "/open": self.still_open,
            "/empty": self.empty,
            "/missing": self.missing,
            "/boom": self.boom,
            "/badheader": self.bad_header,
            "/lie": self.lie,
            "/broken": self.broken,
        }
        return handlers.get(request.path, self.not_found)(request)

    def home(self, request: Any) -> Any:
        return self._response(200, [TEXT], b"hello, world\n")

    def echo(self, request: Any) -> Any:
        names = ("method", "target", "version", "path", "query", "params", "headers")
        told = {name: getattr(request, name) for name in names}
        told |= {"length": len(request.body), "sha256": sha256(request.body).hexdigest()}
        return self._response(200, [["Content-Type", "application/json"]], json.dumps(told).encode())

    def upload(self, request: Any) -> Any:
        return self._response(200, [["content-type", "application/octet-stream"]], request.body)

    def parts(self, request: Any) -> Any:
        return self._response(200, [TEXT], self._body(13, [b"hello, ", b"world\n"]))

    def stream(self, request: Any) -> Any:
        lines = (b"%d\n" % number for number in range(int(request.params["n"])))
        return self._response(200, [TEXT], self._body(None, lines))

    def some_bytes(self, request: Any) -> Any:
        length = int(request.params["n"])
        return self._response(200, [TEXT], self._body(length, _pattern(length)))

    def still_open(self, request: Any) -> Any:
        told = f"open {self._open}, closed again {self._closed_again}\n"
        return self._response(200, [TEXT], told.encode())

    def empty(self, request: Any) -> Any:
        return self._response(204)

    def missing(self, request: Any) -> Any:
        raise HttpError(404, "the secret place is not here")

    def boom(self, request: Any) -> Any:
        raise RuntimeError("the secret of the demo app")

    def bad_header(self, request: Any) -> Any:
        return self._response(200, [["X-Bad", "a\r\nX-Injected: yes"]], b"never to be seen")

    def lie(self, request: Any) -> Any:
        return self._response(200, [["Content-Length", "5"]], self._body(4, [b"four"]))

    def broken(self, request: Any) -> Any:
        return self._response(200, [TEXT], self._body(100, _broken()))

    def not_found(self, request: Any) -> Any:
        return self._response(404, [TEXT], b"there is nothing here\n")

    def _body(self, length: int | None, parts: Iterable[bytes]) -> PartsBody:
        self._open += 1
        return PartsBody(length, parts, self._count_closing)

    def _count_closing(self, again: bool) -> None:
        self._closed_again += again
        self._open -= not again


class PartsBody:
    """A Body whose parts come from an iterable."""

    def __init__(
        self, length: int | None, parts: Iterable[bytes], on_close: Callable[[bool], None]
    ) -> None:
        self._length = length
        self._parts = parts
        self._on_close = on_close
        self._closed = False

    def length(self) -> int | None:
        return self._length

    def parts(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self) -> None:
        self._on_close(self._closed)
        self._closed = True


def _pattern(length: int) -> Iterator[bytes]:
    for _ in range(length // len(PATTERN)):
        yield PATTERN
    yield PATTERN[: length % len(PATTERN)]


def _broken() -> Iterator[bytes]:
    yield b"0123456789"
    raise RuntimeError("the secret of the body")
