"""Makes a child process and turns it into the program: fork, the steps in between, exec.

The child reports over a pipe that closes itself when exec works: Python's own subprocess, Go's
os/exec and with them most engines do it so. Left out: a terminal for the program, and standard
streams of its own; it gets the engine's.

    engine                              child
    ------                              -----
    pipe, close-on-exec
    fork ------------------------------ steps, one after the other
    read the pipe to its end            cwd
        <--- nothing: exec worked ----- exec
        <--- "2 exec": it did not ----- (or whichever step it was, with the kernel's errno)
"""

import errno
import os
import signal
from collections.abc import Sequence
from typing import Any

from kit import syscalls
from kit.errors import StepFailed
from kit.steps import Step

# Where programs are looked for when the environment of the spec has no PATH
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def find_program(name: str, search: str, cwd: str) -> str:
    """The absolute path of the file that `name` means.

    A name with a slash is a path, relative to `cwd`, and `search` has no say. Any other name is
    looked for in the folders of `search`, which are separated by colons; an empty or relative one
    counts from `cwd`. The first file that may be executed wins. PermissionError if there are only
    such as may not (a folder is one), FileNotFoundError if there is none at all.
    """
    # BEGIN SOLUTION
    folders = [""] if "/" in name else search.split(":")
    refused = False
    for folder in folders:
        path = os.path.join(cwd, folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
        refused = refused or (bool(name) and os.path.exists(path))
    number = errno.EACCES if refused else errno.ENOENT
    raise OSError(number, os.strerror(number), name)
    # END SOLUTION


def start(spec: dict[str, Any], steps: Sequence[Step] = ()) -> int:
    """Start the program of `spec["process"]` and return its pid as soon as it runs.

    In the child come, in this order: `steps`, each called without arguments; the working
    directory, `cwd`; the program, found as `args[0]` along the PATH of `env` (or DEFAULT_PATH),
    with exactly `args` and `env`, a list of "K=V". The program starts with the standard streams
    and no other descriptor, with every signal at its default and none blocked. It is killed when
    the engine dies, and if the engine dies while the child is still on its way, it is never
    started. (A child may find itself in a pid namespace of its own. The engine is not in there,
    and `os.getppid()` is 0 as long as it lives and after.)

    If an OSError stops the child on its way, StepFailed is raised here with the name of the step
    ("cwd", "exec", or the one given) and the errno, and the child is gone, not even a zombie
    left. Whatever happens, the child never returns into the code that called this.
    """
    # BEGIN SOLUTION
    pipe, report = os.pipe()  # Python makes both ends close-on-exec
    engine = os.getpid()
    child = os.fork()
    if child == 0:
        _become(spec, steps, engine, report)
    os.close(report)
    with open(pipe, "rb") as words:
        failure = words.read().decode()
    if not failure:
        return child
    os.waitpid(child, 0)
    number, _, step = failure.partition(" ")
    raise StepFailed(step, int(number))
    # END SOLUTION


# BEGIN SOLUTION: helpers
FAILED = 125


def _become(spec: dict[str, Any], steps: Sequence[Step], engine: int, report: int) -> None:
    """The child's whole life until exec."""
    process = spec["process"]
    way = [
        *steps,
        ("cwd", lambda: os.chdir(process["cwd"])),
        ("exec", lambda: _execute(process, engine, report)),
    ]
    try:
        for step, act in way:
            try:
                act()
            except OSError as error:
                os.write(report, f"{error.errno} {step}".encode())
                break
    finally:
        os._exit(FAILED)


def _execute(process: dict[str, Any], engine: int, report: int) -> None:
    env = dict(line.split("=", 1) for line in process["env"])
    search = env.get("PATH", DEFAULT_PATH)
    program = find_program(process["args"][0], search, process["cwd"])
    _die_with(engine)
    _forget_inheritance(report)
    os.execve(program, process["args"], env)


def _die_with(engine: int) -> None:
    """Have the kernel kill this process when its parent ends; it may have ended already."""
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() not in (engine, 0):
        os._exit(FAILED)


def _forget_inheritance(report: int) -> None:
    """Drop what Python and our own caller set up: ignored and blocked signals, open files."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.closerange(3, report)
    os.closerange(report + 1, os.sysconf("SC_OPEN_MAX"))


# END SOLUTION
