"""What is handed in: a flat folder of source files, read once, bounded, and copied.

Only regular files of the language are taken. Links, devices, pipes and sockets are refused, so is
too much of anything, before a byte of it is used. Other files and folders (notes, editor settings,
the kit's copy) are left alone and left out.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from grader.course.languages import LANGUAGES
from grader.errors import SubmissionError

MAX_ENTRIES = 5_000  # of any kind, in the folder itself
MAX_FILES = 200  # sources taken
MAX_FILE = 1 << 20  # bytes; a reference's largest file is a fiftieth of it
MAX_TOTAL = 8 << 20

Sources = Mapping[str, bytes]  # file name -> content


def read(folder: Path, language: str, *, kit: bool = False) -> dict[str, bytes]:
    """The sources of one language in `folder`, by name. SubmissionError names what is in the way.

    A kit may also hold data files (`kit=True`).
    """
    suffixes = (f".{LANGUAGES[language].extension}", *((".json",) if kit else ()))
    suffix = suffixes[0]
    if kit and not folder.is_dir():
        return {}
    sources: dict[str, bytes] = {}
    for name in _names(folder):
        if name.endswith(suffixes) and not name.startswith("."):
            if not _is_text(name):
                raise SubmissionError(
                    f"{folder}: the name of {os.fsencode(name)!r} is no text", "Rename the file."
                )
            sources[name] = _content(folder / name)
    if len(sources) > MAX_FILES:
        raise SubmissionError(
            f"{folder}: {len(sources):,} {suffix} files; a submission may have {MAX_FILES}",
            "Hand in the folder of one system, without generated files.",
        )
    if sum(map(len, sources.values())) > MAX_TOTAL:
        raise SubmissionError(
            f"{folder}: more than {MAX_TOTAL >> 20} MB of {suffix} files",
            "Take data out of the source files.",
        )
    return sources


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def of_files(paths: Iterable[Path]) -> dict[str, bytes]:
    """These files' sources by name, read as a submission's are."""
    return {path.name: _content(path) for path in paths}


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            names = []
            for entry in entries:
                names.append(entry.name)
                if len(names) > MAX_ENTRIES:
                    raise SubmissionError(
                        f"{folder}: more than {MAX_ENTRIES:,} files",
                        "Hand in the folder of one system, without generated files.",
                    )
    except OSError as error:
        raise SubmissionError(
            f"{folder}: cannot be read: {error.strerror}", "Give the folder that holds the code."
        ) from error
    return sorted(names)


def _content(path: Path) -> bytes:
    try:
        # O_NONBLOCK: opening a pipe that nobody writes must not hang
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        why = "is a link" if path.is_symlink() else f"cannot be read: {error.strerror}"
        raise SubmissionError(f"{path}: {why}", "Only regular files can be graded.") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SubmissionError(
                f"{path}: is not a regular file", "Only regular files can be graded."
            )
        if status.st_size > MAX_FILE:
            raise SubmissionError(
                f"{path}: {status.st_size:,} bytes; a source file may have {MAX_FILE:,}",
                "Take data out of the source file.",
            )
        return _all(descriptor)
    finally:
        os.close(descriptor)


def _all(descriptor: int) -> bytes:
    content = b""
    while len(content) <= MAX_FILE and (more := os.read(descriptor, MAX_FILE)):
        content += more
    return content


def digest(sources: Sources) -> str:
    """One hash over names and contents."""
    total = hashlib.sha256()
    for name in sorted(sources):
        content = sources[name]
        total.update(f"{len(name)}:{name}:{len(content)}:".encode("utf-8", "surrogateescape"))
        total.update(content)
    return total.hexdigest()


def write(sources: Sources, folder: Path) -> None:
    """Lay the sources out in a new folder, readable for everybody."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    for name, content in sources.items():
        target = folder / name
        target.write_bytes(content)
        target.chmod(0o644)
