"""Reports: golden files of one rich run, and what each consumer relies on.

The golden files lie in tests/golden; `SFS_WRITE_GOLDEN=1 pytest tests/test_reports.py` writes them
anew, to be read before they are kept.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import runpy
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from msgspec.structs import replace

import grader
from grader.failures.transcript import visible
from grader.reports.formats import FILE_NAMES, KINDS, Kind, read_json, render, schema
from grader.reports.words import summary_line, verdict_line
from grader.verdict import RunResult, points

GOLDEN = Path(__file__).parent / "golden"
SAMPLE = runpy.run_path(str(GOLDEN / "sample.py"))
RUN: RunResult = SAMPLE["RUN"]
HISTORY = SAMPLE["HISTORY"]
SCHEMA = Path(grader.__file__).parent / "report.schema.json"


def rendered(kind: Kind, run: RunResult = RUN) -> str:
    return render(run, kind, HISTORY)


def loaded(kind: Kind, run: RunResult = RUN) -> Any:
    return json.loads(rendered(kind, run))


def only(*milestones: int) -> RunResult:
    """The sample run cut down to some of its milestones."""
    return replace(RUN, milestones=tuple(RUN.milestones[n] for n in milestones))


PASSED, CRASHED, UNBUILT, BORROWED, REGRESSED, PARTIAL, UNRUN, UNCLEAR = range(8)


# -- all of them ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_report_is_as_it_was(kind: Kind) -> None:
    """Golden: a change of a report is seen, and meant."""
    path = GOLDEN / f"{kind}-{FILE_NAMES[kind]}"
    text = rendered(kind)
    if os.environ.get("SFS_WRITE_GOLDEN"):
        path.write_text(text, "utf-8", newline="")
    assert path.read_bytes().decode("utf-8") == text


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_a_hidden_test_is_told(kind: Kind) -> None:
    """Neither its values, nor its name, nor its duration: the sentence and a neutral reason only."""
    text = rendered(kind)
    assert SAMPLE["SECRET"] not in text and "9.99" not in text
    for name in ("test_reused", "test_half", "test_mounts"):
        assert name not in text


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "csv"])
def test_a_failing_hidden_test_is_told_by_its_sentence(kind: Kind) -> None:
    """With a reason that is the same for everybody."""
    text = rendered(kind)
    assert "Compaction happens only when room is needed." in text
    assert "The behaviour was not as described." in text


@pytest.mark.parametrize("kind", KINDS)
def test_no_report_holds_what_cannot_be_seen(kind: Kind) -> None:
    """Escape sequences, NUL, bidirectional marks and lone surrogates arrive as visible escapes."""
    text = rendered(kind)
    unseen = {c for c in text if visible(c) != c}
    assert unseen <= {"\n", "\t", "\r"} and ("\r" not in unseen or kind == "csv")
    text.encode("utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_without_a_sandbox_says_so(kind: Kind) -> None:
    """And only such a run does."""
    warned = re.compile(r'NOT SANDBOXED|"sandboxed": false|,NO,')
    assert warned.search(rendered(kind))
    assert not warned.search(rendered(kind, replace(RUN, sandboxed=True)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_borrowed_milestone_is_shown_as_borrowed(kind: Kind) -> None:
    """It passed, but not by the learner's work."""
    assert "borrowed" in rendered(kind, only(BORROWED)).lower()


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_run_has_a_report(kind: Kind) -> None:
    """Nothing graded is no reason to fall over."""
    assert render(only(), kind)


@pytest.mark.parametrize(
    ("index", "line"),
    [
        (PASSED, "passed: all 3 visible and 1 hidden tests"),
        (CRASHED, "crashed: 1 of 6 visible and 1 of 3 hidden tests passed"),
        (UNBUILT, "not built yet: 0 of 1 visible tests passed; the hidden suite did not run"),
        (BORROWED, "passed: all 1 visible and 1 hidden tests; borrowed, no credit"),
        (PARTIAL, "passed: all 1 visible tests; the hidden suite did not run"),
        (UNRUN, "not run: needs user namespaces, which this machine does not allow"),
        (UNCLEAR, "grader error: 0 of 1 visible and 0 of 2 hidden tests passed"),
    ],
)
def test_a_verdict_always_says_which_suites_ran(index: int, line: str) -> None:
    """`passed` alone would promise too much."""
    assert verdict_line(RUN.milestones[index]) == line


IN_PART = replace(RUN, milestones=(replace(RUN.milestones[PASSED], partial=True),))


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "json"])
def test_a_run_of_some_tests_is_never_a_full_verdict(kind: Kind) -> None:
    """With `-k` no report gives points or says `all`; each says that only some tests ran."""
    text = rendered(kind, IN_PART)
    assert "all 3 visible" not in text
    assert '"pass"' not in text.split('"tests"')[0]  # of the run as a whole
    assert "only some of the tests ran" in text or "in part" in text
    assert points(IN_PART.milestones[0]) == 0
    assert summary_line(IN_PART) == (
        "0 of 1 milestone passed both suites, 1 passed some tests only, 0 of 8 points"
    )


