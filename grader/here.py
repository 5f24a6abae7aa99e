"""Where a command was given: the course, the workspace if one is around, and what is meant by a name."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.course import layout as layouts
from grader.course import manifest, workspace
from grader.course.languages import LANGUAGES
from grader.course.layout import Layout
from grader.course.manifest import Course, Milestone, System
from grader.course.workspace import Workspace
from grader.errors import UsageError
from grader.grading.progress import Progress


@dataclass(frozen=True)
class Here:
    """What the command line knows before it does anything."""

    layout: Layout
    course: Course
    workspace: Workspace | None

    def own(self) -> tuple[Workspace, System]:
        """The workspace around; UsageError when there is none or its system is gone."""
        if self.workspace is None:
            raise UsageError(
                "you are not in a workspace",
                "Make one with `sfs start SYSTEM`, or go into the folder that it made.",
            )
        return self.workspace, self.course.system(self.workspace.system)

    def milestone(self, wanted: str | None) -> tuple[Workspace, System, Milestone]:
        """A milestone of the workspace: the named one, or the present one."""
        own, system = self.own()
        if wanted is None:
            return own, system, workspace.current(own, system)
        name, slash, number = wanted.rpartition("/")
        if slash:
            self._require_own(self.course.system(name))
        return own, system, system.milestone(number)

    def select_own(self, selectors: tuple[str, ...]) -> list[tuple[System, Milestone, str]]:
        """The same as `select`, of the workspace's own system and in its language only."""
        own, _ = self.own()
        for selector in selectors:
            self._require_own(self._meant(selector)[0])
        return list(self.select(selectors, own.language))

    def _require_own(self, system: System) -> None:
        own, _ = self.own()
        if system.id != own.system:
            raise UsageError(
                f"this is a workspace of {own.system}, not of {system.id}: {own.root}",
                f"Go into your workspace of {system.id}; `sfs start {system.id}` makes one.",
            )

    def select(
        self, selectors: tuple[str, ...], language: str | None
    ) -> Iterator[tuple[System, Milestone, str]]:
        """What is meant by `database-system/02`, `database-system`, or `02` inside a workspace."""
        for selector in selectors:
            system, milestones = self._meant(selector)
            for milestone in milestones:
                for one in languages(system, milestone, language):
                    yield system, milestone, one

    def _meant(self, selector: str) -> tuple[System, tuple[Milestone, ...]]:
        name, _, number = selector.partition("/")
        if self.workspace is not None and not number and name[:1].isdigit():
            name, number = self.workspace.system, name
        system = self.course.system(name)
        return system, (system.milestone(number),) if number else system.milestones


def languages(system: System, milestone: Milestone, wanted: str | None) -> tuple[str, ...]:
    """The languages of a milestone, or the wanted one of them."""
    offered = system.languages_of(milestone)
    if wanted is None:
        return offered
    if wanted not in LANGUAGES:
        raise UsageError(
            f"there is no language {wanted!r}",
            manifest.suggest(wanted, list(LANGUAGES), "Languages"),
        )
    if wanted not in offered:
        raise UsageError(
            f"{system.id}/{milestone.id} is not offered in {LANGUAGES[wanted].title}",
            f"Its languages: {', '.join(offered)}.",
        )
    return (wanted,)


def record(own: Workspace) -> Progress:
    """The workspace's attempts; says so when a damaged record had to be set aside."""
    found = Progress(own.progress)
    if found.notice:
        print(f"sfs: {found.notice}", file=sys.stderr)
    return found


def look(course: str | None, start: Path | None = None, handed_in: Path | None = None) -> Here:
    """Find the course and the workspace from where the user stands.

    What is handed in to be graded names no course, or it would bring its own suites, and keeps no
    record: for who stands inside of it the course is the one that this grader belongs to."""
    place = start or Path.cwd()
    own = workspace.find(place)
    if handed_in is not None and place.resolve().is_relative_to(handed_in.resolve()):
        place, own = Path(__file__).parent, None
    layout = _layout(course, own, place)
    return Here(layout, manifest.load(layout.manifest), own)


def _layout(course: str | None, own: Workspace | None, start: Path) -> Layout:
    if course or os.environ.get("SFS_COURSE"):
        return layouts.find(Path(course or os.environ["SFS_COURSE"]))
    if own is not None:
        if (own.course / layouts.MANIFEST).is_file():
            return Layout(own.course)
        raise UsageError(
            f"the course of this workspace is no longer at {own.course}",
            f"Say where it is now: sfs --course DIR start {own.system} --lang {own.language} "
            f"--dir {shlex.quote(str(own.root))} (your files stay as they are).",
        )
    try:
        return layouts.find(start)
    except UsageError:
        installed = Path(__file__).parent.parent
        if (installed / layouts.MANIFEST).is_file():
            return Layout(installed)
        raise
