"""Drives a learner's program from outside: start, port, talk, stop, kill -9, start again.

The program is a module with `main(config, ready)`. Its host calls it and reports the port; from then
on everything goes over real sockets on the run's own loopback. All waiting has a deadline, and what
was sent and received is kept for the report.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from grader.bridge.faults import (
    Crashed,
    ExpectationUnmet,
    Judged,
    LearnerError,
    NotBuilt,
    TimedOut,
    WrongAnswer,
)
from grader.bridge.host import WATCH_EVERY, FarError, Host, HostGone, HostSilent
from grader.bridge.proxy import World
from grader.failures.talk import Step
from grader.failures.transcript import show

READY_SECONDS = 5.0
GRACE = 5.0  # seconds between SIGTERM and the end, where the configuration says nothing
READ_SIZE = 1 << 16
EVERYTHING = 1 << 30


class Record(Protocol):
    """Where it is kept what was said and heard: lines for people, steps for a reproduction."""

    steps: list[Step]

    def note(self, line: str, /) -> None: ...


class NoAnswer(ExpectationUnmet):
    """The program did not send what was waited for, before the deadline or before it closed."""


class Connection:
    """One TCP connection to the program; every receive has the test's deadline."""

    def __init__(
        self, port: int, deadline: Callable[[], float], record: Record, watch: Callable[[], None]
    ) -> None:
        self._deadline = deadline
        self._watch = watch  # what the program uses, while it is waited for
        self._note = record.note
        self._steps = record.steps
        self._number = sum(step.kind == "connect" for step in record.steps)
        self._steps.append(Step("connect", self._number))
        self._pending = bytearray()
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=self._left())

    def send(self, data: bytes) -> None:
        """All of `data`, waiting while the program does not read."""
        self._note(f"sent {show(data)}")
        self._steps.append(Step("send", self._number, data))
        rest = memoryview(data)
        while rest:
            self._until(select.POLLOUT)
            self.socket.settimeout(self._left())
            rest = rest[self.socket.send(rest) :]

    def receive_until(self, mark: bytes) -> bytes:
        """Everything up to and including `mark`."""
        searched = 0
        while (at := self._pending.find(mark, searched)) < 0:
            searched = max(0, len(self._pending) - len(mark) + 1)
            self._more(f"{show(mark)} was waited for")
        return self._take(at + len(mark))

    def receive_exactly(self, count: int) -> bytes:
        while len(self._pending) < count:
            self._more(f"{count} bytes were waited for")
        return self._take(count)

    def receive_some(self) -> bytes:
        """At least one byte, or b"" when the program has closed."""
        if not self._pending:
            self._pending += self._read()
        return self._take(len(self._pending))

    def receive_all(self) -> bytes:
        """Everything until the program closes."""
        while data := self._read():
            self._pending += data
        return self._take(len(self._pending))

    def half_close(self) -> None:
        """Say that no more will be sent; receiving goes on."""
        self._note("half-closed: no more will be sent")
        self._steps.append(Step("half-close", self._number))
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        self._note("reset the connection")
        self._steps.append(Step("reset", self._number))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        self.socket.close()

    def __del__(self) -> None:
        """A suite may forget a connection; that is no fault of anybody's."""
        if hasattr(self, "socket"):
            self.socket.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _left(self) -> float:
        return max(0.01, self._deadline() - time.monotonic())

    def _until(self, event: int) -> None:
        """Wait until bytes can go that way, or the deadline has come."""
        poll = select.poll()
        poll.register(self.socket, event)
        while not poll.poll(1000 * min(WATCH_EVERY, self._left())):
            self._watch()
            if time.monotonic() >= self._deadline():
                return
        self._watch()

    def _read(self) -> bytes:
        self._until(select.POLLIN)
        self.socket.settimeout(self._left())
        try:
            return self.socket.recv(READ_SIZE)
        except TimeoutError:
            got = show(bytes(self._pending))
            raise TimedOut(
                f"the program neither answered nor closed; received so far: {got}"
            ) from None

    def _more(self, wanted: str) -> None:
        data = self._read()
        if not data:
            got = show(bytes(self._pending))
            self._note(f"received {got}, then the end")
            raise NoAnswer(f"{wanted}, but the program closed after {got}")
        self._pending += data

    def _take(self, count: int) -> bytes:
        taken = bytes(self._pending[:count])
        del self._pending[:count]
        if taken:
            self._steps.append(Step("receive", self._number, taken))
        self._note(
            f"received {show(taken)}" if taken else "received nothing: the program has closed"
        )
        return taken


