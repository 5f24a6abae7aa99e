"""Stubs are written from the references and never by hand; this keeps the two in step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from grader.authoring.cut import cut
from grader.course.languages import LANGUAGES
from grader.course.layout import Layout
from grader.course.manifest import Course, Milestone, System
from grader.errors import CourseError

Status = Literal["fresh", "written", "stale", "missing", "unexpected"]


def cut_stubs(
    layout: Layout, course: Course, *, check: bool, only: str | None = None
) -> list[tuple[Path, Status]]:
    """Every stub file and what it is, or was before it was written.

    `only` is SYSTEM or SYSTEM/NN. With `check` nothing is written: `stale` and `missing` say what
    would be. `unexpected` files lie beside stubs but belong to no module; they are never touched.
    """
    told: list[tuple[Path, Status]] = []
    for system, milestones in _asked_for(course, only):
        expected: set[Path] = set()
        for milestone in milestones:
            for stub, text in _cut_all(layout, system, milestone):
                expected.add(stub)
                told.append((stub, _settle(stub, text, check)))
        found = _present(layout, system, milestones if only and "/" in only else None)
        told += [(path, "unexpected") for path in found if path not in expected]
    return told


def _asked_for(course: Course, only: str | None) -> list[tuple[System, tuple[Milestone, ...]]]:
    if only is None:
        return [(system, system.milestones) for system in course.systems.values()]
    name, _, number = only.partition("/")
    system = course.system(name)
    return [(system, (system.milestone(number),) if number else system.milestones)]


def _cut_all(layout: Layout, system: System, milestone: Milestone) -> Iterator[tuple[Path, str]]:
    """(stub, what it should say) for each file that the milestone adds."""
    for language in system.languages_of(milestone):
        solutions = layout.solutions(system.id, milestone, language)
        for solution, stub in zip(
            solutions, layout.stubs(system.id, milestone, language), strict=True
        ):
            name = str(solution.relative_to(layout.root))
            try:
                source = solution.read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise CourseError(
                    f"{name}: cannot be read: {error}",
                    f"{milestone.id} adds this module: write its reference.",
                ) from error
            yield stub, cut(source, language, milestone.id, name)


def _settle(stub: Path, text: str, check: bool) -> Status:
    try:
        before = stub.read_bytes()
    except FileNotFoundError:
        before = None
    if before == text.encode("utf-8"):
        return "fresh"
    if check:
        return "missing" if before is None else "stale"
    stub.parent.mkdir(parents=True, exist_ok=True)
    stub.write_bytes(text.encode("utf-8"))
    return "written"


def _present(
    layout: Layout, system: System, milestones: tuple[Milestone, ...] | None
) -> Iterator[Path]:
    """Files in the stub folders, also of milestones that the manifest does not know (any more)."""
    above = layout.kata(system.id, "")
    rooms = (
        sorted(p for p in above.iterdir() if p.is_dir() and p.name != "kit")
        if milestones is None and above.is_dir()
        else [layout.kata(system.id, m.id) for m in milestones or ()]
    )
    for room in rooms:
        for language in LANGUAGES:
            for path in sorted((room / language).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    yield path
