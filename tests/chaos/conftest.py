"""Kills at random moments. `SFS_CHAOS` says how many (40 unless told), `SFS_CHAOS_SEED` which.

The seed decides who is killed and after what part of a command's usual time; what the machine does in
that time is its own affair, so a seed that found something may have to be tried more than once.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.learner import Learner, broken, solved
from tests.chaos.traces import Machine, parent_of_orphans

KILLS = int(os.environ.get("SFS_CHAOS", "40"))
SEED = int(os.environ.get("SFS_CHAOS_SEED", secrets.randbelow(1 << 32)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """A failure says how to have the same kills again."""
    report = yield
    if report.failed:
        report.sections.append(("chaos", f"again with SFS_CHAOS={KILLS} SFS_CHAOS_SEED={SEED}"))
    return report


def share(weight: float) -> int:
    """How many of all kills a target gets: at least one."""
    return max(1, round(KILLS * weight))


@pytest.fixture(scope="package", autouse=True)
def orphans() -> Iterator[None]:
    """Whatever loses its parent becomes ours, and so can be found."""
    with parent_of_orphans():
        yield


@pytest.fixture(scope="package")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Learner:
    """Somebody who has started the database; to be copied, not used."""
    home = tmp_path_factory.mktemp("begun") / "home"
    home.mkdir()
    learner = Learner(home)
    learner.sfs("start", "database-system", "--dir", "db")
    return learner


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Learner]:
    """Somebody with an empty home, who leaves nothing on the machine."""
    home = tmp_path / "home"
    home.mkdir()
    machine = Machine(home)
    yield Learner(home)
    machine.await_clean("at the end")


@pytest.fixture
def learner(newcomer: Learner, begun: Learner) -> Learner:
    """Somebody who has built the first milestone of the database."""
    shutil.copytree(begun.db, newcomer.db)
    (newcomer.db / "page_file.py").write_bytes(solved())
    return newcomer


@pytest.fixture
def mistaken(learner: Learner) -> Learner:
    """Somebody whose first milestone fails some tests."""
    (learner.db / "page_file.py").write_bytes(broken())
    return learner
