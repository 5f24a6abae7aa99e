"""Gives a process another root directory, for good.

`chroot` moves a name: for this process "/" means something else from now on. The old root is
still there, still open, still mounted, and a process with root's rights walks back to it (see the
lesson). `pivot_root` moves the world: in a mount namespace of the process's own, the new root
becomes *the* root mount, the old one is taken off, and then there is nothing left to walk back
to. runc, crun, bubblewrap and systemd all make these calls in this order. Left out: read-only
roots, /proc, /dev and volumes, which come later.

        before              after pivot_root(".", ".")      after the detach

        /   machine         /   new root                     /   new root
        `-- srv/x           /   machine, mounted on top
"""

import os

from kit import syscalls


def enter(root: str) -> None:
    """Make the directory `root` the root of this process, and of no other.

    Afterwards "/" and the working directory are `root`, whatever is mounted below it is there
    too, and of the old root nothing is left: not in the mount table, not behind "..", not as a
    directory in `root`. The mounts of everybody else stay exactly as they were. `root` may be
    relative, a link to a directory, or a mount point already. OSError if a call fails.
    """
    raise NotImplementedError("02-new-root: enter")
