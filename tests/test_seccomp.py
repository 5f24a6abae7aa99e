"""The system call filter, run on a small model of the kernel's interpreter."""

from __future__ import annotations

import errno
import re
import struct
from pathlib import Path

import pytest

from grader.errors import SandboxUnavailable
from grader.machine import seccomp

ALLOWED = "allowed"
KILLED = "killed"
MACHINES = sorted(seccomp.MACHINES)
CLONE_NEWUSER, CLONE_NEWTIME, CLONE_THREAD, SIGCHLD = 0x10000000, 0x80, 0x10000, 17
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
NEWER_THAN_SOME_HEADERS = {"open_tree_attr"}


def interpret(program: bytes, nr: int, arch: int, args: tuple[int, ...]) -> int:
    """What the kernel answers to one call: the four instructions that the filter uses."""
    data = struct.pack("<IIQ6Q", nr, arch, 0, *args, *(0,) * (6 - len(args)))
    lines = list(struct.iter_unpack("<HBBI", program))
    accumulator = at = 0
    while True:
        code, if_true, if_false, operand = lines[at]
        at += 1
        if code == seccomp.RETURN:
            return operand
        if code == seccomp.LOAD:
            accumulator = struct.unpack_from("<I", data, operand)[0]
        elif code == seccomp.EQUAL:
            at += if_true if accumulator == operand else if_false
        elif code == seccomp.ANY_BIT:
            at += if_true if accumulator & operand else if_false
        else:
            raise AssertionError(f"unknown instruction {code:#x}")


def verdict(machine: str, nr: int, *args: int, namespaces: bool = False, arch: int = 0) -> str:
    audit = arch or seccomp.MACHINES[machine].audit
    answer = interpret(seccomp.program(machine, namespaces=namespaces), nr, audit, args)
    if answer == seccomp.ALLOW:
        return ALLOWED
    if answer == seccomp.KILL:
        return KILLED
    assert answer & 0xFFFF0000 == seccomp.ERRNO
    return errno.errorcode[answer & 0xFFFF]


def number(machine: str, name: str) -> int:
    found = seccomp.NUMBERS[name][seccomp.MACHINES[machine].column]
    assert found is not None
    return found


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    "name",
    [
        "add_key", "bpf", "init_module", "io_uring_setup", "kexec_load", "keyctl", "memfd_create",
        "mount", "move_mount", "open_by_handle_at", "perf_event_open", "pidfd_getfd", "pivot_root",
        "process_vm_readv", "process_vm_writev", "ptrace", "request_key", "setns", "shmget",
        "umount2", "userfaultfd",
    ],
)  # fmt: skip
def test_what_reaches_beyond_the_sandbox_is_not_permitted(machine: str, name: str) -> None:
    """The call fails as if one had no right to it."""
    assert verdict(machine, number(machine, name)) == "EPERM"


