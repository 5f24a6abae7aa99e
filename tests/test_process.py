"""How endings are put into words."""

from __future__ import annotations

import pytest

from grader.machine.process import Ending, signal_name


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        (Ending("exited", 3), "exited with status 3"),
        (Ending("signaled", 11), "was ended by SIGSEGV"),
        (Ending("signaled", 31), "was ended by SIGSYS"),
        (Ending("memory", 9), "was ended because it used more memory than allowed"),
        (Ending("disk", 9), "was ended because it wrote more to disk than allowed"),
        (Ending("cpu", 24), "was ended because it used more CPU time than allowed"),
        (Ending("killed", 9), "was killed"),
    ],
)
def test_an_ending_says_why(ending: Ending, words: str) -> None:
    """What follows "the process" in a report."""
    assert ending.describe() == words


def test_a_signal_without_a_name_keeps_its_number() -> None:
    """Real-time signals, mostly."""
    assert signal_name(50) == "signal 50"
