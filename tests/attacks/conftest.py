"""Grades each batch of attacks once, and prints at the end what was held."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator

import pytest

from grader.course.languages import LANGUAGES
from grader.errors import RuntimeMissing, SandboxUnavailable
from grader.machine.sandbox import Sandbox
from tests.attacks import traces
from tests.attacks.case import Batch
from tests.attacks.trying import Tried, Trying

ATTACK = "attack"  # the property of a test that holds class and language of its attack


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    try:
        return Sandbox.detect(os.environ)
    except SandboxUnavailable as error:
        pytest.skip(f"{error.message}. {error.mend}")


@pytest.fixture(scope="session")
def attempts(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trying]:
    with traces.adopting_orphans():
        yield Trying(tmp_path_factory.mktemp("attacks"), time.time())


@pytest.fixture
def tried(request: pytest.FixtureRequest, attempts: Trying) -> Tried:
    """The batch that the test is about, graded with all that belongs to it, once in a session."""
    batch: Batch = request.getfixturevalue("batch")
    try:
        LANGUAGES[batch.language].runtime(os.environ)
    except RuntimeMissing as error:
        pytest.skip(f"{error.message}. {error.mend}")
    return attempts.tried(batch)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    case = getattr(item, "callspec", None) and item.callspec.params.get("case")
    if case is not None and report.when == "call" and not report.skipped:
        report.user_properties.append((ATTACK, [case.group, case.language]))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    held: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for group, language in (v for name, v in report.user_properties if name == ATTACK):
                held[(group, language)].append(report.passed)
    if not held:
        return
    terminalreporter.section("attacks held, by class")
    groups = sorted({group for group, _ in held})
    width = max(map(len, groups))
    for group in groups:
        told = [
            f"{language} {sum(held[(group, language)])}/{len(held[(group, language)])}"
            for language in LANGUAGES
            if (group, language) in held
        ]
        good = sum(sum(h) for (g, _), h in held.items() if g == group)
        every = sum(len(h) for (g, _), h in held.items() if g == group)
        terminalreporter.line(f"{group:<{width}}  {good:3}/{every:<3}  {', '.join(told)}")
    total = sum(map(len, held.values()))
    terminalreporter.line(f"{'all':<{width}}  {sum(map(sum, held.values())):3}/{total:<3}")
