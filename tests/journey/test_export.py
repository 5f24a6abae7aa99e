"""What a class receives works there as it does at home, and holds nothing that it must not."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PARTS = ("milestones.yaml", "katas", "solutions", "grader", "tools", "pyproject.toml", "LICENSE")
IN_HIDDEN, IN_SOLUTION = secrets.token_hex(12), secrets.token_hex(12)
BITS = 40  # of random data that a run shows; two runs agree on all of them by chance never
SHOWS_ITS_DATA = f'''

@pytest.mark.parametrize("bit", range({BITS}))
def test_bit(seed, bit):
    """One bit of the run's random data."""
    assert seed.random() < 0.5
'''
EXAM = '''\
"""An instructor's own suite."""


def test_private(kata, workdir):
    """What the instructor alone asks for."""
    assert kata.PageFile(str(workdir / "x.db"), 512).allocate() == {number}
'''

pytestmark = pytest.mark.timeout(240)


@dataclass
class Course:
    """A copy of the course, or of what a class receives, and how its `sfs` is run."""

    root: Path
    home: Path
    python: Path = Path(sys.executable)

    def run(
        self, *arguments: object, at: Path | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        command = [self.python, "-P", "-m", "grader.cli", *map(str, arguments)]
        environment = {
            **os.environ,
            "HOME": str(self.home),
            "NO_COLOR": "1",
            "COLUMNS": "120",
            **more,
        }
        done = subprocess.run(
            command, cwd=at or self.root, env=environment, capture_output=True, text=True
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def sfs(self, *arguments: object, status: int = 0, at: Path | None = None, **more: str) -> str:
        done = self.run(*arguments, at=at, **more)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def outcomes(
        self, *arguments: object, at: Path | None = None, **more: str
    ) -> Mapping[str, str]:
        """Of each test of the one milestone that was run: what became of it."""
        (milestone,) = json.loads(self.run(*arguments, "--json", at=at, **more).stdout)[
            "milestones"
        ]
        return {f"{t['suite']} {t['name']}": t["outcome"] for t in milestone["tests"]}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The whole course, with a mark in a hidden suite, one in a solution, and a talkative suite."""
    root = tmp_path_factory.mktemp("whole") / "course"
    root.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, root / part, ignore=ignored)
        else:
            shutil.copyfile(ROOT / part, root / part)
    hidden = root / "solutions/database-system/01-pages/test_hidden.py"
    hidden.write_text(f"{hidden.read_text('utf-8')}\n# {IN_HIDDEN}\n", "utf-8")
    solution = root / "solutions/database-system/python/page_file.py"
    marked = re.sub(
        r"(# BEGIN SOLUTION\n)( *)", rf"\1\2# {IN_SOLUTION}\n\2", solution.read_text("utf-8")
    )
    assert marked.count(IN_SOLUTION) > 1
    solution.write_text(marked, "utf-8")
    visible = root / "katas/database-system/01-pages/test_visible.py"
    text = visible.read_text("utf-8")
    imported = "" if re.search(r"^import pytest$", text, re.M) else "import pytest\n"
    visible.write_text(f"{text}\n{imported}{SHOWS_ITS_DATA}", "utf-8")
    return Course(root, root.parent)


@pytest.fixture(scope="module")
def given(whole: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """What a class receives of it, set up as `make` would, without asking a package index."""
    home = tmp_path_factory.mktemp("given")
    root = home / "the class"
    said = whole.sfs("export", root, "--secret", home / "secret")
    assert "a new secret" in said
    assert "no hidden suite, solution or impostor is among them" in said
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", root / ".venv"], check=True)
    python = root / ".venv" / "bin" / "python"
    ask = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    place = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    Path(place, "course.pth").write_text(f"{root}\n{sysconfig.get_path('purelib')}\n")
    script = python.with_name("sfs")
    script.write_text(f'#!/bin/sh\nexec "{python}" -P -m grader.cli "$@"\n')
    script.chmod(0o755)
    (root / ".venv" / ".ready").touch()
    return Course(root, home, python)


@pytest.fixture(scope="module")
def workspace(given: Course) -> Path:
    """A learner's folder, made from the class's copy."""
    assert "visible tests pass" in given.sfs("start", "database-system", "--dir", "db")
    return given.root / "db"


def solve(workspace: Path) -> None:
    """Put the reference in, as somebody would have written it."""
    text = (ROOT / "solutions/database-system/python/page_file.py").read_text("utf-8")
    text = re.sub(r"^[ \t]*# (BEGIN|END) SOLUTION.*\n", "", text, flags=re.M)
    (workspace / "page_file.py").write_text(text, "utf-8")


def test_no_mark_of_a_hidden_suite_or_a_solution_is_in_the_copy(given: Course) -> None:
    """Not in a file, not in a name; nor is there a folder of solutions, or the secret."""
    secret = (given.home / "secret").read_text().strip()
    files = [p for p in given.root.rglob("*") if p.is_file() and ".venv" not in p.parts]
    assert len(files) > 100
    for mark in (IN_HIDDEN, IN_SOLUTION, secret):
        assert [p for p in files if mark.encode() in p.read_bytes()] == []
    assert not (given.root / "solutions").exists()
    assert [p for p in files if p.name == "test_hidden.py" or p.suffix == ".patch"] == []


def test_every_command_of_a_learner_works_there(given: Course, workspace: Path) -> None:
    """From the lesson to the next milestone; what needs solutions says that there are none."""
    assert "You will build" in given.sfs("lesson", at=workspace)
    assert "## 1." in given.sfs("hint", at=workspace)
    solve(workspace)
    assert "visible tests pass" in given.sfs("test", "-k", "not bit", at=workspace)
    said = given.sfs("grade", "01", at=workspace, status=1)  # of the bits, some are never as asked
    assert "visible suites only" in said
    assert "no hidden suites" in said
    visible = given.root / "katas/database-system/01-pages/test_visible.py"
    whole = visible.read_text("utf-8")
    try:
        visible.write_text(whole.replace("< 0.5", "< 2"), "utf-8")
        assert "1 of 1 passed (visible suites only)" in given.sfs("grade", "01", at=workspace)
    finally:
        visible.write_text(whole, "utf-8")
    assert "visible tests pass" in given.sfs("progress", at=workspace)
    for command in (["diff"], ["borrow", "--yes"], ["grade", "--reference"], ["stubs"]):
        assert "has no solutions" in given.sfs(*command, at=workspace, status=2)
    assert "02-records" in given.sfs("next", at=workspace)


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
@pytest.mark.parametrize("target", ["test", "grade"])
def test_make_says_what_the_copy_can_do(given: Course, target: str) -> None:
    """`make test` and `make grade` lead to the commands that a learner uses."""
    done = subprocess.run(
        ["make", target], cwd=given.root, capture_output=True, text=True, check=True
    )
    assert f"sfs {target}" in done.stdout
    assert done.stderr == ""


def test_a_leak_ends_the_export(whole: Course, tmp_path: Path) -> None:
    """A hidden suite's line in a lesson: file and line are named, and no folder is left."""
    lesson = whole.root / "katas/web-server/01-byte-stream/lesson.md"
    good = lesson.read_text("utf-8")
    hidden = (whole.root / "solutions/web-server/01-byte-stream/test_hidden.py").read_text("utf-8")
    line = max((x.strip() for x in hidden.splitlines()), key=len)
    try:
        lesson.write_text(f"{good}\n{line}\n", "utf-8")
        said = whole.sfs("export", tmp_path / "class", status=2)
    finally:
        lesson.write_text(good, "utf-8")
    assert f"lesson.md:{len(good.splitlines()) + 2} holds a part of solutions/web-server" in said
    assert not (tmp_path / "class").exists()


def test_only_some_systems(whole: Course, tmp_path: Path) -> None:
    """The copy knows the chosen system and no other, and tells what it did as JSON."""
    told = json.loads(whole.sfs("export", tmp_path / "c", "--system", "web-server", "--json"))
    assert len(told["written"]) == told["files"]
    listed = json.loads(whole.sfs("--course", tmp_path / "c", "list", "--json"))
    assert [system["system"] for system in listed] == ["web-server"]
    assert sorted(p.name for p in (tmp_path / "c" / "katas").iterdir()) == ["web-server"]


def overlay(folder: Path, text: str, place: str = "database-system/01-pages") -> Path:
    (folder / place).mkdir(parents=True)
    (folder / place / "test_exam.py").write_text(text, "utf-8")
    return folder


def test_an_overlay_decides_as_hidden_tests_do(
    given: Course, workspace: Path, tmp_path: Path
) -> None:
    """Met or not met, in a sandbox or without: of a failure only the sentence is told."""
    solve(workspace)
    good = overlay(tmp_path / "good", EXAM.format(number=1))
    bad = overlay(tmp_path / "bad", EXAM.format(number=7))
    for extra in ([], ["--unsafe"]):
        got = given.outcomes("grade", "01", *extra, "--overlay", good, at=workspace)
        assert [v for k, v in got.items() if k.startswith("hidden")] == ["passed"]
        got = given.outcomes("grade", "01", *extra, at=workspace, SFS_OVERLAY=str(bad))
        assert [v for k, v in got.items() if k.startswith("hidden")] == ["failed"]
    # without the bits, which fail as well
    visible = given.root / "katas/database-system/01-pages/test_visible.py"
    whole = visible.read_text("utf-8")
    try:
        visible.write_text(whole.replace("< 0.5", "< 2"), "utf-8")
        assert "visible and hidden" in given.sfs("grade", "01", "--overlay", good, at=workspace)
        said = given.sfs("grade", "01", "--overlay", bad, at=workspace, status=1)
    finally:
        visible.write_text(whole, "utf-8")
    assert "What the instructor alone asks for." in said
    assert "7" not in said.split("milestone ")[0]


def test_an_overlay_adds_to_the_hidden_suite(whole: Course, tmp_path: Path) -> None:
    """With the whole course both run, and each is required."""
    command = ("grade", "--reference", "database-system/01", "--lang", "python")
    without = whole.outcomes(*command)
    more = whole.outcomes(*command, "--overlay", overlay(tmp_path / "o", EXAM.format(number=7)))
    hidden = [v for k, v in more.items() if k.startswith("hidden")]
    assert len(more) == len(without) + 1
    assert (hidden.count("failed"), hidden.count("passed")) == (1, len(hidden) - 1)


def test_an_overlay_that_would_not_be_met_is_refused(whole: Course, tmp_path: Path) -> None:
    """A misspelt milestone is an error with the nearest name."""
    wrong = overlay(tmp_path / "o", EXAM.format(number=1), "database-system/01-page")
    said = whole.sfs("grade", "--reference", "database-system", "--overlay", wrong, status=2)
    assert "Did you mean 01-pages?" in said


def test_a_secret_makes_the_data(whole: Course, tmp_path: Path) -> None:
    """The same secret, the same data, fresh or kept; another secret, or a seed, other data."""
    text = f'"""Bits."""\n\nimport pytest\n{SHOWS_ITS_DATA.replace("test_bit", "test_exam_bit")}'
    folder = overlay(tmp_path / "o", text)
    for name in "ab":
        (tmp_path / name).write_text(secrets.token_hex(32))
    command = (
        "grade",
        "--reference",
        "database-system/01",
        "--lang",
        "python",
        "--overlay",
        folder,
    )

    def data(*more: object) -> list[str]:
        got = whole.outcomes(*command, *more)
        return [got[name] for name in sorted(got) if "hidden" in name]

    one = data("--secret", tmp_path / "a")
    assert data("--secret", tmp_path / "a", "--fresh") == one
    assert data("--secret", tmp_path / "a") == one
    assert data("--secret", tmp_path / "b") != one
    seeded = data("--secret", tmp_path / "a", "--seed", 5)
    assert seeded != one
    assert data("--seed", 5, "--fresh") == seeded


def test_the_report_tells_no_seed_of_the_hidden_run(whole: Course, tmp_path: Path) -> None:
    """What it shows is the class's seed, which every learner has; a bad secret is refused."""
    secret = tmp_path / "secret"
    secret.write_text(secrets.token_hex(32))
    command = (
        "grade",
        "--reference",
        "database-system/01",
        "--lang",
        "python",
        "--json",
        "--secret",
    )
    told = json.loads(whole.run(*command, secret).stdout)
    whole.sfs("export", tmp_path / "class", "--secret", secret)
    assert told["seed"] == int((tmp_path / "class" / "class-seed").read_text())
    secret.write_text("ab")
    assert "32 bytes" in whole.sfs(*command, secret, status=2)
    assert "No such file" in whole.sfs(*command, tmp_path / "none", status=2)


def test_a_class_has_data_of_its_own(
    whole: Course, given: Course, workspace: Path, request: pytest.FixtureRequest
) -> None:
    """Visible runs of one class agree, also with plain pytest; another class's differ."""
    renew: Callable[[str], str] = lambda name: whole.sfs(  # noqa: E731
        "export", given.root, "--secret", given.home / name
    )
    request.addfinalizer(lambda: renew("secret"))
    one = given.outcomes("test", "01", "-k", "bit", at=workspace)
    assert len(one) == BITS
    assert given.outcomes("test", "01", "-k", "bit", at=workspace) == one
    suite = given.root / "katas/database-system/01-pages/test_visible.py"
    plain = [
        given.python,
        "-P",
        "-m",
        "pytest",
        "-q",
        "-rA",
        "-p",
        "no:cacheprovider",
        "-k",
        "bit",
        suite,
    ]
    said = subprocess.run(plain, cwd=workspace, capture_output=True, text=True).stdout
    passed = {f"visible {name}" for name in re.findall(r"^PASSED .*::(test_bit\S*)", said, re.M)}
    assert passed == {name for name, outcome in one.items() if outcome == "passed"}
    renew("other secret")
    assert given.outcomes("test", "01", "-k", "bit", at=workspace) != one
