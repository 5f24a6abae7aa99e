"""Learners: a new one, and one who has begun."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journey.learner import Shell


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> Iterator[None]:
    """What a shell starts in the background ignores Ctrl-C, and so would all that tests start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A new user, whose home has a space and a letter beyond ASCII in its path."""
    home = tmp_path / "häuschen am see"
    home.mkdir()
    return Shell(home)


@pytest.fixture
def begun(shell: Shell) -> Shell:
    """The same user, who has started the database."""
    shell.sfs("start", "database-system", "--dir", "db")
    shell.folder = shell.home / "db"
    return shell
