"""Sets up what one milestone's tests stand on, and hands each test a fresh world of its own.

The submission and the kit are laid out once, read-only for the code under test. A world is a new
sandboxed host process with an empty working directory; spares warm up while the present test runs,
and none is ever used twice.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import secrets
import shutil
import socket
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grader import nursery, submission, wire
from grader.host import Host
from grader.languages import LANGUAGES, MEBI, SANDBOX_CLASSES, Language, Runtime
from grader.layout import Layout, modules_upto
from grader.manifest import Milestone, System
from grader.nursery import Nursery
from grader.sandbox import Command, Limits, Mount, Sandbox
from grader.started import Started

HOSTS = Path(__file__).parent / "hosts"
CODE = "/code"
COMPILE_SECONDS = 60.0
START_SECONDS = 15.0  # a cold JVM on a busy machine
SPARES = 2
ENVIRONMENT = {"HOME": "/tmp", "LANG": "C.UTF-8", "TZ": "UTC", "PATH": "/usr/bin:/bin"}
_PUBLIC = re.compile(
    r"^(?:export )?(?:public )?(?:abstract |final |async )?(?:class|def|function|record|interface) (\w+)",
    re.M,
)
_STATIC = re.compile(r"^\s+(?:public )?static [\w<>\[\], ]+ (\w+)\(", re.M)  # Java


@dataclass(frozen=True)
class Scene:
    """What is to be set up: one language's code, its kit, and the policy of the milestone."""

    language: Language
    runtime: Runtime
    sources: Mapping[str, bytes]
    kit: Mapping[str, bytes]
    modules: Sequence[str]  # in the order in which names are looked up
    bans: Sequence[str]


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
        modules=modules_upto(system, milestone),
        bans=system.bans.get(known.name, ()),
    )


