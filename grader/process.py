"""One sandboxed process, seen from outside: how to signal it, end it, and learn how it ended.

The sandbox's first process is the init of a pid namespace: once it is dead, everything that was ever
started inside is dead, whatever it did about sessions, groups, signals or parents. So ending a
sandbox is one SIGKILL to that process, by a descriptor (pidfd) that cannot come to mean another one.
Nothing here asks the code under test for anything.
"""

from __future__ import annotations

import contextlib
import errno
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

MEBI = 1 << 20
START_SECONDS = 10.0  # bubblewrap names its child after about a millisecond
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
        limits: Limits = Limits(),
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
        children = _children(self._status.init)
        return children[0] if children else None

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
            if pid in _children(self._status.init):  # still the same one
                signals.pidfd_send_signal(descriptor, number)

    def condemn(self) -> None:
        """Begin to end everything inside; `kill` waits for it."""
        if self._ending is None and self._status.init_fd:
            with contextlib.suppress(ProcessLookupError):
                signals.pidfd_send_signal(self._status.init_fd, signals.SIGKILL)

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

    def memory(self, at_least: int = 0) -> int:
        """Resident bytes of all processes inside; shared pages are told apart only above `at_least`."""
        return memory(self._status.namespace, at_least)

    # -- the end ------------------------------------------------------------------------------

    def _end(self, kind: Kind) -> None:
        if self._ending is None and self.wait(0) is None:
            self._finish(kind)

    def _finish(self, kind: Kind | None) -> None:
        """Leave nothing behind, then say how it ended (`kind`: because we ended it)."""
        self._status.await_init()
        self._kill_init()
        self._monitor.kill()
        code = self._monitor.wait()
        if not self._status.init_fd:
            _sweep(self._token)
        self._ending = self._verdict(code) if kind is None else Ending(kind, signals.SIGKILL)
        self._close()
        if kind is None and code >= 0 and self._status.exit_code is None:
            raise GraderFault("a sandbox could not be set up", self._complaint())

    def _kill_init(self) -> None:
        descriptor = self._status.init_fd
        if not descriptor:
            return
        with contextlib.suppress(ProcessLookupError):
            signals.pidfd_send_signal(descriptor, signals.SIGKILL)
        if not _readable(descriptor, DEATH_SECONDS):
            raise GraderFault(f"process {self._status.init} does not die when killed")

    def _verdict(self, code: int) -> Ending:
        self._status.drain()
        exit_code = self._status.exit_code
        if code < 0 or exit_code is None:  # bubblewrap itself was killed
            return Ending("killed", signals.SIGKILL)
        if exit_code == 128 + signals.SIGXCPU:
            return Ending("cpu", signals.SIGXCPU)
        if 128 < exit_code <= 128 + 64:
            return Ending("signaled", exit_code - 128)
        return Ending("exited", exit_code)

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
    """What bubblewrap tells on its status descriptor: the init's pid, then the exit code."""

    def __init__(self, descriptor: int) -> None:
        self.init_fd = 0  # a pidfd; 0 until known
        self.exit_code: int | None = None
        self._descriptor = descriptor
        self._init = 0
        self._namespace = 0
        self._rest = b""
        self._open = True
        os.set_blocking(descriptor, False)

    @property
    def init(self) -> int:
        if not self._init:
            self.drain()
        return self._init

    @property
    def namespace(self) -> int:
        """The number of the pid namespace; 0 until known."""
        return self._namespace if self.init else 0

    def await_init(self) -> None:
        """Wait until the init is known, or it is clear that there will never be one."""
        end = time.monotonic() + START_SECONDS
        while not self.init and self._open and time.monotonic() < end:
            _readable(self._descriptor, end - time.monotonic())

    def drain(self) -> None:
        """Take what is there."""
        while self._open:
            try:
                data = os.read(self._descriptor, 4096)
            except BlockingIOError:
                return
            self._open = bool(data)
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._line(json.loads(line))

    def _line(self, told: Mapping[str, Any]) -> None:
        if "exit-code" in told:
            self.exit_code = told["exit-code"]
        elif "child-pid" in told:
            self._init = told["child-pid"]
            self._namespace = told.get("pid-namespace", 0)  # 0: it shares ours
            with contextlib.suppress(ProcessLookupError):
                descriptor = os.pidfd_open(self._init)
                if self._namespace in (0, _namespace(self._init)):
                    self.init_fd = descriptor
                else:  # it ended long ago, and its number is another's by now
                    os.close(descriptor)

    def close(self) -> None:
        os.close(self._descriptor)
        if self.init_fd:
            os.close(self.init_fd)


class Usage:
    """What a sandbox's processes use together, against its limits."""

    def __init__(self, limits: Limits, writable: Sequence[Path]) -> None:
        self.limits = limits
        self._used = {path: _usage(path) for path in writable}

    def exceeded(self, init: int) -> Literal["memory", "disk"] | None:
        """Which limit the sandbox with this first process is over."""
        allowed = self.limits.total_memory
        if memory(_namespace(init), at_least=allowed) > allowed:
            return "memory"
        return "disk" if self._wrote_too_much(init) else None

    def _wrote_too_much(self, init: int) -> bool:
        bytes_grown = files_grown = 0
        for path, (blocks, files) in self._used.items():
            now = _usage(path)
            bytes_grown += max(0, now[0] - blocks)
            files_grown += max(0, now[1] - files)
        for place in ("tmp", "dev/shm"):
            files_grown += _usage(Path(f"/proc/{init}/root/{place}"))[1]
        return bytes_grown > self.limits.disk or files_grown > self.limits.files


def memory(namespace: int, at_least: int = 0) -> int:
    """Resident bytes of all processes of a pid namespace; shared pages are told apart only above
    `at_least`."""
    pids = list(_members(namespace))
    rough = sum(_resident(pid) for pid in pids)
    return rough if rough <= at_least else sum(_proportional(pid) for pid in pids)


# -- looking at processes -----------------------------------------------------------------------


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


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _children(pid: int) -> list[int]:
    return [int(word) for word in _read(f"/proc/{pid}/task/{pid}/children").split()]


def _namespace(pid: int) -> int:
    try:
        return os.stat(f"/proc/{pid}/ns/pid").st_ino
    except OSError:
        return 0


def _members(namespace: int) -> Iterator[int]:
    """Every process of a pid namespace, also those whose parents are gone."""
    if namespace:
        for name in os.listdir("/proc"):
            if name.isdigit() and _namespace(int(name)) == namespace:
                yield int(name)


def _resident(pid: int) -> int:
    words = _read(f"/proc/{pid}/statm").split()
    return int(words[1]) * os.sysconf("SC_PAGE_SIZE") if words else 0


def _proportional(pid: int) -> int:
    """Resident bytes, those shared with others divided among them."""
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _usage(path: Path) -> tuple[int, int]:
    """Bytes and files in use on the file system of `path`."""
    try:
        found = os.statvfs(path)
    except OSError:
        return 0, 0
    return (found.f_blocks - found.f_bfree) * found.f_frsize, found.f_files - found.f_ffree


def _sweep(token: str) -> None:
    """End what a bubblewrap left behind that was killed before it could name its child."""
    mark = f"{TOKEN}={token}".encode()
    for name in os.listdir("/proc") if token else ():
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if mark in file.read().split(b"\0"):
                    os.kill(int(name), signals.SIGKILL)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ESRCH, errno.EACCES, errno.EPERM):
                raise
