"""The keeper of one box: builds a private computer, runs commands in it, tells what exists there.

Law:
- It stands at the door. It holds the box's user, mount, network, ipc, uts and cgroup namespaces, but
  its process id lies outside the box's pid namespace: nothing in the box can name it, signal it, trace
  it or pose as it. Commands are its own children, so their endings are the kernel's word.
- The box lives as long as its init (pid 1 there), which lives as long as the keeper, which lives as
  long as the channel: each waits for the end of file of the one before. A kill -9 anywhere ends
  everything below, and the pid namespace takes every process of the box along.
- It decides nothing: what stands where in the box comes with the plan, the first line on the channel.
- After that, one request a line (JSON; descriptors ride along), one answer a line. An ending is told
  on the command's own status pipe.
- All imports are made before the box opens: later on they would be read from the box's own files.
"""

from __future__ import annotations

import _signal
import binascii
import ctypes
import errno
import fcntl
import os
import resource
import select
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # -I leaves it out
from box_builder import bind, check, libc, open_box, own_view_of_proc, put
from box_channel import MOST_DESCRIPTORS, MOST_MESSAGE, Channel

TYPE_CHECKING = False  # the real one lives in a module that takes 8 ms to load
if TYPE_CHECKING:
    from typing import Any, NoReturn

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
WATCH_EVERY = 100  # milliseconds between two looks at the box's memory and processes
MOST_PATHS = 10_000
BIRTH = 200
COUNTED = (
    "RssAnon:",
    "VmPTE:",
    "VmSwap:",
)  # of /proc/PID/status: the second is the kernel's own share
ABOVE_ALL = 128  # a number above every descriptor of the keeper's and every one a suite asks for


