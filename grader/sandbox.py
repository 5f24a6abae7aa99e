"""Runs one command with nothing but what it is given: bubblewrap's arguments are written here.

`enclose` starts the trusted process of a run in a machine of its own: no network but loopback, a
private /tmp, everything else read-only. `start` starts code under test, usually from inside such an
enclosure: system programs and the given mounts, an ordinary user, limits, a system call filter, and
neither home, repository nor environment. What comes out is a `Process`; what it says is not believed
here or anywhere.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from grader import ground, seccomp
from grader.errors import SandboxUnavailable
from grader.lifeline import KEEPER, hold_lifeline
from grader.process import TOKEN, Ending, Limits, Process

__all__ = ["Command", "Ending", "Limits", "Mount", "Process", "Sandbox", "hold_lifeline"]

ENCLOSED = (
    "SFS_ENCLOSED"  # set for the enclosed process: the path of the bubblewrap that works here
)
LIFELINE = "SFS_LIFELINE"  # set for the enclosed process: a descriptor for `hold_lifeline`
SHARED_COUNT = 4096  # old kernels count all processes of a user: room for what else the user runs
USUAL_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}
PROBE_SECONDS = 20
PRIVATE_PLACES = ("/tmp", "/var/tmp", "/dev/shm")  # of an enclosure; /dev itself is new as well
FIRST_ID, IDS = 1 << 20, 1 << 29  # users for code under test, far from any that a machine has

# The same small /etc everywhere: nothing in it tells the machine's owner or network.
ETC = {
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "group": "learner:x:{user}:\n",
    "passwd": "learner:x:{user}:{user}::/tmp:/bin/sh\n",
}


@dataclass(frozen=True)
class Mount:
    """A file or folder of this machine, and where it appears inside."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True)
