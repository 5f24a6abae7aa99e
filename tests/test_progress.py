"""The record of attempts: whole, shared, and never thrown away."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.grading.progress import Progress
from grader.verdict import MilestoneResult, Outcome, Suite, TestResult


def result(
    milestone: str, outcome: Outcome, suites: tuple[Suite, ...] = ("visible", "hidden")
) -> MilestoneResult:
    tests = tuple(TestResult(suite=s, name="t", sentence="", outcome=outcome) for s in suites)
    return MilestoneResult(
        system="s", milestone=milestone, title="A", language="python", points=1, outcome=outcome,
        suites=suites, tests=tests, seconds=0.5,
    )  # fmt: skip


def record(progress: Progress, *results: MilestoneResult, sandboxed: bool = True) -> None:
    for one in results:
        progress.record(one, seed=7, sandboxed=sandboxed, code="abc")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".sfs" / "progress.db"


def test_an_attempt_comes_back_as_it_was(path: Path) -> None:
    """Every field, oldest first, also through another connection."""
    record(Progress(path), result("01-a", "failed"), result("01-a", "passed"))
    first, second = Progress(path).attempts()
    assert (first.outcome, first.passed, first.total) == ("failed", 0, 2)
    assert (second.outcome, second.passed, second.suites) == ("passed", 2, "visible+hidden")
    assert (second.seed, second.seconds, second.sandboxed, second.borrowed, second.code) == (
        7, 0.5, True, False, "abc",
    )  # fmt: skip
    assert second.official


def test_reading_makes_no_file(path: Path) -> None:
    """A folder that cannot be written is no reason not to look."""
    progress = Progress(path)
    assert progress.attempts() == []
    assert progress.latest() == {}
    assert progress.hints_taken("01-a") == 0
    assert not path.parent.exists()


def test_only_official_attempts_count(path: Path) -> None:
    """Visible tests alone, or a run without a sandbox, never take the place of a verdict."""
    progress = Progress(path)
    record(progress, result("01-a", "failed"), result("01-a", "passed", ("visible",)))
    record(progress, result("01-a", "passed"), result("02-b", "passed"), sandboxed=False)
    assert {m: a.outcome for m, a in progress.latest().items()} == {"01-a": "failed"}


def test_without_hidden_suites_the_visible_ones_count(path: Path) -> None:
    """In a class's copy of the course; a sandbox is needed even there."""
    progress = Progress(path)
    record(progress, result("01-a", "failed"), result("01-a", "passed", ("visible",)))
    record(progress, result("02-b", "passed", ("visible",)), sandboxed=False)
    assert {m: a.outcome for m, a in progress.latest(hidden=False).items()} == {"01-a": "passed"}


def test_the_last_attempt_is_the_latest(path: Path) -> None:
    """What passed once and does not now has not passed."""
    progress = Progress(path)
    record(progress, result("01-a", "passed"), result("01-a", "failed"))
    assert progress.latest()["01-a"].outcome == "failed"


def test_hints_are_counted_for_each_milestone(path: Path) -> None:
    """The last number said is kept."""
    progress = Progress(path)
    progress.take_hint("01-a", 1)
    progress.take_hint("01-a", 2)
    progress.take_hint("02-b", 1)
    assert [Progress(path).hints_taken(m) for m in ("01-a", "02-b", "03-c")] == [2, 1, 0]


def test_two_writers_at_once_lose_nothing(path: Path) -> None:
    """Each waits for the other, from the making of the file on."""
    start = threading.Barrier(4)
    troubles: list[Exception] = []

    def write(name: str) -> None:
        start.wait()
        try:
            for _ in range(10):
                record(Progress(path), result(name, "passed"))
        except Exception as trouble:
            troubles.append(trouble)

    writers = [threading.Thread(target=write, args=(f"0{n}-x",)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert troubles == []
    names = [a.milestone for a in Progress(path).attempts()]
    assert {name: names.count(name) for name in names} == {f"0{n}-x": 10 for n in range(4)}


def test_a_writer_that_never_ends_is_not_waited_for_without_end(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some seconds the file is named, and what was recorded is there."""
    record(Progress(path), result("01-a", "passed"))
    monkeypatch.setattr("grader.grading.progress.BUSY_SECONDS", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UsageError, match=r"progress\.db: cannot be used: database is locked"):
        record(Progress(path), result("01-a", "failed"))
    other.close()
    assert [a.outcome for a in Progress(path).attempts()] == ["passed"]


def middle_overwritten(path: Path) -> None:
    record(Progress(path), *[result("01-a", "passed")] * 200)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)


def of_another_program(path: Path) -> None:
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE attempts (score INTEGER)")
    base.close()


@pytest.mark.parametrize(
    "damage",
    [lambda path: path.write_bytes(b"not a database" * 50), middle_overwritten, of_another_program],
    ids=["no database", "overwritten", "another program's"],
)
def test_a_damaged_file_is_set_aside_whole(path: Path, damage: object) -> None:
    """Its content is kept under another name, the user is told, and a new record begins."""
    path.parent.mkdir()
    damage(path)  # type: ignore[operator]
    content = path.read_bytes()
    progress = Progress(path)
    (aside,) = path.parent.glob("progress.db.damaged-*")
    assert aside.read_bytes() == content
    assert aside.name in progress.notice
    record(progress, result("01-a", "passed"))
    assert [a.outcome for a in Progress(path).attempts()] == ["passed"]
    assert Progress(path).notice == ""


def test_a_row_that_is_no_attempt_is_named(path: Path) -> None:
    """Somebody wrote into the file by hand: nothing is guessed."""
    record(Progress(path), result("01-a", "passed"))
    with sqlite3.connect(path) as base:
        base.execute("UPDATE attempts SET passed = 'many'")
    base.close()
    with pytest.raises(UsageError, match=r"progress\.db: cannot be understood") as refused:
        Progress(path).attempts()
    assert "Move that one file away" in refused.value.mend


@pytest.mark.parametrize("block", ["folder", "file in the way"])
def test_a_place_that_cannot_be_written_is_named(path: Path, block: str) -> None:
    """File, reason and mend; the code is said to be untouched."""
    if block == "folder":
        path.mkdir(parents=True)
    else:
        path.parent.write_text("")
    with pytest.raises(UsageError) as refused:
        record(Progress(path), result("01-a", "passed"))
    assert str(path) in refused.value.message
    assert "your code was not touched" in refused.value.mend
