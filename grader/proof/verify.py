"""Proves milestones: each step of a proof runs side by side with others', and adds what it found out.

A step measures; `Proof.report` turns all that was measured into findings, always in the same order. The
repeated runs under load come at the end, one at a time: they want the machine for themselves.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec

from grader.errors import UsageError
from grader.proof import commands, files, impostors, lesson, misconceptions, runs
from grader.proof.runs import SEEDS, Bench, Kill, Turn
from grader.proof.subject import Finding, Subject, place
from grader.verdict import MilestoneResult

REPEAT = 3
REFUSED = "refused"  # before any test, by the import policy
# What no program can say; printed with every proof.
CHECKLIST = (
    "The hidden suite demands nothing that the lesson does not state.",
    "Each test's sentence says what is expected to somebody who cannot see the test.",
    "The lesson shows the failure first, and the question under 'Predict' can be answered from it.",
    "The hints go from a nudge over an approach to almost the code, and none is the code.",
    "The impostors are mistakes that people make, and their misconceptions are said in their words.",
    "The references are what a careful engineer would sign, in the idiom of each language.",
    "What the real systems do, and what is left out here, is said and is true.",
)
Step = Callable[[], None]
Status = Literal["green", "findings", "not proven"]


class Row(msgspec.Struct, frozen=True):
    """A line of the kill table: how many tests of each suite found an impostor out."""

    impostor: str
    language: str
    misconception: str
    visible: tuple[int, int]  # failed, of so many
    hidden: tuple[int, int]
    note: str = ""  # why there are no numbers


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that a milestone's proof showed."""

    milestone: str
    proven: tuple[str, ...]  # languages that ran
    not_run: dict[str, str]  # languages that could not, and why
    tests: tuple[int, int]  # visible, hidden
    kills: tuple[Row, ...]
    findings: tuple[Finding, ...]
    written: tuple[str, ...] = ()
    repeated: int = 0  # runs under load, in each language
    seconds: float = 0.0

    @property
    def status(self) -> Status:
        if self.findings:
            return "findings"
        return "green" if self.proven else "not proven"

    def killed(self) -> tuple[int, int, int]:
        """(by the hidden suite, by the visible one, of so many that ran)."""
        ran = [row for row in self.kills if row.note in ("", REFUSED)]
        hidden = sum(bool(row.note) or row.hidden[0] > 0 for row in ran)
        visible = sum(bool(row.note) or row.visible[0] > 0 for row in ran)
        return hidden, visible, len(ran)


