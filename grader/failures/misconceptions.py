"""What somebody may believe whose tests fail just so.

`sfs verify --write` notes for each impostor which visible tests it fails. A learner's run with the
same failures, no more and no fewer, gets the impostor's sentence and the hint that helps. Tests of
what is not built yet are left aside on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from grader.errors import CourseError
from grader.verdict import MilestoneResult

MOST = 3  # more that fit would be guessing


class Misconception(msgspec.Struct, frozen=True):
    """An impostor as a learner meets it; `fails` names visible tests."""

    misconception: str
    hint: int
    language: str
    fails: tuple[str, ...]


def load(path: Path) -> tuple[Misconception, ...]:
    """The misconceptions of a milestone; none without the file. CourseError if it is damaged."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[Misconception, ...])
    except FileNotFoundError:
        return ()
    except msgspec.MsgspecError as error:
        raise CourseError(f"{path}: {error}", "Write it anew: sfs verify --write") from error


def matching(result: MilestoneResult, known: Sequence[Misconception]) -> list[Misconception]:
    """Those whose failures are the run's; empty when that would say nothing."""
    visible = [t for t in result.tests if t.suite == "visible"]
    todo = {t.name for t in visible if t.outcome == "todo"}
    failed = {t.name for t in visible if t.outcome in ("failed", "timeout", "crashed")}
    if not failed or not any(t.outcome == "passed" for t in visible):
        return []
    found = [
        one
        for one in known
        if one.language in ("python", result.language) and set(one.fails) - todo == failed
    ]
    return found if len(found) <= MOST else []


def words(found: Sequence[Misconception]) -> str:
    """What is said of them."""
    beliefs = "\n".join(f"  {one.misconception} (hint {one.hint} is about this)" for one in found)
    return f"This is how it fails for somebody who thinks:\n{beliefs}\nTo get a hint: sfs hint"
