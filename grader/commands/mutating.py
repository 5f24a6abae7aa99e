"""The command that measures suites: mutate."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

import click
import msgspec

from grader.course.manifest import Milestone, System
from grader.errors import UsageError
from grader.here import Here, look

if TYPE_CHECKING:
    from grader.proof.mutate import Mutation, Score


@click.command("mutate")
@click.argument("selectors", nargs=-1, required=True, metavar="SYSTEM[/NN]...")
@click.option("--fresh", is_flag=True, help="Measure again even what is known.")
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Mutants side by side.")
@click.option("--json", "as_json", is_flag=True, help="The result as JSON, and nothing else.")
@click.pass_obj
def mutate_(
    course: str | None, selectors: tuple[str, ...], fresh: bool, workers: int | None, as_json: bool
) -> int:
    """Change one thing at a time in a Python reference, and list what the suites do not notice.

    \b
    sfs mutate database-system/01     one milestone
    sfs mutate web-server             all of a system's
    A second run goes on where the first was stopped.
    """
    from grader.grading.trial import Job
    from grader.proof import mutate
    from grader.show import Watching

    here = look(course)
    if not here.layout.has_solutions():
        raise UsageError("this copy of the course has no solutions", "There is nothing to change.")
    found = []
    for system, milestone in _in_python(here, selectors):
        job = Job(
            layout=here.layout,
            course=here.course,
            system=system,
            milestone=milestone,
            language="python",
        )
        mutation = mutate.Mutation(job, os.environ, fresh=fresh)
        began = time.monotonic()
        with Watching(quiet=as_json) as watching:
            line = watching.watcher(f"{system.id}/{milestone.id}")
            if line:
                line.collected(len(mutation.mutants))
            mutation.baseline()
            score = mutation.run(workers or mutate.workers(), line.advance if line else None)
        found.append((f"{system.id}/{milestone.id}", score))
        if not as_json:
            _print(f"{system.id}/{milestone.id}", mutation, score, time.monotonic() - began)
    if as_json:
        sys.stdout.write(_json(found))
    return 0 if all(score.good for _, score in found) else 1


def _in_python(here: Here, selectors: tuple[str, ...]) -> list[tuple[System, Milestone]]:
    """What can be measured of what is meant; the others are named."""
    offered: dict[tuple[str, str], tuple[System, Milestone]] = {}
    others: list[str] = []
    for system, milestone, language in here.select(selectors, None):
        if language == "python":
            offered[system.id, milestone.id] = system, milestone
        elif "python" not in system.languages_of(milestone):
            others.append(f"{system.id}/{milestone.id}")
    told = ", ".join(dict.fromkeys(others))
    if not offered:
        raise UsageError(f"{told}: has no reference in Python", "Only Python code is changed.")
    if told:
        print(f"sfs: left out, without a reference in Python: {told}", file=sys.stderr)
    return list(offered.values())


def _print(name: str, mutation: Mutation, score: Score, seconds: float) -> None:
    from grader.proof.mutate import BAR, difference

    for outcome in score.open:
        mutant = outcome.mutant
        print(f"{outcome.fate}: {mutant.file}:{mutant.line}  {mutant.change}")
        source = mutation.sources[mutant.file].decode()
        print("\n".join(f"    {line}" for line in difference(mutant, source).splitlines()))
        if outcome.fate == "unclear":
            print(f"    {outcome.by}")
    for excuse in score.stale:
        print(f"no longer needed in {mutation.excuses_file.name}: {excuse.file}: {excuse.change}")
    print(
        f"{name}: {score.killed} of {len(score.outcomes)} mutants killed ({score.raw:.1%}), "
        f"{score.excused} excused ({score.explained:.1%} explained), {len(score.open)} open, "
        f"in {seconds:.0f} s"
    )
    if score.open:
        print(
            "Strengthen a suite, or say in excused.yaml beside the hidden suite why nobody can see it "
            "(file, line, change, reason)."
        )
    elif score.raw < BAR:
        print(f"The bar is {BAR:.0%} without excuses: an excuse is for what no suite could see.")


def _json(found: list[tuple[str, Any]]) -> str:
    document = [
        {
            "milestone": name,
            "mutants": len(score.outcomes),
            "killed": score.killed,
            "excused": score.excused,
            "raw": round(score.raw, 4),
            "explained": round(score.explained, 4),
            "open": [
                {
                    "file": o.mutant.file,
                    "line": o.mutant.line,
                    "change": o.mutant.change,
                    "fate": o.fate,
                }
                for o in score.open
            ],
        }
        for name, score in found
    ]
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
