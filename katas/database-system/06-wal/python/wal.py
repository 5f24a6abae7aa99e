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

from page_file import PageFile


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
        raise NotImplementedError("06-wal: LoggedPageFile.__init__")

    def read(self, page_no: int) -> bytes:
        """Return the payload of a page: from what is pending, else from the log, else from the file.

        The header page, which nearly every call asks for, is read once and remembered until `close`.
        """
        raise NotImplementedError("06-wal: LoggedPageFile.read")

    def write(self, page_no: int, payload: bytes) -> None:
        """Change a page in memory; it is pending until `commit` or `rollback`. Costs no disk write."""
        raise NotImplementedError("06-wal: LoggedPageFile.write")

    def write_now(self, page_no: int, payload: bytes) -> None:
        """Commit this one page, and leave all that is pending as it is: pending, or yet to roll back.

        For what must never be taken back. That the page is there, and not pending, is the caller's
        duty and need not be checked. Costs what a commit of one page costs.
        """
        raise NotImplementedError("06-wal: LoggedPageFile.write_now")

    def pending(self) -> int:
        """Return how many pages have been written since the last commit or rollback."""
        raise NotImplementedError("06-wal: LoggedPageFile.pending")

    def commit(self) -> None:
        """Make all that is pending durable, or none of it. Costs one write to the log and one sync.

        Nothing pending costs nothing.
        """
        raise NotImplementedError("06-wal: LoggedPageFile.commit")

    def rollback(self) -> None:
        """Forget all that is pending."""
        raise NotImplementedError("06-wal: LoggedPageFile.rollback")

    def checkpoint(self) -> None:
        """Copy each page that the log has to the file, once, and let the log begin anew.

        The file is synced before the log's new header is written, and the header before anything
        is written behind it. An empty log costs nothing. What is pending stays so. If the disk
        fails on the way nothing is lost, nor is what is committed after that.
        """
        raise NotImplementedError("06-wal: LoggedPageFile.checkpoint")

    def log_frames(self) -> int:
        """Return how many committed frames the log has since the last checkpoint."""
        raise NotImplementedError("06-wal: LoggedPageFile.log_frames")

    def sync(self) -> None:
        """Return when all that was written would survive a power cut: the same as `commit`."""
        raise NotImplementedError("06-wal: LoggedPageFile.sync")

    def close(self) -> None:
        """Close both files. What is pending is lost, what is committed is safe, in the log or not."""
        raise NotImplementedError("06-wal: LoggedPageFile.close")
