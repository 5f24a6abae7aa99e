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
import _socket
import array
import binascii
import ctypes
import errno
import fcntl
import os
import resource
import select
import struct
import sys
from _json import encode_basestring_ascii, make_encoder, make_scanner  # all of json that is needed
from typing import Any, NoReturn

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 0x1000, 0x4000, 0x40000
MNT_DETACH, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 2, -100, 0x8000, 1
PR_SET_DUMPABLE, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 4, 22, 2
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}.get(os.uname().machine, 155)
MOUNT_SETATTR = 442
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

STAGE = "/tmp"  # becomes the workbench: sources under src/, the box's root under root/
WATCH_EVERY = 100  # milliseconds between two looks at the box's memory and processes
MOST_MESSAGE = 32 << 20
MOST_PATHS = 10_000
MOST_DESCRIPTORS = 64

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    words = [None if w is None else os.fsencode(w) for w in (source, target, kind, data)]
    result = libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3])
    check(result, f"mount {kind or source} on {target}")


def make_read_only(target: str) -> None:
    """The mount and all below it; a kernel before 5.12 cannot, and is no kernel for boxes."""
    attributes = struct.pack("QQQQ", MOUNT_ATTR_RDONLY, 0, 0, 0)
    result = libc.syscall(
        MOUNT_SETATTR, AT_FDCWD, os.fsencode(target), AT_RECURSIVE, attributes, len(attributes)
    )
    check(result, f"make {target} read-only")


def pivot(root: str) -> None:
    os.chdir(root)
    check(libc.syscall(PIVOT_ROOT, b".", b"."), "pivot_root")
    check(libc.umount2(b".", MNT_DETACH), "detach the old root")
    os.chdir("/")


# -- the channel ----------------------------------------------------------------------------------


class Dialect:
    """What the C scanner wants to know about JSON."""

    strict = True
    object_hook = object_pairs_hook = parse_constant = None
    parse_float, parse_int = float, int


scan = make_scanner(Dialect)
dump = make_encoder(None, repr, encode_basestring_ascii, None, ":", ",", False, False, False)


class Channel:
    """Lines of JSON from the grader, and the descriptors that ride along."""

    def __init__(self, descriptor: int) -> None:
        self.socket = _socket.socket(fileno=descriptor)
        self.buffer = bytearray()
        self.descriptors: list[int] = []

    def receive(self) -> dict[str, Any]:
        """The next request; the end of the stream is the end of the box."""
        while (end := self.buffer.find(b"\n")) < 0:
            if len(self.buffer) > MOST_MESSAGE:
                raise EOFError
            self._more()
        line = bytes(self.buffer[:end])
        del self.buffer[: end + 1]
        message: dict[str, Any] = scan(line.decode(), 0)[0]
        return message

    def _more(self) -> None:
        room = _socket.CMSG_SPACE(4 * MOST_DESCRIPTORS)
        data, ancillary, _, _ = self.socket.recvmsg(1 << 16, room)
        for level, kind, raw in ancillary:
            if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
                self.descriptors += array.array("i", raw[: len(raw) // 4 * 4])
        if not data:
            raise EOFError
        self.buffer += data

    def take(self, count: int) -> list[int]:
        taken, self.descriptors = self.descriptors[:count], self.descriptors[count:]
        return taken

    def send(self, message: dict[str, Any]) -> None:
        self.socket.sendall(("".join(dump(message, 0)) + "\n").encode())


# -- building -------------------------------------------------------------------------------------


def stage(sources: list[str], outer_root: bool) -> None:
    """Bring every source within reach under STAGE/src; as real root also a /proc and /sys that nothing
    masks, because the kernel lets a user namespace mount its own only where it sees a whole one."""
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    held = [os.open(source, os.O_PATH) for source in sources]
    mount("stage", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m")
    for folder in ("src", "root", "proc", "sys"):
        os.mkdir(f"{STAGE}/{folder}")
    for number, descriptor in enumerate(held):
        spot = f"{STAGE}/src/{number}"
        make_spot(spot, os.path.isdir(f"/proc/self/fd/{descriptor}"))
        mount(f"/proc/self/fd/{descriptor}", spot, None, MS_BIND | MS_REC)
        os.close(descriptor)
    if outer_root:
        mount("proc", f"{STAGE}/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        mount("sysfs", f"{STAGE}/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC)


def make_spot(path: str, folder: bool) -> None:
    """A place to mount on: an empty directory or an empty file."""
    os.makedirs(path if folder else os.path.dirname(path), exist_ok=True)
    if not folder:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))


def write_own_map(user: int, group: int) -> None:
    """One id is all that an ordinary user may map."""
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"0 {user} 1"),
        ("gid_map", f"0 {group} 1"),
    ):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        os.write(descriptor, text.encode())
        os.close(descriptor)


