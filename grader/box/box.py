"""The box: a private computer for one test, made without any privilege over the machine.

A suite runs commands in it and looks at it from outside: processes, mounts, files, signals. Pids and
paths are those of the box. Nothing in the box can reach the machine, the suites or the answers given
here, and all of it is gone when it closes. What a machine cannot offer is a level, never a failure.
"""

from __future__ import annotations

import base64
import os
import signal as signals
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from grader.box.command import WORD, BoxProcess, Result, judge_stub
from grader.box.door import OPENING_SECONDS, Door, NotDone, owner_here, system_folders
from grader.box.plan import CASK, ENVIRONMENT, FULL, NONE, SMALL, BoxLimits, plan, room
from grader.box.views import MountEntry, ProcessEntry, mount_entries, process_entry, status_fields
from grader.bridge.faults import ExpectationUnmet
from grader.course.languages import MEBI
from grader.errors import SandboxUnavailable
from grader.machine import seccomp
from grader.machine.sandbox import Mount

USUAL = BoxLimits()
ROOMY = BoxLimits(memory=2048 * MEBI, processes=1000, descriptors=1024, cpu=24 * 3600)
POLL_SECONDS = 0.002  # between two looks at something that is about to happen
SETTLE_SECONDS = 2.0  # for processes that are just ending
INIT = 1


class NotThere(ExpectationUnmet):
    """A process or a path that the suite looks at does not exist in the box."""


