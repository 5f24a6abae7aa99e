"""Python hosts from a warm process: the trusted end of hosts/nursery.py.

A nursery is started once per run, inside the sandbox's room. Each host that it gives is as fresh and as
confined as one that `sandbox` starts: new process, new namespaces, another user id, the same limits
and the same filter of system calls. It only saves the time to start an interpreter.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
from collections.abc import Mapping
from pathlib import Path

from grader.errors import GraderFault
from grader.machine.process import Ending, Limits, Process, Usage
from grader.machine.sandbox import Command, Sandbox

ROOM = "/worlds"
ANSWER_SECONDS = 10.0


class Child:
    """A host that the nursery made; the interface of `sandbox.Process`."""

    def __init__(self, stdout: int, stderr: int, status: socket.socket, usage: Usage) -> None:
        self.stdout = stdout
        self.stderr = stderr
        self._status = status
        self._usage = usage
        self._born: tuple[int, int] | None = None  # pid and a descriptor that stays its own
        self._ending: Ending | None = None

    @property
    def pid(self) -> int:
        """The namespace's first process, as seen from here."""
        return self._birth()[0]

    def _birth(self) -> tuple[int, int]:
        if self._born is None:
            self._status.settimeout(ANSWER_SECONDS)
            try:
                word = self._status.recv(4)
            except OSError as error:
                raise GraderFault(f"the nursery did not make a host: {error}") from error
            pid = int.from_bytes(word, "big")
            if len(word) < 4:  # the nursery itself ended before it made one
                self._born = 0, -1
                self._ending = Ending("killed", signal.SIGKILL)
                self._status.close()
                return self._born
            try:
                self._born = pid, os.pidfd_open(pid)
            except ProcessLookupError:  # it ended at once, and was reaped already
                self._born = pid, -1
                self._ending = _ending(self._status.recv(4))
                self._status.close()
        return self._born

    def inner_pid(self) -> int | None:
        """The host's own pid: the one child of the namespace's first process."""
        try:
            children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        except OSError:
            return None
        return int(children[0]) if children else None

    def signal(self, number: int) -> None:
        pid = self.inner_pid()
        if pid is not None:
            os.kill(pid, number)

    def condemn(self) -> None:
        """Begin to end it: the first process of the namespace dies, and all others with it."""
        _, handle = self._birth()
        if self._ending is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)

    def kill(self) -> None:
        """End it and all that it started; returns when they are gone."""
        self.condemn()
        if self.wait(ANSWER_SECONDS) is None:
            raise GraderFault(f"process {self.pid} could not be ended")

    def wait(self, timeout: float | None) -> Ending | None:
        _, handle = self._birth()
        if self._ending is None:
            ready, _, _ = select.select([self._status], [], [], timeout)
            if ready:
                self._ending = _ending(self._status.recv(4))
                self._status.close()
                os.close(handle)
        return self._ending

    def over_limit(self) -> bool:
        """Look at what all its processes use; end it and answer True if that is too much."""
        if self._ending is None:
            exceeded = self._usage.exceeded(self.pid)
            if exceeded:
                self.kill()
                self._ending = Ending(exceeded, signal.SIGKILL)
        return self._ending is not None and self._ending.kind in ("memory", "disk")


def _ending(word: bytes) -> Ending:
    """From the wait status of the namespace's first process, which ends as the host did."""
    if len(word) < 4:
        return Ending("killed", signal.SIGKILL)
    code = os.waitstatus_to_exitcode(int.from_bytes(word, "big"))
    if code < 0:
        return Ending("killed", -code)
    if code == 128 + signal.SIGXCPU:
        return Ending("cpu", signal.SIGXCPU)
    return Ending("signaled", code - 128) if 128 < code <= 128 + 64 else Ending("exited", code)


def resources(limits: Limits) -> dict[str, int]:
    """The limits that the kernel keeps for each process, by the names of the module `resource`."""
    return {
        "RLIMIT_DATA": limits.memory,
        "RLIMIT_NPROC": limits.processes,
        "RLIMIT_NOFILE": limits.open_files,
        "RLIMIT_FSIZE": limits.file_size,
        "RLIMIT_CPU": limits.cpu_seconds,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 65536,
        "RLIMIT_MSGQUEUE": 65536,
    }


class Nursery:
    """The warm process of one run."""

    def __init__(self, sandbox: Sandbox, command: Command) -> None:
        self._control, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(ANSWER_SECONDS)
        with far:
            self._process: Process = sandbox.start_nursery(command, far.fileno())
        self._seccomp = sandbox.filter.hex()
        self._root = sandbox.root

    def start(
        self, workdir: Path, user: int, limits: Limits, environment: Mapping[str, str], channel: int
    ) -> Child:
        """One host on one working directory."""
        order = {
            "workdir": str(workdir),
            "user": user,
            "tmp_bytes": limits.tmp_bytes,
            "limits": resources(limits),
            "seccomp": self._seccomp,
            "environment": dict(environment),
        }
        out, out_far = os.pipe()
        err, err_far = os.pipe()
        if self._root:  # so that it can open /dev/stdout
            os.fchown(out_far, user, user)
            os.fchown(err_far, user, user)
        status, status_far = socket.socketpair()
        far = [channel, out_far, err_far, status_far.fileno()]
        try:
            socket.send_fds(self._control, [json.dumps(order).encode()], far)
        except OSError as error:
            raise GraderFault(f"the nursery has ended: {error}\n{self.words()}") from error
        finally:
            os.close(out_far)
            os.close(err_far)
            status_far.close()
        os.set_blocking(out, False)
        os.set_blocking(err, False)
        return Child(out, err, status, Usage(limits, [workdir]))

    def words(self) -> str:
        """What it printed, for a fault."""
        said = b""
        for stream in (self._process.stdout, self._process.stderr):
            with contextlib.suppress(BlockingIOError):
                said += os.read(stream, 4096)
        return said.decode("utf-8", "replace")

    def close(self) -> None:
        self._control.close()
        self._process.kill()
        os.close(self._process.stdout)
        os.close(self._process.stderr)
