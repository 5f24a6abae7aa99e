"""Mutation of a tiny reference, by real runs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from grader.commands.mutating import _in_python
from grader.course import manifest
from grader.course.layout import Layout
from grader.errors import CourseError, UsageError
from grader.grading import runner
from grader.grading.trial import Job
from grader.here import Here
from grader.proof import mutate
from grader.proof.mutate import Mutation
from grader.verdict import MilestoneResult
from tests.grading.conftest import by_name

MARKED = '''\
"""A counter."""

from kit.errors import Refused


class Counter:
    def __init__(self):
        # BEGIN SOLUTION
        self.total = 0
        # END SOLUTION

    def add(self, amount):
        # BEGIN SOLUTION
        if amount < 0:
            raise Refused(f"cannot add {amount}")
        if amount > 2000000000:
            self.total += 1
        self.total += amount
        # END SOLUTION

    def value(self):
        # BEGIN SOLUTION
        return self.total
        # END SOLUTION
'''

Make = Callable[..., Mutation]


@pytest.fixture
def make(course: Path, tmp_path: Path) -> Make:
    """The mutation of the tiny course's only milestone, with a cache of its own."""
    reference = course / "solutions/tally/python/counter.py"
    reference.write_text(MARKED)

    def mutation(*, fresh: bool = False) -> Mutation:
        loaded = manifest.load(course / "milestones.yaml")
        system = loaded.system("tally")
        job = Job(
            layout=Layout(course),
            course=loaded,
            system=system,
            milestone=system.milestone("01"),
            language="python",
        )
        environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
        return Mutation(job, environment, fresh=fresh)

    return mutation


def test_what_nobody_notices_is_listed_and_can_be_excused(course: Path, make: Make) -> None:
    """Survivors are the changes that no test sees; a written reason excuses one, by its line."""
    mutation = make()
    mutation.baseline()
    score = mutation.run(2)
    alive = {(o.mutant.line, o.mutant.change) for o in score.open}
    assert {line for line, _ in alive} == {14, 16, 17}  # a bound, and what no test reaches
    assert (14, "amount < 0 -> amount <= 0") in alive
    assert not score.good and score.killed + len(score.open) == len(score.outcomes)

    entries = [
        {
            "file": "counter.py",
            "line": o.mutant.original(MARKED),
            "change": o.mutant.change,
            "reason": "Nobody adds as much.",
        }
        for o in score.open
    ]
    entries.append({**entries[0], "change": "nothing"})
    mutation.excuses_file.write_text(str(entries))
    again = make()
    told: list[int] = []
    score = again.run(2, lambda: told.append(1))
    assert len(told) == len(score.outcomes)
    assert (score.open, score.explained, len(score.stale)) == ([], 1.0, 1)


