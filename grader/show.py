"""Results in a terminal: bars, tables, colours there; plain text in a pipe. No decisions."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from grader.failures.teach import DOES_NOT_COMPILE, failure_text
from grader.verdict import Frame, MilestoneResult, RunResult, TestResult, points

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

COLOURS = {
    "passed": "green", "failed": "red", "todo": "yellow", "timeout": "red", "crashed": "red",
    "error": "magenta", "not run": "cyan", "borrowed": "cyan",
}  # fmt: skip
MARKS = {
    "passed": "✓",
    "failed": "✗",
    "todo": "·",
    "timeout": "⧖",
    "crashed": "✗",
    "error": "!",
    "not run": "-",
}


def colour(text: str, name: str) -> str:
    """`text` in the colour of an outcome, where colours are wanted."""
    wanted = (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
    return click.style(text, fg=COLOURS.get(name)) if wanted else text


def table(rows: Sequence[Sequence[str]], head: Sequence[str]) -> str:
    """Columns under a head, as wide as their widest cell."""
    every = [list(head), *[list(row) for row in rows]]
    widths = [max(len(click.unstyle(row[i])) for row in every) for i in range(len(head))]
    lines = [
        "  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in every
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - len(click.unstyle(cell)))


def suites_of(results: Sequence[MilestoneResult]) -> str:
    """Which suites ran, of many verdicts."""
    kinds = {"hidden" in result.suites for result in results}
    if kinds == {True, False}:
        return "visible suites, hidden ones where the table shows them"
    return "visible and hidden suites" if kinds == {True} else "visible suites only"


def verdicts(results: Iterable[MilestoneResult]) -> str:
    """One line a milestone: how many tests of each suite passed, and what follows from it."""
    rows = []
    for result in results:
        outcome: str = result.outcome
        if outcome == "passed" and (result.borrowed or result.partial):
            outcome = "borrowed" if result.borrowed else "in part"
        rows.append(
            [
                result.id,
                result.language,
                *(
                    f"{result.count('passed', s)}/{result.total(s)}"
                    if s in result.suites and result.tests
                    else "-"
                    for s in ("visible", "hidden")
                ),
                colour(outcome, outcome),
                f"{points(result)}/{result.points}",
                "cached" if result.cached else f"{result.seconds:.1f} s" if result.tests else "",
            ]
        )
    return table(rows, ["milestone", "language", "visible", "hidden", "verdict", "points", "time"])


def learners(runs: Iterable[RunResult]) -> str:
    """One line a learner: milestones passed, points, and where the others stand."""
    rows = []
    for run in runs:
        counted = run.milestones
        behind = [m for m in counted if m.outcome != "passed"]
        rows.append(
            [
                run.subject,
                f"{len(counted) - len(behind)}/{len(counted)}",
                f"{sum(map(points, counted))}/{sum(m.points for m in counted)}",
                "; ".join(map(_behind, behind)),
            ]
        )
    return table(rows, ["learner", "passed", "points", "not passed"])


def _behind(result: MilestoneResult) -> str:
    why = f"{result.count()}/{result.total()}" if result.tests else result.reason.partition("\n")[0]
    return f"{result.milestone} {colour(result.outcome, result.outcome)} {why}"


def tally(result: MilestoneResult) -> str:
    """`12 of 20 visible tests pass` and the like; always which suites ran."""
    parts = [f"{result.count('passed', s)} of {result.total(s)} {s}" for s in result.suites]
    told = f"{result.id} ({result.language}): " + ", ".join(parts) + " tests pass"
    return f"{told}; only some of its tests ran" if result.partial else told


def sentences(result: MilestoneResult) -> str:
    """What the tests ask for, in the suite's order, with how they ended; a line for many of the same."""
    lines = []
    for sentence, group in groupby(result.tests, key=lambda test: test.sentence or test.name):
        outcomes = [test.outcome for test in group]
        passed, total = outcomes.count("passed"), len(outcomes)
        shown = next((o for o in outcomes if o != "passed"), "passed")
        count = f" ({passed} of {total})" if total > 1 else ""
        lines.append(f"{colour(MARKS[shown], shown)} {sentence}{count}")
    return "\n".join(lines)