class Command:
    """What is to be run, and what it may see and use. Mounts are made in the order given."""

    argv: tuple[str, ...]
    mounts: tuple[Mount, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/tmp"
    limits: Limits = field(default_factory=Limits)
    inherit: tuple[int, ...] = ()  # descriptors that stay open under the same number
    share_network: bool = True  # False: a loopback of its own
    seccomp: bool = True
    user: int | None = None  # who it runs as where the grader is root; None: a new id
    hidden: tuple[Path, ...] = ()  # folders to blank out should they lie inside something mounted


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
        for bwrap in ground.candidates(environ):
            sandbox = cls.with_bwrap(bwrap)
            complaint = sandbox.probe()
            if not complaint:
                return sandbox
        raise SandboxUnavailable(
            f"no sandbox can be made here: {complaint}", ground.mend(ground.read_setting)
        )

    @classmethod
    def with_bwrap(cls, bwrap: Path, *, enclosed: bool = False) -> Sandbox:
        """The sandbox of a certain bubblewrap, not tried out."""
        root = os.geteuid() == 0 and ground.has_all_ids()
        old = not root and ground.kernel_version() < ground.PER_NAMESPACE
        return cls(
            bwrap=bwrap,
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
        seen_as = user if self.root else 1000
        status, status_far = os.pipe()
        with _closing(status_far) as ours:
            argv = [str(self.bwrap), "--json-status-fd", str(status_far)]
            if command.seccomp:
                argv += ["--seccomp", str(_pipe_of(self.filter, ours))]
            argv += self._confined(command)
            for name, text in ETC.items():
                content = _pipe_of(text.format(user=seen_as).encode(), ours)
                argv += ["--perms", "0644", "--file", str(content), f"/etc/{name}"]
            argv += ["--remount-ro", "/", "--", *self._limited(command.limits, user), *command.argv]
            return self._spawn(
                argv,
                environment={**USUAL_ENVIRONMENT, **command.environment},
                inherit=(*command.inherit, *ours),
                status=status,
                limits=command.limits,
                owner=user if self.root else None,
                writable=[m.source for m in command.mounts if m.writable],
            )

    def start_nursery(self, command: Command, channel: int) -> Process:
        """Run a trusted process that makes sandboxes of its own in this one's room (hosts/nursery.py).

        It keeps the rights that this takes, and shares our pids; `channel` is its SFS_NURSERY.
        """
        status, status_far = os.pipe()
        with _closing(status_far) as ours:
            argv = [str(self.bwrap), "--json-status-fd", str(status_far)]
            argv += self._confined(command, keeps_rights=True)
            for name, text in ETC.items():
                content = _pipe_of(text.format(user=1000).encode(), ours)
                argv += ["--perms", "0644", "--file", str(content), f"/etc/{name}"]
            return self._spawn(
                [*argv, "--remount-ro", "/", "--", *command.argv],
                environment={
                    **USUAL_ENVIRONMENT,
                    **command.environment,
                    "SFS_NURSERY": str(channel),
                },
                inherit=(channel, *ours),
                status=status,
                limits=command.limits,
            )

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
        """Run a trusted process that will `start` others; all of them end when this one here does.

        `visible` are paths that must stay readable although they may lie under /tmp.
        """
        status, status_far = os.pipe()
        lifeline_far, lifeline = os.pipe()
        with _closing(status_far, lifeline_far) as ours:
            options = [str(self.bwrap), "--json-status-fd", str(status_far), "--as-pid-1"]
            options += self._enclosed(visible, writable, tmp_bytes)
            keeper = ["/bin/sh", "-c", KEEPER, "keeper", str(lifeline_far)]
            return self._spawn(
                [*options, "--", *keeper, *argv],
                environment={
                    **environment,
                    ENCLOSED: str(self.bwrap),
                    LIFELINE: str(lifeline_far),
                },
                # the near end of the status pipe too: writing its status to nobody would end
                # bubblewrap half-way, and its child would wait for it for ever
                inherit=(*inherit, status, *ours),
                status=status,
                lifeline=lifeline,
                limits=Limits(),
            )

    def probe(self) -> str:
        """Really nest two sandboxes; what was said if that failed, else nothing."""
        inner = [str(self.bwrap), *self._confined(Command(())), "--"]
        inner += [*self._limited(Limits(), FIRST_ID), "/bin/sh", "-c", ":"]
        outer = [str(self.bwrap), *self._enclosed((), (), 1 << 20), "--"]
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

    # -- bubblewrap's arguments ---------------------------------------------------------------

    def _enclosed(
        self, visible: Sequence[Path], writable: Sequence[Path], tmp_bytes: int
    ) -> Iterable[str]:
        """The trusted process: the machine as it is, without network, temporary files, neighbours."""
        yield from ("--cap-add", "ALL") if self.root else ("--unshare-user",)
        yield from ("--unshare-net", "--unshare-pid", "--unshare-ipc")
        yield from ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")
        for place in PRIVATE_PLACES:
            if os.path.isdir(place):
                yield from ("--perms", "1777", "--size", str(tmp_bytes), "--tmpfs", place)
        own = (Path(sys.prefix), Path(sys.base_prefix), *self.bwrap.parents[2:3])
        for path in (*own, *visible):
            if any(path.is_relative_to(place) for place in (*PRIVATE_PLACES, "/dev")):
                yield from ("--ro-bind", str(path), str(path))
        for path in writable:
            yield from ("--bind", str(path), str(path))

    def _confined(self, command: Command, *, keeps_rights: bool = False) -> Iterable[str]:
        """Code under test: nothing of the machine but its programs."""
        if self.root and keeps_rights:
            yield from ("--cap-add", "ALL")
        elif self.root:
            yield from ("--cap-drop", "ALL")
            for right in ("SETUID", "SETGID", "SETPCAP"):  # to become an ordinary user
                yield from ("--cap-add", f"CAP_{right}")
        else:
            yield from ("--unshare-user", "--uid", "1000", "--gid", "1000")
        if not self.enclosed:
            yield "--die-with-parent"
        if not command.share_network:
            yield "--unshare-net"
        if not keeps_rights:
            yield "--unshare-pid"
        yield from ("--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
        yield from ("--new-session", "--hostname", "sandbox", "--unsetenv", TOKEN)
        yield from self.system
        yield from ("--proc", "/proc", "--dev", "/dev")
        for place in ("/tmp", "/dev/shm"):
            size = str(command.limits.tmp_bytes)
            yield from ("--perms", "1777", "--size", size, "--tmpfs", place)
        for folder in _parents(command.mounts):
            yield from ("--perms", "0755", "--dir", folder)
        for mount in command.mounts:
            yield from ("--bind" if mount.writable else "--ro-bind", str(mount.source))
            yield mount.target
        for target in _blanks(command):
            yield from ("--size", "4096", "--tmpfs", target, "--remount-ro", target)
        yield from ("--remount-ro", "/dev", "--chdir", command.cwd)

    def _limited(self, limits: Limits, user: int) -> Iterable[str]:
        """What runs first inside: it gives up rights, and becomes the command."""
        yield from (self.prlimit, f"--nproc={limits.processes + self.spare_processes}")
        yield from (f"--nofile={limits.open_files}", f"--fsize={limits.file_size}")
        yield from (f"--data={limits.memory}", "--core=0", "--memlock=65536", "--msgqueue=65536")
        # SIGXCPU first, so that the reason is known; SIGKILL for who ignores it
        yield f"--cpu={limits.cpu_seconds}:{limits.cpu_seconds + 1}"
        if self.root:  # limits on processes do not bind root
            yield from (self.setpriv, "--reuid", str(user), "--regid", str(user))
            yield from (
                "--clear-groups",
                "--bounding-set=-all",
                "--inh-caps=-all",
                "--no-new-privs",
            )

    # -- starting -----------------------------------------------------------------------------

    def _spawn(
        self,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        inherit: Sequence[int],
        status: int,
        limits: Limits,
        owner: int | None = None,
        writable: Sequence[Path] = (),
        lifeline: int | None = None,
    ) -> Process:
        out, out_far = os.pipe()
        err, err_far = os.pipe()
        token = secrets.token_hex(8)
        with _closing(out_far, err_far):
            for descriptor in (out_far, err_far) if owner is not None else ():
                os.fchown(descriptor, owner or 0, owner or 0)  # for who opens /dev/stdout
            monitor = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out_far,
                stderr=err_far,
                pass_fds=inherit,
                env={**environment, TOKEN: token},
                umask=0o022,
                start_new_session=True,
            )
        for descriptor in (out, err):
            os.set_blocking(descriptor, False)
        return Process(
            monitor,
            stdout=out,
            stderr=err,
            status=status,
            limits=limits,
            writable=writable,
            token=token,
            lifeline=lifeline,
        )


@contextlib.contextmanager
def _closing(*descriptors: int) -> Iterator[list[int]]:
    """The far ends that a child takes over: closed here when it has them, or could not be started."""
    ours = list(descriptors)
    try:
        yield ours
    finally:
        for descriptor in ours:
            os.close(descriptor)


def _pipe_of(data: bytes, ours: list[int]) -> int:
    """A descriptor from which `data` can be read; small enough for a pipe's buffer."""
    near, far = os.pipe()
    ours.append(near)
    with _closing(far):
        os.write(far, data)
    return near


def _parents(mounts: Sequence[Mount]) -> list[str]:
    """The folders above the mounts, outer ones first: made by bubblewrap they would be closed."""
    above = {str(folder) for mount in mounts for folder in Path(mount.target).parents}
    return sorted(above - {"/", "/tmp"})


def _blanks(command: Command) -> Iterable[str]:
    """Where hidden folders would show inside."""
    shown = [Mount(Path("/usr"), "/usr"), *command.mounts]
    for path in command.hidden:
        for mount in shown:
            source = mount.source.resolve()
            if path != source and path.is_relative_to(source):
                yield str(Path(mount.target) / path.relative_to(source))
