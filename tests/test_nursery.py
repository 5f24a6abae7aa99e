"""The nursery's children, as far as they can be looked at without one."""

from __future__ import annotations

import os
import socket

from grader.bridge.nursery import Child


class _NoUsage:
    def exceeded(self, pid: int) -> str:
        raise AssertionError("nobody is there to be measured")


def test_a_host_that_was_never_made_has_ended() -> None:
    """The nursery is killed before it answers: its child counts as killed, and can be ended again."""
    ours, theirs = socket.socketpair()
    theirs.close()
    child = Child(
        os.open(os.devnull, os.O_RDONLY), os.open(os.devnull, os.O_RDONLY), ours, _NoUsage()
    )  # type: ignore[arg-type]
    try:
        child.kill()
        ending = child.wait(0)
        assert ending is not None and ending.kind == "killed"
        assert child.inner_pid() is None
        assert not child.over_limit()
    finally:
        os.close(child.stdout)
        os.close(child.stderr)
