"""Whole journeys through the real command line, as a learner would make them."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.course import manifest, submission, workspace
from grader.course.layout import Layout
from grader.course.manifest import System
from grader.proof import impostors
from tests.journey.learner import ROOT, SFS, Shell

pytestmark = pytest.mark.timeout(240)
COURSE = manifest.load(Layout(ROOT).manifest)


def test_from_the_first_stub_to_the_second_milestone(shell: Shell) -> None:
    """Start, fail, build, pass, be recorded, go on: each step says what is next."""
    said = shell.sfs("start", "database-system", "--dir", "db")
    assert "0 of 20 visible tests pass" in said
    shell.folder = shell.home / "db"
    assert "sfs lesson 01-pages" in shell.sfs()
    assert "NOT BUILT YET" in shell.sfs("test", status=1)
    assert "has not passed yet" in shell.sfs("diff", status=2)
    assert "has not passed yet" in shell.sfs("next", status=2)
    shell.solve("page_file.py")
    assert "All visible tests pass" in shell.sfs("test")
    assert "✓ Pages, roots and the free list outlive the process." in shell.sfs("test", "-v")
    assert "Next is 02-records: sfs next" in shell.sfs("grade")
    assert "cached" in shell.sfs("grade")
    assert "page_file.py" in shell.sfs("diff")
    assert "To fill in: record.py, slotted_page.py" in shell.sfs("next")
    assert "● 01-pages" in shell.sfs()
    attempts = shell.json("progress", "--json")
    assert isinstance(attempts, list)
    assert [
        (a["milestone"], a["outcome"]) for a in attempts if a["suites"] == "visible+hidden"
    ] == [
        ("01-pages", "passed"),
        ("01-pages", "passed"),
    ]
    page = shell.folder / "report.html"
    shell.sfs("report", "--html", "-o", "report.html")
    assert "01-pages" in page.read_text("utf-8")
    for kind in ("json", "junit", "gradescope", "classroom", "markdown", "csv"):
        assert "pages" in shell.sfs("report", f"--{kind}")


def test_a_failure_teaches(begun: Shell) -> None:
    """Sentence, calls, expected beside actual, the seed, and a reproduction that runs."""
    begun.solve("page_file.py")
    source = begun.folder / "page_file.py"
    broken = source.read_text("utf-8").replace(
        "crc32(U32.pack(page_no) + payload)", "crc32(payload)"
    )
    source.write_text(broken, "utf-8")
    said = begun.sfs("test", "--repro", "repro.py", status=1)
    for part in ("FAILED", "What happened:", "expected", "actual", "Seed", "In repro.py are"):
        assert part in said
    assert f"In repro.py are the calls of: {_sentence(said)}" in said
    begun.json("test", "--json", "--repro", "elsewhere.py", status=1)
    assert (begun.folder / "elsewhere.py").read_text() == (begun.folder / "repro.py").read_text()
    done = subprocess.run(
        [sys.executable, "repro.py"], cwd=begun.folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def _sentence(said: str) -> str:
    """What the failure that is shown first is about."""
    return said.splitlines()[0].removeprefix("FAILED  ")


def test_what_is_written_down_is_the_failure_that_is_shown(begun: Shell) -> None:
    """A test that is not built comes earlier in the suite, and is not what somebody wants to see."""
    _allocate(begun, "return 0")
    source = begun.folder / "page_file.py"
    unbuilt = "    def page_size(self) -> int:\n        raise NotImplementedError\n\n    def old("
    source.write_text(source.read_text("utf-8").replace("    def page_size(", unbuilt), "utf-8")
    away = begun.home / "away.py"
    said = begun.sfs("test", "--repro", str(away), status=1)
    assert f"are the calls of: {_sentence(said)}\nPut it into {begun.folder}, and run" in said
    assert "NotImplemented" not in away.read_text("utf-8")


def test_a_breakpoint_stops_where_somebody_can_answer(begun: Shell) -> None:
    """In a measured run it does nothing; `--debug` runs the failing calls here, and there it stops."""
    _allocate(begun, "breakpoint()")
    assert "20 of 20" in begun.sfs("test")
    _allocate(begun, "breakpoint()\n        return 7 * 11")
    done = subprocess.run(
        [SFS, "test", "--debug"], cwd=begun.folder, env=begun.environment,
        capture_output=True, text=True, input="p 6 * 7\ncontinue\n",
    )  # fmt: skip
    assert done.returncode == 1
    assert "(Pdb) 42" in done.stdout and "return 7 * 11" in done.stdout
    assert "--json exclude" in begun.refused("test", "--debug", "--json")


def test_where_an_endless_call_is_busy_can_be_seen(begun: Shell) -> None:
    """Ctrl-C ends the calls with the learner's line, and the command with its own status."""
    _allocate(begun, "print('busy', flush=True)\n        while True:\n            page_no = 1")
    test = subprocess.Popen(
        [SFS, "test", "--debug", "-k", "laid_out"], cwd=begun.folder, env=begun.environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    assert test.stdout is not None
    lines: Iterator[str] = iter(test.stdout)
    assert any("Without the sandbox" in line for line in lines)
    assert any(line == "busy\n" for line in lines)
    os.killpg(test.pid, signal.SIGINT)
    said = test.communicate(timeout=20)[0]
    assert test.returncode == 1
    assert "in allocate" in said and "KeyboardInterrupt" in said and "stopped" not in said


def _allocate(begun: Shell, statement: str) -> None:
    """The reference, with a statement of one's own at the beginning of `allocate`."""
    begun.solve("page_file.py")
    source = begun.folder / "page_file.py"
    first = "page_count, first_free = self._counters()\n        if first_free == 0:"
    head, found, tail = source.read_text("utf-8").partition(first)
    assert found
    source.write_text(f"{head}{statement}\n        {found}{tail}", "utf-8")


def test_hints_come_one_by_one(begun: Shell) -> None:
    """A nudge, an approach, almost code; then the last one again."""
    said = [begun.sfs("hint") for _ in range(4)]
    assert [re.findall(r"^## (\d)\.", text, re.M) for text in said] == [["1"], ["2"], ["3"], ["3"]]
    assert "2 more hints" in said[0]
    assert begun.sfs("hint", "--all").count("## ") == 3


def test_borrowing_earns_nothing_and_loses_nothing(begun: Shell) -> None:
    """The learner's file is kept, the milestone counts for nothing, and one may go on."""
    (begun.folder / "page_file.py").write_text("mine = 1\n")
    assert "nobody to ask" in begun.sfs("borrow", status=2)
    begun.sfs("borrow", "--yes")
    (backup,) = (begun.folder / ".sfs" / "backups").rglob("page_file.py")
    assert backup.read_text() == "mine = 1\n"
    said = begun.sfs("grade")
    assert "borrowed" in said
    assert "0/8" in said
    begun.sfs("next")


def test_reset_keeps_a_copy(begun: Shell) -> None:
    """Back to the stub, and what was there is in the backups."""
    begun.solve("page_file.py")
    mine = (begun.folder / "page_file.py").read_bytes()
    begun.sfs("reset", "--yes")
    stub = ROOT / "katas" / "database-system" / "01-pages" / "python" / "page_file.py"
    assert (begun.folder / "page_file.py").read_bytes() == stub.read_bytes()
    (backup,) = (begun.folder / ".sfs" / "backups").rglob("page_file.py")
    assert backup.read_bytes() == mine


def test_a_second_start_changes_nothing(begun: Shell) -> None:
    """A workspace that is there is resumed, not made again."""
    (begun.folder / "page_file.py").write_text("mine = 1\n")
    begun.folder = begun.home
    assert "there already" in begun.sfs("start", "database-system", "--dir", "db")
    assert (begun.home / "db" / "page_file.py").read_text() == "mine = 1\n"
    said = begun.sfs("start", "web-server", "--dir", "db", status=2)
    assert "is a workspace of database-system" in said


def test_an_older_course_is_recognised(begun: Shell) -> None:
    """Kit and project files are brought up to date, the learner's own files stay."""
    memory = begun.folder / ".sfs" / "workspace.json"
    known = json.loads(memory.read_text())
    memory.write_text(
        json.dumps({**known, "fingerprint": "old", "begun": [*known["begun"], "07-gone"]})
    )
    kit = begun.folder / "kit" / "errors.py"
    kit.chmod(0o644)
    kit.write_text("# old\n")
    (begun.folder / "page_file.py").write_text("mine = 1\n")
    said = begun.sfs()
    assert "has changed" in said
    assert "07-gone" in said
    assert "class" in kit.read_text()
    assert (begun.folder / "page_file.py").read_text() == "mine = 1\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tset"], "Did you mean `sfs test`?"),
        (["start", "datbase-system"], "Did you mean database-system?"),
        (["lesson", "web-server/02-request-haed"], "Did you mean 02-request-head?"),
        (["start", "web-server", "--lang", "pyhton"], "Did you mean python?"),
        (["start", "container-engine", "--lang", "java"], "is not offered in Java"),
        (["test"], "not in a workspace"),
        (["grade", "--code", ".", "--reference"], "exclude each other"),
        (["--course", "/nowhere", "list"], "milestones.yaml"),
        (["report", "--from", "/dev/null"], "is not a result"),
    ],
)
def test_a_wrong_command_says_what_was_meant(
    shell: Shell, arguments: list[str], words: str
) -> None:
    """Two lines and exit status 2: what is wrong, and what to do."""
    said = shell.sfs(*arguments, status=2)
    assert words in said


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (".sfs/workspace.json", "{", "cannot be understood"),
        (".sfs/workspace.json", '{"format": 99}', "newer sfs"),
    ],
)
def test_damaged_memory_is_named(begun: Shell, name: str, content: str, words: str) -> None:
    """A memory that cannot be read is an error with the way out, and nothing is overwritten."""
    (begun.folder / name).write_text(content)
    assert words in begun.sfs(status=2)
    assert (begun.folder / name).read_text() == content


