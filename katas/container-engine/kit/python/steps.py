"""What happens in the child before its program starts, as a list. Given.

A step is a name and a function without arguments. A spec asks for steps by what is in it; each
lives in the file of the milestone that teaches it, and is imported only when asked for.
`spawn.start` calls them in this order, in the child, and reports an OSError by the step's name.
"""

import errno
import os
import sys
from collections.abc import Callable
from typing import Any

Step = tuple[str, Callable[[], object]]

NOT_BUILT = "cask: not built yet: "


def wanted(spec: dict[str, Any]) -> list[Step]:
    """The steps that this spec asks for, in their order."""
    steps = []
    if "umask" in spec["process"]:
        steps.append(_step("umask", os.umask, spec["process"]["umask"]))
    if "root" in spec:
        enter = _chroot_only if spec["root"]["chrootOnly"] else _built("rootfs").enter
        steps.append(_step("root", enter, spec["root"]["path"]))
    return steps


def _chroot_only(root: str) -> None:
    """The wrong way, to be broken out of: only the name "/" is moved."""
    os.chroot(root)
    os.chdir("/")


def _built(module: str) -> Any:
    """One of your own files, when it is there."""
    try:
        return __import__(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise NotImplementedError(f"{module}.py") from None


def _step(name: str, function: Callable[..., object], *arguments: object) -> Step:
    """A step that tells on itself: in a child, an exception would have nobody to go to."""

    def run() -> None:
        try:
            function(*arguments)
        except OSError:
            raise
        except NotImplementedError as error:
            print(f"{NOT_BUILT}{error}", file=sys.stderr, flush=True)
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from None
        except Exception as error:
            import traceback

            traceback.print_exc()
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL)) from error

    return name, run
