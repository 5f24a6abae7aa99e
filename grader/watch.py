"""`sfs watch`: answers every save with the visible tests, by a run that was warm before the save.

The next run is started as soon as the last one has ended: it loads pytest, the suites and a warm host,
and only lacks the code. A save hands it the code as it is then.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from watchfiles import watch as changes

from grader import show
from grader.course import policy, submission
from grader.course.languages import LANGUAGES
from grader.course.layout import files
from grader.course.manifest import Milestone, System
from grader.course.workspace import Workspace, current
from grader.errors import SubmissionError
from grader.grading import runner
from grader.grading.trial import Trial
from grader.here import Here
from grader.session import Session
from grader.verdict import MilestoneResult, TestResult

LOOK_AGAIN = 500  # milliseconds: a save that fell between two watches is found then
DEBOUNCE = 20  # milliseconds in which the saves of an editor count as one


class _First:
    """Shows the first word on a run as soon as there is one."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.answered = 0.0

    def collected(self, total: int) -> None:
        """The number is known before the save: nothing to say."""

    def finished(self, test: TestResult) -> None:
        if not self.answered:
            self.answered = time.monotonic() - self.began
            mark = show.MARKS[test.outcome]
            print(f"{show.colour(mark, test.outcome)} {test.sentence or test.name} ...", flush=True)


class Watch:
    """Keeps one run warm for the milestone that is being worked on."""

    def __init__(self, here: Here, own: Workspace, system: System, *, unsafe: bool) -> None:
        self.session = Session(here, ("visible",), unsafe=unsafe, quiet=True)
        self.own = own
        self.system = system
        self.seen = ""  # the code that was answered last
        self._warm: tuple[Milestone, Trial] | None = None

    def prepare(self, milestone: Milestone) -> None:
        """Have a run ready for this milestone."""
        if self._warm and self._warm[0] is milestone:
            return
        self.close()
        job = self.session.job(self.system, milestone, self.own.language, self.own.root)
        self._warm = milestone, Trial(job, runner.new_seed())

    def answer(self, milestone: Milestone) -> MilestoneResult:
        """Measure the code as it is now."""
        began = time.monotonic()
        sources = submission.read(self.own.root, self.own.language)
        self.seen = submission.digest(sources)
        self.prepare(milestone)
        assert self._warm is not None
        trial, self._warm = self._warm[1], None
        bans = self.system.bans.get(LANGUAGES[self.own.language].name, ())
        with trial:
            broken = policy.violations(sources, self.own.language, bans)
            if broken:
                return trial.job.result(outcome="failed", reason="\n".join(broken))
            trial.give(sources)
            return trial.result(_First(began))

    def close(self) -> None:
        if self._warm:
            self._warm[1].close()
            self._warm = None


def watch(
    here: Here, own: Workspace, system: System, fixed: Milestone | None, *, unsafe: bool
) -> int:
    """Answer saves until Ctrl-C."""
    keeper = Watch(here, own, system, unsafe=unsafe)
    milestone = fixed or current(own, system)
    print(f"Watching {own.root}. Save a file to run the tests of {milestone.id}; Ctrl-C ends it.")
    try:
        _say(keeper.answer(milestone))
        keeper.prepare(milestone)
        for changed in _saves(own, keeper):
            milestone = fixed or _owner(changed, own, system) or milestone
            try:
                _say(keeper.answer(milestone))
            except SubmissionError as error:  # an editor's link or a file being written
                print(f"{error.message}\n  {error.mend}")
            keeper.prepare(milestone)
    finally:
        keeper.close()
    return 0


def _saves(own: Workspace, keeper: Watch) -> Iterator[set[str]]:
    """The names of the sources that changed, save by save."""
    suffix = f".{LANGUAGES[own.language].extension}"

    def source(change: object, path: str) -> bool:
        found = Path(path)
        return found.parent == own.root and found.suffix == suffix and found.name[0] != "."

    for batch in changes(
        own.root,
        watch_filter=source,
        recursive=False,
        debounce=DEBOUNCE,
        step=5,
        raise_interrupt=True,
        yield_on_timeout=True,
        rust_timeout=LOOK_AGAIN,
    ):
        if batch or submission.digest(submission.read(own.root, own.language)) != keeper.seen:
            yield {Path(path).name for _, path in batch}


def _owner(changed: set[str], own: Workspace, system: System) -> Milestone | None:
    """The milestone that a saved file belongs to."""
    for milestone in system.milestones:
        if changed & set(files(milestone, own.language)):
            return milestone
    return None


def _say(result: MilestoneResult) -> None:
    if result.reason:
        print(result.reason)
    text = show.failures(result, everything=False)
    print(f"{text}\n\n{show.tally(result)}\n" if text else f"{show.tally(result)}\n", flush=True)
