"""The fixture `disk`: a journal that begins where the test says."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from grader.bridge.disk import Disk
from grader.bridge.faults import WrongAnswer


class Door:
    """A kit's DiskFile that journals what it is told to."""

    def __init__(self) -> None:
        self.plan: dict[str, Any] | None = None
        self.path: str | None = None

    def trace(self, path: str | None, plan: dict[str, Any] | None) -> None:
        self.path, self.plan = path, plan

    def totals(self) -> dict[str, int]:
        return {"writes": 1}

    def write(self, data: str) -> None:
        entry = f'{{"op": "write", "path": "x", "offset": 0, "data": "{data}", "size": 1}}\n'
        with Path(str(self.path)).open("a") as file:
            file.write(entry)


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def disk(door: Door, tmp_path: Path) -> Disk:
    return Disk(cast("Any", SimpleNamespace(DiskFile=door)), tmp_path)


def test_a_journal_has_bytes(disk: Disk, door: Door) -> None:
    """What was written comes back as bytes, in order."""
    disk.record()
    door.write("AA==")
    door.write("AQ==")
    assert [entry["data"] for entry in disk.journal()] == [b"\0", b"\1"]


def test_record_forgets_what_was_before(disk: Disk, door: Door) -> None:
    """A second `record` begins an empty journal."""
    disk.record()
    door.write("AA==")
    disk.record()
    assert disk.journal() == []
    door.write("AQ==")
    assert [entry["data"] for entry in disk.journal()] == [b"\1"]


def test_a_plan_is_handed_on(disk: Disk, door: Door) -> None:
    """`fail` tells the door when and how; a manner that it does not know is refused."""
    disk.fail(3, "full")
    assert door.plan == {"at": 3, "how": "full"}
    with pytest.raises(ValueError, match="how must be one of"):
        disk.fail(1, "slowly")


@pytest.mark.parametrize(
    "line", ["5", "[]", "{", '{"data": 5}', '{"data": "\\u00e9"}', "[" * 100_000, "\x00"]
)
def test_a_journal_that_the_kit_did_not_write_fails_the_test(
    disk: Disk, tmp_path: Path, line: str
) -> None:
    """The file lies where the code under test can write: what is wrong with it is not our fault."""
    disk.record()
    (tmp_path / ".disk-journal").write_text(line + "\n")
    with pytest.raises(WrongAnswer):
        disk.journal()


@pytest.mark.parametrize("totals", [None, 5, [1], "writes"])
def test_counts_that_the_kit_did_not_make_fail_the_test(
    disk: Disk, door: Door, totals: object
) -> None:
    """A DiskFile of the learner's own may answer anything."""
    door.totals = lambda: totals  # type: ignore[method-assign, assignment, return-value]
    with pytest.raises(WrongAnswer):
        disk.counts()
