"""Commands for those who write a course: new system, new milestone."""

from __future__ import annotations

from pathlib import Path

import click

from grader.errors import UsageError
from grader.here import Here, look


@click.group("new")
def new_() -> None:
    """Begin a system or a milestone of your own: files that run at once, and honestly fail.

    \b
    sfs new system calculator --title "A calculator" --languages python,typescript
    sfs new milestone calculator/02-parser
    """


@new_.command("system")
@click.argument("name", metavar="ID")
@click.option("--title", metavar="TEXT", help="What it is called. Default: from its id.")
@click.option(
    "--languages", default="python", show_default=True, metavar="LIST", help="With commas between."
)
@click.option(
    "--first", default="01-first", show_default=True, metavar="NN-SLUG", help="Its first milestone."
)
@click.pass_obj
def system_(course: str | None, name: str, title: str | None, languages: str, first: str) -> int:
    """Add a system with its first milestone.

    \b
    sfs new system calculator --title "A calculator" --languages python,java --first 01-digits
    """
    from grader.authoring import scaffold

    here = _with_solutions(look(course))
    wanted = [one.strip() for one in languages.split(",")]
    made = scaffold.new_system(
        here.layout,
        here.course,
        name,
        title=title,
        languages=wanted,
        first=first,
    )
    _tell(here, made, f"{name}/{first}")
    return 0


@new_.command("milestone")
@click.argument("place", metavar="SYSTEM/NN-SLUG")
@click.option("--title", metavar="TEXT", help="What it is called. Default: its slug.")
@click.option("--adds", default="", metavar="LIST", help="Its modules. Default: its slug.")
@click.option("--languages", default="", metavar="LIST", help="Default: all of the system.")
@click.pass_obj
def milestone_(course: str | None, place: str, title: str | None, adds: str, languages: str) -> int:
    """Add the next milestone of a system.

    \b
    sfs new milestone calculator/02-parser --title "Reading a sum" --adds lexer,parser
    sfs new milestone calculator/03-trees --languages python
    """
    from grader.authoring import scaffold

    here = _with_solutions(look(course))
    system, slash, name = place.partition("/")
    if not slash:
        raise UsageError(
            f"{place!r} names no milestone", "For example: sfs new milestone calculator/02-parser"
        )
    made = scaffold.new_milestone(
        here.layout,
        here.course,
        here.course.system(system),
        name,
        title=title,
        adds=_listed(adds),
        languages=_listed(languages),
    )
    _tell(here, made, place)
    return 0


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _with_solutions(here: Here) -> Here:
    if not here.layout.has_solutions():
        raise UsageError(
            "this copy of the course has no solutions", "Work in the whole repository."
        )
    return here


def _tell(here: Here, made: list[Path], place: str) -> None:
    for path in made:
        print(f"written  {path.relative_to(here.layout.root)}")
    print(f"\nIt runs already: sfs grade --reference {place}")
    print(f"What is left to write: sfs verify {place}")
