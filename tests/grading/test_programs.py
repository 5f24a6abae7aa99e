"""Programs under test: started, talked to over real sockets, stopped, killed, started again."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course import manifest
from grader.course.layout import Layout
from grader.grading import runner
from grader.verdict import MilestoneResult
from tests.grading.conftest import by_name

MANIFEST = """\
course: A tiny course
systems:
  echo:
    title: An echo
    languages: [python]
    milestones:
      - {id: 01-echo, title: Echo, adds: [echo], timeout: 3}
"""
SUITE = '''\
"""Echo."""


def test_it_echoes(program):
    """What is sent comes back."""
    server = program.start("echo")
    with server.connect() as connection:
        connection.send(b"hello\\r\\n")
        assert connection.receive_until(b"\\n") == b"hello\\r\\n"
        connection.half_close()
        assert connection.receive_all() == b""


def test_it_stops(program):
    """SIGTERM ends it with status 0."""
    server = program.start("echo", {"grace": 1})
    assert server.stop() == 0


def test_it_starts_again(program, workdir):
    """After kill -9 it comes back on the same port and files."""
    server = program.start("echo", {"log": str(workdir / "log")})
    port = server.port
    with server.connect() as connection:
        connection.send(b"one\\n")
        connection.receive_until(b"\\n")
    server.kill()
    server.restart()
    assert server.port == port
    with server.connect() as connection:
        connection.send(b"two\\n")
        connection.receive_until(b"\\n")
    assert (workdir / "log").read_bytes() == b"one\\ntwo\\n"


def test_it_is_asked_twice(program):
    """A second client is served like the first."""
    server = program.start("echo")
    for _ in range(2):
        with server.connect() as connection:
            connection.send(b"x\\n")
            connection.receive_some()


def test_it_can_be_looked_at(program):
    """Descriptors, threads and memory are to be had from outside."""
    server = program.start("echo")
    before = server.descriptors()
    connection = server.connect()
    connection.send(b"x\\n")
    connection.receive_until(b"\\n")
    assert server.descriptors() == before + 1
    assert server.threads() >= 1
    assert server.memory() > 1 << 20
    assert server.alive()
'''
REFERENCE = '''\
"""An echo server."""

import signal
import socket
import threading


def main(config, ready):
    server = socket.create_server((config["host"], config["port"]), reuse_port=False)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    server.settimeout(0.05)
    ready(server.getsockname()[1])
    while not stopping.is_set():
        try:
            client, _ = server.accept()
        except TimeoutError:
            continue
        client.settimeout(None)
        threading.Thread(target=serve, args=(client, config), daemon=True).start()


def serve(client, config):
    with client:
        while data := client.recv(100):
            if "log" in config:
                with open(config["log"], "ab") as log:
                    log.write(data)
            client.sendall(data)
'''


def grade(tmp_path: Path, text: str) -> MilestoneResult:
    files = {
        "milestones.yaml": MANIFEST,
        "katas/echo/01-echo/test_visible.py": SUITE,
        "solutions/echo/01-echo/test_hidden.py": SUITE.split("def test_it_stops")[0].replace(
            "it_echoes", "it_echoes_too"
        ),
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    course = manifest.load(tmp_path / "milestones.yaml")
    system = course.system("echo")
    job = runner.Job(
        layout=Layout(tmp_path),
        course=course,
        system=system,
        milestone=system.milestones[0],
        language="python",
        sources={"echo.py": text.encode()},
    )
    return runner.grade(job, seed=1)


def test_an_honest_program_passes(tmp_path: Path) -> None:
    """Start, talk, stop, kill and restart work through the sandbox."""
    result = grade(tmp_path, REFERENCE)
    assert result.outcome == "passed", [t for t in result.tests if t.outcome != "passed"]


@pytest.mark.parametrize(
    ("old", "new", "test", "outcome", "words"),
    [
        ("client.sendall(data)", "client.sendall(data.upper())", "it_echoes", "failed", "hello"),
        ("client.sendall(data)", "pass", "it_echoes", "timeout", "neither answered nor closed"),
        ("client.sendall(data)", "return", "it_echoes", "failed", "closed after"),
        ("ready(server", "print('hm'); return; ready(server", "it_stops", "failed", "ready"),
        ("ready(server", "raise OSError('in use'); ready(server", "it_stops", "failed", "in use"),
        ("ready(server", "import os; os._exit(4); ready(server", "it_stops", "crashed", "status 4"),
        (
            "ready(server.getsockname()[1])",
            "import time; time.sleep(9)",
            "it_stops",
            "timeout",
            "ready",
        ),
        ("stopping.set()", "None", "it_stops", "failed", "SIGTERM"),
        ("def main", "def mian", "it_stops", "failed", "main"),
        (
            "import signal\n",
            "raise NotImplementedError('01-echo')\n",
            "it_stops",
            "todo",
            "not built",
        ),
        ("ready(server.getsockname()[1])", "ready('80')", "it_stops", "failed", "port"),
        (
            "client.sendall(data)",
            "import os; os._exit(0)",
            "it_is_asked_twice",
            "failed",
            "connection",
        ),
    ],
)
def test_a_wrong_program_gets_the_outcome_that_fits(
    tmp_path: Path, old: str, new: str, test: str, outcome: str, words: str
) -> None:
    """Wrong answers, silence, early ends and deafness to SIGTERM are told apart."""
    result = by_name(grade(tmp_path, REFERENCE.replace(old, new)))[test]
    assert result.outcome == outcome, result.failure
    assert result.failure is not None
    assert words in repr(result.failure)


def test_a_failure_comes_with_what_was_sent_and_a_program_that_sends_it_again(
    tmp_path: Path,
) -> None:
    """Bytes out, bytes in, and a reproduction in the learner's language."""
    wrong = REFERENCE.replace("client.sendall(data)", "client.sendall(data.upper())")
    failure = by_name(grade(tmp_path, wrong))["it_echoes"].failure
    assert failure is not None
    assert "sent b'hello\\r\\n'" in failure.calls
    assert "received b'HELLO\\r\\n'" in failure.calls
    assert "one.sendall(b'hello\\r\\n')" in failure.reproduction
    assert "from echo import main" in failure.reproduction
