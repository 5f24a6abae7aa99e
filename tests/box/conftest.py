"""A fresh box for a test, with a small engine of our own in the place of a learner's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.box.box import Box
from grader.course.languages import LANGUAGES
from grader.errors import SandboxUnavailable
from grader.machine.sandbox import Mount

ENGINE = """\
import sys
def main(arguments):
    if arguments == ["todo"]:
        print("cask: not built yet: 01: run", file=sys.stderr)
        return 125
    if arguments == ["banned"]:
        import learner
    print("engine", *arguments)
    return 0
"""
LEARNER = "import subprocess\n"


@pytest.fixture(scope="session")
def computer() -> tuple[list[Mount], str]:
    """The runtime's mounts and the interpreter's path in the box."""
    runtime = LANGUAGES["python"].runtime({})
    return [Mount(source, target) for source, target in runtime.mounts], runtime.argv[0]


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A submission's folder with a kit."""
    folder = tmp_path / "code"
    (folder / "kit").mkdir(parents=True)
    (folder / "kit" / "cli.py").write_text(ENGINE)
    (folder / "learner.py").write_text(LEARNER)
    for path in (tmp_path.parent, tmp_path):
        path.chmod(0o755)
    return folder


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.fixture
def box(computer: tuple[list[Mount], str], code: Path, workdir: Path) -> Iterator[Box]:
    mounts, interpreter = computer
    mounts = [*mounts, Mount(code, "/code"), Mount(workdir, "/work", writable=True)]
    made = Box.start(mounts, interpreter, bans=["subprocess"])
    try:
        made.begin(20)
    except SandboxUnavailable as error:
        made.close()
        pytest.skip(str(error))
    yield made
    made.close()
