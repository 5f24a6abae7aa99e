"""The keeper's end of its channel: lines of JSON, with descriptors riding along.

The json package would take as long to load as everything else together; its C half is all we need.
"""

from __future__ import annotations

import _socket
import array
from _json import encode_basestring_ascii, make_encoder, make_scanner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_MESSAGE = 32 << 20
MOST_DESCRIPTORS = 64


class Dialect:
    """What the C scanner wants to know about JSON."""

    strict = True
    object_hook = object_pairs_hook = parse_constant = None
    parse_float, parse_int = float, int


scan = make_scanner(Dialect)
dump = make_encoder(None, repr, encode_basestring_ascii, None, ":", ",", False, False, False)


class Channel:
    """Lines of JSON from the grader, and the descriptors that ride along."""

    def __init__(self, descriptor: int) -> None:
        self.socket = _socket.socket(fileno=descriptor)
        self.buffer = bytearray()
        self.descriptors: list[int] = []

    def receive(self) -> dict[str, Any]:
        """The next request; the end of the stream is the end of the box."""
        while (end := self.buffer.find(b"\n")) < 0:
            if len(self.buffer) > MOST_MESSAGE:
                raise EOFError
            self._more()
        line = bytes(self.buffer[:end])
        del self.buffer[: end + 1]
        message: dict[str, Any] = scan(line.decode(), 0)[0]
        return message

    def _more(self) -> None:
        room = _socket.CMSG_SPACE(4 * MOST_DESCRIPTORS)
        data, ancillary, _, _ = self.socket.recvmsg(1 << 16, room)
        for level, kind, raw in ancillary:
            if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
                self.descriptors += array.array("i", raw[: len(raw) // 4 * 4])
        if not data:
            raise EOFError
        self.buffer += data

    def waiting(self) -> bool:
        """Whether a whole request has been read already."""
        return b"\n" in self.buffer

    def take(self, count: int) -> list[int]:
        taken, self.descriptors = self.descriptors[:count], self.descriptors[count:]
        return taken

    def send(self, message: dict[str, Any]) -> None:
        self.socket.sendall(("".join(dump(message, 0)) + "\n").encode())
