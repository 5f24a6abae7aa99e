"""A failing test in plain words: what a learner reads, in a terminal or a file, without colour.

The order is that of a good bug report: what should hold, what happened, with what, where, and how
to see it again.
"""

from __future__ import annotations

from grader.failures.transcript import clean
from grader.verdict import Failure, TestResult

LABELS = {
    "failed": "FAILED",
    "todo": "NOT BUILT YET",
    "timeout": "TOO SLOW",
    "crashed": "CRASHED",
    "error": "GRADER ERROR",
    "not run": "NOT RUN",
}
DOES_NOT_COMPILE = "The code does not compile:"


def failure_text(test: TestResult) -> str:
    """All that is known of one failure, a few labelled blocks.

    Some of it the code under test said; what a terminal would obey is shown, not sent."""
    head = f"{LABELS.get(test.outcome, test.outcome)}  {test.sentence or test.name}"
    failure = test.failure
    if failure is None:
        return head
    blocks = [head, f"  {_indented(failure.reason)}"]
    if failure.calls:
        blocks.append("  What happened:\n" + "\n".join(f"    {line}" for line in failure.calls))
    blocks += _comparison(failure)
    if failure.assertion:
        blocks.append(f"  The test's line:\n    {failure.assertion}")
    own = [frame for frame in failure.frames if not frame.file.startswith("kit/")]
    blocks += [f"  Your line: {f.file}:{f.line} in {f.function}\n    {f.text}" for f in own[-1:]]
    if failure.prints.strip():
        blocks.append(f"  Your code printed:\n    {_indented(failure.prints.rstrip(), 4)}")
    if failure.seed is not None:
        blocks.append(f"  Seed {failure.seed}  ({test.suite} {test.name})")
    return clean("\n".join(blocks))


def _comparison(failure: Failure) -> list[str]:
    if failure.expected is None:
        return []
    return [
        f"  expected  {_indented(failure.expected, 12)}\n  actual    {_indented(failure.actual or '', 12)}"
    ]


def _indented(text: str, by: int = 2) -> str:
    return text.replace("\n", "\n" + " " * by)
