"""The manifest with one more milestone or system in it, as text: comments and layout stay as they are.

Nothing is written but a trial file beside the manifest, which is read as a manifest and removed. What
the manifest itself would allow but no author wants (a module named like one of Python's own, a
title of two lines) is refused here, before there are files that cannot run.
"""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from grader.course import manifest
from grader.course.languages import LANGUAGES, pascal
from grader.course.manifest import Course, System
from grader.course.workspace import write
from grader.errors import GraderError, UsageError

POINTS = 1
_GIVEN = frozenset({"kit", "errors"})  # the kit's own
_OF_PYTHON = sys.stdlib_module_names  # the host, or Python itself, would load the wrong one
_OF_JAVA = frozenset(  # java.lang's: a class of the same name hides them in every file of the tree
    {"boolean", "byte", "character", "class", "double", "error", "exception", "float", "integer"}
    | {"long", "math", "object", "override", "process", "runnable", "short", "string", "system"}
    | {"thread", "throwable", "void"}
)


@dataclass(frozen=True)
class Change:
    """The manifest before and after, and what the new one says."""

    path: Path
    before: bytes
    after: bytes
    course: Course


def add_system(
    path: Path, name: str, *, title: str, languages: Sequence[str], first: str, words: str
) -> Change:
    """One more system behind the last, with its first milestone."""
    _check_languages(languages)
    before, text, root = _composed(path)
    head = [
        f"{name}:",
        f"  title: {_quoted(title)}",
        f"  languages: [{', '.join(languages)}]",
        "  milestones:",
        f"    - {_entry(first, words, [module_of(first)])}",
    ]
    systems = _at(root, "systems")
    if not isinstance(systems, yaml.MappingNode) or systems.flow_style or not systems.value:
        raise UsageError(
            f"{path}: `systems` has no system below it", "Write the first one by hand."
        )
    key, last = systems.value[-1]
    indent = " " * key.start_mark.column
    after = _inserted(text, last, [indent + line for line in head])
    change = Change(path, before, after.encode(), _checked(path, after, f"{name}/{first}"))
    _check_modules(change.course.system(name), first)
    return change


def add_milestone(
    path: Path,
    system: str,
    name: str,
    *,
    title: str,
    adds: Sequence[str],
    languages: Sequence[str] = (),
) -> Change:
    """One more milestone behind the last of its system; no `languages`: those of the system."""
    _check_languages(languages)
    before, text, root = _composed(path)
    items = _at(_at(_at(root, "systems"), system), "milestones")
    if not isinstance(items, yaml.SequenceNode) or items.flow_style:
        raise UsageError(
            f"{path}:{items.start_mark.line + 1}: the milestones stand in one line",
            "Write them below each other, each behind a hyphen.",
        )
    dash = text.splitlines()[items.value[-1].start_mark.line]
    indent = dash[: len(dash) - len(dash.lstrip())]
    after = _inserted(text, items.value[-1], [f"{indent}- {_entry(name, title, adds, languages)}"])
    change = Change(path, before, after.encode(), _checked(path, after, f"{system}/{name}"))
    _check_modules(change.course.system(system), name)
    return change


def module_of(milestone: str) -> str:
    """The module that a milestone adds if nothing else is said."""
    return milestone[3:].replace("-", "_")


def check_title(title: str) -> None:
    """A title is one line: it stands in a heading, in a docstring and in tables."""
    if not title.strip():
        raise UsageError("the title is empty", "Say in a few words what it is.")
    if not title.isprintable() or "\\" in title or '"""' in title or title != title.strip():
        raise UsageError(
            f"{title!r} is no title",
            "One line of words: no backslash, no three quotes, no space at its ends.",
        )


def _check_languages(languages: Sequence[str]) -> None:
    """Each is one of the course's, and named once."""
    for language in languages:
        if language not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            raise UsageError(f"there is no language {language!r}", f"The languages: {known}.")
        if languages.count(language) > 1:
            raise UsageError(f"{language} stands twice in the languages", "Name each once.")


def _check_modules(system: System, name: str) -> None:
    """No new module has a name that its language, or the kit, has given away."""
    milestone = system.milestone(name)
    languages = system.languages_of(milestone)
    for module in milestone.adds:
        taken = ""
        if module in _GIVEN:
            taken = "the kit's"
        elif "python" in languages and (keyword.iskeyword(module) or module in _OF_PYTHON):
            taken = "Python's own"
        elif "java" in languages and module in _OF_JAVA:
            taken = f"Java's own ({pascal(module)})"
        if taken:
            raise UsageError(
                f"module {module!r} has a name that is {taken}",
                "Choose another name.",
            )


def _composed(path: Path) -> tuple[bytes, str, yaml.Node]:
    before = path.read_bytes()
    text = before.decode()
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert root is not None  # it has been read as a manifest before
    return before, text, root


def _at(node: yaml.Node, name: str) -> yaml.Node:
    found: yaml.Node = next(value for key, value in node.value if key.value == name)
    return found


def _inserted(text: str, behind: yaml.Node, lines: Sequence[str]) -> str:
    """`lines` below the last line of a node; a comment behind that stays where it is."""
    newline = "\r\n" if "\r\n" in text else "\n"
    end = len(text[: behind.end_mark.index].rstrip())
    at = text.find(newline, end)
    at = len(text) if at < 0 else at
    return text[:at] + "".join(newline + line for line in lines) + (text[at:] or newline)


def _checked(path: Path, text: str, place: str) -> Course:
    """What the changed manifest says; UsageError if that is not allowed."""
    trial = path.with_name(f".{path.name}.new")
    write(trial, text.encode())
    try:
        return manifest.load(trial)
    except GraderError as error:
        words = re.sub(rf"^{re.escape(str(trial))}(:\d+)?: ", "", error.message)
        raise UsageError(f"{place} cannot be added: {words}", error.mend) from error
    finally:
        trial.unlink()


def _entry(name: str, title: str, adds: Sequence[str], languages: Sequence[str] = ()) -> str:
    added = ", ".join(adds)
    only = f", languages: [{', '.join(languages)}]" if languages else ""
    return f"{{id: {name}, title: {_quoted(title)}, adds: [{added}]{only}, points: {POINTS}}}"


def _quoted(title: str) -> str:
    """A title as YAML understands it inside braces, too; `yes` and `null` stay words."""
    plain = re.fullmatch(r"[^\W\d_][\w '-]*", title) and yaml.safe_load(title) == title
    escaped = title.replace("\\", "\\\\").replace('"', '\\"')
    return title if plain else f'"{escaped}"'
