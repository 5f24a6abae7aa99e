"""A test's working directory: what lies in it can be used as ever, and nothing leads out of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.bridge.faults import WrongAnswer
from grader.bridge.workpath import confined


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    (tmp_path / "outside").write_text("secret")
    (tmp_path / "work").mkdir()
    return confined(tmp_path / "work")


def test_files_are_read_and_written_as_ever(workdir: Path) -> None:
    """Text, bytes, appending, seeking, folders below."""
    (workdir / "text").write_text("é\n", "utf-8")
    assert (workdir / "text").read_text("utf-8") == "é\n"
    (workdir / "below").mkdir()
    (workdir / "below" / "data").write_bytes(b"abcdef")
    with (workdir / "below" / "data").open("r+b") as file:
        file.seek(2)
        file.write(b"XY")
    with (workdir / "below/data").open("ab") as file:
        file.write(b"!")
    assert (workdir / "below/data").read_bytes() == b"abXYef!"
    assert sorted(path.name for path in workdir.rglob("*")) == ["below", "data", "text"]
    assert next(workdir.glob("t*")).read_bytes() == "é\n".encode()


def test_what_is_not_there_is_said_as_ever(workdir: Path) -> None:
    """The usual errors of the system."""
    with pytest.raises(FileNotFoundError):
        (workdir / "none").read_bytes()
    (workdir / "there").touch()
    with pytest.raises(FileExistsError):
        (workdir / "there").open("x")


def test_a_link_within_is_followed(workdir: Path) -> None:
    """`current` may point to one of several files."""
    (workdir / "one").write_text("1")
    (workdir / "current").symlink_to("one")
    assert (workdir / "current").read_text() == "1"


LEADERS: dict[str, Callable[[Path], None]] = {
    "a link out": lambda path: path.symlink_to("../outside"),
    "an absolute link": lambda path: path.symlink_to(path.parents[1] / "outside"),
    "a link to endless data": lambda path: path.symlink_to("/dev/zero"),
    "a link to our own descriptors": lambda path: path.symlink_to("/proc/self/fd/1"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a pipe": lambda path: os.mkfifo(path),
}


@pytest.mark.parametrize("kind", LEADERS)
def test_whatever_leads_out_is_refused(workdir: Path, kind: str) -> None:
    """Reading and writing alike, and at once."""
    LEADERS[kind](workdir / "log")
    with pytest.raises(WrongAnswer, match=r"log: is "):
        (workdir / "log").read_bytes()
    with pytest.raises(WrongAnswer, match=r"log: is "):
        (workdir / "log").write_text("forged")
    assert Path(f"{workdir.parent}/outside").read_text() == "secret"


def test_a_folder_that_is_a_link_out_is_refused(workdir: Path) -> None:
    """On the way to a file as well as at its end."""
    (workdir / "below").symlink_to("..")
    with pytest.raises(WrongAnswer, match="leads out"):
        (workdir / "below" / "outside").read_text()
