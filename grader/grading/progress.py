"""The record of attempts: one SQLite file in the workspace, written only by the command line.

Each attempt is one transaction, so a `kill -9` keeps the old or the new state, and two graders at once
wait for each other. The file is made by the first attempt, so that reading never needs a folder that
can be written. A file that is no database any more is set aside, never thrown away.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
        if path.exists():
            self._examine()

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
        rows = self._read(f"SELECT {columns} FROM attempts ORDER BY id")
        try:
            return [msgspec.convert(row, Attempt, strict=False) for row in rows]
        except msgspec.ValidationError as error:
            raise UsageError(
                f"{self.path}: cannot be understood: {error}",
                "Move that one file away; your code stays as it is.",
            ) from error

    def latest(self, *, hidden: bool = True) -> dict[str, Attempt]:
        """The last official attempt of each milestone; without `hidden` any sandboxed one."""
        return {
            a.milestone: a for a in self.attempts() if a.official or (a.sandboxed and not hidden)
        }

    def hints_taken(self, milestone: str) -> int:
        """How many hints of a milestone were shown."""
        rows = self._read("SELECT taken FROM hints WHERE milestone = ?", milestone)
        return int(rows[0][0]) if rows else 0

    def take_hint(self, milestone: str, count: int) -> None:
        """Remember that so many hints were shown."""
        with self._open() as base:
            base.execute("INSERT OR REPLACE INTO hints VALUES (?, ?)", (milestone, count))

    def _read(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        if not self.path.exists():
            return []
        with self._connection() as base:
            if not base.execute("SELECT 1 FROM sqlite_master WHERE name = 'hints'").fetchone():
                return []  # somebody is just making it
            return base.execute(query, values).fetchall()

    def _examine(self) -> None:
        """Set a damaged file aside, with its journal."""
        try:
            with self._connection() as base:
                (told,) = base.execute("PRAGMA quick_check(1)").fetchone()
                known = {row[1] for row in base.execute("PRAGMA table_info(attempts)")}
        except sqlite3.DatabaseError as error:
            told, known = str(error), set()
        if told == "ok" and (not known or known >= set(Attempt.__struct_fields__)):
            return
        suffix = f"damaged-{time.time_ns()}"
        try:
            for path in (self.path, self.path.with_name(f"{self.path.name}-journal")):
                with contextlib.suppress(FileNotFoundError):
                    path.rename(path.with_name(f"{path.name}.{suffix}"))
        except OSError as error:
            raise self._refused(error) from error
        aside = f"{self.path.name}.{suffix}"
        self.notice = f"{self.path} was damaged; it is kept as {aside}, and a new one begun."

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection that can write, its tables, and one transaction."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._refused(error) from error
        with self._connection() as base:
            base.executescript(SCHEMA)
            with base:
                yield base

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS)) as base:
                yield base
        except sqlite3.OperationalError as error:
            raise self._refused(error) from error

    def _refused(self, error: Exception) -> UsageError:
        return UsageError(
            f"{self.path}: cannot be used: {error}",
            "Check that the folder can be written and the disk has room; your code was not touched.",
        )
