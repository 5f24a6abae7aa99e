"""The door to the disk. Given: all bytes of the database go through a `DiskFile`, and no other way.

The door has no cache and no opinion: a read asks the operating system, a write tells it, and only
`sync` promises that what was written outlives a power cut. Because there is one door, a grader can
stand in it: it counts what passes (`counts`, `totals`), keeps a journal of every change, and can
make the disk misbehave on purpose (`trace`). Your code never calls `trace` or `totals`.
"""

from __future__ import annotations

import base64
import errno
import json
import os
from typing import BinaryIO, NoReturn

from kit.errors import StoreClosed

KILLED = 137  # the exit status of a process that died of kill -9


class DiskFile:
    """One file, read and written at any offset, in bytes."""

    def __init__(self, path: str) -> None:
        """Open the file at `path`; make an empty one if there is none."""
        self._path = os.fspath(path)
        self._file: BinaryIO = open(  # noqa: SIM115  closed by close()
            self._path,
            "r+b",
            buffering=0,
            opener=lambda p, flags: os.open(p, flags | os.O_CREAT, 0o644),
        )
        self._counts = _zeros()

    def read(self, offset: int, size: int) -> bytes:
        """Return `size` bytes from `offset`; fewer where the file ends before, none past its end."""
        parts, wanted = [], size
        while wanted > 0 and (part := os.pread(self._fd(), wanted, offset + size - wanted)):
            parts.append(part)
            wanted -= len(part)
        self._count("reads")
        return b"".join(parts)

    def write(self, offset: int, data: bytes) -> None:
        """Put `data` at `offset`, making the file longer if need be. Not durable before `sync`."""
        fd, fate = self._fd(), _trace.fate("write")
        written = bytes(data)[: len(data) // 2] if fate == "torn" else bytes(data)
        done = 0
        while done < len(written):
            done += os.pwrite(fd, written[done:], offset + done)
        self._count("writes")
        self._count("bytes_written", len(written))
        _trace.record("write", self._path, offset, written, len(written))
        if fate == "torn":
            _die()

    def size(self) -> int:
        """Return the length of the file in bytes. Not counted as a read."""
        return os.fstat(self._fd()).st_size

    def truncate(self, size: int) -> None:
        """Cut the file, or stretch it with zeros, to `size` bytes. Not durable before `sync`."""
        fd = self._fd()
        _trace.fate("truncate")
        os.ftruncate(fd, size)
        _trace.record("truncate", self._path, 0, b"", size)

    def sync(self) -> None:
        """Return only when everything written so far would survive a power cut."""
        fd = self._fd()
        lost = _trace.fate("sync") == "lost-sync"
        if not lost:
            os.fsync(fd)
            _trace.record("sync", self._path, 0, b"", 0)
        self._count("syncs")

    def close(self) -> None:
        """Let go of the file. Every later call but `close` raises `StoreClosed`."""
        self._file.close()

    def counts(self) -> dict[str, int]:
        """Return how often this object was used: reads, writes, bytes_written, syncs."""
        return dict(self._counts)

    @staticmethod
    def totals() -> dict[str, int]:
        """Return the same counts over all files of this process, since it began or since `trace`."""
        return dict(_trace.totals)

    @staticmethod
    def trace(journal_path: str | None, plan: dict[str, int | str] | None) -> None:
        """Start anew to count, to journal every change, and to follow `plan`, if there is one.

        The journal gets one JSON object a line: op, path, offset, data (base64), size.
        The plan `{"at": k, "how": h}` spoils the k-th write, truncate or sync from now:
        "crash": the process dies just before it; "torn": a write is cut to its first half, then the
        process dies; "full": it fails, the disk has no space left; "lost-sync": the first sync from
        there on does nothing, and says it did.
        """
        _trace.start(journal_path, plan)

    def _fd(self) -> int:
        if self._file.closed:
            raise StoreClosed(f"{self._path} is closed")
        return self._file.fileno()

    def _count(self, what: str, amount: int = 1) -> None:
        self._counts[what] += amount
        _trace.totals[what] += amount


class _Trace:
    """What the grader asked for; without it nothing is journalled and nothing goes wrong."""

    def __init__(self) -> None:
        self.totals = _zeros()
        self._journal: int | None = None
        self._operations = 0
        self._at = 0
        self._how = ""

    def start(self, journal_path: str | None, plan: dict[str, int | str] | None) -> None:
        if self._journal is not None:
            os.close(self._journal)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._journal = None if journal_path is None else os.open(journal_path, flags, 0o644)
        self.totals = _zeros()
        self._operations = 0
        self._at, self._how = (int(plan["at"]), str(plan["how"])) if plan else (0, "")

    def fate(self, op: str) -> str:
        """Count one changing operation and say what becomes of it ("" = nothing special)."""
        self._operations += 1
        if self._how == "lost-sync" and op == "sync" and self._operations >= self._at:
            self._how = ""
            return "lost-sync"
        if self._operations != self._at or self._how == "lost-sync":
            return ""
        if self._how == "full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self._how == "torn" and op == "write":
            return "torn"
        if self._how in ("torn", "crash"):
            _die()
        return ""

    def record(self, op: str, path: str, offset: int, data: bytes, size: int) -> None:
        if self._journal is None:
            return
        text = base64.b64encode(data).decode("ascii")
        line = json.dumps({"op": op, "path": path, "offset": offset, "data": text, "size": size})
        os.write(self._journal, line.encode("utf-8") + b"\n")


def _zeros() -> dict[str, int]:
    return {"reads": 0, "writes": 0, "bytes_written": 0, "syncs": 0}


def _die() -> NoReturn:
    os._exit(KILLED)


_trace = _Trace()
