"""A page file that survives a power cut: what is committed is there, whole, and nothing else is.

Changed pages wait in memory. `commit` writes them to a second file, the log, all in one batch, and
syncs it: from that moment they count. The database file itself is touched only by a checkpoint,
which copies pages that are safe in the log. So whenever the power fails, either the file is whole or
the log says how to make it so; and to say it twice does no harm.

SQLite's "WAL mode" works like this, page for page. PostgreSQL and most others log smaller things, the
change of a row, and write changed pages before the commit too; then recovery must also know how to
undo (ARIES, 1992). Left out: readers beside the writer, and transactions larger than the memory.

    log     header, then frames; the file is the database's with "-wal" behind its name
    header  8 bytes "SFSWAL" 00 01 | u32 page_size | u32 generation | u32 crc32 of the 16 bytes before
            generation = 1 in a new log, and one more after each checkpoint
    frame   u32 page | u32 commit | u32 generation | u32 crc | payload, page_size - 4 bytes
            commit = 0, or in the last frame of a batch: how many frames the batch has
            crc = crc32 of (u32 crc of the frame before, or of the header; page, commit, generation;
            payload): a frame is valid only behind the very frame it was written behind

A checkpoint does not erase the log, it gives it a new header with the next generation. Frames behind
the end are of an older one, until they are written over.
"""

from __future__ import annotations

# BEGIN SOLUTION: helpers
import struct
from collections.abc import Iterator
from zlib import crc32

from kit.disk import DiskFile
from kit.errors import OutOfBounds, PageFull, PageSizeMismatch

# END SOLUTION
from page_file import PageFile

# BEGIN SOLUTION: helpers
MAGIC = b"SFSWAL\x00\x01"
HEADER = struct.Struct(">8sII")  # magic, page_size, generation; then its crc
FRAME = struct.Struct(">III")  # page, commit, generation; then the crc of the frame
CRC = struct.Struct(">I")
HEADER_SIZE, FRAME_HEAD = HEADER.size + CRC.size, FRAME.size + CRC.size
# END SOLUTION


