"""Gives birth to Python hosts: each a process of its own in fresh namespaces, in three milliseconds.

Starting an interpreter and importing the standard library costs ten times what a host's own work
does, so this process does it once, inside the sandbox's read-only room, and never touches the code
under test. For every host it makes a child in new pid, mount, ipc and host-name namespaces (and a new
user namespace when it has no privilege), gives it an empty /tmp and /dev/shm, its own /proc and its
one working directory, takes every privilege from it, and only then lets it become host.py.

On SFS_NURSERY, a SEQPACKET socket, each request is one JSON object with four descriptors: the
channel, standard output, standard error and the status socket, on which the child's pid is told at
its birth and its wait status at its end, in four bytes each.
"""

import array
import ctypes
import gc
import json
import os
import resource
import select
import signal
import socket
import sys

# What learners commonly import: a child that finds it here saves about five milliseconds.
PRELOADED = (
    "__future__", "abc", "base64", "bisect", "calendar", "collections.abc", "contextlib", "copy",
    "dataclasses", "datetime", "enum", "errno", "functools", "hashlib", "heapq", "io", "itertools",
    "locale", "math", "operator", "pathlib", "re", "selectors", "shutil", "stat", "string", "struct",
    "textwrap", "threading", "time", "traceback", "types", "typing", "warnings", "zlib",
)  # fmt: skip

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000
SYS_CLONE = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = (
    1,
    4,
    22,
    24,
    38,
)
SECCOMP_MODE_FILTER = 2
LAST_CAP = 40
ROOM = "/worlds"  # where all working directories lie until a child has taken its own

libc = ctypes.PyDLL(None, use_errno=True)  # PyDLL: the interpreter's lock stays ours across clone


def check(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def clone(flags):
    """fork into new namespaces; 0 in the child."""
    pid = check(
        libc.syscall(SYS_CLONE, ctypes.c_long(flags | signal.SIGCHLD), None, None, None, None),
        "clone",
    )
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
    return pid


def mount(source, target, kind, flags, data=None):
    text = [None if x is None else x.encode() for x in (source, target, kind, data)]
    check(libc.mount(text[0], text[1], text[2], ctypes.c_ulong(flags), text[3]), f"mount {target}")


def own_files(workdir, tmp_bytes):
    """An empty /tmp and /dev/shm, a /proc of the new pid namespace, and one working directory."""
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    held = os.open(f"{ROOM}/{os.path.basename(workdir)}", os.O_PATH | os.O_DIRECTORY)
    for target in ("/tmp", "/dev/shm"):
        mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, f"size={tmp_bytes},mode=1777")
    os.makedirs(workdir)
    mount(f"/proc/self/fd/{held}", workdir, None, MS_BIND)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount("tmpfs", ROOM, "tmpfs", MS_NOSUID | MS_NODEV, "size=4k,mode=0")
    os.close(held)
    os.chdir(workdir)


def no_privilege(user, limits, seccomp):
    """Limits, another user id, no capability, no way to gain one, and the filter of system calls."""
    for name, value in limits.items():
        last = value + 1 if name == "RLIMIT_CPU" else value  # SIGXCPU first, which tells the reason
        resource.setrlimit(getattr(resource, name), (value, last))
    for capability in range(LAST_CAP + 1):
        libc.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    check(libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
    libc.prctl(PR_SET_DUMPABLE, ctypes.c_ulong(1), 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), 0, 0, 0), "no_new_privs")
    if seccomp:
        program = ctypes.create_string_buffer(seccomp, len(seccomp))
        fprog = (ctypes.c_uint64 * 2)(len(seccomp) // 8, ctypes.addressof(program))
        check(
            libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), fprog, 0, 0), "seccomp"
        )


def map_self():
    """In a new user namespace: keep the id one had."""
    user, group = USER
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        os.write(descriptor, text.encode())
        os.close(descriptor)


def become_host(order, descriptors, program):
    """The child's way from birth to host.py; it never returns."""
    channel, out, err, _ = descriptors
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        if PLAIN:
            map_self()
        empty = os.open("/dev/null", os.O_RDONLY)
        for number, source in enumerate((empty, out, err)):
            os.dup2(source, number)
        os.dup2(channel, 3)
        os.closerange(4, 4096)
        own_files(order["workdir"], order["tmp_bytes"])
        no_privilege(order["user"], order["limits"], bytes.fromhex(order["seccomp"]))
        stay_as_init()
        os.environ.clear()
        os.environ.update(order["environment"], SFS_FD="3")
    except BaseException as error:
        os.write(2, f"the sandbox could not be made: {error}\n".encode())
        os._exit(71)
    try:
        program["main"]()
    finally:
        os._exit(1)


def stay_as_init():
    """Returns in a child. The first process of the namespace only reaps, and ends as the child did.

    It must be another process than the host: the kernel keeps deadly signals from a first process.
    """
    host = os.fork()
    if host == 0:
        return
    libc.prctl(PR_SET_DUMPABLE, ctypes.c_ulong(0), 0, 0, 0)
    os.closerange(0, 4)
    while True:
        pid, status = os.wait()
        if pid == host:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def receive(control):
    data, rights, _, _ = control.recvmsg(1 << 16, socket.CMSG_SPACE(4 * 8))
    descriptors = array.array("i")
    for _, kind, content in rights:
        if kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content[: len(content) // 4 * 4])
    return data, list(descriptors)


def reap(children):
    """Tell the ends of children that ended."""
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        told = children.pop(pid, None)
        if told is not None:
            try:
                os.write(told, status.to_bytes(4, "big"))
            except OSError:
                pass  # nobody waits for it any more
            os.close(told)


def main():
    control = socket.socket(fileno=int(os.environ["SFS_NURSERY"]))
    program = {"__name__": "host", "__file__": "/sfs/host.py", "__builtins__": __builtins__}
    with open("/sfs/host.py", encoding="utf-8") as file:
        exec(compile(file.read(), "/sfs/host.py", "exec"), program)
    for name in PRELOADED:
        __import__(name)
    gc.collect()
    gc.freeze()  # what is here now stays shared with the children, page for page
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    flags = NEWNS | NEWUTS | NEWIPC | NEWPID | (NEWUSER if PLAIN else 0)
    children = {}
    while True:
        ready, _, _ = select.select([control, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            reap(children)
        if control in ready:
            data, descriptors = receive(control)
            if not data:
                os._exit(0)  # the run is over; pid namespaces end with their first process
            pid = clone(flags)
            if pid == 0:
                become_host(json.loads(data), descriptors, program)
            children[pid] = descriptors[3]
            os.write(descriptors[3], pid.to_bytes(4, "big"))
            for descriptor in descriptors[:3]:
                os.close(descriptor)


PLAIN = os.geteuid() != 0
USER = (os.geteuid(), os.getegid())
sys.dont_write_bytecode = True
if __name__ == "__main__":
    main()
