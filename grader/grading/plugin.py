"""The pytest plugin: fixtures, deadlines, and the record of each test. The only importer of pytest.

It loads itself in every pytest run and is inert for files that are not a course's suite. In an
official run `within` hands it the scene; in a plain `pytest katas/<system>/<milestone>/…` it finds
the learner's folder (or the reference) itself. Outcomes come from pytest's own hooks and from
nothing that the code under test printed, wrote or returned.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from grader.bridge.faults import ExpectationUnmet, SuiteFault, TimedOut
from grader.bridge.program import Programs
from grader.bridge.proxy import Kata
from grader.bridge.workpath import confined
from grader.grading import judge
from grader.grading.judge import TestRun
from grader.grading.plain import PlainRun
from grader.grading.stage import Stage, World
from grader.verdict import TestResult

GRADING = pytest.StashKey["Grading"]()
RUN = pytest.StashKey[TestRun]()  # of a test: what it leaves behind
CURRENT = pytest.StashKey["TestRun | None"]()  # of the session: the run that is going on
SUITE_SLACK = 15.0  # seconds that the suite's own side may take beyond the code under test


class Grading(Protocol):
    """What a run needs to know of the suites it meets; `within` and plain runs differ here only."""

    seed: int = 0
    shuffle: bool = False
    brief: bool = False  # whether nobody will read what a failing test says
    first: tuple[str, ...] = ()  # names of tests that go before the others

    def milestone_of(self, path: Path) -> tuple[str, str, str] | None:
        """(system, milestone, suite) when `path` is a suite of this course."""
        raise NotImplementedError

    def oracles(self, path: Path) -> Path | None:
        """Where the modules lie that this suite may import, beside libraries."""
        raise NotImplementedError

    def stage(self, path: Path) -> Stage:
        raise NotImplementedError

    def seconds(self, path: Path) -> float:
        """The time limit of one test of this suite."""
        raise NotImplementedError

    def allowance(self) -> float:
        """Seconds that are left of the whole run's time."""
        return float("inf")

    def collected(self, names: list[tuple[str, str]]) -> None: ...

    def record(self, result: TestResult) -> None: ...

    def box(self, path: Path, seconds: float, note: Callable[[str], None]) -> Any:
        raise NotImplementedError

    def close(self) -> None: ...


class Seed(random.Random):
    """The test's source of random data; `value` is printed when the test fails."""

    def __init__(self, value: int) -> None:
        super().__init__(value)
        self.value = value


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("sfs", "Systems from Scratch")
    group.addoption(
        "--sfs-code",
        metavar="DIR",
        help="grade the code in DIR (default: the workspace, or the reference)",
    )
    group.addoption("--sfs-language", metavar="LANG", help="python, typescript or java")
    group.addoption("--sfs-seed", metavar="N", type=int, help="repeat a run's random data")
    group.addoption(
        "--sfs-unsafe", action="store_true", help="run the code under test without a sandbox"
    )


def grading_of(config: pytest.Config) -> Grading:
    """The run's grading; a plain run makes its own at the first suite that it meets."""
    grading = config.stash.get(GRADING, None)
    if grading is None:
        grading = PlainRun.from_options(
            config.invocation_params.dir,
            code=config.getoption("--sfs-code"),
            language=config.getoption("--sfs-language"),
            seed=config.getoption("--sfs-seed"),
            unsafe=config.getoption("--sfs-unsafe"),
        )
        config.stash[GRADING] = grading
    return grading


def _is_suite(path: Path) -> bool:
    return path.name in ("test_visible.py", "test_hidden.py")


@pytest.hookimpl(tryfirst=True)
def pytest_collectstart(collector: pytest.Collector) -> None:
    """Before a suite is imported: its oracles in reach, and hypothesis in the run's own manner."""
    if not isinstance(collector, pytest.Module) or not _is_suite(collector.path):
        return
    oracles = grading_of(collector.config).oracles(collector.path)
    if oracles is not None and str(oracles) not in sys.path:
        sys.path.append(str(oracles))
    if "hypothesis" in collector.path.read_text("utf-8"):
        _tame_hypothesis(grading_of(collector.config).brief)


def _tame_hypothesis(brief: bool) -> None:
    from hypothesis import HealthCheck, Phase, settings
    from hypothesis.internal.conjecture import providers

    # It would read all of our own modules for constants to try: slow, and a seed would then mean
    # other data with every change of the grader.
    vars(providers)["is_local_module_file"] = lambda path: False
    settings.register_profile(
        "sfs",
        database=None,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate] if brief else list(Phase),
    )
    settings.load_profile("sfs")


