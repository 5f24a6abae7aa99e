"""What a wait status says: how a process ended, or that it only stopped.

`waitpid` gives one number for many stories. It is a word of two bytes, and which byte is filled
depends on how the process changed:

    exited       cccccccc 00000000     c: the code given to exit, 0 to 255
    signaled     00000000 ksssssss     s: the signal that killed it, k: a core file was written
    stopped      ssssssss 01111111     s: the signal that stopped it
    continued    11111111 11111111

Every engine and every shell translates this word. C has macros for it (WIFEXITED ...), Python has
`os.waitstatus_to_exitcode`, which knows only the first two.
"""

import signal
from typing import Any

SIGNAL_BASE = 128  # a shell adds it, so that "killed by 9" does not look like "exit 9"


def describe(wait_status: int) -> dict[str, Any]:
    """{"kind": "exited" | "signaled" | "stopped" | "continued", "code": int, "core": bool}

    `code` is the exit code, the number of the signal that killed or stopped it, or 0 for
    "continued". `core` is True only when a killed process left a core file.
    """
    # BEGIN SOLUTION
    low, high = wait_status & 0x7F, wait_status >> 8 & 0xFF
    core = False
    if wait_status == 0xFFFF:
        kind, code = "continued", 0
    elif low == 0x7F:
        kind, code = "stopped", high
    elif low:
        kind, code, core = "signaled", low, bool(wait_status & 0x80)
    else:
        kind, code = "exited", high
    return {"kind": kind, "code": code, "core": core}
    # END SOLUTION


def exit_code(wait_status: int) -> int:
    """The one number that a shell would show: the code, or 128 + the signal.

    ValueError for a word that is no end: the process was only stopped or continued.
    """
    # BEGIN SOLUTION
    story = describe(wait_status)
    if story["kind"] == "exited":
        return story["code"]
    if story["kind"] == "signaled":
        return SIGNAL_BASE + story["code"]
    raise ValueError(f"the process was {story['kind']}, it has not ended")
    # END SOLUTION


def signal_number(text: str) -> int:
    """A signal as people write it: "TERM", "SIGTERM", "term", "15", "RTMIN", "RTMIN+3", "RTMAX-2".

    RTMIN and RTMAX are the C library's, `signal.SIGRTMIN` and `signal.SIGRTMAX`, and what is
    counted from them must stay between them. Numbers go from 1 to 64. ValueError for anything
    else.
    """
    # BEGIN SOLUTION
    name, lowest = text.upper().removeprefix("SIG"), 1
    if name.isdecimal():
        number = int(name)
    elif name[:5] in ("RTMIN", "RTMAX") and name[5:6] in ("+", "-"):
        lowest = signal.SIGRTMIN
        number = signal.Signals[f"SIG{name[:5]}"] + int(name[5:])
    else:
        number = signal.Signals.__members__.get(f"SIG{name}", 0)
    if not lowest <= number <= signal.SIGRTMAX:
        raise ValueError(f"{text!r} is no signal")
    return int(number)
    # END SOLUTION
