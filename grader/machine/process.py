"""One sandboxed process, seen from outside: how to signal it, end it, and learn how it ended.

The sandbox's first process is the init of a pid namespace: once it is dead, everything that was ever
started inside is dead, whatever it did about sessions, groups, signals or parents. So ending a
sandbox is one SIGKILL to that process, by a descriptor (pidfd) that cannot come to mean another one.
Nothing here asks the code under test for anything.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal as signals
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from grader.errors import GraderFault
from grader.machine import procfs

MEBI = 1 << 20
START_SECONDS = 10.0  # bubblewrap names its child after about a millisecond
GLANCE_SECONDS = 0.001  # between two looks whether it has
DEATH_SECONDS = 10.0  # a killed namespace goes at once, unless the kernel writes to a slow disk
TOKEN = (
    "SFS_SANDBOX"  # in the environment of every bubblewrap of ours, so that it can be found again
)

Kind = Literal["exited", "signaled", "memory", "disk", "cpu", "killed"]


@dataclass(frozen=True)
class Limits:
    """Bounds on one sandbox. Output is bounded by whoever reads it, time by whoever waits."""

    memory: int = 512 * MEBI  # bytes of data of each process
    total_memory: int = 1024 * MEBI  # bytes resident over all processes; watched, not enforced
    processes: int = 64  # processes and threads together
    open_files: int = 256  # descriptors of each process
    file_size: int = 128 * MEBI  # bytes of each file
    cpu_seconds: int = 60  # of each process
    tmp_bytes: int = 64 * MEBI  # /tmp, and again /dev/shm
    disk: int = 512 * MEBI  # growth of the file systems of the writable mounts; watched
    files: int = 50_000  # growth in number of files, there and in /tmp; watched


@dataclass(frozen=True)
class Ending:
    """How a process ended; `code` is its exit status or the number of the signal."""

    kind: Kind
    code: int

    def describe(self) -> str:
        """What comes after "the process" in a report."""
        if self.kind == "exited":
            return f"exited with status {self.code}"
        if self.kind == "signaled":
            return f"was ended by {signal_name(self.code)}"
        return {
            "memory": "was ended because it used more memory than allowed",
            "disk": "was ended because it wrote more to disk than allowed",
            "cpu": "was ended because it used more CPU time than allowed",
        }.get(self.kind, "was killed")


def signal_name(number: int) -> str:
    """`SIGSEGV`; a number that has no name stays a number."""
    try:
        return signals.Signals(number).name
    except ValueError:
        return f"signal {number}"


class Process:
    """A running sandbox. The caller closes `stdout` and `stderr`; `kill` or `wait` does the rest."""

    def __init__(
        self,
        monitor: subprocess.Popen[bytes],
        *,
        stdout: int,
        stderr: int,
        status: int,
        limits: Limits,
        writable: Sequence[Path] = (),
        token: str = "",
        lifeline: int | None = None,
    ) -> None:
        self.pid = monitor.pid
        self.stdout = stdout
        self.stderr = stderr
        self.limits = limits
        self._monitor = monitor
        self._monitor_fd = os.pidfd_open(monitor.pid)
        self._status = _Status(status)
        self._token = token
        self._lifeline = lifeline
        self._ending: Ending | None = None
        self._usage = Usage(limits, writable)

    def fileno(self) -> int:
        """A descriptor that turns readable when the process has ended; for selectors."""
        return self._monitor_fd

    def inner_pid(self) -> int | None:
        """The command's pid as seen from here; None before it is there and after it is gone."""
        if self._ending is not None or not self._status.init:
            return None
        return next(iter(procfs.children(self._status.init)), None)

    def signal(self, number: int) -> None:
        """Send a signal to the command, once it is there; too late is not an error."""
        end = time.monotonic() + START_SECONDS
        while (pid := self.inner_pid()) is None and self.wait(0) is None:
            if time.monotonic() > end:
                raise GraderFault("a sandbox did not start its command in time")
            time.sleep(0.001)
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError), _pidfd(pid) as descriptor:
            if self.inner_pid() == pid:  # the descriptor means the command and nobody else
                signals.pidfd_send_signal(descriptor, number)

    def condemn(self) -> None:
        """Begin to end everything inside; `kill` waits for it."""
        if self._ending is None and self._status.init:
            self._status.kill_init()

    def kill(self) -> None:
        """End everything inside; returns when it is gone. Harmless when it already is."""
        self._end("killed")

    def wait(self, timeout: float | None) -> Ending | None:
        """How it ended, if it does within `timeout` seconds (None: however long it takes).

        What the command left running is ended with it.
        """
        if self._ending is None and _readable(self._monitor_fd, timeout):
            self._finish(None)
        return self._ending

    def over_limit(self) -> bool:
        """Look at what the whole sandbox uses; end it and answer True if that is too much."""
        if self._ending is not None:
            return self._ending.kind in ("memory", "disk")
        exceeded = self._usage.exceeded(self._status.init)
        if exceeded:
            self._end(exceeded)
        return self._ending is not None

    # -- the end ------------------------------------------------------------------------------

    def _end(self, kind: Kind) -> None:
        if self.wait(0) is None:
            self._finish(kind)

    def _finish(self, kind: Kind | None) -> None:
        """Leave nothing behind, then note how it ended (`kind`: because we ended it)."""
        self._status.await_init(self._monitor_fd)
        self._kill_init()
        self._monitor.kill()
        code = self._monitor.wait()
        if not self._status.init:
            _sweep(self._token)
        self._status.read_on()
        self._ending = Ending(kind, int(signals.SIGKILL)) if kind else self._verdict(code)
        unborn = kind is None and code >= 0 and self._status.exit_code is None
        self._close()
        if unborn:
            raise GraderFault("a sandbox could not be set up", self._complaint())

    def _kill_init(self) -> None:
        self._status.kill_init()
        descriptor = self._status.init_fd
        if descriptor is not None and not _readable(descriptor, DEATH_SECONDS):
            raise GraderFault(f"process {self._status.init} does not die when killed")

    def _verdict(self, code: int) -> Ending:
        status = self._status.exit_code
        if code < 0 or status is None:  # bubblewrap itself was killed
            return Ending("killed", int(signals.SIGKILL))
        if status == 128 + signals.SIGXCPU:
            return Ending("cpu", int(signals.SIGXCPU))
        if 128 < status <= 128 + signals.SIGRTMAX:
            return Ending("signaled", status - 128)
        return Ending("exited", status)

    def _complaint(self) -> str:
        try:
            return os.read(self.stderr, 4096).decode("utf-8", "replace").strip()
        except OSError:
            return ""

    def _close(self) -> None:
        os.close(self._monitor_fd)
        self._status.close()
        if self._lifeline is not None:
            os.close(self._lifeline)


