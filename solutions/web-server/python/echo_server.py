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

# BEGIN SOLUTION: helpers
MAX_LINE = 8192
CHUNK = 65_536  # bytes read at once; while so many answers wait, a client is not read
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
# END SOLUTION


def main(config: dict[str, Any], ready: Callable[[int], None]) -> None:
    """Serve until SIGTERM, then return.

    Listens on config["host"] and config["port"] (0: any free one) and calls `ready(port)` once it does.
    Each line, ended by LF or CR LF, is answered with the same line and CR LF. `QUIT` is answered with
    `BYE` and the end of the connection; a line of more than 8,192 bytes with `ERR line too long` and
    the end. A client that has sent its last byte still gets its answers. The port can be used again at
    once after the program has ended.
    """
    # BEGIN SOLUTION
    server = Server(config["host"], config["port"])
    signal.set_wakeup_fd(
        server.wake.fileno()
    )  # written to when a signal comes: the self-pipe trick
    signal.signal(signal.SIGTERM, lambda *_: None)
    ready(server.port)
    server.run()
    # END SOLUTION


# BEGIN SOLUTION: helpers
class Client:
    """One connection: bytes that came, and answers that wait."""

    ending: bool  # whether it is to end after them; every `receive` says so anew

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.arrived = StreamBuffer()
        self.answers = bytearray()

    def receive(self) -> None:
        """Take what came, and answer the lines that are complete."""
        data = self.connection.recv(CHUNK)
        self.ending = not data
        self.arrived.append(data)
        try:
            while not self.ending and (line := self.line()) is not None:
                self.answer(line)
        except LineTooLong:
            self.answers += b"ERR line too long\r\n"
            self.ending = True

    def line(self) -> bytes | None:
        """The next line, without its end; None while it is not here."""
        line = self.arrived.take_until(b"\n", MAX_LINE + len(b"\r\n"))
        line = line and line.removesuffix(b"\n").removesuffix(b"\r")
        if line and len(line) > MAX_LINE:
            raise LineTooLong(f"a line of {len(line)} bytes")
        return line

    def answer(self, line: bytes) -> None:
        self.ending = line == b"QUIT"
        self.answers += (b"BYE" if self.ending else line) + b"\r\n"

    def send(self) -> None:
        """As much as the client takes now."""
        sent = self.connection.send(self.answers)
        del self.answers[:sent]

    def interest(self) -> int:
        """What to wait for: 0 when there is nothing left to do."""
        reading = 0 if self.ending or len(self.answers) > CHUNK else READ
        return reading | (WRITE if self.answers else 0)


class Server:
    """The listening socket, its clients, and one selector over them all."""

    def __init__(self, host: str, port: int) -> None:
        self.listener = socket.create_server((host, port))
        self.listener.setblocking(False)
        self.port: int = self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, READ)
        self.stopping, self.wake = socket.socketpair()
        self.wake.setblocking(False)
        self.selector.register(self.stopping, READ)

    def run(self) -> None:
        while True:
            for key, events in self.selector.select():
                if key.fileobj is self.stopping:
                    return
                if key.fileobj is self.listener:
                    self.accept()
                else:
                    self.serve(key.data, events)

    def accept(self) -> None:
        with contextlib.suppress(OSError):  # it has gone already, or descriptors ran out
            connection, _ = self.listener.accept()
            connection.setblocking(False)
            self.selector.register(connection, READ, Client(connection))

    def serve(self, client: Client, events: int) -> None:
        try:
            if events & READ:
                client.receive()
            if client.answers:
                client.send()
        except BlockingIOError:
            pass
        except OSError:  # reset by the client: nobody to answer
            return self.end(client)
        wanted = client.interest()
        if wanted:
            self.selector.modify(client.connection, wanted, client)
        else:
            self.end(client)

    def end(self, client: Client) -> None:
        self.selector.unregister(client.connection)
        client.connection.close()


# END SOLUTION
