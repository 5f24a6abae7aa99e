"""What is being proved, and what may be said of it: one milestone, and findings about it.

A finding names what is wrong, where, and what to do. This module knows nothing of how anything is
found out.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from grader.course import submission
from grader.course.layout import Layout
from grader.course.manifest import Course, Milestone, System
from grader.errors import GraderError
from grader.grading.trial import Job
from grader.verdict import Suite


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it has to be. `where` is relative to the course's folder."""

    milestone: str
    language: str = ""
    what: str
    where: str = ""
    mend: str = ""


@dataclass(frozen=True)
class Subject:
    """One milestone of a course, in all its languages."""

    layout: Layout
    course: Course
    system: System
    milestone: Milestone

    @property
    def name(self) -> str:
        return f"{self.system.id}/{self.milestone.id}"

    @property
    def languages(self) -> tuple[str, ...]:
        return self.system.languages_of(self.milestone)

    @property
    def suites(self) -> Mapping[Suite, Path]:
        """The course's own two suites."""
        system, milestone = self.system.id, self.milestone.id
        return {
            "visible": self.layout.visible_suite(system, milestone),
            "hidden": self.layout.hidden_suite(system, milestone),
        }

    @property
    def lesson(self) -> Path:
        return self.layout.lesson(self.system.id, self.milestone.id)

    @property
    def hints(self) -> Path:
        return self.layout.hints(self.system.id, self.milestone.id)

    @property
    def misconceptions(self) -> Path:
        return self.layout.misconceptions(self.system.id, self.milestone.id)

    def upto(self, language: str) -> list[Milestone]:
        """The milestones of which the code base consists in this language, this one the last."""
        steps = (*self.system.before(self.milestone), self.milestone)
        return [step for step in steps if language in self.system.languages_of(step)]

    def code(self, language: str) -> list[Path]:
        """All files without which nothing can be run: stubs, and references up to here."""
        stubs = self.layout.stubs(self.system.id, self.milestone, language)
        return [*stubs, *self.layout.references_upto(self.system, self.milestone, language)]

    def reference(self, language: str) -> dict[str, bytes]:
        """The reference as a learner's code base is who has just built this milestone."""
        return submission.of_files(
            self.layout.references_upto(self.system, self.milestone, language)
        )

    def job(
        self, language: str, sources: Mapping[str, bytes] | None = None, seed: int | None = None
    ) -> Job:
        """A grading of this milestone; `sources` None means the whole reference, later files too."""
        return Job(
            layout=self.layout,
            course=self.course,
            system=self.system,
            milestone=self.milestone,
            language=language,
            sources=sources,
            seed=seed,
        )

    def finding(
        self,
        what: str,
        path: Path | None = None,
        line: int = 0,
        *,
        language: str = "",
        mend: str = "",
    ) -> Finding:
        """A finding about this milestone, at a place in the course."""
        where = place(self.layout, path, line) if path else ""
        return Finding(milestone=self.name, language=language, what=what, where=where, mend=mend)

    def trouble(self, error: GraderError, language: str = "") -> Finding:
        """What an error says, as a finding."""
        message = error.message.replace(f"{self.layout.root}/", "")
        return self.finding(message, language=language, mend=error.mend)

    def test_line(self, suite: Suite, name: str) -> int:
        """Where a test's function begins; 0 when it is not found."""
        return test_lines(self.suites[suite]).get(name.partition("[")[0], 0)


def place(layout: Layout, path: Path, line: int = 0) -> str:
    """`katas/x/lesson.md:12`, as an editor wants it."""
    shown = path.relative_to(layout.root) if path.is_relative_to(layout.root) else path
    return f"{shown}:{line}" if line else str(shown)


@functools.cache
def test_lines(suite: Path) -> Mapping[str, int]:
    """The first line of each function of a suite."""
    try:
        tree = ast.parse(suite.read_text("utf-8"))
    except (OSError, ValueError, SyntaxError):
        return {}
    return {node.name: node.lineno for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
