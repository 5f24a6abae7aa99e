"""New systems and milestones, in a course of one system."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grader.authoring import scaffold
from grader.authoring.scaffold import UNWRITTEN
from grader.course import manifest, submission
from grader.course.layout import Layout
from grader.errors import UsageError
from grader.proof import impostors

MANIFEST = """\
# The course of a town.
course: Town
systems:
  # the first
  clock:
    title: A clock
    languages: [python]
    milestones:
      - {id: 01-tick, title: Ticking, adds: [tick], points: 2}  # begins here
      - id: 02-hands
        title: Hands
        adds: [hands]
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A course with a space in its path."""
    root = tmp_path / "my course"
    root.mkdir()
    (root / "milestones.yaml").write_text(MANIFEST)
    return Layout(root)


def milestone(
    layout: Layout,
    name: str = "03-bell",
    *,
    adds: list[str] | None = None,
    title: str | None = None,
) -> list[Path]:
    """A new milestone of the clock."""
    course = manifest.load(layout.manifest)
    return scaffold.new_milestone(
        layout, course, course.system("clock"), name, title=title, adds=adds or []
    )


def system(
    layout: Layout, name: str = "door", languages: str = "python", first: str = "01-first"
) -> list[Path]:
    """A new system."""
    course = manifest.load(layout.manifest)
    return scaffold.new_system(
        layout, course, name, title='A "door": 1', languages=languages.split(), first=first
    )


def files(layout: Layout) -> dict[str, bytes]:
    """All that the course consists of."""
    found = (p for p in layout.root.rglob("*") if p.is_file())
    return {str(p.relative_to(layout.root)): p.read_bytes() for p in found}


def test_a_milestone_is_one_more_line(layout: Layout) -> None:
    """The manifest's own lines and comments stay; the new one follows the last."""
    made = milestone(layout, adds=["bell", "rope"])
    entry = "      - {id: 03-bell, title: Bell, adds: [bell, rope], points: 1}\n"
    assert layout.manifest.read_text() == MANIFEST + entry
    assert all(path.is_file() for path in made)
    added = manifest.load(layout.manifest).system("clock").milestone("03")
    assert added.adds == ("bell", "rope")


def test_a_system_stands_behind_the_last(layout: Layout) -> None:
    """A title that YAML would misread is quoted; every language gets its files."""
    made = system(layout, languages="python typescript java")
    assert layout.manifest.read_text().startswith(MANIFEST)
    added = manifest.load(layout.manifest).system("door")
    assert (added.title, added.languages) == ('A "door": 1', ("python", "typescript", "java"))
    names = {path.name for path in made}
    assert {"README.md", "errors.py", "errors.ts", "Errors.java", "First.java"} <= names


def test_stubs_are_cut_and_marks_are_left(layout: Layout) -> None:
    """A stub fails loudly; what a person has to write is marked; the impostor fits."""
    milestone(layout)
    (stub,) = layout.stubs(
        "clock", manifest.load(layout.manifest).system("clock").milestones[2], "python"
    )
    assert 'raise NotImplementedError("03-bell: Bell.add")' in stub.read_text()
    assert UNWRITTEN in layout.lesson("clock", "03-bell").read_text()
    (patch,) = layout.impostors("clock", "03-bell")
    (layout.reference("clock", "python") / "tick.py").write_text("")
    reference = submission.read(layout.reference("clock", "python"), "python")
    changed = impostors.sources(impostors.load(patch), reference)
    assert b"cannot add" not in changed["bell.py"]


@pytest.mark.parametrize(
    ("name", "adds", "words"),
    [
        ("02-hands", [], "has a milestone 02-hands already"),
        ("05-bell", [], "does not follow 02-hands"),
        ("bell", [], "does not follow 02-hands"),
        ("03-Bell", [], "clock/03-Bell cannot be added"),
        ("03-tick", [], "module tick is added by 01-tick already"),
        ("03-bell", ["../x"], "cannot be added"),
        ("03-bell", ["bell", "bell"], "is added by 03-bell already"),
        ("03-string", [], "module 'string' has a name that is Python's own"),
        ("03-bell", ["class"], "module 'class' has a name that is Python's own"),
        ("03-kit", [], "module 'kit' has a name that is the kit's"),
    ],
)
def test_what_does_not_fit_changes_nothing(
    layout: Layout, name: str, adds: list[str], words: str
) -> None:
    """A wrong id, number or module is refused, and every file is as it was."""
    before = files(layout)
    with pytest.raises(UsageError, match=words):
        milestone(layout, name, adds=adds)
    assert files(layout) == before


