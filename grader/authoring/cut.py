"""Cuts a stub from a reference: what stands between the markers goes, all else stays as it is.

    # BEGIN SOLUTION             a whole function body (after its docstring) ...
    # END SOLUTION               ... becomes one statement that fails loudly and names the milestone
    # BEGIN SOLUTION: helpers    private helpers, constants, imports ...
    # END SOLUTION               ... are removed and leave nothing

`//` instead of `#` in TypeScript and Java. Pure: text in, text out; what is out of shape is refused
with its line. Which function a region is the body of is `bodies`' to find.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.authoring.bodies import Finder, braced_function, python_function
from grader.course.languages import LANGUAGES
from grader.errors import CourseError

WIDTH = 100  # columns of a line in a Python stub
HELPERS = "helpers"
_MARKER = re.compile(r"^(\s*)(#|//) (BEGIN|END) SOLUTION(?:: (\w+))?$")
_ALMOST = re.compile(r"\b(BEGIN|END)\s+SOLUTION\b", re.I)
_FINDERS: Mapping[str, Finder] = {
    "python": python_function,
    "typescript": braced_function,
    "java": braced_function,
}


@dataclass(frozen=True)
class Region:
    """The lines from one marker to the next, 0-based, both included."""

    begin: int
    end: int
    indent: str
    helpers: bool


def cut(source: str, language: str, milestone_id: str, name: str = "solution") -> str:
    """The stub of `source`; CourseError names `name`, the line and the mend."""
    lines = source.splitlines()
    found = list(regions(lines, language, name))
    if not any(not region.helpers for region in found):
        raise CourseError(
            f"{name}: there is no BEGIN SOLUTION: the stub would be the whole solution",
            "Put the markers around each function's body.",
        )
    kept: list[str] = []
    at = 0
    for region in found:
        kept += lines[at : region.begin]
        at = region.end + 1
        if not region.helpers:
            kept += _loud(source, lines, region, language, milestone_id, name)
        else:
            at = _close_gap(kept, lines, at)
    stub = "\n".join([*kept, *lines[at:]]).rstrip("\n") + "\n"
    return _checked(stub, language, name)


def regions(lines: Sequence[str], language: str, name: str) -> Iterator[Region]:
    """The marked regions in order; markers balance and never nest."""
    comment = LANGUAGES[language].comment
    opened: tuple[int, str, bool] | None = None
    for number, line in enumerate(lines):
        marker = _marker(line, comment, f"{name}:{number + 1}")
        if marker is None:
            continue
        indent, word, label = marker
        if word == "BEGIN" and opened:
            raise CourseError(
                f"{name}:{number + 1}: BEGIN SOLUTION inside the region of line {opened[0] + 1}",
                "End that region first: regions do not nest.",
            )
        if word == "BEGIN":
            opened = number, indent, label == HELPERS
        elif opened is None:
            raise CourseError(
                f"{name}:{number + 1}: END SOLUTION without a beginning",
                "Remove it, or put BEGIN SOLUTION above the region.",
            )
        else:
            yield Region(opened[0], number, opened[1], opened[2])
            opened = None
    if opened:
        raise CourseError(
            f"{name}:{opened[0] + 1}: BEGIN SOLUTION without an end",
            "Put END SOLUTION below the region.",
        )


def _marker(line: str, comment: str, where: str) -> tuple[str, str, str] | None:
    """(indentation, BEGIN or END, label) of a marker; a near miss is refused."""
    found = _MARKER.match(line)
    if (
        found
        and found[2] == comment
        and found[4] in (None, HELPERS if found[3] == "BEGIN" else None)
    ):
        return found[1], found[3], found[4] or ""
    if _ALMOST.search(line):
        raise CourseError(
            f"{where}: not a marker: {line.strip()[:80]}",
            f"Alone on its line: `{comment} BEGIN SOLUTION`, `{comment} BEGIN SOLUTION: helpers` or "
            f"`{comment} END SOLUTION`.",
        )
    return None


def _loud(
    source: str, lines: Sequence[str], region: Region, language: str, milestone: str, name: str
) -> list[str]:
    """The statement that stands for the region, which must be a function's whole body."""
    if not any(line.strip() for line in lines[region.begin + 1 : region.end]):
        raise CourseError(
            f"{name}:{region.begin + 1}: nothing stands in this region", "Write the solution there."
        )
    function = _FINDERS[language](source, region.begin, region.end)
    if function is None:
        raise CourseError(
            f"{name}:{region.begin + 1}: this region is not the whole body of a function",
            "Begin it right below the docstring and end it where the body ends; mark private "
            "helpers with `BEGIN SOLUTION: helpers`.",
        )
    return [
        region.indent + line for line in _statement(function, region.indent, language, milestone)
    ]


def _statement(function: str, indent: str, language: str, milestone: str) -> list[str]:
    if language == "typescript":
        return [f'throw new Error("not implemented: {milestone} {function}");']
    if language == "java":
        text = f'"not implemented: {milestone} {function}"'
        return [f"throw new UnsupportedOperationException({text});"]
    text = f'"{milestone}: {function}"'
    whole = f"raise NotImplementedError({text})"
    if len(indent + whole) <= WIDTH:
        return [whole]
    return ["raise NotImplementedError(", f"    {text}", ")"]


def _close_gap(kept: list[str], lines: Sequence[str], at: int) -> int:
    """Of the blank lines around a removed region keep the larger number; where to go on reading."""
    before = len(kept)
    while kept and not kept[-1].strip():
        kept.pop()
    before -= len(kept)
    after = at
    while after < len(lines) and not lines[after].strip():
        after += 1
    opens = bool(kept) and kept[-1].split("//")[0].rstrip().endswith("{")
    closes = after < len(lines) and lines[after].lstrip().startswith("}")
    kept += [""] * (0 if opens or closes else max(before, after - at))
    return after


def _checked(stub: str, language: str, name: str) -> str:
    """Python is parsed once more: what remains must still be a program."""
    if language == "python":
        try:
            ast.parse(stub)
        except SyntaxError as error:
            raise CourseError(
                f"{name}: without its solution it is no Python: {error.msg} (line {error.lineno} of the stub)",
                "Keep what the rest needs outside the `helpers` regions.",
            ) from error
    return stub
