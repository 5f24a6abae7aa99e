"""One command's gradings: jobs from names, side by side, recorded as each one ends."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

import grader
from grader.course import class_secret, submission
from grader.course.manifest import Milestone, System
from grader.course.workspace import Workspace, write
from grader.errors import GRADER_FAULT, GraderError, UsageError
from grader.grading import cache as caches
from grader.grading import runner
from grader.grading.progress import Progress
from grader.grading.runner import Job
from grader.here import Here
from grader.show import Watching
from grader.verdict import MilestoneResult, RunResult, Suite

RESULTS = Path(".sfs") / "results"  # the last verdict of each milestone, for `sfs report`


@dataclass(frozen=True)
class Session:
    """What the options of one command ask for."""

    here: Here
    suites: tuple[Suite, ...] = ("visible", "hidden")
    seed: int | None = None
    fresh: bool = False
    unsafe: bool = False
    quiet: bool = False
    only: str = ""
    secret: bytes | None = None  # a class's: official runs get their data from it
    overlay: Mapping[tuple[str, str], tuple[Path, ...]] = field(default_factory=dict)
    troubles: list[UsageError] = field(default_factory=list)  # verdicts that could not be recorded
    notices: list[str] = field(default_factory=list)  # on the record itself

    def job(self, system: System, milestone: Milestone, language: str, code: Path | None) -> Job:
        """One grading; `code` None means the reference."""
        own = self.here.workspace
        private = self.overlay.get((system.id, milestone.id), ())
        hidden = private or self.here.layout.has_solutions()
        job = Job(
            layout=self.here.layout,
            course=self.here.course,
            system=system,
            milestone=milestone,
            language=language,
            code=code,
            suites=self.suites if hidden else ("visible",),
            overlay=private,
            seed=self.own_seed(system, milestone),
            sandboxed=not self.unsafe,
            only=self.only,
        )
        borrowed = own is not None and _is_of(job, own) and milestone.id in own.borrowed
        return replace(job, borrowed=borrowed)

    def own_seed(self, system: System, milestone: Milestone) -> int | None:
        """What the data of a milestone always begins with: as asked for, the secret's, the class's."""
        if self.seed is None and self.secret is not None:
            return class_secret.official_seed(self.secret, system.id, milestone.id)
        return self.seed if self.seed is not None else self._class_seed()

    def _class_seed(self) -> int | None:
        if self.secret is not None:  # what a report may show of it
            return class_secret.class_seed(self.secret)
        return class_secret.kept_seed(self.here.layout.class_seed)

    def run(self, jobs: Iterable[Job], subject: str) -> RunResult:
        """Grade all; each verdict that concerns the workspace is recorded as soon as it is there."""
        began, started = time.monotonic(), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        known = self._class_seed() if self.seed is None else self.seed
        seed = runner.new_seed() if known is None else known
        listed = list(jobs)
        several = len({job.code for job in listed}) > 1
        results = []
        with Watching(quiet=self.quiet) as watching:
            cache = None if self.fresh else caches.Cache(caches.folder(os.environ))
            found = runner.grade_all(
                listed,
                seed=seed,
                workers=os.cpu_count() or 1,
                watcher_for=lambda job: watching.watcher(
                    (f"{job.code.name}: " if several and job.code else "")
                    + f"{job.system.id}/{job.milestone.id} ({job.language})"
                ),
                cache=cache,
            )
            with contextlib.closing(found):  # Ctrl-C: nothing goes on behind our back
                for job, result in zip(listed, found, strict=True):
                    results.append(result)
                    self._record(job, result, seed)
        return RunResult(
            course=self.here.course.course,
            subject=subject,
            started=started,
            seconds=round(time.monotonic() - began, 3),
            seed=seed,
            sandboxed=not self.unsafe,
            grader=grader.__version__,
            milestones=tuple(results),
        )

    def _record(self, job: Job, result: MilestoneResult, seed: int) -> None:
        own = self.here.workspace
        if own is None or self.only or not _is_of(job, own):
            return
        try:
            progress = Progress(own.progress)
            if progress.notice:
                self.notices.append(progress.notice)
            code = submission.digest(job.read())
            progress.record(result, seed=seed, sandboxed=job.sandboxed, code=code)
            keep(own, result)
        except UsageError as trouble:  # the verdict itself is still to be shown
            self.troubles.append(trouble)

    def settle(self, status: int) -> int:
        """To be called when the verdicts were shown: says what became of a damaged record, and raises
        when a verdict could not be recorded. Otherwise the status with which the command may end."""
        for notice in self.notices:
            print(f"sfs: {notice}", file=sys.stderr)
        if not self.troubles:
            return status
        trouble = self.troubles[0]
        kind = GraderError if status == GRADER_FAULT else UsageError  # a fault stays a fault
        raise kind(f"the verdict could not be recorded: {trouble.message}", trouble.mend)


def _is_of(job: Job, own: Workspace) -> bool:
    """Whether what is graded is what the workspace is for."""
    return (job.code, job.system.id, job.language) == (own.root, own.system, own.language)


def keep(own: Workspace, result: MilestoneResult) -> None:
    """Remember the last verdict of a milestone; one with both suites is not replaced by one without."""
    path = own.root / RESULTS / f"{result.milestone}-{'+'.join(result.suites)}.json"
    write(path, msgspec.json.encode(result))


def kept(own: Workspace) -> Iterator[MilestoneResult]:
    """The last verdict of each milestone, the official one where there is one."""
    for milestone in own.begun:
        for suites in ("visible+hidden", "visible"):
            path = own.root / RESULTS / f"{milestone}-{suites}.json"
            try:
                yield msgspec.json.decode(path.read_bytes(), type=MilestoneResult)
                break
            except (OSError, msgspec.DecodeError):
                continue
