"""The door to the kernel: the system calls that Python has no function for. Given; read it once.

Python offers `os.fork`, `os.execve` and `os.waitpid`, but no `mount`, and before 3.12 no
`unshare`. The C library has them, and ctypes can call it. Each function here is one call: it takes
Python values, hands them over as C wants them, and turns a failure into an OSError with the
kernel's errno. Nothing is decided here. What a flag means is in the manual page of its call: `man
2 mount`, `man 2 unshare`.
"""

import ctypes
import os

# unshare(2), setns(2): which namespaces
CLONE_NEWNS = 0x00020000  # mounts: the first one there was, hence its name
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

# mount(2)
MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000  # show a directory (or file) at a second place
MS_REC = 0x4000  # with all that is mounted below it
MS_UNBINDABLE = 0x20000
MS_PRIVATE = 0x40000  # mounts made here are not told elsewhere, nor those made elsewhere here
MS_SLAVE = 0x80000  # those made elsewhere are told here, not the other way round
MS_SHARED = 0x100000  # both ways

# umount2(2)
MNT_DETACH = 0x2  # take it out of the tree now, and let it go when its last user does

# prctl(2)
PR_SET_PDEATHSIG = 1

# Calls that the C library has no function for either, by machine
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}[os.uname().machine]

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, about: str) -> int:
    """The result of a call, or the OSError that it stands for."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), about)
    return result


def _c(text: str | None) -> bytes | None:
    """A path or a word as C takes it; None becomes NULL."""
    return None if text is None else os.fsencode(text)


def mount(
    source: str | None,
    target: str,
    kind: str | None = None,
    flags: int = 0,
    data: str | None = None,
) -> None:
    """Attach a file system, a bind or new flags at `target`."""
    flag_word = ctypes.c_ulong(flags)
    _check(_libc.mount(_c(source), _c(target), _c(kind), flag_word, _c(data)), target)


def umount(target: str, flags: int = 0) -> None:
    """Take off what is mounted at `target`."""
    _check(_libc.umount2(_c(target), flags), target)


def pivot_root(new_root: str, put_old: str) -> None:
    """Make the mount at `new_root` the root of this mount namespace; the old root goes to `put_old`."""
    _check(_libc.syscall(_PIVOT_ROOT, _c(new_root), _c(put_old)), new_root)


def unshare(flags: int) -> None:
    """Leave the namespaces that `flags` name for new ones of one's own."""
    _check(_libc.unshare(flags), "unshare")


def setns(descriptor: int, flags: int = 0) -> None:
    """Enter the namespace that an open file of /proc/PID/ns stands for."""
    _check(_libc.setns(descriptor, flags), "setns")


def prctl(option: int, argument: int) -> int:
    """One setting of this process: `prctl(PR_SET_PDEATHSIG, signal.SIGKILL)`."""
    zero = ctypes.c_ulong(0)
    return _check(_libc.prctl(option, ctypes.c_ulong(argument), zero, zero, zero), "prctl")
