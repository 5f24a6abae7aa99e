"""Two writers at once, killed in turn: what was said to be kept is kept, and nothing is half."""

from __future__ import annotations

import os
import random
import select
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from grader.verdict import MilestoneResult
from tests.chaos.conftest import SEED, share
from tests.chaos.traces import until
from tests.chaos.writers import content, keep, record, replace, replace_own

TURNS = 6  # kills in one round
MOMENT = 0.06  # seconds a writer lives at most once it has written
STEP = 1_000_000  # between the first numbers of two writers


class Nest:
    """Makes writers that become our children's children."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.writers"],
            cwd=Path(__file__).parent.parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def writer(self, kind: str, folder: Path, said: Path, first: int) -> int:
        said.touch()
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{kind} {said} {first} {folder}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            assert stream
            stream.close()
        self.process.wait()


@pytest.fixture(scope="module")
def nest() -> Iterator[Nest]:
    nest = Nest()
    yield nest
    nest.close()


def told(files: list[Path]) -> list[int]:
    """All that writers said they had written; a line without an end was not said."""
    return [int(n) for f in files for n in f.read_bytes().rpartition(b"\n")[0].split()]


def kill_in_turn(nest: Nest, kind: str, folder: Path, number: int) -> list[list[int]]:
    """Two are always at it, until the last one is killed; what each has said."""
    chance = random.Random(f"{SEED} {kind} {number}")
    files, alive = [], []
    for turn in range(TURNS):
        files.append(folder.with_name(f"said-{turn}"))
        alive.append(nest.writer(kind, folder, files[-1], turn * STEP))
        assert until(lambda: files[-1].stat().st_size > 0), "a writer says nothing"
        if turn == 0:
            continue
        until(lambda: False, chance.uniform(0, MOMENT))
        end(alive.pop(chance.randrange(2)))
    end(alive.pop())
    return [told([f]) for f in files]


def end(pid: int) -> None:
    """Kill it, and wait until it is dead: the kernel finishes what it does for it first."""
    descriptor = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    select.select([descriptor], [], [])
    os.close(descriptor)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "the folder"
    folder.mkdir()
    return folder


def recorded(folder: Path) -> list[int]:
    with closing(sqlite3.connect(folder / "progress.db", timeout=10)) as base:
        assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [int(row[0]) for row in base.execute("SELECT code FROM attempts ORDER BY id")]


@pytest.mark.parametrize("number", range(share(0.05)))
def test_every_recorded_attempt_stays(nest: Nest, folder: Path, number: int) -> None:
    """An attempt is in the record once it was said to be, whoever else was killed meanwhile."""
    said = kill_in_turn(nest, "record", folder, number)
    story = f"seed {SEED}, round {number}"
    kept = recorded(folder)
    assert len(kept) == len(set(kept)), story
    for numbers in said:
        assert numbers, story
        mine = [n for n in kept if n // STEP == numbers[0] // STEP]
        assert mine[: len(numbers)] == numbers, story
        assert len(mine) <= len(numbers) + 1, story
    record(folder, 7)
    assert recorded(folder) == [*kept, 7]
    assert sorted(p.name for p in folder.iterdir()) == ["progress.db"], story


@pytest.mark.parametrize(
    ("kind", "write", "decode"),
    [
        ("keep", keep, lambda data: msgspec.json.decode(data, type=MilestoneResult)),
        ("replace", replace, lambda data: content(int(data[:8]))),
        ("own", replace_own, lambda data: content(int(data[:8]))),
    ],
)
@pytest.mark.parametrize("number", range(share(0.025)))
def test_a_file_is_always_whole(
    nest: Nest,
    folder: Path,
    kind: str,
    write: Callable[[Path, int], None],
    decode: Callable[[bytes], object],
    number: int,
) -> None:
    """Whoever dies while writing; and the next one to write there clears up."""
    kill_in_turn(nest, kind, folder, number)
    story = f"seed {SEED}, {kind}, round {number}"
    for path in folder.glob("[!.]*"):
        told = decode(path.read_bytes())
        assert told == path.read_bytes() or isinstance(told, MilestoneResult), story
    write(folder, 1)
    left = [p.name for p in folder.glob(".*")]
    assert not left, f"{story}: half written: {left}"
