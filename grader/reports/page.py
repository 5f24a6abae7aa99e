"""The report as one HTML page that needs nothing else: no network, no font, no picture.

Jinja2 escapes everything; beyond that the page's own policy allows exactly its one script and its
one style sheet, by their hashes, so that nothing that slipped through could run.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from grader.course.languages import LANGUAGES
from grader.reports.words import (
    TITLES,
    UNSANDBOXED,
    Attempt,
    Entry,
    Past,
    attempts_of,
    available,
    complete,
    earned,
    entries,
    partial,
    suites_text,
    summary_line,
    verdict_line,
)
from grader.verdict import MilestoneResult, Outcome, RunResult, points

TEMPLATES = Path(__file__).parent.parent / "templates"
WIDTH, HEIGHT, MARGIN = 168, 36, 5  # of a history chart, in pixels
ATTEMPTS_DRAWN = 40  # of one milestone, the newest
ATTEMPTS_LISTED = 100


@dataclass(frozen=True)
class Dot:
    """One attempt in a chart."""

    x: float
    y: float
    outcome: Outcome
    told: str


@dataclass(frozen=True)
class Card:
    """One milestone on the page."""

    anchor: str
    result: MilestoneResult
    language: str
    verdict: str
    suites: str
    points: int
    mark: str  # how its step looks
    dots: tuple[Dot, ...]
    failing: tuple[Entry, ...]  # visible ones, with all that is known
    neutral: tuple[Entry, ...]  # hidden ones, of which little is told
    unbuilt: tuple[Entry, ...]
    passed: tuple[Entry, ...]


def page(result: RunResult, history: Iterable[Past] = ()) -> str:
    """The whole page."""
    past = sorted(attempts_of(history), key=lambda a: a.time)
    script, style = _asset("report.js"), _asset("report.css")
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        result=result,
        summary=summary_line(result),
        earned=earned(result.milestones),
        available=available(result.milestones),
        warning="" if result.sandboxed else UNSANDBOXED,
        systems=_systems(result, past),
        past=past[::-1][:ATTEMPTS_LISTED],
        more=max(0, len(past) - ATTEMPTS_LISTED),
        titles=TITLES,
        languages={name: language.title for name, language in LANGUAGES.items()},
        size={"width": WIDTH, "height": HEIGHT, "margin": MARGIN},
        when=_when,
        script=Markup(script),
        style=Markup(style),
        policy=f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}",
    )


def _asset(name: str) -> str:
    return "\n" + (TEMPLATES / name).read_text("utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _when(moment: str) -> str:
    """`2026-03-01T10:20:30Z` -> `2026-03-01 10:20`."""
    return moment[:16].replace("T", " ")


def _systems(result: RunResult, past: Sequence[Attempt]) -> list[dict[str, Any]]:
    """Milestones by system, each with its part of the record."""
    cards = [_card(f"m{n}", m, past) for n, m in enumerate(result.milestones, 1)]
    grouped = groupby(cards, key=lambda card: card.result.system)
    return [_system(name, list(group)) for name, group in grouped]


def _system(name: str, cards: list[Card]) -> dict[str, Any]:
    passed = sum(complete(c.result) for c in cards)
    return {"name": name, "cards": cards, "passed": passed}


def _card(anchor: str, milestone: MilestoneResult, past: Sequence[Attempt]) -> Card:
    found = list(entries(milestone))
    bad = [e for e in found if e.outcome not in ("passed", "todo")]
    mine = [
        a
        for a in past
        if (a.system, a.milestone, a.language)
        == (milestone.system, milestone.milestone, milestone.language)
    ]
    language = LANGUAGES.get(milestone.language)
    return Card(
        anchor=anchor,
        result=milestone,
        language=language.title if language else milestone.language,
        verdict=verdict_line(milestone),
        suites=suites_text(milestone),
        points=points(milestone),
        mark=_mark(milestone),
        dots=tuple(_dots(mine[-ATTEMPTS_DRAWN:])),
        failing=tuple(e for e in bad if e.suite == "visible"),
        neutral=tuple(e for e in bad if e.suite == "hidden"),
        unbuilt=tuple(e for e in found if e.outcome == "todo"),
        passed=tuple(e for e in found if e.outcome == "passed" and e.test),
    )


def _mark(milestone: MilestoneResult) -> str:
    if milestone.borrowed:
        return "borrowed"
    return "partial" if partial(milestone) else milestone.outcome.replace(" ", "-")


def _dots(attempts: Sequence[Attempt]) -> list[Dot]:
    """Attempts from left to right, all tests passed at the top."""
    step = (WIDTH - 2 * MARGIN) / max(1, len(attempts) - 1)
    room = HEIGHT - 2 * MARGIN
    return [
        Dot(
            x=round(MARGIN + n * step, 1),
            y=round(MARGIN + room * (1 - (a.passed / a.total if a.total else 0)), 1),
            outcome=a.outcome,
            told=f"{_when(a.time)}: {a.passed} of {a.total} tests, {TITLES[a.outcome]}",
        )
        for n, a in enumerate(attempts)
    ]