class _Status:
    """What bubblewrap writes into its status file: the init's pid, then the exit code."""

    def __init__(self, descriptor: int) -> None:
        self.init_fd: int | None = None  # a pidfd; None while unknown, or when it is gone already
        self.exit_code: int | None = None
        self._descriptor = descriptor
        self._read = 0  # bytes of whole lines
        self._init = 0

    @property
    def init(self) -> int:
        """The pid of the sandbox's first process as seen from here; 0 while unknown."""
        if not self._init:
            self.read_on()
        return self._init

    def await_init(self, monitor: int) -> None:
        """Wait until the init is known, or bubblewrap has ended without naming one."""
        end = time.monotonic() + START_SECONDS
        while not self.init and time.monotonic() < end:
            if _readable(monitor, GLANCE_SECONDS):
                return self.read_on()

    def kill_init(self) -> None:
        """Send SIGKILL to the init, and so to all of its namespace, if it is known and there."""
        if self.init_fd is not None:
            with contextlib.suppress(ProcessLookupError):
                signals.pidfd_send_signal(self.init_fd, signals.SIGKILL)

    def read_on(self) -> None:
        """Take what has been added."""
        data = os.pread(self._descriptor, 4096, self._read)
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            self._line(json.loads(line))

    def _line(self, told: Mapping[str, Any]) -> None:
        if "exit-code" in told:
            self.exit_code = told["exit-code"]
        elif "child-pid" in told:
            self._init = told["child-pid"]
            self._hold_init(told.get("pid-namespace"))

    def _hold_init(self, namespace: int | None) -> None:
        """Keep a handle on the init; `namespace` tells it from a later process of the same number."""
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(self._init)
            if namespace in (None, procfs.pid_namespace(self._init)):
                self.init_fd = descriptor
            else:  # it ended long ago, and its number is another's by now
                os.close(descriptor)

    def close(self) -> None:
        os.close(self._descriptor)
        if self.init_fd is not None:
            os.close(self.init_fd)


class Usage:
    """What a sandbox's processes use together, against its limits.

    What is on disk at the first look was put there by others: a host may start long before its test.
    """

    def __init__(self, limits: Limits, writable: Sequence[Path]) -> None:
        self.limits = limits
        self._writable = writable
        self._before: dict[Path, tuple[int, int]] = {}

    def exceeded(self, init: int) -> Literal["memory", "disk"] | None:
        """Which limit the sandbox with this first process (0: not there yet) is over, if any."""
        if self._too_much_memory(init):
            return "memory"
        return "disk" if self._too_much_disk(init) else None

    def _too_much_memory(self, init: int) -> bool:
        pids, limit = procfs.members(procfs.pid_namespace(init)), self.limits.total_memory
        tables = sum(map(procfs.tables, pids))
        if tables > limit or tables + sum(map(procfs.resident, pids)) <= limit:
            return tables > limit
        return tables + sum(map(procfs.proportional, pids)) > limit

    def _too_much_disk(self, init: int) -> bool:
        self._before = self._before or {path: procfs.usage(path) for path in self._writable}
        bytes_grown = files_grown = 0
        for path, (size, files) in self._before.items():
            size_now, files_now = procfs.usage(path)
            bytes_grown += max(0, size_now - size)
            files_grown += max(0, files_now - files)
        for command in procfs.children(init)[
            :1
        ]:  # while there is none, /tmp may not be its own yet
            for place in ("tmp", "dev/shm"):
                files_grown += procfs.usage(Path(f"/proc/{command}/root/{place}"))[1]
        return bytes_grown > self.limits.disk or files_grown > self.limits.files


def _readable(descriptor: int, timeout: float | None) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(None if timeout is None else max(0.0, timeout * 1000)))


@contextlib.contextmanager
def _pidfd(pid: int) -> Iterator[int]:
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _sweep(token: str) -> None:
    """End what a bubblewrap left behind that was killed before it could name its child."""
    for pid in procfs.marked(f"{TOKEN}={token}"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signals.SIGKILL)
