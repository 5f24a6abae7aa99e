"""The grader's end of one box: starts its keeper, puts questions to it, sees that nothing is left.

Knows processes and descriptors, not what a suite wants. Every wait has a deadline on the monotonic
clock. A keeper that ends unasked has ended its box; the reason goes into every later answer.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from grader.box.plan import Owner, spare_range, subordinate
from grader.bridge.faults import Crashed, TimedOut
from grader.errors import SandboxUnavailable

KEEPER = Path(__file__).parent.parent / "hosts" / "keeper.py"
OPENING_SECONDS = 15.0  # on a busy machine; 60 ms on an idle one
CLOSING_SECONDS = 5.0
LONGEST_WAIT = 3600.0
MAKES_BOXES = 1 << 21 | 1 << 7 | 1 << 6  # CAP_SYS_ADMIN, CAP_SETUID, CAP_SETGID
ALL_IDS = 2**32 - 1
SYSTEM_FOLDERS = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/lib32",
    "/libx32",
    "/etc/alternatives",
)
MEND = "On Debian: sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000."


class NotDone(Exception):
    """The box's kernel refused what was asked."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(reason)
        self.errno = number


class Door:
    """One keeper. `open` waits until the box is up; every question does."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (closed by close)
        self._buffer = bytearray()
        self._open = False
        self.ranged = False  # whether the box has a range of ids; known when it is open
        self._ended: str | None = None
        ours, theirs = socket.socketpair()
        with theirs:
            argv = [os.path.realpath(sys.executable), "-I", "-S", "-B", KEEPER.name]
            self.process = subprocess.Popen(
                [*argv, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._said,
                stderr=self._said,
                env={"LANG": "C.UTF-8"},
                cwd=KEEPER.parent,
            )
        self._channel = ours
        self._send(plan)

    def open(self, deadline: float) -> None:
        """Wait until the box is up; SandboxUnavailable says why it does not come."""
        if self._open:
            return
        answer = self._receive(deadline)
        if "ok" not in answer:
            reason = answer.get("error") or answer.get("ended") or self.said() or "no reason given"
            raise SandboxUnavailable(f"a box cannot be made here: {reason}", MEND)
        self._open = True
        self.ranged = bool(answer["ok"])

    def ask(self, op: str, deadline: float, descriptors: Sequence[int] = (), **given: Any) -> Any:
        """One question; NotDone when the box's kernel refused."""
        self.open(time.monotonic() + OPENING_SECONDS)
        self._send({"op": op, **given}, descriptors)
        answer = self._receive(deadline)
        if "ok" in answer:
            return answer["ok"]
        if "errno" in answer:
            raise NotDone(answer["errno"], str(answer.get("error")))
        raise Crashed(self.why())

    def alive(self) -> bool:
        return self._ended is None and self.process.poll() is None

    def why(self) -> str:
        """What is to be said when a command's ending will never be told."""
        with contextlib.suppress(Crashed, TimedOut):
            while self._ended is None:
                self._receive(time.monotonic() + CLOSING_SECONDS)
        return f"the box ended: {self._ended or self.said() or 'it was killed'}"

    def said(self) -> str:
        """The end of what the keeper printed: nothing, if all is well."""
        self._said.seek(0)
        return self._said.read()[-2000:].decode("utf-8", "replace").strip()

    def close(self) -> None:
        """End the box; when this returns no process of it is left. Harmless when called twice."""
        if self.process.returncode is None:
            with contextlib.suppress(OSError):
                self._channel.sendall(b'{"op":"end"}\n')
            try:
                self.process.wait(CLOSING_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._channel.close()
        self._said.close()

    # -- the channel --------------------------------------------------------------------------

    def _send(self, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        data = memoryview(msgspec.json.encode(message) + b"\n")
        try:
            sent = socket.send_fds(self._channel, [data], list(descriptors)) if descriptors else 0
            self._channel.sendall(data[sent:])
        except OSError:
            self._lose()

    def _receive(self, deadline: float) -> dict[str, Any]:
        while (end := self._buffer.find(b"\n")) < 0:
            if not wait_for(self._channel, deadline):
                raise TimedOut("the box did not answer in time")
            data = self._channel.recv(1 << 16)
            if not data:
                self._lose()
            self._buffer += data
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        answer: dict[str, Any] = msgspec.json.decode(line)
        if "ended" in answer:
            self._ended = str(answer["ended"])
        return answer

    def _lose(self) -> None:
        """The keeper is gone; what it said last is the reason."""
        if self._ended is None:
            self._ended = self.said()
        raise Crashed(self.why())


def wait_for(thing: socket.socket | int, deadline: float) -> bool:
    poll = select.poll()
    poll.register(thing, select.POLLIN)
    return bool(poll.poll(milliseconds(deadline - time.monotonic())))


def milliseconds(seconds: float) -> float:
    """For poll, which takes no endless number of them."""
    return min(max(0.0, seconds), LONGEST_WAIT) * 1000


# -- what this machine offers ---------------------------------------------------------------------


def owner_here() -> Owner:
    """Whose ids a box of this grader can use."""
    user, id_map = os.geteuid(), Path("/proc/self/uid_map").read_text()
    if user == 0 and _effective_capabilities() & MAKES_BOXES == MAKES_BOXES:
        base, count = spare_range(id_map, secrets.randbits(32))
        if count > 1:
            return Owner("root", base, count)
    if user == 0 and id_map.split() == ["0", "0", str(ALL_IDS)]:
        raise SandboxUnavailable(
            "this root may not make namespaces, and a box must not use root's own id",
            "Run as an ordinary user, or give the container CAP_SYS_ADMIN (docker run --privileged).",
        )
    return _helper(user) or Owner("own")


def _effective_capabilities() -> int:
    return int(_own_status("CapEff"), 16)


def _own_status(field: str) -> str:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{field}:"))


def _helper(user: int) -> Owner | None:
    """An ordinary user's range of ids, through the machine's setuid helpers."""
    newuidmap, newgidmap = shutil.which("newuidmap"), shutil.which("newgidmap")
    if not newuidmap or not newgidmap or _own_status("NoNewPrivs") == "1":
        return None
    try:
        name = pwd.getpwuid(user).pw_name
        ranges = [
            subordinate(Path(f).read_text(), name, user) for f in ("/etc/subuid", "/etc/subgid")
        ]
    except (KeyError, OSError):
        return None
    if ranges[0] is None or ranges[0] != ranges[1]:
        return None
    base, count = ranges[0]
    return Owner("helper", base, count, (user, os.getegid()), helpers=(newuidmap, newgidmap))


def system_folders() -> list[tuple[str, str | None]]:
    """The machine's own top folders: (path, None) to be bound, (path, target) to be linked."""
    found: list[tuple[str, str | None]] = []
    for path in SYSTEM_FOLDERS:
        if os.path.islink(path):
            found.append((path, os.readlink(path)))
        elif os.path.isdir(path):
            found.append((path, None))
    return found
