"""Which milestones a change of files touches, so that only those need to be proved again.

Git says what changed since a commit; what depends on a file follows from where it lies.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from grader.course.languages import LANGUAGES
from grader.course.layout import MANIFEST, files
from grader.course.manifest import Course, Milestone, System
from grader.errors import UsageError

COMPILED_TOGETHER = {"java"}  # a file that does not compile breaks every milestone
Touched = set[tuple[str, str]]  # (system, milestone)


def changed(root: Path, since: str = "HEAD") -> list[str]:
    """Paths below the course's folder that differ from a commit, new ones included."""
    names = ("--name-only", "--no-renames", "--relative", "-z")
    listed = _git(root, "diff", *names, "--end-of-options", since, "--")
    listed += _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    return sorted(path for path in listed.split("\0") if path)


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise UsageError("git is not on this machine", "Leave --changed or --since out.") from error
    if done.returncode:
        raise UsageError(
            f"{root}: git cannot say what changed: {done.stderr.strip()}",
            "Leave --changed or --since out.",
        )
    return done.stdout


def touched(course: Course, paths: Iterable[str]) -> Touched:
    """The milestones whose proof a change of these files may turn over."""
    return {one for path in paths for one in _touched(course, Path(path).parts)}


def _touched(course: Course, parts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if parts[0] == "grader" or parts == (MANIFEST,):
        for system in course.systems.values():
            yield from _each(system, system.milestones)
    elif parts[0] in ("katas", "solutions") and len(parts) > 3 and parts[1] in course.systems:
        yield from _in_system(course.systems[parts[1]], parts)


def _in_system(system: System, parts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    top, _, room, name = parts[:4]
    if top == "katas" and room == "kit":
        yield from _each(system, _offered(system, name))
    elif (top, room) == ("katas", "oracles"):  # any suite may judge by them
        yield from _each(system, system.milestones)
    elif top == "solutions" and room in LANGUAGES:
        yield from _each(system, _built_on(system, room, name))
    else:
        yield from _each(system, [m for m in system.milestones if m.id == room])


def _built_on(system: System, language: str, name: str) -> list[Milestone]:
    """The milestones whose code a reference's file is part of: its own, and later ones."""
    offered = _offered(system, language)
    if language not in COMPILED_TOGETHER:
        for index, milestone in enumerate(offered):
            if name in files(milestone, language):
                return offered[index:]
    return offered


def _offered(system: System, language: str) -> list[Milestone]:
    return [m for m in system.milestones if language in system.languages_of(m)]


def _each(system: System, milestones: Iterable[Milestone]) -> Iterator[tuple[str, str]]:
    return ((system.id, milestone.id) for milestone in milestones)