class Box:
    """One private computer. `start` returns at once; the first question waits until it is up."""

    def __init__(self, door: Door, mounts: Sequence[Mount], interpreter: str) -> None:
        self.door = door
        self.interpreter = interpreter  # the Python of the box, as a path in it
        self.room = room(system_folders(), mounts, interpreter)
        self._deadline = float("inf")
        self._journal: Callable[[str], None] = lambda line: None
        self._commands: list[BoxProcess] = []
        self._clean: dict[str, set[Any]] = {}
        self._rootfs = 0

    @classmethod
    def start(
        cls,
        mounts: Sequence[Mount],
        interpreter: str,
        *,
        bans: Sequence[str] = (),
        limits: BoxLimits = USUAL,
    ) -> Box:
        """A new box with these mounts: the submission at /code, the runtime, a working directory.

        `interpreter` runs `cask`; `bans` are modules the submission may not import.
        """
        drawn = plan(
            mounts,
            owner_here(),
            interpreter=interpreter,
            bans=bans,
            limits=limits,
            seccomp=seccomp.program(os.uname().machine, namespaces=True),
            system=system_folders(),
        )
        return cls(Door(drawn), mounts, interpreter)

    def begin(self, seconds: float, note: Callable[[str], None] = lambda line: None) -> None:
        """The test starts now: its time runs, and what it does in the box is noted for its report."""
        self._deadline = time.monotonic() + seconds
        self._journal = note
        self.door.open(time.monotonic() + OPENING_SECONDS)

    def close(self) -> None:
        """End everything in the box; harmless when called twice."""
        for command in self._commands:
            command.release()
        self.door.close()

    def deadline(self) -> float:
        return self._deadline

    def note(self, line: str) -> None:
        self._journal(line)

    def level(self) -> int:
        """3: a range of ids; 2: root's id only, and nobody to change to."""
        return FULL if self.door.ranged else SMALL

    # -- commands -----------------------------------------------------------------------------

    def run(
        self,
        argv: Sequence[str],
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: str = "/",
        timeout: float | None = None,
        fds: Mapping[int, int] | None = None,
    ) -> Result:
        """Run a command to its end. `fds` hands it more open descriptors: number there -> ours."""
        command = self.popen(argv, env=env, cwd=cwd, fds=fds)
        if stdin:
            command.send(stdin)
        command.close_stdin()
        return command.wait(timeout)

    def popen(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        cwd: str = "/",
        fds: Mapping[int, int] | None = None,
    ) -> BoxProcess:
        """Start a command and talk to it."""
        self._remember_once()
        environment = ENVIRONMENT if env is None else env
        command = BoxProcess(self, argv, environment, cwd, fds or {})
        self._commands.append(command)
        return command

    def cask(self, arguments: Sequence[str], **how: Any) -> Result:
        """Run the learner's engine to its end; `how` as for `run`."""
        return self.run([CASK, *arguments], **how)

    def start_cask(self, arguments: Sequence[str], **how: Any) -> BoxProcess:
        """Start the learner's engine; `how` as for `popen`."""
        return self.popen([CASK, *arguments], **how)

    def python(self, program: str, *arguments: str, **how: Any) -> Result:
        """Run a program of the suite's that imports the learner's modules."""
        result = self.run(self.python_command(program, *arguments), **how)
        judge_stub(result)
        return result

    def python_command(self, program: str, *arguments: str) -> list[str]:
        """The command line that runs such a program."""
        head = "import sys; sys.path.insert(0, '/code')\n"
        return [self.interpreter, "-I", "-S", "-B", "-c", head + program, *arguments]

    # -- files --------------------------------------------------------------------------------

    def write(self, path: str, data: bytes = b"", mode: int = 0o644) -> str:
        """Make a file; returns its path."""
        self._ask("write", path, data=base64.b64encode(data).decode(), mode=mode)
        return self._expect(path)

    def read(self, path: str) -> bytes:
        return base64.b64decode(self._ask("read", path))

    def mkdir(self, path: str, mode: int = 0o755) -> str:
        """Make a directory and those above it; returns its path."""
        self._ask("mkdir", path, mode=mode)
        return self._expect(path)

    def symlink(self, target: str, path: str) -> str:
        """Make a symbolic link at `path`, as `ln -s target path`; returns its path."""
        self._ask("symlink", path, target=target)
        return self._expect(path)

    def exists(self, path: str) -> bool:
        """Whether there is anything at `path`, a dangling link included."""
        return bool(self._ask("exists", path))

    def listdir(self, path: str) -> list[str]:
        return [str(name) for name in self._ask("listdir", path)]

    def identity(self, path: str) -> tuple[int, int]:
        """(device, inode): equal exactly when two paths lead to the same file."""
        device, inode = self._ask("identity", path)
        return device, inode

    def rootfs(self, name: str = "") -> str:
        """A fresh root directory for a container, as `room` makes it: the box's programs, nothing else."""
        self._rootfs += 1
        root = f"/srv/{name or f'rootfs{self._rootfs}'}"
        for folder in self.room.folders:
            self.mkdir(root + folder, 0o1777 if folder == "/tmp" else 0o755)
        for path, target in self.room.links:
            self.symlink(target, root + path)
        for path in self.room.binds:
            self.bind(path, root + path)
        return root

    def bind(self, source: str, target: str, *, writable: bool = False) -> None:
        """Mount a directory of the box at another place of it."""
        self.mkdir(target)
        before = self._now()["mounts"]
        self._ask("bind", source, target=target, writable=writable)
        if self._clean:
            self._clean["mounts"] |= self._now()["mounts"] - before
            self._clean["files"].discard(target)  # covered now: no file of the box's own

    # -- looking at it from outside -----------------------------------------------------------

    def processes(self) -> list[ProcessEntry]:
        """Every process in the box and in the namespaces below it, zombies too; without its init."""
        answer = self._ask("processes")
        found = [process_entry(status, command) for status, command in answer]
        return sorted((p for p in found if p.pid != INIT), key=lambda p: p.pid)

    def children(self, pid: int) -> list[int]:
        return [p.pid for p in self.processes() if p.ppid == pid]

    def status(self, pid: int) -> dict[str, str]:
        """/proc/PID/status, field by field."""
        return status_fields(self._look(pid, "status"))

    def descriptors(self, pid: int) -> dict[int, str]:
        """Open descriptors: number -> what it is."""
        links = self._of(pid, "links", name="fd")
        return {
            int(number): link for number, link in sorted(links.items(), key=lambda i: int(i[0]))
        }

    def namespaces(self, pid: int) -> dict[str, int]:
        """Kind -> inode number, as `ls -l /proc/PID/ns` has it."""
        links = self._of(pid, "links", name="ns")
        return {kind: int(link.partition("[")[2].rstrip("]")) for kind, link in links.items()}

    def mountinfo(self, pid: int) -> list[MountEntry]:
        """The mounts that a process sees."""
        return mount_entries(self._look(pid, "mountinfo"))

    def mounts(self) -> list[MountEntry]:
        """The mounts of the box itself."""
        return self.mountinfo(INIT)

    def root_of(self, pid: int) -> tuple[int, int]:
        """Identity of the directory that is "/" for a process."""
        device, inode = self._of(pid, "root_of")
        return device, inode

    def signal(self, pid: int, name: str) -> None:
        """Send a signal to any process of the box."""
        number = signals.Signals[f"SIG{name.removeprefix('SIG')}"]
        self._of(pid, "signal", number=int(number))

    def until(
        self, condition: Callable[[], bool], what: str, timeout: float = SETTLE_SECONDS
    ) -> None:
        """Wait until `condition` holds; at most `timeout` seconds, then the test fails."""
        end = min(time.monotonic() + timeout, self._deadline)
        while not condition():
            if time.monotonic() >= end:
                raise ExpectationUnmet(f"{what}: not within {timeout:g} s")
            time.sleep(POLL_SECONDS)

    def settle(self, command: BoxProcess) -> None:
        """Wait until a command has dealt with every signal it got and sleeps again, or has ended."""

        def settled() -> bool:
            if not command.running():
                return True
            try:
                status = self.status(command.pid)
            except NotThere:
                return False  # it is just ending
            pending = int(status["SigPnd"], 16) | int(status["ShdPnd"], 16)
            return status["State"].startswith("S") and not pending

        self.until(settled, "it has dealt with its signals")

    # -- what is left behind ------------------------------------------------------------------

    def leaks(self, timeout: float = SETTLE_SECONDS) -> dict[str, list[str]]:
        """What exists beyond what the box started with and the suite put there; {} when it is clean.

        Looks again for a while when it is not, because processes take a moment to end.
        """
        self._remember_once()
        end = min(time.monotonic() + timeout, self._deadline)
        while True:
            now = self._now()
            more = {k: sorted(map(str, v - self._clean[k])) for k, v in now.items()}
            lost = {f"lost {k}": sorted(map(str, self._clean[k] - v)) for k, v in now.items()}
            found = {kind: items for kind, items in {**more, **lost}.items() if items}
            if not found or time.monotonic() >= end:
                return found
            time.sleep(POLL_SECONDS)

    def remember(self) -> None:
        """Take what is there now as clean."""
        self._clean = self._now()

    def _remember_once(self) -> None:
        if not self._clean:
            self.remember()

    def _now(self) -> dict[str, set[Any]]:
        return {
            "processes": set(self.processes()),
            "mounts": set(self.mounts()),
            "files": set(self._ask("files")),
        }

    def _expect(self, path: str) -> str:
        """The suite made this itself, so it is no leak."""
        if self._clean:
            places = (PurePosixPath(path), *PurePosixPath(path).parents)
            self._clean["files"] |= {str(place) for place in places[:-1]}
        return path

    # -- questions ----------------------------------------------------------------------------

    def _look(self, pid: int, name: str) -> str:
        return str(self._of(pid, "look", name=name))

    def _of(self, pid: int, op: str, **given: Any) -> Any:
        try:
            return self.door.ask(op, self._deadline, pid=pid, **given)
        except NotDone as error:
            raise NotThere(f"process {pid} of the box: {error}") from None

    def _ask(self, op: str, path: str | None = None, **given: Any) -> Any:
        if path is not None:
            given["source" if op == "bind" else "path"] = path
        try:
            return self.door.ask(op, self._deadline, **given)
        except NotDone as error:
            raise NotThere(f"{path} in the box: {error}") from None


