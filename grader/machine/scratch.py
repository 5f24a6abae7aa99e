"""A folder for what one run cannot keep in memory: in TMPDIR, and gone with the run.

A sandboxed run needs none, its /tmp is its own and goes with it. Who is killed cannot clear up, so
whoever makes the next folder does: a folder is in use as long as somebody holds its lock, which the
kernel takes back from the dead.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from grader.machine.removal import remove_tree

_NAME = re.compile(r"sfs-[0-9a-f]{8}")


def place(environment: Mapping[str, str]) -> Path:
    """Where temporary things go here; finding out leaves nothing behind."""
    wished = Path(environment.get("TMPDIR") or "/tmp")
    return wished if os.access(wished, os.W_OK | os.X_OK) else Path("/tmp")


@contextlib.contextmanager
def folder(environment: Mapping[str, str]) -> Iterator[Path]:
    """A new folder, removed at the end; those of the dead are removed now."""
    sweep(environment)
    path, lock = _make(place(environment))
    try:
        yield path
    finally:
        remove_tree(path)
        os.close(lock)


def sweep(environment: Mapping[str, str]) -> None:
    """Remove the folders of ours that nobody holds."""
    home = place(environment)
    with contextlib.suppress(OSError):
        for name in filter(_NAME.fullmatch, os.listdir(home)):
            _remove_if_left(home / name)


def _make(home: Path) -> tuple[Path, int]:
    while True:
        path = home / f"sfs-{secrets.token_hex(4)}"
        path.mkdir()
        with contextlib.suppress(FileNotFoundError):  # swept before the lock was ours
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            with contextlib.suppress(OSError):  # no locks here: then nothing is swept either
                fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists():
                path.chmod(0o755)  # the code under test may run under another user id
                return path, lock
            os.close(lock)


def _remove_if_left(path: Path) -> None:
    with contextlib.suppress(OSError):  # another's, or in use
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if os.fstat(lock).st_uid == os.geteuid():
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove_tree(path)
        finally:
            os.close(lock)
