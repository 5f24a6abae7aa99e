"""`sfs xray`: a system's own picture of a file that a learner's program has written.

What the files of a system look like is the system's affair: a module `*_xray.py` among its oracles has
`knows(path)`, `xray(path)`, `lines(now, before)` and `page(now, before)`.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import click

from grader.course.layout import Layout
from grader.errors import UsageError
from grader.here import look
from grader.machine import atomic


@click.command("xray")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--since",
    type=click.Path(path_type=Path),
    metavar="COPY",
    help="A copy made before: mark what changed.",
)
@click.option(
    "--html",
    "out",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="Write it as a page to this file.",
)
@click.option("--json", "as_json", is_flag=True, help="The facts as JSON, and nothing else.")
@click.pass_obj
def xray_(
    course: str | None, file: Path, since: Path | None, out: Path | None, as_json: bool
) -> None:
    """Draw a file that your program has written: a database's pages, trees, free list and log.

    \b
    sfs xray people.db
    sfs xray people.db --since before.db       (cp people.db before.db, before a call)
    sfs xray people.db --html people.html
    """
    layout = look(course).layout
    module = _who_knows(layout, file)
    now = module.xray(file)
    before = None if since is None else _who_knows(layout, since).xray(since)
    if as_json:
        click.echo(json.dumps(now))
    elif out is not None:
        atomic.write(out, module.page(now, before).encode())
        click.echo(f"written: {out}")
    else:
        for line in module.lines(now, before):
            click.echo(line)


def _who_knows(layout: Layout, file: Path) -> ModuleType:
    """The module of the system whose file this is."""
    if not file.is_file():
        raise UsageError(f"there is no file {file}", "Name a file that your program has written.")
    for path in sorted(layout.root.glob("katas/*/oracles/*_xray.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        if module.knows(file):
            return module
    raise UsageError(f"{file} is no file of a system of this course", "See: sfs list")
