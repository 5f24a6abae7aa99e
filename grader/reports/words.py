"""What every report says in the same words, and what none may say.

`public` is the gate: through it a hidden test keeps its sentence and a neutral reason, and text that
came from the code under test loses everything that is not seen (control characters, bidirectional
marks, lone surrogates; line ends and tabs stay). Each format escapes on top of that in its own way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from grader.failures.transcript import clean
from grader.grading.judge import NEUTRAL
from grader.verdict import (
    OUTCOMES,
    Failure,
    Frame,
    MilestoneResult,
    Outcome,
    RunResult,
    Suite,
    TestResult,
    milestone_outcome,
    points,
)

SUITES: tuple[Suite, ...] = ("visible", "hidden")
UNSANDBOXED = "NOT SANDBOXED: the code ran without confinement, so this result proves nothing to anybody else."
TITLES: dict[Outcome, str] = {
    "passed": "passed",
    "failed": "failed",
    "todo": "not built yet",
    "timeout": "too slow",
    "crashed": "crashed",
    "error": "grader error",
    "not run": "not run",
}


class Attempt(NamedTuple):
    """One line of the record of attempts."""

    time: str  # ISO 8601
    system: str
    milestone: str
    language: str
    passed: int
    total: int
    outcome: Outcome
    suites: str = ""  # which ran, if the record says


class Recorded(Protocol):
    """The same as some other class keeps it."""

    @property
    def time(self) -> str: ...
    @property
    def system(self) -> str: ...
    @property
    def milestone(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def suites(self) -> str: ...
    @property
    def passed(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def outcome(self) -> str: ...


Past = Recorded | tuple[str, str, str, str, int, int, str]  # Attempt is both


class Entry(NamedTuple):
    """One line of a test list: a test, or what befell the milestone as a whole."""

    name: str
    title: str  # for people
    suite: Suite | None
    outcome: Outcome
    test: TestResult | None
    reason: str


# -- the gate --------------------------------------------------------------------------------------


def public(result: RunResult) -> RunResult:
    """The result as anybody may see it."""
    return replace(
        result,
        course=clean(result.course),
        subject=clean(result.subject),
        milestones=tuple(_public_milestone(m) for m in result.milestones),
    )


def _public_milestone(milestone: MilestoneResult) -> MilestoneResult:
    hidden = sorted(t.name for t in milestone.tests if t.suite == "hidden")
    numbers = {name: number for number, name in enumerate(hidden, 1)}
    tests = [
        _public_hidden(t, numbers[t.name]) if t.suite == "hidden" else _public_visible(t)
        for t in milestone.tests
    ]
    tests.sort(key=lambda t: SUITES.index(t.suite))
    return replace(milestone, tests=tuple(tests), reason=clean(milestone.reason))


def _public_hidden(test: TestResult, number: int) -> TestResult:
    """Sentence and neutral reason; even the name may hold data of the suite's."""
    failure = None if test.outcome == "passed" else Failure(reason=NEUTRAL[test.outcome])
    name = f"hidden_{number:03}"
    return replace(test, name=name, sentence=clean(test.sentence), seconds=0.0, failure=failure)


def _public_visible(test: TestResult) -> TestResult:
    failure = _clean_failure(test.failure) if test.failure else None
    return replace(test, name=clean(test.name), sentence=clean(test.sentence), failure=failure)


def _clean_failure(failure: Failure) -> Failure:
    return replace(
        failure,
        reason=clean(failure.reason),
        calls=tuple(clean(call) for call in failure.calls),
        expected=None if failure.expected is None else clean(failure.expected),
        actual=None if failure.actual is None else clean(failure.actual),
        frames=tuple(
            Frame(clean(f.file), f.line, clean(f.function), clean(f.text)) for f in failure.frames
        ),
        prints=clean(failure.prints),
        assertion=clean(failure.assertion),
        reproduction=clean(failure.reproduction),
    )


def attempts_of(history: Iterable[Past]) -> list[Attempt]:
    """The record of attempts, fit to be shown."""
    return [_attempt(past) for past in history]


