"""What is inside a sandbox: the arguments that tell bubblewrap.

`machine_of_its_own` is for the trusted process of a run, `bare_room` for code under test. Pure: descriptors
and paths in, arguments out; `sandbox` starts things.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.machine.process import TOKEN, Limits

PRIVATE_PLACES = ("/tmp", "/var/tmp", "/dev/shm")  # of an enclosure; /dev itself is new as well
# ... and what it has of the machine's settings: names of users, their ranges of ids, control groups
NEEDED_BY_TESTS = (
    "/etc/passwd", "/etc/group", "/etc/subuid", "/etc/subgid", "/etc/hosts", "/etc/nsswitch.conf",
    "/etc/localtime", "/sys",
)  # fmt: skip
PLAIN_ID = 1000  # how a plain user sees himself inside

# The same small /etc everywhere: nothing in it tells the machine's owner or network.
ETC = {
    "hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
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


def machine_of_its_own(
    root: bool,
    system: Iterable[str],
    visible: Sequence[Path],
    writable: Sequence[Path],
    mounts: Sequence[Mount],
    tmp_bytes: int,
) -> Iterable[str]:
    """The machine's programs, and what is shown; without network, neighbours, other people's files.

    Code under test may leave symbolic links where its tests look, so that what the trusted process
    could read, a report could come to show. It gets to see no more than it needs.
    """
    yield from ("--cap-add", "ALL") if root else ("--unshare-user",)
    yield from ("--unshare-net", "--unshare-pid", "--unshare-ipc")
    yield from system
    for path in NEEDED_BY_TESTS:
        yield from ("--ro-bind-try", path, path)
    yield from ("--dev", "/dev", "--proc", "/proc")
    for place in PRIVATE_PLACES:
        yield from ("--perms", "1777", "--size", str(tmp_bytes), "--tmpfs", place)
    shown = [Mount(path, str(path)) for path in spellings(visible)]
    shown += [Mount(path, str(path), writable=True) for path in spellings(writable)]
    yield from _made([*shown, *mounts])
    yield from ("--remount-ro", "/dev", "--remount-ro", "/")


def bare_room(
    root: bool, system: Iterable[str], command: Command, *, keeps_rights: bool = False
) -> Iterable[str]:
    """Nothing of the machine but its programs, and what the command asks for.

    With `keeps_rights` (the nursery) it stays root where it is, among the pids that it came from.
    """
    if not root:
        yield from ("--unshare-user", "--uid", str(PLAIN_ID), "--gid", str(PLAIN_ID))
    elif keeps_rights:
        yield from ("--cap-add", "ALL")
    else:
        yield from ("--cap-drop", "ALL")
        for right in ("SETUID", "SETGID", "SETPCAP"):  # to become an ordinary user
            yield from ("--cap-add", f"CAP_{right}")
    if not keeps_rights:
        yield "--unshare-pid"
    if not command.share_network:
        yield "--unshare-net"
    yield from ("--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
    yield from ("--new-session", "--hostname", "sandbox", "--unsetenv", TOKEN)
    yield from system
    yield from ("--proc", "/proc", "--dev", "/dev")
    for place in ("/tmp", "/dev/shm"):
        size = str(command.limits.tmp_bytes)
        yield from ("--perms", "1777", "--size", size, "--tmpfs", place)
    yield from _made(command.mounts)
    for target in blanks(command):
        yield from ("--size", "4096", "--tmpfs", target, "--remount-ro", target)
    yield from ("--remount-ro", "/dev", "--chdir", command.cwd)


def etc(contents: Mapping[str, int]) -> Iterable[str]:
    """The files of /etc, each from a descriptor; then the root is shut."""
    for name, descriptor in contents.items():
        yield from ("--perms", "0644", "--file", str(descriptor), f"/etc/{name}")
    yield from ("--remount-ro", "/")


def with_limits(limits: Limits, prlimit: str) -> Iterable[str]:
    """Before the command itself: what each of its processes may use."""
    yield from (prlimit, f"--nproc={limits.processes}", f"--nofile={limits.open_files}")
    yield from (f"--fsize={limits.file_size}", f"--data={limits.memory}", "--core=0")
    yield from ("--memlock=65536", "--msgqueue=65536")
    # SIGXCPU first, so that the reason is known; SIGKILL for who ignores it
    yield f"--cpu={limits.cpu_seconds}:{limits.cpu_seconds + 1}"


def as_user(user: int, setpriv: str) -> Iterable[str]:
    """Before the command itself, where root is: limits on processes do not bind root."""
    yield from (setpriv, "--reuid", str(user), "--regid", str(user), "--clear-groups")
    yield from ("--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")


def _made(mounts: Sequence[Mount]) -> Iterable[str]:
    for folder in parents(mounts):
        yield from ("--perms", "0755", "--dir", folder)
    for mount in mounts:
        yield from ("--bind" if mount.writable else "--ro-bind", str(mount.source), mount.target)


def spellings(paths: Sequence[Path]) -> list[Path]:
    """Each path as given and as it is without symbolic links; outer ones first, none twice.

    What lies in /usr is there anyway.
    """
    both = {spelling for path in paths for spelling in (path.absolute(), path.resolve())}
    return sorted(path for path in both if path.exists() and not path.is_relative_to("/usr"))


def parents(mounts: Sequence[Mount]) -> list[str]:
    """The folders above the mounts, outer ones first: made by bubblewrap they would be closed."""
    above = {str(folder) for mount in mounts for folder in Path(mount.target).parents}
    return sorted(above - {"/", *PRIVATE_PLACES})


def blanks(command: Command) -> Iterable[str]:
    """Where hidden folders would show inside."""
    shown = [Mount(Path("/usr"), "/usr"), *command.mounts]
    for path in command.hidden:
        for mount in shown:
            source = mount.source.resolve()
            if path != source and path.is_relative_to(source):
                yield str(Path(mount.target) / path.relative_to(source))
