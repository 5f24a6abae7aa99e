"""Commands for a class: export, batch."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from grader.commands.grading import official, print_as_it_is, say_unsafe, selected_of
from grader.commands.options import measuring, secret_and_overlay
from grader.errors import UsageError
from grader.here import look


@click.command("export")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--system", "systems", multiple=True, metavar="ID", help="Only this one (repeatable)."
)
@click.option(
    "--secret",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The class's secret; made if it is not there. Keep it to yourself.",
)
@click.option("--json", "as_json", is_flag=True, help="What was done as JSON, and nothing else.")
@click.pass_obj
def export_(
    course: str | None, folder: Path, systems: tuple[str, ...], secret: Path | None, as_json: bool
) -> int:
    """Write the copy of the course that a class receives: without solutions and hidden suites.

    \b
    sfs export ~/class
    sfs export ~/class --system web-server          only one system
    sfs export ~/class --secret ~/class.secret      with random data of the class's own
    A second export brings the copy up to date, and leaves alone what others changed there.
    """
    from grader.authoring import export
    from grader.course import class_secret

    here = look(course)
    made = False
    if secret is not None:
        if secret.resolve().is_relative_to(folder.resolve()):
            raise UsageError(
                f"{secret}: lies inside the class's copy", "Keep the secret somewhere else."
            )
        made = class_secret.make(secret)
    key = class_secret.read(secret) if secret else None
    done = export.export(here.layout, here.course, folder, systems, key)
    if as_json:
        told = {"folder": str(folder.resolve()), "files": done.files, "written": done.written,
                "removed": done.removed, "left": done.left, "secret_made": made}  # fmt: skip
        print(json.dumps(told, indent=2))
        return 0
    if made:
        print(f"{secret}: a new secret. Keep it: sfs grade --secret {secret}")
    print(
        f"{folder}: {done.files} files, {len(done.written)} written, {len(done.removed)} removed;"
        " no hidden suite, solution or impostor is among them"
    )
    for name in done.left:
        print(f"  left as somebody changed it: {name}")
    print(f"\nNext: cd {folder} && make")
    return 0


@click.command("batch")
@click.argument("folder", metavar="FOLDER", type=click.Path(file_okay=False, path_type=Path))
@click.argument("selectors", nargs=-1, required=True, metavar="SYSTEM[/NN]...")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write DIR/grades.csv, and DIR/NAME/report.html and report.json for each learner.",
)
@click.option("--lang", metavar="LANG", help="python, typescript or java.")
@click.option("--fresh", is_flag=True, help="Measure again even what is known.")
@secret_and_overlay
@measuring
@click.pass_obj
def batch_(
    course: str | None, folder: Path, selectors: tuple[str, ...], output: Path | None,
    lang: str | None, fresh: bool, secret: Path | None, overlay: Path | None,
    seed: int | None, unsafe: bool, as_json: bool,
) -> int:  # fmt: skip
    """Grade the submissions of a class: each folder in FOLDER is one learner's.

    \b
    sfs batch ~/handed-in database-system/01 --lang python
    sfs batch ~/handed-in web-server -o ~/reports --secret ~/class.secret
    sfs batch ~/handed-in database-system --json > class.json

    A submission that cannot be read gets that as its verdict, and the others are graded all the same.
    When it is stopped, the next run goes on from the verdicts that are known. The exit status is 0 when
    everything could be measured, whatever the verdicts are.
    """
    from grader import batch, show
    from grader.errors import GRADER_FAULT
    from grader.reports import formats as reports

    here = look(course, handed_in=folder)
    theirs, left_out = batch.learners(folder)
    if output is not None:
        batch.check(output, folder, [path.name for path in theirs])
    wanted = {path: selected_of(here, path.resolve(), selectors, lang) for path in theirs}
    everything = [one for selected in wanted.values() for one in selected]
    session = official(here, everything, seed, fresh, unsafe, as_json, secret, overlay)
    jobs = {
        path.name: [session.job(*one, path.resolve()) for one in selected]
        for path, selected in wanted.items()
    }
    runs = batch.grade(session, jobs, folder)
    if output is not None:
        batch.write_reports(output, runs)
    if as_json:
        each = (reports.render(run, "json").strip() for run in runs)
        print_as_it_is("[" + ",\n".join(each) + "]\n")
    else:
        say_unsafe(runs[0])
        print(show.learners(runs))
        if output is not None:
            print(
                f"\nWritten to {output}: {batch.GRADES}, and for each learner a page and a report."
            )
    if left_out:
        print(f"sfs: left out, as no folders: {', '.join(left_out)}", file=sys.stderr)
    unclear = any(m.outcome == "error" for run in runs for m in run.milestones)
    return GRADER_FAULT if unclear else 0