class LoggedPageFile(PageFile):
    """A `PageFile` with transactions. All that `PageFile` promises of its calls holds here too.

    `read` and `write` see the pages as they would be after a commit. Whatever the moment of a power
    cut, opening the file again gives the state after the last commit that returned, or after the
    one that was under way. Errors of the disk pass through; a commit that raised one has not
    happened as long as the process lives, and may be tried again or rolled back.
    """

    def __init__(self, path: str, page_size: int = 4096) -> None:
        """Open the file and its log; what whole batches the log has are copied to the file first.

        Of the log, the frames count up to the first one that is not whole, not of the header's
        generation, does not follow the one before, or ends a batch with the wrong count; and of
        these only whole batches. A log without a valid header is empty, and what lies in it must
        never count later. A new file is committed with its header page. Raises what `PageFile`
        raises, and PageSizeMismatch if the log was written with another page size; nothing is
        changed then.
        """
        # BEGIN SOLUTION
        self._pending: dict[int, bytes] = {}
        self._header = b""  # what page 0 is committed as, if it is known: every call asks for it
        self._log = _Log(f"{path}-wal", page_size)
        self._file = DiskFile(path)
        self.checkpoint()
        self._committed = self._count = -(-self._file.size() // page_size)
        super().__init__(path, page_size)
        self.commit()
        # END SOLUTION

    def read(self, page_no: int) -> bytes:
        """Return the payload of a page: from what is pending, else from the log, else from the file.

        The header page, which nearly every call asks for, is read once and remembered until `close`.
        """
        # BEGIN SOLUTION
        if page_no in self._pending:
            return self._pending[page_no]
        if page_no == 0 and self._header:
            return self._header
        found = self._log.read(page_no) if page_no in self._log.pages else super().read(page_no)
        if page_no == 0:
            self._header = found
        return found
        # END SOLUTION

    def write(self, page_no: int, payload: bytes) -> None:
        """Change a page in memory; it is pending until `commit` or `rollback`. Costs no disk write."""
        # BEGIN SOLUTION
        if not 0 <= page_no <= self._count:
            raise OutOfBounds(f"page {page_no} lies beyond the end of the file")
        if len(payload) > self.payload_size():
            raise PageFull(f"{len(payload)} bytes for a page of {self.payload_size()}")
        self._pending[page_no] = bytes(payload).ljust(self.payload_size(), b"\x00")
        self._count = max(self._count, page_no + 1)
        # END SOLUTION

    def write_now(self, page_no: int, payload: bytes) -> None:
        """Commit this one page, and leave all that is pending as it is: pending, or yet to roll back.

        For what must never be taken back. That the page is there, and not pending, is the caller's
        duty and need not be checked. Costs what a commit of one page costs.
        """
        # BEGIN SOLUTION
        self._log.append({page_no: payload.ljust(self.payload_size(), b"\x00")})
        if page_no == 0:
            self._header = b""
        # END SOLUTION

    def pending(self) -> int:
        """Return how many pages have been written since the last commit or rollback."""
        # BEGIN SOLUTION
        return len(self._pending)
        # END SOLUTION

    def commit(self) -> None:
        """Make all that is pending durable, or none of it. Costs one write to the log and one sync.

        Nothing pending costs nothing.
        """
        # BEGIN SOLUTION
        if self._pending:
            self._log.append(self._pending)
            self._header = self._pending.get(0, self._header)
            self._pending = {}
            self._committed = self._count
        # END SOLUTION

    def rollback(self) -> None:
        """Forget all that is pending."""
        # BEGIN SOLUTION
        self._pending = {}
        self._count = self._committed
        # END SOLUTION

    def checkpoint(self) -> None:
        """Copy each page that the log has to the file, once, and let the log begin anew.

        The file is synced before the log's new header is written, and the header before anything
        is written behind it. An empty log costs nothing. What is pending stays so. If the disk
        fails on the way nothing is lost, nor is what is committed after that.
        """
        # BEGIN SOLUTION
        if not self._log.pages:
            return
        for page_no in sorted(self._log.pages):
            payload = self._log.read(page_no)
            checksum = CRC.pack(crc32(CRC.pack(page_no) + payload))
            self._file.write(page_no * (len(payload) + CRC.size), payload + checksum)
        self._file.sync()
        self._log.restart()
        # END SOLUTION

    def log_frames(self) -> int:
        """Return how many committed frames the log has since the last checkpoint."""
        # BEGIN SOLUTION
        return self._log.frames
        # END SOLUTION

    def sync(self) -> None:
        """Return when all that was written would survive a power cut: the same as `commit`."""
        # BEGIN SOLUTION
        self.commit()
        # END SOLUTION

    def close(self) -> None:
        """Close both files. What is pending is lost, what is committed is safe, in the log or not."""
        # BEGIN SOLUTION
        self._header = b""  # it is asked of the file again, which says that it is closed
        self._log.close()
        self._file.close()
        super().close()
        # END SOLUTION


# BEGIN SOLUTION: helpers
class _Log:
    """The log. `pages` says where the last committed payload of a page lies in it."""

    def __init__(self, path: str, page_size: int) -> None:
        self._path = path
        self._disk = DiskFile(path)
        self._page_size = page_size
        self._generation = 0
        self._crc = self._end = 0  # of the last frame, or the header; there is none if it ends at 0
        self.pages: dict[int, int] = {}
        self.frames = 0
        self._recover(self._disk.read(0, self._disk.size()))

    def read(self, page_no: int) -> bytes:
        return self._disk.read(self.pages[page_no], self._page_size - CRC.size)

    def append(self, pages: dict[int, bytes]) -> None:
        """Write one batch behind the last and sync it; until then nothing here has changed."""
        if self._end == 0:
            self.restart()
        batch, places, crc = bytearray(), {}, self._crc
        for number, page_no in enumerate(sorted(pages), 1):
            commit = len(pages) if number == len(pages) else 0
            head = FRAME.pack(page_no, commit, self._generation)
            crc = _chained(crc, head, pages[page_no])
            places[page_no] = self._end + len(batch) + FRAME_HEAD
            batch += head + CRC.pack(crc) + pages[page_no]
        self._disk.write(self._end, bytes(batch))
        self._disk.sync()
        self._crc, self._end = crc, self._end + len(batch)
        self.pages.update(places)
        self.frames += len(pages)

    def restart(self) -> None:
        """Begin the next generation: all frames up to now count no more."""
        if self._end == 0:
            self._disk.truncate(0)  # which generation its frames are of, nobody knows
        self._end = 0  # if the next lines fail, nobody knows which header there is
        self.pages, self.frames = {}, 0
        self._generation += 1
        head = HEADER.pack(MAGIC, self._page_size, self._generation)
        self._disk.write(0, head + CRC.pack(crc32(head)))
        self._disk.sync()
        self._crc, self._end = crc32(head), HEADER_SIZE

    def close(self) -> None:
        self._disk.close()

    def _recover(self, log: bytes) -> None:
        head, crc = log[: HEADER.size], log[HEADER.size : HEADER_SIZE]
        if not head.startswith(MAGIC) or crc != CRC.pack(crc32(head)):
            return
        _, page_size, self._generation = HEADER.unpack(head)
        if page_size != self._page_size:
            raise PageSizeMismatch(
                f"{self._path} has pages of {page_size} bytes, not {self._page_size}"
            )
        self._crc, self._end = crc32(head), HEADER_SIZE
        batch: list[tuple[int, int]] = []
        for page_no, commit, at in self._frames(log):
            batch.append((page_no, at))
            if commit:
                if commit != len(batch):
                    return
                self.pages.update(batch)
                batch = []

    def _frames(self, log: bytes) -> Iterator[tuple[int, int, int]]:
        """Page, commit, and where the payload is, of each frame that follows the one before."""
        size, before = FRAME_HEAD + self._page_size - CRC.size, self._crc
        for at in range(HEADER_SIZE, len(log) - size + 1, size):
            head, payload = log[at : at + FRAME.size], log[at + FRAME_HEAD : at + size]
            (crc,) = CRC.unpack_from(log, at + FRAME.size)
            page_no, commit, _ = FRAME.unpack(head)
            if crc != _chained(before, head, payload):
                return  # of an older generation too: the chain begins with the header's crc
            yield page_no, commit, at + FRAME_HEAD
            before = crc


def _chained(before: int, head: bytes, payload: bytes) -> int:
    return crc32(payload, crc32(CRC.pack(before) + head))


# END SOLUTION
