"""Real sandboxes: small Python jobs are run confined, in each of the two ways hosts are made."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grader.bridge import nursery
from grader.bridge.building import HOSTS
from grader.bridge.nursery import Child, Nursery
from grader.course.languages import LANGUAGES
from grader.errors import SandboxUnavailable
from grader.machine import procfs
from grader.machine.process import Ending, Limits, Process
from grader.machine.sandbox import Command, Mount, Sandbox

HERE = Path(__file__).parent
PATIENCE = 20.0  # seconds that a job of these tests may take on a busy machine
MARK = "SFS_TEST_MARK"
ENVIRONMENT = {"HOME": "/tmp", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}


@dataclass(frozen=True)
class Ran:
    """How a job ended, and what it printed."""

    ending: Ending
    out: str
    err: str

    def told(self) -> Any:
        """What the job printed as JSON; its traceback if it failed instead."""
        assert self.ending == Ending("exited", 0), (self.ending, self.err)
        return json.loads(self.out)


class Room:
    """Makes working directories under `home`, and runs jobs in them."""

    def __init__(self, sandbox: Sandbox, home: Path, way: str) -> None:
        self.sandbox = sandbox
        self.way = way
        self.home = home
        runtime = LANGUAGES["python"].runtime(os.environ)
        self.python = runtime.argv[0]
        self.mounts = (
            *(Mount(source, target) for source, target in runtime.mounts),
            Mount(HERE / "job_runner.py", "/sfs/host.py"),
        )
        self._nursery = self._open() if way == "raised" else None

    def _open(self) -> Nursery:
        mounts = (*self.mounts, Mount(HOSTS / "nursery.py", "/sfs/nursery.py"))
        command = Command(
            argv=(self.python, "-I", "-S", "-B", "/sfs/nursery.py"),
            mounts=(*mounts, Mount(self.home, nursery.ROOM, writable=True)),
            environment=ENVIRONMENT,
        )
        return Nursery(self.sandbox, command)

    def close(self) -> None:
        if self._nursery:
            self._nursery.close()

    def begin(self, job: str, *, mark: str = "", **more: Any) -> Process | Child:
        """Start a job; the caller ends it with `finish`. It waits for its text until it is watched."""
        work = self.home / f"work-{secrets.token_hex(4)}"
        work.mkdir()
        work.chmod(0o777)
        process = self._start(work, mark, more)
        process.over_limit()
        (work / "job.new").write_text(textwrap.dedent(job))
        (work / "job.new").rename(work / "job.py")
        return process

    def _start(self, work: Path, mark: str, more: dict[str, Any]) -> Process | Child:
        limits = more.pop("limits", Limits())
        environment = {**ENVIRONMENT, **({MARK: mark} if mark else {})}
        if self._nursery:
            with contextlib.closing(socket.socket()) as channel:
                user = secrets.randbelow(1 << 20) + (1 << 21)
                return self._nursery.start(work, user, limits, environment, channel.fileno())
        return self.sandbox.start(
            Command(
                argv=(self.python, "-I", "-S", "-B", "/sfs/host.py"),
                mounts=(*self.mounts, Mount(work, str(work), writable=True)),
                cwd=str(work),
                environment=environment,
                limits=limits,
                **more,
            )
        )

    def run(self, job: str, **more: Any) -> Ran:
        """Run a job to its end, watching what it uses as a run does."""
        return self.finish(self.begin(job, **more))

    def finish(self, process: Process | Child, seconds: float = PATIENCE) -> Ran:
        """Wait for the end, reading on; a job that takes too long fails the test."""
        out, err = bytearray(), bytearray()
        streams = [(process.stdout, out), (process.stderr, err)]
        end = time.monotonic() + seconds
        ending = None
        try:
            while ending is None and time.monotonic() < end:
                process.over_limit()
                ending = process.wait(0.02)
                _read_on(streams)
            assert ending is not None, f"still running; it said {out!r} {err!r}"
            return Ran(ending, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))
        finally:
            self.end(process)

    def end(self, process: Process | Child) -> None:
        process.kill()
        os.close(process.stdout)
        os.close(process.stderr)

    def await_output(self, process: Process | Child, wanted: bytes) -> None:
        """Until the process has printed this."""
        said, end = bytearray(), time.monotonic() + PATIENCE
        while wanted not in said:
            assert time.monotonic() < end, f"it only said {said!r}"
            _read_on([(process.stdout, said)])
            time.sleep(0.002)

    def await_none_left(self, mark: str, seconds: float = 5.0) -> None:
        """Until no process carries the mark any more."""
        end = time.monotonic() + seconds
        while left := procfs.marked(f"{MARK}={mark}"):
            assert time.monotonic() < end, [procfs.children(p) for p in left]
            time.sleep(0.01)


def _read_on(streams: list[tuple[int, bytearray]]) -> None:
    for descriptor, kept in streams:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(descriptor, 1 << 16):
                kept += data


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    try:
        return Sandbox.detect(os.environ)
    except SandboxUnavailable as error:
        pytest.skip(f"{error.message}. {error.mend}")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("worlds")
    path.chmod(0o755)
    return path


@pytest.fixture(scope="session", params=["started", "raised"])
def room(request: pytest.FixtureRequest, sandbox: Sandbox, home: Path) -> Iterator[Room]:
    room = Room(sandbox, home, request.param)
    yield room
    room.close()


@pytest.fixture(scope="session")
def started(sandbox: Sandbox, home: Path) -> Room:
    return Room(sandbox, home, "started")


@pytest.fixture
def mark() -> str:
    return secrets.token_hex(8)
