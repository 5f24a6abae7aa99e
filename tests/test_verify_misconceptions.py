"""What learners are told of failures, from what impostors showed."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from grader.failures.misconceptions import Misconception
from grader.proof.impostors import Impostor
from grader.proof.misconceptions import agrees, derive, text
from grader.proof.runs import Kill, noticed
from grader.verdict import MilestoneResult, Outcome, TestResult


def kill(
    name: str,
    *outcomes: Outcome,
    seconds: float = 4.0,
    run: Outcome = "failed",
    full_time: float = 0.0,
) -> Kill:
    """An impostor whose visible tests `a`, `b`, ... ended so; one hidden test always fails."""
    visible = [
        TestResult(suite="visible", name=n, sentence="", outcome=outcome, seconds=seconds)
        for n, outcome in zip("abcdef", outcomes, strict=False)
    ]
    hidden = TestResult(suite="hidden", name="h", sentence="", outcome="failed")
    result = MilestoneResult(
        system="s",
        milestone="01-m",
        title="",
        language="python",
        points=1,
        outcome=run,
        suites=("visible", "hidden"),
        tests=(*visible, hidden) if outcomes else (),
    )
    return Kill(
        Impostor(Path(f"{name}.patch"), f"{name} is right.", 2, "python"), result, full_time
    )


def belief(name: str, *fails: str) -> Misconception:
    return Misconception(f"{name} is right.", 2, "python", fails)


def same(one: Kill) -> Kill:
    return one


def never(one: Kill) -> Kill:
    raise AssertionError(f"{one.impostor.name} ran a second time")


def test_each_impostor_tells_its_visible_failures_in_order() -> None:
    """Whatever way a test fails counts; an impostor that the visible suite lets pass is left out."""
    kills = [
        kill("x", "passed", "failed", "crashed", "todo", "timeout"),
        kill("y", "passed", "passed"),
        kill("z", "failed"),
    ]
    assert derive(kills, same, []) == [belief("x", "b", "c", "d", "e"), belief("z", "a")]


def test_only_what_fails_with_any_data_is_told() -> None:
    """A failure that the second run does not repeat is left out, and an impostor without others."""
    second = {"x": kill("x", "failed", "passed"), "y": kill("y", "passed")}
    kills = [kill("x", "failed", "failed"), kill("y", "failed")]
    assert derive(kills, lambda one: second[one.impostor.name], []) == [belief("x", "a")]


def test_a_test_that_had_no_time_left_is_not_told() -> None:
    """When the whole run's time was over, only a test that had all of its own shows something."""
    assert derive([kill("x", "timeout", full_time=9.0)], same, []) == []
    assert derive([kill("x", "timeout", full_time=9.0, seconds=9.9)], same, []) == [
        belief("x", "a")
    ]
    assert derive([kill("x", "timeout")], same, []) == [belief("x", "a")]


def test_a_hidden_test_that_timed_out_counts() -> None:
    """How long it took is never told, so it is no matter."""
    result = TestResult(suite="hidden", name="h", sentence="", outcome="timeout")
    assert noticed(result, 9.0)


@pytest.mark.parametrize("outcome", ["not run", "error"])
def test_what_cannot_be_run_here_stays(outcome: Outcome) -> None:
    """Without a language's runtime its part of the file is neither lost nor changed."""
    kept = [belief("x", "a"), belief("gone", "a")]
    assert derive([kill("x", run=outcome), kill("y", "failed")], same, kept) == [
        belief("x", "a"),
        belief("y", "a"),
    ]


def test_a_file_that_says_what_is_seen_needs_no_second_run() -> None:
    """Only doubt is worth a second run."""
    assert agrees([kill("x", "failed"), kill("y", "passed")], never, [belief("x", "a")])


@pytest.mark.parametrize(
    "kept",
    [
        [],
        [belief("x", "a", "b")],
        [belief("x")],
        [belief("y", "a")],
        [belief("x", "a"), belief("y", "a")],
        [Misconception("x is right.", 3, "python", ("a",))],
    ],
)
def test_a_stale_file_is_seen(kept: list[Misconception]) -> None:
    """Another test, another impostor, another hint: all that differs."""
    assert not agrees([kill("x", "failed", "passed")], same, kept)


def test_a_second_run_decides_where_the_first_differs() -> None:
    """What was left out for being unsteady is not stale when it fails once."""
    second = kill("x", "failed", "passed")
    assert agrees([kill("x", "failed", "failed")], lambda _: second, [belief("x", "a")])


def test_the_file_is_for_people_too() -> None:
    """Letters as they are, one test a line, and an end of line at the end."""
    written = text([Misconception("Übung", 1, "python", ("a", "b"))])
    assert '"Übung"' in written
    assert '      "a",\n      "b"\n' in written
    assert written.endswith("]\n")
    assert msgspec.json.decode(written, type=list[Misconception])[0].fails == ("a", "b")
