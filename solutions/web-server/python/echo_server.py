"""A line echo server: the smallest program that has to find its messages in a stream (RFC 862, by line).

One thread waits in `selectors` for whatever is ready, which is how real servers hold many connections;
what is left out here is a limit on connections and on time, which comes with the event loop.
"""

from __future__ import annotations

import selectors
import signal
import socket
from collections.abc import Callable
from typing import Any

from kit.errors import LineTooLong
from stream_buffer import StreamBuffer

# BEGIN SOLUTION: helpers
MAX_LINE = 8192
READ_SIZE = 1 << 16
FULL = 1 << 20  # bytes of unsent answers at which a client is not read any more
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
    with Server(config["host"], config["port"]) as server:
        signal.signal(signal.SIGTERM, lambda *_: server.stop())
        ready(server.port)
        server.run()
    # END SOLUTION


# BEGIN SOLUTION: helpers
class Client:
    """One connection: bytes that came, answers that wait, and whether it is to end after them."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.arrived = StreamBuffer(2 * READ_SIZE + MAX_LINE)
        self.answers = bytearray()
        self.ending = False

    def receive(self) -> None:
        """Take what came, and answer the lines that are complete."""
        data = self.connection.recv(READ_SIZE)
        if not data:
            self.ending = True
            return
        self.arrived.append(data)
        while not self.ending and (line := self.line()) is not None:
            self.answer(line)

    def line(self) -> bytes | None:
        """The next line, without its end; longer ones end the connection."""
        try:
            line = self.arrived.take_until(b"\n", MAX_LINE + len(b"\r\n"))
        except LineTooLong:
            line = b"?" * (MAX_LINE + 1)
        return line and line.removesuffix(b"\n").removesuffix(b"\r")

    def answer(self, line: bytes) -> None:
        if len(line) > MAX_LINE:
            self.answers += b"ERR line too long\r\n"
            self.ending = True
        elif line == b"QUIT":
            self.answers += b"BYE\r\n"
            self.ending = True
        else:
            self.answers += line + b"\r\n"

    def send(self) -> None:
        """As much as the client takes now."""
        sent = self.connection.send(self.answers)
        del self.answers[:sent]

    def interest(self) -> int:
        """What to wait for: 0 when there is nothing left to do."""
        reading = 0 if self.ending or len(self.answers) > FULL else READ
        return reading | (WRITE if self.answers else 0)


class Server:
    """The listening socket, its clients, and one selector over them all."""

    def __init__(self, host: str, port: int) -> None:
        self.listener = socket.create_server((host, port), backlog=256)
        self.listener.setblocking(False)
        self.port: int = self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, READ)
        self.stopping, self.wake = socket.socketpair()
        self.selector.register(self.stopping, READ)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self.selector.close()
        self.wake.close()

    def stop(self) -> None:
        """Let `run` return; may be called from a signal handler."""
        self.wake.send(b"x")

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
        try:
            connection, _ = self.listener.accept()
        except OSError:  # it went away before we came, or descriptors ran out
            return
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
            client.answers.clear()
            client.ending = True
        wanted = client.interest()
        if wanted:
            self.selector.modify(client.connection, wanted, client)
        else:
            self.selector.unregister(client.connection)
            client.connection.close()


# END SOLUTION
