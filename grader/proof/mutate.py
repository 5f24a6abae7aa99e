"""Mutation testing of a milestone's suites: the Python reference with one change, again and again.

Every mutant is graded like any submission; the run ends with the first test that notices. What was
measured is kept line by line beside the verdicts, so a second run goes on where the first was stopped.
A survivor is a hole in the suites, or changes nothing that a suite could see: then the milestone's
`excused.yaml` says why.
"""

from __future__ import annotations

import difflib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import msgspec
import yaml

from grader.course import submission
from grader.course.layout import files
from grader.errors import CourseError, GraderFault
from grader.grading import cache as caches
from grader.grading import runner
from grader.grading.trial import Job
from grader.proof.mutants import Mutant, mutants
from grader.verdict import TestResult

BAR = 0.95  # the least share of mutants that a suite has to kill
TRUSTED_RUNS = 3  # of the untouched reference
DESTROYED = b'raise RuntimeError("destroyed")\n'
PATIENCE = 5.0  # a mutant's test may take so many times as long as the reference's slowest ...
LEAST_SECONDS = 5.0  # ... but this at least, for the machine may be busier by then
SEED = 1

Fate = Literal["killed", "survived", "unclear"]


class Excuse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a survivor is none: it is known by its file, its line's text and the change."""

    file: str
    line: str
    change: str
    reason: str


class Measured(msgspec.Struct, frozen=True):
    """What is kept of one mutant; `sources` is the digest of its whole code."""

    sources: str
    fate: Fate
    by: str  # the test that noticed


@dataclass(frozen=True)
class Outcome:
    """One mutant, what became of it, and why it may live."""

    mutant: Mutant
    fate: Fate
    by: str = ""
    excuse: str = ""


@dataclass(frozen=True)
class Score:
    """What is known of a milestone's suites."""

    outcomes: tuple[Outcome, ...]
    stale: tuple[Excuse, ...]  # excuses that no survivor needs

    @property
    def killed(self) -> int:
        return sum(o.fate == "killed" for o in self.outcomes)

    @property
    def excused(self) -> int:
        return sum(bool(o.excuse) for o in self.outcomes)

    @property
    def open(self) -> list[Outcome]:
        """Those that are neither killed nor excused."""
        return [o for o in self.outcomes if o.fate != "killed" and not o.excuse]

    @property
    def raw(self) -> float:
        return self.killed / max(1, len(self.outcomes))

    @property
    def explained(self) -> float:
        return (self.killed + self.excused) / max(1, len(self.outcomes))

    @property
    def good(self) -> bool:
        return self.raw >= BAR and not self.open and not self.stale


