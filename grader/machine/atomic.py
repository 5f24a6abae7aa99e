"""Writes a file in one step: after any crash it is the old one or the new one, and whole.

The new content first gets a name of its own. Who is killed in that moment leaves it behind, so
whoever looks after the same folder next removes it: it is in use as long as somebody holds its lock,
which the kernel takes back from the dead.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
from pathlib import Path

_NAME = re.compile(r"\..+\.[0-9a-f]{8}\.new")


def write(
    path: Path,
    content: bytes,
    *,
    mode: int | None = None,
    durable: bool = True,
    by: Path | None = None,
) -> None:
    """Replace or make a file, with its folder; OSError when that fails, and it is as before.

    `durable`: it also survives a loss of power once this has returned. `by`: a folder of the same
    file system in which the new content is made, instead of beside the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = path.parent if by is None else by
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    temporary, descriptor = _make(folder, path.name)
    try:
        with open(descriptor, "wb") as file:  # its lock goes with it
            file.write(content)
            file.flush()
            if durable:
                os.fsync(descriptor)
            if mode is not None:
                temporary.chmod(mode)
            elif path.is_file():
                shutil.copymode(path, temporary)
            os.replace(temporary, path)
    except BaseException:  # Ctrl-C too
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def sweep(folder: Path) -> None:
    """Remove what killed writers left in a folder; where that is not allowed, it stays."""
    with contextlib.suppress(OSError):
        for name in filter(_NAME.fullmatch, os.listdir(folder)):
            _remove_if_left(folder / name)


def _make(folder: Path, name: str) -> tuple[Path, int]:
    while True:
        temporary = folder / f".{name}.{secrets.token_hex(4)}.new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with contextlib.suppress(OSError):  # a file system without locks: then nothing is swept
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if temporary.exists():  # not swept before the lock was ours
            return temporary, descriptor
        os.close(descriptor)


def _remove_if_left(path: Path) -> None:
    with contextlib.suppress(OSError):  # in use, or gone
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
        finally:
            os.close(descriptor)
