"""An instructor's own suites, in a folder of theirs: `<system>/NN-slug/test_*.py`.

They run as further hidden tests, under the same rules. What the folder holds is checked before
anything runs: a suite that would silently not be met is an error, for its tests would count as good.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from grader.course.layout import Layout
from grader.course.manifest import Course, Milestone, System, suggest
from grader.errors import UsageError

SHAPE = "An overlay holds SYSTEM/NN-slug/test_*.py."

Suites = Mapping[tuple[str, str], tuple[Path, ...]]  # (system, milestone) -> its files


def load(folder: Path, layout: Layout, course: Course) -> Suites:
    """Every suite of the folder by milestone; UsageError names what does not fit the course."""
    root = folder.resolve()
    if not root.is_dir():
        raise UsageError(f"{folder}: there is no such folder of suites", SHAPE)
    if root.is_relative_to(layout.root / "katas"):
        raise UsageError(
            f"{folder}: lies where learners look", "Keep private suites outside the course."
        )
    found = {
        (system.name, milestone.name): _suites(milestone, layout, system.name)
        for system, milestone in _milestones(root, course)
    }
    if not found:
        raise UsageError(f"{folder}: there is no suite in it", SHAPE)
    return found


def for_selected(
    folder: Path | None,
    layout: Layout,
    course: Course,
    selected: Iterable[tuple[System, Milestone, str]],
) -> Suites:
    """The overlay's suites; UsageError when it says nothing on any of the selected milestones."""
    if folder is None:
        return {}
    suites = load(folder, layout, course)
    wanted = list(dict.fromkeys((system.id, milestone.id) for system, milestone, _ in selected))
    if not any(name in suites for name in wanted):
        known = ", ".join("/".join(name) for name in suites)
        raise UsageError(
            f"{folder}: has no suite for {', '.join('/'.join(name) for name in wanted)}",
            f"It has suites for {known}; or leave it off.",
        )
    return suites


def _milestones(root: Path, course: Course) -> Iterator[tuple[Path, Path]]:
    for system in _folders(root):
        if system.name not in course.systems:
            names = list(course.systems)
            raise UsageError(
                f"{system}: there is no system {system.name!r}",
                suggest(system.name, names, "The systems"),
            )
        ids = [m.id for m in course.systems[system.name].milestones]
        for milestone in _folders(system):
            if milestone.name not in ids:
                raise UsageError(
                    f"{milestone}: {system.name} has no milestone {milestone.name!r}",
                    suggest(milestone.name, ids, "Its milestones"),
                )
            yield system, milestone


def _folders(folder: Path) -> list[Path]:
    """Its sub-folders; a loose suite is refused, other files (notes, a licence) are let be."""
    for path in folder.glob("test_*.py"):
        raise UsageError(f"{path}: belongs to no milestone there", SHAPE)
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith((".", "__")))


def _suites(folder: Path, layout: Layout, system: str) -> tuple[Path, ...]:
    files = sorted(folder.glob("test_*.py"))
    if not files:
        raise UsageError(f"{folder}: there is no test_*.py in it", SHAPE)
    seen: dict[str, Path] = {}
    hidden = layout.hidden_suite(system, folder.name)
    for path in (*([hidden] if hidden.is_file() else []), *files):
        for name in test_names(path):
            if name in seen:
                raise UsageError(
                    f"{path}: {name} is a test of {seen[name]} already",
                    "Give each hidden test of a milestone a name of its own.",
                )
            seen[name] = path
        if path != hidden and path not in seen.values():
            raise UsageError(f"{path}: there is no test in it", "Tests are called test_….")
    return tuple(path.resolve() for path in files)


def test_names(path: Path) -> list[str]:
    """The tests of a suite, read without running it."""
    try:
        tree = ast.parse(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}", SHAPE) from error
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise UsageError(f"{path}:{line}: is not Python: {error}", "Mend it there.") from error
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            found.append(node.name)
    return found


test_names.__test__ = False  # type: ignore[attr-defined]
