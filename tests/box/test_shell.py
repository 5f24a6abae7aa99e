"""A person in a box, at a terminal."""

from __future__ import annotations

import os
import pty
import select
import time
from pathlib import Path

import pytest

from grader.box.box import interactive
from grader.errors import SandboxUnavailable
from grader.machine.sandbox import Mount


def read_until(terminal: int, mark: bytes) -> bytes:
    said, end = b"", time.monotonic() + 15
    while mark not in said and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                said += os.read(terminal, 4096)
            except OSError:
                break
    return said


def test_a_shell_at_a_terminal(computer: tuple[list[Mount], str], code: Path) -> None:
    """It starts beside the code, has `cask`, job control and the terminal, and its status comes back."""
    mounts, interpreter = computer
    child, terminal = pty.fork()
    if child == 0:
        status = 99
        try:
            status = interactive([*mounts, Mount(code, "/code", writable=True)], interpreter)
        except SandboxUnavailable:
            status = 77
        finally:
            os._exit(status)
    said = read_until(terminal, b"# ")
    if not said:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 77
        pytest.skip("no boxes here")
    os.write(terminal, b"cask run $((40+2)); pwd; sh -c 'echo go$((1)); exec sleep 100'\n")
    said = read_until(terminal, b"go1\r\n")
    os.write(terminal, b"\x03")  # Ctrl-C ends the sleep, not the shell
    read_until(terminal, b"# ")
    os.write(terminal, b"echo still $((1+1)); exit 7\n")
    assert b"still 2\r\n" in read_until(terminal, b"still 2\r\n")
    assert b"engine run 42\r\n/code\r\n" in said and b"job control" not in said
    while read_until(terminal, b"\0"):
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
