"""A tiny course that can be proved, and broken in every way that `sfs verify` has to notice."""

from __future__ import annotations

import difflib
import os
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader.authoring.stubs import cut_stubs
from grader.course import manifest
from grader.course.layout import Layout
from grader.proof.lesson import HEADINGS
from grader.proof.runs import Bench
from grader.proof.subject import Subject
from grader.proof.verify import Proof, Report, prove

MANIFEST = """\
course: A tiny course
systems:
  tally:
    title: A tally
    languages: [python]
    milestones:
      - {id: 01-count, title: Counting, adds: [counter], timeout: 2}
"""
REFERENCE = '''\
"""A counter."""

from kit.errors import Refused


class Counter:
    """Adds up."""

    def __init__(self):
        """Begin with nothing."""
        # BEGIN SOLUTION
        self._sum = 0
        # END SOLUTION

    def add(self, amount):
        """Add an amount; a negative one is refused, and the sum shown."""
        # BEGIN SOLUTION
        if amount < 0:
            raise Refused(f"cannot add {amount}")
        self._sum += amount
        return self._sum
        # END SOLUTION
'''
VISIBLE = '''\
"""Counting."""


def test_it_adds(kata):
    """What was added is shown."""
    assert [kata.many(kata.Counter(), "add", [[2], [3]])] == [[2, 5]]


def test_it_refuses(kata):
    """A negative amount is refused by name."""
    with kata.raises("Refused", match="-1"):
        kata.Counter().add(-1)
'''
HIDDEN = VISIBLE.replace("[[2], [3]]", "[[7], [0], [1]]").replace("[[2, 5]]", "[[7, 7, 8]]")
WRONG = {  # impostor: (what stands in the reference, what in its place)
    "adds-one-more": ("+= amount", "+= amount + 1"),
    "forgets": ("+= amount", "= amount"),
    "minus": ("+= amount", "-= amount"),
    "one-first": ("self._sum = 0", "self._sum = 1"),
    "refuses-nothing": ("amount < 0", "False"),
    "refuses-with-no-name": ("raise Refused", "raise ValueError"),
}
LESSON = "# Counting\n\n" + "".join(f"## {h}\n\n{'word ' * 140}\n\n" for h in HEADINGS)
LESSON = LESSON.replace("## You will build\n", "## You will build\n\n```text\n+--+\n```\n")
LESSON = LESSON.replace("## Predict\n", "## Predict\n\n<details>\nyes\n</details>\n")
LESSON = LESSON.replace("## Done when\n", "```sh\nsfs test\n```\n\n## Done when\n")
FILES = {
    "milestones.yaml": MANIFEST,
    "katas/tally/README.md": "# A tally\n",
    "katas/tally/kit/python/errors.py": "class Refused(Exception):\n    pass\n",
    "katas/tally/01-count/lesson.md": LESSON,
    "katas/tally/01-count/hints.md": "## 1. Look\n\n## 2. Think\n\n## 3. Write\n",
    "katas/tally/01-count/test_visible.py": VISIBLE,
    "solutions/tally/01-count/test_hidden.py": HIDDEN,
    "solutions/tally/python/counter.py": REFERENCE,
}


@dataclass(frozen=True)
class Tiny:
    """The course, and a home whose cache nobody else uses."""

    root: Path
    environment: dict[str, str]

    @property
    def room(self) -> Path:
        return self.root / "katas/tally/01-count"

    @property
    def answers(self) -> Path:
        return self.root / "solutions/tally/01-count"

    def impostor(self, name: str, before: str, after: str) -> None:
        """Write the patch of a wrong solution."""
        changed = REFERENCE.replace(before, after)
        lines = difflib.unified_diff(
            REFERENCE.splitlines(keepends=True),
            changed.splitlines(keepends=True),
            "a/python/counter.py",
            "b/python/counter.py",
        )
        path = self.answers / "impostors" / f"{name}.patch"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"Misconception: {name} is right.\nHint: 2\n\n{''.join(lines)}", "utf-8")

    def subject(self) -> Subject:
        layout = Layout(self.root)
        course = manifest.load(layout.manifest)
        system = course.system("tally")
        return Subject(layout, course, system, system.milestones[0])

    def stubs(self) -> None:
        subject = self.subject()
        cut_stubs(subject.layout, subject.course, check=False)

    def bench(self, *, fresh: bool = False) -> Bench:
        return Bench(self.environment, fresh)

    def prove(self, *, repeat: int = 0, write: bool = False) -> Report:
        """The whole proof."""
        proof = Proof(self.subject(), self.bench(), repeat=repeat, write=write)
        (report,) = prove([proof], 2, threading.Event())
        return report

    def faults(self, *, repeat: int = 0) -> list[str]:
        """What is found, each with its place, without what the impostors' file says."""
        found = [f"{f.where}: {f.what}" for f in self.prove(repeat=repeat).findings]
        return [one for one in found if "misconceptions.json" not in one]


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    """A course in which there is nothing to find but what a test breaks."""
    root = tmp_path / "kurs ü"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    course = Tiny(root, {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")})
    for name, (before, after) in WRONG.items():
        course.impostor(name, before, after)
    course.stubs()
    return course
