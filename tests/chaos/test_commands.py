"""A command that dies by `kill -9` at any moment leaves nothing behind, and the next one works."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.chaos.conftest import SEED, share
from tests.chaos.learner import Learner, broken, solved, stub
from tests.chaos.traces import Machine

pytestmark = pytest.mark.timeout(240)

MINE = b"# my own beginning, which must not be lost\nmine = 1\n"
SECOND = ("record.py", "slotted_page.py")  # what the second milestone adds
SAVES = 0.3  # seconds between two saves while `sfs watch` runs
WATCHED = 2.5  # seconds after which `sfs watch` is killed at the latest
Check = Callable[[Learner, str], None]


@dataclass(frozen=True)
class Deed:
    """A command, what stands there before, and what must hold after it was killed."""

    arguments: tuple[str, ...]
    source: bytes  # page_file.py before
    check: Check
    length: float  # its usual duration in runs of `sfs grade`
    weight: float


def grades(learner: Learner, story: str) -> None:
    """The right verdict comes, though a killed one left what it left, and all attempts are kept."""
    before = learner.attempts()
    told = "1 of 1 passed" in learner.words()  # it was killed after it had recorded
    assert len(before) == int(told) or (not told and len(before) <= 1), story
    assert "1 of 1 passed" in learner.sfs("grade")
    after = learner.attempts()
    assert after[: len(before)] == before, story
    assert [a.outcome for a in after] == ["passed"] * (len(before) + 1), story


def measures(learner: Learner, story: str) -> None:
    assert (learner.db / "page_file.py").read_bytes() == solved(), story
    assert "All visible tests pass" in learner.sfs("test")


def grades_references(learner: Learner, story: str) -> None:
    """The cache that two graders side by side were writing serves the next."""
    assert "2 of 2 passed" in learner.sfs(*DEEDS["references"].arguments)
    assert learner.attempts() == []


def starts(learner: Learner, story: str) -> None:
    """Starting again completes what was begun; what stood there before stays."""
    said = learner.sfs(*DEEDS["start"].arguments)
    assert "To fill in" in said or "is there already" in said, story
    assert (learner.db / "page_file.py").read_bytes() == MINE, story
    assert learner.memory()["begun"] == ["01-pages"], story
    kit = (learner.db / "kit").iterdir()
    assert all(path.stat().st_size > 0 for path in kit), story


def goes_on(learner: Learner, story: str) -> None:
    """A milestone that is remembered as begun has all its files, each of them whole."""
    for name in SECOND:
        path = learner.db / name
        assert path.exists() or "02-records" not in learner.memory()["begun"], story
        assert not path.exists() or path.read_bytes() == stub(name, "02-records"), story
    if "02-records" not in learner.memory()["begun"]:
        learner.sfs("next", "--anyway")
    assert (learner.db / "page_file.py").read_bytes() == MINE, story
    assert "Next: sfs" in learner.sfs()


def replaced(learner: Learner, other: bytes, story: str) -> None:
    """The learner's file is there, or the other one, and then a backup of the learner's."""
    present, kept = (learner.db / "page_file.py").read_bytes(), learner.backups("page_file.py")
    assert present in (MINE, other), story
    assert present == MINE or MINE in kept, story
    assert set(kept) <= {MINE, other}, story


def borrows(learner: Learner, story: str) -> None:
    """What is the reference's is never taken for the learner's own."""
    replaced(learner, solved(), story)
    if (learner.db / "page_file.py").read_bytes() == solved():
        assert "01-pages" in learner.memory()["borrowed"], f"{story}: borrowed, and not noted"
    learner.sfs("borrow", "--yes")
    replaced(learner, solved(), story)
    assert learner.memory()["borrowed"] == ["01-pages"], story
    assert "01-pages              " in learner.sfs() and "borrowed" in learner.words()


def resets(learner: Learner, story: str) -> None:
    replaced(learner, stub(), story)
    learner.sfs("reset", "--yes")
    replaced(learner, stub(), story)
    assert (learner.db / "page_file.py").read_bytes() == stub(), story


def hints(learner: Learner, story: str) -> None:
    """A hint that is remembered was given; the next one comes."""
    said = learner.sfs("hint")
    assert said.startswith("## 1.") or said.startswith("## 2."), story


def still_grades(learner: Learner, story: str) -> None:
    assert learner.attempts() == [], story
    assert "1 of 1 passed" in learner.sfs("grade")


DEEDS = {
    "grade": Deed(("grade",), solved(), grades, 1.1, 0.175),
    "test": Deed(("test",), solved(), measures, 0.9, 0.1),
    "unsafe": Deed(("test", "--unsafe"), solved(), measures, 1.1, 0.05),
    "references": Deed(
        ("grade", "--reference", "database-system/01", "database-system/02", "--lang", "python"),
        solved(), grades_references, 2.0, 0.05,
    ),
    "verify": Deed(("verify", "database-system/01"), solved(), still_grades, 3.0, 0.025),
    "start": Deed(("start", "database-system", "--dir", "db"), MINE, starts, 1.0, 0.075),
    "next": Deed(("next", "--anyway"), MINE, goes_on, 1.0, 0.075),
    "borrow": Deed(("borrow", "--yes"), MINE, borrows, 0.3, 0.05),
    "reset": Deed(("reset", "--yes"), MINE, resets, 0.3, 0.05),
    "hint": Deed(("hint",), MINE, hints, 0.3, 0.025),
}  # fmt: skip


@pytest.fixture(scope="package")
def unit(begun: Learner, tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long a fresh `sfs grade` takes here and now; the measure of all commands."""
    home = tmp_path_factory.mktemp("unit") / "home"
    shutil.copytree(begun.db, home / "db")
    (home / "db" / "page_file.py").write_bytes(solved())
    began = time.monotonic()
    Learner(home).sfs("grade")
    return time.monotonic() - began


