"""What the search for traces finds, and what it leaves to others."""

from __future__ import annotations

import mmap
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos import traces
from tests.chaos.traces import Machine

HOLDER = """
import mmap, sys
with open(sys.argv[1], "r+b") as file:
    held = mmap.mmap(file.fileno(), 0)
print("held", flush=True)
sys.stdin.read()
"""

PARENT = "sleep 600 & echo $!; wait"


def test_a_child_of_one_that_dies_under_our_eyes_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is nobody's in the list that was read before, and ours only in the next."""
    machine = Machine(tmp_path)
    parent = subprocess.Popen(["/bin/sh", "-c", PARENT], stdout=subprocess.PIPE)
    assert parent.stdout
    orphan = int(parent.stdout.readline())
    read = traces._children

    def read_and_kill(pid: int) -> list[int]:
        found = read(pid)
        if parent.pid in found:
            parent.kill()
            os.waitid(os.P_PID, parent.pid, os.WEXITED | os.WNOWAIT)
        return found

    monkeypatch.setattr(traces, "_children", read_and_kill)
    try:
        assert machine.processes() == [orphan]
    finally:
        os.kill(orphan, signal.SIGKILL)
        parent.stdout.close()
        parent.wait()
    assert traces.until(lambda: not machine.processes())


def test_shared_memory_counts_when_nobody_uses_it(tmp_path: Path) -> None:
    """A file that a living process has mapped is that one's; without it, it was left behind."""
    machine = Machine(tmp_path)
    place = Path("/dev/shm") / f"sfs-traces-{secrets.token_hex(4)}"
    place.write_bytes(bytes(mmap.PAGESIZE))
    try:
        command = [sys.executable, "-c", HOLDER, str(place)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout and holder.stdout.readline() == b"held\n"
            assert f"file {place}" not in machine.places()
        assert f"file {place}" in machine.places()
    finally:
        place.unlink()


def test_a_segment_without_processes_counts(tmp_path: Path) -> None:
    """System V shared memory outlives its maker, unless somebody takes it away."""
    machine = Machine(tmp_path)
    make = ["ipcmk", "--shmem", "4096"]
    number = subprocess.run(make, check=True, capture_output=True, text=True).stdout.split()[-1]
    try:
        assert any(place.split()[::2] == ["shm", number] for place in machine.places())
    finally:
        subprocess.run(["ipcrm", "--shmem-id", number], check=True)
