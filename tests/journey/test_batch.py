"""An instructor grades the submissions of a class in one go."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from grader.reports.formats import read_json
from tests.journey.learner import REFERENCE, Shell

PAGES = (REFERENCE / "page_file.py").read_text("utf-8")
FIRST = ("batch", "handed in", "database-system/01", "--lang", "python")


@pytest.fixture
def handed_in(shell: Shell) -> Path:
    """One who is right, one who is wrong, one with nothing, one with a link, and what is no folder."""
    folder = shell.home / "handed in"
    for name in ("ada", "grüße", "nobody", "sly", ".git"):
        (folder / name).mkdir(parents=True)
    (folder / "ada" / "page_file.py").write_text(PAGES, "utf-8")
    wrong = PAGES.replace("crc32", "adler32")
    assert wrong != PAGES
    (folder / "grüße" / "page_file.py").write_text(wrong, "utf-8")
    (folder / "sly" / "page_file.py").symlink_to(folder / "ada" / "page_file.py")
    (folder / "late.zip").write_bytes(b"PK")
    return folder


def test_each_folder_is_a_learner_with_a_verdict_of_its_own(shell: Shell, handed_in: Path) -> None:
    """Right, wrong, empty and unreadable submissions in one table; a second run measures nothing."""
    said = shell.sfs(*FIRST, "-o", "reports")
    rows = {line.split()[0]: line for line in said.splitlines() if "/1 " in line}
    assert list(rows) == ["ada", "grüße", "nobody", "sly"]
    assert "1/1     8/8" in rows["ada"]
    assert "0/1     0/8" in rows["grüße"] and "failed" in rows["grüße"]
    assert "is a link" in rows["sly"]
    assert "left out, as no folders: late.zip" in said
    reports = shell.home / "reports"
    book = list(csv.DictReader(io.StringIO((reports / "grades.csv").read_text("utf-8"))))
    assert [(row["subject"], row["points"]) for row in book] == [
        ("ada", "8"), ("grüße", "0"), ("nobody", "0"), ("sly", "0"),
    ]  # fmt: skip
    for row in book:
        assert "<!doctype html>" in (reports / row["subject"] / "report.html").read_text("utf-8")
        report = read_json((reports / row["subject"] / "report.json").read_text("utf-8"))
        assert report.subject == row["subject"]
    again = shell.json(*FIRST, "--json")
    assert isinstance(again, list)
    known = {run["subject"]: run["milestones"][0] for run in again}
    assert [known[name]["cached"] for name in ("ada", "grüße", "nobody")] == [True] * 3


def test_what_no_class_is_is_refused_before_anything_runs(shell: Shell, handed_in: Path) -> None:
    """No folder, no folders in it, reports among the submissions, and a language that is not clear."""
    assert "cannot be read" in shell.refused("batch", "nowhere", "database-system/01")
    assert "holds no folders" in shell.refused("batch", "handed in/ada", "database-system/01")
    assert "among the submissions" in shell.refused(*FIRST, "-o", "handed in/reports")
    assert "the language of the code is not clear" in shell.refused(*FIRST[:3])
    (handed_in / "\x1b[2J").mkdir()
    assert r"cannot be named '\x1b[2J'" in shell.refused(*FIRST)
    (handed_in / "\x1b[2J").rmdir()
    precious = shell.home / "reports" / "grades.csv"
    precious.parent.mkdir()
    precious.write_text("my own", "utf-8")
    assert "is there already" in shell.refused(*FIRST, "-o", "reports")
    assert precious.read_text("utf-8") == "my own"
