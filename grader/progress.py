"""The record of attempts: one SQLite file in the workspace, written only by the command line.

Each attempt is one transaction, so a `kill -9` keeps the old or the new state, and two graders at once
wait for each other. A file that is no database any more is set aside, never thrown away.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from grader.errors import UsageError
from grader.verdict import MilestoneResult

BUSY_SECONDS = 10.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY, time TEXT NOT NULL, system TEXT NOT NULL, milestone TEXT NOT NULL,
    language TEXT NOT NULL, suites TEXT NOT NULL, passed INTEGER NOT NULL, total INTEGER NOT NULL,
    outcome TEXT NOT NULL, seconds REAL NOT NULL, seed INTEGER NOT NULL, sandboxed INTEGER NOT NULL,
    borrowed INTEGER NOT NULL, code TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS hints (
    milestone TEXT PRIMARY KEY, taken INTEGER NOT NULL);
"""


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """One measured milestone."""

    time: str  # ISO 8601, UTC
    system: str
    milestone: str
    language: str
    suites: str  # `visible`, or `visible+hidden`
    passed: int
    total: int
    outcome: str
    seconds: float
    seed: int
    sandboxed: bool
    borrowed: bool
    code: str  # hash of the graded sources

    @property
    def official(self) -> bool:
        """Whether it counts: both suites, in the sandbox."""
        return self.suites == "visible+hidden" and self.sandboxed


class Progress:
    """The attempts of one workspace."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notice = ""  # what the user should be told about the file
        path.parent.mkdir(parents=True, exist_ok=True)
        self._prepare()

    def record(self, result: MilestoneResult, *, seed: int, sandboxed: bool, code: str) -> None:
        """Keep one attempt; UsageError when the disk or the folder does not allow it."""
        row = (
            time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            result.system, result.milestone, result.language, "+".join(result.suites),
            result.count(), result.total(), result.outcome, result.seconds, seed,
            sandboxed, result.borrowed, code,
        )  # fmt: skip
        marks = ",".join("?" * len(row))
        columns = ", ".join(Attempt.__struct_fields__)
        with self._open() as base:
            base.execute(f"INSERT INTO attempts ({columns}) VALUES ({marks})", row)

    def attempts(self) -> list[Attempt]:
        """All attempts, oldest first."""
        columns = ", ".join(Attempt.__struct_fields__)
        with self._open() as base:
            rows = base.execute(f"SELECT {columns} FROM attempts ORDER BY id").fetchall()
        return [msgspec.convert(row, Attempt, strict=False) for row in rows]

    def latest(self) -> dict[str, Attempt]:
        """The last official attempt of each milestone."""
        return {a.milestone: a for a in self.attempts() if a.official}

    def hints_taken(self, milestone: str) -> int:
        with self._open() as base:
            row = base.execute(
                "SELECT taken FROM hints WHERE milestone = ?", (milestone,)
            ).fetchone()
        return row[0] if row else 0

    def take_hint(self, milestone: str, count: int) -> None:
        with self._open() as base:
            base.execute("INSERT OR REPLACE INTO hints VALUES (?, ?)", (milestone, count))

    def _prepare(self) -> None:
        try:
            with self._open() as base:
                base.executescript(SCHEMA)
                base.execute("SELECT count(*) FROM attempts").fetchone()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise self._refused(error) from error
            aside = self.path.with_name(f"{self.path.name}.damaged-{time.time_ns()}")
            self.path.rename(aside)
            self.notice = (
                f"{self.path} was damaged; it is kept as {aside.name}, and a new one begun."
            )
            with self._open() as base:
                base.executescript(SCHEMA)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection and its transaction; committed and closed at the end."""
        try:
            base = sqlite3.connect(self.path, timeout=BUSY_SECONDS)
        except sqlite3.OperationalError as error:
            raise self._refused(error) from error
        try:
            with base:
                yield base
        except sqlite3.OperationalError as error:
            raise self._refused(error) from error
        finally:
            base.close()

    def _refused(self, error: Exception) -> UsageError:
        return UsageError(
            f"{self.path}: the attempt cannot be recorded: {error}",
            "Check that the folder can be written and the disk has room; the code was not touched.",
        )


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return "not a database" in str(error) or "malformed" in str(error)
