"""Grades one submission: one pytest process per milestone and language, results in, verdict out.

The verdict is made of what the trusted process told, test by test; a test that was collected and did
not report is never a pass. Nothing is read from what the code under test printed or wrote.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import selectors
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec

import grader
from grader import cache as caches
from grader import policy, submission
from grader.errors import RuntimeMissing, SandboxUnavailable
from grader.languages import LANGUAGES, supported_platform
from grader.layout import Layout
from grader.manifest import Course, Milestone, System
from grader.sandbox import Sandbox
from grader.started import Started
from grader.verdict import MilestoneResult, Suite, TestResult, milestone_outcome
from grader.within import JOB_FD, LIFELINE_FD, REPORT_FD, Assignment

RUN_FACTOR = (
    6.0  # a run may take so many times one test's limit before all the rest counts as too slow
)
RUN_SECONDS_A_TEST = 1.5  # ... or this for each of its tests, whichever is more
TESTS_EXPECTED = 60
KILL_SLACK = 30.0  # seconds beyond a run's time after which the run itself is ended from outside
TMP_BYTES = 1 << 30
WORDS_KEPT = 4000


class Watcher(Protocol):
    """Somebody who shows progress."""

    def collected(self, total: int) -> None: ...
    def finished(self, test: TestResult) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Job:
    """One milestone in one language, of the reference or of a folder."""

    layout: Layout
    course: Course
    system: System
    milestone: Milestone
    language: str
    code: Path | None = None  # None: the reference
    sources: Mapping[str, bytes] | None = None  # given instead of `code` when already read
    suites: tuple[Suite, ...] = ("visible", "hidden")
    sandboxed: bool = True
    only: str = ""
    borrowed: bool = False
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def read(self) -> Mapping[str, bytes]:
        """The submission's sources."""
        if self.sources is not None:
            return self.sources
        folder = self.code or self.layout.reference(self.system.id, self.language)
        return submission.read(folder, self.language)

    def result(self, **more: Any) -> MilestoneResult:
        return MilestoneResult(
            system=self.system.id,
            milestone=self.milestone.id,
            title=self.milestone.title,
            language=self.language,
            points=self.milestone.points,
            suites=self.suites,
            borrowed=self.borrowed,
            **more,
        )


def new_seed() -> int:
    return secrets.randbelow(1 << 32)


def grade(
    job: Job, *, seed: int, watcher: Watcher | None = None, cache: caches.Cache | None = None
) -> MilestoneResult:
    """Measure one milestone. Raises only the GraderError family; what cannot run here says so."""
    began = time.monotonic()
    sources = job.read()
    missing = _unmet(job)
    if missing:
        return job.result(outcome="not run", reason=missing)
    banned = policy.violations(
        sources, job.language, job.system.bans.get(LANGUAGES[job.language].name, ())
    )
    if banned:
        return job.result(outcome="failed", reason="\n".join(banned))
    key = _key(job, sources) if cache and job.sandboxed and not job.only else None
    kept = cache.get(key) if cache and key else None
    if kept:
        return msgspec.structs.replace(kept, borrowed=job.borrowed)
    result = _run(job, sources, seed, watcher)
    result = msgspec.structs.replace(result, seconds=round(time.monotonic() - began, 3))
    if cache and key:
        cache.put(key, result)
    return result


def grade_all(
    jobs: Sequence[Job],
    *,
    seed: int,
    workers: int = 2,
    watcher_for: Callable[[Job], Watcher | None] = lambda job: None,
    cache: caches.Cache | None = None,
) -> Iterator[MilestoneResult]:
    """The jobs' results in the order of the jobs, measured side by side."""
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        futures = [
            pool.submit(grade, job, seed=seed, watcher=watcher_for(job), cache=cache)
            for job in jobs
        ]
        try:
            for future in futures:
                yield future.result()
        finally:
            for future in futures:
                future.cancel()


def _unmet(job: Job) -> str:
    """Why this milestone cannot be run on this machine, with the way out; empty if it can."""
    if job.milestone.needs and not supported_platform():
        return "needs Linux"
    try:
        LANGUAGES[job.language].runtime(job.environment)
    except RuntimeMissing as error:
        return f"{error.message}. {error.mend}"
    if job.milestone.profile == "namespaces":
        from grader.boxes import unmet

        return unmet(job.milestone.needs)
    return ""


def _key(job: Job, sources: Mapping[str, bytes]) -> str:
    layout, system, milestone = job.layout, job.system.id, job.milestone.id
    runtime = LANGUAGES[job.language].runtime(job.environment)
    suites = {
        "visible": layout.visible_suite(system, milestone),
        "hidden": layout.hidden_suite(system, milestone),
    }
    return caches.key(
        [
            caches.grader_digest(),
            job.language,
            runtime.version,
            sys.version,
            submission.digest(sources),
            submission.digest(
                submission.read(layout.kit(system, job.language), job.language, kit=True)
            ),
            *(part for s in job.suites for part in (s, suites[s].read_bytes())),
            msgspec.json.encode(job.milestone),
            msgspec.json.encode(job.system.bans),
        ]
    )


# -- one run --------------------------------------------------------------------------------------