class Proof:
    """One milestone's: its steps may run in any order and side by side."""

    def __init__(
        self, subject: Subject, bench: Bench, *, repeat: int = REPEAT, write: bool = False
    ) -> None:
        self.subject, self.bench, self.repeat, self.write = subject, bench, repeat, write
        self.missing = files.in_place(subject)
        self.stubs: dict[str, MilestoneResult] = {}
        self.references: dict[str, MilestoneResult] = {}  # of the whole one
        self.alone: dict[str, MilestoneResult] = {}  # without later milestones' files
        self.turns: dict[str, list[Turn]] = {}
        self.kills: dict[tuple[Path, int], Kill] = {}
        self._commands: list[Finding] = []
        self._troubles: list[Finding] = []
        self._costs: list[float] = []
        self._written: list[str] = []

    def steps(self) -> Iterator[Step]:
        """What can run side by side."""
        for language in self.languages():
            yield partial(self._timed, self._reference, language)
            yield partial(self._timed, self._stub, language)
        for path in self._patches():
            for seed in SEEDS if self.write else SEEDS[:1]:
                yield partial(self._timed, self._impostor, path, seed)

    def repeats(self) -> Iterator[Step]:
        """What wants the machine for itself, after all `steps`: a reference that passes, again."""
        for language, result in self.alone.items():
            if result.outcome == "passed" and self.repeat:
                yield partial(self._timed, self._flakes, language)

    def languages(self) -> list[str]:
        """Those of which all files are there."""
        if not all(path.is_file() for path in self.subject.suites.values()):
            return []
        return [
            language
            for language in self.subject.languages
            if all(path.is_file() for path in self.subject.code(language))
        ]

    def report(self) -> Report:
        """All findings, in the order in which one would mend them."""
        subject = self.subject
        kills = [self.kills[key] for key in sorted(self.kills) if key[1] == SEEDS[0]]
        findings = [
            *self.missing,
            *files.fresh_stubs(subject),
            *files.sentences(subject),
            *files.unwritten(subject),
            *self._troubles,
            *self._of_runs(),
            *runs.found_out(subject, kills),
            *self._misconceptions(kills),
            *lesson.lesson(subject),
            *lesson.hints(subject),
            *lesson.names(subject),
            *self._commands,
            *(f for one, turns in self.turns.items() for f in runs.steady(subject, one, turns)),
        ]
        ran = {n: r for n, r in self.references.items() if r.outcome != "not run"}
        counted = next((r for r in ran.values() if r.tests), None)
        return Report(
            milestone=subject.name,
            proven=tuple(name for name in subject.languages if name in ran),
            not_run={n: r.reason for n, r in self.references.items() if r.outcome == "not run"},
            tests=(counted.total("visible"), counted.total("hidden")) if counted else (0, 0),
            kills=tuple(map(_row, kills)),
            findings=tuple(findings),
            written=tuple(self._written),
            repeated=self.repeat if self.turns else 0,
            seconds=round(sum(self._costs), 1),
        )

    def _of_runs(self) -> Iterator[Finding]:
        for language in self.subject.languages:
            if language in self.stubs:
                yield from runs.zero_on_stubs(self.subject, language, self.stubs[language])
            if language in self.references:
                yield from runs.reference_passes(self.subject, language, self.references[language])
            whole = self.references.get(language)
            if language in self.alone and whole and whole.outcome == "passed":
                yield from runs.stands_alone(self.subject, language, self.alone[language])

    def _misconceptions(self, kills: Sequence[Kill]) -> list[Finding]:
        """The file beside the visible suite; with `write` it is brought up to date first."""
        began = time.monotonic()
        measured = (*self.references.values(), *self.alone.values())
        passed = [r.outcome in ("passed", "not run") for r in measured]
        if not passed or not all(passed):
            return []  # impostors of a reference that does not pass show nothing
        if self.write and misconceptions.write(self.subject, kills, self._again):
            self._written.append(place(self.subject.layout, self.subject.misconceptions))
        told = misconceptions.fresh(self.subject, kills, self._again)
        self._costs.append(time.monotonic() - began)
        return told

    def _again(self, one: Kill) -> Kill:
        """The same impostor with other data."""
        key = one.impostor.path, SEEDS[1]
        if key not in self.kills:
            self.kills[key] = runs.kill(self.subject, one.impostor, self.bench, SEEDS[1])
        return self.kills[key]

    def _patches(self) -> list[Path]:
        """The impostors that are in shape; what is wrong with others is in `missing`."""
        broken = {finding.where for finding in self.missing}
        root = self.subject.layout.root
        found = self.subject.layout.impostors(self.subject.system.id, self.subject.milestone.id)
        return [path for path in found if str(path.relative_to(root)) not in broken]

    def _timed(self, step: Callable[..., None], *arguments: object) -> None:
        began = time.monotonic()
        try:
            step(*arguments)
        except UsageError as error:  # of the course; the grader's own faults end everything
            self._troubles.append(self.subject.trouble(error))
        self._costs.append(time.monotonic() - began)

    def _stub(self, language: str) -> None:
        self.stubs[language] = self.bench.grade(runs.untouched(self.subject, language))

    def _reference(self, language: str) -> None:
        whole = self.subject.job(language)
        alone = self.subject.job(language, self.subject.reference(language))
        result = self.alone[language] = self.bench.grade(alone)
        last = whole.read() == alone.read()
        self.references[language] = result if last else self.bench.grade(whole)
        first = language == self.languages()[0]  # whose files a lesson's commands use
        if first and result.outcome == "passed" and self.subject.lesson.is_file():
            self._commands += commands.lesson_commands(self.subject, language, self.bench)

    def _impostor(self, path: Path, seed: int) -> None:
        impostor = impostors.load(path)
        if impostor.language in self.languages():
            self.kills[path, seed] = runs.kill(self.subject, impostor, self.bench, seed)

    def _flakes(self, language: str) -> None:
        self.turns[language] = runs.flakes(self.subject, language, self.repeat, self.bench)


def _row(one: Kill) -> Row:
    result, who = one.result, one.impostor
    note = result.outcome if not one.ran else REFUSED if one.refused else ""
    return Row(
        who.name,
        who.language,
        who.misconception,
        (len(one.failed("visible")), result.total("visible")),
        (len(one.failed("hidden")), result.total("hidden")),
        note,
    )


def prove(
    proofs: Sequence[Proof],
    workers: int,
    stop: threading.Event,
    watchers: Sequence[Callable[[], None]] = (),
) -> Iterator[Report]:
    """The proofs' reports, one after the other; `watchers` are told of each of their steps."""
    watch = list(watchers) or [_nobody] * len(proofs)
    with ThreadPoolExecutor(workers) as pool:
        futures = [
            (pool.submit(step), told)
            for proof, told in zip(proofs, watch, strict=True)
            for step in proof.steps()
        ]
        try:
            for future, told in futures:
                future.result()
                told()
        except BaseException:  # Ctrl-C, or a fault: what still runs is ended, not waited for
            stop.set()
            for future, _ in futures:
                future.cancel()
            raise
    for proof, told in zip(proofs, watch, strict=True):
        for step in proof.repeats():
            step()
            told()
        yield proof.report()


def _nobody() -> None:
    """Is told of a step."""
