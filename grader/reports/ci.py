"""Reports for machines that build: JUnit XML, and the Markdown summary of a job.

JUnit: one test suite for each milestone, language and suite. `failed`, `todo`, `timeout` and
`crashed` are failures (their type says which), the grader's own faults are errors, `not run` is
skipped. Markdown keeps to what a job's summary shows and to its size.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from grader.failures.teach import failure_text
from grader.reports.words import (
    SUITES,
    TITLES,
    UNSANDBOXED,
    Entry,
    entries,
    suites_text,
    summary_line,
    verdict_line,
)
from grader.verdict import MilestoneResult, RunResult, points

FAILURES_SHOWN = 30  # in Markdown; a job's summary is cut at one mebibyte
BLOCK = 6_000  # characters of one failure in Markdown


def junit(result: RunResult) -> str:
    """JUnit XML as Jenkins, GitLab and the Ant schema read it."""
    root = ET.Element("testsuites", name=result.course)
    for milestone in result.milestones:
        found = list(entries(milestone))
        for suite in (None, *SUITES):
            part = [e for e in found if e.suite == suite]
            if part:
                root.append(_suite(result, milestone, suite or "milestone", part))
    for attribute in ("tests", "failures", "errors", "skipped"):
        root.set(attribute, str(sum(int(s.get(attribute, "0")) for s in root)))
    root.set("time", f"{result.seconds:.3f}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _suite(
    result: RunResult, milestone: MilestoneResult, suite: str, found: Sequence[Entry]
) -> ET.Element:
    name = f"{milestone.system}.{milestone.milestone}.{milestone.language}.{suite}"
    seconds = sum(e.test.seconds for e in found if e.test)
    outcomes = [e.outcome for e in found]
    element = ET.Element(
        "testsuite",
        name=name,
        tests=str(len(found)),
        failures=str(sum(o in ("failed", "todo", "timeout", "crashed") for o in outcomes)),
        errors=str(outcomes.count("error")),
        skipped=str(outcomes.count("not run")),
        time=f"{seconds:.3f}",
        timestamp=result.started[:19],
        hostname="localhost",
    )
    properties = ET.SubElement(element, "properties")
    for key, value in {
        "verdict": verdict_line(milestone),
        "points": f"{points(milestone)}/{milestone.points}",
        "suites": suites_text(milestone),
        "borrowed": str(milestone.borrowed).lower(),
        "sandboxed": str(result.sandboxed).lower(),
        "seed": str(result.seed),
        **({} if result.sandboxed else {"warning": UNSANDBOXED}),
    }.items():
        ET.SubElement(properties, "property", name=key, value=value)
    for entry in found:
        element.append(_case(entry, name))
    return element


def _case(entry: Entry, classname: str) -> ET.Element:
    seconds = entry.test.seconds if entry.test else 0.0
    name = f"{entry.name}: {entry.title}" if entry.suite == "hidden" else entry.name
    case = ET.Element("testcase", classname=classname, name=name, time=f"{seconds:.3f}")
    if entry.outcome == "passed":
        return case
    if entry.outcome == "not run":
        ET.SubElement(case, "skipped", message=entry.reason)
        return case
    kind = "error" if entry.outcome == "error" else "failure"
    message = f"{entry.title} {entry.reason}" if entry.test else entry.reason
    told = ET.SubElement(case, kind, message=_line(message), type=entry.outcome)
    told.text = failure_text(entry.test) if entry.test else entry.reason
    prints = entry.test.failure.prints if entry.test and entry.test.failure else ""
    if prints:
        ET.SubElement(case, "system-out").text = prints
    return case


def _line(text: str) -> str:
    return " ".join(text.split())[:500]


# -- Markdown --------------------------------------------------------------------------------------


def markdown(result: RunResult) -> str:
    """The summary of a job."""
    return "\n".join(_markdown(result)).rstrip() + "\n"


def _markdown(result: RunResult) -> Iterator[str]:
    yield f"# {_plain(result.course)}"
    yield ""
    yield f"**{summary_line(result)}** · `{_code(result.subject)}` · {_plain(result.started)} · seed `{result.seed}`"
    yield ""
    if not result.sandboxed:
        yield f"> **{UNSANDBOXED}**"
        yield ""
    yield "| Milestone | Language | Verdict | Suites | Visible | Hidden | Points |"
    yield "| --- | --- | --- | --- | ---: | ---: | ---: |"
    for m in result.milestones:
        counts = [f"{m.count(suite=s)} / {m.total(s)}" if m.total(s) else "–" for s in SUITES]
        verdict = TITLES[m.outcome] + (" (borrowed, no credit)" if m.borrowed else "")
        cells = [m.id, m.language, verdict, suites_text(m), *counts, f"{points(m)} / {m.points}"]
        yield f"| {' | '.join(_plain(cell) for cell in cells)} |"
    yield ""
    yield from _failures(result)


def _failures(result: RunResult) -> Iterator[str]:
    shown = 0
    for m in result.milestones:
        bad = [e for e in entries(m) if e.outcome != "passed"]
        if not bad:
            continue
        yield f"## {_plain(m.id)} ({_plain(m.language)}): {_plain(verdict_line(m))}"
        yield ""
        for entry in bad:
            detailed = (
                entry.suite == "visible" and entry.outcome != "todo" and shown < FAILURES_SHOWN
            )
            yield from _detailed(entry) if detailed else _listed(entry)
            shown += detailed
        yield ""


def _listed(entry: Entry) -> Iterator[str]:
    where = f" ({entry.suite})" if entry.suite else ""
    yield f"- **{TITLES[entry.outcome]}**{where}: {_plain(entry.title)} — {_plain(entry.reason)}"


def _detailed(entry: Entry) -> Iterator[str]:
    assert entry.test is not None, "only tests have details"
    text = failure_text(entry.test)
    text = text if len(text) <= BLOCK else text[:BLOCK] + "\n…"
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    yield ""
    yield f"<details><summary>{TITLES[entry.outcome]}: {html.escape(entry.title)}</summary>"
    yield ""
    yield f"{fence}text"
    yield text
    yield fence
    yield ""
    yield "</details>"
    yield ""


def _plain(text: str) -> str:
    """Text that Markdown, and the HTML in it, leaves as it is; always one line, never a link."""
    line = re.sub(r"([\\`*_\[\]|~$])", r"\\\1", html.escape(" ".join(text.split()), quote=False))
    return line.replace("://", ":&#47;/").replace("www.", "www&#46;")


def _code(text: str) -> str:
    return " ".join(text.split()).replace("`", "'")
