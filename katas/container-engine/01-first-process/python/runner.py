"""Runs one container from its start to its end, as its parent.

A parent owes its child three things: the signals that people send to the parent, because they
mean the child; a `waitpid` for this child and no other; and its exit status, passed on. `tini`,
`docker run` and `ssh` are built the same way: block the signals, then take them one at a time
with `sigwait`. There are no handlers and so no races: a signal that comes early waits.
"""

import errno
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

import spawn
from kit.errors import StepFailed
from kit.steps import Step
from status import exit_code

# What people and init systems send to an engine and mean for the program
FORWARDED = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
)

NOT_FOUND, NOT_EXECUTABLE, ENGINE_FAILED = 127, 126, 125


def run(spec: dict[str, Any], steps: Sequence[Step] = ()) -> int:
    """Start the program, see it through, and return the exit status that `cask run` shall end with.

    From the call on, each signal of FORWARDED that reaches the engine is sent on to the program,
    once, and does nothing else; one that comes before the program runs waits for it. A program
    that only stops has not ended. The status is the program's, as `exit_code` has it. When it
    could not be started: NOT_FOUND if exec says ENOENT, NOT_EXECUTABLE if exec says anything
    else, ENGINE_FAILED if another step failed, with one line on standard error that holds the
    text of the StepFailed. Nothing of the engine's own ever goes to standard output. The caller's
    signal mask is afterwards what it was before.
    """
    raise NotImplementedError("01-first-process: run")
