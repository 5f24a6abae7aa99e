"""Commands about the course and the machine: list, doctor, stubs."""

from __future__ import annotations

import json
import os

import click

from grader import show
from grader.errors import UsageError
from grader.here import look


@click.command("list")
@click.argument("system", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def list_(course: str | None, system: str | None, as_json: bool) -> int:
    """Show the systems and their milestones.

    \b
    sfs list
    sfs list web-server
    """
    here = look(course)
    chosen = [here.course.system(system)] if system else list(here.course.systems.values())
    if as_json:
        print(
            json.dumps(
                [
                    {
                        "system": s.id,
                        "title": s.title,
                        "milestones": [
                            {
                                "id": m.id,
                                "title": m.title,
                                "points": m.points,
                                "languages": s.languages_of(m),
                            }
                            for m in s.milestones
                        ],
                    }
                    for s in chosen
                ],
                indent=2,
            )
        )
        return 0
    wide = max(len(m.title) for one in chosen for m in one.milestones)
    for one in chosen:
        print(f"{one.id}: {one.title}")
        for milestone in one.milestones:
            told = ", ".join(one.languages_of(milestone))
            print(f"  {milestone.id:20} {milestone.title:{wide}}  {told}")
    return 0


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def doctor_(course: str | None, as_json: bool) -> int:
    """Check what works on this machine, and what to do about the rest.

    \b
    sfs doctor
    """
    from grader.doctor import examine

    findings = examine(os.environ)
    if as_json:
        print(
            json.dumps(
                [
                    {"name": f.name, "state": f.state, "what": f.what, "mend": f.mend}
                    for f in findings
                ],
                indent=2,
            )
        )
    else:
        looks = {"ok": "passed", "warn": "todo", "bad": "failed"}
        for finding in findings:
            print(
                f"{show.colour(f'{finding.state:5}', looks[finding.state])} {finding.name}: {finding.what}"
            )
            if finding.mend:
                print(f"      {finding.mend}")
    return 1 if any(f.state == "bad" for f in findings) else 0


@click.command("stubs")
@click.argument("only", required=False, metavar="[SYSTEM[/NN]]")
@click.option("--check", is_flag=True, help="Write nothing; say what is not fresh.")
@click.pass_obj
def stubs_(course: str | None, only: str | None, check: bool) -> int:
    """Write the stubs from the references, and the manifest's schema from its structs.

    \b
    sfs stubs
    sfs stubs database-system/01 --check
    """
    from grader.authoring.stubs import cut_stubs
    from grader.course import manifest

    here = look(course)
    if not here.layout.has_solutions():
        raise UsageError("this copy of the course has no solutions", "Its stubs are complete.")
    told = cut_stubs(here.layout, here.course, check=check, only=only)
    schema = here.layout.root / "grader" / "milestones.schema.json"
    if only is None and schema.exists() and schema.read_text("utf-8") != manifest.schema():
        told.append((schema, "stale" if check else "written"))
        if not check:
            schema.write_text(manifest.schema(), "utf-8")
    odd = [(path, status) for path, status in told if status != "fresh"]
    for path, status in odd:
        print(f"{status:10} {path.relative_to(here.layout.root)}")
    print(f"{len(told) - len(odd)} of {len(told)} fresh")
    bad = {"stale", "missing", "unexpected"}
    if any(status in bad for _, status in odd):
        print("Write them with: sfs stubs" if check else "Remove by hand what is unexpected.")
        return 1
    return 0
