"""The same interface as `sandbox`, without any confinement: for `--unsafe` and for other systems.

Reports of such runs say so. The code under test sees the machine as its user does; only limits that
need no sandbox hold.
"""

from __future__ import annotations

from collections.abc import Sequence

from grader.sandbox import Command, Mount, Process


class Unconfined:
    """Starts commands as ordinary children; paths inside the sandbox become paths on the machine."""

    confined = False

    def inside(self, mounts: Sequence[Mount], target: str) -> str:
        """Where `target` of the sandbox lies for an unconfined process."""
        for mount in sorted(mounts, key=lambda m: -len(m.target)):
            if target == mount.target or target.startswith(mount.target + "/"):
                return str(mount.source) + target.removeprefix(mount.target)
        return target

    def start(self, command: Command) -> Process:
        argv = tuple(self.inside(command.mounts, part) for part in command.argv)
        raise NotImplementedError(argv)
