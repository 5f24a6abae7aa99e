"""Options that several commands have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


def measuring(command: Any) -> Any:
    """The options that all commands which measure have in common."""
    for option in (
        click.option(
            "--json", "as_json", is_flag=True, help="The result as JSON, and nothing else."
        ),
        click.option("--unsafe", is_flag=True, help="Without a sandbox; every report will say so."),
        click.option("--seed", type=int, metavar="N", help="Repeat the random data of a run."),
    ):
        command = option(command)
    return command


def secret_and_overlay(command: Any) -> Any:
    """The options of those who grade a class."""
    for option in (
        click.option(
            "--overlay",
            type=click.Path(path_type=Path),
            envvar="SFS_OVERLAY",
            metavar="DIR",
            help="Further hidden suites of yours: DIR/SYSTEM/NN-slug/test_*.py (or SFS_OVERLAY).",
        ),
        click.option(
            "--secret",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="A class's secret (see `sfs export`): data that nobody can know beforehand.",
        ),
    ):
        command = option(command)
    return command
