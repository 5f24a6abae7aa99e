"""Bytes that have arrived and were not asked for yet.

TCP (RFC 9293) promises the bytes in order and nothing about their portions: one `send` of the peer may
arrive in five pieces, five may arrive in one. So every protocol begins with a place that collects what
came and gives out what is complete. Real servers do this in a ring buffer or a chain of blocks to save
copies; one growing bytearray does the same with less to read, and stays linear as long as two things
hold: the rest does not move when bytes are given out, and no byte is searched twice for the same mark.
"""

from __future__ import annotations

from kit.errors import LineTooLong

# BEGIN SOLUTION: helpers
CRLF = b"\r\n"
# END SOLUTION


class StreamBuffer:
    """Collects bytes as they come, gives them out as they are asked for, in order."""

    def __init__(self, limit: int = 1 << 20) -> None:
        """`limit`: how many bytes may wait here; the caller should stop reading before it is passed."""
        # BEGIN SOLUTION
        self._limit = limit
        self._bytes = bytearray()
        self._searched: dict[bytes, int] = {}  # before which place a mark does not begin
        # END SOLUTION

    def append(self, data: bytes) -> None:
        """Add bytes that arrived. BufferError if more than `limit` would wait then; none are added."""
        # BEGIN SOLUTION
        if self.size() + len(data) > self._limit:
            raise BufferError(f"more than {self._limit} bytes are waiting")
        self._bytes += data
        # END SOLUTION

    def size(self) -> int:
        """How many bytes wait here."""
        # BEGIN SOLUTION
        return len(self._bytes)
        # END SOLUTION

    def take(self, n: int) -> bytes | None:
        """Exactly `n` bytes; None, and nothing is lost, while fewer are here."""
        # BEGIN SOLUTION
        if self.size() < n:
            return None
        return self._give(n)
        # END SOLUTION

    def take_some(self, at_most: int) -> bytes:
        """What is here, `at_most` so many bytes; perhaps none."""
        # BEGIN SOLUTION
        return self._give(min(at_most, self.size()))
        # END SOLUTION

    def take_line(self, max_line: int) -> bytes | None:
        """The next line without its CR LF; None while its end has not come.

        Only CR LF ends a line. LineTooLong as soon as it is certain that the line has more than
        `max_line` bytes (its end not counted), even if the end has not come yet.
        """
        # BEGIN SOLUTION
        end = self._find(CRLF)
        length = end if end >= 0 else self.size() - self._ends_with_cr()
        if length > max_line:
            raise LineTooLong(f"a line of more than {max_line} bytes")
        if end < 0:
            return None
        return self._give(end + len(CRLF))[:end]
        # END SOLUTION

    def take_until(self, mark: bytes, max_size: int) -> bytes | None:
        """Everything up to and including `mark`; None while it has not come.

        LineTooLong if this is more than `max_size` bytes; at the latest when so many are here and
        `mark` is not among them.
        """
        # BEGIN SOLUTION
        end = self._find(mark)
        size = end + len(mark) if end >= 0 else self.size()
        if size > max_size or (end < 0 and size == max_size):
            raise LineTooLong(f"more than {max_size} bytes without an end")
        return self._give(size) if end >= 0 else None
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def _find(self, mark: bytes) -> int:
        """Where `mark` begins; -1 if it is not here yet."""
        at = self._bytes.find(mark, self._searched.get(mark, 0))
        if at < 0:  # next time begin where a mark could still begin
            self._searched[mark] = max(0, self.size() - len(mark) + 1)
        return at

    def _ends_with_cr(self) -> bool:
        """The last byte may be the first half of a line's end."""
        return self._bytes.endswith(b"\r")

    def _give(self, n: int) -> bytes:
        data = bytes(self._bytes[:n])
        del self._bytes[:n]  # moves nothing: a bytearray can begin later in its memory
        self._searched.clear()
        return data

    # END SOLUTION
