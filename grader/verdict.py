"""What a run measured, as plain frozen data; and how single outcomes add up to a milestone's.

Pure: no process, no file, no clock. Everything that reports reads these structs and nothing else;
their JSON form is the public `report.json` (version in `SCHEMA_VERSION`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

SCHEMA_VERSION = 1

Outcome = Literal["passed", "failed", "todo", "timeout", "crashed", "error", "not run"]
OUTCOMES: tuple[Outcome, ...] = (
    "passed", "failed", "todo", "timeout", "crashed", "error", "not run",
)  # fmt: skip
Suite = Literal["visible", "hidden"]


class Frame(msgspec.Struct, frozen=True):
    """One place in the learner's own code: file relative to their folder, 1-based line."""

    file: str
    line: int
    function: str
    text: str


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why one test did not pass. Of a hidden test only `reason` is ever filled, with a neutral text."""

    reason: str
    calls: tuple[str, ...] = ()  # what was called with what, and what came back; newest last
    expected: str | None = None  # invisible characters made visible
    actual: str | None = None
    frames: tuple[Frame, ...] = ()
    prints: str = ""
    seed: int | None = None
    assertion: str = ""  # the suite's own line that did not hold
    reproduction: str = ""  # in the learner's language, runs when pasted


class TestResult(msgspec.Struct, frozen=True, kw_only=True):
    """One test's record. `name` is the function with its parameters, `sentence` the behaviour."""

    __test__ = False

    suite: Suite
    name: str
    sentence: str
    outcome: Outcome
    seconds: float = 0.0
    failure: Failure | None = None


class MilestoneResult(msgspec.Struct, frozen=True, kw_only=True):
    """All that was measured of one milestone in one language."""

    system: str
    milestone: str  # NN-slug
    title: str
    language: str
    points: int
    outcome: Outcome
    suites: tuple[Suite, ...]  # which suites ran
    tests: tuple[TestResult, ...] = ()
    reason: str = ""  # why it could not be run, or what regressed
    seconds: float = 0.0
    cached: bool = False
    borrowed: bool = False
    partial: bool = False  # some tests of these suites were left out (`-k`): never a full verdict

    @property
    def id(self) -> str:
        return f"{self.system}/{self.milestone}"

    def count(self, outcome: Outcome = "passed", suite: Suite | None = None) -> int:
        """How many tests ended so; in one suite or in all."""
        return sum(
            1 for t in self.tests if t.outcome == outcome and (suite is None or t.suite == suite)
        )

    def total(self, suite: Suite | None = None) -> int:
        return sum(1 for t in self.tests if suite is None or t.suite == suite)


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """One grading from start to end: the root of `report.json`."""

    course: str
    subject: str  # "reference", or the graded folder
    started: str  # ISO 8601, UTC
    seconds: float
    seed: int
    sandboxed: bool
    grader: str  # version
    milestones: tuple[MilestoneResult, ...]
    schema_version: int = SCHEMA_VERSION


_WORST_FIRST: tuple[Outcome, ...] = ("error", "crashed", "timeout", "failed", "todo", "not run")


def milestone_outcome(tests: Iterable[TestResult]) -> Outcome:
    """Passed only if there are tests and each of them passed; otherwise the worst of them.

    A milestone of nothing but `todo` is `todo`: not begun. A mixture with passes is `failed`.
    """
    outcomes = {t.outcome for t in tests}
    if outcomes == {"passed"}:
        return "passed"
    if not outcomes:
        return "error"
    worst = next(o for o in _WORST_FIRST if o in outcomes)
    return "failed" if worst == "todo" and "passed" in outcomes else worst


def points(milestone: MilestoneResult) -> int:
    """All points for a milestone that passed by the learner's own work with both suites, else none."""
    complete = set(milestone.suites) == {"visible", "hidden"} and not milestone.partial
    earned = milestone.outcome == "passed" and complete and not milestone.borrowed
    return milestone.points if earned else 0


def exit_status(milestones: Iterable[MilestoneResult]) -> int:
    """0 all passed, 1 some did not, 3 when the grader could not tell.

    A milestone that is `not run` because this machine lacks something fails nobody: it is said,
    and counts as neither.
    """
    outcomes = {m.outcome for m in milestones}
    if "error" in outcomes:
        return 3
    return 0 if outcomes <= {"passed", "not run"} and "passed" in outcomes else 1
