"""Commands for a class: export."""

from __future__ import annotations

import json
from pathlib import Path

import click

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
    from grader import class_secret, export

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
