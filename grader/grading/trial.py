"""One run of the trusted process: started, fed, followed to its end, and gone.

What it tells, test by test, is all that a verdict is made of; a test that was collected and did not
report is never a pass. Nothing is read from what the code under test printed or wrote.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import selectors
import shutil
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec

import grader
from grader.course import submission
from grader.course.languages import LANGUAGES
from grader.course.layout import Layout
from grader.course.manifest import Course, Milestone, System
from grader.errors import GraderFault, SandboxUnavailable
from grader.grading.within import JOB_FD, LIFELINE_FD, REPORT_FD, SOURCES_FD, Assignment
from grader.machine import scratch
from grader.machine.sandbox import Mount, Sandbox
from grader.machine.started import Started
from grader.verdict import MilestoneResult, Suite, TestResult, milestone_outcome

RUN_FACTOR = (
    6.0  # a run may take so many times one test's limit before all the rest counts as too slow
)
RUN_SECONDS_A_TEST = 1.5  # ... or this for each of its tests, whichever is more
TESTS_EXPECTED = 60
KILL_SLACK = 30.0  # seconds beyond a run's time after which the run itself is ended from outside
TMP_BYTES = 1 << 30
HIDDEN = "test_hidden.py"  # by this name the plugin knows a hidden suite
WORDS_KEPT = 4000
PASSED_ON = ("PATH", "HOME", "JAVA_HOME", "LANG")  # of the environment
SLICE = 0.2  # seconds between two looks at whether somebody wants it to stop
NEVER = threading.Event()


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
    brief: bool = False  # nobody reads the failures: no search for the smallest example
    first: tuple[str, ...] = ()  # names of tests that are run before the others, in this order
    overlay: tuple[Path, ...] = ()  # an instructor's own suites of this milestone
    seed: int | None = (
        None  # of this job's random data, always the same; None: whatever the run has
    )
    borrowed: bool = False
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def read(self) -> Mapping[str, bytes]:
        """The submission's sources."""
        if self.sources is not None:
            return self.sources
        folder = self.code or self.layout.reference(self.system.id, self.language)
        return submission.read(folder, self.language)

    def hidden(self) -> tuple[Path, ...]:
        """The hidden suites that are to run."""
        if "hidden" not in self.suites:
            return ()
        return (*self.layout.hidden_suites(self.system.id, self.milestone.id), *self.overlay)

    def result(self, **more: Any) -> MilestoneResult:
        return MilestoneResult(
            system=self.system.id,
            milestone=self.milestone.id,
            title=self.milestone.title,
            language=self.language,
            points=self.milestone.points,
            suites=self.suites,
            borrowed=self.borrowed,
            partial=bool(self.only),
            **more,
        )


def run_seconds(milestone: Milestone) -> float:
    """How long all tests of a milestone may take together."""
    return max(RUN_FACTOR * milestone.timeout, RUN_SECONDS_A_TEST * TESTS_EXPECTED)


