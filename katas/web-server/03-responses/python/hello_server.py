"""One request, one response, one connection: the smallest server of HTTP/1.1 (RFC 9112, section 9.6).

A thread for each connection keeps the code a straight line: read a head, ask the handler, write, close.
Threads cost memory, and thousands of them cost too much; an event loop will replace them. What stays is
how a connection ends: who closes while the peer still sends gets the answer thrown away on the way.
"""

from __future__ import annotations

import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from kit import demo_app
from kit.errors import HttpError
from request_head import HeadReader, check_host
from response import Request, Response, complete_headers, encode_head, sends_body
from stream_buffer import StreamBuffer

Handler = Callable[[Request], Response]


def serve(config: dict[str, Any], ready: Callable[[int], None], handler: Handler) -> None:
    """Answer one request on each connection, with `Connection: close`, until SIGTERM; then return.

    Listens on config["host"] and config["port"] (0: any free one) and calls `ready(port)`. Connections
    are served side by side. A request has no body here: what follows a head is dropped, and must not
    keep the client from reading the whole answer. A head that `HeadReader` or `check_host` refuses is
    answered with the status of the error; one that is not complete after config["timeouts"]["head"]
    seconds (10 if it is not given) with 408, or, if not a byte of it has come, with the end alone. An
    error of the handler, and a response that cannot be written, are answered with 500 and nothing of
    the error. The body of a response is closed when it is not needed any more.
    """
    raise NotImplementedError("03-responses: serve")


def main(config: dict[str, Any], ready: Callable[[int], None]) -> None:
    """`serve` with the handler of the kit's demo app."""
    raise NotImplementedError("03-responses: main")
