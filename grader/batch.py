"""A class's submissions: one folder that holds a folder for each learner, graded in one go.

What is wrong with one submission is that submission's verdict; the others are graded all the same.
A second run believes the verdicts that are known, so one that was stopped goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from grader import report_class, report_file
from grader.errors import SubmissionError, UsageError
from grader.report_words import public
from grader.reports import FILE_NAMES, Kind, render
from grader.session import Session
from grader.trial import Job
from grader.verdict import RunResult
from grader.workspace import write

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


def grade(session: Session, jobs: Sequence[Job], folder: Path) -> Iterator[RunResult]:
    """Each learner's run, in the order of the jobs. All are measured side by side."""
    refused: dict[Path | None, str] = {}
    for job in jobs:
        try:
            job.read()
        except SubmissionError as error:
            refused[job.code] = f"{error.message}. {error.mend}"
    run = session.run([job for job in jobs if job.code not in refused], str(folder))
    measured = iter(run.milestones)
    for code in dict.fromkeys(job.code for job in jobs):
        results = tuple(
            job.result(outcome="failed", reason=refused[code])
            if code in refused
            else next(measured)
            for job in jobs
            if job.code == code
        )
        seconds = round(sum(r.seconds for r in results), 3)
        yield replace(run, subject=str(code and code.name), milestones=results, seconds=seconds)


def places(output: Path, names: Sequence[str]) -> Iterator[tuple[Path, Kind]]:
    """Where the grade book and the learners' reports are written."""
    yield output / GRADES, "csv"
    for name in names:
        for kind in EACH:
            yield output / name / FILE_NAMES[kind], kind


def check(output: Path, folder: Path, names: Sequence[str]) -> None:
    """UsageError if a report would take the place of something else, or would be taken for a learner."""
    if output.resolve().is_relative_to(folder.resolve()):
        raise UsageError(
            f"{output}: lies among the submissions", "Write the reports somewhere else: -o DIR"
        )
    for path, kind in places(output, names):
        report_file.check(path, kind)


def write_reports(output: Path, runs: Sequence[RunResult]) -> None:
    """The grade book of all, and a page and the plain data for each."""
    write(output / GRADES, report_class.grade_book(map(public, runs)).encode())
    for run in runs:
        for kind in EACH:
            write(output / run.subject / FILE_NAMES[kind], render(run, kind).encode())
