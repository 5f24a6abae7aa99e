"""What a command may not leave on the machine: processes, mounts, cgroups, shared memory, files.

The tests' own process is made the parent of all orphans below it, so whatever a killed command
started is found by descent, whatever it did about sessions or its environment; a search for the
run's own home in the environment of every process finds the rest.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from grader.machine import procfs

PR_SET_CHILD_SUBREAPER = 36
PATIENCE = 15.0  # seconds in which everything must be gone on a busy machine; usually a few ms
GLANCE = 0.005
SHARED = ("/dev/shm", "/tmp", "/var/tmp")  # where others have files too: only new ones count
SYSTEM_V = ("shm", "sem", "msg")
ATTACHED = 6  # the column of /proc/sysvipc/shm with the number of processes


@contextlib.contextmanager
def parent_of_orphans() -> Iterator[None]:
    """Processes below this one whose parents die become its children."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    yield
    libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether it comes true within some time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(GLANCE)
    return True


def below(pid: int) -> list[int]:
    """All processes that descend from this one."""
    found: list[int] = []
    for child in _children(pid):
        found += [child, *below(child)]
    return found


def argv(pid: int) -> list[str]:
    """A process's command line; empty when it is gone or dead."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []
    return [word.decode("utf-8", "replace") for word in words[:-1]]


def title(pid: int) -> str:
    """A process's command line and state, short enough for a story."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "gone"
    words = " ".join(" ".join(argv(pid)).split())
    return f"{state} {words if len(words) < 200 else words[:60] + ' ... ' + words[-130:]}"


def kill_below(root: int, pid: int) -> bool:
    """SIGKILL a process, if it still descends from `root`: its number may be another's by now."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if pid not in below(root):
            return False
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)


class Machine:
    """What there was before, and what is left after."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._children = set(_children(os.getpid()))
        self._before = _places()

    def processes(self) -> list[int]:
        """Those that this run left, the dead ones buried.

        Who dies while we look leaves us its children: they are only in the list that is read after.
        """
        mine = self._mine()
        while any([_bury(pid) for pid in mine]):  # every one of them, hence a list
            mine = self._mine()
        tree = [one for pid in mine for one in (pid, *below(pid))]
        return sorted({*tree, *procfs.marked(f"HOME={self.home}")})

    def _mine(self) -> list[int]:
        return [pid for pid in _children(os.getpid()) if pid not in self._children]

    def places(self) -> list[str]:
        """New mounts, cgroups, shared memory and files of a temporary folder."""
        return sorted(new for new in _places() - self._before if not _used_by_others(new))

    def await_clean(self, story: str) -> None:
        """Fails with the names of what is still there when the time is over."""
        until(lambda: not self.processes())
        left = {pid: title(pid) for pid in self.processes()}
        assert not left, f"{story}: processes are left: {left}"
        assert until(lambda: not self.places()), f"{story}: left on the machine: {self.places()}"


def _bury(pid: int) -> bool:
    """Whether a child was dead, and is gone now."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True  # somebody else has waited for it


def _children(pid: int) -> list[int]:
    """The children of all of a process's threads."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            text = Path(f"/proc/{pid}/task/{thread}/children").read_text()
            found += map(int, text.split())
    return found


def _places() -> set[str]:
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    return {*(f"mount {line}" for line in mounts), *_cgroups(), *_files(), *_system_v()}


def _cgroups() -> Iterator[str]:
    """Those below our own; the machine's others come and go as they like."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, own = line.split(":", 2)
        place = controllers.removeprefix("name=") or "."
        for known in (f"/sys/fs/cgroup/{place}{own}", f"/sys/fs/cgroup/unified{own}"):
            for folder, _, _ in os.walk(known):
                yield f"cgroup {folder}"


def _files() -> Iterator[str]:
    for place in SHARED:
        for name in os.listdir(place):
            path = f"{place}/{name}"
            if place == "/dev/shm" or (name.startswith("sfs") and not _held(path)):
                yield f"file {path}"


def _held(path: str) -> bool:
    """Whether a living process holds a folder, as grader/machine/scratch.py says; ours are dead by then."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return True  # gone already
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)


def _used_by_others(place: str) -> bool:
    """Whether a living process has a file of shared memory mapped or open: ours are dead by then, so
    it belongs to somebody else on the machine, a database for instance."""
    kind, _, path = place.partition(" ")
    if kind != "file" or not path.startswith("/dev/shm/"):
        return False
    for process in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if path in Path(f"/proc/{process}/maps").read_text():
                return True
            opened = (os.readlink(f) for f in Path(f"/proc/{process}/fd").iterdir())
            if path in opened:
                return True
    return False


def _system_v() -> Iterator[str]:
    """Segments that a living process is attached to are left out, as in `_used_by_others`."""
    for kind in SYSTEM_V:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:]:
                columns = line.split()
                if kind != "shm" or columns[ATTACHED] == "0":
                    yield f"{kind} {' '.join(columns[:2])}"
