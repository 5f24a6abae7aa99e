"""Full disks, folders that cannot be written, and files of all sorts: each is named with its mend,
and nothing of the learner's is changed."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journey.learner import REFERENCE, Shell

pytestmark = pytest.mark.timeout(240)

MANY = 100_000
HUGE = 5 << 30
# Arguments: the workspace, a folder to mount over, then the command. 99: a file of the learner's is
# not as it was; 98: half a file is left.
MOUNTED = """
mount -t tmpfs -o size=400k none "$2" && cp -a "$1/." "$2" && cd "$2" || exit 97
%s
"${@:3}"; status=$?
cmp -s page_file.py "$1/page_file.py" || exit 99
test -z "$(find . -name '*.new')" || exit 98
exit $status
"""
STATES = {
    "full": "head -c 10M /dev/zero > filler 2> /dev/null",
    "read-only": 'mount -o remount,bind,ro "$2" || exit 97',
}
WHY = {"full": ("full", "No space left"), "read-only": ("unable to open", "Read-only")}


@functools.cache
def mounting() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """How a command gets mounts of its own here, and what `sfs` then needs: within a user namespace
    a sandbox cannot be made everywhere."""
    for enter, options in ((("unshare", "-m"), ()), (("unshare", "-rm"), ("--unsafe",))):
        tried = [*enter, "mount", "-t", "tmpfs", "none", "/tmp"]
        if shutil.which("unshare") and not subprocess.run(tried, capture_output=True).returncode:
            return enter, options
    pytest.skip("this machine lets nobody mount anything: no unshare, or not allowed")


@pytest.fixture(params=list(STATES))
def state(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def troubled(begun: Shell, state: str) -> Callable[..., str]:
    """Runs a command in a copy of the workspace that cannot be written; what it says."""
    enter, options = mounting()
    (begun.home / "mounted").mkdir()
    begun.solve("page_file.py")
    before = [
        *enter, "bash", "-c", MOUNTED % STATES[state], "-",
        begun.folder, begun.home / "mounted",
    ]  # fmt: skip

    def run(*arguments: str) -> str:
        more = options if arguments[0] in ("test", "grade") else ()
        return begun.refused(*arguments, *more, before=before)

    return run


def test_a_verdict_is_shown_where_it_cannot_be_recorded(
    troubled: Callable[..., str], state: str
) -> None:
    """First the verdict, then file, reason and mend; the exit status says that something is amiss."""
    for command, verdict in (("test", "20 of 20 visible"), ("grade", "20/20")):
        said = troubled(command)
        assert verdict in said
        assert "the verdict could not be recorded" in said
        assert "progress.db" in said
        assert any(word in said for word in WHY[state])


def test_nothing_is_replaced_where_no_copy_can_be_kept(
    troubled: Callable[..., str], state: str
) -> None:
    """Neither by a stub, nor by a reference; and the file that cannot be written is named."""
    for command in ("reset", "borrow"):
        said = troubled(command, "--yes")
        assert "cannot be written" in said
        assert any(word in said for word in WHY[state])


def test_other_commands_name_what_they_cannot_write(
    troubled: Callable[..., str], state: str
) -> None:
    """The hint is given all the same; `next` and `start` can be repeated later."""
    assert "## 1." in troubled("hint")
    assert "record.py: cannot be written" in troubled("next", "--anyway")
    assert "cannot be" in troubled("start", "web-server", "--dir", "another")


def test_looking_needs_no_room(begun: Shell, state: str) -> None:
    """Where am I, the lesson and the attempts are shown as ever."""
    enter, _ = mounting()
    (begun.home / "mounted").mkdir()
    before = [
        *enter, "bash", "-c", MOUNTED % STATES[state], "-",
        begun.folder, begun.home / "mounted",
    ]  # fmt: skip
    for arguments in ((), ("lesson",), ("progress",), ("hint", "--all"), ("list",)):
        assert begun.run(*arguments, before=before).returncode == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere; see the read-only mount")
def test_a_folder_without_rights(begun: Shell) -> None:
    """As a plain user one may take the right to write away from oneself."""
    begun.solve("page_file.py")
    folders = [p for p in (begun.folder, *begun.folder.rglob("*")) if p.is_dir()]
    for folder in folders:
        folder.chmod(0o555)
    try:
        assert "20/20" in begun.refused("grade")
        assert "cannot be written: Permission denied" in begun.refused("reset", "--yes")
    finally:
        for folder in folders:
            folder.chmod(0o755)


# -- odd files -------------------------------------------------------------------------------------


def huge(path: Path) -> None:
    path.touch()
    os.truncate(path, HUGE)


def link(path: Path) -> None:
    shutil.copy(REFERENCE / "page_file.py", path.parent.parent / "elsewhere.py")
    path.symlink_to("../elsewhere.py")


ODD = {"5 GB": huge, "pipe": os.mkfifo, "link": link, "folder": os.mkdir}


@pytest.fixture(params=list(ODD))
def odd(request: pytest.FixtureRequest, begun: Shell) -> Path:
    """The learner's file is something that cannot be graded."""
    path = begun.folder / "page_file.py"
    path.unlink()
    ODD[request.param](path)
    return path