class _Tally:
    """What the trusted process has told so far."""

    def __init__(self, watcher: Watcher | None) -> None:
        self.watcher = watcher
        self.expected: list[tuple[str, str]] = []
        self.tests: dict[tuple[str, str], TestResult] = {}
        self.faults: list[str] = []
        self.done = False
        self.words = b""  # the end of what the trusted process itself printed
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(msgspec.json.decode(line))

    def _line(self, message: dict[str, Any]) -> None:
        ((kind, value),) = message.items()
        if kind == "collected":
            self.expected += [(suite, name) for suite, name in value]
            if self.watcher:
                self.watcher.collected(len(self.expected))
        elif kind == "test":
            test = msgspec.convert(value, TestResult)
            self.tests[(test.suite, test.name)] = test
            if self.watcher:
                self.watcher.finished(test)
        elif kind == "fault":
            self.faults.append(value["message"] + (f" ({value['mend']})" if value["mend"] else ""))
        elif kind == "done":
            self.done = True

    def results(self, too_slow: bool) -> tuple[TestResult, ...]:
        """Every expected test in the suites' order; one that did not report has no better word than
        `timeout` (the run was ended for taking too long) or `error`."""
        return tuple(
            self.tests.get(
                (suite, name),
                TestResult(
                    suite="hidden" if suite == "hidden" else "visible",
                    name=name,
                    sentence="",
                    outcome="timeout" if too_slow else "error",
                ),
            )
            for suite, name in self.expected
        )


def _run(
    job: Job, sources: Mapping[str, bytes], seed: int, watcher: Watcher | None
) -> MilestoneResult:
    seconds = max(RUN_FACTOR * job.milestone.timeout, RUN_SECONDS_A_TEST * TESTS_EXPECTED)
    home = f"/tmp/sfs-{secrets.token_hex(4)}"
    assignment = Assignment(
        course=str(job.layout.root),
        system=job.system.id,
        milestone=job.milestone.id,
        language=job.language,
        sources=dict(sources),
        suites=job.suites,
        home=home,
        seed=seed,
        seconds=seconds,
        sandboxed=job.sandboxed,
        only=job.only,
    )
    tally = _Tally(watcher)
    with _started(job, assignment) as (process, report):
        too_slow = _follow(process, report, tally, time.monotonic() + seconds + KILL_SLACK)
    tests = tally.results(too_slow)
    if tally.faults or not (tally.done or too_slow):
        why = "\n".join(tally.faults) or "the grading process ended early"
        why = f"{why}\n{tally.words.decode('utf-8', 'replace')}".strip()
        return job.result(outcome="error", reason=why, tests=tests)
    return job.result(outcome=milestone_outcome(tests), tests=tests)


@contextlib.contextmanager
def _started(job: Job, assignment: Assignment) -> Iterator[tuple[Started, int]]:
    """The trusted process, and the descriptor on which it tells; all gone afterwards."""
    job_fd = os.memfd_create("job")
    os.write(job_fd, msgspec.json.encode(assignment))
    os.lseek(job_fd, 0, os.SEEK_SET)
    report, report_far = os.pipe()
    lifeline_far, lifeline = os.pipe()
    inherit = (job_fd, report_far, lifeline_far)
    environment = {
        **{k: v for k, v in job.environment.items() if k in ("PATH", "HOME", "JAVA_HOME", "LANG")},
        JOB_FD: str(job_fd),
        REPORT_FD: str(report_far),
        LIFELINE_FD: str(lifeline_far),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    argv = (sys.executable, "-P", "-m", "grader.within")
    process = None
    try:
        process = _enclosed(job, argv, environment, inherit)
        for descriptor in inherit:
            os.close(descriptor)
        yield process, report
    finally:
        os.close(lifeline)
        if process is not None:
            process.kill()
            os.close(process.stdout)
            os.close(process.stderr)
        os.close(report)


def _enclosed(
    job: Job, argv: Sequence[str], environment: Mapping[str, str], inherit: tuple[int, ...]
) -> Started:
    if not job.sandboxed:
        from grader.unconfined import Unconfined

        return Unconfined().enclose(argv, environment=environment, inherit=inherit)
    try:
        sandbox = Sandbox.detect(job.environment)
    except SandboxUnavailable as error:
        raise SandboxUnavailable(
            error.message, f"{error.mend} Or practise with --unsafe."
        ) from error
    visible = [job.layout.root, Path(sys.prefix), Path(grader.__file__).parent.parent]
    return sandbox.enclose(
        argv, visible=visible, inherit=inherit, environment=environment, tmp_bytes=TMP_BYTES
    )


def _follow(process: Started, report: int, tally: _Tally, end: float) -> bool:
    """Read until the trusted process has closed its end; True if it had to be ended for slowness."""
    with selectors.DefaultSelector() as selector:
        for descriptor in (report, process.stdout, process.stderr):
            selector.register(descriptor, selectors.EVENT_READ)
        while (left := end - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                data = os.read(key.fd, 1 << 16)
                if not data:
                    selector.unregister(key.fd)
                    if key.fd == report:
                        return False
                elif key.fd == report:
                    tally.feed(data)
                else:
                    tally.words = (tally.words + data)[-WORDS_KEPT:]
    process.kill()
    return True
