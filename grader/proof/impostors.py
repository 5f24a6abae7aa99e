"""Plausible wrong solutions, kept as patches on the reference, each named for its misconception.

Misconception: one plain sentence
Hint: 2
Language: java          (only where it is not Python)
Steady: no              (only where what it fails is a matter of luck: learners hear nothing of it)

--- a/python/page_file.py
+++ b/python/page_file.py
@@ …
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.course import submission
from grader.course.languages import LANGUAGES
from grader.errors import CourseError
from grader.machine import scratch

_HEAD = re.compile(r"^(Misconception|Hint|Language|Steady):\s*(.+)$", re.M)


@dataclass(frozen=True)
class Impostor:
    """One wrong solution: what somebody believes who writes it, and which hint helps."""

    path: Path
    misconception: str
    hint: int
    language: str
    steady: bool = True  # whether it fails the same tests each time

    @property
    def name(self) -> str:
        return self.path.stem


def load(path: Path) -> Impostor:
    """Read a patch's head; CourseError names what is missing in it."""
    text = path.read_text("utf-8")
    head = dict(_HEAD.findall(text.split("\n--- ", 1)[0]))
    if "Misconception" not in head:
        raise CourseError(
            f"{path}:1: no misconception", "Begin with `Misconception: …` in a sentence."
        )
    language = head.get("Language", "python").strip()
    if language not in LANGUAGES:
        raise CourseError(
            f"{path}: unknown language {language!r}", f"One of {', '.join(LANGUAGES)}."
        )
    hint = head.get("Hint", "1").strip()
    if hint not in ("1", "2", "3"):
        raise CourseError(f"{path}: hint {hint!r}", "`Hint:` is 1, 2 or 3.")
    steady = head.get("Steady", "yes").strip() != "no"
    return Impostor(path, head["Misconception"].strip(), int(hint), language, steady)


def sources(impostor: Impostor, reference: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The reference (file name -> content) with the patch applied; CourseError if it does not apply
    any more."""
    with scratch.folder(os.environ) as folder:
        tree = folder / impostor.language
        submission.write(reference, tree)
        done = subprocess.run(
            ["git", "apply", "--whitespace=nowarn", str(impostor.path)],
            cwd=folder,
            env={
                "PATH": "/usr/bin:/bin",
                "GIT_CEILING_DIRECTORIES": str(folder),
                "HOME": str(folder),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CourseError(
                f"{impostor.path}: does not apply to the reference: {done.stderr.strip()}",
                "Make the wrong change to the present reference again and keep its diff.",
            )
        changed = submission.read(tree, impostor.language)
        if changed == reference:
            raise CourseError(f"{impostor.path}: changes nothing", "Check the paths in the patch.")
        return changed
