"""What is made of sources before a host can run them: nothing, JavaScript, or classes.

Compilers read the submission, so they run in the sandbox like everything that touches it. Each returns
a `Built`: the mounts of a host, the command that starts it, and what the greeting says of the code.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.course import submission
from grader.course.languages import CLASSES, LANGUAGES, MEBI, Language, Runtime
from grader.course.layout import Layout, modules_upto
from grader.course.manifest import Milestone, System
from grader.machine.sandbox import Command, Limits, Mount, Sandbox
from grader.machine.unconfined import Unconfined

HOSTS = Path(__file__).parent.parent / "hosts"
CODE, SFS = "/code", "/sfs"  # as seen in the sandbox
COMPILE_SECONDS = 60.0
WORDS = 4000  # characters of a compiler's complaint that are kept


@dataclass(frozen=True)
class Scene:
    """What is to be set up: one language's code, its kit, and the policy of the milestone."""

    language: Language
    runtime: Runtime
    sources: Mapping[str, bytes]
    kit: Mapping[str, bytes]
    modules: tuple[str, ...]  # in the order in which names are looked up
    bans: tuple[str, ...]
    secret: tuple[Path, ...]  # the course: nothing of it shows in a sandbox, wherever it lies


@dataclass(frozen=True)
class Built:
    """What a host needs to run the code."""

    mounts: tuple[Mount, ...]
    argv: tuple[str, ...]
    code: str = CODE  # where the host finds it
    greeting: Mapping[str, Any] = field(default_factory=dict)
    broken: str = ""  # the compiler's words, if it refused the code


def scene_of(
    layout: Layout,
    system: System,
    milestone: Milestone,
    language: str,
    sources: Mapping[str, bytes],
    environment: Mapping[str, str],
) -> Scene:
    """The scene of one milestone; RuntimeMissing when this machine cannot run the language."""
    known = LANGUAGES[language]
    return Scene(
        language=known,
        runtime=known.runtime(environment),
        sources=sources,
        kit=submission.read(layout.kit(system.id, language), language, kit=True),
        modules=tuple(modules_upto(system, milestone)),
        bans=system.bans.get(known.name, ()),
        secret=(layout.root,),
    )


def build(scene: Scene, sandbox: Sandbox | Unconfined, home: Path) -> Built:
    """Make what lies in `home`/code ready to be run."""
    makers = {"python": _python, "typescript": _typescript, "java": _java}
    return makers[scene.language.name](scene, sandbox, home)


def runtime_mounts(scene: Scene) -> tuple[Mount, ...]:
    return tuple(Mount(source, target) for source, target in scene.runtime.mounts)


def _python(scene: Scene, sandbox: Sandbox | Unconfined, home: Path) -> Built:
    parts = [Mount(part, f"{SFS}/{part.name}") for part in sorted(HOSTS.glob("host*.py"))]
    mounts = (*runtime_mounts(scene), Mount(home / "code", CODE), *parts)
    return Built(mounts, scene.runtime.argv)


def _typescript(scene: Scene, sandbox: Sandbox | Unconfined, home: Path) -> Built:
    """Node strips types at every start; done once here, each start takes a quarter of the time."""
    node, *flags, _ = scene.runtime.argv
    out = _open_folder(home / "stripped")
    mounts = (
        *runtime_mounts(scene),
        Mount(home / "code", CODE),
        Mount(HOSTS, SFS),
        Mount(out, "/tmp/out", writable=True),
    )
    for source, target, ending in ((SFS, "/tmp/out/host", ".mjs"), (CODE, "/tmp/out/code", ".ts")):
        argv = (node, f"{SFS}/strip.mjs", source, target, ending)
        limits = Limits(memory=scene.runtime.memory)
        command = Command(
            argv=argv, mounts=mounts, environment=_QUIET, limits=limits, hidden=scene.secret
        )
        _, status = _run(sandbox, command)
    stripped = status == 0  # else the learner sees the error of their own file, from Node itself
    code = out / "code" if stripped and scene.sources else home / "code"
    return Built(
        mounts=(*runtime_mounts(scene), Mount(code, CODE), Mount(out / "host", SFS)),
        argv=(node, *flags, f"{SFS}/host.mjs"),
        greeting={"stripped": code != home / "code"},
    )


def _java(scene: Scene, sandbox: Sandbox | Unconfined, home: Path) -> Built:
    """Host, kit and submission are compiled together."""
    classes = _open_folder(home / "classes")
    sources = [f"{SFS}/{path.name}" for path in sorted(HOSTS.glob("*.java"))]
    sources += [f"{CODE}/{name}" for name in sorted(scene.sources)]
    sources += [f"{CODE}/kit/{name}" for name in sorted(scene.kit) if name.endswith(".java")]
    options = ("-nowarn", "-g", "-encoding", "UTF-8", "-proc:none", "-XDstringConcat=inline")
    mounts = (*runtime_mounts(scene), Mount(home / "code", CODE), Mount(HOSTS, SFS))
    command = Command(
        argv=(*scene.runtime.compiler, *options, "-d", "/tmp/out", *sources),
        mounts=(*mounts, Mount(classes, "/tmp/out", writable=True)),
        environment=_QUIET,
        limits=Limits(memory=2048 * MEBI, processes=128),
        hidden=scene.secret,
    )
    said, status = _run(sandbox, command)
    complaint = said.replace(f"{CODE}/", "").strip()[:WORDS] or "the compiler failed"
    return Built(
        mounts=(*runtime_mounts(scene), Mount(home / "code", CODE), Mount(classes, CLASSES)),
        argv=scene.runtime.argv,
        code=CLASSES,
        greeting={"sources": sandbox.inside((Mount(home / "code", CODE),), CODE)},
        broken="" if status == 0 else complaint,
    )


_QUIET = {"HOME": "/tmp", "LANG": "C.UTF-8", "NODE_NO_WARNINGS": "1"}


def _open_folder(path: Path) -> Path:
    """A folder that the compiler, another user, may write."""
    path.mkdir()
    path.chmod(0o777)
    return path


def _run(sandbox: Sandbox | Unconfined, command: Command) -> tuple[str, int | None]:
    """Run a command to its end: what it printed (bounded) and its status, None if it was ended."""
    process = sandbox.start(command)
    said = bytearray()
    end = time.monotonic() + COMPILE_SECONDS
    try:
        ending = None
        while ending is None and time.monotonic() < end and not process.over_limit():
            ending = process.wait(0.02)
            for stream in (process.stdout, process.stderr):
                with contextlib.suppress(BlockingIOError):
                    while data := os.read(stream, 1 << 16):
                        said += data[: max(0, (1 << 16) - len(said))]
        status = ending.code if ending and ending.kind == "exited" else None
        return said.decode("utf-8", "replace"), status
    finally:
        process.kill()
        os.close(process.stdout)
        os.close(process.stderr)
