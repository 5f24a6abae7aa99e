"""Builds one box: from an ordinary process to namespaces, a root of its own, and an init in it.

What stands where comes with the plan; the order of things is decided here, by what the kernel allows:

    as real root:    sources brought within reach   (they may lie where box ids cannot go)
                     all namespaces, ids mapped
    as anyone else:  a first user and mount namespace, ids mapped
                     sources brought within reach
                     all namespaces, so that what is read-only is locked for the box
    init forked:     its root built, the old one left for good
"""

from __future__ import annotations

import _signal
import _socket
import ctypes
import errno
import fcntl
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
EVERY = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC
EVERY |= CLONE_NEWUTS | CLONE_NEWCGROUP
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
MNT_DETACH, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 2, -100, 0x8000, 1
PR_SET_DUMPABLE = 4
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}.get(os.uname().machine, 155)
OPEN_TREE, MOUNT_SETATTR, OPEN_TREE_CLONE = 428, 442, 1
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

STAGE = "/tmp"  # becomes the workbench: sources under src/, the box's root under root/
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


def bind(source: str, target: str, writable: bool) -> None:
    mount(source, target, None, MS_BIND | MS_REC)
    if not writable:
        make_read_only(target)


def pivot(root: str) -> None:
    os.chdir(root)
    check(libc.syscall(PIVOT_ROOT, b".", b"."), "pivot_root")
    check(libc.umount2(b".", MNT_DETACH), "detach the old root")
    os.chdir("/")


def stage(mounts: list[Any], outer_root: bool) -> None:
    """Bring every source within reach under STAGE/src, read-only unless it is to be written; as real
    root also a /proc and /sys that nothing masks, because the kernel lets a user namespace mount its own
    only where it sees a whole one."""
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    held = [(os.open(source, os.O_PATH), writable) for source, _, writable in mounts]
    mount("stage", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m")
    for folder in ("src", "root", "proc", "sys"):
        os.mkdir(f"{STAGE}/{folder}")
    for number, (descriptor, writable) in enumerate(held):
        spot = f"{STAGE}/src/{number}"
        make_spot(spot, os.path.isdir(f"/proc/self/fd/{descriptor}"))
        bind(f"/proc/self/fd/{descriptor}", spot, writable)
        os.close(descriptor)
    if outer_root:
        mount("proc", f"{STAGE}/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        mount("sysfs", f"{STAGE}/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC)


def make_spot(path: str, folder: bool) -> None:
    """A place to mount on: an empty directory or an empty file."""
    os.makedirs(path if folder else os.path.dirname(path), exist_ok=True)
    if not folder:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))


def put_word(path: str, text: str) -> None:
    """One write, because the kernel takes such files in one piece, and its refusal must be heard."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def map_own(user: int, group: int) -> None:
    """One id is all that an ordinary user may map."""
    put_word("/proc/self/setgroups", "deny")
    put_word("/proc/self/uid_map", f"0 {user} 1")
    put_word("/proc/self/gid_map", f"0 {group} 1")


def start_mapper(plan: dict[str, Any]) -> tuple[int, int]:
    """A process that stays outside, where a range of ids may be mapped; it waits for a byte."""
    wait, go = os.pipe()
    keeper = os.getpid()
    mapper = os.fork()
    if mapper == 0:
        status = 1
        try:
            os.close(go)
            if os.read(wait, 1):
                status = map_range(keeper, plan)
        finally:
            os._exit(status)
    os.close(wait)
    return mapper, go


def map_range(keeper: int, plan: dict[str, Any]) -> int:
    for kind in ("uid", "gid"):
        lines = plan[f"{kind}_map"]
        if plan["ids"] == "root":
            put_word(f"/proc/{keeper}/{kind}_map", "".join(f"{a} {b} {n}\n" for a, b, n in lines))
            continue
        words = [str(word) for line in lines for word in line]
        program = plan[f"new{kind}map"]
        if os.spawnv(os.P_WAIT, program, [program, str(keeper), *words]) != 0:
            return 1
    return 0


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
    for number, (_, target, _) in enumerate(plan["mounts"]):
        source = f"{STAGE}/src/{number}"
        make_spot(root + target, os.path.isdir(source))
        mount(source, root + target, None, MS_BIND | MS_REC)
    mount("proc", root + "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount("devpts", root + "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666")
    mount_sysfs(root + "/sys")
    pivot(root)


def mount_sysfs(target: str) -> None:
    """Writable if it may be; read-only where only that is seen; absent where none is."""
    for more in (0, MS_RDONLY):
        try:
            return mount("sysfs", target, "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | more)
        except OSError:
            continue


def own_view_of_proc() -> int:
    """A /proc that is mounted nowhere: nobody in the box can take it away, nor is theirs kept busy."""
    tree = libc.syscall(OPEN_TREE, AT_FDCWD, b"/proc", OPEN_TREE_CLONE | os.O_CLOEXEC)
    return check(tree, "clone /proc")


def raise_loopback() -> None:
    door = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    request = struct.pack("16sh22x", b"lo", 0)
    flags = struct.unpack_from("16sh", fcntl.ioctl(door, SIOCGIFFLAGS, request))[1]
    fcntl.ioctl(door, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))
    door.close()


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


def open_box(plan: dict[str, Any]) -> tuple[int, int, bool]:
    """From a plain process to keeper; gives back init's pid, the lifeline's end to hold, and whether
    the box has a range of ids."""
    if plan["ids"] == "root":
        check(libc.unshare(CLONE_NEWNS), "unshare mount namespace")
        stage(plan["mounts"], outer_root=True)
        ranged = descend(EVERY, plan)
    else:
        ranged = descend(CLONE_NEWUSER | CLONE_NEWNS, plan)
        stage(plan["mounts"], outer_root=False)
        # once more: in the namespace that made it, what is read-only could be made writable again
        same = [[first, first, count] for first, _, count in plan["uid_map"]]
        descend(EVERY, {"ids": "root" if ranged else "own", "uid_map": same, "gid_map": same})
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)  # no process of the box may look into a command's birth
    _socket.sethostname(plan["hostname"])
    raise_loopback()
    os.chdir("/")
    return *start_init(plan), ranged


def descend(namespaces: int, plan: dict[str, Any]) -> bool:
    """Into new namespaces, one for users among them, as root there; whether root has a range of ids."""
    user, group = os.geteuid(), os.getegid()
    mapper, go = start_mapper(plan) if plan["ids"] != "own" else (0, 0)
    check(libc.unshare(namespaces), "unshare namespaces")
    ranged = False
    if mapper:
        os.write(go, b"!")
        os.close(go)
        ranged = os.waitpid(mapper, 0)[1] == 0
    if ranged:
        os.setgroups([])
    else:  # an ordinary user may have helpers that help nobody here
        map_own(user, group)
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    return ranged


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
