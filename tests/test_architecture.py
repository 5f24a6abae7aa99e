"""Imports point one way, and the rooms keep to their sizes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GRADER = ROOT / "grader"
# Each room may import from those above it; `errors` and `verdict` are everybody's.
ROOMS = (
    "machine", "course", "failures", "bridge", "box", "grading", "reports", "authoring", "proof"
)  # fmt: skip
COMMON = {"errors", "verdict"}
MODULES = {
    path.relative_to(GRADER).with_suffix("").as_posix().replace("/", "."): path
    for path in GRADER.rglob("*.py")
    if path.stem != "__init__" and path.parent.name not in ("hosts", "commands")
}
PURE = {
    "errors", "verdict", "bridge.wire", "course.policy", "failures.transcript", "failures.reproduce",
    "authoring.cut", "failures.teach", "machine.seccomp",
}  # fmt: skip
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


def neighbours(name: str, *, top_only: bool = True) -> set[str]:
    """The modules of the grader that one imports."""
    names = {i.removeprefix("grader.") for i in imports(MODULES[name], top_only=top_only)}
    return names & set(MODULES)


def room(name: str) -> str:
    """The folder that a module lies in; its own name where it lies in none."""
    return name.partition(".")[0]


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


@pytest.mark.parametrize("name", sorted(name for name in MODULES if "." in name))
def test_a_room_knows_only_those_before_it(name: str) -> None:
    """Also where an import waits in a function."""
    known = {*ROOMS[: ROOMS.index(room(name)) + 1], *COMMON}
    assert [other for other in neighbours(name, top_only=False) if room(other) not in known] == []


def test_contributors_are_told_of_every_room() -> None:
    """CONTRIBUTING.md has a line for each, in their order."""
    lines = (ROOT / "CONTRIBUTING.md").read_text("utf-8").splitlines()
    told = [line.split("`")[1] for line in lines if line.startswith("| `grader/")]
    assert told[: len(ROOMS)] == [f"grader/{name}/" for name in ROOMS]
    folders = {path.name for path in GRADER.iterdir() if (path / "__init__.py").is_file()}
    assert folders == {*ROOMS, "commands"}


def test_only_the_plugin_imports_pytest() -> None:
    """Whatever needs pytest goes through the plugin (and the process that starts it)."""
    users = {n for n, p in MODULES.items() if any(i.split(".")[0] == "pytest" for i in imports(p))}
    assert users <= {"grading.plugin", "grading.within"}


@pytest.mark.parametrize("name", sorted(PURE))
def test_pure_modules_start_nothing(name: str) -> None:
    """No process, no socket, no signal in the modules that only compute."""
    assert not {i.split(".")[0] for i in imports(MODULES[name])} & PROCESSES


@pytest.mark.parametrize("path", sorted(GRADER.rglob("*.py")), ids=lambda p: p.name)
def test_a_room_is_not_too_large(path: Path) -> None:
    """At most 400 lines a file."""
    assert len(path.read_text("utf-8").splitlines()) <= 400


def test_authors_are_told_of_every_fixture() -> None:
    """CONTRIBUTING.md names all that a suite can ask for."""
    tree = ast.parse(MODULES["grading.plugin"].read_text("utf-8"))
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
