"""Nothing stays behind when any process of a run dies by `kill -9`, whenever that happens."""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from grader.machine import procfs
from grader.machine.process import TOKEN

MARK = "SFS_TEST_MARK"
TRIES = int(os.environ.get("SFS_KILL_TRIES", "40"))  # more for a thorough search
START_UP = 0.02  # seconds in which bubblewrap sets up the enclosure
WHOLE = 0.25  # ... in which the hosts are running as well
NOTICE = 0.1  # that the runner gets to notice the death of another


class Nest:
    """Forks runners; one at a time."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("killed_run.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._line() == "ready"

    def _line(self) -> str:
        stream: IO[str] | None = self.process.stdout
        assert stream is not None
        return stream.readline().strip()

    def runner(self, mark: str) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write(mark + "\n")
        self.process.stdin.flush()
        return int(self._line())

    def await_over(self) -> None:
        assert self._line() == "over"

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@pytest.fixture(scope="module")
def nest(sandbox: Any) -> Iterator[Nest]:
    nest = Nest()
    yield nest
    nest.close()


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")[-200:]
    except OSError:
        return "gone"


def await_none(mark: str, story: str = "") -> None:
    end = time.monotonic() + 5
    while left := procfs.marked(f"{MARK}={mark}"):
        assert time.monotonic() < end, (story, [title(pid) for pid in left])
        time.sleep(0.005)


@pytest.mark.parametrize("number", range(TRIES))
def test_nothing_is_left(nest: Nest, number: int) -> None:
    """The runner, bubblewrap, the namespace's first process, the trusted one, a host: any of them."""
    moment = random.uniform(0, START_UP if number % 2 else WHOLE)
    mark = secrets.token_hex(8)
    runner = nest.runner(mark)
    time.sleep(moment)
    alive = procfs.marked(f"{MARK}={mark}")
    victim = random.choice([runner, *alive])
    story = f"{victim} killed after {moment:.4f} s of {runner} {alive}: {title(victim)}"
    kill(victim)
    if victim != runner:
        time.sleep(NOTICE)
        kill(runner)
    nest.await_over()
    await_none(mark, story)


@pytest.mark.parametrize("number", range(TRIES // 2))
def test_nothing_is_left_of_a_host_without_an_enclosure(nest: Nest, number: int) -> None:
    """Whoever started it is killed while it starts, or later."""
    moment = random.uniform(0, START_UP)
    mark = secrets.token_hex(8)
    runner = nest.runner(f"{mark} alone")
    time.sleep(moment)
    kill(runner)
    nest.await_over()
    await_none(mark, f"killed after {moment:.4f} s")


def test_the_runner_s_death_is_enough(nest: Nest) -> None:
    """In the middle of a run, which does nothing about it itself."""
    mark = secrets.token_hex(8)
    runner = nest.runner(mark)
    end = time.monotonic() + 10
    while len(procfs.marked(f"{MARK}={mark}")) < 12 and time.monotonic() < end:
        time.sleep(0.01)
    kill(runner)
    nest.await_over()
    await_none(mark)


def test_what_a_killed_bubblewrap_could_not_name_is_found(nest: Nest) -> None:
    """Killed before it told its child's pid, it leaves the child waiting for it for ever."""
    for _ in range(5):
        mark = secrets.token_hex(8)
        runner = nest.runner(mark)
        end = time.monotonic() + 5
        while not (children := procfs.children(runner)) and time.monotonic() < end:
            pass
        for pid in children:
            kill(pid)
        nest.await_over()
        await_none(mark)


def test_every_bubblewrap_can_be_found_again(nest: Nest) -> None:
    """By the token in its environment, which the code under test does not get."""
    mark = secrets.token_hex(8)
    runner = nest.runner(mark)
    end = time.monotonic() + 10
    names: list[list[str]] = []
    while sum(name == ["sleep", "1000"] for name in names) < 6 and time.monotonic() < end:
        names = [
            Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
            for pid in procfs.marked(f"{MARK}={mark}")
        ]
        time.sleep(0.01)
    told = [
        Path(f"/proc/{pid}/environ").read_text()
        for pid in procfs.marked(f"{MARK}={mark}")
        if Path(f"/proc/{pid}/cmdline").read_text().startswith("sleep")
    ]
    kill(runner)
    nest.await_over()
    await_none(mark)
    assert len(told) == 6
    assert not [text for text in told if f"{TOKEN}=" in text]