class Kept:
    """Measurements in a file of lines; a line that was cut off by a crash is as good as none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known: dict[str, Measured] = {}
        self._lock = threading.Lock()
        for line in path.read_bytes().splitlines() if path.exists() else []:
            try:
                one = msgspec.json.decode(line, type=Measured)
            except msgspec.DecodeError:
                continue
            self.known[one.sources] = one

    def add(self, measured: Measured) -> None:
        with self._lock:
            self.known[measured.sources] = measured
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                file.write(b"\n" + msgspec.json.encode(measured))


class Mutation:
    """All mutants of one milestone. `job` is the reference's; of it, a mutant has the files up to this
    milestone, as a learner does, so that a change of a later one leaves what was measured as it is."""

    def __init__(self, job: Job, environment: Mapping[str, str], *, fresh: bool = False) -> None:
        upto = job.layout.references_upto(job.system, job.milestone, job.language)
        self.sources = submission.of_files(upto)
        self.job = job = replace(job, sources=self.sources)
        self.mutants = list(self._all())
        self.excuses = excuses(self.excuses_file)
        self._asked, self._key = job, runner.key_of(job, {})
        name = f"{job.system.id}-{job.milestone.id}-{self._key[:24]}.jsonl"
        path = caches.folder(environment).parent / "mutants" / name
        if fresh:
            path.unlink(missing_ok=True)
        self.kept = Kept(path)
        self._seconds: dict[str, float] = {}  # each test took, at last
        self._noticed: Counter[str] = Counter()  # mutants by each test

    @property
    def excuses_file(self) -> Path:
        hidden = self.job.layout.hidden_suite(self.job.system.id, self.job.milestone.id)
        return hidden.with_name("excused.yaml")

    def _all(self) -> Iterator[Mutant]:
        for name in files(self.job.milestone, "python"):
            yield from mutants(self.sources[name].decode(), name)

    def baseline(self) -> None:
        """Before anything is believed: the reference passes, three times, and without one of its
        files it does not. CourseError if not. Sets how long a mutant's test may take."""
        slowest = 0.0
        for turn in range(TRUSTED_RUNS):
            noticed = _FirstToNotice(threading.Event())
            result = runner.grade(self.job, seed=SEED + turn, watcher=noticed)
            if result.outcome != "passed":
                odd = [f"{t.name}: {t.outcome}" for t in result.tests if t.outcome != "passed"]
                raise CourseError(
                    f"{result.id}: the reference itself does not pass: {result.reason or odd}",
                    "Mutants mean nothing before it does: sfs grade --reference",
                )
            self._seconds = noticed.seconds
            slowest = max(slowest, *self._seconds.values())
        for name in files(self.job.milestone, "python"):
            if self._measure({**self.sources, name: DESTROYED}, threading.Event()).fate != "killed":
                raise CourseError(
                    f"{name}: the suites pass without it", "Is it in `adds` of the right milestone?"
                )
        limit = min(self.job.milestone.timeout, max(LEAST_SECONDS, PATIENCE * slowest))
        milestone = msgspec.structs.replace(self.job.milestone, timeout=limit)
        self.job = replace(self.job, milestone=milestone)

    def run(self, workers: int, told: Callable[[], None] | None = None) -> Score:
        """Measure every mutant; `told` is called for each."""
        stop = threading.Event()
        outcomes: list[Outcome] = []
        with ThreadPoolExecutor(workers) as pool:
            futures = [pool.submit(self._fate, mutant, stop) for mutant in self.mutants]
            try:
                for future in futures:
                    outcomes.append(future.result())
                    if told:
                        told()
            finally:  # Ctrl-C: what still runs is ended, not waited for
                stop.set()
                for future in futures:
                    future.cancel()
        used = {self._excuse(o.mutant) for o in outcomes if o.fate != "killed"}
        return Score(tuple(outcomes), tuple(e for e in self.excuses if e not in used))

    def _fate(self, mutant: Mutant, stop: threading.Event) -> Outcome:
        sources = {**self.sources, mutant.file: mutant.text.encode()}
        known = self.kept.known.get(submission.digest(sources))
        if known is None or known.fate == "unclear":
            known = self._measure(sources, stop)
            if runner.key_of(self._asked, {}) != self._key:
                raise CourseError(
                    f"{self._asked.milestone.id}: its suites have changed while they were measured",
                    "Start again: what was measured before the change is not believed.",
                )
            self.kept.add(known)
        excuse = self._excuse(mutant) if known.fate == "survived" else None
        return Outcome(mutant, known.fate, known.by, excuse.reason if excuse else "")

    def _measure(self, sources: Mapping[str, bytes], stop: threading.Event) -> Measured:
        """Grade until the first test notices."""
        noticed = _FirstToNotice(stop)
        digest = submission.digest(sources)
        try:
            result = runner.grade(
                replace(self.job, sources=sources, brief=True, first=self._order()),
                seed=SEED,
                watcher=noticed,
                stop=noticed,
            )
        except GraderFault:
            if not noticed.by:
                raise
        if noticed.by:
            self._noticed[noticed.by] += 1
            self._seconds[noticed.by] = noticed.seconds[noticed.by]
            return Measured(digest, "killed", noticed.by)
        if result.outcome in ("failed", "timeout", "crashed", "todo"):
            return Measured(digest, "killed", result.reason or result.outcome)
        if result.outcome == "passed":
            return Measured(digest, "survived", "")
        return Measured(digest, "unclear", result.reason)

    def _order(self) -> tuple[str, ...]:
        """The tests: first those that have noticed most for the time they take, then the quick ones."""
        seconds, noticed = self._seconds, self._noticed
        return tuple(sorted(seconds, key=lambda t: (-noticed[t] / seconds[t], seconds[t])))

    def _excuse(self, mutant: Mutant) -> Excuse | None:
        line = mutant.original(self.sources[mutant.file].decode())
        same = (
            e
            for e in self.excuses
            if (e.file, e.line, e.change) == (mutant.file, line, mutant.change)
        )
        return next(same, None)


class _FirstToNotice(threading.Event):
    """A watcher that stops the run with the first test that does not pass, or when all is stopped."""

    def __init__(self, everything: threading.Event) -> None:
        super().__init__()
        self.by = ""
        self.seconds: dict[str, float] = {}  # from the end of the test before to the end of each
        self._last = time.monotonic()
        self._everything = everything

    def is_set(self) -> bool:
        return bool(self.by) or self._everything.is_set()

    def collected(self, total: int) -> None:
        self._last = time.monotonic()

    def finished(self, test: TestResult) -> None:
        self.seconds[test.name], self._last = time.monotonic() - self._last, time.monotonic()
        if test.outcome not in ("passed", "error", "not run") and not self.by:
            self.by = test.name


def excuses(path: Path) -> Sequence[Excuse]:
    """The written reasons of a milestone; CourseError says what is wrong with the file."""
    if not path.exists():
        return ()
    try:
        return tuple(msgspec.convert(yaml.safe_load(path.read_text("utf-8")) or [], list[Excuse]))
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise CourseError(
            f"{path}: {error}",
            "A list of entries with `file`, `line` (its text), `change` and `reason`.",
        ) from error


def difference(mutant: Mutant, source: str) -> str:
    """The changed lines, before and after."""
    lines = difflib.unified_diff(source.splitlines(), mutant.text.splitlines(), lineterm="", n=0)
    return "\n".join(line for line in list(lines)[2:] if not line.startswith("@@"))


def workers() -> int:
    return os.cpu_count() or 1
