"""What a terminal shows of many failures: the first in full, the rest in as few lines as tell them apart."""

from __future__ import annotations

import pytest

from grader import show
from grader.failures.teach import failure_text
from grader.verdict import Failure, Frame, MilestoneResult, Outcome, Suite, TestResult

OWN = Frame("page_file.py", 7, "read", "return 1 +")


def failing(
    name: str, reason: str = "What came back is not what was expected.",
    *frames: Frame, outcome: Outcome = "failed", reproduction: str = "",
    calls: tuple[str, ...] = (), suite: Suite = "visible",
) -> TestResult:  # fmt: skip
    failure = Failure(reason=reason, frames=frames, reproduction=reproduction, calls=calls)
    return TestResult(
        suite=suite, name=name, sentence=f"The {name} test.", outcome=outcome, failure=failure
    )


def result(*tests: TestResult) -> MilestoneResult:
    return MilestoneResult(
        system="database-system", milestone="01-pages", title="A file of pages", language="python",
        points=8, outcome="failed", suites=("visible",), tests=tests,
    )  # fmt: skip


def test_one_mistake_behind_many_failures_is_one_line() -> None:
    """The same error at the same line of the learner's says nothing new; another one does."""
    broken = "The code raised SyntaxError: invalid syntax (page_file.py, line 7)"
    same = [failing(f"no. {i}", broken, OWN) for i in range(9)]
    said = show.failures(
        result(*same, failing("odd"), failing("new", outcome="todo")), everything=False
    )
    assert said.count("SyntaxError") == 1
    assert "8 that fail in the same way" in said
    assert "The odd test." in said and "1 that are not built yet" in said
    assert "no. 3" not in said


@pytest.mark.parametrize(
    ("reason", "call", "alike"),
    [
        ("What came back is not what was expected.", "page_file.read(1) -> 7", False),
        ("there is no PageFile", "PageFile() !! there is no PageFile", True),
        ("no answer before the time limit", "page_file.read(1) !! no answer", True),
        ("The code does not compile:\n1 error", "", True),
    ],
)
def test_without_a_line_of_the_learners_it_is_the_call_that_tells(
    reason: str, call: str, alike: bool
) -> None:
    """Wrong answers all have the same reason; they are not the same mistake."""
    tests = [failing(f"no. {i}", reason, calls=(call,)) for i in range(3)]
    said = show.failures(result(*tests), everything=False)
    assert ("2 that fail in the same way" in said, "no. 2" in said) == (alike, not alike)


def test_of_hidden_failures_every_sentence_is_told() -> None:
    """It is all that is known of them."""
    tests = [failing(f"no. {i}", "Neutral.", suite="hidden") for i in range(3)]
    said = show.failures(result(*tests), everything=False)
    assert "no. 1" in said and "no. 2" in said


def test_beside_other_milestones_a_failure_is_named_in_brief() -> None:
    """Whoever grades a whole course sees what failed, not only that something did."""
    said = show.in_brief(result(*(failing(f"no. {i}") for i in range(8))))
    assert [said.count("The no."), "… and 3 more" in said] == [5, True]
    assert show.in_brief(result(failing("a"), failing("a"))).endswith("✗ The a test. (2 times)")
    todo = [failing(f"no. {i}", outcome="todo") for i in range(40)]
    assert show.in_brief(result(*todo)).endswith("· 40 that are not built yet")


def test_what_is_begun_comes_before_what_is_not() -> None:
    """The order in which failures are shown, and of which the first is written down to be repeated."""
    tests = [failing("new", outcome="todo", reproduction="a"), failing("old", reproduction="b")]
    assert [t.name for t in show.by_interest(result(*tests))] == ["old", "new"]


def test_the_line_shown_is_the_learners_and_not_the_kits() -> None:
    """An error that comes out of the kit has a caller; without one there is no line of theirs."""
    kit = Frame("kit/disk.py", 3, "read", "raise OutOfSpace()")
    assert "Your line: page_file.py:7" in failure_text(failing("kit", "It failed.", OWN, kit))
    assert "Your line" not in failure_text(failing("kit", "It failed.", kit))


def test_what_tests_ask_for_is_told_once_for_many_of_the_same() -> None:
    """A sentence that several tests share has one line, with how many of them passed."""
    asked: list[tuple[str, Outcome]] = [
        ("Pages stay.", "passed"), ("Limits hold.", "passed"), ("Limits hold.", "failed"),
    ]  # fmt: skip
    tests = [
        TestResult(suite="visible", name=f"t{n}", sentence=sentence, outcome=outcome)
        for n, (sentence, outcome) in enumerate(asked)
    ]
    said = show.sentences(result(*tests))
    assert said.splitlines() == ["✓ Pages stay.", "✗ Limits hold. (1 of 2)"]
