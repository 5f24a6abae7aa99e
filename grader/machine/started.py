"""What everybody needs of a started process, whoever started it.

`process.Process` (a sandbox), `nursery.Child` (a warm host) and `unconfined.FreeProcess` fit `Started`.
"""

from __future__ import annotations

from typing import Protocol

from grader.machine.process import Ending


class Started(Protocol):
    """A process, and its streams as non-blocking read ends that the caller closes."""

    stdout: int
    stderr: int

    def inner_pid(self) -> int | None: ...
    def signal(self, number: int, /) -> None: ...
    def kill(self) -> None: ...
    def wait(self, timeout: float | None, /) -> Ending | None: ...
    def over_limit(self) -> bool: ...
