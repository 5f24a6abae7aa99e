"""Removes a folder that somebody else filled, however deep, whatever the names and modes in it.

`shutil.rmtree` calls itself for every level: a thousand folders in each other end it, and whoever called
it, with a RecursionError. Here what a folder holds is moved to the top before the folder goes, so no
path gets long and nothing calls itself. What cannot be removed stays; that is never an error.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(root: Path) -> None:
    """The folder and all below it; a link in its place is left alone."""
    with contextlib.suppress(OSError):
        top = os.open(root, FOLDER)
        try:
            _empty(top)
        finally:
            os.close(top)
        os.rmdir(root)


def _empty(top: int) -> None:
    stuck: set[str] = set()
    while names := [name for name in os.listdir(top) if name not in stuck]:
        for name in names:
            try:
                _remove(top, name)
            except OSError:
                stuck.add(name)


def _remove(top: int, name: str) -> None:
    """One entry of the top folder; what it holds moves up, to be removed later."""
    if not stat.S_ISDIR(os.stat(name, dir_fd=top, follow_symlinks=False).st_mode):
        os.unlink(name, dir_fd=top)
        return
    with contextlib.suppress(OSError):  # somebody else's, which we can remove all the same
        os.chmod(name, 0o700, dir_fd=top)
    inner = os.open(name, FOLDER, dir_fd=top)
    try:
        for below in os.listdir(inner):
            _move_up(inner, below, top)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=top)


def _move_up(inner: int, name: str, top: int) -> None:
    if stat.S_ISDIR(os.stat(name, dir_fd=inner, follow_symlinks=False).st_mode):
        with contextlib.suppress(OSError):  # to move a folder is to change it
            os.chmod(name, 0o700, dir_fd=inner)
    os.rename(name, secrets.token_hex(16), src_dir_fd=inner, dst_dir_fd=top)
