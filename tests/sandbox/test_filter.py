"""The system call filter in a real sandbox: the kernel's answers to calls by number."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from grader.machine import seccomp
from grader.machine.process import Ending

CALLS = {
    "add_key": (), "bpf": (), "io_uring_setup": (), "keyctl": (0, -3, 1), "kexec_load": (),
    "memfd_create": (), "mount": (), "open_by_handle_at": (), "perf_event_open": (),
    "pidfd_getfd": (), "pivot_root": (), "process_vm_readv": (), "ptrace": (), "request_key": (),
    "setns": (), "shmget": (0, 4096, 0o1600), "semget": (0, 1, 0o1600), "msgget": (0, 0o1600),
    "umount2": (), "unshare": (0x10000000,), "userfaultfd": (),
}  # fmt: skip
JOB = """
import ctypes, errno, json, os
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    ctypes.set_errno(0)
    libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    return errno.errorcode.get(ctypes.get_errno(), "fine")
"""
MACHINE = seccomp.MACHINES.get(os.uname().machine)
on_x86 = pytest.mark.skipif(os.uname().machine != "x86_64", reason="machine code of x86_64")


def test_what_is_refused_is_not_permitted(room: Any) -> None:
    """Keyrings, io_uring, tracing, mounts, new namespaces, memory that no limit counts."""
    assert MACHINE
    calls = {n: (seccomp.NUMBERS[n][MACHINE.column], *a) for n, a in CALLS.items()}
    told = room.run(
        JOB + f"print(json.dumps({{n: call(*c) for n, c in {calls!r}.items()}}))"
    ).told()
    assert told == dict.fromkeys(CALLS, "EPERM")


def test_new_namespaces_are_refused_in_every_way(room: Any) -> None:
    """clone with the flag, clone3 at all."""
    assert MACHINE
    clone = seccomp.NUMBERS["clone"][MACHINE.column]
    told = room.run(
        JOB + f"print(json.dumps([call({clone}, 0x10000011, 0, 0, 0, 0), call(435, 0, 0)]))"
    ).told()
    assert told == ["EPERM", "ENOSYS"]


@pytest.mark.parametrize("family", [17, 38, 40])
def test_sockets_of_other_families_are_refused(room: Any, family: int) -> None:
    """Packets, the kernel's cryptography, and the way out of a virtual machine."""
    ran = room.run(f"import socket; socket.socket({family}, socket.SOCK_STREAM)")
    assert "OSError: [Errno 97]" in ran.err


def test_honest_means_work(room: Any) -> None:
    """Threads, processes, sockets, pipes, shared memory, locks, subprocesses."""
    told = room.run("""
        import json, multiprocessing, socket, subprocess, threading
        done = []
        thread = threading.Thread(target=done.append, args=("thread",))
        thread.start()
        thread.join()
        done.append(subprocess.run(["/bin/echo", "child"], capture_output=True, text=True).stdout)
        context = multiprocessing.get_context("fork")
        queue = context.Queue()
        child = context.Process(target=queue.put, args=("fork",))
        child.start()
        done.append(queue.get(timeout=10))
        child.join()
        near, far = socket.socketpair()
        near.send(b"pair")
        done.append(far.recv(9).decode())
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname()).close()
        done.append("tcp")
        print(json.dumps(done))
    """).told()
    assert told == ["thread", "child\n", "fork", "pair", "tcp"]


@on_x86
def test_a_call_of_another_architecture_is_deadly(room: Any) -> None:
    """int 0x80 speaks i386, where 20 is another call."""
    ran = room.run("""
        import ctypes, mmap
        page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20; int 0x80; ret
        address = ctypes.addressof(ctypes.c_char.from_buffer(page))
        print(ctypes.CFUNCTYPE(ctypes.c_long)(address)())
    """)
    assert ran.ending == Ending("signaled", int(signal.SIGSYS))


@on_x86
def test_x32_calls_are_refused(room: Any) -> None:
    """getpid under its other number."""
    told = room.run(JOB + "print(json.dumps(call(0x40000000 | 39)))").told()
    assert told == "ENOSYS"
