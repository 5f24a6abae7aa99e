"""Where a report may be written: a new file, or one that holds an earlier report of the same kind.

Whatever else is there may be somebody's work and stays; sources, the kit and the workspace's memory
are no place for a report at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from grader.course.languages import LANGUAGES
from grader.errors import UsageError
from grader.reports.formats import Kind

LOOKED_AT = 4096  # bytes of a file that stands in the way
NO_REPORTS = (".sfs", "kit")  # folders of a workspace
OPENINGS: Mapping[Kind, bytes] = {
    "json": rb'\{\n  "course": ".*",\n  "subject": ',
    "junit": rb"<\?xml version=\"1\.0\" encoding=\"UTF-8\"\?>\n<testsuites name=",
    "gradescope": rb'\{\n  "score": [\d.]+,\n  "execution_time": ',
    "classroom": rb'\{\n  "version": 3,\n  "status": "\w+",\n  "message": ',
    "markdown": rb"# .*\n\n\*\*\d+ of \d+ milestones? passed both suites, ",
    "csv": rb"subject,started,system,milestone,",
    "html": rb"<!doctype html>\n(.*\n){,8}<title>.*: \d+ of \d+ milestones? passed both suites, ",
}


def check(output: Path, kind: Kind) -> None:
    """UsageError if a report of this kind would take the place of something else."""
    place = output.resolve()
    suffixes = {f".{language.extension}" for language in LANGUAGES.values()}
    inside = any((folder / ".sfs").is_dir() and _top(place, folder) for folder in place.parents)
    if place.suffix in suffixes or inside:
        raise UsageError(
            f"{output}: is no place for a report", "Give it a name of its own: -o report.html"
        )
    if not output.is_symlink() and not output.exists():
        return
    if not is_report(output, kind):
        raise UsageError(
            f"{output}: is there already, and is no earlier {kind} report",
            "It was left as it is. Choose another name.",
        )


def _top(place: Path, folder: Path) -> bool:
    return place.relative_to(folder).parts[0] in NO_REPORTS


def is_report(path: Path, kind: Kind) -> bool:
    """Whether a file begins as a report of this kind does."""
    if not path.is_file():  # a pipe would have to be waited for
        return False
    try:
        with path.open("rb") as file:
            return re.match(OPENINGS[kind], file.read(LOOKED_AT)) is not None
    except OSError:
        return False
