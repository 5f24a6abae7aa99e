"""Whatever is handed in gets the verdict that it earned, and nothing of it stays or comes out."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from grader.verdict import MilestoneResult, milestone_outcome, points
from tests.attacks.case import Batch, Case, Table, batches
from tests.attacks.course import HONEST_NEIGHBOUR
from tests.attacks.trying import Tried, Trying

MODULES = sorted(path.stem for path in Path(__file__).parent.glob("cases_*.py"))


def tables() -> list[Table]:
    loaded = [importlib.import_module(f"tests.attacks.{name}") for name in MODULES]
    return [table for module in loaded for table in vars(module).values() if type(table) is Table]


CASES = [case for table in tables() for case in table.cases]
assert len({case.key for case in CASES}) == len(CASES)
BATCHES = batches(CASES)
BATCH_OF = {case.key: batch for batch in BATCHES for case in batch.cases}


def told(verdict: MilestoneResult) -> str:
    """A verdict's failures, for a message."""
    lines = [f"{verdict.outcome} {verdict.reason}"]
    for test in verdict.tests:
        reason = test.failure.reason if test.failure else ""
        prints = test.failure.prints if test.failure else ""
        lines.append(f"{test.suite} {test.name}: {test.outcome} {reason[:600]} {prints[-1500:]}")
    return "\n".join(lines)


@pytest.fixture
def batch(request: pytest.FixtureRequest) -> Batch:
    parameter = request.node.callspec.params
    return BATCH_OF[parameter["case"].key] if "case" in parameter else parameter["group"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
def test_an_attack_gets_the_verdict_that_it_earned(case: Case, tried: Tried) -> None:
    """Exactly the expected outcome in each suite, for the stated reason, and no points."""
    assert tried.verdicts
    for verdict in tried.verdicts:
        assert case.refused in verdict.reason, told(verdict)
        assert not case.refused or verdict.outcome == "failed", told(verdict)
        for (suite, name), outcome in case.expected().items():
            test = tried.test(verdict, suite, name)
            assert test is not None, told(verdict)
            assert (suite, test.outcome) == (suite, outcome), (test, told(verdict))
            if suite == "visible" and case.limit:
                assert test.failure is not None
                assert case.limit in test.failure.reason, test


@pytest.mark.parametrize("group", BATCHES, ids=lambda batch: batch.key)
def test_nothing_comes_of_a_batch_of_attacks(group: Batch, tried: Tried) -> None:
    """The sum is right, its neighbour and the next submission are judged by what they are, nothing
    stays on the machine and nothing of the hidden suite is shown."""
    cases = group.cases
    for verdict in tried.verdicts:
        expected = {k: v for case in cases for k, v in case.expected().items()}
        neighbours = [t for t in verdict.tests if HONEST_NEIGHBOUR in t.name]
        seen = {(t.suite, t.name) for t in verdict.tests}
        assert seen == {*expected, *((t.suite, t.name) for t in neighbours)}
        if not cases[0].refused:
            wanted = [cases[0].neighbour] * 2
            assert [t.outcome for t in neighbours] == wanted, told(verdict)
            assert verdict.outcome == milestone_outcome(verdict.tests)
        assert points(verdict) == (5 if verdict.outcome == "passed" else 0)
        assert verdict.outcome != "passed" or set(expected.values()) == {"passed"}
    assert tried.left == []
    assert tried.leaks == []
    assert tried.changed == []
    assert tried.honest is not None
    assert tried.honest.outcome == "passed", told(tried.honest)
    assert points(tried.honest) == 5


def test_no_file_holds_what_hidden_suites_held(attempts: Trying) -> None:
    """None of the marks of any run so far is in a file, outside the suites themselves."""
    from tests.attacks import traces

    assert traces.files_with(attempts.marks, attempts.began, [attempts.home]) == []
