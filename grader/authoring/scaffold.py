"""`sfs new`: the files of a new system or milestone, so that they run at once and honestly fail.

What is written works (a running total): its reference passes, its stub is all `todo`. What a person
has to write bears the mark UNWRITTEN, and `sfs verify` lists every line that has it. Nothing that is
there already is changed but the manifest, and that by adding lines to it.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from grader.authoring.scaffold_manifest import (
    Change,
    add_milestone,
    add_system,
    check_title,
    module_of,
)
from grader.authoring.stubs import cut_stubs
from grader.course.languages import LANGUAGES, pascal
from grader.course.layout import Layout, files
from grader.course.manifest import Course, Milestone, System
from grader.course.workspace import write
from grader.errors import UsageError

UNWRITTEN = "TODO(author)"
_MISTAKE = "Nobody will add less than nothing."
_CHECKS = {  # the lines of a reference whose absence is the example of an impostor
    "python": '        if amount < 0:\n            raise ValueError(f"cannot add {amount}")\n',
    "typescript": "    if (amount < 0) throw new RangeError(`cannot add ${amount}`);\n",
    "java": "        if (amount < 0) {\n            throw new IllegalArgumentException"
    '("cannot add " + amount);\n        }\n',
}


def new_system(
    layout: Layout,
    course: Course,
    name: str,
    *,
    title: str | None,
    languages: Sequence[str],
    first: str,
) -> list[Path]:
    """Add a system with its first milestone; what was written, the manifest first."""
    if name in course.systems:
        raise UsageError(f"there is a system {name!r} already", "Choose another name.")
    if not first.startswith("01-"):
        raise UsageError(f"{first!r} is no first milestone", "Its id begins with 01-.")
    title = name.replace("-", " ").capitalize() if title is None else title
    check_title(title)
    change = add_system(
        layout.manifest, name, title=title, languages=languages, first=first, words=_words(first)
    )
    system = change.course.system(name)
    made = {layout.kata(name, "README.md"): _render("readme.md", title, system=name)}
    for language in system.languages:
        kit = layout.kit(name, language) / LANGUAGES[language].file_name("errors")
        suffix = LANGUAGES[language].extension
        made[kit] = _render(f"errors.{suffix}", title, name=pascal(name.replace("-", "_")))
    made |= _milestone(layout, system, system.milestones[0])
    folders = [layout.root / "katas" / name, layout.root / "solutions" / name]
    return _make(layout, change, made, folders, f"{name}/{first}")


def new_milestone(
    layout: Layout,
    course: Course,
    system: System,
    name: str,
    *,
    title: str | None,
    adds: Sequence[str],
    languages: Sequence[str] = (),
) -> list[Path]:
    """Add the next milestone of a system; what was written, the manifest first."""
    last = system.milestones[-1].id
    number = f"{int(last[:2]) + 1:02}"
    if name in {m.id for m in system.milestones}:
        raise UsageError(f"{system.id} has a milestone {name} already", "Choose another name.")
    if not name.startswith(f"{number}-"):
        raise UsageError(
            f"{name!r} does not follow {last}", f"The next one's id begins with {number}-."
        )
    title = _words(name) if title is None else title
    check_title(title)
    change = add_milestone(
        layout.manifest,
        system.id,
        name,
        title=title,
        adds=adds or [module_of(name)],
        languages=languages,
    )
    grown = change.course.system(system.id)
    made = _milestone(layout, grown, grown.milestones[-1])
    folders = [
        layout.lesson(system.id, name).parent,
        layout.hidden_suite(system.id, name).parent,
    ]
    return _make(layout, change, made, folders, f"{system.id}/{name}")


def _words(milestone: str) -> str:
    return milestone[3:].replace("-", " ").capitalize()


def _milestone(layout: Layout, system: System, milestone: Milestone) -> dict[Path, str]:
    """The text of every file of a milestone but its stubs, which are cut."""
    names = [pascal(module) for module in milestone.adds]
    more: dict[str, Any] = {"names": names}
    made = {
        layout.lesson(system.id, milestone.id): _render("lesson.md", milestone.title, **more),
        layout.hints(system.id, milestone.id): _render("hints.md", milestone.title),
        layout.visible_suite(system.id, milestone.id): _render(
            "test_visible.py", milestone.title, **more
        ),
        layout.hidden_suite(system.id, milestone.id): _render(
            "test_hidden.py", milestone.title, **more
        ),
    }
    for language in system.languages_of(milestone):
        suffix = LANGUAGES[language].extension
        for path, name in zip(layout.solutions(system.id, milestone, language), names, strict=True):
            made[path] = _render(f"reference.{suffix}", milestone.title, name=name)
    language = system.languages_of(milestone)[0]
    reference = layout.solutions(system.id, milestone, language)[0]
    patches = layout.hidden_suite(system.id, milestone.id).parent / "impostors"
    made[patches / "anything-goes.patch"] = _impostor(
        made[reference], f"{language}/{files(milestone, language)[0]}", language
    )
    return made


def _impostor(reference: str, name: str, language: str) -> str:
    """An example of a wrong solution, as a patch on the reference."""
    wrong = reference.replace(_CHECKS[language], "", 1)
    lines = difflib.unified_diff(
        reference.splitlines(True), wrong.splitlines(True), f"a/{name}", f"b/{name}"
    )
    head = f"Misconception: {_MISTAKE}\nHint: 1\n"
    head += "" if language == "python" else f"Language: {language}\n"
    return f"{head}\n{''.join(lines)}"


def _render(template: str, title: str, **more: object) -> str:
    loader = jinja2.PackageLoader("grader", "templates/scaffold")
    environment = jinja2.Environment(
        loader=loader,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["snake"] = lambda name: re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    found = environment.get_template(f"{template}.j2")
    return found.render(unwritten=UNWRITTEN, title=title, **more)


def _make(
    layout: Layout, change: Change, made: Mapping[Path, str], folders: Sequence[Path], only: str
) -> list[Path]:
    """Write everything, cut the stubs, and take all of it back if something fails."""
    name, _, number = only.partition("/")
    system = change.course.system(name)
    milestone = system.milestone(number)
    stubs = [
        p for one in system.languages_of(milestone) for p in layout.stubs(name, milestone, one)
    ]
    paths = [*made, *stubs]
    _free(paths, folders)
    new = {up for path in paths for up in path.parents if not up.exists()}
    try:
        for path, content in made.items():
            write(path, content.encode())
        cut_stubs(layout, change.course, check=False, only=only)
        if change.path.read_bytes() != change.before:
            raise UsageError(f"{change.path}: somebody has just changed it", "Try again.")
        write(change.path, change.after)
        return [change.path, *paths]
    except BaseException:  # Ctrl-C too
        if change.path.read_bytes() == change.after:
            write(change.path, change.before)
        for path in paths:
            with contextlib.suppress(OSError):
                path.unlink()
        for folder in sorted(new, reverse=True):  # what lies in another comes before it
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


def _free(paths: Sequence[Path], folders: Sequence[Path]) -> None:
    """Nothing is where the new files will be; UsageError names what is."""
    for path in paths:
        if os.path.lexists(path):
            raise UsageError(f"{path}: is there already", "Nothing was written; move it away.")
    for folder in folders:
        if os.path.lexists(folder) and not (folder.is_dir() and not any(folder.iterdir())):
            raise UsageError(f"{folder}: is there already", "Nothing was written; move it away.")
