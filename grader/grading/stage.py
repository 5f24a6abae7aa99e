"""Sets up what one milestone's tests stand on, and hands each test a fresh world of its own.

The submission and the kit are laid out once, read-only for the code under test. A world is a new
sandboxed host process with an empty working directory; spares warm up while the present test runs,
and none is ever used twice.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import socket
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from grader.bridge import nursery, wire
from grader.bridge.building import HOSTS, Scene, build
from grader.bridge.host import FarError, Host, HostGone, no_callbacks
from grader.bridge.nursery import Nursery
from grader.course import submission
from grader.errors import GraderFault
from grader.machine.removal import remove_tree
from grader.machine.sandbox import Command, Limits, Mount, Sandbox
from grader.machine.started import Started
from grader.machine.unconfined import Unconfined

COMPILE_SECONDS = 5.0
START_SECONDS = 15.0  # a cold JVM on a busy machine
SPARES = 2
ENVIRONMENT = {"HOME": "/tmp", "LANG": "C.UTF-8", "TZ": "UTC", "PATH": "/usr/bin:/bin"}
_PUBLIC = re.compile(
    r"^(?:export )?(?:public )?(?:abstract |final |async )?(?:class|def|function|record|interface) (\w+)",
    re.M,
)
_STATIC = re.compile(r"^[ \t]+(?:public )?static [\w<>\[\], ]+ (\w+)\(", re.M)  # Java


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
        """Kill everything now; clear up beside the next test."""
        self.host.condemn()
        self.stage.bury(self)

    def end(self) -> None:
        """Wait until everything is gone, and remove the working directory."""
        self.host.close()
        remove_tree(self.workdir)


class Stage:
    """The set-up of one milestone in one language, under a folder of the run's own."""

    def __init__(self, scene: Scene, sandbox: Sandbox | Unconfined, home: Path) -> None:
        self.scene = scene
        self.sandbox = sandbox
        self.home = home
        self._spares: deque[World] = deque()
        self._ending: deque[World] = deque()  # their processes are dying
        self._nursery: Nursery | None = None
        self.spare_box: Any = None  # where the suites use boxes: the next test's
        self._lay_out()
        self._warm = scene.language.name == "python"  # hosts may start before there is any code
        if scene.sources or self._warm:
            self._build()

    def fill(self, sources: Mapping[str, bytes]) -> None:
        """Put the code on the stage; hosts that are warming up have not looked for it yet."""
        self.scene = replace(self.scene, sources=sources)
        submission.write(sources, self.home / "code")
        if self._warm:
            self._compile()
        else:
            self._build()

    def world(self) -> World:
        """A fresh world for the next test; starts a spare for the one after it."""
        while len(self._spares) <= SPARES - 1:
            self._spares.append(World(self))
        world = self._spares.popleft()
        self._spares.append(World(self))
        while len(self._ending) > 1:
            self._ending.popleft().end()
        for last in self._ending:  # a run's worlds share a loopback: none meets one that still dies
            last.host.process.kill()
        world.host.greet(time.monotonic() + START_SECONDS)
        return world

    def warm_up(self) -> None:
        """Start the first spares already while the suites are being collected."""
        while self._warm and len(self._spares) < SPARES:
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
        if self.spare_box:
            self.spare_box.close()
        remove_tree(self.home)

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
            command = self.command(self.built.argv, workdir, user, inherit=(theirs.fileno(),))
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
            mounts=(*self.built.mounts, Mount(workdir, str(workdir), writable=True)),
            environment={**ENVIRONMENT, **runtime.environment, **channel},
            cwd=str(workdir),
            limits=Limits(memory=runtime.memory, processes=runtime.processes),
            inherit=inherit,
            user=user,
            hidden=self.scene.secret,
        )

    # -- setting up ---------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o755)
        submission.write(self.scene.sources, self.home / "code")
        submission.write(self.scene.kit, self.home / "code" / "kit")

    def _build(self) -> None:
        self.built = build(self.scene, self.sandbox, self.home)
        self.hello = self._greeting()
        if self._warm and isinstance(self.sandbox, Sandbox):
            self._nursery = self._start_nursery(self.sandbox)
        if self._warm and self.scene.sources:
            self._compile()

    def _compile(self) -> None:
        """Have one host compile the Python code for all; it never comes to run it."""
        world = World(self)
        # What goes wrong here is no verdict: each host then compiles for itself, or says what is wrong.
        with contextlib.suppress(HostGone, FarError, GraderFault):
            end = time.monotonic() + COMPILE_SECONDS
            world.host.ask("compile", {"to": str(world.workdir)}, end, no_callbacks)
            for made in world.workdir.glob("**/__pycache__/*.pyc"):
                target = self.home / "code" / made.relative_to(world.workdir)
                target.parent.mkdir(exist_ok=True)
                shutil.copyfile(made, target)
        world.close()

    def _start_nursery(self, sandbox: Sandbox) -> Nursery:
        """Python hosts come from a warm process where there is a sandbox to keep them in."""
        python = self.scene.runtime.argv[0]
        command = Command(
            argv=(python, "-I", "-S", "-B", "/sfs/nursery.py"),
            mounts=(
                *self.built.mounts,
                Mount(HOSTS / "nursery.py", "/sfs/nursery.py"),
                Mount(self.home, nursery.ROOM, writable=True),
            ),
            environment=ENVIRONMENT,
            hidden=self.scene.secret,
        )
        return nursery.Nursery(sandbox, command)

    def _greeting(self) -> dict[str, Any]:
        kit = [Path(name).stem for name in self.scene.kit if not name.startswith("_")]
        return {
            **self.built.greeting,
            "code": self.sandbox.inside(self.built.mounts, self.built.code),
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
