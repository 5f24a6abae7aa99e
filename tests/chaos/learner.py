"""A learner with a home of their own, and what must hold of it after any kill."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from grader.grading.progress import Attempt
from grader.verdict import MilestoneResult

ROOT = Path(__file__).parent.parent.parent
SFS = Path(sys.executable).parent / "sfs"
REFERENCE = ROOT / "solutions" / "database-system" / "python"
STUBS = ROOT / "katas" / "database-system"
MARKERS = re.compile(rb"^[ \t]*# (?:BEGIN|END) SOLUTION.*\n", re.M)
HALF_WRITTEN = re.compile(
    r"^\..+\.(?:new|[0-9a-f]{8})$"
)  # what a write is called before it is done
COMMAND_SECONDS = 90


def solved(name: str = "page_file.py") -> bytes:
    """The reference, as somebody would have written it."""
    return MARKERS.sub(b"", (REFERENCE / name).read_bytes())


def broken() -> bytes:
    """A page file with a checksum that leaves the page's number out: some tests fail."""
    right, wrong = b"crc32(U32.pack(page_no) + payload)", b"crc32(payload)"
    assert right in solved()
    return solved().replace(right, wrong)


def stub(name: str = "page_file.py", milestone: str = "01-pages") -> bytes:
    return (STUBS / milestone / "python" / name).read_bytes()


@dataclass
class Learner:
    """A home, and in it a workspace `db` (unless it is still to be made)."""

    home: Path
    reported: list[str] = field(default_factory=list)  # outcomes that were said to be recorded

    @property
    def db(self) -> Path:
        return self.home / "db"

    @property
    def temporary(self) -> Path:
        """The TMPDIR of everything that this learner runs."""
        return self.home.with_name(f"{self.home.name}.tmp")

    @property
    def verdicts(self) -> Path:
        return self.home / ".cache" / "systems-from-scratch" / "verdicts"

    def environment(self) -> dict[str, str]:
        dropped = ("XDG_CACHE_HOME", "SFS_COURSE", "SFS_OVERLAY")
        known = {k: v for k, v in os.environ.items() if k not in dropped}
        own = {"HOME": str(self.home), "TMPDIR": str(self.temporary), "PYTHONUNBUFFERED": "1"}
        return {**known, **own}

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command; what it says goes to a file, so that nobody has to read along."""
        self.temporary.mkdir(exist_ok=True)
        folder = self.db if self.db.exists() and arguments[:1] != ("start",) else self.home
        with self.said.open("wb") as said:
            return subprocess.Popen(
                [SFS, *arguments],
                cwd=folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )

    @property
    def said(self) -> Path:
        return self.home.with_name(f"{self.home.name}.said")

    def words(self) -> str:
        """What the last command has said until now."""
        return self.said.read_text("utf-8", "replace")

    def sfs(self, *arguments: str, status: int = 0) -> str:
        """Run a command to its end, which must be as expected."""
        assert self.begin(*arguments).wait(COMMAND_SECONDS) == status, self.words()
        assert "Traceback" not in self.words()
        return self.words()

    # -- what must hold ---------------------------------------------------------------------------

    def check_files(self, story: str) -> None:
        """Nothing in TMPDIR, nothing half written, and all that is JSON can be read."""
        left = sorted(str(p) for p in self.temporary.rglob("*"))
        assert not left, f"{story}: left in TMPDIR: {left}"
        names = [p for p in self.home.rglob("*") if HALF_WRITTEN.match(p.name)]
        assert not names, f"{story}: half written: {names}"
        for path in self.verdicts.glob("*"):
            msgspec.json.decode(path.read_bytes(), type=MilestoneResult)
        for path in (self.db / ".sfs").rglob("*.json"):
            json.loads(path.read_bytes())

    def attempts(self) -> list[Attempt]:
        """What the record holds, read without `sfs`; it must be sound."""
        base = self.db / ".sfs" / "progress.db"
        if not base.exists():
            return []
        columns = ", ".join(Attempt.__struct_fields__)
        with tempfile.TemporaryDirectory() as folder:  # a look must not mend what it looks at
            for path in base.parent.glob(f"{base.name}*"):
                shutil.copy(path, folder)
            with closing(sqlite3.connect(Path(folder) / base.name)) as copy:
                assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                tables = {row[0] for row in copy.execute("SELECT name FROM sqlite_master")}
                if "attempts" not in tables:
                    return []
                rows = copy.execute(f"SELECT {columns} FROM attempts ORDER BY id").fetchall()
        return [msgspec.convert(row, Attempt, strict=False) for row in rows]

    def memory(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = json.loads((self.db / ".sfs" / "workspace.json").read_bytes())
        return found

    def backups(self, name: str) -> list[bytes]:
        return [p.read_bytes() for p in (self.db / ".sfs" / "backups").rglob(name)]
