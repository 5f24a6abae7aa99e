"""The finished database, served to clients that nobody here wrote.

The reference runs as a learner's code would: in a folder of its own, beside the kit. A client that is
not on this machine is skipped with the name of the package that has it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SYSTEM = "database-system"
PATIENCE = 60  # seconds


@pytest.fixture(scope="session")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference and the kit in one folder."""
    folder = tmp_path_factory.mktemp("code")
    shutil.copytree(ROOT / "katas" / SYSTEM / "kit" / "python", folder / "kit")
    for file in (ROOT / "solutions" / SYSTEM / "python").glob("*.py"):
        shutil.copy(file, folder)
    return folder


class Served:
    """A server process on a database file."""

    def __init__(self, code: Path, file: Path) -> None:
        self.file = file
        command = [sys.executable, str(code / "server.py"), str(file), "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        word, port = self.process.stdout.readline().split()
        assert word == "ready"
        self.port = int(port)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(PATIENCE)


@pytest.fixture
def serve(code: Path, tmp_path: Path) -> Iterator[Callable[[], Served]]:
    """A function that starts a server on the test's database file."""
    started: list[Served] = []

    def start() -> Served:
        started.append(Served(code, tmp_path / "people.db"))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def server(serve: Callable[[], Served]) -> Served:
    """A server on a new database."""
    return serve()


@pytest.fixture
def run(server: Served) -> Callable[..., str]:
    """A function that runs one of PostgreSQL's own programs against the server, and gives its output."""

    def run_it(*command: str, status: int = 0, stdin: str | None = None) -> str:
        if shutil.which(command[0]) is None:
            package = (
                "postgresql-contrib or postgresql"
                if command[0] == "pgbench"
                else "postgresql-client"
            )
            pytest.skip(f"no {command[0]} on this machine: apt-get install {package}")
        where = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "me"}
        more = {"PGDATABASE": "postgres", "PGCONNECT_TIMEOUT": "10", "PSQLRC": os.devnull}
        done = subprocess.run(
            command, env={**os.environ, **where, **more}, input=stdin,
            capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run_it