class Keeper:
    """The open box. Each public method answers the request of its name."""

    def __init__(self, channel: Channel, plan: dict[str, Any], init: int) -> None:
        self.channel = channel
        self.plan = plan
        self.init = init
        self.proc = own_view_of_proc()  # a box may lose its own
        self.root = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
        self.reports: dict[int, int] = {}  # a running command's pid -> its status pipe
        self.next_watch = 0.0
        self.shared_before = self.shared_memory()
        self.filter = binascii.a2b_base64(plan["seccomp"])
        self.wake, signalled = os.pipe()
        for descriptor in (self.wake, signalled):
            os.set_blocking(descriptor, False)
        _signal.signal(_signal.SIGCHLD, lambda *_: None)
        _signal.set_wakeup_fd(signalled, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Answer until the channel ends or the box does."""
        poll = select.poll()
        poll.register(self.channel.socket.fileno(), select.POLLIN)
        poll.register(self.wake, select.POLLIN)
        while True:
            ready = [descriptor for descriptor, _ in poll.poll(WATCH_EVERY)]
            if self.wake in ready:
                os.read(self.wake, 4096)
            self.reap()
            if self.channel.socket.fileno() in ready:
                self.answer(self.channel.receive())
                while self.channel.waiting():
                    self.answer(self.channel.receive())
            if time.monotonic() >= self.next_watch:
                self.watch()
                self.next_watch = time.monotonic() + WATCH_EVERY / 1000

    def answer(self, request: dict[str, Any]) -> None:
        name = request.pop("op")
        try:
            answer = {"ok": getattr(self, name)(**request)}
        except OSError as error:
            answer = {"errno": error.errno or errno.EIO, "error": error.strerror or str(error)}
        self.channel.send(answer)

    def reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                raise EOFError from None
            if pid == 0:
                return
            if pid == self.init:
                raise EOFError
            self.tell(pid, status)

    def tell(self, pid: int, status: int) -> None:
        report = self.reports.pop(pid)
        try:
            os.write(report, struct.pack("i", status))
        except OSError:
            pass  # the suite no longer waits
        os.close(report)

    def watch(self) -> None:
        """The bounds that no single process's limits can hold."""
        memory, count = 0, 0
        for number in self.numbers():
            try:
                status = self.look(number, "status")
            except OSError:
                continue
            count += 1
            lines = (line.split() for line in status.splitlines())
            memory += sum(int(words[1]) * 1024 for words in lines if words and words[0] in COUNTED)
        if memory > self.plan["memory"]:
            self.end("the box used more memory than it may")
        if count > self.plan["processes"]:
            self.end("the box ran more processes than it may")
        if self.shared_memory() - self.shared_before > self.plan["memory"]:
            self.end("the box filled more memory with files than it may")

    def shared_memory(self) -> int:
        """Bytes in memory file systems, of the whole machine: a box can mount more than its first one,
        and hide it. What others do at the same time would have to be as large as the bound to count."""
        descriptor = os.open("meminfo", os.O_RDONLY, dir_fd=self.proc)
        try:
            words = read_all(descriptor).split()
        finally:
            os.close(descriptor)
        return int(words[words.index(b"Shmem:") + 1]) * 1024

    def end(self, why: str = "") -> None:
        """Kill the box and all in it; returns when nothing of it is left."""
        os.kill(self.init, _signal.SIGKILL)
        while True:
            try:
                pid, status = os.waitpid(-1, 0)
            except ChildProcessError:
                break
            if pid != self.init and not why:
                self.tell(pid, status)
        self.channel.send({"ended": why})
        raise EOFError

    # -- commands -------------------------------------------------------------------------------

    def spawn(
        self, argv: list[str], env: dict[str, str], cwd: str, targets: list[int], session: bool
    ) -> int:
        """Start a command; answers its pid in the box when the program runs or has failed to start.
        Descriptors: its status pipe, then one for each target number."""
        report, *given = self.channel.take(1 + len(targets))
        born, birth = os.pipe()
        pid = os.fork()
        if pid == 0:
            self.become(argv, env, cwd, dict(zip(targets, given, strict=True)), birth, session)
        self.reports[pid] = report
        for descriptor in (birth, *given):
            os.close(descriptor)
        word = read_all(born)
        os.close(born)
        return struct.unpack("i", word)[0] if word else 0

    def become(
        self,
        argv: list[str],
        env: dict[str, str],
        cwd: str,
        descriptors: dict[int, int],
        birth: int,
        session: bool,
    ) -> NoReturn:
        status = 127
        try:
            if session:
                os.setsid()
            os.write(birth, struct.pack("i", os.getpid()))
            fcntl.fcntl(birth, fcntl.F_DUPFD_CLOEXEC, BIRTH)  # its end tells that exec has worked
            self.place(descriptors)
            os.chdir(cwd)
            os.umask(0o022)
            self.limit()
            execute(argv, env)
        except OSError as error:
            status = 127 if error.errno == errno.ENOENT else 126
            os.write(2, f"box: {argv[0]}: {error.strerror}\n".encode())
        finally:
            os._exit(status)

    def place(self, descriptors: dict[int, int]) -> None:
        """Exactly the given descriptors, under the numbers asked for."""
        high = {n: fcntl.fcntl(d, fcntl.F_DUPFD, ABOVE_ALL) for n, d in descriptors.items()}
        os.closerange(0, ABOVE_ALL)
        for number, descriptor in high.items():
            os.dup2(descriptor, number)
        os.closerange(ABOVE_ALL, ABOVE_ALL + MOST_DESCRIPTORS + 1)

    def limit(self) -> None:
        for name, value in self.plan["limits"]:
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
        for number in _signal.valid_signals() - {_signal.SIGKILL, _signal.SIGSTOP}:
            _signal.signal(number, _signal.SIG_DFL)  # also what a shell's `nohup` or `&` ignores
        if self.filter:
            program = ctypes.create_string_buffer(self.filter, len(self.filter))
            pointer = struct.pack("HxxxxxxP", len(self.filter) // 8, ctypes.addressof(program))
            check(
                libc.prctl(
                    PR_SET_SECCOMP,
                    ctypes.c_ulong(SECCOMP_MODE_FILTER),
                    ctypes.create_string_buffer(pointer, len(pointer)),
                    0,
                    0,
                ),
                "seccomp",
            )

    def signal(self, pid: int, number: int) -> None:
        """To a process by its pid in the box."""
        descriptor = os.open(str(pid), os.O_RDONLY | os.O_DIRECTORY, dir_fd=self.proc)
        try:
            _signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)

    # -- files ----------------------------------------------------------------------------------

    def read(self, path: str) -> str:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            return binascii.b2a_base64(read_all(descriptor), newline=False).decode()
        finally:
            os.close(descriptor)

    def write(self, path: str, data: str, mode: int) -> None:
        put(path, binascii.a2b_base64(data), mode)

    def mkdir(self, path: str, mode: int) -> None:
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)

    def symlink(self, path: str, target: str) -> None:
        os.symlink(target, path)

    def exists(self, path: str) -> bool:
        return os.path.lexists(path)

    def listdir(self, path: str) -> list[str]:
        return sorted(os.listdir(path))

    def identity(self, path: str) -> list[int]:
        found = os.stat(path)
        return [found.st_dev, found.st_ino]

    def bind(self, source: str, target: str, writable: bool) -> None:
        bind(source, target, writable)

    def files(self) -> list[str]:
        """Every path on the box's own file system, not what is mounted on it."""
        found: list[str] = []
        device = os.stat(self.root).st_dev
        self.walk(os.open(".", os.O_RDONLY, dir_fd=self.root), "/", device, found)
        return found

    def walk(self, folder: int, name: str, device: int, found: list[str]) -> None:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.stat(follow_symlinks=False).st_dev != device:
                        continue
                    if len(found) >= MOST_PATHS:
                        return
                    found.append(name + entry.name)
                    if entry.is_dir(follow_symlinks=False):
                        below = os.open(entry.name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
                        self.walk(below, f"{name}{entry.name}/", device, found)
        finally:
            os.close(folder)

    # -- processes ------------------------------------------------------------------------------

    def numbers(self) -> list[str]:
        folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self.proc)
        try:
            return [name for name in os.listdir(folder) if name.isdigit()]
        finally:
            os.close(folder)

    def processes(self) -> list[list[str]]:
        """[status, cmdline] of every process in the box and in namespaces below it."""
        found = []
        for number in self.numbers():
            try:
                found.append([self.look(number, "status"), self.look(number, "cmdline")])
            except OSError:
                continue  # it ended while we looked
        return found

    def look(self, pid: int | str, name: str) -> str:
        """A file of /proc/PID."""
        descriptor = os.open(f"{pid}/{name}", os.O_RDONLY | os.O_NONBLOCK, dir_fd=self.proc)
        try:
            return read_all(descriptor).decode("utf-8", "surrogateescape")
        finally:
            os.close(descriptor)

    def links(self, pid: int, name: str) -> dict[str, str]:
        """What the links in a folder of /proc/PID say."""
        folder = os.open(f"{pid}/{name}", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self.proc)
        try:
            found = {}
            for entry in os.listdir(folder):
                try:
                    found[entry] = os.readlink(entry, dir_fd=folder)
                except OSError:
                    continue  # closed while we looked, or a namespace that is not there yet
            return found
        finally:
            os.close(folder)

    def root_of(self, pid: int) -> list[int]:
        found = os.stat(f"{pid}/root", dir_fd=self.proc)
        return [found.st_dev, found.st_ino]


