"""What stands where in a box, and whose ids it may use: decided here, carried out by hosts/keeper.py.

Pure: facts of the machine go in, a plan of plain values comes out. A box is a whole small computer:
/usr read-only from the machine, everything else its own; the submission at /code, `cask` on its PATH.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from grader.course.languages import MEBI
from grader.machine.sandbox import Mount

Ids = Literal["root", "helper", "own"]
System = Sequence[tuple[str, str | None]]  # the machine's top folders: (path, link target or None)

FULL, SMALL, NONE = 3, 2, 0  # levels: a range of ids, one id, no box at all
RANGE = 65_536  # ids that a box gets where the machine has them
FIRST_ID = 1 << 30  # far above people, services and the ids of other sandboxes
CASK, ROOM, PYTHON = "/opt/bin/cask", "/opt/bin/room", "/opt/bin/python3"
PATH = "/opt/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8"}
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
FOLDERS = (
    ("/dev", 0o755), ("/dev/pts", 0o755), ("/dev/shm", 0o1777), ("/etc", 0o755), ("/home", 0o755),
    ("/opt/bin", 0o755), ("/proc", 0o555), ("/root", 0o711), ("/run", 0o755), ("/srv", 0o755),
    ("/sys", 0o555), ("/tmp", 0o1777), ("/usr", 0o755), ("/var/tmp", 0o1777),
)  # fmt: skip
LINKS = (
    ("/dev/fd", "/proc/self/fd"), ("/dev/stdin", "/proc/self/fd/0"), ("/dev/ptmx", "pts/ptmx"),
    ("/dev/stdout", "/proc/self/fd/1"), ("/dev/stderr", "/proc/self/fd/2"), ("/var/run", "/run"),
)  # fmt: skip
FILES = (
    ("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
    ("/etc/group", "root:x:0:\nnogroup:x:65534:\n"),
    ("/etc/hosts", "127.0.0.1 localhost box\n::1 localhost\n"),
)

# The learner's engine as a command. The course has them build what these modules would do for them.
LAUNCHER = """\
#!{interpreter} -ISB
import sys

class Refusal:
    banned = {bans!r}
    def find_spec(self, name, path=None, target=None):
        if any(name == b or name.startswith(b + ".") for b in self.banned) and self.asked_by_code():
            raise ImportError(f"{{name}}: this course asks you to build it yourself")
    def asked_by_code(self):
        frame = sys._getframe(2)
        while frame and frame.f_code.co_filename.startswith("<frozen importlib"):
            frame = frame.f_back
        return frame is not None and frame.f_code.co_filename.startswith("/code/")

sys.meta_path.insert(0, Refusal())
sys.path.insert(0, "/code")
from kit.cli import main
sys.exit(main(sys.argv[1:]))
"""


@dataclass(frozen=True)
class BoxLimits:
    """Bounds of one box; those of single processes hold even against the box's root."""

    memory: int = 512 * MEBI  # resident bytes of all processes together
    processes: int = 200
    file_system: int = 128 * MEBI
    files: int = 20_000
    descriptors: int = 256
    cpu: int = 60  # seconds, of one process


@dataclass(frozen=True)
class Owner:
    """Whose ids a box uses: how they are mapped, and to what."""

    ids: Ids
    base: int = 0  # first outer id of the range
    count: int = 1
    own: tuple[int, int] = (
        0,
        0,
    )  # the grader's user and group, where it maps itself beside the range
    helpers: tuple[str, str] = ("", "")  # newuidmap, newgidmap

    def map(self, root: int) -> list[tuple[int, int, int]]:
        """Lines of an id map: (inside, outside, how many); `root` is what a helper maps to 0."""
        if self.ids == "helper":
            return [(0, root, 1), (1, self.base, self.count)]
        return [(0, self.base, self.count)]