class Trial:
    """A started run. The code may be given at once, or later (`give`) to a run that is warm by then."""

    def __init__(self, job: Job, seed: int, sources: Mapping[str, bytes] | None = None) -> None:
        self.job = job
        self.seconds = run_seconds(job.milestone)
        self._tally = _Tally()
        self._open: list[int] = []  # descriptors of ours
        self._process: Started | None = None
        self._folders = contextlib.ExitStack()
        self._home = self._folder()
        self._hidden = self._hidden_places()
        assignment = Assignment(
            course=str(job.layout.root),
            system=job.system.id,
            milestone=job.milestone.id,
            language=job.language,
            suites=job.suites,
            hidden_suites=tuple(at for _, at in self._hidden),
            home=str(self._home / "run"),
            seed=seed,
            timeout=job.milestone.timeout,
            seconds=self.seconds,
            sandboxed=job.sandboxed,
            only=job.only,
            brief=job.brief,
            first=job.first,
        )
        try:
            self._start(assignment)
        except BaseException:
            self.close()
            raise
        if sources is not None:
            self.give(sources)

    def give(self, sources: Mapping[str, bytes]) -> None:
        """Hand over the code; the tests begin."""
        with contextlib.suppress(BrokenPipeError):  # it ended: the result will say why
            data = memoryview(msgspec.json.encode(dict(sources)))
            while data:
                data = data[os.write(self._sources, data) :]
        self._close(self._sources)

    def result(self, watcher: Watcher | None, stop: threading.Event = NEVER) -> MilestoneResult:
        """Follow it to its end."""
        self._tally.watcher = watcher
        too_slow = self._follow(stop)
        tests = self._tally.results(too_slow)
        if self._tally.faults or not (self._tally.done or too_slow):
            why = "\n".join(self._tally.faults) or "the grading process ended early"
            why = f"{why}\n{self._tally.words.decode('utf-8', 'replace')}".strip()
            return self.job.result(outcome="error", reason=why, tests=tests)
        return self.job.result(outcome=milestone_outcome(tests), tests=tests)

    def close(self) -> None:
        """End everything that is left of it; harmless when called twice."""
        if self._process is not None:
            self._process.kill()
            os.close(self._process.stdout)
            os.close(self._process.stderr)
            self._process = None
        self._folders.close()
        while self._open:
            os.close(self._open.pop())

    def __enter__(self) -> Trial:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _folder(self) -> Path:
        """The run's own; in a sandbox it lies in a /tmp that is the run's own, and goes with it."""
        scratch.sweep(self.job.environment)
        if self.job.sandboxed:
            return Path("/tmp") / f"sfs-{secrets.token_hex(4)}"
        return self._folders.enter_context(scratch.folder(self.job.environment))

    def _hidden_places(self) -> list[tuple[Path, str]]:
        """Each hidden suite, and where the trusted process finds it under the one name of such suites.

        The folder's name holds the file's own, for the words of an error in it.
        """
        suites = self.job.hidden()
        if self.job.sandboxed:
            return [(s, f"/tmp/{secrets.token_hex(16)}/{s.stem}/{HIDDEN}") for s in suites]
        return [(s, str(s) if s.name == HIDDEN else self._renamed(s)) for s in suites]

    def _renamed(self, suite: Path) -> str:
        """A copy under the name of hidden suites, where nothing can be mounted; gone at the end."""
        place = self._home / secrets.token_hex(4) / suite.stem / HIDDEN
        place.parent.mkdir(parents=True)
        shutil.copyfile(suite, place)
        return str(place)

    def _close(self, descriptor: int) -> None:
        self._open.remove(descriptor)
        os.close(descriptor)

    def _pipe(self) -> tuple[int, int]:
        near, far = os.pipe()
        self._open += [near, far]
        return near, far

    def _start(self, assignment: Assignment) -> None:
        job_fd = os.memfd_create("job")
        self._open.append(job_fd)
        os.write(job_fd, msgspec.json.encode(assignment))
        os.lseek(job_fd, 0, os.SEEK_SET)
        self._report, report_far = self._pipe()
        lifeline_far, self._lifeline = self._pipe()
        sources_far, self._sources = self._pipe()
        inherit = (job_fd, report_far, lifeline_far, sources_far)
        environment = {
            **{k: v for k, v in self.job.environment.items() if k in PASSED_ON},
            JOB_FD: str(job_fd),
            REPORT_FD: str(report_far),
            LIFELINE_FD: str(lifeline_far),
            SOURCES_FD: str(sources_far),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        argv = (sys.executable, "-P", "-m", "grader.grading.within")
        self._process = _enclosed(self.job, argv, environment, inherit, self._hidden)
        for descriptor in inherit:
            self._close(descriptor)

    def _follow(self, stop: threading.Event) -> bool:
        """Read until it has closed its end; True if it had to be ended for slowness."""
        process = self._process
        assert process is not None
        end = time.monotonic() + self.seconds + KILL_SLACK
        with selectors.DefaultSelector() as selector:
            for descriptor in (self._report, process.stdout, process.stderr):
                selector.register(descriptor, selectors.EVENT_READ)
            while time.monotonic() < end:
                if stop.is_set():
                    raise GraderFault("the run was stopped")
                for key, _ in selector.select(SLICE):
                    data = os.read(key.fd, 1 << 16)
                    if not data:
                        selector.unregister(key.fd)
                        if key.fd == self._report:
                            return False
                    elif key.fd == self._report:
                        self._tally.feed(data)
                    else:
                        self._tally.words = (self._tally.words + data)[-WORDS_KEPT:]
        process.kill()
        return True


class _Tally:
    """What the trusted process has told so far."""

    def __init__(self) -> None:
        self.watcher: Watcher | None = None
        self.expected: list[tuple[str, str]] = []
        self.tests: dict[tuple[str, str], TestResult] = {}
        self.faults: list[str] = []
        self.done = False
        self.words = b""  # the end of what the trusted process itself printed
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._hear(msgspec.json.decode(line))

    def _hear(self, message: dict[str, Any]) -> None:
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


def _enclosed(
    job: Job,
    argv: Sequence[str],
    environment: Mapping[str, str],
    inherit: tuple[int, ...],
    hidden: Sequence[tuple[Path, str]],
) -> Started:
    """The trusted process in its enclosure. Of the solutions it sees the hidden suites, at places
    that nobody can guess: a link that the code under test left for a test to follow finds nothing."""
    if not job.sandboxed:
        from grader.machine.unconfined import Unconfined

        return Unconfined().enclose(argv, environment=environment, inherit=inherit)
    try:
        sandbox = Sandbox.detect(job.environment)
    except SandboxUnavailable as error:
        raise SandboxUnavailable(
            error.message, f"{error.mend} Or practise with --unsafe."
        ) from error
    runtime = LANGUAGES[job.language].runtime(job.environment)
    visible = [job.layout.manifest, job.layout.root / "katas", Path(grader.__file__).parent]
    visible += [source for source, _ in runtime.mounts]
    return sandbox.enclose(
        argv,
        visible=visible,
        mounts=tuple(Mount(suite, place) for suite, place in hidden),
        inherit=inherit,
        environment=environment,
        tmp_bytes=TMP_BYTES,
    )
