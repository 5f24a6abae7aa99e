"""Runs the commands of a lesson as a learner would paste them, who has built all of the milestone.

A new home, a workspace made by `sfs start`, the reference in it, one shell for all blocks in their
order. Where a milestone needs a private computer, blocks that are not `sfs` alone run in `sfs shell`;
elsewhere the network is a loopback of our own, so that a fixed port in a lesson is always free.
"""

from __future__ import annotations

import os
import re
import secrets
import selectors
import shlex
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from grader.course import layout as layouts
from grader.course import workspace
from grader.errors import GraderError, GraderFault
from grader.grading import cache as caches
from grader.grading import runner
from grader.grading.trial import PASSED_ON
from grader.machine import scratch
from grader.machine.sandbox import Command, Sandbox
from grader.machine.started import Started
from grader.machine.unconfined import Unconfined
from grader.proof.lesson import Block, commands
from grader.proof.runs import Bench
from grader.proof.subject import Finding, Subject

SECONDS = 180.0  # for all of a lesson's commands
SHOWN = 600  # characters of what the commands printed that a finding shows
TMP_BYTES = 1 << 30
_MARKER = re.compile(rb"^[ \t]*(#|//) (BEGIN|END) SOLUTION.*\n", re.M)


class Ended(msgspec.Struct, frozen=True):
    """How one block ended; status None: it never came so far."""

    line: int
    status: int | None
    said: str
    unknown: tuple[str, ...] = ()  # commands that were not found
    failed: tuple[tuple[int, int], ...] = ()  # (line, status) of those with which a line failed

    @property
    def good(self) -> bool:
        return self.status == 0 and not self.unknown and not self.failed


def lesson_commands(subject: Subject, language: str, bench: Bench) -> list[Finding]:
    """Each block of commands in the lesson that does not run to a good end."""
    blocks = commands(subject.lesson.read_text("utf-8"))
    if not blocks:
        return []
    ended = _known(subject, language, blocks, bench)
    mend = "Run them in a workspace with the reference in it, and mend lesson or code."
    return [
        subject.finding(
            f"{what}\n{one.said}".strip(), subject.lesson, line, language=language, mend=mend
        )
        for one in ended
        if not one.good
        for line, what in _faults(one)
    ]


def _faults(one: Ended) -> list[tuple[int, str]]:
    """(line, what is wrong there) for a block that did not run to a good end."""
    if one.unknown:
        words = f"the lesson's commands need what is not there: {', '.join(one.unknown)}"
        return [(one.line, words)]
    told = [(line, f"the lesson's command ends with status {n}") for line, n in one.failed]
    if one.status is None:
        told.append((one.line, "the lesson's commands do not come to this block's end"))
    return told or [(one.line, f"the lesson's commands end with status {one.status}")]


def _known(subject: Subject, language: str, blocks: Sequence[Block], bench: Bench) -> list[Ended]:
    job = subject.job(language, subject.reference(language))
    job = replace(job, environment=bench.environment)
    lines = (f"{block.line}:{block.text}" for block in blocks)
    told = [caches.grader_digest(), runner.key_of(job, job.read()), _rooms(subject, language)]
    key = caches.key(["commands", *told, *lines])
    known = bench.known(key)
    if known:
        return msgspec.json.decode(known, type=list[Ended])
    ended = run(subject, language, blocks, bench)
    if all(one.good for one in ended):
        bench.cache.write(key, msgspec.json.encode(ended))
    return ended


def _rooms(subject: Subject, language: str) -> str:
    """A hash of what a workspace is made of, and of what its commands look at: the rooms up to here."""
    rooms = (subject.layout.kata(subject.system.id, m.id) for m in subject.upto(language))
    files = (p for room in rooms for p in sorted(room.rglob("*")) if p.is_file())
    return caches.key(
        part for p in files if "__pycache__" not in p.parts for part in (p.name, p.read_bytes())
    )


def run(subject: Subject, language: str, blocks: Sequence[Block], bench: Bench) -> list[Ended]:
    """Make the workspace and run the blocks in it."""
    with scratch.folder(bench.environment) as home:
        scene = _Scene(home, subject, language, bench)
        scene.furnish()
        private = subject.milestone.profile == "namespaces"
        mark = secrets.token_hex(8)
        ended: list[Ended] = []
        for boxed, some in _stretches(blocks, private):
            names = [scene.put(block) for block in some]
            script = _script([scene.seen(name, boxed) for name in names], mark)
            said = scene.shell(script, boxed=boxed, alone=not private)
            ended += _endings(some, said, mark)
        return ended


def _stretches(blocks: Sequence[Block], private: bool) -> list[tuple[bool, list[Block]]]:
    """The blocks, put together as long as they run in one shell: (in a box, blocks)."""
    told: list[tuple[bool, list[Block]]] = []
    for boxed in (False, True) if private else (False,):
        some = [b for b in blocks if (private and not _ours(b.text)) == boxed]
        if some:
            told.append((boxed, some))
    return told


def _ours(text: str) -> bool:
    """Whether a block is of nothing but sfs, to be used in one's folder."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return all(line.split()[0] == "sfs" for line in lines)


def _script(places: Sequence[str], mark: str) -> str:
    """Each block in the same shell; a line for each command that fails, one with each block's status."""
    head = f"command_not_found_handle() {{ echo; echo {mark} unknown $1; return 127; }}\n"
    told = f'printf "\\n{mark} failed %s %s %s\\n" $? $LINENO "$BASH_COMMAND"'
    head += f"trap '{told}' ERR\n"
    lines = [
        f'. {shlex.quote(place)} </dev/null 2>&1; s=$?; echo; echo "{mark} ended $s"'
        for place in places
    ]
    return head + "\n".join(lines) + "\nexit 0\n"


