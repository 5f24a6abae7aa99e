"""What a submission's folder may hold beside sources: it is refused by name before anything runs."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.course.submission import MAX_ENTRIES, MAX_FILE, MAX_FILES
from grader.errors import SubmissionError
from tests.attacks.course import Course, Marks, honest, sources
from tests.attacks.trying import Trying


def bomb(folder: Path) -> None:
    for number in range(MAX_ENTRIES + 1):
        (folder / f"{number}.txt").touch()


def many(folder: Path) -> None:
    for number in range(MAX_FILES + 1):
        (folder / f"module_{number}.py").touch()


def heavy(folder: Path) -> None:
    for number in range(20):
        (folder / f"module_{number}.py").write_bytes(b"#" * (MAX_FILE // 2))


def sparse(folder: Path) -> None:
    (folder / "more.py").touch()
    os.truncate(folder / "more.py", 1 << 40)


def unix_socket(folder: Path) -> None:
    here = os.getcwd()
    os.chdir(folder)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("more.py")
    finally:
        os.chdir(here)


def device(folder: Path) -> None:
    try:
        os.mknod(folder / "more.py", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices")


FOLDERS: dict[str, Callable[[Path], None]] = {
    "a link to the hidden suite": lambda f: (f / "more.py").symlink_to(
        f.parent / "cours é/solutions/sums/01-sums/test_hidden.py"
    ),
    "a link within": lambda f: (f / "more.py").symlink_to("answers.py"),
    "a link to nothing": lambda f: (f / "more.py").symlink_to("nowhere"),
    "a link to data without end": lambda f: (f / "more.py").symlink_to("/dev/zero"),
    "a folder with a source's name": lambda f: (f / "more.py").mkdir(),
    "a pipe": lambda f: os.mkfifo(f / "more.py"),
    "a socket": unix_socket,
    "a device": device,
    "a sparse file": sparse,
    "a name that is no text": lambda f: (f / "\udcff.py").touch(),
    "a large file": lambda f: (f / "more.py").write_bytes(b"#" * (MAX_FILE + 1)),
    "many sources": many,
    "many files": bomb,
    "much in all": heavy,
}


@pytest.fixture
def course(attempts: Trying) -> Course:
    course = attempts.course(honest("python"))
    course.write(Marks())
    return course


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_folder_is_refused(course: Course, kind: str) -> None:
    """With the name of what is in the way, and what to do."""
    code = course.hand_in(sources(course.batch, {}))
    FOLDERS[kind](code)
    with pytest.raises(SubmissionError) as refused:
        course.grade(code)
    assert str(code) in refused.value.message
    assert refused.value.mend


HARMLESS: dict[str, Callable[[Path], None]] = {
    "links that are no sources": lambda f: (f / "notes.txt").symlink_to("/etc/passwd"),
    "folders that lead out": lambda f: (f / "below").symlink_to("/"),
    "names that no shell likes": lambda f: (f / "-rf *; $(reboot)\n.txt").touch(),
    "names that are no text": lambda f: Path(os.fsdecode(os.fsencode(f) + b"/\xff\xfe")).touch(),
    "names in another case": lambda f: (f / "Answers.py").write_text("raise SystemExit"),
    "hidden sources": lambda f: (f / ".answers.py").write_text("raise SystemExit"),
    "folders without bottom": lambda f: os.makedirs(f / "/".join(["d"] * 500)),
    "a source that is not for reading": lambda f: (f / "answers.py").chmod(0o400),
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_is_no_source_is_left_alone(course: Course, kind: str) -> None:
    """It neither helps nor harms, and is still there afterwards."""
    code = course.hand_in(sources(course.batch, {}))
    HARMLESS[kind](code)
    there = sorted(os.listdir(code))
    assert course.grade(code).outcome == "passed"
    assert sorted(os.listdir(code)) == there


def test_a_folder_that_is_a_link_is_read(course: Course) -> None:
    """A class's folders may lie elsewhere; what they hold is looked at all the same."""
    code = course.hand_in(sources(course.batch, {}))
    (code.parent / "there").symlink_to(code)
    assert course.grade(code.parent / "there").outcome == "passed"


def test_a_file_name_says_nothing_to_a_terminal(course: Course) -> None:
    """Control characters of a refused file's name are shown, not sent."""
    code = course.hand_in(sources(course.batch, {}))
    (code / "\x1b]0;mine\x07.py").write_text("import sqlite3\n")
    verdict = course.grade(code)
    assert verdict.outcome == "failed"
    assert "\x1b" not in verdict.reason
