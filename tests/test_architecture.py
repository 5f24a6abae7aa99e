"""Imports point one way, and the rooms keep to their sizes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GRADER = ROOT / "grader"
MODULES = {p.stem: p for p in GRADER.glob("*.py") if p.stem != "__init__"}
PURE = {"errors", "verdict", "wire", "policy", "transcript", "reproduce", "cut", "teach", "seccomp"}
PROCESSES = {"subprocess", "socket", "selectors", "multiprocessing", "ctypes", "signal"}


def imports(path: Path, *, top_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    nodes = tree.body if top_only else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def neighbours(name: str) -> set[str]:
    return {
        m for i in imports(MODULES[name], top_only=True)
        if i.startswith("grader.") and (m := i.split(".")[1]) in MODULES
    }  # fmt: skip


def test_imports_have_no_cycle() -> None:
    """Following the imports of any module never leads back to it."""
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for other in neighbours(name):
                visit(other, (*trail, name))
            done.add(name)

    for name in MODULES:
        visit(name, ())


def test_only_the_plugin_imports_pytest() -> None:
    """Whatever needs pytest goes through the plugin (and the process that starts it)."""
    users = {n for n, p in MODULES.items() if any(i.split(".")[0] == "pytest" for i in imports(p))}
    assert users <= {"plugin", "within"}


@pytest.mark.parametrize("name", sorted(PURE & set(MODULES)))
def test_pure_modules_start_nothing(name: str) -> None:
    """No process, no socket, no signal in the modules that only compute."""
    assert not {i.split(".")[0] for i in imports(MODULES[name])} & PROCESSES


@pytest.mark.parametrize("path", sorted(GRADER.rglob("*.py")), ids=lambda p: p.name)
def test_a_room_is_not_too_large(path: Path) -> None:
    """At most 400 lines a file."""
    assert len(path.read_text("utf-8").splitlines()) <= 400


def test_authors_are_told_of_every_fixture() -> None:
    """CONTRIBUTING.md names all that a suite can ask for."""
    tree = ast.parse(MODULES["plugin"].read_text("utf-8"))
    fixtures = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(d) == "pytest.fixture" for d in node.decorator_list)
        and not node.name.startswith("sfs_")
    ]
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert len(fixtures) > 3
    assert [name for name in fixtures if f"\n| `{name}` | " not in text] == []


def test_hosts_import_nothing_of_the_grader() -> None:
    """The far side shares no code with the trusted end."""
    assert not {i for i in imports(GRADER / "hosts" / "host.py") if i.startswith("grader")}
