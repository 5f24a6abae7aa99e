"""The trusted process of one run: pytest on the suites, inside the run's own enclosure.

Started by `runner`, never by hand. It gets its job as JSON from an inherited descriptor, tells every
step over another (one JSON object a line), and ends when its lifeline does.
"""

from __future__ import annotations

import gc
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from grader.verdict import Suite, TestResult

JOB_FD, SOURCES_FD = "SFS_JOB_FD", "SFS_SOURCES_FD"
REPORT_FD, LIFELINE_FD = "SFS_REPORT_FD", "SFS_LIFELINE_FD"

# Plugins of pytest's own that a grading has no use for; loading them costs time.
UNUSED = (
    "cacheprovider", "capture", "debugging", "doctest", "faulthandler", "junitxml", "legacypath", "logging",
    "nose", "pastebin", "pytester", "recwarn", "setuponly", "setupplan", "skipping", "stepwise", "terminal",
    "threadexception", "tmpdir", "unittest", "unraisableexception", "warnings", "terminalreporter",
)  # fmt: skip


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """What one run is to do. Paths are as seen on the machine."""

    course: str
    system: str
    milestone: str
    language: str
    suites: tuple[Suite, ...]
    hidden_suites: tuple[
        str, ...
    ]  # where they lie for this run: the course's, then an instructor's
    home: str  # the run's own folder, made and removed by it
    seed: int
    timeout: float  # seconds for one test
    seconds: float  # for all tests together
    sandboxed: bool = True
    only: str = ""
    brief: bool = False
    first: tuple[str, ...] = ()


class Reporter:
    """Writes the lines that `runner` reads."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def tell(self, kind: str, value: Any) -> None:
        data = msgspec.json.encode({kind: value}) + b"\n"
        while data:
            data = data[os.write(self.descriptor, data) :]


class OfficialRun:
    """One milestone in one language, as assigned; the plugin's `Grading`."""

    shuffle = True

    def __init__(self, job: Assignment, sources: int, reporter: Reporter) -> None:
        from grader.bridge.building import scene_of
        from grader.course import manifest
        from grader.course.layout import Layout
        from grader.grading.stage import Stage
        from grader.machine.sandbox import Sandbox

        self.job = job
        self.sources = sources  # a descriptor on which the code comes, when it comes
        self.seed = job.seed
        self.brief = job.brief
        self.first = job.first
        self.reporter = reporter
        self.layout = Layout(Path(job.course))
        self.system = manifest.load(self.layout.manifest).system(job.system)
        self.milestone = self.system.milestone(job.milestone)
        scene = scene_of(self.layout, self.system, self.milestone, job.language, {}, os.environ)
        self.sandbox = Sandbox.detect(os.environ) if job.sandboxed else _unconfined()
        self._stage = Stage(scene, self.sandbox, Path(job.home))
        self._stage.warm_up()
        self.end = float("inf")

    def suites(self) -> dict[Path, str]:
        visible = self.layout.visible_suite(self.system.id, self.milestone.id)
        known = {visible: "visible", **{Path(p): "hidden" for p in self.job.hidden_suites}}
        return {path: suite for path, suite in known.items() if suite in self.job.suites}

    def milestone_of(self, path: Path) -> tuple[str, str, str] | None:
        suite = self.suites().get(path)
        return (self.system.id, self.milestone.id, suite) if suite else None

    def oracles(self, path: Path) -> Path:
        return self.layout.oracles(self.system.id)

    def stage(self, path: Path) -> Any:
        return self._stage

    def seconds(self, path: Path) -> float:
        return self.job.timeout

    def allowance(self) -> float:
        return self.end - time.monotonic()

    def collected(self, names: list[tuple[str, str]]) -> None:
        """The suites are known: take the code, and the time runs."""
        self.reporter.tell("collected", names)
        for suite, name in sorted({one for one in names if names.count(one) > 1}):
            words = f"two {suite} tests are called {name}: only one of them could be told"
            self.reporter.tell("fault", {"message": words, "mend": "Rename one."})
        with open(self.sources, "rb") as file:
            self._stage.fill(msgspec.json.decode(file.read(), type=dict[str, bytes]))
        self.end = time.monotonic() + self.job.seconds

    def record(self, result: TestResult) -> None:
        self.reporter.tell("test", result)

    def box(self, path: Path, seconds: float, note: Callable[[str], None]) -> Any:
        from grader.grading.boxes import open_box

        return open_box(self._stage, seconds, note)

    def close(self) -> None:
        """Called at pytest's end; the stage outlives it by the little that `_run` still does."""

    def clear_up(self) -> None:
        self._stage.close()


def _unconfined() -> Any:
    from grader.machine.unconfined import Unconfined

    return Unconfined()


def main() -> int:
    """Run the assignment; 0 when every collected test was told."""
    from grader.machine.sandbox import hold_lifeline

    hold_lifeline(int(os.environ.pop(LIFELINE_FD)))
    reporter = Reporter(int(os.environ.pop(REPORT_FD)))
    sources = int(os.environ.pop(SOURCES_FD))
    with open(int(os.environ.pop(JOB_FD)), "rb") as file:
        job = msgspec.json.decode(file.read(), type=Assignment)
    try:
        return _run(job, sources, reporter)
    except Exception as error:
        from grader.errors import GraderError

        known = error if isinstance(error, GraderError) else None
        message = known.message if known else traceback.format_exc()
        reporter.tell("fault", {"message": message, "mend": known.mend if known else ""})
        return 1


def _run(job: Assignment, sources: int, reporter: Reporter) -> int:
    gc.disable()  # until the suites are there; a fifth of the start otherwise
    import pytest

    from grader.grading import plugin

    grading = OfficialRun(job, sources, reporter)
    try:
        paths = [str(p) for p in grading.suites()]
        options = [f"-pno:{name}" for name in UNUSED]
        options += [
            "-c",
            os.devnull,
            "--rootdir=/",
            "--noconftest",
            "--import-mode=importlib",
        ]
        options += ["--continue-on-collection-errors", *(["-k", job.only] if job.only else [])]
        status = pytest.main([*options, *paths], plugins=[plugin, _Handover(grading)])
        unchosen = bool(job.only) and status in (4, 5)  # `-k` cannot be read, or no test matches
        if status not in (0, 1) and not unchosen:
            reporter.tell(
                "fault", {"message": f"pytest ended with status {int(status)}", "mend": ""}
            )
    finally:
        grading.clear_up()
    reporter.tell("done", True)
    return 0


class _Handover:
    """Gives the plugin its grading before the first suite is met, and tells what cannot be collected."""

    def __init__(self, grading: OfficialRun) -> None:
        self.grading = grading

    def pytest_configure(self, config: Any) -> None:
        from grader.grading import plugin

        config.stash[plugin.GRADING] = self.grading

    def pytest_collection_finish(self) -> None:
        gc.freeze()
        gc.enable()

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.grading.reporter.tell(
                "fault", {"message": f"a suite cannot be loaded:\n{report.longrepr}", "mend": ""}
            )


if __name__ == "__main__":
    sys.exit(main())
