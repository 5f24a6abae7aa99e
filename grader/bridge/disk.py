"""The fixture `disk`: what the kit's DiskFile did, counted and journaled, and how it shall fail.

A convention ties it to a system's kit, not to a system: a class `DiskFile` with the static methods
`trace(journal_path, plan)` and `totals()`. The journal is a file in the test's working directory,
one JSON object a line, so that it survives the death of the process that wrote it.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from grader.bridge.faults import WrongAnswer
from grader.bridge.proxy import Kata

HOWS = ("torn", "full", "lost-sync", "crash")


class Disk:
    """The door to the disk, seen from the test."""

    def __init__(self, kata: Kata, workdir: Path) -> None:
        self._kata = kata
        self._journal = workdir / ".disk-journal"

    def record(self) -> None:
        """Journal and count from here on; what was journaled before is forgotten."""
        self._journal.unlink(missing_ok=True)
        self._kata.DiskFile.trace(str(self._journal), None)

    def fail(self, at: int, how: str) -> None:
        """Let the `at`-th changing operation from now (1 is the next) go wrong in the manner `how`."""
        if how not in HOWS:
            raise ValueError(f"how must be one of {', '.join(HOWS)}, not {how!r}")
        self._kata.DiskFile.trace(str(self._journal), {"at": at, "how": how})

    def counts(self) -> dict[str, int]:
        """reads, writes, bytes_written and syncs of all files since `record`."""
        totals = self._kata.DiskFile.totals()
        if type(totals) is not dict:
            raise WrongAnswer("DiskFile.totals, which is the kit's, did not give its counts")
        return totals

    def journal(self) -> list[dict[str, Any]]:
        """Every changing operation since `record`, in order; data as bytes."""
        try:
            lines = self._journal.read_text("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return []
        try:
            return [_entry(line) for line in lines]
        except (ValueError, TypeError, RecursionError) as error:
            raise WrongAnswer(
                f"the kit's journal of the disk was written by others: {error}"
            ) from None


def _entry(line: str) -> dict[str, Any]:
    entry = json.loads(line)
    if type(entry) is not dict:
        raise ValueError("a line is no JSON object")
    if entry.get("data") is not None:
        entry["data"] = base64.b64decode(entry["data"])
    return entry