@dataclass(frozen=True)
class Room:
    """A root directory for a container, furnished with the box's own programs."""

    folders: tuple[str, ...]
    links: tuple[tuple[str, str], ...]  # (path, target)
    binds: tuple[str, ...]  # the same path in the box and in the room

    def script(self) -> str:
        """What `room DIR` does, for a person in a box."""
        lines = ["#!/bin/sh -e", 'root=${1:?"usage: room DIR"}', 'mkdir -p "$root"']
        lines += [f'mkdir -p "$root{path}"' for path in (*self.folders, *self.binds)]
        lines += ['chmod 1777 "$root/tmp"']
        lines += [f'ln -sfn {target} "$root{path}"' for path, target in self.links]
        lines += [f'mount --rbind {path} "$root{path}"' for path in self.binds]
        return "\n".join([*lines, ""])


def room(system: System, mounts: Sequence[Mount], interpreter: str) -> Room:
    """What a container needs to run the box's shell and its Python."""
    runtime = [m.target for m in mounts if interpreter.startswith(m.target + "/")]
    return Room(
        folders=("/proc", "/tmp", "/dev", "/etc", "/root", "/run", "/sys", "/opt/bin"),
        links=(
            (PYTHON, interpreter),
            *((path, target) for path, target in system if target is not None),
        ),
        binds=(*(path for path, target in system if target is None), *runtime),
    )


def spare_range(id_map: str, number: int) -> tuple[int, int]:
    """(first id, how many) that a box may use under this /proc/self/uid_map; `number` spreads boxes.

    On a whole machine any of many ranges far up; in a namespace with few ids the upper half of them.
    """
    lines = [tuple(map(int, line.split())) for line in id_map.splitlines()]
    first, _, count = max(lines, key=lambda line: line[2])
    if count >= FIRST_ID * 2:
        return FIRST_ID + number % 0x3000 * RANGE, RANGE
    span = min(RANGE, count // 2)
    return first + count - span, span


def subordinate(text: str, name: str, user: int) -> tuple[int, int] | None:
    """The first range that /etc/subuid gives a person, by name or number."""
    for line in text.splitlines():
        who, _, rest = line.partition(":")
        first, _, count = rest.partition(":")
        if who in (name, str(user)) and first.isdigit() and count.isdigit() and int(count) > 0:
            return int(first), min(int(count), RANGE - 1)
    return None


def plan(
    mounts: Sequence[Mount],
    owner: Owner,
    *,
    interpreter: str,
    bans: Sequence[str] = (),
    limits: BoxLimits,
    seccomp: bytes = b"",
    system: System = (),
) -> dict[str, Any]:
    """The plan of one box, as hosts/keeper.py takes it."""
    bound = [(p, p, False) for p, target in system if target is None]
    bound += [(f"/dev/{name}", f"/dev/{name}", True) for name in DEVICES]
    bound += [(str(m.source), m.target, m.writable) for m in mounts]
    launcher = LAUNCHER.format(interpreter=interpreter, bans=tuple(bans))
    newuidmap, newgidmap = owner.helpers
    return {
        "ids": owner.ids,
        "uid_map": owner.map(owner.own[0]),
        "gid_map": owner.map(owner.own[1]),
        "newuidmap": newuidmap,
        "newgidmap": newgidmap,
        "hostname": "box",
        "tmpfs": f"size={limits.file_system},nr_inodes={limits.files}",
        "folders": FOLDERS,
        "files": [
            *((path, text, 0o644) for path, text in FILES),
            (CASK, launcher, 0o755),
            (ROOM, room(system, mounts, interpreter).script(), 0o755),
        ],
        "links": [*LINKS, *room(system, mounts, interpreter).links],
        "mounts": bound,
        "memory": limits.memory,
        "processes": limits.processes,
        "limits": [
            ("NPROC", limits.processes),
            ("NOFILE", limits.descriptors),
            ("CPU", limits.cpu),
            ("CORE", 0),
        ],
        "seccomp": base64.b64encode(seccomp).decode(),
    }
