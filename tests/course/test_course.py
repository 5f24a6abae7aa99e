"""The course proves itself: what `sfs verify` asks of a milestone, asked of every one."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from grader.course import manifest
from grader.course.layout import Layout
from grader.proof import files, lesson
from grader.proof.runs import Bench, Kill
from grader.proof.subject import Finding, Subject
from grader.proof.verify import Proof, Report, prove

pytestmark = pytest.mark.timeout(1200)  # a milestone's impostors run for minutes
LAYOUT = Layout(Path(__file__).parent.parent.parent)
COURSE = manifest.load(LAYOUT.manifest)
SYSTEMS = list(COURSE.systems.values())
SUBJECTS = [
    Subject(LAYOUT, COURSE, system, milestone)
    for system in SYSTEMS
    for milestone in system.milestones
]
# How many impostors of each milestone run here, "all" for `make prove`; and which, by this seed. Runs
# that have to agree are `make prove`'s as well; every grading of a reference has new data anyway.
IMPOSTORS = os.environ.get("SFS_IMPOSTORS", "1")
SAMPLE = os.environ.get("SFS_IMPOSTORS_SEED", str(random.SystemRandom().randrange(10**6)))
each_milestone = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)


def said(findings: Sequence[Finding]) -> list[str]:
    return [f"{f.where}: {f.what} -> {f.mend}" for f in findings]


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.id)
def test_a_system_has_its_files_and_no_others(system: manifest.System) -> None:
    """It has a README, and each file of its reference trees belongs to a milestone."""
    assert said(files.system_in_place(LAYOUT, system)) == []


@pytest.mark.parametrize(
    "check",
    [
        files.in_place,
        files.fresh_stubs,
        files.sentences,
        lesson.lesson,
        lesson.hints,
        lesson.names,
    ],
    ids=lambda check: check.__name__,
)
@each_milestone
def test_a_milestone_is_in_shape(
    subject: Subject, check: Callable[[Subject], list[Finding]]
) -> None:
    """Files, stubs, sentences, lesson, hints and the names in them are as they have to be."""
    assert said(check(subject)) == []


class Sampled(Proof):
    """A proof with a few of the impostors; what only all of them can show is left out."""

    def _patches(self) -> list[Path]:
        found = super()._patches()
        if IMPOSTORS == "all" or len(found) <= int(IMPOSTORS):
            return found
        return sorted(random.Random(f"{SAMPLE} {self.subject.name}").sample(found, int(IMPOSTORS)))

    def _misconceptions(self, kills: Sequence[Kill]) -> list[Finding]:
        return super()._misconceptions(kills) if IMPOSTORS == "all" else []

    def findings(self, report: Report) -> list[Finding]:
        """Without the share of the impostors that the visible suite finds out, unless all ran."""
        everyone = IMPOSTORS == "all"
        return [f for f in report.findings if everyone or "less than half" not in f.what]


@each_milestone
def test_a_milestone_is_proven(subject: Subject) -> None:
    """Stubs earn nothing, references everything; impostors are found out, a lesson's commands run."""
    print(f"again with SFS_IMPOSTORS={IMPOSTORS} SFS_IMPOSTORS_SEED={SAMPLE}")
    proof = Sampled(subject, Bench(), repeat=int(IMPOSTORS == "all"))
    (report,) = prove([proof], os.cpu_count() or 1, threading.Event())
    assert said(proof.findings(report)) == []
    if report.not_run:
        pytest.skip("; ".join(f"{name}: {why}" for name, why in report.not_run.items()))
    assert report.proven == subject.languages
