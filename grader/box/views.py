"""What the files of /proc say, as values. Pure.

`ProcessEntry` and `MountEntry` are plain and hashable, so that "what is left behind" is a set difference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ProcessEntry:
    """One process of a box."""

    pid: int  # in the box
    ppid: int  # 0 for what the suite started itself
    state: str = field(compare=False)  # R S D T Z
    nspid: tuple[int, ...] = field(compare=False)  # its pid in the box and in each namespace below
    name: str = field(compare=False)
    argv: tuple[str, ...] = field(compare=False)

    def __str__(self) -> str:
        how = " (zombie)" if self.state == "Z" else ""
        return f"{self.pid} {' '.join(self.argv) or self.name}{how}"


@dataclass(frozen=True)
class MountEntry:
    """One line of mountinfo."""

    id: int
    parent: int
    device: str
    root: str
    point: str
    options: tuple[str, ...]
    tags: tuple[str, ...]  # shared:1, master:2, unbindable; empty: private
    kind: str
    source: str
    super_options: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.point} ({self.kind} {self.source}{self.root})"


def status_fields(text: str) -> dict[str, str]:
    """/proc/PID/status, field by field."""
    lines = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in lines}


def process_entry(status: str, command_line: str) -> ProcessEntry:
    fields = status_fields(status)
    return ProcessEntry(
        pid=int(fields["Pid"]),
        ppid=int(fields["PPid"]),
        state=fields["State"][0],
        nspid=tuple(int(number) for number in fields["NSpid"].split()),
        name=fields["Name"],
        argv=tuple(command_line.split("\0")[:-1]),
    )


def mount_entries(text: str) -> list[MountEntry]:
    return [_mount_entry(line) for line in text.splitlines()]


def _mount_entry(line: str) -> MountEntry:
    before, _, after = line.partition(" - ")
    number, parent, device, root, point, options, *tags = before.split(" ")
    kind, source, super_options = after.split(" ")
    return MountEntry(
        id=int(number),
        parent=int(parent),
        device=device,
        root=_plain(root),
        point=_plain(point),
        options=tuple(options.split(",")),
        tags=tuple(tags),
        kind=kind,
        source=_plain(source),
        super_options=tuple(super_options.split(",")),
    )


def _plain(text: str) -> str:
    """The kernel writes blanks, tabs, newlines and backslashes as octal."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