def test_a_file_that_is_no_source_is_named(begun: Shell, odd: Path) -> None:
    """By every command that would read it; it is neither waited for, nor read, nor replaced."""
    before = os.lstat(odd)
    for arguments in (("test",), ("grade",), ("grade", "--code", ".", "database-system/01")):
        assert str(odd) in begun.refused(*arguments)
    if not odd.is_symlink():
        for command in ("reset", "borrow"):
            said = begun.refused(command, "--yes")
            assert str(odd) in said
            assert "Move it away; nothing was changed." in said
        assert '"borrowed": []' in (begun.folder / ".sfs" / "workspace.json").read_text()
    after = os.lstat(odd)
    assert (after.st_ino, after.st_mode, after.st_size) == (
        before.st_ino, before.st_mode, before.st_size,
    )  # fmt: skip


def test_a_link_is_replaced_and_its_target_stays(begun: Shell) -> None:
    """`reset` puts the stub in the link's place; what it led to is as it was, and kept as well."""
    source = begun.folder / "page_file.py"
    source.unlink()
    link(source)
    theirs = (begun.home / "elsewhere.py").read_bytes()
    begun.sfs("reset", "--yes")
    assert not source.is_symlink()
    assert (begun.home / "elsewhere.py").read_bytes() == theirs
    (backup,) = (begun.folder / ".sfs" / "backups").rglob("page_file.py")
    assert backup.read_bytes() == theirs


def test_other_odd_files_are_left_alone(begun: Shell) -> None:
    """A data file of 5 GB, a pipe and a dead link beside the sources are nobody's business."""
    begun.solve("page_file.py")
    huge(begun.folder / "data.bin")
    os.mkfifo(begun.folder / "pipe")
    (begun.folder / "dead").symlink_to("nowhere")
    assert "All visible tests pass" in begun.sfs("test")
    begun.sfs("reset", "--yes")
    assert sorted(p.name for p in begun.folder.iterdir() if p.name in ("data.bin", "pipe")) == [
        "data.bin",
        "pipe",
    ]


def test_a_folder_of_100_000_files_is_named(begun: Shell) -> None:
    """Too many to be a submission: said at once, with the mend; fewer commands need to look."""
    for number in range(MANY):
        os.close(os.open(begun.folder / f"generated-{number}", os.O_CREAT | os.O_WRONLY))
    for arguments in (("test",), ("grade",), ("grade", "--code", ".", "database-system/01")):
        said = begun.refused(*arguments)
        assert f"{begun.folder}: more than 5,000 files" in said
        assert "without generated files" in said
    assert "Next: sfs" in begun.sfs()
    assert len(os.listdir(begun.folder)) > MANY
    shutil.rmtree(begun.folder)


def test_a_damaged_record_is_told_after_the_verdict(begun: Shell) -> None:
    """The attempt is in the new record, and the old one is kept."""
    begun.solve("page_file.py")
    (begun.folder / ".sfs" / "progress.db").write_bytes(b"not a database at all" * 100)
    done = begun.run("grade")
    assert done.returncode == 0
    assert "1 of 1 passed" in done.stdout
    assert done.stderr.count("\n") == 1
    assert "was damaged" in done.stderr
    (attempt,) = begun.json("progress", "--json")  # type: ignore[misc]
    assert attempt["outcome"] == "passed"
