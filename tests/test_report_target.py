"""A report takes the place of nothing but an earlier report."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.reports import target
from grader.reports.formats import FILE_NAMES, KINDS, Kind, render

SAMPLE = runpy.run_path(str(Path(__file__).parent / "golden" / "sample.py"))


@pytest.mark.parametrize("kind", KINDS)
def test_an_earlier_report_of_the_same_kind_is_replaced(tmp_path: Path, kind: Kind) -> None:
    """It is known by how it begins; one of any other kind is not taken for it."""
    earlier = tmp_path / FILE_NAMES[kind]
    earlier.write_text(render(SAMPLE["RUN"], kind, SAMPLE["HISTORY"]), "utf-8", newline="")
    assert [other for other in KINDS if target.is_report(earlier, other)] == [kind]
    target.check(earlier, kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", ["", "# Systems from Scratch\n\nA course\n", '{"a": 1}\n'])
def test_anything_else_stays(tmp_path: Path, kind: Kind, content: str) -> None:
    """A file that somebody wrote is named, and the mend is another name."""
    theirs = tmp_path / "notes"
    theirs.write_text(content)
    with pytest.raises(UsageError) as refused:
        target.check(theirs, kind)
    assert str(theirs) in refused.value.message
    assert "another name" in refused.value.mend


@pytest.mark.parametrize(
    "name", ["page_file.py", "Main.java", "new.ts", ".sfs/report.html", "kit/report.html", "link"]
)
def test_sources_and_memory_are_no_place_for_a_report(tmp_path: Path, name: str) -> None:
    """Not even where no file is yet, and not through a link."""
    (tmp_path / ".sfs").mkdir()
    (tmp_path / "link").symlink_to("page_file.py")
    with pytest.raises(UsageError, match="no place for a report"):
        target.check(tmp_path / name, "html")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda p: p.symlink_to("/dev/null")])
def test_what_is_no_file_is_no_report(tmp_path: Path, make: object) -> None:
    """A pipe is not waited for."""
    make(tmp_path / "report.html")  # type: ignore[operator]
    with pytest.raises(UsageError, match="is there already"):
        target.check(tmp_path / "report.html", "html")


def test_a_new_name_is_free(tmp_path: Path) -> None:
    """Nothing is there, so nothing is lost."""
    target.check(tmp_path / "report.html", "html")
