"""What /proc tells about processes: who belongs together, and what they use.

Everything here answers for processes that may end at any moment: one that is gone has no children,
no memory and no namespace.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def pids() -> Iterator[int]:
    """All processes that can be seen from here."""
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def children(pid: int) -> list[int]:
    """The children of a process's first thread, oldest first."""
    told = _read(f"/proc/{pid}/task/{pid}/children")
    if told is not None:
        return [int(word) for word in told.split()]
    return sorted(other for other in pids() if _parent(other) == pid)


def pid_namespace(pid: int) -> int:
    """The number of a process's pid namespace, 0 if it is gone."""
    try:
        return os.stat(f"/proc/{pid}/ns/pid").st_ino
    except OSError:
        return 0


def members(namespace: int) -> list[int]:
    """Every process of a pid namespace, also those whose parents are gone."""
    return [pid for pid in pids() if pid_namespace(pid) == namespace] if namespace else []


def resident(pid: int) -> int:
    """Bytes in memory; quick, counts what is shared for everyone who shares it."""
    return _kibibytes(f"/proc/{pid}/status", "VmRSS:", "VmSwap:")


def tables(pid: int) -> int:
    """Bytes that the kernel keeps of the layout of its memory: quick, and never shared. Of a large space
    in which little is they can be more than what is in it."""
    return _kibibytes(f"/proc/{pid}/status", "VmPTE:")


def proportional(pid: int) -> int:
    """Bytes in memory, those that are shared divided among who shares them; slow."""
    return _kibibytes(f"/proc/{pid}/smaps_rollup", "Pss:", "SwapPss:")


def _kibibytes(path: str, *names: str) -> int:
    """The sum of some lines, in bytes."""
    lines = (line.split() for line in (_read(path) or "").splitlines())
    return sum(int(words[1]) * 1024 for words in lines if words and words[0] in names)


def marked(entry: str) -> list[int]:
    """The processes that were started with `entry` (NAME=value) in their environment."""
    mark = entry.encode()
    return [pid for pid in pids() if mark in _environment(pid)]


def usage(path: Path) -> tuple[int, int]:
    """Bytes and files in use on the file system of `path`."""
    try:
        found = os.statvfs(path)
    except OSError:
        return 0, 0
    return (found.f_blocks - found.f_bfree) * found.f_frsize, found.f_files - found.f_ffree


def _environment(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []


def _parent(pid: int) -> int:
    text = _read(f"/proc/{pid}/stat") or ""
    words = text.rpartition(")")[2].split()  # the name before it may hold anything
    return int(words[1]) if words else 0


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None
