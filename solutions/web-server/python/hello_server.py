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

# BEGIN SOLUTION: helpers
READ_SIZE = 1 << 16
DEFAULT_TIMEOUT = 10.0  # seconds for a head to come
LINGER_SECONDS = 2.0  # how long the rest of a request is read and dropped, to the last byte
LINGER_BYTES = 64 << 20
# END SOLUTION


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
    # BEGIN SOLUTION
    stopping = threading.Event()
    with socket.create_server((config["host"], config["port"]), backlog=256) as listener:
        signal.signal(signal.SIGTERM, lambda *_: stopping.set())
        listener.settimeout(0.05)
        ready(listener.getsockname()[1])
        while not stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:  # nobody came, or they have gone already: look whether to stop
                continue
            threading.Thread(target=_serve_one, args=(connection, config, handler), daemon=True).start()
    # END SOLUTION


def main(config: dict[str, Any], ready: Callable[[int], None]) -> None:
    """`serve` with the handler of the kit's demo app."""
    # BEGIN SOLUTION
    serve(config, ready, demo_app.handle)
    # END SOLUTION


# BEGIN SOLUTION: helpers
def _serve_one(connection: socket.socket, config: dict[str, Any], handler: Handler) -> None:
    with connection:
        try:
            head = _read_head(connection, config)
            if head is not None:
                _answer(connection, head, handler)
                _linger(connection)
        except HttpError as error:
            response = Response(error.status)
            _send(connection, _head_of(response), response, "GET")
            _linger(connection)
        except OSError:
            pass  # the client has gone: nobody to answer


def _read_head(connection: socket.socket, config: dict[str, Any]) -> dict | None:
    """The request's head; None if the client left, or said nothing in time. HttpError if it is wrong."""
    allowed = config.get("timeouts", {}).get("head", DEFAULT_TIMEOUT)
    deadline = time.monotonic() + allowed
    buffer, reader, begun = StreamBuffer(), HeadReader(config.get("limits")), False
    while (head := reader.read(buffer)) is None:
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            data = connection.recv(READ_SIZE)
        except TimeoutError:
            if begun:
                raise HttpError(408, "the head did not come in time") from None
            return None
        if not data:
            return None
        begun = True
        buffer.append(data)
    check_host(head)
    connection.settimeout(None)
    return head


def _answer(connection: socket.socket, head: dict, handler: Handler) -> None:
    method = head["method"]
    try:
        response = handler(Request(head))
        first = _head_of(response)
    except Exception as error:  # the handler's, or its response cannot be written
        print(f"500 for {method} {head['target']}: {error!r}", file=sys.stderr)
        response = Response(500)
        first = _head_of(response)
    _send(connection, first, response, method)


def _head_of(response: Response) -> bytes:
    """All of the head before anything is sent: what cannot be written has then sent nothing."""
    body, length = response.body, None
    try:
        length = len(body or b"") if _is_plain(body) else body.length()
        known = {"status": response.status, "headers": response.headers}
        headers = complete_headers(known, length, int(time.time()), close=True)
        return encode_head(response.status, headers, [1, 1])
    except ValueError:
        _close(response)
        raise


def _send(connection: socket.socket, first: bytes, response: Response, method: str) -> None:
    try:
        connection.sendall(first)
        if sends_body(response.status, method):
            for part in [response.body or b""] if _is_plain(response.body) else response.body.parts():
                connection.sendall(part)
    finally:
        _close(response)


def _is_plain(body: object) -> bool:
    return body is None or isinstance(body, bytes)


def _close(response: Response) -> None:
    if not _is_plain(response.body):
        response.body.close()


def _linger(connection: socket.socket) -> None:
    """Say that nothing more will come, then drop what the client still sends, until it has finished.

    Closing with unread bytes makes the system send a reset, and a reset makes the client's system
    throw away the answer that waits there to be read.
    """
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(LINGER_SECONDS)
    dropped = 0
    while dropped < LINGER_BYTES and (data := connection.recv(READ_SIZE)):
        dropped += len(data)


# END SOLUTION
