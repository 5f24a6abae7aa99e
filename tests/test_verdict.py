"""How single outcomes add up."""

from __future__ import annotations

import pytest

from grader.verdict import (
    MilestoneResult,
    Outcome,
    Suite,
    TestResult,
    exit_status,
    milestone_outcome,
    points,
)


def results_of(*outcomes: Outcome) -> tuple[TestResult, ...]:
    return tuple(
        TestResult(suite="visible", name=str(i), sentence="", outcome=o)
        for i, o in enumerate(outcomes)
    )


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["passed", "passed"], "passed"),
        ([], "error"),
        (["todo", "todo"], "todo"),
        (["passed", "todo"], "failed"),
        (["passed", "not run"], "not run"),
        (["failed", "error"], "error"),
        (["failed", "crashed", "timeout"], "crashed"),
        (["passed", "timeout"], "timeout"),
    ],
)
def test_a_milestone_passes_only_when_every_test_passed(
    outcomes: list[Outcome], expected: Outcome
) -> None:
    """The worst outcome speaks; no tests at all is never a pass."""
    assert milestone_outcome(results_of(*outcomes)) == expected


def milestone(
    outcome: Outcome, suites: tuple[Suite, ...] = ("visible", "hidden"), **more: bool
) -> MilestoneResult:
    return MilestoneResult(
        system="s", milestone="01-a", title="A", language="python", points=8,
        outcome=outcome, suites=suites, **more,
    )  # fmt: skip


def test_points_need_both_suites_and_own_work() -> None:
    """Visible tests alone, some tests only, or a borrowed milestone, earn nothing."""
    assert points(milestone("passed")) == 8
    assert points(milestone("passed", ("visible",))) == 0
    assert points(milestone("passed", borrowed=True)) == 0
    assert points(milestone("passed", partial=True)) == 0
    assert points(milestone("failed")) == 0


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        (["passed"], 0),
        (["passed", "not run"], 0),
        (["not run"], 1),
        ([], 1),
        (["passed", "failed"], 1),
        (["passed", "error"], 3),
    ],
)
def test_exit_status(outcomes: list[Outcome], status: int) -> None:
    """0 when all passed, 1 when some did not, 3 when the grader could not tell."""
    assert exit_status([milestone(o) for o in outcomes]) == status
