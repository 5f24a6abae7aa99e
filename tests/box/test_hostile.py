"""What a submission may try in a box, and what comes of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.box.box import Box

# Makes one system call by its number (x86_64) and prints the errno
CALL = """
import ctypes, errno, sys
libc = ctypes.CDLL(None, use_errno=True)
number, *arguments = map(int, sys.argv[1:])
result = libc.syscall(number, *map(ctypes.c_long, arguments))
print(errno.errorcode[ctypes.get_errno()] if result < 0 else result)
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86_64")
@pytest.mark.parametrize(
    "call",
    [
        pytest.param([248, 0, 0, 0, 0, 0], id="add_key"),
        pytest.param([250, 0, 0, 0, 0, 0], id="keyctl"),
        pytest.param([101, 0, 0, 0, 0], id="ptrace"),
        pytest.param([321, 0, 0, 0], id="bpf"),
        pytest.param([298, 0, 0, 0, 0, 0], id="perf_event_open"),
        pytest.param([425, 1, 0], id="io_uring_setup"),
        pytest.param([246, 0, 0, 0, 0], id="kexec_load"),
        pytest.param([304, 0, 0, 0], id="open_by_handle_at"),
        pytest.param([29, 0, 4096, 0o1600], id="shmget"),
    ],
)
def test_calls_that_no_engine_needs_are_refused(box: Box, call: list[int]) -> None:
    """Even to the box's root."""
    result = box.run([box.interpreter, "-c", CALL, *map(str, call)])
    assert result.stdout.strip() in (b"EPERM", b"ENOSYS")


def test_killing_everything_kills_nothing_of_ours(box: Box) -> None:
    """kill -9 -1 reaches all that the box can see, and that is only itself."""
    victim = box.popen(["sleep", "60"])
    box.run(["sh", "-c", "kill -9 -1"])
    assert victim.wait().status == 137
    assert box.run(["echo", "still here"]).stdout == b"still here\n"
    assert box.leaks() == {}


def test_a_command_s_birth_cannot_be_watched(box: Box) -> None:
    """Until exec a command is a copy of its keeper: no process of the box may open its memory."""
    keeper = Path(f"/proc/{box.door.process.pid}")
    user = int(
        next(s for s in (keeper / "status").read_text().splitlines() if "Uid" in s).split()[1]
    )
    assert (keeper / "environ").stat().st_uid != user  # the kernel keeps it from its own user


def test_links_lead_nowhere_outside(box: Box) -> None:
    """A link that a submission made is followed in the box, by the suite too."""
    box.run(["sh", "-c", "ln -s /etc/shadow /tmp/a; ln -s /proc/1/root/etc/hosts /tmp/b"])
    assert box.exists("/tmp/a") and not box.exists("/etc/shadow")
    assert b"localhost box" in box.read("/tmp/b")


def test_another_root_for_everybody_does_not_blind_the_suite(box: Box) -> None:
    """An engine that moves the root of the whole box: seen, and nothing hangs."""
    root = box.rootfs()
    program = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
os.chdir(sys.argv[1])
assert libc.syscall(155 if os.uname().machine == "x86_64" else 41, b".", b".") == 0
"""
    box.run(["mount", "--rbind", root, root])
    box.run([box.interpreter, "-c", program, root])
    assert box.leaks(0.1) != {}
    assert box.processes() == []


def test_nobody_else_s_network(box: Box) -> None:
    """The abstract sockets and ports of the machine are not those of the box."""
    import socket

    name = f"\0sfs-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name)
        listener.listen()
        program = f"import socket; socket.socket(socket.AF_UNIX).connect({name!r})"
        assert b"ConnectionRefusedError" in box.run([box.interpreter, "-c", program]).stderr
