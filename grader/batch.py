"""A class's submissions: one folder that holds a folder for each learner, graded in one go.

What is wrong with one submission is that submission's verdict; the others are graded all the same.
A second run believes the verdicts that are known, so one that was stopped goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from grader.course.workspace import write
from grader.errors import SubmissionError, UsageError
from grader.grading.trial import Job
from grader.reports import classroom, target
from grader.reports.formats import FILE_NAMES, Kind, render
from grader.reports.words import public
from grader.session import Session
from grader.verdict import RunResult

GRADES = "grades.csv"
EACH: tuple[Kind, ...] = ("html", "json")  # the reports that each learner gets


def learners(folder: Path) -> tuple[list[Path], list[str]]:
    """The folders in it, one a learner; and the names of what else is there, which is left out."""
    try:
        found = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be read: {error.strerror}",
            "Give the folder that holds a folder for each learner.",
        ) from error
    theirs = [path for path in found if path.is_dir() and not path.is_symlink()]
    for path in theirs:
        if not path.name.isprintable() or path.name == GRADES:
            raise UsageError(
                f"{folder}: a learner's folder cannot be named {path.name!r}", "Rename it."
            )
    if not theirs:
        raise UsageError(
            f"{folder}: holds no folders",
            "Each learner's code lies in a folder of its own there: FOLDER/ada, FOLDER/grace",
        )
    return theirs, [path.name for path in found if path not in theirs]


def grade(session: Session, jobs: Mapping[str, Sequence[Job]], folder: Path) -> list[RunResult]:
    """A run for each learner's jobs. All are measured side by side."""
    refused = {name: why for name, theirs in jobs.items() if (why := _unreadable(theirs))}
    readable = [job for name, theirs in jobs.items() if name not in refused for job in theirs]
    run = session.run(readable, str(folder))
    measured = iter(run.milestones)
    runs = []
    for name, theirs in jobs.items():
        results = tuple(
            job.result(outcome="failed", reason=refused[name])
            if name in refused
            else next(measured)
            for job in theirs
        )
        seconds = round(sum(r.seconds for r in results), 3)
        runs.append(replace(run, subject=name, milestones=results, seconds=seconds))
    return runs


def _unreadable(jobs: Sequence[Job]) -> str:
    """Why a submission cannot be taken; empty if it can."""
    try:
        for job in jobs:
            job.read()
    except SubmissionError as error:
        return f"{error.message}. {error.mend}"
    return ""


def check(output: Path, folder: Path, names: Iterable[str]) -> None:
    """UsageError if a report would take the place of something else, or would be taken for a learner."""
    if output.resolve().is_relative_to(folder.resolve()):
        raise UsageError(
            f"{output}: lies among the submissions", "Write the reports somewhere else: -o DIR"
        )
    target.check(output / GRADES, "csv")
    for name in names:
        for path, kind in _places(output, name):
            target.check(path, kind)


def write_reports(output: Path, runs: Sequence[RunResult]) -> None:
    """The grade book of all, and a page and the plain data for each."""
    write(output / GRADES, classroom.grade_book(map(public, runs)).encode())
    for run in runs:
        for path, kind in _places(output, run.subject):
            write(path, render(run, kind).encode())


def _places(output: Path, name: str) -> Iterator[tuple[Path, Kind]]:
    for kind in EACH:
        yield output / name / FILE_NAMES[kind], kind