class Server:
    """A started program."""

    def __init__(
        self, world: World, host: Host, module: str, config: Mapping[str, Any], record: Record
    ) -> None:
        self._world = world
        self._host = host
        self._module = module
        self._config = dict(config)
        self._record = record
        self._note = record.note
        self.port = self._run()

    def connect(self) -> Connection:
        """A new connection; refused ones fail the test with the program's own output."""
        try:
            return Connection(self.port, self._world.deadline, self._record, self._watch)
        except OSError as error:
            raise NoAnswer(
                f"the program does not accept connections: {error.strerror}\n{self.output}"
            ) from None

    def stop(self) -> int:
        """SIGTERM; the exit code, when the program ends within its grace (else the test fails)."""
        grace = float(self._config.get("grace", GRACE))
        self._note("sent SIGTERM")
        self._host.process.signal(signal.SIGTERM)
        try:
            ending = self._host.wait(min(grace, self._world.deadline() - time.monotonic()))
        except HostGone as error:
            raise Crashed(error.reason) from None
        if ending is None:
            raise NoAnswer(f"the program did not end within {grace:g} s of SIGTERM")
        return ending.code if ending.kind == "exited" else -ending.code

    def _watch(self) -> None:
        try:
            self._host.watch()
        except HostGone as error:
            raise Crashed(error.reason) from None

    def hang_up(self) -> None:
        """SIGHUP."""
        self._host.process.signal(signal.SIGHUP)

    def kill(self) -> None:
        """kill -9."""
        self._note("killed with -9")
        self._host.close()

    def restart(self) -> Server:
        """The same program again, on the same port and files."""
        self._host.close()
        self._config["port"] = self.port
        self._world.restart()
        self._host = self._world.host
        self.port = self._run()
        return self

    @property
    def output(self) -> str:
        """The end of what the program printed so far."""
        return self._host.output()

    def alive(self) -> bool:
        return self._host.process.wait(0) is None

    def descriptors(self) -> int:
        """How many descriptors the program has open."""
        return len(os.listdir(self._proc() / "fd"))

    def threads(self) -> int:
        return len(os.listdir(self._proc() / "task"))

    def memory(self) -> int:
        """Resident bytes."""
        pages = int((self._proc() / "statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE")

    def _proc(self) -> Path:
        pid = self._host.process.inner_pid()
        if pid is None:
            raise Crashed("the program has ended")
        return Path("/proc") / str(pid)

    def _run(self) -> int:
        self._note(f"started {self._module} with {show(self._config)}")
        self._record.steps.append(Step("start", module=self._module, config=self._config))
        deadline = min(self._world.deadline(), time.monotonic() + READY_SECONDS)
        params = {"module": self._module, "config": self._config}
        try:
            answer = self._host.ask("run", params, deadline, _no_callbacks)
        except FarError as error:
            raise _refusal(error) from None
        except HostSilent:
            raise TimedOut(f"main did not call ready(port) in time\n{self.output}") from None
        except HostGone as error:
            raise Crashed(f"{error.reason} before it called ready(port)\n{self.output}") from None
        port = answer.get("port") if isinstance(answer, dict) else None
        if type(port) is not int or not 0 < port < 65536:
            raise WrongAnswer("ready was not given a port number")
        return port


class Programs:
    """The fixture `program`."""

    def __init__(self, world: World, record: Record) -> None:
        self._world = world
        self._record = record
        self._started = False

    def start(self, module: str, config: Mapping[str, Any] | None = None) -> Server:
        """Call `main(config, ready)` of `module` and wait until it is ready.

        Unless `config` says otherwise it holds a loopback host and port 0; a key with the value None
        is left out.
        """
        if self._started:
            raise Judged("one program a test: use restart()")
        self._started = True
        whole = {"host": "127.0.0.1", "port": 0, **(config or {})}
        given = {key: value for key, value in whole.items() if value is not None}
        return Server(self._world, self._world.host, module, given, self._record)


def _refusal(error: FarError) -> BaseException:
    if error.code != -32000:
        return WrongAnswer(error.message)
    found = LearnerError(error.message, error.data)
    if error.data.get("todo") is True:
        return NotBuilt(f"not built yet ({error.message})", found.frames)
    return found


def _no_callbacks(params: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"code": -32010, "message": "a program cannot call the suite"}}
