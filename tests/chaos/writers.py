"""Writes without end, to be killed: each line of its output says what has been written by then.

Started once, it forks a writer for each line of its input (kind, folder, first number), whose pid it
says; so a kill costs no start of an interpreter.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from grader.course import workspace
from grader.grading.cache import Cache
from grader.grading.progress import Progress
from grader.machine import atomic
from grader.verdict import MilestoneResult, TestResult

PAUSE = 0.01  # seconds between two records; a real grader has more to do in between
LARGE = 50_000  # bytes: more than one write to the disk


def result(number: int) -> MilestoneResult:
    """A verdict that can be told from all others."""
    test = TestResult(suite="visible", name="test_it", sentence="It works.", outcome="passed")
    return MilestoneResult(
        system="database-system", milestone="01-pages", title="Pages", language="python", points=8,
        suites=("visible", "hidden"), outcome="passed", tests=(test,), reason=str(number) * 100,
    )  # fmt: skip


def content(number: int) -> bytes:
    """What a whole file looks like."""
    return (b"%08d" % number) * (LARGE // 8)


def record(folder: Path, number: int) -> None:
    time.sleep(PAUSE)
    progress = Progress(folder / "progress.db")
    assert not progress.notice
    progress.record(result(number), seed=number, sandboxed=True, code=str(number))


def keep(folder: Path, number: int) -> None:
    Cache(folder).put(f"{number % 3}", result(number))


def replace(folder: Path, number: int) -> None:
    atomic.write(folder / f"file {number % 3}", content(number))


def replace_own(folder: Path, number: int) -> None:
    workspace.write(folder / f"file {number % 3}", content(number))


KINDS: dict[str, Callable[[Path, int], None]] = {
    "record": record, "keep": keep, "replace": replace, "own": replace_own,
}  # fmt: skip


def main() -> None:
    for line in sys.stdin:
        kind, said, first, folder = line.rstrip("\n").split(" ", 3)
        pid = os.fork()
        if pid == 0:
            _write_on(
                KINDS[kind], Path(folder), int(first), os.open(said, os.O_WRONLY | os.O_APPEND)
            )
        print(pid, flush=True)


def _write_on(write: Callable[[Path, int], None], folder: Path, first: int, said: int) -> None:
    for number in itertools.count(first):
        write(folder, number)
        os.write(said, b"%d\n" % number)


if __name__ == "__main__":
    main()
