"""One grading as a file for somebody else: people, machines that build, those who run a class.

Everything is made of a RunResult (and, for the page, of the record of attempts) and passes
`report_words.public` first. Pure: text out, no file, no clock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, get_args

import msgspec

from grader.reports import ci, classroom, page
from grader.reports.words import Past, public
from grader.verdict import SCHEMA_VERSION, RunResult

Kind = Literal["json", "junit", "gradescope", "classroom", "markdown", "csv", "html"]
KINDS: tuple[Kind, ...] = get_args(Kind)
FILE_NAMES: Mapping[Kind, str] = {
    "json": "report.json",
    "junit": "junit.xml",
    "gradescope": "results.json",
    "classroom": "results.json",
    "markdown": "summary.md",
    "csv": "grades.csv",
    "html": "report.html",
}


def render(result: RunResult, kind: Kind, history: Iterable[Past] = ()) -> str:
    """The report as text; to be written as UTF-8 without translating line ends."""
    seen = public(result)
    if kind == "html":
        return page.page(seen, history)
    return _PLAIN[kind](seen)


def to_json(result: RunResult) -> str:
    """The project's own form; `schema` describes it, `read_json` reads it."""
    return msgspec.json.format(msgspec.json.encode(result), indent=2).decode("utf-8") + "\n"


def read_json(text: str) -> RunResult:
    """A report.json of this version."""
    return msgspec.json.decode(text, type=RunResult)


def schema() -> str:
    """The JSON Schema of report.json, as kept in grader/report.schema.json."""
    document = msgspec.json.schema(RunResult)
    document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    document["title"] = f"report.json, version {SCHEMA_VERSION}"
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


_PLAIN: Mapping[Kind, Callable[[RunResult], str]] = {
    "json": to_json,
    "junit": ci.junit,
    "gradescope": classroom.gradescope,
    "classroom": classroom.classroom,
    "markdown": ci.markdown,
    "csv": classroom.table,
}
