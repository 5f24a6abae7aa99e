"""Makes processes end with the one that started them, however that one ends.

A pipe whose write end only the starter holds: the kernel closes it when the starter is gone, even by
`kill -9`, and the far end sees the end of file. No polling, no parent relation (which breaks when a
process dies while the next one is being set up, and ends with the starting thread), no file on the
machine.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import threading
from collections.abc import Collection
from dataclasses import dataclass

# The first process of a sandbox: when it ends, the kernel ends all others. Its standard input is the
# lifeline. It waits for the command, and ends when the lifeline does; it need not have the right to
# kill the command. (Some shells know descriptors of one digit only; some talk about killed children.)
KEEPER = """
trap 'exit 137' USR1
exec {n}<&0 </dev/null
"$@" {shut} &
command=$!
{{ read -r nothing <&{n}; kill -USR1 $$; }} &
exec 2>/dev/null
wait $command
"""


@dataclass(frozen=True)
class Keeper:
    """The start of a command line that keeps a command, and the lifeline's number for the command."""

    start: tuple[str, ...]
    number: int


def keeper(taken: Collection[int], *, handed_on: bool) -> Keeper:
    """`taken` are descriptors that the command inherits; `handed_on`: it gets the lifeline as well."""
    number = next(n for n in range(3, 10) if n not in taken)
    script = KEEPER.format(n=number, shut="" if handed_on else f"{number}<&-")
    return Keeper(("/bin/sh", "-c", script, "keeper"), number)


def hold_lifeline(descriptor: int) -> None:
    """End this process by SIGKILL when the other end of the pipe is closed, or already has been.

    The kernel sends the signal itself: no thread has to get its turn first.
    """
    if not hasattr(fcntl, "F_SETSIG"):  # not Linux
        threading.Thread(target=_watch, args=(descriptor,), daemon=True).start()
        return
    fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_ASYNC)
    poll = select.poll()
    poll.register(descriptor, 0)
    if poll.poll(0):
        os.kill(os.getpid(), signal.SIGKILL)


def _watch(descriptor: int) -> None:
    os.read(descriptor, 1)
    os.kill(os.getpid(), signal.SIGKILL)
