"""A line echo server: the smallest program that has to find its messages in a stream (RFC 862, by line).

One thread waits in `selectors` for whatever is ready, which is how real servers hold many connections;
what is left out here is a limit on connections and on time, which comes with the event loop.
"""

from __future__ import annotations

import contextlib
import selectors
import signal
import socket
from collections.abc import Callable
from typing import Any

from kit.errors import LineTooLong
from stream_buffer import StreamBuffer


def main(config: dict[str, Any], ready: Callable[[int], None]) -> None:
    """Serve until SIGTERM, then return.

    Listens on config["host"] and config["port"] (0: any free one) and calls `ready(port)` once it does.
    Each line, ended by LF or CR LF, is answered with the same line and CR LF. `QUIT` is answered with
    `BYE` and the end of the connection; a line of more than 8,192 bytes with `ERR line too long` and
    the end. A client that has sent its last byte still gets its answers. The port can be used again at
    once after the program has ended.
    """
    raise NotImplementedError("01-byte-stream: main")
