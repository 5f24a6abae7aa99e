"""Starts processes that can reach nothing but what they are given.

`enclose` starts the trusted process of a run in a machine of its own: no network but loopback, a
private /tmp, and read-only what it is shown. `start` starts code under test, usually from inside such an
enclosure: system programs and the given mounts, an ordinary user, limits, a system call filter, and
neither home, repository nor environment. What comes out is a `Process`; what it says is not believed
here or anywhere. All of them end when the process that started them does.
"""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from grader.errors import SandboxUnavailable
from grader.machine import bwrap, ground, lifeline, seccomp
from grader.machine.bwrap import ETC, PLAIN_ID, Command, Mount
from grader.machine.lifeline import hold_lifeline
from grader.machine.process import TOKEN, Ending, Limits, Process

__all__ = ["Command", "Ending", "Limits", "Mount", "Process", "Sandbox", "hold_lifeline"]

ENCLOSED = (
    "SFS_ENCLOSED"  # set for the enclosed process: the path of the bubblewrap that works here
)
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
            options += _etc(passed, user if self.root else PLAIN_ID)
            return self._spawn(
                options,
                [*self._limited(command.limits, user), *command.argv],
                passed,
                {**USUAL_ENVIRONMENT, **command.environment},
                limits=command.limits,
                keep=None if self.enclosed else lifeline.keeper(command.inherit, handed_on=False),
                owner=user if self.root else -1,
                writable=[mount.source for mount in command.mounts if mount.writable],
            )

    def start_nursery(self, command: Command, channel: int) -> Process:
        """Run a trusted process that makes sandboxes of its own in this one's room (hosts/nursery.py).

        It keeps the rights that this takes, and shares our pids; `channel` is its SFS_NURSERY, and
        its lifeline as well.
        """
        with _Passed((channel,)) as passed:
            options = [*bwrap.bare_room(self.root, self.system, command, keeps_rights=True)]
            options += _etc(passed, PLAIN_ID)
            environment = {**USUAL_ENVIRONMENT, **command.environment, "SFS_NURSERY": str(channel)}
            return self._spawn(options, command.argv, passed, environment, limits=command.limits)

    def enclose(
        self,
        argv: Sequence[str],
        *,
        visible: Sequence[Path],
        writable: Sequence[Path] = (),
        mounts: Sequence[Mount] = (),
        inherit: tuple[int, ...] = (),
        environment: Mapping[str, str],
        tmp_bytes: int,
    ) -> Process:
        """Run a trusted process that will `start` others.

        Besides the system it sees this interpreter with its packages, what is `visible` (and
        `writable`) where it is, and `mounts` elsewhere; for a file whose place must not be guessed.
        """
        keep = lifeline.keeper(inherit, handed_on=True)
        marks = {ENCLOSED: str(self.bwrap), LIFELINE: str(keep.number)}
        seen = [*ground.interpreter(), *self._bwrap_folder(), *visible]
        room = bwrap.machine_of_its_own(self.root, self.system, seen, writable, mounts, tmp_bytes)
        with _Passed(inherit) as passed:
            return self._spawn([*room], argv, passed, {**environment, **marks}, keep=keep)

    def probe(self) -> str:
        """Really nest two sandboxes; what was said if that failed, else nothing."""
        path = str(self.bwrap)
        inner = [path, *bwrap.bare_room(self.root, self.system, Command(())), "--"]
        inner += [*self._limited(Limits(), FIRST_ID), "/bin/sh", "-c", ":"]
        outer = [path]
        outer += bwrap.machine_of_its_own(
            self.root, self.system, self._bwrap_folder(), (), (), 1 << 20
        )
        outer += ["--"]
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

    def _bwrap_folder(self) -> list[Path]:
        """Where bubblewrap lies, with the libraries that a packaged one has beside it."""
        return [self.bwrap.parents[2]] if self.bwrap.parent.name == "_bin" else [self.bwrap]

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
        keep: lifeline.Keeper | None = None,
        owner: int = -1,
        writable: Sequence[Path] = (),
    ) -> Process:
        # A file in memory for its status: writing to a pipe that nobody reads any more would end
        # bubblewrap half-way, and its child would wait for it for ever.
        status = passed.near(os.memfd_create("status"))
        head = [str(self.bwrap), "--json-status-fd", str(passed.on(os.dup(status)))]
        stdin, line = subprocess.DEVNULL, None
        if keep:
            head, argv = [*head, "--as-pid-1"], [*keep.start, *argv]
            stdin, line = passed.pipe_in()
        out, out_far = passed.pipe_out(owner)
        err, err_far = passed.pipe_out(owner)
        token = secrets.token_hex(8)
        monitor = subprocess.Popen(
            [*head, *options, "--", *argv],
            stdin=stdin,
            stdout=out_far,
            stderr=err_far,
            pass_fds=passed.numbers,
            env={**environment, TOKEN: token},
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


class _Passed:
    """The descriptors between us and a child: its ends are closed here as soon as it has them."""

    def __init__(self, inherit: Sequence[int]) -> None:
        self.numbers = list(inherit)  # that the child has under the same number
        self._far: list[int] = []
        self._near: list[int] = []

    def __enter__(self) -> _Passed:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        for descriptor in self._far + (self._near if kind else []):
            os.close(descriptor)

    def on(self, descriptor: int) -> int:
        """Pass this on, under its number."""
        self.numbers.append(self.far(descriptor))
        return descriptor

    def far(self, descriptor: int) -> int:
        self._far.append(descriptor)
        return descriptor

    def near(self, descriptor: int) -> int:
        self._near.append(descriptor)
        return descriptor

    def content(self, data: bytes) -> int:
        """Pass on a descriptor from which `data` can be read; small enough for a pipe's buffer."""
        near, far = os.pipe()
        os.write(far, data)
        os.close(far)
        return self.on(near)

    def pipe_in(self) -> tuple[int, int]:
        """The child's end to read from, and ours."""
        near, far = os.pipe()
        return self.far(near), self.near(far)

    def pipe_out(self, owner: int) -> tuple[int, int]:
        """Our end to read from without waiting, and the child's; `owner` may open it by name."""
        near, far = os.pipe()
        os.set_blocking(near, False)
        if owner >= 0:
            os.fchown(far, owner, owner)
        return self.near(near), self.far(far)


def _etc(passed: _Passed, user: int) -> Iterable[str]:
    """The last of the options: fill /etc, and shut the root."""
    contents = {n: passed.content(text.format(user=user).encode()) for n, text in ETC.items()}
    return bwrap.etc(contents)
