"""A plain `pytest katas/<system>/<milestone>/test_visible.py`: practice without the command line.

The code is the workspace around the current folder, or --sfs-code, or else the reference; the hosts
are sandboxed as in an official run, only the trusted process itself is not enclosed.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from grader.bridge.building import scene_of
from grader.course import class_secret, manifest, submission
from grader.course import layout as layouts
from grader.course.languages import LANGUAGES
from grader.course.layout import Layout
from grader.course.manifest import Course
from grader.errors import SandboxUnavailable, UsageError
from grader.grading.stage import Stage
from grader.machine import scratch
from grader.verdict import TestResult

WORKSPACE = Path(".sfs") / "workspace.json"


class PlainRun:
    """The plugin's grading when nobody assigned one: suites are recognised by where they lie."""

    shuffle = False
    brief = False
    first: tuple[str, ...] = ()

    def __init__(
        self, here: Path, code: str | None, language: str | None, seed: int | None, *, unsafe: bool
    ) -> None:
        self.here = here
        self.code = Path(code).resolve() if code else None
        self.language = language
        self.seed = secrets.randbelow(1 << 32) if seed is None else seed
        self._seed_given = seed is not None
        self.unsafe = unsafe
        self._course: Course | None = None
        self._layout: Layout | None = None
        self._stages: dict[tuple[str, str], Stage] = {}
        self._folders = contextlib.ExitStack()
        self._home: Path | None = None  # made for the first stage

    @classmethod
    def from_options(
        cls, here: Path, *, code: str | None, language: str | None, seed: int | None, unsafe: bool
    ) -> PlainRun:
        return cls(here, code, language, seed, unsafe=unsafe)

    def milestone_of(self, path: Path) -> tuple[str, str, str] | None:
        layout = self._find(path)
        return layout.suite_of(path) if layout else None

    def oracles(self, path: Path) -> Path | None:
        suite = self.milestone_of(path)
        return self._require().oracles(suite[0]) if suite else None

    def seconds(self, path: Path) -> float:
        system, milestone, _ = self._known(path)
        return self._loaded().system(system).milestone(milestone).timeout

    def allowance(self) -> float:
        return float("inf")

    def collected(self, names: list[tuple[str, str]]) -> None:
        """Nobody waits for the list: pytest's own summary counts."""

    def record(self, result: TestResult) -> None:
        """Nobody keeps it: pytest's own summary tells."""

    def stage(self, path: Path) -> Stage:
        system, milestone, _ = self._known(path)
        if (system, milestone) not in self._stages:
            self._stages[system, milestone] = self._set_up(system, milestone)
        return self._stages[system, milestone]

    def box(self, path: Path, seconds: float, note: Callable[[str], None]) -> Any:
        from grader.grading.boxes import open_box

        return open_box(self.stage(path), seconds, note)

    def close(self) -> None:
        for stage in self._stages.values():
            stage.close()
        self._folders.close()

    def _set_up(self, system_id: str, milestone_id: str) -> Stage:
        layout, system = self._require(), self._loaded().system(system_id)
        folder, language = self._code(layout, system_id, system.languages[0])
        if language not in LANGUAGES:
            raise UsageError(
                f"there is no language {language!r}", f"Languages: {', '.join(LANGUAGES)}."
            )
        sources = submission.read(folder, language)
        scene = scene_of(
            layout, system, system.milestone(milestone_id), language, sources, os.environ
        )
        if self._home is None:
            self._home = self._folders.enter_context(scratch.folder(os.environ))
        return Stage(scene, self._sandbox(), self._home / f"{system_id}-{milestone_id}")

    def _code(self, layout: Layout, system: str, default: str) -> tuple[Path, str]:
        """The folder to be graded and its language."""
        for folder in (self.here, *self.here.parents):
            if self.code is None and (folder / WORKSPACE).is_file():
                known = json.loads((folder / WORKSPACE).read_text("utf-8"))
                if known.get("system") == system:
                    return folder, self.language or str(known.get("language", default))
        language = self.language or default
        if self.code is None and not layout.has_solutions():
            raise UsageError(
                "this copy of the course has no solutions, and no workspace is around",
                "Run pytest in your workspace, or give --sfs-code DIR.",
            )
        return self.code or layout.reference(system, language), language

    def _sandbox(self) -> Any:
        from grader.machine.sandbox import Sandbox
        from grader.machine.unconfined import Unconfined

        if self.unsafe:
            return Unconfined()
        try:
            return Sandbox.detect(os.environ)
        except SandboxUnavailable as error:
            raise SandboxUnavailable(
                error.message, f"{error.mend} Or practise with --sfs-unsafe."
            ) from error

    def _find(self, path: Path) -> Layout | None:
        if self._layout is None:
            try:
                self._layout = layouts.find(path.parent)
            except UsageError:
                return None
            known = class_secret.kept_seed(self._layout.class_seed)
            if known is not None and not self._seed_given:
                self.seed = known
        return self._layout

    def _require(self) -> Layout:
        assert self._layout is not None, "a suite was recognised, so its course is known"
        return self._layout

    def _loaded(self) -> Course:
        if self._course is None:
            self._course = manifest.load(self._require().manifest)
        return self._course

    def _known(self, path: Path) -> tuple[str, str, str]:
        known = self.milestone_of(path)
        assert known is not None, f"{path} is not a suite"
        return known
