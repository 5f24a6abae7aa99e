"""A learner's folder: nothing of theirs is ever lost, and nothing is left half done."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.course import manifest, workspace
from grader.course.layout import Layout
from grader.course.workspace import MEMORY, Workspace
from grader.errors import CourseError, UsageError

LAYOUT = Layout(Path(__file__).parent.parent)
SYSTEM = manifest.load(LAYOUT.manifest).system("database-system")
FIRST, SECOND = SYSTEM.milestones[:2]


@pytest.fixture
def own(tmp_path: Path) -> Workspace:
    """A new workspace of the database, at its first milestone."""
    made = workspace.create(tmp_path / "db", LAYOUT, SYSTEM, "python")
    return workspace.begin(made, LAYOUT, SYSTEM, FIRST)[0]


def everything(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def backups(own: Workspace, name: str) -> list[bytes]:
    return [p.read_bytes() for p in sorted((own.root / ".sfs" / "backups").rglob(name))]


# -- put -------------------------------------------------------------------------------------------


def test_put_keeps_what_stood_there(own: Workspace) -> None:
    """The backup that it names holds the old content, the file the new one."""
    (own.root / "page_file.py").write_bytes(b"mine\r\n\xff")
    backup = own.put("page_file.py", b"other")
    assert backup is not None
    assert backup.read_bytes() == b"mine\r\n\xff"
    assert (own.root / "page_file.py").read_bytes() == b"other"


def test_every_put_has_a_backup_of_its_own(own: Workspace) -> None:
    """Two in the same second do not share one."""
    for content in (b"1", b"2", b"3", b"4"):
        own.put("page_file.py", content)
    assert set(backups(own, "page_file.py")) >= {b"1", b"2", b"3"}


def test_put_of_the_same_changes_nothing(own: Workspace) -> None:
    """No backup for what is not replaced, nor for what was not there."""
    (own.root / "page_file.py").write_bytes(b"mine")
    assert own.put("page_file.py", b"mine") is None
    assert own.put("new.py", b"new") is None
    assert not (own.root / ".sfs" / "backups").exists()


def test_put_replaces_a_link_and_not_its_target(own: Workspace, tmp_path: Path) -> None:
    """The file that the link led to, which may be anybody's, stays as it is."""
    elsewhere = tmp_path / "elsewhere.py"
    elsewhere.write_bytes(b"theirs")
    (own.root / "page_file.py").unlink()
    (own.root / "page_file.py").symlink_to(elsewhere)
    own.put("page_file.py", b"other")
    assert elsewhere.read_bytes() == b"theirs"
    assert not (own.root / "page_file.py").is_symlink()
    assert backups(own, "page_file.py") == [b"theirs"]


def huge(path: Path) -> None:
    path.touch()
    os.truncate(path, 5 << 30)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (os.mkfifo, "no regular file"),
        (os.mkdir, "no regular file"),
        (huge, "5,368,709,120 bytes"),
        (lambda path: path.symlink_to("nowhere"), "cannot be read"),
    ],
    ids=["pipe", "folder", "5 GB", "dead link"],
)
def test_what_cannot_be_kept_is_not_replaced(
    own: Workspace, make: Callable[[Path], None], words: str
) -> None:
    """Nothing is waited for, nothing large is read, and the way out is named."""
    target = own.root / "page_file.py"
    target.unlink()
    make(target)
    kind = os.lstat(target).st_mode
    with pytest.raises(UsageError, match=words) as refused:
        own.put("page_file.py", b"other")
    assert str(target) in refused.value.message
    assert "Move it away" in refused.value.mend
    assert os.lstat(target).st_mode == kind


def test_without_a_backup_nothing_is_replaced(own: Workspace) -> None:
    """Where the copy cannot be written the file stays."""
    (own.root / "page_file.py").write_bytes(b"mine")
    (own.root / ".sfs" / "backups").write_text("a file in the way")
    with pytest.raises(UsageError, match="cannot be written"):
        own.put("page_file.py", b"other")
    assert (own.root / "page_file.py").read_bytes() == b"mine"


# -- write -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    """A full disk, or Ctrl-C, at any step: no half file, and no temporary one."""

    def fail(*_: object) -> None:
        raise error

    (tmp_path / "a.py").write_bytes(b"old")
    monkeypatch.setattr(os, step, fail)
    with pytest.raises(UsageError if isinstance(error, OSError) else KeyboardInterrupt) as raised:
        workspace.write(tmp_path / "a.py", b"new")
    assert everything(tmp_path) == {"a.py": b"old"}
    if isinstance(raised.value, UsageError):
        assert f"{tmp_path / 'a.py'}: cannot be written: No space left" in raised.value.message


def test_a_write_keeps_the_mode(tmp_path: Path) -> None:
    """A file that was private stays private; a new one is as the user's mask has it."""
    path = tmp_path / "deep" / "a.py"
    workspace.write(path, b"old")
    path.chmod(0o600)
    workspace.write(path, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)
    workspace.write(path, b"kit", mode=0o444)
    assert path.stat().st_mode & 0o777 == 0o444