def test_the_summary_counts_full_passes_only() -> None:
    """One suite, a borrowed step and what could not run are told apart."""
    assert summary_line(RUN) == (
        "1 of 8 milestones passed both suites, 1 passed one suite only, 1 borrowed (no credit), "
        "1 could not be run here, 8 of 54 points"
    )


# -- report.json ----------------------------------------------------------------------------------


def test_the_schema_is_fresh() -> None:
    """grader/report.schema.json is generated; `reports.schema()` is its source."""
    if os.environ.get("SFS_WRITE_GOLDEN"):
        SCHEMA.write_text(schema(), "utf-8")
    assert SCHEMA.read_text("utf-8") == schema()


def test_the_json_report_keeps_to_its_schema() -> None:
    """Every outcome, every optional field."""
    jsonschema.Draft202012Validator(json.loads(schema())).validate(loaded("json"))


def test_the_json_report_can_be_read_back() -> None:
    """Reading and writing again changes nothing."""
    text = rendered("json")
    assert render(read_json(text), "json") == text and loaded("json")["schema_version"] == 1


# -- JUnit ----------------------------------------------------------------------------------------


def test_junit_counts_agree_with_its_cases() -> None:
    """Consumers believe the attributes; each suite's and the sum must be true."""
    root = ET.fromstring(rendered("junit").encode("utf-8"))
    sums = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in root.iter("testsuite"):
        counted = {
            "tests": len(suite.findall("testcase")),
            "failures": len(suite.findall("testcase/failure")),
            "errors": len(suite.findall("testcase/error")),
            "skipped": len(suite.findall("testcase/skipped")),
        }
        assert {k: int(suite.attrib[k]) for k in counted} == counted
        sums = {k: sums[k] + counted[k] for k in sums}
        assert suite[0].tag == "properties" and suite.attrib["timestamp"] == "2026-03-01T10:20:30"
    assert {k: int(root.attrib[k]) for k in sums} == sums


def test_junit_cases_have_names_of_their_own() -> None:
    """Two tests of one name in one class are one to a consumer."""
    cases = [
        (c.attrib["classname"], c.attrib["name"])
        for c in ET.fromstring(rendered("junit").encode()).iter("testcase")
    ]
    assert len(cases) == len(set(cases)) == 22


def test_junit_keeps_what_xml_could_break() -> None:
    """The end of a CDATA section, tags and quotes come out as they went in."""
    root = ET.fromstring(rendered("junit").encode())
    told = "".join(f.text or "" for f in root.iter("failure"))
    assert "</script><script>alert(1)</script> ]]> <!-- \\x1b[31mred\\x00 \\u202eback" in told


def test_junit_tells_a_milestone_that_failed_without_a_test() -> None:
    """A regression is a failure of its own."""
    root = ET.fromstring(rendered("junit", only(REGRESSED)))
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None and "01-byte-stream no longer passes" in failure.attrib["message"]


# -- Gradescope -----------------------------------------------------------------------------------

VISIBILITIES = {"hidden", "after_due_date", "after_published", "visible"}


def test_gradescope_scores_whole_milestones() -> None:
    """The points of the tests that have any add up to the score."""
    document = loaded("gradescope")
    scored = [t for t in document["tests"] if "score" in t]
    assert document["score"] == sum(t["score"] for t in scored) == 8
    assert [(t["score"], t["max_score"]) for t in scored] == [
        (8, 8), (0, 8), (0, 8), (0, 6), (0, 8), (0, 8), (0, 8),
    ]  # fmt: skip


def test_gradescope_hides_hidden_tests() -> None:
    """Students see the milestone and the visible tests; all text is plain."""
    document = loaded("gradescope")
    assert document["stdout_visibility"] == "hidden"
    for test in document["tests"]:
        assert test["visibility"] in VISIBILITIES and test["output_format"] == "text"
        assert test.get("status", "failed") in {"passed", "failed"}
        hidden = "hidden" in test.get("tags", ())
        assert (test["visibility"] == "hidden") is hidden


# -- Exercism and GitHub Classroom ----------------------------------------------------------------


def test_classroom_scores_add_up() -> None:
    """Each passed milestone's points are spread over its tests, in whole numbers."""
    document = loaded("classroom")
    assert document["max_score"] == 54
    assert sum(t["score"] for t in document["tests"]) == sum(points(m) for m in RUN.milestones) == 8
    assert all(type(t["score"]) is int for t in document["tests"])


def test_classroom_keeps_to_the_test_runner_format() -> None:
    """Version 3: required keys, known words, no more than 500 characters of a test's own output."""
    document = loaded("classroom")
    assert document["version"] == 3 and document["status"] in {"pass", "fail", "error"}
    for test in document["tests"]:
        assert test["status"] in {"pass", "fail", "error"} and test["name"]
        assert (test["message"] is None) is (test["status"] == "pass")
        assert 0 < len(test.get("output", "x")) <= 500


