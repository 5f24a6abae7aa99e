"""What is handed in is read once, bounded, and nothing but regular files."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from grader.course import submission
from grader.errors import SubmissionError


def test_only_the_languages_own_files_are_taken(tmp_path: Path) -> None:
    """Notes, folders and hidden files are left out."""
    (tmp_path / "a.py").write_text("x")
    (tmp_path / "notes.md").write_text("n")
    (tmp_path / ".secret.py").write_text("s")
    (tmp_path / "kit").mkdir()
    assert submission.read(tmp_path, "python") == {"a.py": b"x"}


def make_link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.close()


def make_folder(path: Path) -> None:
    path.mkdir()


def make_sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(5 << 30)


@pytest.mark.parametrize("make", [make_link, make_pipe, make_socket, make_folder, make_sparse])
def test_special_files_are_refused_by_name(tmp_path: Path, make: object) -> None:
    """Links, pipes, sockets, folders and 5 GB of nothing are refused before a byte is used."""
    make(tmp_path / "page_file.py")  # type: ignore[operator]
    with pytest.raises(SubmissionError, match=r"page_file\.py"):
        submission.read(tmp_path, "python")


def test_a_hundred_thousand_files_are_refused_quickly(tmp_path: Path) -> None:
    """Reading stops at the limit; it does not list them all."""
    for number in range(submission.MAX_ENTRIES + 1):
        (tmp_path / f"f{number}").touch()
    with pytest.raises(SubmissionError, match="more than"):
        submission.read(tmp_path, "python")


def test_too_many_sources_are_refused(tmp_path: Path) -> None:
    """A submission is one system, not a source tree."""
    for number in range(submission.MAX_FILES + 1):
        (tmp_path / f"m{number}.py").touch()
    with pytest.raises(SubmissionError, match="files"):
        submission.read(tmp_path, "python")


def test_too_much_source_is_refused(tmp_path: Path) -> None:
    """The total is bounded as well as each file."""
    for number in range(9):
        (tmp_path / f"m{number}.py").write_bytes(b"#" * submission.MAX_FILE)
    with pytest.raises(SubmissionError, match="MB"):
        submission.read(tmp_path, "python")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The message names the folder."""
    with pytest.raises(SubmissionError, match="nowhere"):
        submission.read(tmp_path / "nowhere", "python")


def test_a_hash_depends_on_names_and_contents() -> None:
    """Moving a byte from one file to the next changes the hash."""
    assert submission.digest({"a": b"xy", "b": b""}) != submission.digest({"a": b"x", "b": b"y"})
    assert submission.digest({"a": b"x"}) == submission.digest({"a": b"x"})
