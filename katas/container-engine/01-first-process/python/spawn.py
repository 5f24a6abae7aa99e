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
    raise NotImplementedError("01-first-process: find_program")


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
    raise NotImplementedError("01-first-process: start")
