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

# BEGIN SOLUTION: helpers
READ_SIZE = 65_536
SHARE_OF_GRACE = 0.8  # for what still runs; the rest is for the way out
LENGTH = re.compile(r"[0-9]{1,18}")
# END SOLUTION


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
    # BEGIN SOLUTION
    exchanges: dict[threading.Thread, Exchange] = {}
    address = (config.get("host", "127.0.0.1"), config.get("port", 0))
    with socket.create_server(address) as listener:
        told = _on_sigterm(lambda: listener.shutdown(socket.SHUT_RDWR))
        ready(listener.getsockname()[1])
        while not told.is_set():
            with contextlib.suppress(OSError):  # shut down, or the client has given up
                exchange = Exchange(listener.accept()[0], config, handler)
                thread = threading.Thread(target=exchange.run, daemon=True)
                thread.start()
                exchanges = {t: e for t, e in exchanges.items() if t.is_alive()} | {
                    thread: exchange
                }
    for exchange in exchanges.values():
        exchange.hear_no_more()
    deadline = time.monotonic() + config.get("grace", 5) * SHARE_OF_GRACE
    for thread in exchanges:
        thread.join(deadline - time.monotonic())
    # END SOLUTION


def main(config: dict[str, Any], ready: Callable[[int], None]) -> None:
    """`serve` the demo app of the kit."""
    # BEGIN SOLUTION
    serve(config, ready, DemoApp(Response).handle)
    # END SOLUTION


# BEGIN SOLUTION: helpers
def _on_sigterm(act: Callable[[], None]) -> threading.Event:
    """Set the event and `act` when SIGTERM comes.

    A thread waits for it: a handler would run only when the main thread is back in Python, which is
    never if the signal comes in the instant before `accept` begins to block.
    """
    told = threading.Event()

    def wait() -> None:
        signal.sigwait({signal.SIGTERM})
        told.set()
        act()

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=wait, daemon=True).start()
    return told


class Exchange:
    """One connection: a request in, a response out. An OSError is the client's end, or its silence."""

    def __init__(self, connection: socket.socket, config: dict[str, Any], handler: Handler) -> None:
        self._socket = connection
        self._handler = handler
        self._limits = {"body": MAX_BODY, **config.get("limits", {})}
        self._timeouts = {**TIMEOUTS, **config.get("timeouts", {})}
        self._buffer = StreamBuffer(
            sys.maxsize
        )  # what a head and a body may have is bounded elsewhere
        self._heard = False
        self._method = "GET"  # until we know better

    def run(self) -> None:
        """The whole life of the connection."""
        with self._socket, contextlib.suppress(OSError):
            head, rest = self._answer()
            with contextlib.closing(rest):
                self._send(head)
                for piece in rest:
                    self._send(piece)
            self._linger()

    def hear_no_more(self) -> None:
        """Let every wait for the client find its end."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)

    def _answer(self) -> tuple[bytes, Iterator[bytes]]:
        """The first piece and the rest: what fails before the first is sent can still be told."""
        try:
            request = self._read_request()
        except HttpError as error:
            return self._refuse(error.status)
        except TimeoutError:
            if not self._heard:
                raise
            return self._refuse(408)
        try:
            return self._begin(self._handler(request))
        except HttpError as error:
            return self._refuse(error.status)
        except Exception:
            traceback.print_exc()
            return self._refuse(500)

    def _refuse(self, status: int) -> tuple[bytes, Iterator[bytes]]:
        text = f"{status} {reason_phrase(status)}\n".encode()
        return self._begin(Response(status, [["Content-Type", "text/plain"]], text))

    def _begin(self, response: Response) -> tuple[bytes, Iterator[bytes]]:
        pieces = _pieces(response, self._method)
        return next(pieces), pieces

    # -- the socket ---------------------------------------------------------------------------

    def _read_request(self) -> Request:
        head = self._await(HeadReader(self._limits).read, self._timeouts["head"])
        self._method = head["method"]
        check_host(head)
        length = _body_length(head["headers"], self._limits["body"])
        body = self._await(lambda buffer: buffer.take(length), self._timeouts["body"])
        return Request(head, body)

    def _await(self, look: Callable[[StreamBuffer], Any], seconds: float) -> Any:
        """What `look` finds in the buffer once it has come."""
        deadline = time.monotonic() + seconds
        while (found := look(self._buffer)) is None:
            data = self._receive(deadline)
            if not data:
                raise ConnectionError("the client has ended its side too early")
            self._heard = True
            self._buffer.append(data)
        return found

    def _receive(self, deadline: float) -> bytes:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        return self._socket.recv(READ_SIZE)

    def _send(self, piece: bytes) -> None:
        self._socket.settimeout(self._timeouts["write"])
        self._socket.sendall(piece)

    def _linger(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + self._timeouts["linger"]
        while self._receive(deadline):
            pass


def _body_length(headers: list[list[str]], limit: int) -> int:
    names = [name for name, _ in headers]
    if "transfer-encoding" in names:
        raise HttpError(501, "transfer codings are not understood yet")
    if "content-length" not in names:
        return 0
    lengths = set(field_values(headers, "content-length"))
    if len(lengths) != 1 or not LENGTH.fullmatch(length := lengths.pop()):
        raise HttpError(400, "malformed Content-Length")
    if int(length) > limit:
        raise HttpError(413, "the body is too large")
    return int(length)


def _pieces(response: Response, method: str) -> Iterator[bytes]:
    """The message, its head first. A Body is closed when this ends or is closed."""
    status, headers, body = response.status, response.headers, response.body
    plain, now = {"status": status, "headers": headers}, int(time.time())
    if isinstance(body, bytes | None):
        yield encode_response({**plain, "body": body}, method, now, True)
        return
    try:
        yield encode_head(status, complete_headers(plain, body.length(), now, True), [1, 1])
        if sends_body(status, method):
            yield from body.parts()
    finally:
        body.close()


# END SOLUTION