def prepare(learner: Learner, deed: Deed) -> None:
    learner.db.mkdir(exist_ok=True)
    (learner.db / "page_file.py").write_bytes(deed.source)


@pytest.mark.parametrize(
    ("name", "number"), [(name, n) for name in DEEDS for n in range(share(DEEDS[name].weight))]
)
def test_a_killed_command_leaves_nothing(
    request: pytest.FixtureRequest, unit: float, name: str, number: int
) -> None:
    """No process, no file, no mount; files and record are whole; the next command is right."""
    deed = DEEDS[name]
    learner: Learner = request.getfixturevalue("newcomer" if name == "start" else "learner")
    prepare(learner, deed)
    chance = random.Random(f"{SEED} {name} {number}")
    machine = Machine(learner.home)
    moment = chance.uniform(0, deed.length * unit)
    command = learner.begin(*deed.arguments)
    status = killed_after(command, moment)
    story = f"seed {SEED}: sfs {name} {number}, killed after {moment:.4f} s: {status}"
    print(story)
    machine.await_clean(story)
    deed.check(learner, story)
    learner.check_files(story)
    machine.await_clean(f"{story}, and the next command")


def killed_after(command: subprocess.Popen[bytes], seconds: float) -> int:
    """How it ended: by the kill, or before it."""
    try:
        return command.wait(seconds)
    except subprocess.TimeoutExpired:
        command.kill()
        return command.wait()


@pytest.mark.parametrize("number", range(share(0.05)))
def test_a_killed_watch_leaves_nothing(learner: Learner, number: int) -> None:
    """While one save comes after the other; the last one stays as it is."""
    chance = random.Random(f"{SEED} watch {number}")
    machine = Machine(learner.home)
    moment = chance.uniform(0, WATCHED)
    end = time.monotonic() + moment
    command = learner.begin("watch")
    versions = [solved(), broken(), solved() + b"\n", broken() + b"\n"]
    saved = solved()
    while (left := end - time.monotonic()) > 0:
        killed = None
        try:
            killed = command.wait(min(left, chance.uniform(0, SAVES)))
        except subprocess.TimeoutExpired:
            saved = chance.choice(versions)
            (learner.db / "page_file.py").write_bytes(saved)
        assert killed is None, learner.words()
    command.kill()
    command.wait()
    story = f"seed {SEED}: sfs watch {number}, killed after {moment:.4f} s"
    machine.await_clean(story)
    assert (learner.db / "page_file.py").read_bytes() == saved, story
    (learner.db / "page_file.py").write_bytes(solved())
    assert "1 of 1 passed" in learner.sfs("grade")
    learner.check_files(story)
