"""Paths inside another root, worked out from outside it, without ever leaving.

An engine stands outside and has to touch files inside: make a mount point, read /etc/passwd,
write a log. But the container's files belong to whoever made the image, and a symbolic link in
them can say anything. A link `etc -> /etc` means the container's /etc to the container and the
machine's to a careless engine: this is how containers have been escaped for years
(CVE-2015-3629).

The kernel resolves a path name by name, and so do these functions. Left out: a race. Somebody who
swaps a folder for a link between our look and our use still wins (CVE-2018-15664, CVE-2021-30465);
runc closes that hole with file descriptors, newer kernels with `openat2(RESOLVE_IN_ROOT)`.
"""

import errno
import os
import stat
from collections.abc import Callable

MOST_LINKS = 40  # as many as the kernel follows for one path before it speaks of a loop


def resolve(root: str, path: str) -> str:
    """Where `path` leads for somebody whose "/" is `root`, as a path for us.

    `path` counts from the root whether it begins with a slash or not. Links are followed, the
    last one too; an absolute link begins again at the root, and ".." at the root stays there.
    Slashes at the end change nothing. Nothing is made and nothing opened. The result begins with
    `root` as given (without slashes at its end) and has no link, "." or ".." behind it; for the
    root itself it is `root`.

    The last name may be missing, also at the end of a link. FileNotFoundError if one before it
    is, NotADirectoryError if something before it is no directory, OSError with errno ELOOP at the
    41st link.
    """
    raise NotImplementedError("02-new-root: resolve")


def mkdirs(root: str, path: str, mode: int) -> str:
    """Make the directory `path` inside `root`, and what is missing on the way; its path for us.

    Links are followed as in `resolve`, and where one leads to something that is missing, that is
    made, inside `root` as all else. Each new directory has exactly `mode`, whatever the umask;
    those that were there are left alone. NotADirectoryError if something on the way or at the end
    is there and no directory; ELOOP as in `resolve`.
    """

    raise NotImplementedError("02-new-root: mkdirs")