def test_a_second_run_goes_on_where_the_first_was_stopped(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known is not measured again, whatever became of the file's last line."""
    first = make()
    first.mutants = first.mutants[:3]
    first.run(1)
    with first.kept.path.open("ab") as file:
        file.write(b'\n{"sources": "cut o')
    measured: list[object] = []
    real = Mutation._measure

    def counting(self: Mutation, sources: dict[str, bytes], stop: threading.Event) -> object:
        measured.append(sources)
        return real(self, sources, stop)

    monkeypatch.setattr(Mutation, "_measure", counting)
    second = make()
    second.mutants = second.mutants[:5]
    second.run(1)
    assert len(measured) == 2
    third = make()
    third.mutants = third.mutants[:5]
    third.run(1)
    assert len(measured) == 2


def test_a_later_milestone_leaves_what_was_measured(course: Path, make: Make) -> None:
    """A mutant has the files up to its milestone, and no others; so no others decide its fate."""
    first = make()
    first.mutants = first.mutants[:2]
    first.run(1)
    listed = course / "milestones.yaml"
    listed.write_text(listed.read_text() + "      - {id: 02-more, title: More, adds: [more]}\n")
    (course / "solutions/tally/python/more.py").write_text("MORE = 1\n")
    second = make()
    assert set(second.sources) == {"counter.py"}
    assert second.kept.known == first.kept.known != {}


def test_a_reference_that_fails_is_no_baseline(course: Path, make: Make) -> None:
    """Mutants mean nothing before the reference passes."""
    reference = course / "solutions/tally/python/counter.py"
    reference.write_text(MARKED.replace("return self.total", "return 1"))
    with pytest.raises(CourseError, match="the reference itself does not pass"):
        make().baseline()


def test_a_module_that_nobody_needs_is_no_baseline(course: Path, make: Make) -> None:
    """Suites that pass without a file cannot judge it."""
    listed = course / "milestones.yaml"
    listed.write_text(listed.read_text().replace("[counter]", "[counter, spare]"))
    spare = course / "solutions/tally/python/spare.py"
    spare.write_text("def f():\n    # BEGIN SOLUTION\n    return 1\n    # END SOLUTION\n")
    with pytest.raises(CourseError, match=r"spare\.py: the suites pass without it"):
        make().baseline()


def test_milestones_without_python_are_left_out(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are named, and keep nobody from measuring the others; alone they are a wrong usage."""
    listed = course / "milestones.yaml"
    text = listed.read_text().replace("[python]", "[python, java]")
    more = "      - {id: 02-more, title: More, adds: [more], languages: [java]}\n"
    listed.write_text(text + more)
    here = Here(Layout(course), manifest.load(listed), None)
    ((_, milestone),) = _in_python(here, ("tally",))
    assert milestone.id == "01-count"
    assert "without a reference in Python: tally/02-more\n" in capsys.readouterr().err
    with pytest.raises(UsageError, match="tally/02-more: has no reference in Python"):
        _in_python(here, ("tally/02",))


def test_a_test_has_the_time_that_the_job_says(course: Path, make: Make) -> None:
    """Not the milestone's in the manifest: a mutant that hangs is not waited for as a learner is."""
    listed = course / "milestones.yaml"
    listed.write_text(listed.read_text().replace("timeout: 1.5", "timeout: 60"))
    job = make().job
    hanging = job.sources["counter.py"].replace(
        b"        return self.total", b"        while 1: pass"
    )
    short = msgspec.structs.replace(job.milestone, timeout=0.5)
    job = replace(job, milestone=short, sources={"counter.py": hanging}, suites=("visible",))
    tests = by_name(runner.grade(job, seed=1))
    assert tests["it_adds"].outcome == "timeout"
    assert tests["it_adds"].seconds < 30


def test_excuses_have_their_shape(tmp_path: Path) -> None:
    """An entry without a reason is refused with the file's name."""
    path = tmp_path / "excused.yaml"
    path.write_text("- {file: a.py, line: x, change: y}\n")
    with pytest.raises(CourseError, match=r"excused\.yaml.*reason"):
        mutate.excuses(path)


def test_tests_that_have_noticed_much_go_first(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of each run: most noticed for the time it takes, then by time alone."""
    mutation = make()
    mutation.baseline()
    seen = []
    grade = mutate.runner.grade

    def watched(job: Job, **more: Any) -> MilestoneResult:
        seen.append(job)
        return grade(job, **more)

    monkeypatch.setattr(mutate.runner, "grade", watched)
    mutation.run(1)
    assert all(job.brief and sorted(job.first) == sorted(mutation._seconds) for job in seen)
    assert sum(mutation._noticed.values()) >= len(mutation.mutants) // 2
    assert mutation._order()[0] in mutation._noticed


def test_suites_that_change_meanwhile_are_not_measured(course: Path, make: Make) -> None:
    """What was measured with another suite would be believed of this one."""
    mutation = make()
    mutation.baseline()
    with (course / "solutions/tally/01-count/test_hidden.py").open("a") as suite:
        suite.write('\n\ndef test_more(kata):\n    """More."""\n    assert False\n')
    with pytest.raises(CourseError, match="have changed"):
        mutation.run(1)
    assert make().kept.known == {}