class World:
    """One test's private computer: a host process and the working directory it shares with the test."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.workdir = stage.new_workdir()
        self.user = secrets.randbelow(1 << 29) + (1 << 20)  # one id for all hosts of this world
        self.host = self._start()
        self._deadline = float("inf")

    def begin(self, seconds: float) -> None:
        """The test starts now: from here on its time limit runs."""
        self._deadline = time.monotonic() + seconds

    def deadline(self) -> float:
        return self._deadline

    def restart(self) -> None:
        self.host = self._start()

    def _start(self) -> Host:
        return Host(lambda: self.stage.launch(self.workdir, self.user), self.stage.hello)

    def close(self) -> None:
        """Kill everything now; wait for it, and clear up, beside the next test."""
        self.host.condemn()
        self.stage.bury(self)

    def end(self) -> None:
        """Wait until everything is gone, and remove the working directory."""
        self.host.close()
        shutil.rmtree(self.workdir, ignore_errors=True)


class Stage:
    """The set-up of one milestone in one language, under a folder of the run's own."""

    def __init__(self, scene: Scene, sandbox: Sandbox, home: Path) -> None:
        self.scene = scene
        self.sandbox = sandbox
        self.home = home
        self.broken = ""  # why no test can run: the code does not compile
        self._numbers = itertools.count(1)
        self._spares: deque[World] = deque()
        self._ending: deque[World] = deque()  # their processes are dying
        self._lay_out()
        self.read_only_mounts = self._read_only_mounts()
        self._nursery = self._start_nursery()
        self.hello = self._greeting()
        if scene.sources:
            self.fill(scene.sources)

    def fill(self, sources: Mapping[str, bytes]) -> None:
        """Put the code on the stage; hosts that are warming up have not looked for it yet."""
        self.scene = replace(self.scene, sources=sources)
        submission.write(sources, self.home / "code")
        if self.scene.runtime.compiler:
            self.broken = self._compile()

    def world(self) -> World:
        """A fresh world for the next test; starts a spare for the one after it."""
        while len(self._spares) <= SPARES - 1:
            self._spares.append(World(self))
        world = self._spares.popleft()
        self._spares.append(World(self))
        while len(self._ending) > 1:
            self._ending.popleft().end()
        world.host.greet(time.monotonic() + START_SECONDS)
        return world

    def warm_up(self) -> None:
        """Start the first spares already while the suites are being collected."""
        while not self.scene.runtime.compiler and len(self._spares) < SPARES:
            self._spares.append(World(self))

    def public_names(self) -> dict[str, str]:
        """Which module a name most likely comes from, for reproductions: the text decides."""
        found: dict[str, str] = {}
        language = self.scene.language
        texts = {f"kit.{Path(n).stem}": c for n, c in self.scene.kit.items()}
        for module in reversed(self.scene.modules):
            texts[module] = self.scene.sources.get(language.file_name(module), b"")
        for module, content in texts.items():
            text = content.decode("utf-8", "replace")
            for name in (*_PUBLIC.findall(text), *_STATIC.findall(text)):
                found[name] = module
        return found

    def bury(self, world: World) -> None:
        self._ending.append(world)

    def close(self) -> None:
        for world in (*self._spares, *self._ending):
            world.end()
        if self._nursery:
            self._nursery.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def new_workdir(self) -> Path:
        path = self.home / f"work-{secrets.token_hex(4)}"
        path.mkdir()
        path.chmod(0o777)  # the code under test runs under another user id
        return path

    def launch(self, workdir: Path, user: int) -> tuple[Started, socket.socket]:
        """Start one host on a working directory."""
        ours, theirs = socket.socketpair()
        with theirs:
            if self._nursery:
                return self._raise_child(self._nursery, workdir, user, theirs.fileno()), ours
            command = self.command(
                self.scene.runtime.argv, workdir, user, inherit=(theirs.fileno(),)
            )
            return self.sandbox.start(command), ours

    def _raise_child(self, nursery: Nursery, workdir: Path, user: int, channel: int) -> Started:
        runtime = self.scene.runtime
        limits = Limits(memory=runtime.memory, processes=runtime.processes)
        return nursery.start(workdir, user, limits, ENVIRONMENT, channel)

    def command(
        self, argv: Sequence[str], workdir: Path, user: int, inherit: tuple[int, ...] = ()
    ) -> Command:
        runtime = self.scene.runtime
        channel = {"SFS_FD": str(inherit[0])} if inherit else {}
        return Command(
            argv=tuple(argv),
            mounts=(*self.read_only_mounts, Mount(workdir, str(workdir), writable=True)),
            environment={**ENVIRONMENT, **runtime.environment, **channel},
            cwd=str(workdir),
            limits=Limits(memory=runtime.memory, processes=runtime.processes),
            inherit=inherit,
            user=user,
        )

    # -- setting up ---------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o755)
        submission.write(self.scene.sources, self.home / "code")
        submission.write(self.scene.kit, self.home / "code" / "kit")

    def _read_only_mounts(self) -> tuple[Mount, ...]:
        scene = self.scene
        runtime = [Mount(source, target) for source, target in scene.runtime.mounts]
        code = Mount(self.home / "code", CODE)
        if scene.runtime.compiler:
            return (*runtime, code, Mount(self.home / "classes", SANDBOX_CLASSES))
        parts = sorted(HOSTS.glob(f"host*.{scene.language.extension}"))
        return (*runtime, code, *(Mount(part, f"/sfs/{part.name}") for part in parts))

    def _start_nursery(self) -> Nursery | None:
        """Python hosts come from a warm process where there is a sandbox to keep them in."""
        if self.scene.language.name != "python" or not self.sandbox.confined:
            return None
        python = self.scene.runtime.argv[0]
        command = Command(
            argv=(python, "-I", "-S", "-B", "/sfs/nursery.py"),
            mounts=(
                *self.read_only_mounts,
                Mount(HOSTS / "nursery.py", "/sfs/nursery.py"),
                Mount(self.home, nursery.ROOM, writable=True),
            ),
            environment=ENVIRONMENT,
        )
        return nursery.Nursery(self.sandbox, command)

    def _greeting(self) -> dict[str, Any]:
        kit = [Path(name).stem for name in self.scene.kit if not name.startswith("_")]
        return {
            "code": self.sandbox.inside(
                self.read_only_mounts, SANDBOX_CLASSES if self.scene.runtime.compiler else CODE
            ),
            "modules": list(self.scene.modules),
            "kit": sorted(kit),
            "bans": list(self.scene.bans),
            "limits": {
                "depth": wire.MAX_DEPTH,
                "bytes": wire.MAX_MESSAGE,
                "nodes": wire.MAX_NODES,
                "handles": 10_000,
            },
        }

    def _compile(self) -> str:
        """Compile host, kit and submission together in the sandbox; the compiler's words if it fails."""
        classes = self.home / "classes"
        classes.mkdir()
        classes.chmod(0o777)
        build = self.home / "build"
        hosts = {path.name: path.read_bytes() for path in sorted(HOSTS.glob("*.java"))}
        submission.write(hosts, build)
        names = [f"{CODE}/{n}" for n in sorted(self.scene.sources)]
        names += [f"{CODE}/kit/{n}" for n in sorted(self.scene.kit)]
        argv = [*self.scene.runtime.compiler, "-nowarn", "-g", "-encoding", "UTF-8", "-proc:none"]
        argv += ["-d", "/tmp/out", *(f"/sfs/{name}" for name in hosts), *names]
        mounts = [m for m in self.read_only_mounts if m.target != SANDBOX_CLASSES]
        mounts += [Mount(classes, "/tmp/out", writable=True), Mount(build, "/sfs")]
        command = Command(
            argv=tuple(argv),
            mounts=tuple(mounts),
            environment={"HOME": "/tmp", "LANG": "C.UTF-8"},
            limits=Limits(memory=2048 * MEBI, processes=128),
        )
        said, code = run_to_end(self.sandbox, command, COMPILE_SECONDS)
        return (
            ""
            if code == 0
            else said.replace(f"{CODE}/", "").strip()[:4000] or "the compiler failed"
        )


def run_to_end(sandbox: Sandbox, command: Command, seconds: float) -> tuple[str, int | None]:
    """Run a command to its end: what it printed (bounded) and its exit code, None if it was ended."""
    process = sandbox.start(command)
    said = bytearray()
    end = time.monotonic() + seconds
    try:
        ending = None
        while ending is None and time.monotonic() < end and not process.over_limit():
            ending = process.wait(0.02)
            for stream in (process.stdout, process.stderr):
                with contextlib.suppress(BlockingIOError):
                    while data := os.read(stream, 1 << 16):
                        said += data[: max(0, (1 << 16) - len(said))]
        code = ending.code if ending and ending.kind == "exited" else None
        return said.decode("utf-8", "replace"), code
    finally:
        process.kill()
        os.close(process.stdout)
        os.close(process.stderr)