# -- memory ----------------------------------------------------------------------------------------


def test_what_is_saved_is_loaded(own: Workspace) -> None:
    """From the folder itself and from any folder in it; in none there is none."""
    assert workspace.load(own.root) == own
    assert workspace.find(own.root / "kit") == own
    assert workspace.find(own.root.parent) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"format": 1}',
        b'{"format": 1, "course": 7}',
        b'{"format": "1", "course": "c", "system": "s", "language": "python", "begun": [], '
        b'"borrowed": [], "fingerprint": ""}',
        b'{"format": 1, "course": "c", "system": "s", "language": "cobol", "begun": [], '
        b'"borrowed": [], "fingerprint": ""}',
        b"[" * 100_000,
    ],
)
def test_nonsense_is_refused(own: Workspace, content: bytes) -> None:
    """The file and the mend are named, and it stays as it is."""
    (own.root / MEMORY).write_bytes(content)
    with pytest.raises(UsageError) as refused:
        workspace.find(own.root)
    assert str(own.root / MEMORY) in refused.value.message
    assert "Move that one file away" in refused.value.mend
    assert (own.root / MEMORY).read_bytes() == content


def test_a_memory_of_5_gb_is_not_read(own: Workspace) -> None:
    """It is refused by its size."""
    os.truncate(own.root / MEMORY, 5 << 30)
    with pytest.raises(UsageError, match="far too large"):
        workspace.load(own.root)


def test_a_newer_memory_is_not_guessed_at(own: Workspace) -> None:
    """The mend is to update the course."""
    (own.root / MEMORY).write_text('{"format": 2, "what": "ever"}')
    with pytest.raises(UsageError, match="newer sfs"):
        workspace.load(own.root)


# -- start and next --------------------------------------------------------------------------------


def test_files_that_are_there_stay(tmp_path: Path) -> None:
    """Also project files, links that lead nowhere, and the stub's own place."""
    root = tmp_path / "db"
    root.mkdir()
    (root / "page_file.py").write_bytes(b"mine")
    (root / "pyproject.toml").write_bytes(b"mine too")
    (root / "record.py").symlink_to("nowhere")
    made = workspace.create(root, LAYOUT, SYSTEM, "python")
    made, first = workspace.begin(made, LAYOUT, SYSTEM, FIRST)
    made, second = workspace.begin(made, LAYOUT, SYSTEM, SECOND)
    assert (first, second) == ([], ["slotted_page.py"])
    assert (root / "page_file.py").read_bytes() == b"mine"
    assert (root / "pyproject.toml").read_bytes() == b"mine too"
    assert (root / "record.py").is_symlink()


def test_a_second_create_changes_nothing(own: Workspace) -> None:
    """Not a byte, not even in the memory."""
    (own.root / "page_file.py").write_bytes(b"mine")
    before = everything(own.root)
    assert workspace.create(own.root, LAYOUT, SYSTEM, "python") == own
    assert everything(own.root) == before


def test_a_folder_of_something_else_is_refused(own: Workspace) -> None:
    """One workspace is of one system in one language."""
    with pytest.raises(UsageError, match="is a workspace of database-system in Python"):
        workspace.create(own.root, LAYOUT, SYSTEM, "java")


def test_a_place_where_no_folder_can_be_is_named(tmp_path: Path) -> None:
    """A file in the way, for example."""
    (tmp_path / "db").write_text("")
    with pytest.raises(UsageError, match="a workspace cannot be made here"):
        workspace.create(tmp_path / "db", LAYOUT, SYSTEM, "python")


def test_the_kit_is_brought_up_to_date(own: Workspace) -> None:
    """What the course gives is the course's; read-only, so that an editor says so."""
    kit = own.root / "kit" / "errors.py"
    kit.chmod(0o644)
    kit.write_text("# old\n")
    own.refresh(LAYOUT, SYSTEM)
    assert kit.read_bytes() == (LAYOUT.kit(SYSTEM.id, "python") / "errors.py").read_bytes()
    assert kit.stat().st_mode & 0o777 == 0o444


def test_the_present_milestone_is_the_last_one_begun(own: Workspace) -> None:
    """One that the course no longer has does not count."""
    both, _ = workspace.begin(own, LAYOUT, SYSTEM, SECOND)
    assert workspace.current(own, SYSTEM) is FIRST
    assert workspace.current(both, SYSTEM) is SECOND
    gone = Workspace(own.root, own.course, own.system, own.language, ("07-gone",))
    assert workspace.current(gone, SYSTEM) is FIRST


def test_a_course_without_the_file_says_so(tmp_path: Path) -> None:
    """A stub that was never written is the course's fault, with its mend."""
    with pytest.raises(CourseError, match="cannot be read"):
        workspace.given(tmp_path / "page_file.py")
