"""Verdicts kept by content."""

from __future__ import annotations

import ast
from pathlib import Path

from grader.grading import cache
from grader.verdict import MilestoneResult, Outcome, TestResult


def result(outcome: Outcome) -> MilestoneResult:
    return MilestoneResult(
        system="s", milestone="01-a", title="A", language="python", points=1, outcome=outcome,
        suites=("visible",),
        tests=(TestResult(suite="visible", name="t", sentence="", outcome=outcome),),
    )  # fmt: skip


def test_a_conclusive_verdict_is_kept_and_marked(tmp_path: Path) -> None:
    """It comes back equal but for the mark that it was not measured now."""
    kept = cache.Cache(tmp_path / "c")
    kept.put("k", result("failed"))
    found = kept.get("k")
    assert found is not None
    assert found.cached
    assert found.tests == result("failed").tests


def test_an_inconclusive_verdict_is_not_kept(tmp_path: Path) -> None:
    """A crash or a time-out runs again."""
    kept = cache.Cache(tmp_path)
    kept.put("k", result("timeout"))
    kept.put("k2", result("error"))
    assert kept.get("k") is None
    assert kept.get("k2") is None


def test_a_damaged_entry_counts_as_none(tmp_path: Path) -> None:
    """Half a file is no verdict."""
    (tmp_path / "k").write_text('{"system": "s"')
    assert cache.Cache(tmp_path).get("k") is None


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    """Nothing is raised when the cache has no place."""
    (tmp_path / "file").touch()
    cache.Cache(tmp_path / "file").put("k", result("passed"))


def test_the_key_depends_on_where_a_part_ends() -> None:
    """Two lists of parts with the same text give different keys."""
    assert cache.key(["ab", "c"]) != cache.key(["a", "bc"])


def imported(path: Path) -> set[str]:
    """The names of all that a file imports of the grader, read as Python reads it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {f"{node.module}", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.split(".")[0] == "grader"}


def test_what_judges_is_closed_under_imports() -> None:
    """Whatever a judging file imports judges as well: a verdict depends on no other file."""
    files = cache.judging()
    for path in files:
        if path.suffix == ".py" and path.parent.name != "hosts":
            modules = (cache.GRADER.parent / f"{n.replace('.', '/')}.py" for n in imported(path))
            assert {m for m in modules if m.is_file()} <= files, path.name
    names = {path.relative_to(cache.GRADER).as_posix() for path in files}
    assert {
        "grading/runner.py",
        "grading/within.py",
        "grading/plugin.py",
        "bridge/host.py",
    } <= names
    assert {"verdict.py", "hosts/host.ts", "hosts/strip.mjs"} <= names
    assert not names & {"cli.py", "show.py", "course/workspace.py"}
    assert not any(name.startswith(("authoring/", "proof/", "reports/")) for name in names)


def test_what_judges_imports_by_name_only() -> None:
    """No judging file loads a module of the grader by a name that it has computed."""
    computed = ("import_module", "__import__", "run_module", "run_path")
    for path in cache.judging():
        if path.suffix == ".py" and path.parent.name != "hosts":
            assert not [word for word in computed if word in path.read_text("utf-8")], path.name
