"""One secret for a class, and the seeds that follow from it.

The secret itself never leaves its file. From it comes, by HMAC-SHA256 under a label, the class's own
seed, which every learner's copy holds, and for each milestone the seed of official runs, which nobody
can know beforehand. Neither tells anything of the secret or of another seed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from grader.errors import UsageError

BYTES = 32
MOST = 4096  # characters; a file that is larger is something else
SEED_BITS = 63  # what SQLite and every reader of JSON with 64-bit numbers can hold
_CLASS = b"systems-from-scratch: the seed of a class"
_OFFICIAL = b"systems-from-scratch: the seed of an official run"


def make(path: Path) -> bool:
    """Make a new secret that only its owner can read; False if the file is there already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    except OSError as error:
        raise UsageError(
            f"{path}: a secret cannot be made there: {error.strerror}",
            "Name a file in a folder of your own, outside the course.",
        ) from error
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(BYTES) + "\n")
    return True


def read(path: Path) -> bytes:
    """The secret in `path`; UsageError when there is none, or too little of one."""
    try:
        with path.open(encoding="ascii") as file:
            text = file.read(MOST + 1)
        secret = bytes.fromhex(text) if len(text) <= MOST else b""
    except OSError as error:
        raise UsageError(
            f"{path}: the secret cannot be read: {error.strerror}",
            "Make one with: sfs export --secret FILE DIR",
        ) from error
    except ValueError as error:
        raise UsageError(
            f"{path}: is not a class's secret: only hexadecimal digits may stand there",
            "Name the file that `sfs export --secret FILE` made.",
        ) from error
    if len(secret) < BYTES:
        has = len(secret) if len(text) <= MOST else "far more"
        raise UsageError(
            f"{path}: a secret has {BYTES} bytes ({2 * BYTES} digits), this one {has}",
            "Name the file that `sfs export --secret FILE` made, or make a new one.",
        )
    return secret


def class_seed(secret: bytes) -> int:
    """What a class's copy holds: its visible runs begin with it."""
    return _derived(secret, _CLASS)


def official_seed(secret: bytes, system: str, milestone: str) -> int:
    """With what official runs of a milestone begin, the same for every submission."""
    return _derived(secret, b"\0".join((_OFFICIAL, system.encode(), milestone.encode())))


def _derived(secret: bytes, label: bytes) -> int:
    digest = hmac.new(secret, label, hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - SEED_BITS)


def kept_seed(path: Path) -> int | None:
    """The seed in a class's copy; None where the copy has none."""
    try:
        text = path.read_text("ascii").strip()
        seed = int(text)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path}: holds no seed: {error}", "Remove it, or get the course's copy again."
        ) from error
    if not 0 <= seed < 1 << SEED_BITS:
        raise UsageError(f"{path}: {seed} is no seed", "Get the course's copy again.")
    return seed
