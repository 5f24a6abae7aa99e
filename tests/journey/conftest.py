"""Learners: a new one, and one who has begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journey.learner import Shell


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