@pytest.mark.parametrize(
    ("run", "status"),
    [
        (only(PASSED), "pass"),
        (only(PASSED, UNRUN), "pass"),
        (only(PASSED, CRASHED), "fail"),
        (only(REGRESSED), "error"),
        (only(UNRUN), "error"),
        (only(UNCLEAR), "error"),
        (only(), "error"),
    ],
)
def test_classroom_status_is_error_only_when_nothing_ran(run: RunResult, status: str) -> None:
    """And then says why."""
    document = loaded("classroom", replace(run, sandboxed=True))
    assert document["status"] == status
    assert (document["message"] is None) is (status != "error")


def test_classroom_links_tests_to_tasks_of_one_system() -> None:
    """The task is the milestone's number; with several systems it would be ambiguous."""
    assert {t.get("task_id") for t in loaded("classroom")["tests"]} == {None}
    assert {t["task_id"] for t in loaded("classroom", only(PASSED, CRASHED))["tests"]} == {1, 2}


# -- CSV ------------------------------------------------------------------------------------------


def test_csv_has_one_row_a_milestone() -> None:
    """One line each, whatever the reasons hold."""
    text = rendered("csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(RUN.milestones) == text.count("\r\n") - 1
    assert [r["points"] for r in rows] == ["8", "0", "0", "0", "0", "0", "0", "0"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " \n="])
def test_csv_holds_no_formula(start: str) -> None:
    """A spreadsheet must not compute what a submission says."""
    evil = replace(RUN.milestones[REGRESSED], reason=f"{start}cmd|' /C calc'!A0")
    [row] = csv.DictReader(io.StringIO(rendered("csv", replace(RUN, milestones=(evil,)))))
    assert row["reason"].lstrip()[0] not in "=+-@" and "calc" in row["reason"]


# -- Markdown -------------------------------------------------------------------------------------


def test_markdown_fences_hold() -> None:
    """No line of a failure closes the block that it stands in."""
    lines = rendered("markdown").splitlines()
    fence = ""
    for line in lines:
        if fence and line == fence:
            fence = ""
        elif not fence and line.startswith("```"):
            fence = line.removesuffix("text")
        elif not fence:
            assert "<script" not in line and "<img" not in line and "alert(" not in line
    assert fence == ""


def test_markdown_tables_keep_their_columns() -> None:
    """A bar in a title does not make a cell, an address does not make a link."""
    evil = replace(RUN.milestones[PASSED], milestone="01-a|b", language="[x](http://evil)")
    line = next(
        r
        for r in rendered("markdown", replace(RUN, milestones=(evil,))).splitlines()
        if "01-a" in r
    )
    assert len(re.findall(r"(?<!\\)\|", line)) == 8
    assert "://" not in line and r"\[x\]" in line


def test_markdown_stays_within_a_job_summary() -> None:
    """However much fails, the summary is shown: one mebibyte is the limit."""
    many = replace(RUN.milestones[CRASHED], tests=RUN.milestones[CRASHED].tests[:2] * 500)
    assert len(render(replace(RUN, milestones=(many,)), "markdown").encode()) < 1 << 20


# -- HTML -----------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_needs_nothing_else() -> None:
    """No address, no import, no style attribute, no event handler; one script."""
    text = rendered("html")
    tags = Tags(text).found
    assert [
        a for t, a in tags if "src" in a or "style" in a or any(n.startswith("on") for n in a)
    ] == []
    links = [a["href"] or "" for t, a in tags if "href" in a]
    assert all(link.startswith(("#", "data:,")) for link in links)
    assert sum(t == "script" for t, _ in tags) == 1
    style = text.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style and "@import" not in style


def test_every_link_of_the_page_leads_somewhere() -> None:
    """And every label names something that exists."""
    tags = Tags(rendered("html")).found
    ids = [a["id"] for _, a in tags if "id" in a]
    assert len(ids) == len(set(ids))
    wanted = {(a["href"] or "")[1:] for _, a in tags if (a.get("href") or "").startswith("#")}
    wanted |= {a["aria-labelledby"] or "" for _, a in tags if "aria-labelledby" in a}
    wanted |= {a["data-copy"] or "" for _, a in tags if "data-copy" in a}
    assert wanted <= set(ids)


def test_the_page_draws_the_record_of_attempts() -> None:
    """One dot an attempt at its milestone; what the record says is escaped like all else."""
    text = rendered("html")
    dots = re.findall(r"<circle[^>]*><title>([^<]*)</title>", text)
    assert len(dots) == 6 and dots[0] == "2026-02-27 09:00: 0 of 4 tests, not built yet"
    assert "&lt;b&gt;gone&lt;/b&gt;" in text


def test_a_long_record_is_cut() -> None:
    """The page stays small: the newest are drawn and listed, the others counted."""
    long = [
        (f"2026-02-27T09:{n // 60:02}:{n % 60:02}Z", "database-system", "01-pages", "python", n, 500, "failed")
        for n in range(500)
    ]  # fmt: skip
    text = render(only(PASSED), "html", long)
    assert text.count("<circle") == 40 and "400 older ones are not listed" in text