@pytest.hookimpl(trylast=True)  # what `-k` left out is not expected to report
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    suites = [item for item in items if _is_suite(item.path)]
    if not suites:
        return
    grading = grading_of(config)
    known = [(i, s) for i in suites if (s := grading.milestone_of(i.path))]
    grading.collected([(suite[2], item.name) for item, suite in known])
    if grading.shuffle:
        random.Random(grading.seed).shuffle(items)
        # A visible failure shows what the code says. It runs before any hidden test has been, so that
        # nothing that one of these left behind, be it a count of packets, can come to be said.
        hidden = {item for item, suite in known if suite[2] == "hidden"}
        items.sort(key=hidden.__contains__)
    place = {name: at for at, name in enumerate(grading.first)}
    items.sort(key=lambda item: place.get(item.name, len(place)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if not _is_suite(item.path):
        return
    grading = grading_of(item.config)
    suite = grading.milestone_of(item.path)
    if suite is None:
        return
    value = test_seed(grading.seed, suite[2], item.name)
    function = getattr(item, "function", None)
    run = TestRun(
        suite="hidden" if suite[2] == "hidden" else "visible",
        name=item.name,
        sentence=sentence(function),
        path=item.path,
        seed=value,
    )
    item.stash[RUN] = run
    signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, grading.seconds(item.path) + SUITE_SLACK)
    if "hypothesis" in sys.modules:
        from hypothesis import core

        vars(core)["global_force_seed"] = value


class TookTooLong(BaseException):
    """The suite's own side hangs, whatever it was led to. Neither a suite nor a library catches it."""


def _stop(*_: object) -> None:
    raise TookTooLong


def sentence(function: Any) -> str:
    """The first line of a test's docstring: the behaviour in plain words."""
    text = (getattr(function, "__doc__", None) or "").strip()
    return text.splitlines()[0].strip() if text else ""


def test_seed(run_seed: int, suite: str, name: str) -> int:
    """A test's own seed: the same for the same run seed, whatever else runs beside it."""
    return int.from_bytes(hashlib.sha256(f"{run_seed}:{suite}:{name}".encode()).digest()[:6], "big")


test_seed.__test__ = False  # type: ignore[attr-defined]


def pytest_assertrepr_compare(
    config: pytest.Config, op: str, left: object, right: object
) -> list[str] | None:
    """Remember the operands of the comparison that failed, for the report."""
    current = config.stash.get(CURRENT, None)
    if current is not None:
        current.compared = (op, left, right)
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    try:
        return (yield)
    finally:
        run = item.stash.get(RUN, None)
        if run is not None:
            grading_of(item.config).record(judge.verdict(run))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, Any]:
    run = item.stash.get(RUN, None)
    if run is not None and (call.when == "call" or call.excinfo):
        signal.setitimer(signal.ITIMER_REAL, 0)  # what follows is ours, and bounded
    report = yield
    if run is None:
        return report
    run.phase_ended(_translated(call.excinfo.value) if call.excinfo else None, call.duration)
    if report.failed and item.config.pluginmanager.hasplugin("terminalreporter"):
        report.longrepr = explain(judge.verdict(run))
    return report


def _translated(error: BaseException) -> BaseException:
    """pytest's own outcomes in our words: a suite may neither skip nor expect failure."""
    if isinstance(error, pytest.skip.Exception | pytest.xfail.Exception):
        return SuiteFault(f"a suite must not skip: {error}").with_traceback(error.__traceback__)
    if isinstance(error, pytest.fail.Exception):
        return ExpectationUnmet(str(error)).with_traceback(error.__traceback__)
    if isinstance(error, TookTooLong):
        return TimedOut("the test did not come to its end within the time limit")
    return error


def explain(result: TestResult) -> str:
    """The failure as plain pytest shows it."""
    from grader.failures.teach import failure_text

    return failure_text(result)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    item.config.stash[CURRENT] = item.stash.get(RUN, None)
    try:
        return (yield)
    finally:
        item.config.stash[CURRENT] = None


def pytest_unconfigure(config: pytest.Config) -> None:
    grading = config.stash.get(GRADING, None)
    if grading is not None:
        grading.close()


# -- what suites use ------------------------------------------------------------------------------


@pytest.fixture
def sfs_world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A fresh process and working directory for this test alone."""
    grading, run = grading_of(request.config), request.node.stash[RUN]
    stage = grading.stage(request.path)
    run.language = stage.scene.language.name
    run.home = stage.public_names()
    if stage.built.broken:
        run.broken = stage.built.broken
        pytest.fail("the code does not compile")
    seconds = min(grading.seconds(request.path), max(0.1, grading.allowance()))
    world = stage.world()
    run.workdir = str(world.workdir)
    before = os.umask(0)  # the code under test, another user, may write what the test prepares
    world.begin(seconds)
    yield world
    os.umask(before)
    run.output = world.host.output()
    world.close()


@pytest.fixture
def kata(request: pytest.FixtureRequest, sfs_world: World) -> Kata:
    """The code under test."""
    return Kata(sfs_world, request.node.stash[RUN].journal)


@pytest.fixture
def workdir(sfs_world: World) -> Path:
    """The directory shared with the code under test; private to this test."""
    return confined(sfs_world.workdir)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> Seed:
    """A source of random data that the report's seed repeats."""
    return Seed(request.node.stash[RUN].seed)


@pytest.fixture
def program(request: pytest.FixtureRequest, sfs_world: World) -> Programs:
    """Starts a module's `main(config, ready)` and drives it from outside."""
    return Programs(sfs_world, request.node.stash[RUN])


@pytest.fixture
def disk(kata: Kata, sfs_world: World) -> Any:
    """Counts, journals and breaks what the kit's DiskFile does."""
    from grader.bridge.disk import Disk

    return Disk(kata, confined(sfs_world.workdir))


@pytest.fixture
def box(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A private computer without host privilege, for this test alone."""
    grading, run = grading_of(request.config), request.node.stash[RUN]
    seconds = min(grading.seconds(request.path), max(0.1, grading.allowance()))
    computer = grading.box(request.path, seconds, run.note)
    yield computer
    computer.close()
