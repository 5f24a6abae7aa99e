"""Grades one batch and gathers everything that can be said against the grader about it."""

from __future__ import annotations

import os
import re
import secrets
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from grader import show
from grader.reports import formats as reports
from grader.reports.formats import KINDS
from grader.verdict import MilestoneResult, RunResult, TestResult
from tests.attacks import traces
from tests.attacks.case import Batch
from tests.attacks.course import REPOSITORY, Course, Marks, honest, sources


@dataclass
class Tried:
    """What came of one batch."""

    verdicts: list[MilestoneResult] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    honest: MilestoneResult | None = None
    seconds: float = 0.0

    def test(self, verdict: MilestoneResult, suite: str, name: str) -> TestResult | None:
        return next((t for t in verdict.tests if (t.suite, t.name) == (suite, name)), None)


class Trying:
    """All batches of a session; each is graded when it is first asked for."""

    def __init__(self, home: Path, began: float) -> None:
        self.home = home
        self.began = began
        self.marks: list[str] = []  # of all runs so far
        self._tried: dict[str, Tried] = {}

    def tried(self, batch: Batch) -> Tried:
        if batch.key not in self._tried:
            self._tried[batch.key] = self._try(batch)
        return self._tried[batch.key]

    def course(self, batch: Batch) -> Course:
        word = re.sub(r"\W", "-", batch.key)
        return Course(self.home / f"{word}-{secrets.token_hex(3)}" / "cours é", batch)

    def _try(self, batch: Batch) -> Tried:
        tried, began = Tried(), time.monotonic()
        for _ in range(batch.runs):
            self._grade(batch, tried)
        innocent = honest(batch.language)
        course, marks = self.course(innocent), Marks()
        course.write(marks)
        tried.honest = course.grade(course.hand_in(sources(innocent, {})))
        tried.seconds = time.monotonic() - began
        return tried

    def _grade(self, batch: Batch, tried: Tried) -> None:
        tag, marks, course = "tag" + secrets.token_hex(6), Marks(), self.course(batch)
        course.write(marks)
        self.marks += marks.all()
        words = {
            "TAG": tag,
            "KEY": str(traces.key_of(tag)),
            "HIDDEN": str(course.hidden_suite),
            "COURSE": str(course.root),
            "REPOSITORY": str(REPOSITORY),
        }
        code = course.hand_in(sources(batch, words))
        before = traces.Before(tag, own=[self.home])
        files = _state_of(course.root.parent)
        verdict = course.grade(code)
        tried.verdicts.append(verdict)
        tried.left += before.left()
        tried.leaks += leaks(verdict, marks)
        tried.changed += sorted(files.symmetric_difference(_state_of(course.root.parent)))


def leaks(verdict: MilestoneResult, marks: Marks) -> list[str]:
    """Where in what people are shown one of the marks can be read."""
    run = RunResult(
        course="Sums",
        subject="an attack",
        started="2026-01-01T00:00:00Z",
        seconds=1.0,
        seed=1,
        sandboxed=True,
        grader="0",
        milestones=(verdict,),
    )
    texts = {kind: reports.render(run, kind) for kind in KINDS}
    texts["verdict"] = reports.to_json(run)  # also what the record of attempts may keep
    texts["words"] = "\n".join(
        [show.verdicts([verdict]), show.tally(verdict), show.failures(verdict, everything=True)]
    )
    found = [
        f"{mark} in {name}"
        for name, text in texts.items()
        for mark in traces.marks_in(text, marks.all())
    ]
    commands = [f"a terminal's command in {name}" for name, text in texts.items() if "\x1b" in text]
    script = ["a script in html"] if "<script>alert" in texts["html"] else []
    return [*found, *commands, *script]


def _state_of(root: Path) -> set[str]:
    """Every file of the course and of the grader as it is, to see whether one was touched."""
    grader = [p for p in (REPOSITORY / "grader" / "hosts").glob("*") if p.is_file()]
    return {
        f"{path} {path.stat().st_size} {path.stat().st_mode} {path.stat().st_ino}"
        for path in (*root.rglob("*"), *grader, Path(sys.executable), Path(os.devnull))
        if path.exists()
    }
