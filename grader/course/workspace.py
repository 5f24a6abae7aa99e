"""A learner's folder: an ordinary project of its language, and a little memory in `.sfs/`.

The learner's files are sacred: whatever would change one goes through `put`, which keeps a copy in
`.sfs/backups/` first and replaces the file in one step. The kit's copy is for editors only; a grade
uses the course's own.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import msgspec

from grader.course import submission
from grader.course.languages import LANGUAGES
from grader.course.layout import Layout, files
from grader.course.manifest import Milestone, System
from grader.errors import CourseError, UsageError
from grader.machine import atomic

MEMORY = Path(".sfs") / "workspace.json"
FORMAT = 1
MAX_MEMORY = 1 << 20  # bytes of workspace.json; a true one has some hundred
MAX_KEPT = 64 << 20  # bytes of a learner's file of which a copy is kept; a source has a thousandth


class Memory(msgspec.Struct):
    """What `.sfs/workspace.json` holds."""

    format: int
    course: str
    system: str
    language: Literal["python", "typescript", "java"]
    begun: tuple[str, ...]
    borrowed: tuple[str, ...]
    fingerprint: str


@dataclass(frozen=True)
class Workspace:
    """One system in one language, as somebody builds it."""

    root: Path
    course: Path
    system: str
    language: str
    begun: tuple[str, ...] = ()  # milestones whose stubs were laid out, in order
    borrowed: tuple[str, ...] = ()
    fingerprint: str = ""  # of the course's stubs and kit when they were last copied

    @property
    def progress(self) -> Path:
        return self.root / ".sfs" / "progress.db"

    def _write(self, path: Path, content: bytes, *, mode: int | None = None) -> None:
        """What a kill leaves half written lies in `.sfs/`, and goes when the workspace is next used."""
        write(path, content, mode=mode, by=self.root / ".sfs")

    def save(self) -> None:
        """Remember; in one step, so that a crash leaves the old memory or the new."""
        memory = {
            "format": FORMAT,
            "course": str(self.course),
            "system": self.system,
            "language": self.language,
            "begun": self.begun,
            "borrowed": self.borrowed,
            "fingerprint": self.fingerprint,
        }
        self._write(self.root / MEMORY, _json(memory).encode())

    def put(self, name: str, content: bytes) -> Path | None:
        """Write one of the learner's files; the backup of what stood there, if anything did."""
        target = self.root / name
        present = standing(target)
        backup = None
        if present is not None:
            if present == content and not target.is_symlink():
                return None
            stamp = f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**9:09}"
            backup = self.root / ".sfs" / "backups" / stamp / name
            self._write(backup, present)
        self._write(target, content)
        return backup

    def lay_out(self, layout: Layout, system: System, milestone: Milestone) -> list[str]:
        """Add a milestone's stubs; a file that is there already stays as it is. Names of new ones."""
        added = []
        for name, stub in zip(
            files(milestone, self.language),
            layout.stubs(system.id, milestone, self.language),
            strict=True,
        ):
            if not os.path.lexists(self.root / name):
                self._write(self.root / name, given(stub))
                added.append(name)
        return added

    def refresh(self, layout: Layout, system: System) -> Workspace:
        """Bring kit and project files up to the course as it is now; the learner's files stay."""
        self.copy_kit(layout)
        for name, text in project_files(system, self.language).items():
            if not os.path.lexists(self.root / name):
                self._write(self.root / name, text.encode())
        fresh = replace(self, fingerprint=fingerprint(layout, system, self.language))
        fresh.save()
        return fresh

    def copy_kit(self, layout: Layout) -> None:
        kit = self.root / "kit"
        for name, content in submission.read(
            layout.kit(self.system, self.language), self.language, kit=True
        ).items():
            target = kit / name
            if not _holds(target, content):
                self._write(target, content, mode=0o444)