def build(plan: dict[str, Any]) -> None:
    """The box's root, made by its init: only from inside the pid namespace comes the right /proc."""
    root = f"{STAGE}/root"
    mount("box", root, "tmpfs", MS_NOSUID | MS_NODEV, f"mode=755,{plan['tmpfs']}")
    for path, mode in plan["folders"]:
        os.makedirs(root + path, exist_ok=True)
        os.chmod(root + path, mode)
    for path, text, mode in plan["files"]:
        put(root + path, text.encode(), mode)
    for path, target in plan["links"]:
        os.symlink(target, root + path)
    for number, (_, target, writable) in enumerate(plan["mounts"]):
        source = f"{STAGE}/src/{number}"
        make_spot(root + target, os.path.isdir(source))
        mount(source, root + target, None, MS_BIND | MS_REC)
        if not writable:
            make_read_only(root + target)
    mount("proc", root + "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount("devpts", root + "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666")
    try:
        mount("sysfs", root + "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    except OSError:
        pass  # nothing in the box needs it yet; mounts() shows its absence
    pivot(root)


def raise_loopback() -> None:
    with _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM) as door:
        request = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack_from("16sh", fcntl.ioctl(door, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(door, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))


def be_init(plan: dict[str, Any], said: int, lifeline: int) -> NoReturn:
    """Pid 1 of the box: build it, say so, then only live. The kernel reaps, as nobody wants its orphans."""
    try:
        build(plan)
        word = b"built"
    except OSError as error:
        word = str(error.strerror).encode()
    _signal.signal(_signal.SIGCHLD, _signal.SIG_IGN)
    os.dup2(lifeline, 0)
    os.dup2(said, 1)
    os.closerange(2, 1 << 16)
    libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # its /proc entries are for everyone in the box to read
    os.write(1, word)
    os.close(1)
    while True:
        try:
            os.read(0, 1)  # nothing is ever written: this returns when the keeper is gone
        except InterruptedError:
            continue
        os._exit(0)


def open_box(channel: Channel, plan: dict[str, Any]) -> tuple[int, int]:
    """From a plain process to keeper; gives back init's pid and the lifeline's end to hold."""
    sources = [source for source, _, _ in plan["mounts"]]
    user, group = os.geteuid(), os.getegid()
    if plan["ids"] == "root":
        check(libc.unshare(CLONE_NEWNS), "unshare mount namespace")
        stage(sources, outer_root=True)
    every = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC
    check(libc.unshare(every | CLONE_NEWUTS | CLONE_NEWCGROUP), "unshare")
    if plan["ids"] == "own":
        write_own_map(user, group)
    else:
        channel.send({"map": os.getpid()})
        channel.receive()
        os.setgroups([])
    if plan["ids"] == "root":
        mount("none", "/", None, MS_REC | MS_PRIVATE)
    else:
        stage(sources, outer_root=False)
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)  # no process of the box may look into a command's birth
    _socket.sethostname(plan["hostname"])
    raise_loopback()
    os.chdir("/")
    return start_init(plan)


def start_init(plan: dict[str, Any]) -> tuple[int, int]:
    lifeline_end, lifeline = os.pipe()
    said, say = os.pipe()
    init = os.fork()
    if init == 0:
        be_init(plan, say, lifeline_end)
    os.close(lifeline_end)
    os.close(say)
    word = os.read(said, 4096)
    os.close(said)
    if word != b"built":
        raise OSError(errno.EPERM, word.decode() or "the box's init died")
    return init, lifeline


def put(path: str, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


# -- serving --------------------------------------------------------------------------------------


class Keeper:
    """The open box. Each public method answers the request of its name."""

    def __init__(self, channel: Channel, plan: dict[str, Any], init: int) -> None:
        self.channel = channel
        self.plan = plan
        self.init = init
        self.proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)  # held: a box may lose its own
        self.root = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
        self.reports: dict[int, int] = {}  # a running command's pid -> its status pipe
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
            if not ready:
                self.watch()

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
                fields = self.look(number, "statm").split()
            except OSError:
                continue
            count += 1
            memory += int(fields[1]) - int(fields[2]) if len(fields) > 2 else 0
        if memory * resource.getpagesize() > self.plan["memory"]:
            self.end("the box used more memory than it may")
        if count > self.plan["processes"]:
            self.end("the box ran more processes than it may")

    def end(self, why: str = "") -> None:
        """Kill the box and all in it; returns when nothing of it is left."""
        os.kill(self.init, _signal.SIGKILL)
        while True:
            try:
                pid, status = os.waitpid(-1, 0)
            except ChildProcessError:
                break
            if pid != self.init:
                self.tell(pid, status)
        self.channel.send({"ended": why})
        raise EOFError

    # -- commands -------------------------------------------------------------------------------

    def spawn(
        self, argv: list[str], env: dict[str, str], cwd: str, targets: list[int], session: bool
    ) -> None:
        """Start a command. Descriptors: its status pipe, then one for each target number."""
        report, *given = self.channel.take(1 + len(targets))
        pid = os.fork()
        if pid == 0:
            self.become(argv, env, cwd, dict(zip(targets, given, strict=True)), report, session)
        self.reports[pid] = report
        for descriptor in given:
            os.close(descriptor)

    def become(
        self,
        argv: list[str],
        env: dict[str, str],
        cwd: str,
        descriptors: dict[int, int],
        report: int,
        session: bool,
    ) -> NoReturn:
        status = 127
        try:
            if session:
                os.setsid()
            os.write(report, struct.pack("i", os.getpid()))
            self.place(descriptors)
            os.chdir(cwd)
            os.umask(0o022)
            self.limit()
            os.execvpe(argv[0], argv, env)
        except OSError as error:
            status = 127 if error.errno == errno.ENOENT else 126
            os.write(2, f"box: {argv[0]}: {error.strerror}\n".encode())
        finally:
            os._exit(status)

    def place(self, descriptors: dict[int, int]) -> None:
        """Exactly the given descriptors, under the numbers asked for."""
        high = {n: fcntl.fcntl(d, fcntl.F_DUPFD, 1000) for n, d in descriptors.items()}
        os.closerange(0, 1000)
        for number, descriptor in high.items():
            os.dup2(descriptor, number)
        os.closerange(1000, 2000)

    def limit(self) -> None:
        for name, value in self.plan["limits"]:
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
        for number in (_signal.SIGPIPE, _signal.SIGXFSZ, _signal.SIGCHLD):
            _signal.signal(number, _signal.SIG_DFL)
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
        mount(source, target, None, MS_BIND | MS_REC)
        if not writable:
            make_read_only(target)

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
        return [name for name in os.listdir(self.proc) if name.isdigit()]

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


def read_all(descriptor: int) -> bytes:
    data = bytearray()
    while piece := os.read(descriptor, 1 << 16):
        data += piece
        if len(data) > MOST_MESSAGE // 2:
            raise OSError(errno.EFBIG, "larger than a suite may read")
    return bytes(data)


def main() -> None:
    channel = Channel(int(sys.argv[1]))
    try:
        plan = channel.receive()
        try:
            init, _lifeline = open_box(channel, plan)
        except OSError as error:
            channel.send({"errno": error.errno, "error": error.strerror})
            return
        keeper = Keeper(channel, plan, init)
        channel.send({"ok": True})
        keeper.serve()
    except (EOFError, ConnectionError):
        pass  # init follows: its lifeline ends with this process


if __name__ == "__main__":
    main()
