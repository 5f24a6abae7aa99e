"""Handlers to try a server with. Given: a handler takes a `Request` and returns a `Response`.

    /             13 bytes of text            /bytes/N     N bytes
    /echo         the request as JSON         /parts       a body in two parts, its length known
    /stream       a body of unknown length    /empty       204, no body
    /boom         raises an error             /badheader   a line break in a field's value
    /lie          a Content-Length that is not true        anything else: 404
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from response import Request, Response

TEXT = ["Content-Type", "text/plain; charset=utf-8"]


class Parts:
    """A body in several parts. `closed` counts how often a server has said that it is done."""

    closed = 0

    def __init__(self, parts: list[bytes], *, known: bool) -> None:
        self._parts = parts
        self._known = known

    def length(self) -> int | None:
        return sum(map(len, self._parts)) if self._known else None

    def parts(self) -> Iterator[bytes]:
        yield from self._parts

    def close(self) -> None:
        Parts.closed += 1


def handle(request: Request) -> Response:
    """Answer one request."""
    path = request.target.partition("?")[0]
    if path.startswith("/bytes/"):
        return Response(200, [TEXT], b"x" * int(path.removeprefix("/bytes/")))
    answers = {
        "/": lambda: Response(200, [TEXT], b"hello, world\n"),
        "/echo": lambda: echo(request),
        "/parts": lambda: Response(200, [TEXT], Parts([b"two ", b"parts\n"], known=True)),
        "/stream": lambda: Response(200, [TEXT], Parts([b"until ", b"the end\n"], known=False)),
        "/closed": lambda: Response(200, [TEXT], str(Parts.closed).encode()),
        "/empty": lambda: Response(204),
        "/boom": boom,
        "/badheader": lambda: Response(200, [["X-Name", "a\r\nX-Injected: yes"]], b"?"),
        "/lie": lambda: Response(200, [["Content-Length", "5"]], b"four"),
    }
    return answers.get(path, lambda: Response(404, [TEXT], b"not found\n"))()


def echo(request: Request) -> Response:
    seen = {"method": request.method, "target": request.target, "headers": request.headers}
    return Response(200, [["Content-Type", "application/json"]], json.dumps(seen).encode())


def boom() -> Response:
    raise RuntimeError("the secret of the boom handler")
