"""`sfs new`: the files of a new system or milestone, so that they run at once and honestly fail.

What is written works (a running total): its reference passes, its stub is all `todo`. What a person
has to write bears the mark UNWRITTEN, and `sfs verify` lists every line that has it. Nothing that is
there already is changed but the manifest, and that by adding lines to it.
"""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import yaml

from grader import authoring, manifest
from grader.errors import GraderError, UsageError
from grader.languages import LANGUAGES, pascal
from grader.layout import Layout, files
from grader.manifest import Course, Milestone, System
from grader.workspace import write

UNWRITTEN = "TODO(author)"
FIRST = "01-first"
POINTS = 1
_MISTAKE = "Nobody will add less than nothing."
_CHECKS = {  # the lines of a reference whose absence is the example of an impostor
    "python": '        if amount < 0:\n            raise ValueError(f"cannot add {amount}")\n',
    "typescript": "    if (amount < 0) throw new RangeError(`cannot add ${amount}`);\n",
    "java": "        if (amount < 0) {\n            throw new IllegalArgumentException"
    '("cannot add " + amount);\n        }\n',
}


def new_system(
    layout: Layout, course: Course, name: str, *, title: str, languages: Sequence[str], first: str
) -> list[Path]:
    """Add a system with its first milestone; what was written, the manifest first."""
    if name in course.systems:
        raise UsageError(f"there is a system {name!r} already", "Choose another name.")
    if not first.startswith("01-"):
        raise UsageError(f"{first!r} is no first milestone", "Its id begins with 01-.")
    module = _module(first)
    head = [
        f"{name}:",
        f"  title: {_quoted(title)}",
        f"  languages: [{', '.join(languages)}]",
        "  milestones:",
        f"    - {_entry(first, _words(first), [module])}",
    ]
    text = _with_system(layout.manifest, head)
    changed = _checked(layout.manifest, text)
    system = changed.system(name)
    made = {layout.root / "katas" / name / "README.md": _render("readme.md", title, system=name)}
    for language in system.languages:
        kit = layout.kit(name, language) / LANGUAGES[language].file_name("errors")
        suffix = LANGUAGES[language].extension
        made[kit] = _render(f"errors.{suffix}", title, name=pascal(name.replace("-", "_")))
    made |= _milestone(layout, system, system.milestones[0])
    return _make(layout, changed, text, made, f"{name}/{first}")


def new_milestone(
    layout: Layout, course: Course, system: System, name: str, *, title: str, adds: Sequence[str]
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
    entry = _entry(name, title or _words(name), adds or [_module(name)])
    text = _with_milestone(layout.manifest, system.id, entry)
    changed = _checked(layout.manifest, text)
    grown = changed.system(system.id)
    made = _milestone(layout, grown, grown.milestones[-1])
    return _make(layout, changed, text, made, f"{system.id}/{name}")


# -- the manifest -------------------------------------------------------------------------------


def _with_milestone(path: Path, system: str, entry: str) -> str:
    """The manifest's text with one more line in a system's list of milestones."""
    text, root = _composed(path)
    items = _at(_at(_at(root, "systems"), system), "milestones")
    if not isinstance(items, yaml.SequenceNode) or items.flow_style:
        raise UsageError(
            f"{path}:{items.start_mark.line + 1}: the milestones stand in one line",
            "Write them below each other, each behind a hyphen.",
        )
    dash = text.splitlines()[items.value[-1].start_mark.line]
    indent = dash[: len(dash) - len(dash.lstrip())]
    return _inserted(text, items.value[-1], [f"{indent}- {entry}"])


def _with_system(path: Path, lines: Sequence[str]) -> str:
    """The manifest's text with one more system behind the last one."""
    text, root = _composed(path)
    systems = _at(root, "systems")
    if not isinstance(systems, yaml.MappingNode) or systems.flow_style or not systems.value:
        raise UsageError(
            f"{path}: `systems` has no system below it", "Write the first one by hand."
        )
    key, last = systems.value[-1]
    indent = " " * key.start_mark.column
    return _inserted(text, last, [indent + line for line in lines])


def _composed(path: Path) -> tuple[str, yaml.Node]:
    text = path.read_text("utf-8")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert root is not None  # it has been read as a manifest before
    return text, root


def _at(node: yaml.Node, name: str) -> yaml.Node:
    found: yaml.Node = next(value for key, value in node.value if key.value == name)
    return found


def _inserted(text: str, behind: yaml.Node, lines: Sequence[str]) -> str:
    """`lines` below the last line of a node; a comment behind that stays where it is."""
    end = len(text[: behind.end_mark.index].rstrip())
    at = text.find("\n", end)
    at = len(text) if at < 0 else at
    return text[:at] + "".join(f"\n{line}" for line in lines) + (text[at:] or "\n")


def _checked(path: Path, text: str) -> Course:
    """What the changed manifest says; UsageError if that is not allowed. Nothing is written."""
    trial = path.with_name(f".{path.name}.new")
    write(trial, text.encode())
    try:
        return manifest.load(trial)
    except GraderError as error:
        words = re.sub(rf"^{re.escape(str(trial))}(:\d+)?: ", "", error.message)
        raise UsageError(f"that cannot be added: {words}", error.mend) from error
    finally:
        trial.unlink()


def _entry(name: str, title: str, adds: Sequence[str]) -> str:
    added = ", ".join(adds)
    return f"{{id: {name}, title: {_quoted(title)}, adds: [{added}], points: {POINTS}}}"


def _quoted(title: str) -> str:
    """A title as YAML understands it inside braces, too."""
    plain = re.fullmatch(r"[^\W\d_][\w '-]*", title) and not title.endswith(" ")
    escaped = title.replace("\\", "\\\\").replace('"', '\\"')
    return title if plain else f'"{escaped}"'


def _module(milestone: str) -> str:
    return milestone[3:].replace("-", "_")


def _words(milestone: str) -> str:
    return milestone[3:].replace("-", " ").capitalize()


# -- the files ----------------------------------------------------------------------------------


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
    layout: Layout, course: Course, text: str, made: Mapping[Path, str], only: str
) -> list[Path]:
    """Write everything, cut the stubs, and take all of it back if something fails."""
    before = layout.manifest.read_bytes()
    name, _, number = only.partition("/")
    system = course.system(name)
    milestone = system.milestone(number)
    stubs = [
        p for one in system.languages_of(milestone) for p in layout.stubs(name, milestone, one)
    ]
    for path in (*made, *stubs):
        if path.exists():
            raise UsageError(f"{path}: is there already", "Nothing was written; move it away.")
    try:
        for path, content in made.items():
            write(path, content.encode())
        authoring.stubs(layout, course, check=False, only=only)
        write(layout.manifest, text.encode())
        return [layout.manifest, *made, *stubs]
    except BaseException:  # Ctrl-C too
        write(layout.manifest, before)
        for path in (*made, *stubs):
            with contextlib.suppress(OSError):
                path.unlink()
        raise
