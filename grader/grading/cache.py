"""Verdicts kept by content: the same code, kit, suites, grader and runtime need not run twice.

Only conclusive results are kept: a crash, a time-out or a fault of the grader runs again. A damaged
entry is as good as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable, Mapping, Set
from pathlib import Path

import msgspec

from grader.machine import atomic
from grader.verdict import MilestoneResult, Outcome

CONCLUSIVE: frozenset[Outcome] = frozenset({"passed", "failed", "todo"})
GRADER = Path(__file__).parent.parent
# Of a run: whoever starts it, and the trusted process.
ENDS = ("grader.grading.runner", "grader.grading.within")
_IMPORT = re.compile(
    r"^\s*(?:from (grader[\w.]*) import (\([^)]*\)|.+)|import (grader[\w.]*))", re.M
)
_NAME = re.compile(r"\w+")


def folder(environment: Mapping[str, str]) -> Path:
    """Where a user's verdicts are kept."""
    base = environment.get("XDG_CACHE_HOME") or f"{environment.get('HOME', '/nonexistent')}/.cache"
    return Path(base) / "systems-from-scratch" / "verdicts"


class Cache:
    """Verdicts in a folder, one file each; writing is atomic, so any number of graders may share it."""

    def __init__(self, folder: Path, keeps: Set[Outcome] = CONCLUSIVE) -> None:
        self.folder = folder
        self.keeps = keeps  # outcomes of tests with which a verdict is worth keeping

    def get(self, key: str) -> MilestoneResult | None:
        try:
            kept = msgspec.json.decode((self.folder / key).read_bytes(), type=MilestoneResult)
        except (OSError, msgspec.DecodeError):
            return None
        return msgspec.structs.replace(kept, cached=True)

    def put(self, key: str, result: MilestoneResult) -> None:
        """Keep a conclusive verdict. A full disk or a read-only home only costs time later."""
        if result.tests and {t.outcome for t in result.tests} <= self.keeps:
            self.write(key, msgspec.json.encode(result))

    def write(self, key: str, data: bytes) -> None:
        """Keep anything under a key, in one step; what cannot be kept is measured again later."""
        with contextlib.suppress(OSError):
            atomic.write(self.folder / key, data, durable=False)


def key(parts: Iterable[str | bytes]) -> str:
    """One name for all that a verdict depends on."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        total.update(f"{len(data)}:".encode())
        total.update(data)
    return total.hexdigest()


def judging() -> set[Path]:
    """The grader's files on which a verdict depends: all that both ends of a run import, at whatever
    moment, and the hosts. What only shows verdicts, or writes courses, is not among them."""
    found = {p for p in (GRADER / "hosts").iterdir() if p.is_file()}
    wanted = list(ENDS)
    while wanted:
        path = GRADER.parent / f"{wanted.pop().replace('.', '/')}.py"
        if path in found or not path.is_file():
            continue
        found |= {path, path.parent / "__init__.py"}
        for base, names, whole in _IMPORT.findall(path.read_text("utf-8")):
            wanted += [whole] if whole else [base, *(f"{base}.{n}" for n in _NAME.findall(names))]
    return found


def judges_digest() -> str:
    """A hash of these files: a changed judge judges anew."""
    return _digest(judging())


def grader_digest() -> str:
    """A hash of all of the grader, for what depends on its commands as well."""
    return _digest(p for p in GRADER.rglob("*") if p.is_file() and "__pycache__" not in p.parts)


def _digest(files: Iterable[Path]) -> str:
    return key(part for p in sorted(files) for part in (p.name, p.read_bytes()))
