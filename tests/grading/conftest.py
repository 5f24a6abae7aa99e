"""A tiny course of one system and one milestone, to grade whatever a test hands in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.course import manifest
from grader.course.layout import Layout
from grader.grading import runner
from grader.verdict import MilestoneResult, TestResult

MANIFEST = """\
course: A tiny course
systems:
  tally:
    title: A tally
    languages: [python]
    bans: {python: [sqlite3]}
    milestones:
      - {id: 01-count, title: Counting, adds: [counter], points: 3, timeout: 1.5}
"""
KIT = "class Refused(Exception):\n    pass\n"
VISIBLE = '''\
"""Counting."""


def test_it_starts_at_zero(kata):
    """A new counter shows zero."""
    assert kata.Counter().value() == 0


def test_it_adds(kata):
    """What was added is shown."""
    counter = kata.Counter()
    counter.add(3)
    counter.add(4)
    assert counter.value() == 7


def test_it_refuses_less_than_nothing(kata):
    """A negative amount is refused by name."""
    with kata.raises("Refused", match="-1"):
        kata.Counter().add(-1)
'''
HIDDEN = '''\
"""Counting, harder."""


def test_it_counts_far(kata, seed):
    """Any sum is right."""
    amounts = [seed.randrange(10**9) for _ in range(20)]
    counter = kata.Counter()
    kata.many(counter, "add", [[a] for a in amounts])
    assert counter.value() == sum(amounts)


def test_counters_do_not_mix(kata):
    """Two counters are two."""
    one, two = kata.Counter(), kata.Counter()
    one.add(5)
    assert [one.value(), two.value()] == [5, 0]
'''
REFERENCE = '''\
"""A counter."""

from kit.errors import Refused


class Counter:
    def __init__(self):
        self.total = 0

    def add(self, amount):
        if amount < 0:
            raise Refused(f"cannot add {amount}")
        self.total += amount

    def value(self):
        return self.total
'''
STUB = REFERENCE.split("    def add")[0].replace(
    "self.total = 0", "raise NotImplementedError('01-count: Counter')"
)

Grade = Callable[..., MilestoneResult]


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """The course's folder, with a space and a letter beyond ASCII in its path."""
    root = tmp_path / "kurs ü"
    files = {
        "milestones.yaml": MANIFEST,
        "katas/tally/kit/python/errors.py": KIT,
        "katas/tally/01-count/test_visible.py": VISIBLE,
        "solutions/tally/01-count/test_hidden.py": HIDDEN,
        "solutions/tally/python/counter.py": REFERENCE,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


@pytest.fixture
def grade(course: Path) -> Grade:
    """Grade sources (name -> text), or one text as counter.py; the reference when nothing is given."""

    def run(
        text: str | None = None,
        *,
        seed: int = 1,
        watcher: runner.Watcher | None = None,
        **files: str,
    ) -> MilestoneResult:
        loaded = manifest.load(course / "milestones.yaml")
        system = loaded.system("tally")
        sources = {f"{n}.py": t.encode() for n, t in files.items()}
        if text is not None:
            sources["counter.py"] = text.encode()
        job = runner.Job(
            layout=Layout(course),
            course=loaded,
            system=system,
            milestone=system.milestones[0],
            language="python",
            sources=sources or None,
        )
        return runner.grade(job, seed=seed, watcher=watcher)

    return run


def by_name(result: MilestoneResult) -> dict[str, TestResult]:
    """The result's tests by their short names."""
    return {t.name.removeprefix("test_"): t for t in result.tests}