def _attempt(past: Past) -> Attempt:
    if isinstance(past, tuple):
        past = Attempt(*past)  # type: ignore[arg-type]
    return Attempt(
        time=clean(past.time),
        system=clean(past.system),
        milestone=clean(past.milestone),
        language=clean(past.language),
        passed=past.passed,
        total=past.total,
        outcome=next((o for o in OUTCOMES if o == past.outcome), "error"),
        suites=clean(past.suites),
    )


# -- words -----------------------------------------------------------------------------------------


def verdict_line(milestone: MilestoneResult) -> str:
    """`passed: all 12 visible and 19 hidden tests`; always says which suites ran."""
    outcome = TITLES[milestone.outcome]
    if milestone.outcome == "passed":
        counts = " and ".join(f"{milestone.total(s)} {s}" for s in milestone.suites)
        told = f"{outcome}: {'' if milestone.partial else 'all '}{counts} tests"
    else:
        details = ", ".join(filter(None, [_counts(milestone), milestone.reason]))
        told = f"{outcome}: {details}" if details else outcome
    absent = [s for s in SUITES if s not in milestone.suites]
    notes = [f"the {s} suite did not run" for s in absent if milestone.tests]
    if milestone.partial:
        notes.append("only some of the tests ran")
    if milestone.borrowed:
        notes.append("borrowed, no credit")
    return "; ".join([told, *notes])


def _counts(milestone: MilestoneResult) -> str:
    ran = [s for s in milestone.suites if milestone.total(s)]
    counts = [f"{milestone.count(suite=s)} of {milestone.total(s)} {s}" for s in ran]
    return f"{' and '.join(counts)} tests passed" if counts else ""


def suites_text(milestone: MilestoneResult) -> str:
    """`visible + hidden`, `visible only`, `visible only, in part`."""
    one = len(milestone.suites) == 1
    text = f"{milestone.suites[0]} only" if one else " + ".join(milestone.suites) or "none"
    return f"{text}, in part" if milestone.partial else text


def entries(milestone: MilestoneResult) -> Iterator[Entry]:
    """Every test, and one more where the milestone failed for another reason than a test."""
    if not milestone.tests or milestone.outcome != milestone_outcome(milestone.tests):
        reason = milestone.reason or NEUTRAL.get(milestone.outcome, "")
        yield Entry("milestone", milestone.title, None, milestone.outcome, None, reason)
    for test in milestone.tests:
        reason = test.failure.reason if test.failure else ""
        yield Entry(test.name, title_of(test), test.suite, test.outcome, test, reason)


def title_of(test: TestResult) -> str:
    """The sentence; of a visible test with the parameters that tell it from its sisters."""
    if not test.sentence:
        return test.name
    parameters = re.search(r"\[.*\]$", test.name)
    return f"{test.sentence} {parameters[0]}" if parameters else test.sentence


def available(milestones: Sequence[MilestoneResult]) -> int:
    """Points that could be had in this run: what cannot be run on this machine counts for nothing."""
    return sum(m.points for m in milestones if m.outcome != "not run")


def earned(milestones: Sequence[MilestoneResult]) -> int:
    return sum(points(m) for m in milestones)


def complete(milestone: MilestoneResult) -> bool:
    """Passed by the learner's own work, with all tests of both suites."""
    both = set(milestone.suites) == set(SUITES) and not milestone.partial
    return milestone.outcome == "passed" and both and not milestone.borrowed


def partial(milestone: MilestoneResult) -> bool:
    """Passed, but only one of the suites ran, or only some of the tests."""
    return milestone.outcome == "passed" and not milestone.borrowed and not complete(milestone)


def summary_line(result: RunResult) -> str:
    """`2 of 5 milestones passed both suites, 1 passed one suite only, 16 of 38 points`."""
    milestones = result.milestones
    told = {
        "passed one suite only": sum(partial(m) and not m.partial for m in milestones),
        "passed some tests only": sum(partial(m) and m.partial for m in milestones),
        "borrowed (no credit)": sum(m.borrowed for m in milestones),
        "could not be run here": sum(m.outcome == "not run" for m in milestones),
    }
    return ", ".join(
        [
            f"{sum(map(complete, milestones))} of {_count(len(milestones), 'milestone')} passed both suites",
            *(f"{number} {words}" for words, number in told.items() if number),
            f"{earned(milestones)} of {_count(available(milestones), 'point')}",
        ]
    )


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"
