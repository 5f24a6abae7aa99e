"""What everybody needs of a started process, whoever started it, and what it may use.

`process.Process` (a sandbox), `nursery.Child` (a warm host) and `unconfined.FreeProcess` fit `Started`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

from grader import procfs
from grader.process import Ending, Limits


class Started(Protocol):
    """A process, and its streams as non-blocking read ends that the caller closes."""

    stdout: int
    stderr: int

    def inner_pid(self) -> int | None: ...
    def signal(self, number: int, /) -> None: ...
    def kill(self) -> None: ...
    def wait(self, timeout: float | None, /) -> Ending | None: ...
    def over_limit(self) -> bool: ...


class Usage:
    """What the processes of a pid namespace use together, against their limits."""

    def __init__(self, limits: Limits, writable: Sequence[Path]) -> None:
        self.limits = limits
        self._used = {path: procfs.usage(path) for path in writable}

    def exceeded(self, init: int) -> Literal["memory", "disk"] | None:
        """Which limit the namespace with this first process is over."""
        pids, allowed = procfs.members(procfs.pid_namespace(init)), self.limits.total_memory
        if sum(map(procfs.resident, pids)) > allowed < sum(map(procfs.proportional, pids)):
            return "memory"
        return "disk" if self._wrote_too_much(init) else None

    def _wrote_too_much(self, init: int) -> bool:
        size_grown = files_grown = 0
        for path, (size, files) in self._used.items():
            size_now, files_now = procfs.usage(path)
            size_grown += max(0, size_now - size)
            files_grown += max(0, files_now - files)
        for place in ("tmp", "dev/shm"):
            files_grown += procfs.usage(Path(f"/proc/{init}/root/{place}"))[1]
        return size_grown > self.limits.disk or files_grown > self.limits.files