def _endings(blocks: Sequence[Block], said: bytes, mark: str) -> list[Ended]:
    """What the shell's output tells of each block."""
    parts = re.split(rf"^{mark} ended (\d+)\s*$", said.decode("utf-8", "replace"), flags=re.M)
    told = []
    for index, block in enumerate(blocks):
        text = parts[2 * index] if 2 * index < len(parts) else ""
        status = int(parts[2 * index + 1]) if 2 * index + 1 < len(parts) else None
        unknown = tuple(re.findall(rf"^{mark} unknown (\S*)", text, re.M))
        ours = re.findall(rf"^{mark} failed (\d+) (\d+) (.*)$", text, re.M)
        lines = block.text.splitlines()
        failed = tuple(
            (block.line + int(at) - 1, int(number))
            for number, at, command in ours
            if _is_last(lines, at, command)
        )
        shown = re.sub(rf"\n{mark} failed .*\n", "", text).strip()[-SHOWN:]
        told.append(Ended(block.line, status, shown, unknown, failed))
    return told


def _is_last(lines: Sequence[str], number: str, command: str) -> bool:
    """Whether a command is the last of its line: what `; echo $?` follows is meant to fail."""
    line = lines[int(number) - 1] if int(number) <= len(lines) else ""
    _, found, rest = _squeezed(line).rpartition(_squeezed(command))
    return bool(found) and rest.lstrip(";)}").partition("#")[0] == ""


def _squeezed(text: str) -> str:
    """Without spaces: the shell tells its commands with other ones than they were written with."""
    return "".join(text.split())


class _Scene:
    """A learner's home, with a workspace in it, and `sfs` on the PATH."""

    def __init__(self, home: Path, subject: Subject, language: str, bench: Bench) -> None:
        self.subject, self.language, self.stop = subject, language, bench.stop
        self.home, self.folder, self.bin = home, home / "work", home / "bin"
        self.end = time.monotonic() + SECONDS
        path = (
            f"{self.bin}:{Path(sys.executable).parent}:{bench.environment.get('PATH', os.defpath)}"
        )
        kept = {k: v for k, v in bench.environment.items() if k in PASSED_ON}
        self.environment = {**kept, "PATH": path, "HOME": str(home), "TERM": "dumb"}

    def furnish(self) -> None:
        """`sfs start`, and the reference up to this milestone in place of the stubs."""
        self.home.chmod(0o755)
        self.bin.mkdir()
        command = self.bin / "sfs"
        command.write_text(
            f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m grader.cli "$@"\n', "utf-8"
        )
        command.chmod(0o755)
        system, layout = self.subject.system, self.subject.layout
        start = ["sfs", "--course", str(layout.root), "start", system.id]
        start += ["--lang", self.language, "--dir", str(self.folder)]
        said = self._follow(_plain(start, self.environment, self.home))
        own = workspace.find(self.folder) if self.folder.is_dir() else None
        if own is None:
            raise GraderFault(
                f"`sfs start {system.id}` made no workspace: {said.decode()[-SHOWN:]}"
            )
        for step in self.subject.upto(self.language):
            own, _ = workspace.begin(own, layout, system, step)
            names = layouts.files(step, self.language)
            for name, path in zip(
                names, layout.solutions(system.id, step, self.language), strict=True
            ):
                own.put(name, _MARKER.sub(b"", path.read_bytes()))

    def put(self, block: Block) -> str:
        """A block as a file; its name."""
        name = f".lesson-{block.line}.sh"
        (self.folder / name).write_text(block.text, "utf-8")
        return name

    def seen(self, name: str, boxed: bool) -> str:
        return f"/code/{name}" if boxed else str(self.folder / name)

    def shell(self, script: str, *, boxed: bool, alone: bool) -> bytes:
        """Run a script of ours; what it printed."""
        place = self.folder / ".lesson.sh"
        place.write_text(script, "utf-8")
        argv = ["bash", str(place)]
        if boxed:
            argv = ["/bin/sh", "-c", f"echo 'exec bash /code/{place.name}' | sfs shell"]
        argv = ["/bin/sh", "-c", 'cd "$0" && exec "$@"', str(self.folder), *argv]
        if alone:
            return self._follow(self._alone(argv))
        return self._follow(_plain(argv, self.environment, self.folder))

    def _alone(self, argv: Sequence[str]) -> Started:
        """In an enclosure, as runs are; without one where this machine has none."""
        try:
            sandbox = Sandbox.detect(self.environment)
        except GraderError:
            return _plain(argv, self.environment, self.folder)
        visible = [self.subject.layout.root, Path(__file__).parent.parent]
        return sandbox.enclose(
            argv,
            visible=visible,
            writable=[self.home],
            environment=self.environment,
            tmp_bytes=TMP_BYTES,
        )

    def _follow(self, process: Started) -> bytes:
        return follow(process, self.end, self.stop)


def _plain(argv: Sequence[str], environment: Mapping[str, str], folder: Path) -> Started:
    command = Command(tuple(argv), environment=environment, cwd=str(folder))
    return Unconfined().start(command)


def follow(process: Started, end: float, stop: threading.Event) -> bytes:
    """All that a process prints until it ends, or its time does; then it is gone."""
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        selector.register(process.stderr, selectors.EVENT_READ)
        while selector.get_map() and time.monotonic() < end and not stop.is_set():
            for key, _ in selector.select(0.2):
                data = os.read(key.fd, 1 << 16)
                if data:
                    said += data
                else:
                    selector.unregister(key.fd)
    process.kill()
    os.close(process.stdout)
    os.close(process.stderr)
    if stop.is_set():
        raise GraderFault("the lesson's commands were stopped")
    return said
