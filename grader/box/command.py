"""A command in a box, seen from outside: what goes into it, what comes out, how it ended.

Its ending is the kernel's word, told by the keeper on a pipe of the command's own; what it prints is
kept up to a bound. Every wait has a deadline. A command's pid is its pid in the box.
"""

from __future__ import annotations

import os
import select
import signal as signals
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from grader.box.door import Door, milliseconds
from grader.bridge.faults import Crashed, ExpectationUnmet, NotBuilt, TimedOut, WrongAnswer

MOST_OUTPUT = 16 << 20
PATIENCE = 4.0  # seconds for one wait: a submission that hangs shall not take all of a test's time
NOT_BUILT = b"cask: not built yet: "  # what the kit prints when it meets a stub
ENGINE_FAILED = 125
WORD = struct.Struct("i")


class Home(Protocol):
    """What a command needs of its box."""

    door: Door

    def deadline(self) -> float: ...
    def note(self, line: str) -> None: ...


@dataclass(frozen=True)
class Result:
    """How a command ended and what it printed."""

    status: int  # as a shell says it: the exit code, or 128 + the signal
    stdout: bytes
    stderr: bytes
    raw: int  # the word that waitpid gave


class SilentCommand(ExpectationUnmet):
    """The command ended without printing what was waited for."""


