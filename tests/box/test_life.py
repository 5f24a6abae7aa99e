"""How boxes end, and the bounds that hold in them."""

from __future__ import annotations

import os
import random
import secrets
import select
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.box.box import Box, probe
from grader.box.plan import BoxLimits
from grader.box.views import status_fields
from grader.bridge.faults import Crashed
from grader.machine.sandbox import Mount

Computer = tuple[list[Mount], str]

DRIVER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from grader.box.box import Box
    from grader.machine.sandbox import Mount
    token, interpreter, *mounts = sys.argv[1:]
    box = Box.start([Mount(Path(m), t) for m, t in zip(mounts[::2], mounts[1::2])], interpreter)
    print("started", flush=True)
    box.begin(60)
    sleepers = [box.popen(["sh", "-c", f"echo up; (setsid sleep {token} &) ; sleep {token}"]) for _ in "ab"]
    for sleeper in sleepers:
        sleeper.read_until(b"up\\n")
    print("up", flush=True)
    sys.stdin.read()
""")


def until(condition: Callable[[], bool], seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def running(token: str) -> list[str]:
    """Processes of this machine that have the token on their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if token.encode() in (entry / "cmdline").read_bytes():
                found.append(entry.name)
        except OSError:
            continue
    return found


def status_of(pid: str) -> dict[str, str]:
    try:
        return status_fields(Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return {}


def children(pid: int) -> list[str]:
    """The keeper, and its helper while the box is being made."""
    numbers = [entry.name for entry in Path("/proc").glob("[0-9]*")]
    return [number for number in numbers if status_of(number).get("PPid") == str(pid)]


def alive(pid: str) -> bool:
    return status_of(pid).get("State", "Z")[0] != "Z"


def drive(token: str, computer: Computer) -> subprocess.Popen[bytes]:
    mounts, interpreter = computer
    words = [str(word) for m in mounts for word in (m.source, m.target)]
    argv = [sys.executable, "-c", DRIVER, token, interpreter, *words]
    path = os.pathsep.join(["/".join(Path(__file__).parts[:-3]), *sys.path])
    return subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )


def end(driver: subprocess.Popen[bytes]) -> None:
    driver.kill()
    driver.communicate()


def test_close_leaves_nothing(box: Box) -> None:
    """Daemons, sessions of their own, stopped processes: all are gone when close returns."""
    token = f"7{secrets.randbelow(10**9)}"
    script = f"setsid sleep {token} & sleep {token} & kill -STOP $!; echo up; wait"
    box.popen(["sh", "-c", script]).read_until(b"up\n")
    assert running(token)
    box.close()
    assert running(token) == []
    box.close()


def test_kill_9_of_the_keeper_ends_the_box(box: Box) -> None:
    """The init notices the end of its lifeline, and every process goes with it."""
    token = f"7{secrets.randbelow(10**9)}"
    sleeper = box.popen(["sh", "-c", f"echo up; sleep {token}"])
    sleeper.read_until(b"up\n")
    os.kill(box.door.process.pid, signal.SIGKILL)
    assert until(lambda: running(token) == [])
    with pytest.raises(Crashed, match="the box ended"):
        sleeper.wait()


@pytest.mark.parametrize("when", ["up", "started"])
def test_kill_9_of_the_grader_ends_the_box(computer: Computer, when: str) -> None:
    """With commands running, and in the middle of the start."""
    rounds = 2 if when == "up" else 12
    chance = random.Random(7)
    for _ in range(rounds):
        token = f"7{secrets.randbelow(10**9)}"
        driver = drive(token, computer)
        assert driver.stdout is not None
        while driver.stdout.readline().strip() != when.encode():
            assert driver.poll() is None
        if when == "started":  # somewhere on the way: nothing is waited for here
            select.select([driver.stdout], [], [], chance.random() * 0.08)
        keepers = children(driver.pid)
        end(driver)
        assert until(lambda token=token: running(token) == [])
        assert until(lambda keepers=keepers: not any(alive(pid) for pid in keepers))


def test_many_processes_are_refused(computer: Computer) -> None:
    """A fork bomb meets the limit."""
    program = textwrap.dedent("""
        import os, sys
        made = 0
        try:
            while made < 500:
                if os.fork() == 0:
                    os.read(0, 1)
                    os._exit(0)
                made += 1
        except BlockingIOError:
            print("refused", made < 60)
    """)
    box = Box.start(*computer, limits=BoxLimits(processes=50))
    try:
        box.begin(20)
        assert box.popen([box.interpreter, "-c", program]).read_until(b"\n") == b"refused True\n"
    finally:
        box.close()


def test_too_much_memory_ends_the_box(computer: Computer) -> None:
    """The bound holds for all processes together."""
    box = Box.start(*computer, limits=BoxLimits(memory=64 << 20))
    program = "x = bytearray(128 << 20); x[::4096] = b'1' * len(x[::4096]); input()"
    try:
        box.begin(20)
        with pytest.raises(Crashed, match="more memory than it may"):
            box.popen([box.interpreter, "-c", program]).read_until(b"never")
    finally:
        box.close()


def test_the_file_system_is_bounded(computer: Computer) -> None:
    """A full disk, not a full machine."""
    box = Box.start(*computer, limits=BoxLimits(file_system=4 << 20))
    try:
        box.begin(20)
        result = box.run(["sh", "-c", "head -c 8M /dev/zero > /tmp/f"])
        assert b"No space left" in result.stderr
    finally:
        box.close()


def test_more_file_systems_are_no_way_around_it(computer: Computer) -> None:
    """A box may mount what it likes; what it puts there is counted."""
    box = Box.start(*computer, limits=BoxLimits(memory=64 << 20))
    script = (
        "mount -t tmpfs t /srv; cd /srv; mount -t tmpfs t /srv; head -c 200M /dev/zero > f; read x"
    )
    try:
        box.begin(20)
        with pytest.raises(Crashed, match="more memory with files than it may"):
            box.popen(["sh", "-c", script]).wait()
    finally:
        box.close()


def test_a_mount_that_cannot_be_made_is_said(computer: Computer, tmp_path: Path) -> None:
    """A box that does not come up says why."""
    from grader.errors import SandboxUnavailable

    mounts, interpreter = computer
    box = Box.start([*mounts, Mount(tmp_path / "nope", "/nope")], interpreter)
    try:
        with pytest.raises(SandboxUnavailable, match="No such file"):
            box.begin(5)
    finally:
        box.close()


def test_probe_tells_the_level() -> None:
    """Either a whole box, or a smaller one with the reason."""
    level, reasons = probe()
    assert level in (2, 3)
    assert (reasons == []) == (level == 3)
