"""The same interface as `sandbox`, without any confinement: for `--unsafe` and for other systems.

Reports of such runs say so. The code under test sees the machine as its user does; ending it ends its
process group, which is all that can be done without a sandbox.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from grader.machine.process import Ending
from grader.machine.sandbox import Command, Mount


class FreeProcess:
    """An ordinary child; the interface of `process.Process`."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None
        assert child.stderr is not None
        self._child = child
        self.pid = child.pid
        self.stdout, self.stderr = os.dup(child.stdout.fileno()), os.dup(child.stderr.fileno())
        child.stdout.close()
        child.stderr.close()
        for descriptor in (self.stdout, self.stderr):
            os.set_blocking(descriptor, False)

    def inner_pid(self) -> int | None:
        return self.pid if self._child.poll() is None else None

    def signal(self, number: int) -> None:
        self._child.send_signal(number)

    def condemn(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self._child.poll() is None:
                os.killpg(self.pid, signal.SIGKILL)

    def kill(self) -> None:
        self.condemn()
        self._child.wait()

    def wait(self, timeout: float | None) -> Ending | None:
        try:
            code = self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        return Ending("exited", code) if code >= 0 else Ending("signaled", -code)

    def over_limit(self) -> bool:
        return False


class Unconfined:
    """Starts commands as ordinary children; paths inside the sandbox become paths on the machine."""

    confined = False

    def inside(self, mounts: Sequence[Mount], target: str) -> str:
        """Where `target` of the sandbox lies for an unconfined process."""
        for mount in sorted(mounts, key=lambda m: -len(m.target)):
            if target == mount.target or target.startswith(mount.target + "/"):
                return str(mount.source) + target.removeprefix(mount.target)
        return target

    def start(self, command: Command) -> FreeProcess:
        """Run code under test as an ordinary child."""
        argv = [self.inside(command.mounts, part) for part in command.argv]
        return _child(argv, command.environment, command.inherit, command.cwd)

    def enclose(
        self, argv: Sequence[str], *, environment: Mapping[str, str], inherit: tuple[int, ...]
    ) -> FreeProcess:
        """Run the trusted process as an ordinary child; it holds its own lifeline."""
        package = str(Path(__file__).parent.parent.parent)
        return _child(argv, {**environment, "PYTHONPATH": package}, inherit, package)


def _child(
    argv: Sequence[str], environment: Mapping[str, str], inherit: tuple[int, ...], folder: str
) -> FreeProcess:
    child = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=inherit,
        env=dict(environment),
        cwd=folder,
        start_new_session=sys.platform != "win32",
    )
    return FreeProcess(child)
