"""Commands that touch a learner's files, or look beside them: diff, borrow, reset, shell."""

from __future__ import annotations

import difflib
import re
from dataclasses import replace

import click

from grader import show
from grader.course import workspace
from grader.course.layout import files
from grader.course.manifest import Milestone, System
from grader.course.workspace import Workspace
from grader.errors import UsageError
from grader.here import Here, look, record


def _require_solutions(here: Here) -> None:
    if not here.layout.has_solutions():
        raise UsageError("this copy of the course has no solutions", "Ask your instructor.")


def _reference(here: Here, own: Workspace, system: System, wanted: Milestone) -> dict[str, bytes]:
    _require_solutions(here)
    from grader.course import submission

    reference = submission.read(here.layout.reference(system.id, own.language), own.language)
    return {name: without_markers(reference[name]) for name in files(wanted, own.language)}


def without_markers(source: bytes) -> bytes:
    """A reference as a reader wants it: without the lines that tell the cutter where to cut."""
    return re.sub(rb"^[ \t]*(#|//) (BEGIN|END) SOLUTION.*\n", b"", source, flags=re.M)


@click.command("diff")
@click.argument("milestone", required=False)
@click.pass_obj
def diff_(course: str | None, milestone: str | None) -> int:
    """Compare your solution with the reference, once yours has passed.

    \b
    sfs diff 01
    """
    here = look(course)
    own, system, wanted = here.milestone(milestone)
    _require_solutions(here)
    attempt = record(own).latest().get(wanted.id)
    if not (attempt and attempt.outcome == "passed") and wanted.id not in own.borrowed:
        raise UsageError(
            f"{wanted.id} has not passed yet",
            "First your own way: the reference is shown after a pass.",
        )
    for name, text in _reference(here, own, system, wanted).items():
        written = workspace.standing(own.root / name) or b""
        mine = written.decode("utf-8", "replace").splitlines(keepends=True)
        theirs = text.decode().splitlines(keepends=True)
        lines = list(difflib.unified_diff(mine, theirs, f"yours/{name}", f"reference/{name}"))
        print("".join(_tinted(line) for line in lines) or f"{name}: the same, line for line")
    return 0


def _tinted(line: str) -> str:
    return show.colour(line, {"+": "passed", "-": "failed"}.get(line[0], ""))


@click.command("borrow")
@click.argument("milestone", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def borrow_(course: str | None, milestone: str | None, yes: bool) -> int:
    """Take the reference of a milestone and go on; it is shown as borrowed and earns no credit.

    \b
    sfs borrow 01
    """
    here = look(course)
    own, system, wanted = here.milestone(milestone)
    reference = _reference(here, own, system, wanted)
    _confirm(
        f"Put the reference of {wanted.id} in place of your {', '.join(reference)} (a copy is kept)?",
        yes,
    )
    for name in reference:
        workspace.standing(own.root / name)  # refuses what could not be kept
    own = replace(own, borrowed=tuple(dict.fromkeys((*own.borrowed, wanted.id))))
    own.save()  # first: whatever happens now, the reference is never taken for the learner's own
    _replace(own, reference)
    own, _ = workspace.begin(own, here.layout, system, wanted)
    print(f"{wanted.id} is borrowed now.\n\nNext: sfs next")
    return 0


@click.command("reset")
@click.argument("milestone", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def reset_(course: str | None, milestone: str | None, yes: bool) -> int:
    """Go back to a milestone's stub; your file is kept in .sfs/backups.

    \b
    sfs reset 02
    """
    here = look(course)
    own, system, wanted = here.milestone(milestone)
    stubs = here.layout.stubs(system.id, wanted, own.language)
    _confirm(
        f"Put the stub back in place of your {', '.join(s.name for s in stubs)} (a copy is kept)?",
        yes,
    )
    _replace(own, {stub.name: stub.read_bytes() for stub in stubs})
    replace(own, borrowed=tuple(b for b in own.borrowed if b != wanted.id)).save()
    return 0


def _confirm(question: str, yes: bool) -> None:
    import sys

    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            "this replaces files of yours, and there is nobody to ask", "Say it with --yes."
        )
    if not click.confirm(question):
        print("Nothing was changed.")
        raise click.exceptions.Exit(0)


def _replace(own: Workspace, contents: dict[str, bytes]) -> None:
    for name, content in contents.items():
        backup = own.put(name, content)
        print(
            f"{name}: replaced"
            + (f"; yours is kept in {backup.relative_to(own.root)}" if backup else "")
        )


@click.command("shell")
@click.option("--lang", default="python", hidden=True)
@click.pass_obj
def shell_(course: str | None, lang: str) -> int:
    """Open a private computer: root in it, harmless outside. Your code is in /code.

    \b
    sfs shell
    """
    from grader.grading.boxes import interactive

    here = look(course)
    return interactive(here.workspace.root if here.workspace else None)