class BoxProcess:
    """A started command."""

    def __init__(
        self,
        home: Home,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: str,
        fds: Mapping[int, int],
    ) -> None:
        self._home = home
        self._name = " ".join(argv)
        self._out = {1: bytearray(), 2: bytearray()}
        self._ends: dict[int, int] = {}  # what we read: descriptor -> 1, 2 or 0 for the status
        self._stdin = -1
        self._unsent = bytearray()
        self._closing = False
        self._report = bytearray()
        self._result: Result | None = None
        self.pid = self._start(list(argv), dict(env), cwd, dict(fds))  # in the box

    def send(self, data: bytes) -> None:
        """To its standard input; returns when all of it is in the pipe."""
        self._unsent += data
        self._pump(lambda: not self._unsent or self._ended(), self._until(None), "read its input")

    def close_stdin(self) -> None:
        self._closing = True
        self._flush()

    def read_until(self, mark: bytes, stream: int = 1, timeout: float | None = None) -> bytes:
        """What it printed up to and with `mark`, taken off; fails when it ends without."""
        got = self._out[stream]
        self._pump(lambda: mark in got or self._ended(), self._until(timeout), f"print {mark!r}")
        if mark not in got:
            self._drain()
        if mark not in got:
            self._judge_todo(self.wait())
            raise SilentCommand(f"{self._name}: ended without printing {mark!r}: {bytes(got)!r}")
        end = got.index(mark) + len(mark)
        taken = bytes(got[:end])
        del got[:end]
        return taken

    def wait(self, timeout: float | None = None) -> Result:
        """Its end; what it printed and nobody has taken yet comes with it."""
        if self._result is None:
            self._pump(self._ended, self._until(timeout), "end")
            self._drain()
            (raw,) = WORD.unpack_from(self._report)
            code = os.waitstatus_to_exitcode(raw)
            status = code if code >= 0 else 128 - code
            self._result = Result(status, bytes(self._out[1]), bytes(self._out[2]), raw)
            self._home.note(f"{self._name} ended with status {status}")
            self.release()
        self._judge_todo(self._result)
        return self._result

    def running(self) -> bool:
        """Whether it has not ended yet."""
        self._step(0)
        return not self._ended()

    def signal(self, name: str) -> None:
        """`signal("TERM")`; a process that has ended already gets none."""
        number = signals.Signals[f"SIG{name.removeprefix('SIG')}"]
        if self.running():
            self._home.note(f"sent {number.name} to {self._name}")
            self._home.door.ask("signal", self._home.deadline(), pid=self.pid, number=int(number))

    def kill(self) -> Result:
        """kill -9, and its end."""
        self.signal("KILL")
        return self.wait()

    def release(self) -> None:
        """Close our ends of its pipes."""
        for descriptor in [*self._ends, *([self._stdin] if self._stdin >= 0 else [])]:
            os.close(descriptor)
        self._ends.clear()
        self._stdin = -1

    # -- the pipes ----------------------------------------------------------------------------

    def _start(self, argv: list[str], env: dict[str, str], cwd: str, fds: dict[int, int]) -> int:
        pipes = [os.pipe() for _ in range(4)]
        (stdin, self._stdin), (out, stdout), (err, stderr), (word, report) = pipes
        theirs = {0: stdin, 1: stdout, 2: stderr, **fds}
        self._ends = {out: 1, err: 2, word: 0}
        for descriptor in (self._stdin, *self._ends):
            os.set_blocking(descriptor, False)
        try:
            answer = self._home.door.ask(
                "spawn",
                self._home.deadline(),
                (report, *theirs.values()),
                argv=argv,
                env=env,
                cwd=cwd,
                targets=list(theirs),
                session=True,
            )
        finally:
            for descriptor in (stdin, stdout, stderr, report):
                os.close(descriptor)
        return int(answer)

    def _until(self, timeout: float | None) -> float:
        patience = PATIENCE if timeout is None else timeout
        return min(self._home.deadline(), time.monotonic() + patience)

    def _ended(self) -> bool:
        return len(self._report) >= WORD.size

    def _pump(self, done: Callable[[], bool], deadline: float, what: str) -> None:
        """Move bytes until `done` or the deadline."""
        while not done():
            left = deadline - time.monotonic()
            if left <= 0:
                said = bytes(self._out[1][-500:] + self._out[2][-500:])
                raise TimedOut(f"{self._name} did not {what} in time; it printed {said!r}")
            self._step(left)

    def _step(self, seconds: float) -> None:
        poll = select.poll()
        for descriptor in self._ends:
            poll.register(descriptor, select.POLLIN)
        if self._unsent:
            poll.register(self._stdin, select.POLLOUT)
        for descriptor, _ in poll.poll(milliseconds(seconds)):
            if descriptor in self._ends:
                self._read(descriptor)
            else:
                self._flush()

    def _read(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, 1 << 16)
        except BlockingIOError:
            return
        stream = self._ends[descriptor]
        if not data:
            del self._ends[descriptor]
            os.close(descriptor)
            if stream == 0 and not self._ended():
                raise Crashed(self._home.door.why())
        elif stream == 0:
            self._report += data
        else:
            self._out[stream] += data
            if len(self._out[stream]) > MOST_OUTPUT:
                raise WrongAnswer(f"{self._name} printed more than {MOST_OUTPUT >> 20} MiB")

    def _flush(self) -> None:
        """Write what fits; close when all is written and nothing more is to come."""
        if self._stdin < 0:
            return
        try:
            while self._unsent:
                del self._unsent[: os.write(self._stdin, self._unsent)]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._unsent.clear()
        if self._closing:
            os.close(self._stdin)
            self._stdin = -1

    def _drain(self) -> None:
        """What lies in the pipes already; children that still hold them are not waited for."""
        for descriptor in [d for d, stream in self._ends.items() if stream]:
            while descriptor in self._ends:
                before = len(self._out[self._ends[descriptor]])
                self._read(descriptor)
                if descriptor in self._ends and len(self._out[self._ends[descriptor]]) == before:
                    break

    def _judge_todo(self, result: Result) -> None:
        """A stub inside the engine is no wrong answer: it is work to come."""
        if result.status == ENGINE_FAILED:
            for line in result.stderr.splitlines():
                if line.startswith(NOT_BUILT):
                    said = line[len(NOT_BUILT) :].decode("utf-8", "replace")
                    raise NotBuilt(f"not built yet ({said})")


def judge_stub(result: Result) -> None:
    """A suite's own program that ran into a stub: work to come, as well."""
    lines = result.stderr.splitlines()
    if result.status == 1 and lines and lines[-1].startswith(b"NotImplementedError: "):
        raise NotBuilt(f"not built yet ({lines[-1].split(b': ', 1)[1].decode('utf-8', 'replace')})")