def test_damaged_progress_is_set_aside(begun: Shell) -> None:
    """A record that is no database any more is kept under another name, and a new one begun."""
    (begun.folder / ".sfs" / "progress.db").write_bytes(b"not a database at all" * 100)
    said = begun.sfs("progress")
    assert "was damaged" in said
    (aside,) = (begun.folder / ".sfs").glob("progress.db.damaged-*")
    assert aside.read_bytes().startswith(b"not a database")


def test_a_report_takes_no_files_place(begun: Shell) -> None:
    """Only that of an earlier report of the same kind; a source, or any other file, stays."""
    begun.sfs("test", status=1)
    for name in ("page_file.py", "pyproject.toml", "kit/errors.py", ".sfs/workspace.json"):
        before = (begun.folder / name).read_bytes()
        assert name in begun.refused("report", "-o", name)
        assert (begun.folder / name).read_bytes() == before
    begun.sfs("report", "-o", "report.json")
    begun.sfs("report", "-o", "report.json")
    assert "no earlier html report" in begun.refused("report", "--html", "-o", "report.json")
    assert json.loads((begun.folder / "report.json").read_text("utf-8"))["milestones"]
    assert not (begun.folder / ".sfs" / "backups").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("test", "web-server/02"),
        ("watch", "web-server/02"),
        ("lesson", "web-server/77"),
        ("hint", "web-server/01"),
        ("reset", "web-server/02", "--yes"),
        ("borrow", "web-server/02", "--yes"),
        ("grade", "web-server"),
        ("grade", "01", "web-server/01"),
        ("grade", "--lang", "java"),
    ],
)
def test_another_system_is_never_measured_here(begun: Shell, arguments: tuple[str, ...]) -> None:
    """A workspace is of one system in one language: anything else is said, and nothing is done."""
    said = begun.refused(*arguments)
    assert "database-system" in said or "web-server has no milestone '77'" in said
    assert begun.json("progress", "--json") == []
    assert not (begun.folder / ".sfs" / "backups").exists()


