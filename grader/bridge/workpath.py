"""The working directory as its test sees it: regular files beneath it, and no way out.

The code under test may leave a link, a pipe or a device where its test reads or writes next, and the
test is trusted: it could be led to the grader's own descriptors, or to a file that never ends. So a
path of the working directory opens what lies beneath the directory, in one step that nobody can change
half-way (openat2), and refuses what is not a plain file. Links within the directory are followed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import sys
from pathlib import Path, PosixPath
from typing import Any

from grader.bridge.faults import WrongAnswer

SYS_OPENAT2 = 437  # on every architecture
RESOLVE_NO_MAGICLINKS, RESOLVE_BENEATH = 0x02, 0x08
LED_OUT = (errno.EXDEV, errno.ELOOP)


def confined(root: Path) -> Path:
    """`root` as a path whose files, and those of all paths made from it, are opened as told above."""

    class WorkPath(PosixPath):
        def open(
            self,
            mode: str = "r",
            buffering: int = -1,
            encoding: str | None = None,
            errors: str | None = None,
            newline: str | None = None,
        ) -> Any:
            return open(
                self, mode, buffering, encoding, errors, newline,
                opener=lambda path, flags: _open(root, path, flags),
            )  # fmt: skip

    return WorkPath(root)


def _open(root: Path, path: str, flags: int) -> int:
    name = os.path.relpath(path, root)
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        descriptor = _beneath(folder, name, flags | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in LED_OUT:
            raise WrongAnswer(f"{name}: is a link that leads out of the directory") from error
        if error.errno == errno.ENXIO:  # a pipe that nobody reads, or a socket
            raise WrongAnswer(f"{name}: is not a regular file") from error
        raise
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise WrongAnswer(f"{name}: is not a regular file")
    os.set_blocking(descriptor, True)
    return descriptor


def _beneath(folder: int, name: str, flags: int) -> int:
    """openat2, or where there is none an open that at least follows no link at the end."""
    mode = 0o666 if flags & os.O_CREAT else 0
    if sys.platform == "linux":
        how = struct.pack("QQQ", flags, mode, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)
        libc = ctypes.CDLL(None, use_errno=True)
        place = ctypes.c_char_p(os.fsencode(name))
        descriptor = libc.syscall(
            ctypes.c_long(SYS_OPENAT2), folder, place, how, ctypes.c_size_t(len(how))
        )
        if descriptor >= 0:
            return int(descriptor)
        refusal = ctypes.get_errno()
        if refusal != errno.ENOSYS:
            raise OSError(refusal, os.strerror(refusal), name)
    return os.open(name, flags | os.O_NOFOLLOW, mode, dir_fd=folder)