def failures(result: MilestoneResult, *, everything: bool) -> str:
    """The first failing test in full and a line for each other; or all of them in full."""
    bad = by_interest(result)
    if not bad:
        return ""
    if everything:
        return "\n\n".join(map(_coloured, bad))
    rest = _in_brief(bad[1:], known=bad[0])
    more = (
        f"\n\nAlso ({len(bad) - 1}; sfs test --all shows each in full):\n" + "\n".join(rest)
        if rest
        else ""
    )
    return _coloured(bad[0]) + more


def in_brief(result: MilestoneResult, most: int = 5) -> str:
    """What fails, a line each: beside the verdicts of other milestones there is no room for more."""
    lines = _in_brief(by_interest(result))
    left = [f"  … and {len(lines) - most} more"] if len(lines) > most else []
    return "\n".join([*lines[:most], *left])


def by_interest(result: MilestoneResult) -> list[TestResult]:
    """All tests that did not pass, those that say most first."""
    return sorted((t for t in result.tests if t.outcome != "passed"), key=_interest)


def _in_brief(tests: Sequence[TestResult], known: TestResult | None = None) -> list[str]:
    """A line for each sentence; but one for all that are not built, and one for all that fail as `known`."""
    same = [t for t in tests if known and t.outcome != "todo" and _alike(t, known)]
    unbuilt = [t for t in tests if t.outcome == "todo"]
    told = [
        f"  {colour(MARKS[t.outcome], t.outcome)} {t.sentence or t.name}"
        for t in tests
        if t not in same and t not in unbuilt
    ]
    lines = [f"{line} ({n} times)" if n > 1 else line for line, n in Counter(told).items()]
    for group, what in ((same, "fail in the same way"), (unbuilt, "are not built yet")):
        if group:
            mark = colour(MARKS[group[0].outcome], group[0].outcome)
            lines.append(f"  {mark} {len(group)} that {what}")
    return lines


def _alike(test: TestResult, known: TestResult) -> bool:
    """Whether one mistake made both fail: no file that compiles, the same error of the same line or call."""
    cause = _cause(test)
    return cause is not None and cause == _cause(known)


def _cause(test: TestResult) -> tuple[str, Frame | None, str] | None:
    """What ended a test; None where it is only known that an answer was wrong."""
    failure = test.failure
    if failure is None or test.suite == "hidden":
        return None
    place = failure.frames[-1] if failure.frames else None
    call = failure.calls[-1] if failure.calls and " !! " in failure.calls[-1] else ""
    if place is None and not call and not failure.reason.startswith(DOES_NOT_COMPILE):
        return None
    return failure.reason, place, "" if place else call


def _interest(test: TestResult) -> tuple[bool, bool]:
    """A real failure before what is not begun, the visible before the hidden."""
    return test.outcome == "todo", test.suite == "hidden"


def _coloured(test: TestResult) -> str:
    head, _, rest = failure_text(test).partition("\n")
    return f"{colour(head, test.outcome)}\n{rest}".rstrip()


class Watching:
    """Progress bars over the milestones of one run, on a terminal; silence in a pipe."""

    def __init__(self, *, quiet: bool) -> None:
        self._bar: Bar | None = None
        if not quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            console = Console(stderr=True)
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            self._bar = Progress(*columns, console=console, transient=True)

    def __enter__(self) -> Watching:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def watcher(self, label: str) -> _Line | None:
        """Somebody to tell of one milestone's tests."""
        return _Line(self._bar, label) if self._bar else None


class _Line:
    def __init__(self, bar: Bar, label: str) -> None:
        self._bar = bar
        self._label = label
        self._task: Any = None

    def collected(self, total: int) -> None:
        if self._task is None:
            self._task = self._bar.add_task(self._label, total=total)

    def finished(self, test: TestResult) -> None:
        self.advance()

    def advance(self) -> None:
        if self._task is not None:
            self._bar.advance(self._task)


def bar(done: int, total: int, width: int = 20) -> str:
    """`########............` for a share of a total."""
    filled = width * done // total if total else 0
    return "█" * filled + "░" * (width - filled)
