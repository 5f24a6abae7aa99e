"""Makes the processes of a run end with the runner, however the runner ends.

A pipe whose write end only the runner holds: the kernel closes it when the runner is gone, even by
`kill -9`, and the far end sees the end of file. No polling, no parent relation (which breaks when a
process dies while the next one is being set up), no file on the machine.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import threading

# The first process of an enclosure: when it ends, the kernel ends all others. It waits for the
# command, and kills it when the lifeline ($1, a descriptor) does.
KEEPER = """
lifeline=$1; shift
"$@" &
command=$!
{ read -r nothing; kill -9 $command; } < /proc/self/fd/$lifeline &
wait $command
"""


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