def test_all_is_all_of_the_own_system(shell: Shell) -> None:
    """`--all` in a workspace grades its own milestones; with --code nothing of them is recorded."""
    shell.sfs("start", "web-server", "--dir", "web")
    shell.folder = shell.home / "web"
    said = shell.sfs("grade", "--all", status=1)
    for milestone in ("01-byte-stream", "02-request-head", "03-responses"):
        assert f"web-server/{milestone}" in said
    assert "database-system" not in said
    assert "/01-pages" in shell.sfs("grade", "--code", ".", "database-system/01", status=1)
    attempts = shell.json("progress", "--json")
    assert isinstance(attempts, list)
    assert {a["system"] for a in attempts} == {"web-server"}


@pytest.mark.parametrize("encoding", ["ascii", "ascii:strict", "latin-1", "cp437"])
def test_any_encoding_will_do(begun: Shell, encoding: str) -> None:
    """A letter that the terminal lacks becomes a plain one; JSON is UTF-8 everywhere."""
    begun.solve("page_file.py")
    begun.environment["PYTHONIOENCODING"] = encoding
    begun.sfs("grade", "01")
    done = subprocess.run([SFS], cwd=begun.folder, env=begun.environment, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert (b"####" in done.stdout) == (encoding != "cp437")
    done = subprocess.run(
        [SFS, "report"], cwd=begun.folder, env=begun.environment, capture_output=True
    )
    assert json.loads(done.stdout.decode("utf-8"))["subject"] == str(begun.folder)
    begun.environment["PYTHONIOENCODING"] = "ascii"
    (begun.folder / "page_file.py").write_text("'é' → \n", "utf-8")
    assert "FAILED" in begun.sfs("test", status=1)


def test_some_tests_are_never_all_tests(begun: Shell) -> None:
    """With `-k` the words, the points and the record say that it was not a full run."""
    begun.solve("page_file.py")
    said = begun.sfs("test", "-k", "header")
    assert re.search(r"(\d+) of \1 visible tests pass; only some of its tests ran", said)
    assert "All visible tests pass" not in said
    result = begun.json("test", "-k", "header", "--json")
    assert isinstance(result, dict)
    assert result["milestones"][0]["partial"] is True
    assert begun.json("progress", "--json") == []
    for nothing in ("zzz", "header and"):
        assert f"-k {nothing!r} chooses none" in begun.refused("test", "-k", nothing)


def test_a_machine_without_a_jdk_says_how_to_get_one(shell: Shell) -> None:
    """The Java track is not run, and is not a pass; the message names the package."""
    shell.environment.update(PATH=str(SFS.parent), JAVA_HOME="")
    said = shell.sfs("grade", "database-system/01", "--lang", "java", "--reference", status=1)
    assert "not run" in said
    assert "openjdk" in said
    said = shell.sfs(
        "start", "database-system", "--lang", "java", "--dir", "db"
    )  # it can be written here
    assert "openjdk" in said and "Next: cd" in said


def test_two_graders_at_once_are_both_recorded(begun: Shell) -> None:
    """Neither waits for ever, neither loses its verdict."""
    begun.solve("page_file.py")
    command = [SFS, "grade", "--fresh"]
    both = [
        subprocess.Popen(
            command, cwd=begun.folder, env=begun.environment, stdout=subprocess.DEVNULL
        )
        for _ in range(2)
    ]
    assert [one.wait() for one in both] == [0, 0]
    attempts = begun.json("progress", "--json")
    assert isinstance(attempts, list)
    assert [a["outcome"] for a in attempts] == ["passed", "passed"]


def processes_with(mark: str) -> list[int]:
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if mark.encode() in Path(f"/proc/{name}/environ").read_bytes():
                found.append(int(name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_grade_leaves_nothing(begun: Shell, number: signal.Signals) -> None:
    """After Ctrl-C, or kill -9, no process of it is left, and the next command works."""
    begun.solve("page_file.py")
    begun.environment["HOME"] = str(begun.home)
    command = [SFS, "grade", "--fresh"]
    grading = subprocess.Popen(
        command,
        cwd=begun.folder,
        env=begun.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    mark = f"HOME={begun.home}"
    assert _until(lambda: len(processes_with(mark)) > 2)
    grading.send_signal(number)
    status = grading.wait(timeout=20)
    assert status == (130 if number == signal.SIGINT else -9)
    assert _until(lambda: processes_with(mark) == []), processes_with(mark)
    assert "passed" in begun.sfs("grade")


def _until(condition: object, seconds: float = 15) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.01)
    return False


def on_terminal(shell: Shell, *arguments: str, typed: bytes = b"", **more: str) -> str:
    """What a person sees who runs it in a terminal."""
    near, far = pty.openpty()
    os.write(near, typed)
    child = subprocess.Popen(
        [SFS, *arguments], cwd=shell.folder, env={**shell.environment, "TERM": "xterm", **more},
        stdin=far, stdout=far, stderr=far,
    )  # fmt: skip
    os.close(far)
    seen = b""
    try:
        while data := os.read(near, 4096):
            seen += data
    except OSError:  # the terminal is gone with its last user
        pass
    child.wait()
    os.close(near)
    return seen.decode()


def test_colour_only_on_a_terminal(begun: Shell) -> None:
    """Colours on a terminal; none in a pipe, with NO_COLOR, or on a dumb terminal."""
    assert "\x1b[3" in on_terminal(begun, "test")
    assert "\x1b[" not in begun.sfs("test", status=1)
    assert "\x1b[3" not in on_terminal(begun, "test", NO_COLOR="1")
    assert "\x1b[3" not in on_terminal(begun, "test", TERM="dumb")


def test_a_pager_shows_colours_and_not_their_letters(begun: Shell) -> None:
    """`less` prints escape sequences as text unless it is told otherwise; what fits needs no key."""
    said = on_terminal(begun, "hint", LINES="100")
    assert "Paper first" in said
    assert "ESC" not in said


def test_a_question_answered_with_no_changes_nothing(begun: Shell) -> None:
    """It is no interruption either."""
    before = (begun.folder / "page_file.py").read_bytes()
    (begun.folder / "page_file.py").write_bytes(before + b"# mine")
    said = on_terminal(begun, "reset", typed=b"n\n")
    assert "Nothing was changed." in said and "stopped" not in said
    assert (begun.folder / "page_file.py").read_bytes() == before + b"# mine"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.symlink_to("/etc/passwd"), "is a link"),
        (os.mkfifo, "is not a regular file"),
        (lambda path: path.mkdir(), "is not a regular file"),
        (lambda path: os.truncate(_touched(path), 5 << 30), "bytes; a source file may have"),
    ],
    ids=["link", "pipe", "folder", "5 GB"],
)
def test_a_folder_that_cannot_be_graded_is_refused(shell: Shell, make: object, words: str) -> None:
    """Links, pipes, folders and 5 GB of nothing are named, and nothing of them is read."""
    handed_in = shell.home / "handed in"
    handed_in.mkdir()
    make(handed_in / "page_file.py")  # type: ignore[operator]
    arguments = ["grade", "--code", str(handed_in), "--lang", "python", "database-system/01"]
    said = shell.sfs(*arguments, status=2)
    assert "page_file.py" in said
    assert words in said


