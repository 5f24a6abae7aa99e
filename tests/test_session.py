"""What a command says, and with what status it ends, when its verdicts were shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course import manifest
from grader.course.layout import Layout
from grader.errors import GraderError, UsageError
from grader.here import Here
from grader.session import Session

LAYOUT = Layout(Path(__file__).parent.parent)


@pytest.fixture
def session() -> Session:
    return Session(Here(LAYOUT, manifest.load(LAYOUT.manifest), None))


@pytest.mark.parametrize("status", [0, 1, 3])
def test_recorded_verdicts_decide_the_status(session: Session, status: int) -> None:
    """Nothing is in the way: the verdicts' own status is the command's."""
    assert session.settle(status) == status


@pytest.mark.parametrize(("status", "ends_with"), [(0, 2), (1, 2), (3, 3)])
def test_a_verdict_that_is_not_recorded_is_an_error(
    session: Session, status: int, ends_with: int
) -> None:
    """With file and mend of the first trouble; a fault of the grader stays one."""
    session.troubles.append(UsageError("progress.db: is full", "Make room."))
    session.troubles.append(UsageError("another", ""))
    with pytest.raises(GraderError) as raised:
        session.settle(status)
    assert raised.value.message == "the verdict could not be recorded: progress.db: is full"
    assert (raised.value.mend, raised.value.exit_code) == ("Make room.", ends_with)


def test_a_notice_is_no_error(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged record that was set aside is told on the error stream."""
    session.notices.append("progress.db was damaged")
    assert session.settle(0) == 0
    assert capsys.readouterr().err == "sfs: progress.db was damaged\n"
