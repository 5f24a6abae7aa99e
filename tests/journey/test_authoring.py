"""Somebody adds a system of their own to a copy of the course."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from grader.course.languages import LANGUAGES
from grader.errors import RuntimeMissing
from tests.journey.learner import ROOT, Shell

pytestmark = pytest.mark.timeout(240)

FEW = "only 1 of 6 impostors, which a milestone has at least"


@pytest.fixture
def author(shell: Shell) -> Shell:
    """An author in a copy of the course."""
    copy = shell.home / "our course"
    copy.mkdir()
    for name in ("katas", "solutions"):
        shutil.copytree(ROOT / name, copy / name)
    shutil.copy(ROOT / "milestones.yaml", copy)
    shell.folder = copy
    return shell


def runs_here(language: str, environment: dict[str, str]) -> bool:
    """Whether this machine has the runtime."""
    try:
        LANGUAGES[language].runtime(environment)
    except RuntimeMissing:
        return False
    return True


def test_a_new_system_runs_at_once_and_says_what_is_left(author: Shell) -> None:
    """References pass, stubs are fresh and all todo, and verify names what a person has to write."""
    words = author.sfs(
        "new", "system", "calculator", "--title", "A calculator", "--languages",
        "python,typescript,java", "--first", "01-digits",
    )  # fmt: skip
    assert "solutions/calculator/typescript/digits.ts" in words
    author.sfs("new", "milestone", "calculator/02-parser", "--adds", "lexer,parser")
    for place, number in (("calculator/01", 3), ("calculator/02", 6)):
        assert f"{number} of {number} fresh" in author.sfs("stubs", "--check", place)
    graded = author.json("grade", "--reference", "--json", "calculator")
    outcomes = {(m["language"], m["outcome"]) for m in graded["milestones"]}  # type: ignore[index]
    expected = {
        (name, "passed" if runs_here(name, author.environment) else "not run")
        for name in ("python", "typescript", "java")
    }
    assert outcomes == expected
    proof = author.json("verify", "--repeat", "0", "--json", "calculator/02", status=1)
    found = proof["milestones"][0]["findings"]  # type: ignore[index]
    kinds = {f["what"] for f in found if f["what"] != "is not written yet"}
    assert kinds == {FEW, "is missing", "117 words"}
    marked = {f["where"].partition(":")[0] for f in found if f["what"] == "is not written yet"}
    assert "katas/calculator/02-parser/lesson.md" in marked
    assert "solutions/calculator/java/Parser.java" in marked


def test_what_is_there_is_never_overwritten(author: Shell) -> None:
    """A second time the same is refused, and the files are as they were."""
    author.sfs("new", "milestone", "web-server/04-routes")
    lesson = author.folder / "katas/web-server/04-routes/lesson.md"
    lesson.write_text("mine")
    listed = (author.folder / "milestones.yaml").read_text()
    assert "already" in author.refused("new", "milestone", "web-server/04-routes")
    assert (lesson.read_text(), (author.folder / "milestones.yaml").read_text()) == ("mine", listed)


def test_a_copy_without_solutions_takes_no_milestones(author: Shell) -> None:
    """What a class receives is not where a course is written."""
    shutil.rmtree(author.folder / "solutions")
    assert "no solutions" in author.refused("new", "milestone", "web-server/04-routes")


@pytest.mark.parametrize("language", ["python", "typescript", "java"])
def test_the_new_learner_begins_with_todo(author: Shell, tmp_path: Path, language: str) -> None:
    """A workspace of the new system has its stub: no test passes, and each says why."""
    try:
        LANGUAGES[language].runtime(author.environment)
    except RuntimeMissing as error:
        pytest.skip(error.message)
    author.sfs("new", "system", "calculator", "--languages", language)
    folder = tmp_path / "mine"
    author.sfs("start", "calculator", "--dir", str(folder))
    author.folder = folder
    result = json.loads(author.run("grade", "--json").stdout)["milestones"][0]
    assert {t["outcome"] for t in result["tests"]} == {"todo"}
    assert len(result["tests"]) == 6
