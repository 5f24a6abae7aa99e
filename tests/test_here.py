"""What is meant by a name, inside a workspace and outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import here
from grader.course import manifest
from grader.course.layout import Layout
from grader.course.workspace import Workspace
from grader.errors import UsageError
from grader.here import Here

LAYOUT = Layout(Path(__file__).parent.parent)
COURSE = manifest.load(LAYOUT.manifest)


@pytest.fixture
def inside(tmp_path: Path) -> Here:
    """In a workspace of the database, at its second milestone."""
    begun = ("01-pages", "02-records")
    own = Workspace(tmp_path, LAYOUT.root, "database-system", "python", begun)
    return Here(LAYOUT, COURSE, own)


@pytest.fixture
def outside() -> Here:
    return Here(LAYOUT, COURSE, None)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (None, "02-records"),
        ("1", "01-pages"),
        ("pages", "01-pages"),
        ("database-system/01", "01-pages"),
        ("database/02-records", "02-records"),
    ],
)
def test_a_milestone_of_the_workspace(inside: Here, wanted: str | None, found: str) -> None:
    """By number, slug, with or without its system; the present one when nothing is said."""
    assert inside.milestone(wanted)[2].id == found


def test_another_systems_milestone_is_refused(inside: Here) -> None:
    """`web-server/02` is never taken for the database's 02: both systems and the mend are named."""
    with pytest.raises(UsageError) as refused:
        inside.milestone("web-server/02")
    assert "workspace of database-system, not of web-server" in refused.value.message
    assert "sfs start web-server" in refused.value.mend


@pytest.mark.parametrize("selector", ["web-server", "web-server/01", "web", "container-engine/02"])
def test_only_the_own_system_is_graded_in_a_workspace(inside: Here, selector: str) -> None:
    """Whatever of another system is asked for, nothing of it is measured against this folder."""
    with pytest.raises(UsageError, match="workspace of database-system, not of"):
        inside.select_own(("01", selector))


def chosen(found: object) -> list[tuple[str, str, str]]:
    return [(s.id, m.id, language) for s, m, language in found]  # type: ignore[attr-defined]


def test_the_own_system_in_the_own_language(inside: Here) -> None:
    """A number, a name, the whole system: always in the workspace's language only."""
    every = [("database-system", m, "python") for m in ("01-pages", "02-records")]
    assert chosen(inside.select_own(("database-system",)))[:2] == every
    assert chosen(inside.select_own(("02", "database-system/01"))) == every[::-1]


def test_outside_a_workspace_a_number_means_nothing(outside: Here) -> None:
    """A system has to be named, and every language of it is meant."""
    with pytest.raises(UsageError, match="there is no system '01'"):
        list(outside.select(("01",), None))
    assert {language for *_, language in chosen(outside.select(("web-server/01",), None))} == {
        "python",
        "typescript",
    }
    with pytest.raises(UsageError, match="not in a workspace"):
        outside.milestone("01")


@pytest.mark.parametrize(
    ("language", "words"), [("pyhton", "no language"), ("java", "is not offered in Java")]
)
def test_a_language_must_be_offered(outside: Here, language: str, words: str) -> None:
    """A misspelt one and one that the milestone lacks are told apart."""
    with pytest.raises(UsageError, match=words):
        list(outside.select(("container-engine/01",), language))


def test_a_course_that_moved_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workspace whose course is gone says where it was, and how to go on."""
    monkeypatch.delenv("SFS_COURSE", raising=False)
    (tmp_path / ".sfs").mkdir()
    Workspace(tmp_path, tmp_path / "gone", "database-system", "python").save()
    with pytest.raises(UsageError) as refused:
        here.look(None, tmp_path)
    assert str(tmp_path / "gone") in refused.value.message
    assert "start database-system --lang python --dir " in refused.value.mend  # made to be copied
    assert here.look(str(LAYOUT.root), tmp_path).workspace is not None


def test_what_is_handed_in_names_no_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stands in it would grade it by suites of its own, and write into a record of its own."""
    monkeypatch.delenv("SFS_COURSE", raising=False)
    (tmp_path / ".sfs").mkdir()
    Workspace(tmp_path, tmp_path, "database-system", "python").save()
    (tmp_path / "milestones.yaml").write_text("course: one that is always passed\n")
    (tmp_path / "deep").mkdir()
    for place in (tmp_path, tmp_path / "deep"):
        found = here.look(None, place, handed_in=tmp_path)
        assert (found.layout, found.workspace) == (LAYOUT, None)
    named = here.look(str(LAYOUT.root), tmp_path, handed_in=tmp_path)
    assert (named.layout, named.workspace) == (LAYOUT, None)


def test_a_damaged_record_is_told(inside: Here, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads the record first says on the error stream that it was set aside."""
    own = inside.own()[0]
    own.progress.parent.mkdir()
    own.progress.write_bytes(b"no database" * 100)
    assert here.record(own).attempts() == []
    assert "was damaged" in capsys.readouterr().err
