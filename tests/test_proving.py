"""What `sfs verify` ends with."""

from __future__ import annotations

import pytest

from grader.commands.proving import _status
from grader.proof.subject import Finding
from grader.proof.verify import Report

FOUND = Finding(milestone="lamp/01-wire", what="is missing")


def report(proven: tuple[str, ...], *findings: Finding) -> Report:
    return Report(
        milestone="lamp/01-wire", proven=proven, not_run={}, tests=(1, 1), kills=(),
        findings=findings,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("common", "reports", "status"),
    [
        ([], [], 0),
        ([], [report(("python",))], 0),
        ([], [report(("python",)), report(("python",), FOUND)], 1),
        ([], [report(("python",)), report(())], 1),
        ([FOUND], [report(("python",))], 1),
    ],
)
def test_zero_means_proven(common: list[Finding], reports: list[Report], status: int) -> None:
    """A finding anywhere, or a milestone that could not be run at all, is no success."""
    assert _status(common, reports) == status
