"""Grades submissions: says why one cannot be run here, finds what is known, measures the rest.

Only conclusive, sandboxed verdicts are taken from the cache. What a run is made of is `trial`'s.
"""

from __future__ import annotations

import secrets
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from grader.course import policy, submission
from grader.course.languages import LANGUAGES, supported_platform
from grader.errors import GraderFault, RuntimeMissing
from grader.failures.transcript import clean
from grader.grading import cache as caches
from grader.grading.trial import NEVER, Job, Trial, Watcher
from grader.verdict import MilestoneResult

__all__ = ["Job", "Trial", "Watcher", "grade", "grade_all", "new_seed"]


def new_seed() -> int:
    return secrets.randbelow(1 << 32)


def grade(
    job: Job,
    *,
    seed: int,
    watcher: Watcher | None = None,
    cache: caches.Cache | None = None,
    stop: threading.Event = NEVER,
) -> MilestoneResult:
    """Measure one milestone. Raises only the GraderError family; what cannot run here says so, and
    a fault of the grader is the verdict of this milestone only: others of the same command go on."""
    began = time.monotonic()
    sources = job.read()
    missing = _unmet(job)
    if missing:
        return job.result(outcome="not run", reason=missing)
    banned = policy.violations(
        sources, job.language, job.system.bans.get(LANGUAGES[job.language].name, ())
    )
    if banned:
        return job.result(outcome="failed", reason=clean("\n".join(banned)))
    key = key_of(job, sources) if cache and job.sandboxed and not job.only else None
    kept = cache.get(key) if cache and key else None
    if kept:
        return msgspec.structs.replace(kept, borrowed=job.borrowed)
    try:
        with Trial(job, seed if job.seed is None else job.seed, sources) as trial:
            result = trial.result(watcher, stop)
    except GraderFault as fault:
        if stop.is_set():
            raise
        result = job.result(outcome="error", reason=f"{fault.message}\n{fault.mend}".strip())
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
) -> Generator[MilestoneResult, None, None]:
    """The jobs' results in the order of the jobs, measured side by side."""
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        futures = [
            pool.submit(grade, job, seed=seed, watcher=watcher_for(job), cache=cache, stop=stop)
            for job in jobs
        ]
        try:
            for future in futures:
                yield future.result()
        finally:  # Ctrl-C, or an error: what still runs is ended, not waited for
            stop.set()
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
        from grader.grading.boxes import unmet

        return unmet(job.milestone.needs)
    return ""


def key_of(job: Job, sources: Mapping[str, bytes]) -> str:
    layout, system, milestone = job.layout, job.system.id, job.milestone.id
    runtime = LANGUAGES[job.language].runtime(job.environment)
    suites = {
        "visible": (layout.visible_suite(system, milestone),),
        "hidden": job.hidden(),
    }
    return caches.key(
        [
            caches.judges_digest(),
            job.language,
            runtime.version,
            sys.version,
            submission.digest(sources),
            submission.digest(
                submission.read(layout.kit(system, job.language), job.language, kit=True)
            ),
            *(
                part
                for path in sorted(layout.oracles(system).glob("*.py"))
                for part in (path.name, path.read_bytes())
            ),
            *(part for s in job.suites for path in suites[s] for part in (s, path.read_bytes())),
            "" if job.seed is None else f"seed {job.seed}",
            "brief" if job.brief else "",
            msgspec.json.encode(job.milestone),
            msgspec.json.encode(job.system.bans),
        ]
    )
