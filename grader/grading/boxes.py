"""Gives suites of the profile `namespaces` their boxes, and says what this machine cannot offer."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from grader.box.box import Box, probe
from grader.box.plan import FULL, NONE
from grader.course.languages import LANGUAGES
from grader.grading.stage import Stage
from grader.machine.sandbox import Mount


def open_box(stage: Stage, seconds: float, note: Callable[[str], None]) -> Box:
    """A fresh box with the submission in it, and a spare for the next test; the time runs from now."""
    box = stage.spare_box or _start(stage)
    stage.spare_box = _start(stage)
    box.begin(seconds, note)
    return box


def _start(stage: Stage) -> Box:
    interpreter = stage.scene.runtime.argv[0]
    return Box.start(stage.built.mounts, interpreter, bans=stage.scene.bans)


@functools.cache
def _level() -> tuple[int, tuple[str, ...]]:
    level, reasons = probe()
    return level, tuple(reasons)


def unmet(needs: Sequence[str]) -> str:
    """Why a milestone with these needs cannot be graded here; empty if it can."""
    level, reasons = _level()
    if level == NONE:
        return f"no private computer can be made here: {'; '.join(reasons)}"
    if "idrange" in needs and level < FULL:
        return f"needs a range of user ids: {'; '.join(reasons)}"
    return ""


def interactive(code: Path | None) -> int:
    """A shell in a private computer, with a learner's folder at /code; its exit status."""
    from grader.box.box import interactive as open_shell

    runtime = LANGUAGES["python"].runtime(os.environ)
    mounts = [Mount(source, target) for source, target in runtime.mounts]
    if code is not None:
        mounts.append(Mount(code, "/code", writable=True))
    return open_shell(mounts, runtime.argv[0], term=os.environ.get("TERM", "dumb"))
