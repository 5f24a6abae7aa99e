"""An instructor's suites are met, or the command says why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course import manifest, overlay
from grader.course.layout import Layout
from grader.course.manifest import Course
from grader.errors import UsageError

MANIFEST = """\
course: A course
systems:
  lamp:
    title: A lamp
    languages: [python]
    milestones:
      - {id: 01-wire, title: Wire, adds: [wire]}
      - {id: 02-bulb, title: Bulb, adds: [bulb]}
"""
SUITE = 'def test_mine(kata):\n    """Mine."""\n'


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    root = tmp_path / "course"
    root.mkdir()
    (root / "milestones.yaml").write_text(MANIFEST)
    return Layout(root)


@pytest.fixture
def course(layout: Layout) -> Course:
    return manifest.load(layout.manifest)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An overlay with one suite, notes, and what editors leave."""
    root = tmp_path / "mine"
    put(root / "lamp" / "01-wire" / "test_exam.py", SUITE)
    put(root / "README.md", "notes\n")
    put(root / ".git" / "config", "")
    put(root / "lamp" / "__pycache__" / "x.pyc", "")
    return root


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def test_suites_are_found_by_milestone(folder: Path, layout: Layout, course: Course) -> None:
    """Every test_*.py of a milestone's folder, in order of their names; notes and caches are let be."""
    put(folder / "lamp" / "01-wire" / "test_again.py", SUITE.replace("mine", "again"))
    room = folder / "lamp" / "01-wire"
    assert overlay.load(folder, layout, course) == {
        ("lamp", "01-wire"): (room / "test_again.py", room / "test_exam.py")
    }


@pytest.mark.parametrize(
    ("name", "text", "words", "mend"),
    [
        ("lmap/01-wire/test_a.py", SUITE, "no system 'lmap'", "lamp"),
        ("lamp/02-blub/test_a.py", SUITE, "no milestone '02-blub'", "02-bulb"),
        ("lamp/02-bulb/exam.py", SUITE, "no test_*.py", "NN-slug"),
        ("lamp/test_a.py", SUITE, "belongs to no milestone", "NN-slug"),
        ("test_a.py", SUITE, "belongs to no milestone", "NN-slug"),
        ("lamp/02-bulb/test_a.py", "def helper(): pass\n", "no test in it", "test_"),
        ("lamp/02-bulb/test_a.py", "x = 1\ndef test_a(:\n", "test_a.py:2: is not Python", "Mend"),
        ("lamp/01-wire/test_b.py", SUITE, "test_mine is a test of", "name of its own"),
    ],
)
def test_what_would_silently_not_run_is_refused(
    folder: Path, layout: Layout, course: Course, name: str, text: str, words: str, mend: str
) -> None:
    """A misspelt folder, a loose or empty file, a name that stands twice: named, with the mend."""
    put(folder / name, text)
    with pytest.raises(UsageError) as refused:
        overlay.load(folder, layout, course)
    assert words in refused.value.message
    assert mend in refused.value.mend


def test_a_name_of_the_courses_own_suite_is_taken(
    folder: Path, layout: Layout, course: Course
) -> None:
    """Two hidden tests of one name could only be told once, so the overlay's is refused."""
    put(layout.hidden_suite("lamp", "01-wire"), SUITE)
    with pytest.raises(UsageError, match=r"test_mine is a test of .*test_hidden.py already"):
        overlay.load(folder, layout, course)


def test_an_overlay_without_a_suite_is_refused(
    tmp_path: Path, layout: Layout, course: Course
) -> None:
    """An empty folder, none at all, or one where learners look."""
    (tmp_path / "empty").mkdir()
    (layout.root / "katas").mkdir()
    for folder, words in (
        (tmp_path / "empty", "no suite in it"),
        (tmp_path / "none", "no such folder"),
        (layout.root / "katas", "where learners look"),
    ):
        with pytest.raises(UsageError, match=words):
            overlay.load(folder, layout, course)


def test_an_overlay_for_another_milestone_is_refused(
    folder: Path, layout: Layout, course: Course
) -> None:
    """It must say something on one of the selected milestones at least."""
    lamp = course.system("lamp")
    wire, bulb = lamp.milestones
    both = [(lamp, wire, "python"), (lamp, bulb, "python")]
    assert set(overlay.for_selected(folder, layout, course, both)) == {("lamp", "01-wire")}
    assert overlay.for_selected(None, layout, course, both) == {}
    with pytest.raises(UsageError, match="has no suite for lamp/02-bulb") as refused:
        overlay.for_selected(folder, layout, course, both[1:])
    assert "lamp/01-wire" in refused.value.mend
