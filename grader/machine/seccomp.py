"""The system calls that code under test may not make, as a program for the kernel.

Pure: names and numbers in, bytes of classic BPF out (`struct sock_filter[]`). Everything is allowed
but a list: what reaches other processes, the kernel's keyrings, memory that no limit counts, new
namespaces, file systems, and interfaces that have no place in an exercise and many past holes.
Refused calls fail with EPERM (ENOSYS where libraries then fall back), they do not kill; a call made
for a foreign architecture does.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from grader.errors import SandboxUnavailable

EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000

# struct seccomp_data: nr, arch, instruction pointer, six 64-bit arguments (both machines here are
# little-endian, so an argument's low half comes first).
NR, ARCH, ARG0, ARG2 = 0, 4, 16, 32

LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
X32_BIT = 0x40000000

# CLONE_NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, NEWNS; and NEWTIME, which clone cannot take
NEW_NAMESPACES = (
    0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000 | 0x20000
)
NEW_TIME = 0x80

AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, NETLINK_ROUTE = 1, 2, 10, 16, 0

# name: (x86_64, aarch64); None where the machine has no such call
NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clock_settime": (227, 112),
    "clone": (56, 220),
    "clone3": (435, 435),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "init_module": (175, 105),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "lookup_dcookie": (212, 18),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "modify_ldt": (154, None),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "msgget": (68, 186),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "open_tree_attr": (467, 467),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_madvise": (440, 440),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "semget": (64, 190),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "shmget": (29, 194),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "vhangup": (153, 58),
}

# What the profile `namespaces` is about; there the kernel's own rules decide.
OF_NAMESPACES = frozenset(
    {
        "chroot", "clone", "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr",
        "move_mount", "open_tree", "open_tree_attr", "pivot_root", "setdomainname", "sethostname",
        "setns", "umount2", "unshare",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Machine:
    """An architecture as seccomp names it."""

    audit: int
    column: int  # of NUMBERS
    has_x32: bool = False


MACHINES = {
    "x86_64": Machine(0xC000003E, 0, has_x32=True),
    "aarch64": Machine(0xC00000B7, 1),
}

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


def program(machine: str, *, namespaces: bool = False) -> bytes:
    """The filter for a machine (as in `os.uname().machine`), ready for `bwrap --seccomp`.

    With `namespaces`, calls that make and join namespaces and mounts are let through.
    """
    known = MACHINES.get(machine)
    if known is None:
        raise SandboxUnavailable(
            f"no system call filter is known for {machine} machines",
            "Grade on x86_64 or aarch64.",
        )
    refused = set(NUMBERS) - (OF_NAMESPACES if namespaces else set())
    code = [*_prologue(known)]
    for name in sorted(refused):
        number = NUMBERS[name][known.column]
        if number is not None:
            code += _when(number, _body(name))
    return b"".join(struct.pack("<HBBI", *line) for line in [*code, _answer(ALLOW)])


def _prologue(machine: Machine) -> Iterable[Instruction]:
    yield _load(ARCH)
    yield (EQUAL, 1, 0, machine.audit)
    yield _answer(KILL)
    yield _load(NR)
    if machine.has_x32:
        yield (ANY_BIT, 0, 1, X32_BIT)
        yield _answer(ERRNO | ENOSYS)


def _when(number: int, body: list[Instruction]) -> list[Instruction]:
    """Run `body`, which ends in an answer, for one system call."""
    return [(EQUAL, 0, len(body), number), *body]


def _body(name: str) -> list[Instruction]:
    if (
        name == "clone3"
    ):  # its flags lie in memory, where a filter cannot look; libc then uses clone
        return [_answer(ERRNO | ENOSYS)]
    if name in ("clone", "unshare"):
        bits = NEW_NAMESPACES | (NEW_TIME if name == "unshare" else 0)
        return [_load(ARG0), (ANY_BIT, 0, 1, bits), _answer(ERRNO | EPERM), _answer(ALLOW)]
    if name in ("socket", "socketpair"):
        return _families()
    return [_answer(ERRNO | EPERM)]


def _families() -> list[Instruction]:
    """Local and internet sockets, and netlink's routing table, which name look-ups ask."""
    return [
        _load(ARG0),
        (EQUAL, 5, 0, AF_UNIX),
        (EQUAL, 4, 0, AF_INET),
        (EQUAL, 3, 0, AF_INET6),
        (EQUAL, 0, 3, AF_NETLINK),
        _load(ARG2),
        (EQUAL, 0, 1, NETLINK_ROUTE),
        _answer(ALLOW),
        _answer(ERRNO | EAFNOSUPPORT),
    ]


def _load(offset: int) -> Instruction:
    return (LOAD, 0, 0, offset)


def _answer(value: int) -> Instruction:
    return (RETURN, 0, 0, value)
