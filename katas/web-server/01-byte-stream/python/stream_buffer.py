"""Bytes that have arrived and were not asked for yet.

TCP (RFC 9293) promises the bytes in order and nothing about their portions: one `send` of the peer may
arrive in five pieces, five may arrive in one. So every protocol begins with a place that collects what
came and gives out what is complete. Real servers do this in a ring buffer or a chain of blocks to save
copies; one growing bytearray does the same with less to read, and stays linear as long as two things
hold: the rest does not move when bytes are given out, and no byte is searched twice for the same mark.
"""

from __future__ import annotations

from kit.errors import LineTooLong


class StreamBuffer:
    """Collects bytes as they come, gives them out as they are asked for, in order."""

    def __init__(self, limit: int = 1 << 20) -> None:
        """`limit`: how many bytes may wait here; the caller should stop reading before it is passed."""
        raise NotImplementedError("01-byte-stream: StreamBuffer.__init__")

    def append(self, data: bytes) -> None:
        """Add bytes that arrived. BufferError if more than `limit` would wait then; none are added."""
        raise NotImplementedError("01-byte-stream: StreamBuffer.append")

    def size(self) -> int:
        """How many bytes wait here."""
        raise NotImplementedError("01-byte-stream: StreamBuffer.size")

    def take(self, n: int) -> bytes | None:
        """Exactly `n` bytes; None, and nothing is lost, while fewer are here."""
        raise NotImplementedError("01-byte-stream: StreamBuffer.take")

    def take_some(self, at_most: int) -> bytes:
        """What is here, `at_most` so many bytes; perhaps none."""
        raise NotImplementedError("01-byte-stream: StreamBuffer.take_some")

    def take_line(self, max_line: int) -> bytes | None:
        """The next line without its CR LF; None while its end has not come.

        Only CR LF ends a line. LineTooLong as soon as it is certain that the line has more than
        `max_line` bytes (its end not counted), even if the end has not come yet.
        """
        raise NotImplementedError("01-byte-stream: StreamBuffer.take_line")

    def take_until(self, mark: bytes, max_size: int) -> bytes | None:
        """Everything up to and including `mark`; None while it has not come.

        LineTooLong if this is more than `max_size` bytes; at the latest when so many are here and
        `mark` is not among them.
        """
        raise NotImplementedError("01-byte-stream: StreamBuffer.take_until")