def probe(
    mounts: Sequence[Mount] = (), interpreter: str = "/usr/bin/python3"
) -> tuple[int, list[str]]:
    """Which boxes this machine offers: the level, and what stands in the way of a higher one."""
    try:
        box = Box.start(mounts, interpreter)
        try:
            box.begin(OPENING_SECONDS)
        finally:
            box.close()
    except (SandboxUnavailable, OSError) as error:
        return NONE, [str(error)]
    if box.level() == FULL:
        return FULL, []
    return SMALL, [
        "only one user id; for more: a range in /etc/subuid and newuidmap (Debian: uidmap)"
    ]


def interactive(mounts: Sequence[Mount], interpreter: str, *, term: str = "dumb") -> int:
    """Give the person at this terminal a shell in a fresh box; its exit status. The box ends with it."""
    box = Box.start(mounts, interpreter, limits=ROOMY)
    try:
        box.begin(float("inf"))
        return _at_terminal(box, {**ENVIRONMENT, "TERM": term, "PS1": "box:\\w# "})
    finally:
        box.close()


def _at_terminal(box: Box, environment: Mapping[str, str]) -> int:
    word, report = os.pipe()
    box.door.ask(
        "spawn",
        box.deadline(),
        (report, 0, 1, 2),
        argv=["/bin/sh", "-c", "exec bash --norc -i || exec sh -i"],
        env=dict(environment),
        cwd="/code" if box.exists("/code") else "/root",
        targets=[0, 1, 2],
        session=False,  # it shares our terminal, and takes its foreground as any shell would
    )
    os.close(report)
    with open(word, "rb") as ending:
        raw = ending.read()
    if os.isatty(0):
        signals.signal(signals.SIGTTOU, signals.SIG_IGN)
        os.tcsetpgrp(0, os.getpgrp())
    code = os.waitstatus_to_exitcode(WORD.unpack(raw)[0]) if raw else -9
    return code if code >= 0 else 128 - code