def _touched(path: Path) -> Path:
    path.touch()
    return path


def test_watch_answers_a_save(begun: Shell) -> None:
    """A save is answered with the tests as they are then, and Ctrl-C ends it and all that it started."""
    environment = {**begun.environment, "PYTHONUNBUFFERED": "1"}
    watch = subprocess.Popen(
        [SFS, "watch"], cwd=begun.folder, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert watch.stdout is not None
    lines: Iterator[str] = iter(watch.stdout)
    assert any("0 of 20 visible" in line for line in lines)
    begun.solve("page_file.py")
    assert any("20 of 20 visible" in line for line in lines)
    watch.send_signal(signal.SIGINT)
    assert watch.wait(timeout=20) == 130
    watch.stdout.close()
    mark = f"HOME={begun.home}"
    assert _until(lambda: processes_with(mark) == [])


@pytest.mark.parametrize("system", COURSE.systems.values(), ids=lambda system: system.id)
def test_fresh_stubs_are_a_project_that_type_checkers_understand(
    system: System, tmp_path: Path
) -> None:
    """All stubs of a system beside the kit: the imports resolve, and the signatures are sound."""
    layout = Layout(ROOT)
    own = workspace.create(tmp_path / "own", layout, system, "python")
    for milestone in system.milestones:
        own.lay_out(layout, system, milestone)
    done = subprocess.run(
        [sys.executable, "-m", "mypy"], cwd=own.root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_json_is_all_that_is_printed(begun: Shell) -> None:
    """Commands that report can be read by a program."""
    for arguments, status in ((["list"], 0), (["test"], 1), (["grade"], 1), (["progress"], 0)):
        assert begun.json(*arguments, "--json", status=status)


@pytest.mark.parametrize("command", ["start", "test", "grade", "hint", "report", "watch", "stubs"])
def test_help_has_examples(shell: Shell, command: str) -> None:
    """`--help` of a command shows how it is used."""
    assert shell.sfs(command, "--help").count(f"sfs {command}") >= 2


def test_a_known_mistake_is_recognised(begun: Shell) -> None:
    """Who makes the mistake of an impostor reads what they seem to think, and which hint is about it."""
    layout = Layout(ROOT)
    patch = next(
        p for p in layout.impostors("database-system", "01-pages") if p.stem == "little-endian"
    )
    reference = submission.read(layout.reference("database-system", "python"), "python")
    wrong = impostors.sources(impostors.load(patch), reference)
    (begun.folder / "page_file.py").write_bytes(wrong["page_file.py"])
    words = begun.sfs("test", status=1)
    assert "This is how it fails for somebody who thinks:\n  The byte order" in words
    assert "(hint 1 is about this)" in words
    assert "This is how it fails" not in begun.sfs("test", "-k", "header", status=1)
