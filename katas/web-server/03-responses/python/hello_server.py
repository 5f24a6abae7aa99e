"""A web server: on each connection one request, one response, and an end that loses nothing.

RFC 9112, sections 6.3, 9.3 and 9.6; RFC 9110, section 15. A thread for each connection, as Apache had
it first, keeps the code a straight line. Threads cost memory, and thousands of them too much: an
event loop will replace them in milestone 8. Left out until then: chunked requests (6), and more than
one request on a connection (7).

    read the head -> read the body -> ask the handler -> send -> stop sending -> drain -> close

The last three are the lingering close. To close a socket on which bytes wait unread makes the system
send a reset, and a reset makes the client's system throw the answer away.
"""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from kit.demo_app import DemoApp
from kit.errors import HttpError
from request_head import HeadReader, check_host, field_values
from response import (
    Request,
    Response,
    complete_headers,
    encode_head,
    encode_response,
    reason_phrase,
    sends_body,
)
from stream_buffer import StreamBuffer

Handler = Callable[[Request], Response]

MAX_BODY = 10 << 20  # bytes of a request's body, where the configuration says nothing
TIMEOUTS = {"head": 10, "body": 10, "write": 10, "linger": 2}  # seconds, likewise


def serve(config: dict[str, Any], ready: Callable[[int], None], handler: Handler) -> None:
    """Answer one request on each connection, with `Connection: close`, until SIGTERM; then return.

    Keys of `config`, all of which may be missing:

        host, port   where to listen: 127.0.0.1, and 0, which is any free port; `ready` is told which
        grace        seconds in which to return after SIGTERM: 5. Then nobody new is served, answers
                     that have begun are sent to their end, and everybody else is dropped, also
                     who has got an answer and whose `linger` is not over
        limits       those of HeadReader, and `body`: bytes of a request's body, MAX_BODY
        timeouts     how long to wait at most: `head` for all of a head, counted from the beginning of
                     the connection; `body` for all of a body; `write` for the client to take one
                     piece; `linger` for the client's end after the answer. As in TIMEOUTS

    Connections are served side by side. The body of a request has as many bytes as its Content-Length
    says, none without one. What is answered instead of the handler's response:

        its status   if the handler, HeadReader or check_host raises an HttpError
        400          Content-Length is not one value of 1 to 18 digits; said twice, in a list or in two
                     fields, it is still one value if it is the same
        408          head or body did not come in time (to a client that sent nothing at all: only
                     the end of the connection)
        413          the body would be over the limit; nothing of it is waited for
        500          the handler raised anything else, or its response cannot be encoded
        501          there is a Transfer-Encoding; milestone 6 will read it

    None of these tells the client more than its status. A client that ends its side before its request
    is whole gets no answer. A Body that fails while it is sent ends the connection then and there.
    Every Body is closed exactly once, whatever happened. After the answer: stop sending, read and drop
    until the client has ended its side, too, or `linger` is over, then close.
    """
    raise NotImplementedError("03-responses: serve")


def main(config: dict[str, Any], ready: Callable[[int], None]) -> None:
    """`serve` the demo app of the kit."""
    raise NotImplementedError("03-responses: main")