@pytest.mark.parametrize(
    ("machine", "calls"),
    [
        # read write mmap futex exit_group execve wait4 prlimit64
        ("x86_64", [0, 1, 9, 202, 231, 59, 61, 302]),
        ("aarch64", [63, 64, 222, 98, 94, 221, 260, 261]),
    ],
)
def test_ordinary_calls_pass(machine: str, calls: list[int]) -> None:
    """Nothing that honest programs need is refused."""
    assert {verdict(machine, nr) for nr in calls} == {ALLOWED}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (SIGCHLD, ALLOWED),
        (CLONE_THREAD | 0x3D0F00, ALLOWED),
        (CLONE_NEWUSER | SIGCHLD, "EPERM"),
        (0x20000 | SIGCHLD, "EPERM"),
        (0xFFFFFFFF00000000 | SIGCHLD, ALLOWED),
    ],
)
def test_clone_makes_processes_and_threads_but_no_namespaces(
    machine: str, flags: int, expected: str
) -> None:
    """The flags decide."""
    assert verdict(machine, number(machine, "clone"), flags) == expected


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("flags", "expected"),
    [(CLONE_NEWUSER, "EPERM"), (CLONE_NEWTIME, "EPERM"), (0x400, ALLOWED)],
)
def test_unshare_makes_no_namespaces(machine: str, flags: int, expected: str) -> None:
    """Unsharing one's own table of files is nobody else's business."""
    assert verdict(machine, number(machine, "unshare"), flags) == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_clone3_looks_as_if_the_kernel_were_too_old(machine: str) -> None:
    """Libraries then fall back to clone, whose flags can be seen."""
    assert verdict(machine, 435) == "ENOSYS"
    assert verdict(machine, 435, namespaces=True) == "ENOSYS"


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("call", ["socket", "socketpair"])
@pytest.mark.parametrize(
    ("family", "protocol", "expected"),
    [
        (1, 0, ALLOWED),
        (2, 6, ALLOWED),
        (10, 17, ALLOWED),
        (16, 0, ALLOWED),
        (16, 9, "EAFNOSUPPORT"),
        (17, 0, "EAFNOSUPPORT"),
        (38, 0, "EAFNOSUPPORT"),
        (40, 0, "EAFNOSUPPORT"),
        (0, 0, "EAFNOSUPPORT"),
    ],
)
def test_sockets_are_local_or_internet(
    machine: str, call: str, family: int, protocol: int, expected: str
) -> None:
    """No vsock, no packet, no kernel cryptography; netlink for routes only."""
    assert verdict(machine, number(machine, call), family, 1, protocol) == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_a_foreign_architecture_is_killed(machine: str) -> None:
    """A 32-bit call would mean another function under the same number."""
    assert verdict(machine, 20, arch=0x40000003) == KILLED


@pytest.mark.parametrize("nr", [0, 39, 101, 521])
def test_x32_is_refused(nr: int) -> None:
    """The same architecture under numbers of its own."""
    assert verdict("x86_64", 0x40000000 | nr) == "ENOSYS"


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", sorted(seccomp.OF_NAMESPACES))
def test_the_namespaces_profile_opens_namespaces(machine: str, name: str) -> None:
    """What a container engine is about is let through there."""
    assert verdict(machine, number(machine, name), CLONE_NEWUSER, namespaces=True) == ALLOWED


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", ["keyctl", "bpf", "ptrace", "io_uring_setup", "init_module"])
def test_the_namespaces_profile_opens_nothing_else(machine: str, name: str) -> None:
    """The rest stays shut."""
    assert verdict(machine, number(machine, name), namespaces=True) == "EPERM"


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("namespaces", [False, True])
def test_every_path_of_the_program_ends(machine: str, namespaces: bool) -> None:
    """Jumps stay inside, the last instruction answers, and the kernel takes at most 4,096 of them."""
    lines = list(struct.iter_unpack("<HBBI", seccomp.program(machine, namespaces=namespaces)))
    assert len(lines) <= 4096
    assert lines[-1][0] == seccomp.RETURN
    reach = [i + 1 + max(t, f) for i, (_, t, f, _) in enumerate(lines[:-1])]
    assert max(reach) < len(lines)


def test_an_unknown_machine_is_no_sandbox() -> None:
    """Better no verdict than one without the filter."""
    with pytest.raises(SandboxUnavailable, match="riscv64"):
        seccomp.program("riscv64")


@pytest.mark.parametrize("machine", MACHINES)
def test_numbers_are_those_of_the_kernel(machine: str) -> None:
    """Compared with the kernel's own headers, where these are installed."""
    header = HEADERS[machine]
    if not header.exists():
        pytest.skip(f"{header} is not on this machine")
    told = {
        name: int(value)
        for name, value in re.findall(r"#define __NR_(\w+)\s+(\d+)", header.read_text())
    }
    ours = {
        name: numbers[seccomp.MACHINES[machine].column]
        for name, numbers in seccomp.NUMBERS.items()
        if name not in NEWER_THAN_SOME_HEADERS
    }
    assert {n: v for n, v in ours.items() if v is not None} == {
        n: told.get(n) for n, v in ours.items() if v is not None
    }
