"""What of a milestone is proved by running it: the stub earns nothing, the reference everything, every
impostor is found out, and the same code gets the same verdict again and again.

Runs are measured by `runner` like anybody's and kept by content. The final reference is run once; all
else runs on the files up to this milestone, as a learner has them, so that what a later milestone
changes leaves it as it was. What a run showed becomes findings here and nowhere else.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import msgspec

from grader.course import submission
from grader.grading import cache as caches
from grader.grading import runner
from grader.grading.cache import Cache
from grader.grading.trial import NEVER, Job, run_seconds
from grader.proof import impostors
from grader.proof.impostors import Impostor
from grader.proof.subject import Finding, Subject
from grader.verdict import MilestoneResult, Outcome, Suite, TestResult

SEEDS = (20_240, 20_241)  # the data of an impostor's run, and of the second one that confirms it
MEASURED: frozenset[Outcome] = frozenset({"passed", "failed", "todo", "timeout", "crashed"})
FULL_TIME = (
    0.9  # a test that had less than this share of its limit did not time out by its own fault
)
# Ends with the process that started it, also when that one is killed.
BUSY = "import os, sys\nwhile os.getppid() == int(sys.argv[1]):\n    sum(range(100_000))\n"


@dataclass(frozen=True)
class Bench:
    """How things are measured: where verdicts are kept, and what says stop."""

    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    fresh: bool = False  # do not believe what is kept; it is written anew
    stop: threading.Event = NEVER

    @property
    def cache(self) -> Cache:
        """A folder of its own: beside verdicts of learners it keeps time-outs and crashes."""
        return Cache(caches.folder(self.environment).with_name("verified"), MEASURED)

    def grade(self, job: Job, seed: int = SEEDS[0]) -> MilestoneResult:
        """One run, or what is known of the same."""
        job = replace(job, environment=self.environment)
        if not self.fresh:
            return runner.grade(job, seed=seed, cache=self.cache, stop=self.stop)
        result = runner.grade(job, seed=seed, stop=self.stop)
        if result.tests:
            self.cache.put(runner.key_of(job, job.read()), result)
        return result

    def known(self, key: str) -> bytes | None:
        """Something else that was kept."""
        try:
            return None if self.fresh else (self.cache.folder / key).read_bytes()
        except OSError:
            return None


def untouched(subject: Subject, language: str) -> Job:
    """The stub as a learner gets it, on the earlier milestones' reference."""
    stubs = subject.layout.stubs(subject.system.id, subject.milestone, language)
    sources = {**subject.reference(language), **submission.of_files(stubs)}
    return subject.job(language, sources)


def zero_on_stubs(subject: Subject, language: str, result: MilestoneResult) -> list[Finding]:
    """Each test that ends otherwise than `todo` on the stub."""
    told = _unmeasured(subject, result, "the untouched stub")
    for test in result.tests:
        if test.outcome != "todo":
            words = f"on the untouched stub {test.name} ends {test.outcome}"
            mend = "Let it demand something of this milestone before anything else can decide it."
            told.append(_about(subject, language, test, words, mend))
    return told


def reference_passes(subject: Subject, language: str, result: MilestoneResult) -> list[Finding]:
    """Each test that the whole reference does not pass."""
    told = _unmeasured(subject, result, "the reference")
    for test in result.tests:
        if test.outcome != "passed":
            why = f": {test.failure.reason}" if test.failure else ""
            words = f"the reference does not pass {test.name}: {test.outcome}{why}"
            mend = f"See: sfs grade {subject.name} --reference --lang {language}"
            told.append(_about(subject, language, test, words, mend))
    return told


def stands_alone(subject: Subject, language: str, result: MilestoneResult) -> list[Finding]:
    """Each test that needs files of later milestones: a learner has none of them yet."""
    told = _unmeasured(subject, result, "the reference without later milestones' files")
    for test in result.tests:
        if test.outcome != "passed":
            words = f"without later milestones' files {test.name} ends {test.outcome}"
            mend = (
                "Let a milestone's reference import its own modules, earlier ones and the kit only."
            )
            told.append(_about(subject, language, test, words, mend))
    return told


@dataclass(frozen=True)
class Kill:
    """What one impostor's run showed."""

    impostor: Impostor
    result: MilestoneResult
    full_time: float = 0.0  # a visible test with less did not time out by its own fault

    @property
    def ran(self) -> bool:
        return self.result.outcome not in ("not run", "error")

    @property
    def refused(self) -> bool:
        """Not a test was needed: it breaks the import policy."""
        return bool(self.result.reason) and not self.result.tests

    def failed(self, suite: Suite) -> list[str]:
        """The tests of a suite that find it out, in the suite's order."""
        return [
            t.name for t in self.result.tests if t.suite == suite and noticed(t, self.full_time)
        ]

    def killed(self, suite: Suite) -> bool:
        return self.refused or bool(self.failed(suite))


def noticed(test: TestResult, full_time: float) -> bool:
    """Whether this test, and not the end of the whole run's time, found the code out."""
    if test.outcome == "timeout":  # how long a hidden test took is never told
        return test.suite == "hidden" or test.seconds >= full_time
    return test.outcome in ("failed", "crashed", "todo")


