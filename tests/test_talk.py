"""A talk with a program is said again by a program in the learner's language, and that one runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.course.languages import LANGUAGES
from grader.errors import RuntimeMissing
from grader.failures.talk import LONGEST, Step, reproduction

STEPS = [
    Step("start", module="echo_server", config={"host": "127.0.0.1", "port": 0}),
    Step("connect", 0),
    Step("connect", 1),
    Step("send", 0, b"caf\xc3\xa9 \x00\xff\r\n"),
    Step("receive", 0, b"caf\xc3\xa9 \x00\xff\r\n"),
    Step("reset", 1),
    Step("send", 0, b"last\n"),
    Step("half-close", 0),
]
PYTHON = """
import socket

def main(config, ready):
    server = socket.create_server((config["host"], config["port"]))
    ready(server.getsockname()[1])
    while True:
        client, _ = server.accept()
        import threading
        threading.Thread(target=serve, args=(client,)).start()

def serve(client):
    with client:
        while data := client.recv(100):
            client.sendall(data.upper())
"""
TYPESCRIPT = """
import * as net from "node:net";
export async function main(config: any, ready: (port: number) => void): Promise<void> {
  const server = net.createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", (data) => socket.write(Buffer.from(data.toString("latin1").toUpperCase(), "latin1")));
  });
  server.listen(config.port, config.host, () => ready((server.address() as net.AddressInfo).port));
}
"""


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_runs_in_python(tmp_path: Path) -> None:
    """The Python reproduction starts main, repeats the talk and prints what comes back."""
    (tmp_path / "echo_server.py").write_text(PYTHON)
    (tmp_path / "reproduction.py").write_text(reproduction(STEPS, "python"))
    said = run([sys.executable, "reproduction.py"], tmp_path).splitlines()
    assert said == [r"one received b'CAF\xc3\xa9 \x00\xff\r\n'", r"one then received b'LAST\n'"]


def test_it_runs_in_typescript(tmp_path: Path) -> None:
    """The same in TypeScript."""
    try:
        ((node, _),) = LANGUAGES["typescript"].runtime(os.environ).mounts
    except RuntimeMissing as error:
        pytest.skip(error.message)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "echoServer.ts").write_text(TYPESCRIPT)
    (tmp_path / "reproduction.ts").write_text(reproduction(STEPS, "typescript"))
    said = run([str(node), "reproduction.ts"], tmp_path).splitlines()
    assert said[0].startswith('one received "CAF')
    assert said[1] == 'one then received "LAST\\n"'


@pytest.mark.parametrize(
    "steps",
    [
        [],
        STEPS[1:],
        [STEPS[0], *STEPS],
        [STEPS[0]],
        [*STEPS, Step("send", 0, b"x" * (LONGEST + 1))],
    ],
)
def test_what_cannot_be_repeated_is_left_out(steps: list[Step]) -> None:
    """No start, two starts, no connection, too much data: no reproduction."""
    assert reproduction(steps, "python") == ""
    assert reproduction(STEPS, "java") == ""