def execute(argv: list[str], env: dict[str, str]) -> None:
    """exec along the PATH that the command is given; os.execvpe would import something first."""
    folders = env.get("PATH", "").split(":") if "/" not in argv[0] else [""]
    for folder in folders:
        try:
            os.execve(f"{folder}/{argv[0]}" if folder else argv[0], argv, env)
        except FileNotFoundError:
            continue
    raise FileNotFoundError(errno.ENOENT, "not found")


def read_all(descriptor: int) -> bytes:
    data = bytearray()
    while piece := os.read(descriptor, 1 << 16):
        data += piece
        if len(data) > MOST_MESSAGE // 2:
            raise OSError(errno.EFBIG, "larger than a suite may read")
    return bytes(data)


def main() -> None:
    os.umask(0o022)
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)  # a person's Ctrl-C is for the command
    channel = Channel(int(sys.argv[1]))
    try:
        plan = channel.receive()
        try:
            init, _lifeline, ranged = open_box(plan)
        except OSError as error:
            channel.send({"errno": error.errno, "error": error.strerror})
            return
        keeper = Keeper(channel, plan, init)
        channel.send({"ok": ranged})
        keeper.serve()
    except (EOFError, ConnectionError):
        pass  # init follows: its lifeline ends with this process


if __name__ == "__main__":
    main()
