"""Commands of a learner's way: where am I, start, next, lesson, hint, progress."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import click
import msgspec

from grader import show
from grader.course import workspace
from grader.course.languages import LANGUAGES
from grader.course.layout import Layout
from grader.course.manifest import Milestone, System
from grader.course.workspace import Workspace
from grader.errors import CourseError, UsageError
from grader.grading.progress import Attempt
from grader.here import Here, languages, look, record
from grader.verdict import MilestoneResult


def where_am_i(course: str | None) -> None:
    """`sfs` alone: the milestones with their bars, and the one command to type next."""
    here = look(course)
    if here.workspace is None:
        print(f"{here.course.course}\n\nYou are not in a workspace. The systems:\n")
        for system in here.course.systems.values():
            titles = ", ".join(LANGUAGES[name].title for name in system.languages)
            print(
                f"  {system.id:20} {system.title} ({titles}; {len(system.milestones)} milestones)"
            )
        first = next(iter(here.course.systems))
        print(f"\nNext: sfs start {first}")
        return
    own, system = here.own()
    own = _up_to_date(here, own, system)
    print(f"{system.title} in {LANGUAGES[own.language].title}, in {own.root}\n")
    print(_bars(own, system))
    print(f"\nNext: {_next_step(own, system)}")


def _up_to_date(here: Here, own: Workspace, system: System) -> Workspace:
    """Bring an older workspace up to the course, and say what changed and what did not."""
    lost = [m for m in own.begun if m not in [x.id for x in system.milestones]]
    if lost:
        print(
            f"This course no longer has {', '.join(lost)}; your files of it stay where they are.\n"
        )
    if own.fingerprint == workspace.fingerprint(here.layout, system, own.language):
        return own
    print(
        "The course has changed since this workspace was made: the kit is brought up to date, your files stay.\n"
    )
    return own.refresh(here.layout, system)


def _bars(own: Workspace, system: System) -> str:
    latest = _latest(own)
    lines = []
    for milestone in system.milestones:
        attempt = latest.get(milestone.id)
        mark, told = _standing(own, milestone, attempt)
        passed, total = (attempt.passed, attempt.total) if attempt else (0, 0)
        line = f"  {mark} {milestone.id:22} {show.bar(passed, total)}  {told}"
        lines.append(show.colour(line, told if told in show.COLOURS else ""))
    return "\n".join(lines)


def _latest(own: Workspace) -> dict[str, Attempt]:
    """The attempts that count; where a course has no hidden suites, those with the visible ones."""
    return record(own).latest(hidden=Layout(own.course).has_solutions())


def _standing(own: Workspace, milestone: Milestone, attempt: Attempt | None) -> tuple[str, str]:
    if milestone.id in own.borrowed:
        return "○", "borrowed"
    if attempt is None:
        return " ", "begun, not graded yet" if milestone.id in own.begun else ""
    if attempt.outcome == "passed":
        return "●", "passed" if attempt.official else "visible tests pass"
    return "◐", f"{attempt.passed} of {attempt.total} tests pass"


def _next_step(own: Workspace, system: System) -> str:
    present = workspace.current(own, system)
    attempt = _latest(own).get(present.id)
    done = present.id in own.borrowed or (attempt is not None and attempt.outcome == "passed")
    if not done:
        tested = any(a.milestone == present.id for a in record(own).attempts())
        return (
            f"sfs test   (and sfs hint, when stuck on {present.title})"
            if tested
            else f"sfs lesson {present.id}"
        )
    return (
        "sfs next"
        if present is not system.milestones[-1]
        else "sfs report --html -o report.html   (you are through)"
    )


@click.command("start")
@click.argument("system")
@click.option(
    "--lang", metavar="LANG", help="python, typescript or java (default: the system's first)."
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where (default: SYSTEM-LANG here).",
)
@click.pass_obj
def start_(course: str | None, system: str, lang: str | None, folder: Path | None) -> int:
    """Begin a system: make a folder to work in, with the first stub.

    \b
    sfs start database-system
    sfs start web-server --lang typescript --dir ~/my-server
    """
    here = look(course)
    chosen = here.course.system(system)
    first = chosen.milestones[0]
    language = languages(chosen, first, lang)[0]
    root = (folder or Path(f"{chosen.id}-{language}")).resolve()
    existed = (root / workspace.MEMORY).exists()
    own = workspace.create(root, here.layout, chosen, language)
    if existed and own.begun:
        print(
            f"This workspace is there already: {root}. Nothing in it was changed.\n\nNext: {_next_step(own, chosen)}"
        )
        return 0
    own, added = workspace.begin(own, here.layout, chosen, first)
    print(f"{chosen.title} in {LANGUAGES[language].title}: {root}\n")
    _say_begun(here, own, first, added)
    print(f"\nNext: cd {_quoted(root)} && sfs lesson")
    return 0


def _quoted(path: Path) -> str:
    import shlex

    return shlex.quote(str(path))


def _say_begun(here: Here, own: Workspace, milestone: Milestone, added: list[str]) -> None:
    print(f"Milestone {milestone.id}: {milestone.title}.")
    print(f"  To fill in: {', '.join(added) or 'nothing new: your files were there already'}")
    result = _measured(here, own, milestone)
    if result.outcome == "not run":  # no JDK, say: it can be written here all the same
        print(f"  It cannot be measured on this machine yet: {result.reason}")
        return
    print(f"  {result.count()} of {result.total()} visible tests pass.", end=" ")
    print(
        "That is as it should be: the stub only says what is asked." if result.count() == 0 else ""
    )


def _measured(here: Here, own: Workspace, milestone: Milestone) -> MilestoneResult:
    """How many visible tests pass now: also the first sign that everything works on this machine."""
    from grader.session import Session

    system = here.course.system(own.system)
    session = Session(replace(here, workspace=None), ("visible",), fresh=True, quiet=True)
    result = session.run([session.job(system, milestone, own.language, own.root)], "").milestones[0]
    if not result.tests and result.outcome != "not run":
        raise UsageError(
            f"{milestone.id} cannot be measured here: {result.reason}", "See: sfs doctor"
        )
    return result


@click.command("next")
@click.option("--anyway", is_flag=True, help="Even if the present milestone has not passed.")
@click.pass_obj
def next_(course: str | None, anyway: bool) -> int:
    """Go on to the next milestone: adds its stubs beside your files.

    \b
    sfs next            after `sfs grade` passed
    sfs next --anyway   leave this one for later
    """
    here = look(course)
    own, system = here.own()
    present = workspace.current(own, system)
    if present is system.milestones[-1]:
        print(f"{present.id} is the last milestone of {system.id}. There is nothing after it.")
        return 0
    attempt = _latest(own).get(present.id)
    passed = present.id in own.borrowed or (attempt is not None and attempt.outcome == "passed")
    if not passed and not anyway:
        raise UsageError(
            f"{present.id} has not passed yet",
            "Grade it with `sfs grade`, or skip it with `sfs next --anyway`.",
        )
    following = system.milestones[system.milestones.index(present) + 1]
    if own.language not in system.languages_of(following):
        raise UsageError(
            f"{following.id} is not offered in {LANGUAGES[own.language].title}",
            f"Its languages: {', '.join(system.languages_of(following))}.",
        )
    own, added = workspace.begin(own, here.layout, system, following)
    _say_begun(here, own, following, added)
    print("\nNext: sfs lesson")
    return 0


@click.command("lesson")
@click.argument("milestone", required=False)
@click.option("--raw", is_flag=True, help="The Markdown itself.")
@click.pass_obj
def lesson_(course: str | None, milestone: str | None, raw: bool) -> int:
    """Read the lesson of a milestone (the present one, or the one you name).

    \b
    sfs lesson
    sfs lesson 01 --raw > lesson.md
    sfs lesson web-server/02      outside a workspace
    """
    here = look(course)
    system, wanted = _any_milestone(here, milestone)
    text = _text(here.layout.lesson(system.id, wanted.id))
    _print_markdown(text, raw=raw)
    return 0


def _any_milestone(here: Here, milestone: str | None) -> tuple[System, Milestone]:
    if milestone and "/" in milestone:
        name, _, number = milestone.partition("/")
        system = here.course.system(name)
        return system, system.milestone(number)
    _, system, wanted = here.milestone(milestone)
    return system, wanted


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise CourseError(
            f"{path}: cannot be read: {error.strerror}", "Is the course complete?"
        ) from error


def _print_markdown(text: str, *, raw: bool) -> None:
    import os
    import sys

    if raw or not sys.stdout.isatty():
        sys.stdout.write(text)
        return
    # Or less would print the colours as letters, and fill a screen for three lines.
    os.environ.setdefault("LESS", "FRX")
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    with console.pager(styles=True):
        console.print(Markdown(text), width=min(console.width, 100))


@click.command("hint")
@click.argument("milestone", required=False)
@click.option("--all", "everything", is_flag=True, help="All hints that you took already, again.")
@click.pass_obj
def hint_(course: str | None, milestone: str | None, everything: bool) -> int:
    """Get one more hint: a nudge, then an approach, then almost the code.

    \b
    sfs hint
    sfs hint --all     those you had
    """
    here = look(course)
    own, system, wanted = here.milestone(milestone)
    steps = hints(_text(here.layout.hints(system.id, wanted.id)))
    progress = record(own)
    taken = progress.hints_taken(wanted.id)
    if everything:
        _print_markdown("\n\n".join(steps[:taken]) or "You have taken no hint yet.\n", raw=False)
        return 0
    if taken >= len(steps):
        print("You had all hints; here is the last one again.\n")
        taken = len(steps) - 1
    _print_markdown(steps[taken] + "\n", raw=False)
    progress.take_hint(wanted.id, taken + 1)
    left = len(steps) - taken - 1
    more = f"{left} more hint{'s' if left != 1 else ''}" if left else "That was the last hint"
    print(f"\n{more} for {wanted.id}.")
    return 0


def hints(text: str) -> list[str]:
    """The steps of a hints.md: one for each `## ` heading."""
    return [f"## {part.strip()}" for part in re.split(r"^## ", text, flags=re.M)[1:]]


@click.command("progress")
@click.option("--json", "as_json", is_flag=True, help="All attempts as JSON.")
@click.pass_obj
def progress_(course: str | None, as_json: bool) -> int:
    """Show how far you got, and the last attempts.

    \b
    sfs progress
    sfs progress --json
    """
    here = look(course)
    own, system = here.own()
    attempts = record(own).attempts()
    if as_json:
        print(json.dumps([msgspec.structs.asdict(a) for a in attempts], indent=2))
        return 0
    print(_bars(own, system))
    rows = [
        [a.time, a.milestone, a.suites, f"{a.passed}/{a.total}", show.colour(a.outcome, a.outcome)]
        for a in attempts[-10:]
    ]
    print(
        "\n" + show.table(rows, ["when (UTC)", "milestone", "suites", "tests", "verdict"])
        if rows
        else "\nNo attempt yet."
    )
    return 0
