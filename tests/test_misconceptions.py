"""What a run's failures say about what its author believes."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.errors import CourseError
from grader.failures import misconceptions
from grader.failures.misconceptions import Misconception, matching
from grader.verdict import MilestoneResult, TestResult

SIGNED = Misconception("A byte is signed.", 2, "python", ("a", "b"))
LATE = Misconception("Late is early.", 1, "typescript", ("a",))


def run(language: str = "python", **outcomes: str) -> MilestoneResult:
    """A result with visible tests of these names and outcomes."""
    tests = tuple(
        TestResult(suite="visible", name=name, sentence="", outcome=outcome)  # type: ignore[arg-type]
        for name, outcome in outcomes.items()
    )
    return MilestoneResult(
        system="s", milestone="01-x", title="X", language=language, points=1, outcome="failed",
        suites=("visible",), tests=tests,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (run(a="failed", b="timeout", c="passed"), [SIGNED]),
        (run(a="failed", b="passed", c="passed"), []),
        (run(a="failed", b="failed", c="failed", d="passed"), []),
        (run(a="failed", b="todo", c="passed"), [SIGNED]),
        (run("typescript", a="failed", b="passed"), [LATE]),
        (run("java", a="failed", b="failed", c="passed"), [SIGNED]),
        (run(a="passed", b="passed"), []),
        (run(a="failed", b="failed"), []),
    ],
    ids=[
        "the same", "fewer", "more", "one not built", "its language", "any language", "none", "all",
    ],
)  # fmt: skip
def test_the_same_failures_are_recognised(
    result: MilestoneResult, expected: list[Misconception]
) -> None:
    """The same tests have to fail, besides those of what is not built yet."""
    assert matching(result, [SIGNED, LATE]) == expected


def test_a_pattern_that_fits_too_much_says_nothing() -> None:
    """Four beliefs that fail alike are no help."""
    same = [Misconception(f"{n}", 1, "python", ("a",)) for n in range(4)]
    assert len(matching(run(a="failed", b="passed"), same[:3])) == 3
    assert matching(run(a="failed", b="passed"), same) == []


def test_a_milestone_may_have_none(tmp_path: Path) -> None:
    """No file is no misconception; a damaged one is named."""
    assert misconceptions.load(tmp_path / "misconceptions.json") == ()
    (tmp_path / "misconceptions.json").write_text('[{"hint": 1}]')
    with pytest.raises(CourseError, match=r"misconceptions\.json"):
        misconceptions.load(tmp_path / "misconceptions.json")