@pytest.mark.parametrize(
    ("name", "languages", "first", "words"),
    [
        ("clock", "python", "01-first", "there is a system 'clock' already"),
        ("door", "cobol", "01-first", "no language 'cobol'"),
        ("door", "python python", "01-first", "python stands twice"),
        ("door", "java", "01-thread", r"Java's own \(Thread\)"),
        ("Door", "python", "01-first", "cannot be added"),
        ("door", "python", "02-first", "no first milestone"),
    ],
)
def test_a_system_that_does_not_fit_changes_nothing(
    layout: Layout, name: str, languages: str, first: str, words: str
) -> None:
    """A name that is taken, an unknown language: refused, and every file is as it was."""
    before = files(layout)
    with pytest.raises(UsageError, match=words):
        system(layout, name, languages, first)
    assert files(layout) == before


@pytest.mark.parametrize("title", ["", "  ", "two\nlines", "back\\slash", 'a """ b', " edge"])
def test_a_title_is_one_line_of_words(layout: Layout, title: str) -> None:
    """What would break a heading, a docstring or a table is refused, and nothing changes."""
    before = files(layout)
    with pytest.raises(UsageError, match="title"):
        milestone(layout, title=title)
    assert files(layout) == before


@pytest.mark.parametrize("title", ["yes", "null", "12: noon", 'Grüße, "all"', "# 1", "It's", "a}"])
def test_a_title_is_read_back_as_it_was_given(layout: Layout, title: str) -> None:
    """Whatever YAML would make of it."""
    milestone(layout, title=title)
    assert manifest.load(layout.manifest).system("clock").milestone("03").title == title


def test_the_ends_of_lines_stay_as_they_are(layout: Layout) -> None:
    """A manifest written on another system keeps its line ends, and the last line gets one."""
    layout.manifest.write_bytes(MANIFEST.rstrip().replace("\n", "\r\n").encode())
    milestone(layout)
    lines = layout.manifest.read_bytes().split(b"\r\n")
    assert lines[-2:] == [b"      - {id: 03-bell, title: Bell, adds: [bell], points: 1}", b""]
    assert not any(b"\n" in line for line in lines)


def test_a_folder_that_is_there_is_kept(layout: Layout) -> None:
    """Notes in the folder of the milestone to come: the folder is named, nothing is written."""
    notes = layout.lesson("clock", "03-bell").with_name("notes.txt")
    notes.parent.mkdir(parents=True)
    notes.write_text("mine")
    before = files(layout)
    with pytest.raises(UsageError, match=r"03-bell: is there already"):
        milestone(layout)
    assert files(layout) == before


def test_a_link_to_nothing_is_kept(layout: Layout) -> None:
    """A link is somebody's, too, even if what it shows is gone."""
    link = layout.lesson("clock", "03-bell")
    link.parent.mkdir(parents=True)
    link.symlink_to("gone")
    with pytest.raises(UsageError, match=r"lesson\.md: is there already"):
        milestone(layout)
    assert link.is_symlink()


def test_a_manifest_that_has_just_been_changed_is_kept(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody saves it while the files are made: their version stays, the files go."""
    theirs = MANIFEST + "# later\n"
    cut = scaffold.cut_stubs

    def meanwhile(*arguments: Any, **more: Any) -> object:
        layout.manifest.write_text(theirs)
        return cut(*arguments, **more)

    monkeypatch.setattr(scaffold, "cut_stubs", meanwhile)
    with pytest.raises(UsageError, match="just changed"):
        milestone(layout)
    assert files(layout) == {"milestones.yaml": theirs.encode()}


def test_a_file_that_is_there_is_kept(layout: Layout) -> None:
    """Somebody has begun by hand: their file is named and nothing is written."""
    lesson = layout.lesson("clock", "03-bell")
    lesson.parent.mkdir(parents=True)
    lesson.write_text("mine")
    before = files(layout)
    with pytest.raises(UsageError, match=r"03-bell/lesson\.md: is there already"):
        milestone(layout)
    assert files(layout) == before


def test_a_failure_on_the_way_takes_all_back(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the stubs cannot be written, no file is left and the manifest is as it was."""
    before = files(layout)

    def no_room(*_: object, **__: object) -> None:
        raise UsageError("no room")

    monkeypatch.setattr(scaffold, "cut_stubs", no_room)
    with pytest.raises(UsageError, match="no room"):
        milestone(layout)
    assert files(layout) == before
    assert [path.name for path in layout.root.iterdir()] == ["milestones.yaml"]