def find(start: Path) -> Workspace | None:
    """The workspace around `start`, if there is one; UsageError when its memory cannot be read."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / MEMORY).is_file():
            return load(folder)
    return None


def load(root: Path) -> Workspace:
    """The workspace at `root`."""
    path = root / MEMORY
    atomic.sweep(path.parent)
    try:
        if path.stat().st_size > MAX_MEMORY:
            raise ValueError("it is far too large")
        text = path.read_bytes()
        _refuse_newer(path, text)
        memory = msgspec.json.decode(text, type=Memory)
    except (OSError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise UsageError(
            f"{path}: cannot be understood: {error}",
            "Move that one file away and run `sfs start SYSTEM --lang LANG --dir .` again; your code stays as it is.",
        ) from error
    return Workspace(
        root=root,
        course=Path(memory.course),
        system=memory.system,
        language=memory.language,
        begun=memory.begun,
        borrowed=memory.borrowed,
        fingerprint=memory.fingerprint,
    )


def _refuse_newer(path: Path, text: bytes) -> None:
    known = msgspec.json.decode(text)
    number = known.get("format") if isinstance(known, dict) else None
    if isinstance(number, int) and number > FORMAT:
        raise UsageError(f"{path}: made by a newer sfs", "Update the course: git pull, then make.")


def create(root: Path, layout: Layout, system: System, language: str) -> Workspace:
    """A new workspace, or the one that is at `root` already; nothing that is there is changed."""
    if (root / MEMORY).exists():
        known = load(root)
        if (known.system, known.language) != (system.id, language):
            raise UsageError(
                f"{root}: is a workspace of {known.system} in {LANGUAGES[known.language].title}",
                "Choose another folder with --dir.",
            )
        return replace(known, course=layout.root).refresh(layout, system)
    try:
        root.mkdir(parents=True, exist_ok=True)
        (root / ".sfs").mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{root}: a workspace cannot be made here: {error.strerror}",
            "Choose a folder that you may write, with --dir.",
        ) from error
    fresh = Workspace(root, layout.root, system.id, language)
    return fresh.refresh(layout, system)


def begin(
    workspace: Workspace, layout: Layout, system: System, milestone: Milestone
) -> tuple[Workspace, list[str]]:
    """Lay out a milestone and remember it."""
    added = workspace.lay_out(layout, system, milestone)
    begun = tuple(dict.fromkeys((*workspace.begun, milestone.id)))
    fresh = replace(workspace, begun=begun)
    fresh.save()
    return fresh, added


def current(workspace: Workspace, system: System) -> Milestone:
    """The milestone that was begun last."""
    known = [m for m in system.milestones if m.id in workspace.begun]
    return known[-1] if known else system.milestones[0]


def fingerprint(layout: Layout, system: System, language: str) -> str:
    """What the course gives for this system and language, as one hash."""
    total = hashlib.sha256()
    for milestone in system.milestones:
        total.update(milestone.id.encode())
        for stub in layout.stubs(system.id, milestone, language):
            total.update(stub.read_bytes() if stub.exists() else b"")
    kit = submission.read(layout.kit(system.id, language), language, kit=True)
    total.update(submission.digest(kit).encode())
    return total.hexdigest()[:16]


def given(path: Path) -> bytes:
    """A file of the course; CourseError when it is not there."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CourseError(
            f"{path}: cannot be read: {error.strerror}", "Is the course complete? Try `sfs stubs`."
        ) from error


def standing(target: Path) -> bytes | None:
    """What one of the learner's files holds, if there is one; UsageError when it is no file, or one
    that is too large for a source."""
    if not os.path.lexists(target):
        return None
    try:
        status = target.stat()
        if stat.S_ISREG(status.st_mode) and status.st_size <= MAX_KEPT:
            return target.read_bytes()
        why = f"{status.st_size:,} bytes" if stat.S_ISREG(status.st_mode) else "is no regular file"
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
    raise UsageError(f"{target}: {why}", "Move it away; nothing was changed.")


def _holds(target: Path, content: bytes) -> bool:
    """Whether a file is there that holds just this."""
    try:
        return target.stat().st_size == len(content) and target.read_bytes() == content
    except OSError:
        return False


def write(path: Path, content: bytes, *, mode: int | None = None, by: Path | None = None) -> None:
    """Replace or make a file in one step; UsageError names it when that fails, and it is as before.

    `by`: the folder in which the new content is made, so that the file's own never shows it.
    """
    try:
        atomic.write(path, content, mode=mode, by=by)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written: {error.strerror}",
            "It is as it was before; make room or rights.",
        ) from error


def project_files(system: System, language: str) -> dict[str, str]:
    """What makes the folder a project that editors and type checkers understand."""
    common = {
        ".gitignore": ".sfs/\n__pycache__/\nnode_modules/\n*.class\n",
        ".vscode/tasks.json": _json(
            {
                "version": "2.0.0",
                "tasks": [
                    _task("sfs test", ["test"], "test"),
                    _task("sfs watch", ["watch"], "none"),
                ],
            }
        ),
    }
    return common | {"python": _python, "typescript": _typescript, "java": _java}[language](system)


def _task(label: str, arguments: Sequence[str], group: str) -> dict[str, Any]:
    return {"label": label, "type": "process", "command": "sfs", "args": arguments, "group": group}


def _python(system: System) -> dict[str, str]:
    return {
        "pyproject.toml": f'[project]\nname = "{system.id}"\nversion = "0"\nrequires-python = ">=3.11"\n\n'
        '[tool.pyright]\ninclude = ["."]\n\n[tool.mypy]\nstrict = true\nfiles = ["."]\n'
        "explicit_package_bases = true  # kit has no __init__.py\n"
    }


def _typescript(system: System) -> dict[str, str]:
    options = {
        "target": "esnext",
        "module": "nodenext",
        "strict": True,
        "noEmit": True,
        "allowImportingTsExtensions": True,
        "erasableSyntaxOnly": True,
        "verbatimModuleSyntax": True,
        "types": ["node"],
    }
    package = {
        "name": system.id,
        "private": True,
        "type": "module",
        "devDependencies": {"@types/node": "^24", "typescript": "^5.8"},
    }
    return {
        "tsconfig.json": _json({"compilerOptions": options, "include": ["*.ts", "kit/*.ts"]}),
        "package.json": _json(package),
    }


def _java(system: System) -> dict[str, str]:
    return {
        ".vscode/settings.json": _json(
            {"java.project.sourcePaths": ["."], "java.project.outputPath": ".sfs/classes"}
        )
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"
