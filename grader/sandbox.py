"""Starts processes that can reach nothing but what they are given.

`enclose` starts the trusted process of a run in a machine of its own: no network but loopback, a
private /tmp, everything else read-only. `start` starts code under test, usually from inside such an
enclosure: system programs and the given mounts, an ordinary user, limits, a system call filter, and
neither home, repository nor environment. What comes out is a `Process`; what it says is not believed
here or anywhere. All of them end when the process that started them does.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from grader import bwrap, ground, lifeline, seccomp
from grader.bwrap import ETC, PLAIN_ID, Command, Mount
from grader.errors import SandboxUnavailable
from grader.lifeline import hold_lifeline
from grader.process import TOKEN, Ending, Limits, Process

__all__ = ["Command", "Ending", "Limits", "Mount", "Process", "Sandbox", "hold_lifeline"]

ENCLOSED = "SFS_ENCLOSED"  # set for the enclosed process: the path of the bubblewrap that works here
LIFELINE = "SFS_LIFELINE"  # set for the enclosed process: a descriptor for `hold_lifeline`
SHARED_COUNT = 4096  # old kernels count all processes of a user: room for what else the user runs
USUAL_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}
PROBE_SECONDS = 20
FIRST_ID, IDS = 1 << 20, 1 << 29  # users for code under test, far from any that a machine has


@dataclass(frozen=True)
class Sandbox:
    """How this machine confines. Made once, by `detect`."""

    bwrap: Path
    root: bool  # has all of root's rights and ids, so needs no user namespace
    enclosed: bool  # this process itself lives in an enclosure, and dies with it
    prlimit: str
    setpriv: str
    system: tuple[str, ...]  # arguments that lay out /usr, /etc and so on
    filter: bytes
    spare_processes: int = 0
    confined: ClassVar[bool] = True

    @classmethod
    def detect(cls, environ: Mapping[str, str]) -> Sandbox:
        """The first bubblewrap that really works here; SandboxUnavailable if none does."""
        if environ.get(ENCLOSED):
            return cls.with_bwrap(Path(environ[ENCLOSED]), enclosed=True)
        complaint = "bubblewrap is not installed"
        for found in ground.candidates(environ):
            sandbox = cls.with_bwrap(found)
            complaint = sandbox.probe()
            if not complaint:
                return sandbox
        raise SandboxUnavailable(
            f"no sandbox can be made here: {complaint}", ground.mend(ground.read_setting)
        )

    @classmethod
    def with_bwrap(cls, path: Path, *, enclosed: bool = False) -> Sandbox:
        """The sandbox of a certain bubblewrap, not tried out."""
        root = os.geteuid() == 0 and ground.has_all_ids()
        old = not root and ground.kernel_version() < ground.PER_NAMESPACE
        return cls(
            bwrap=path,
            root=root,
            enclosed=enclosed,
            prlimit=ground.tool("prlimit"),
            setpriv=ground.tool("setpriv"),
            system=tuple(ground.system_layout()),
            filter=seccomp.program(os.uname().machine),
            spare_processes=SHARED_COUNT if old else 0,
        )

    def inside(self, mounts: Sequence[Mount], target: str) -> str:
        """Where the process finds what was mounted at `target`."""
        return target

    def start(self, command: Command) -> Process:
        """Run code under test."""
        user = secrets.randbelow(IDS) + FIRST_ID if command.user is None else command.user
        with _Passed(command.inherit) as passed:
            options = ["--seccomp", str(passed.content(self.filter))] if command.seccomp else []
            options += bwrap.bare_room(self.root, self.system, command)
            options += passed.etc(user if self.root else PLAIN_ID)
            return self._spawn(
                options,
                [*self._limited(command.limits, user), *command.argv],
                passed,
                {**USUAL_ENVIRONMENT, **command.environment},
                limits=command.limits,
                kept=not self.enclosed,
                owner=user if self.root else -1,
                writable=[mount.source for mount in command.mounts if mount.writable],
            )

    def start_nursery(self, command: Command, channel: int) -> Process:
        """Run a trusted process that makes sandboxes of its own in this one's room (hosts/nursery.py).

        It keeps the rights that this takes, and shares our pids; `channel` is its SFS_NURSERY, and
        at the same time its lifeline.
        """
        with _Passed((channel,)) as passed:
            options = [*bwrap.bare_room(self.root, self.system, command, keeps_rights=True)]
            options += passed.etc(PLAIN_ID)
            environment = {**USUAL_ENVIRONMENT, **command.environment, "SFS_NURSERY": str(channel)}
            return self._spawn(options, command.argv, passed, environment, limits=command.limits)

    def enclose(
        self,
        argv: Sequence[str],
        *,
        visible: Sequence[Path],
        writable: Sequence[Path] = (),
        inherit: tuple[int, ...] = (),
        environment: Mapping[str, str],
        tmp_bytes: int,
    ) -> Process:
        """Run a trusted process that will `start` others.

        `visible` are paths that must stay readable although they may lie under /tmp.
        """
        room = bwrap.machine_of_its_own(self.root, self.bwrap, visible, writable, tmp_bytes)
        marks = {ENCLOSED: str(self.bwrap)}
        with _Passed(inherit) as passed:
            return self._spawn(
                [*room], argv, passed, {**environment, **marks}, kept=True, trusted=True
            )

    def probe(self) -> str:
        """Really nest two sandboxes; what was said if that failed, else nothing."""
        path = str(self.bwrap)
        inner = [path, *bwrap.bare_room(self.root, self.system, Command(())), "--"]
        inner += [*self._limited(Limits(), FIRST_ID), "/bin/sh", "-c", ":"]
        outer = [path, *bwrap.machine_of_its_own(self.root, self.bwrap, (), (), 1 << 20), "--"]
        try:
            done = subprocess.run(
                [*outer, *inner],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PROBE_SECONDS,
                env=USUAL_ENVIRONMENT,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        words = done.stderr.decode("utf-8", "replace").strip()
        return "" if done.returncode == 0 else words or f"status {done.returncode}"

    def _limited(self, limits: Limits, user: int) -> Iterable[str]:
        """What runs first inside: it gives up rights, and becomes the command."""
        limits = replace(limits, processes=limits.processes + self.spare_processes)
        yield from bwrap.with_limits(limits, self.prlimit)
        yield from bwrap.as_user(user, self.setpriv) if self.root else ()

    def _spawn(
        self,
        options: Sequence[str],
        argv: Sequence[str],
        passed: _Passed,
        environment: Mapping[str, str],
        *,
        limits: Limits | None = None,
        kept: bool = False,
        trusted: bool = False,
        owner: int = -1,
        writable: Sequence[Path] = (),
    ) -> Process:
        """Start bubblewrap: `kept` by a lifeline of its own, which a `trusted` command may hold too."""
        # A file in memory for its status: writing to a pipe that nobody reads any more would end
        # bubblewrap half-way, and its child would wait for it for ever.
        status = os.memfd_create("status")
        head = [str(self.bwrap), "--json-status-fd", str(passed.on(os.dup(status)))]
        line, token, more = None, secrets.token_hex(8), {}
        if kept:
            line = passed.keep_lifeline()
            start, number = lifeline.keeper(passed.numbers, handed_on=trusted)
            head, argv = [*head, "--as-pid-1"], [*start, *argv]
            more = {LIFELINE: str(number)} if trusted else {}
        out, err = passed.output(owner), passed.output(owner)
        monitor = subprocess.Popen(
            [*head, *options, "--", *argv],
            stdin=passed.stdin,
            stdout=passed.opened[-2],
            stderr=passed.opened[-1],
            pass_fds=passed.numbers,
            env={**environment, **more, TOKEN: token},
            umask=0o022,
            start_new_session=True,
        )
        return Process(
            monitor,
            stdout=out,
            stderr=err,
            status=status,
            limits=limits or Limits(),
            writable=writable,
            token=token,
            lifeline=line,
        )