def kill(subject: Subject, impostor: Impostor, bench: Bench, seed: int = SEEDS[0]) -> Kill:
    """Run one impostor against both suites, whole; against each alone when time was too short."""
    sources = impostors.sources(impostor, subject.reference(impostor.language))
    job = replace(subject.job(impostor.language, sources, seed), brief=True)
    result = bench.grade(job)
    enough = run_seconds(subject.milestone)
    if result.seconds < enough:
        return Kill(impostor, result)
    suites: tuple[Suite, Suite] = ("visible", "hidden")
    alone = [bench.grade(replace(job, suites=(suite,))) for suite in suites]
    tests = tuple(test for one in alone for test in one.tests)
    cut = alone[0].seconds >= enough
    full_time = FULL_TIME * subject.milestone.timeout if cut else 0.0
    return Kill(impostor, msgspec.structs.replace(result, tests=tests), full_time)


def found_out(subject: Subject, kills: Sequence[Kill]) -> list[Finding]:
    """Impostors that the hidden suite lets pass; and if the visible one lets most of them."""
    told = []
    for one in kills:
        path, language = one.impostor.path, one.impostor.language
        if one.result.outcome == "error":
            told += _unmeasured(subject, one.result, f"the impostor {one.impostor.name}")
        elif one.ran and not one.killed("hidden"):
            words = f"the hidden suite lets {one.impostor.name} pass: {one.impostor.misconception}"
            mend = "Strengthen the suite, or take the impostor out if the lesson allows it."
            told.append(subject.finding(words, path, language=language, mend=mend))
    ran = [one for one in kills if one.ran]
    seen = sum(one.killed("visible") for one in ran)
    if seen * 2 < len(ran):
        words = f"the visible suite finds out {seen} of {len(ran)} impostors, less than half"
        mend = "Take over tests of the most common misconceptions from the hidden suite."
        told.append(subject.finding(words, subject.suites["visible"], mend=mend))
    return told


class Turn(msgspec.Struct, frozen=True):
    """One run of the reference under load: with which data and order, and what did not pass."""

    seed: int
    odd: tuple[tuple[str, str, str], ...] = ()  # (suite, test, outcome)
    reason: str = ""


def flakes(subject: Subject, language: str, turns: int, bench: Bench) -> list[Turn]:
    """Run the reference so many times in random order with fresh data, on a busy machine."""
    job = subject.job(language, subject.reference(language))
    job = replace(job, environment=bench.environment)
    key = caches.key(["flakes", str(turns), runner.key_of(job, job.read())])
    known = bench.known(key)
    if known:
        return msgspec.json.decode(known, type=list[Turn])
    with busy():
        told = [_turn(job, runner.new_seed(), bench) for _ in range(turns)]
    if not any(turn.reason for turn in told):
        bench.cache.write(key, msgspec.json.encode(told))
    return told


def _turn(job: Job, seed: int, bench: Bench) -> Turn:
    result = runner.grade(replace(job, seed=seed), seed=seed, stop=bench.stop)
    odd = tuple((t.suite, t.name, t.outcome) for t in result.tests if t.outcome != "passed")
    return Turn(seed, odd, "" if result.tests else result.reason or "no test ran")


def steady(subject: Subject, language: str, turns: Sequence[Turn]) -> list[Finding]:
    """Each outcome of the reference's repeated runs that is not a pass."""
    told = []
    for turn in turns:
        mend = (
            f"Repeat it: sfs grade {subject.name} --reference --lang {language} --seed {turn.seed}"
        )
        if turn.reason:
            words = f"under load, with the seed {turn.seed}: {turn.reason}"
            told.append(subject.finding(words, language=language, mend=mend))
        for suite, name, outcome in turn.odd:
            kind: Suite = "hidden" if suite == "hidden" else "visible"
            words = f"flake: under load, with the seed {turn.seed}, {name} ends {outcome}"
            line = subject.test_line(kind, name)
            path = subject.suites[kind]
            told.append(subject.finding(words, path, line, language=language, mend=mend))
    return told


@contextmanager
def busy() -> Iterator[None]:
    """Keep the other cores at work."""
    count = max(1, (os.cpu_count() or 1) - 1)
    argv = [sys.executable, "-I", "-c", BUSY, str(os.getpid())]
    neighbours = [subprocess.Popen(argv, start_new_session=True) for _ in range(count)]
    try:
        yield
    finally:
        for neighbour in neighbours:
            neighbour.kill()
            neighbour.wait()


def _unmeasured(subject: Subject, result: MilestoneResult, whose: str) -> list[Finding]:
    """A run that the grader could not bring to its end, or that had no tests."""
    if result.outcome == "not run" or (result.tests and result.outcome != "error"):
        return []
    words = f"{whose} could not be measured: {result.reason or 'no tests ran'}"
    return [subject.finding(words, language=result.language, mend="sfs doctor")]


def _about(subject: Subject, language: str, test: TestResult, words: str, mend: str) -> Finding:
    path, line = subject.suites[test.suite], subject.test_line(test.suite, test.name)
    return subject.finding(words, path, line, language=language, mend=mend)
