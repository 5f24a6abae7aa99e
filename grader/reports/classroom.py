"""Reports for those who run a class: Gradescope, GitHub Classroom, and a table for a grade book.

Points are given for whole milestones only. Where a format wants points for single tests, a passed
milestone's are spread over its tests so that they add up, and any other milestone's tests have none.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from grader.failures.teach import failure_text
from grader.reports.words import (
    TITLES,
    UNSANDBOXED,
    Entry,
    available,
    earned,
    entries,
    suites_text,
    summary_line,
    verdict_line,
)
from grader.verdict import MilestoneResult, Outcome, RunResult, points

OUTPUT_LIMIT = 500  # characters of a test's own output that test runners of Exercism may give
CUT = "… (cut to 500 characters)"


# -- Gradescope ------------------------------------------------------------------------------------


def gradescope(result: RunResult) -> str:
    """results.json of a Gradescope autograder.

    One scored entry a milestone, which students see, and one without points for every test; those
    of the hidden suite are `hidden`: only instructors see them. All text is plain text.
    """
    tests: list[dict[str, Any]] = []
    for number, milestone in enumerate(result.milestones, 1):
        tests.append(_whole(milestone, str(number)))
        for place, entry in enumerate((e for e in entries(milestone) if e.test), 1):
            tests.append(_single(milestone, entry, f"{number}.{place}"))
    document = {
        "score": earned(result.milestones),
        "execution_time": round(result.seconds, 3),
        "output": "\n".join([summary_line(result), *([] if result.sandboxed else [UNSANDBOXED])]),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {
            "grader": result.grader,
            "seed": result.seed,
            "sandboxed": result.sandboxed,
            "started": result.started,
        },
        "tests": tests,
    }
    return _json(document)


def _whole(milestone: MilestoneResult, number: str) -> dict[str, Any]:
    hidden = [e for e in entries(milestone) if e.suite == "hidden" and e.outcome != "passed"]
    lines = [verdict_line(milestone), *(f"{e.title} {e.reason}" for e in hidden)]
    document: dict[str, Any] = {
        "name": f"{milestone.id} ({milestone.language}): {milestone.title}",
        "number": number,
        "score": points(milestone),
        "max_score": milestone.points,
        "output": "\n".join(lines),
        "output_format": "text",
        "visibility": "visible",
    }
    if milestone.outcome == "not run":
        del document["score"], document["max_score"]
        return document
    passed = milestone.outcome == "passed" and not milestone.partial
    return {**document, "status": "passed" if passed else "failed"}


def _single(milestone: MilestoneResult, entry: Entry, number: str) -> dict[str, Any]:
    hidden = entry.suite == "hidden"
    assert entry.test is not None, "only tests are single"
    return {
        "name": f"{milestone.milestone} {entry.suite}: {entry.title}",
        "number": number,
        "status": "passed" if entry.outcome == "passed" else "failed",
        "output": "" if entry.outcome == "passed" else failure_text(entry.test),
        "output_format": "text",
        "tags": [milestone.milestone, milestone.language, str(entry.suite), entry.outcome],
        "visibility": "hidden" if hidden else "visible",
    }


# -- GitHub Classroom ------------------------------------------------------------------------------

STATUS: dict[Outcome, str] = {
    "passed": "pass",
    "failed": "fail",
    "todo": "fail",
    "timeout": "error",
    "crashed": "error",
    "error": "error",
    "not run": "error",
}


def classroom(result: RunResult) -> str:
    """results.json of an Exercism test runner, version 3, with GitHub Classroom's scores.

    A test belongs to the task that has its milestone's number, as long as one system is graded.
    """
    tests: list[dict[str, Any]] = []
    one_system = len({m.system for m in result.milestones}) == 1
    for milestone in result.milestones:
        found = list(entries(milestone))
        for entry, score in zip(found, _spread(points(milestone), len(found)), strict=True):
            task = {"task_id": int(milestone.milestone[:2])} if one_system else {}
            tests.append({**_runner_test(milestone, entry), **task, "score": score})
    document: dict[str, Any] = {
        "version": 3,
        "status": _overall(result),
        "message": None,
        "max_score": available(result.milestones),
        "tests": tests,
    }
    if document["status"] == "error" or not result.sandboxed:
        reasons = [f"{m.id}: {verdict_line(m)}" for m in result.milestones if m.outcome != "passed"]
        document["message"] = "\n".join([*([] if result.sandboxed else [UNSANDBOXED]), *reasons])
    return _json(document)


def _overall(result: RunResult) -> str:
    """`error` only if no test ran, as the format has it."""
    ran = [t for m in result.milestones for t in m.tests if t.outcome not in ("not run", "error")]
    if not ran:
        return "error"
    graded = [m for m in result.milestones if m.outcome != "not run"]
    return "pass" if all(m.outcome == "passed" and not m.partial for m in graded) else "fail"


def _spread(total: int, places: int) -> list[int]:
    """Whole points for each place, which add up to the total."""
    return [total * (n + 1) // places - total * n // places for n in range(places)]


def _runner_test(milestone: MilestoneResult, entry: Entry) -> dict[str, Any]:
    suite = f" {entry.suite}" if entry.suite else ""
    note = " (borrowed, no credit)" if milestone.borrowed else ""
    note = f"{note} (in part)" if milestone.partial else note
    document: dict[str, Any] = {
        "name": f"{milestone.id} ({milestone.language}){note}{suite}: {entry.title}",
        "status": STATUS[entry.outcome],
        "message": None,
    }
    if entry.outcome != "passed":
        document["message"] = failure_text(entry.test) if entry.test else entry.reason
    failure = entry.test.failure if entry.test else None
    if failure and failure.prints:
        whole = len(failure.prints) <= OUTPUT_LIMIT
        document["output"] = (
            failure.prints if whole else failure.prints[: OUTPUT_LIMIT - len(CUT)] + CUT
        )
    if failure and failure.assertion:
        document["test_code"] = failure.assertion
    return document


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


# -- CSV -------------------------------------------------------------------------------------------

COLUMNS = (
    "subject", "started", "system", "milestone", "title", "language", "outcome", "verdict", "suites",
    "visible_passed", "visible_total", "hidden_passed", "hidden_total", "points", "max_points",
    "borrowed", "sandboxed", "seed", "seconds", "reason",
)  # fmt: skip


def table(result: RunResult) -> str:
    """One row a milestone and language, for a grade book; single tests are in the other formats.

    RFC 4180. No cell begins like a formula and none holds a line end, so that a spreadsheet neither
    computes nor splits what a submission says.
    """
    return grade_book([result])


def grade_book(results: Iterable[RunResult]) -> str:
    """The rows of several runs, such as a class's, under one head."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in (row for result in results for row in _rows(result)):
        writer.writerow([_cell(row[column]) for column in COLUMNS])
    return out.getvalue()


def _rows(result: RunResult) -> Iterator[dict[str, object]]:
    for m in result.milestones:
        yield {
            "subject": result.subject,
            "started": result.started,
            "system": m.system,
            "milestone": m.milestone,
            "title": m.title,
            "language": m.language,
            "outcome": TITLES[m.outcome],
            "verdict": verdict_line(m),
            "suites": suites_text(m),
            "visible_passed": m.count(suite="visible"),
            "visible_total": m.total("visible"),
            "hidden_passed": m.count(suite="hidden"),
            "hidden_total": m.total("hidden"),
            "points": points(m),
            "max_points": m.points,
            "borrowed": "yes" if m.borrowed else "no",
            "sandboxed": "yes" if result.sandboxed else "NO",
            "seed": result.seed,
            "seconds": f"{m.seconds:.3f}",
            "reason": m.reason,
        }


def _cell(value: object) -> str:
    text = str(value).replace("\n", " / ").replace("\t", " ")
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) else text
