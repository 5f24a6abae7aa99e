"""What becomes of a fault of the grader in one of many gradings."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from grader.course import manifest
from grader.course.layout import Layout
from grader.errors import GraderFault
from grader.grading import runner
from grader.grading.runner import Job
from grader.grading.trial import NEVER, Watcher
from grader.verdict import MilestoneResult, exit_status

ROOT = Path(__file__).parent.parent


class Faulty:
    """A run that breaks in the first milestone, and passes in each other one."""

    def __init__(self, job: Job, seed: int, sources: Mapping[str, bytes]) -> None:
        self.job = job

    def __enter__(self) -> Faulty:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def result(self, watcher: Watcher | None, stop: threading.Event = NEVER) -> MilestoneResult:
        if self.job.milestone.id.startswith("01"):
            raise GraderFault("a host did not start", "Free some memory.")
        return self.job.result(outcome="passed")


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The database's milestones, to be measured by something that breaks in the first."""
    monkeypatch.setattr(runner, "Trial", Faulty)
    layout = Layout(ROOT)
    course = manifest.load(layout.manifest)
    system = course.system("database-system")
    return [
        Job(layout=layout, course=course, system=system, milestone=m, language="python", sources={})
        for m in system.milestones[:2]
    ]


def test_a_fault_in_one_milestone_leaves_the_others_their_verdicts(jobs: list[Job]) -> None:
    """It is the verdict `error` of that milestone, with reason and mend; the command ends with 3."""
    results = list(runner.grade_all(jobs, seed=1))
    assert [r.outcome for r in results] == ["error", "passed"]
    assert results[0].reason == "a host did not start\nFree some memory."
    assert exit_status(results) == 3


def test_a_run_that_was_stopped_has_no_verdict(jobs: list[Job]) -> None:
    """Ctrl-C is not a fault: nothing is made up for what was ended."""
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(GraderFault):
        runner.grade(jobs[0], seed=1, stop=stopped)
