"""The course proves itself: stubs are fresh and pass nothing, references pass, impostors fail."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from grader import authoring, impostors, manifest, runner, submission
from grader.here import languages
from grader.layout import Layout, files
from grader.manifest import Milestone, System
from grader.verdict import MilestoneResult

pytestmark = pytest.mark.timeout(1200)  # a milestone's impostors run for minutes
ROOT = Path(__file__).parent.parent.parent
LAYOUT = Layout(ROOT)
COURSE = manifest.load(LAYOUT.manifest)
WORDS = range(900, 1801)
HEADINGS = [
    "You will build", "Why it exists", "The idea", "Predict", "Your task", "Done when", "Go further",
]  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One milestone in one language."""

    system: System
    milestone: Milestone
    language: str

    def __str__(self) -> str:
        return f"{self.system.id}/{self.milestone.id}-{self.language}"

    def grade(self, sources: dict[str, bytes] | None = None) -> MilestoneResult:
        job = runner.Job(
            layout=LAYOUT,
            course=COURSE,
            system=self.system,
            milestone=self.milestone,
            language=self.language,
            sources=sources,
        )
        result = runner.grade(job, seed=20_240)
        if result.outcome == "not run":
            pytest.skip(result.reason)
        return result


def cases() -> Iterator[Case]:
    for system in COURSE.systems.values():
        for milestone in system.milestones:
            for language in languages(system, milestone, None):
                yield Case(system, milestone, language)


CASES = list(cases())
MILESTONES = [case for case in CASES if case.language == case.system.languages[0]]


def test_stubs_are_what_the_references_say() -> None:
    """Every stub is cut from its reference as it is now, and no other file lies beside them."""
    told = authoring.stubs(LAYOUT, COURSE, check=True)
    assert [(str(p), s) for p, s in told if s != "fresh"] == [], "run: sfs stubs"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_untouched_stub_passes_nothing(case: Case) -> None:
    """On the earlier reference and the stubs of a milestone, every test of its suites is `todo`."""
    sources = {}
    for step in case.system.before(case.milestone):
        for path in LAYOUT.solutions(case.system.id, step, case.language):
            sources[path.name] = path.read_bytes()
    for stub in LAYOUT.stubs(case.system.id, case.milestone, case.language):
        sources[stub.name] = stub.read_bytes()
    result = case.grade(sources)
    assert [(t.name, t.outcome) for t in result.tests if t.outcome != "todo"] == []
    assert result.tests


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_reference_passes(case: Case) -> None:
    """The final reference passes every test of every milestone."""
    result = case.grade()
    assert [(t.name, t.outcome, t.failure) for t in result.tests if t.outcome != "passed"] == []
    assert result.outcome == "passed", result.reason


@pytest.mark.parametrize("case", MILESTONES, ids=str)
def test_impostors_are_found_out(case: Case) -> None:
    """Every impostor fails the hidden suite, and at least half of them already the visible one."""
    paths = LAYOUT.impostors(case.system.id, case.milestone.id)
    assert len(paths) >= 6

    def fails(path: Path) -> tuple[str, bool, bool] | None:
        impostor = impostors.load(path)
        job = runner.Job(
            layout=LAYOUT,
            course=COURSE,
            system=case.system,
            milestone=case.milestone,
            language=impostor.language,
            sources=impostors.sources(impostor, LAYOUT, case.system.id),
        )
        result = runner.grade(job, seed=20_240)
        if result.outcome == "not run":
            return None
        assert result.outcome != "error", (path.name, result.reason)
        refused = bool(result.reason)  # it does not compile, or breaks the import policy
        return (
            impostor.name,
            refused or result.count("passed", "visible") < result.total("visible"),
            refused or result.count("passed", "hidden") < result.total("hidden"),
        )

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [row for row in pool.map(fails, paths) if row is not None]
    assert [name for name, _, hidden in found if not hidden] == []
    assert sum(visible for _, visible, _ in found) * 2 >= len(found), found


@pytest.mark.parametrize("case", MILESTONES, ids=str)
def test_the_lesson_has_its_shape(case: Case) -> None:
    """The headings in order, a picture, an answer folded away, and neither too short nor too long."""
    text = LAYOUT.lesson(case.system.id, case.milestone.id).read_text("utf-8")
    assert re.findall(r"^## (.+)$", text, re.M) == HEADINGS
    assert len(text.split()) in WORDS
    assert "```" in text.split("## Why it exists")[0], "no picture under `You will build`"
    assert "<details>" in text.split("## Predict")[1].split("## Your task")[0]


@pytest.mark.parametrize("case", MILESTONES, ids=str)
def test_there_are_three_hints(case: Case) -> None:
    """A nudge, an approach, almost code."""
    text = LAYOUT.hints(case.system.id, case.milestone.id).read_text("utf-8")
    assert re.findall(r"^## (\d)\. ", text, re.M) == ["1", "2", "3"]


@cache
def vocabulary(system: str) -> str:
    """All that a name in a lesson may refer to: references, kit, suites."""
    texts = []
    for base in (ROOT / "solutions" / system, ROOT / "katas" / system):
        texts += [
            p.read_text("utf-8") for p in base.rglob("*") if p.suffix in (".py", ".ts", ".java")
        ]
    return "\n".join(texts)


@pytest.mark.parametrize("case", MILESTONES, ids=str)
def test_names_in_the_lesson_exist(case: Case) -> None:
    """Every snake_case or CamelCase name in backticks is in the reference or the kit."""
    text = LAYOUT.lesson(case.system.id, case.milestone.id).read_text("utf-8")
    text = text.split("## Go further")[0]
    names = set(re.findall(r"`(?:\w+\.)*([A-Za-z]\w*)(?:\(.*?\))?`", text))
    code = {n for n in names if "_" in n.strip("_") or re.search(r"[a-z][A-Z]", n)}
    known = vocabulary(case.system.id)
    assert sorted(n for n in code if n not in known) == []


@pytest.mark.parametrize("case", MILESTONES, ids=str)
def test_every_test_has_its_sentence(case: Case) -> None:
    """The first line of a test's docstring is a sentence: it is what a learner reads."""
    layout, system, milestone = LAYOUT, case.system.id, case.milestone.id
    for path in (layout.visible_suite(system, milestone), layout.hidden_suite(system, milestone)):
        found = re.findall(
            r'^def (test_\w+)\(.*?\)(?: -> None)?:\n    (?:"""(.+?)(?:"""|\n)|)',
            path.read_text("utf-8"),
            re.M | re.S,
        )
        assert found
        assert [name for name, sentence in found if not sentence.strip()] == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_files_of_the_tree_belong_to_milestones(case: Case) -> None:
    """A reference tree has no file that no milestone adds."""
    owned = {n for m in case.system.milestones for n in files(m, case.language)}
    present = submission.read(LAYOUT.reference(case.system.id, case.language), case.language)
    assert sorted(set(present) - owned) == []
