"""Every kind of fault in a milestone is found, named with its place, and nothing else is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from grader.grading.plugin import test_seed as seed_of
from grader.proof import runs
from tests.course.conftest import HIDDEN, MANIFEST, REFERENCE, VISIBLE, Tiny

pytestmark = pytest.mark.timeout(240)
ROOM = "katas/tally/01-count"
ANSWERS = "solutions/tally/01-count"
JAVA = """\
/** Adds up. */
public final class Counter {
    /** Begin with nothing. */
    public Counter() {
        // BEGIN SOLUTION
        System.out.println();
        // END SOLUTION
    }
}
"""


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def test_a_good_milestone_is_green(tiny: Tiny) -> None:
    """With the misconceptions written, nothing is found; and all was really measured."""
    written = tiny.prove(repeat=1, write=True)
    assert (written.written, written.findings) == ((f"{ROOM}/misconceptions.json",), ())
    report = tiny.prove(repeat=1)
    assert (report.status, report.findings, report.written) == ("green", (), ())
    assert (report.proven, report.tests, report.killed()) == (("python",), (2, 2), (6, 6, 6))
    assert [(k.impostor, k.visible, k.hidden) for k in report.kills][3:5] == [
        ("one-first", (1, 2), (1, 2)),
        ("refuses-nothing", (1, 2), (1, 2)),
    ]


def test_missing_files_are_named(tiny: Tiny) -> None:
    """What is not there is said, and what can still be looked at is."""
    (tiny.room / "lesson.md").unlink()
    (tiny.answers / "test_hidden.py").unlink()
    shutil.rmtree(tiny.answers / "impostors")
    assert tiny.faults() == [
        f"{ROOM}/lesson.md: the lesson is missing",
        f"{ANSWERS}/test_hidden.py: the hidden suite is missing",
        f"{ANSWERS}/impostors: only 0 of 6 impostors, which a milestone has at least",
    ]


def test_a_missing_reference_is_named(tiny: Tiny) -> None:
    """Without a reference there are no stubs and no runs."""
    (tiny.root / "solutions/tally/python/counter.py").unlink()
    said = tiny.faults()
    assert "solutions/tally/python/counter.py: the reference in Python is missing" in said


def test_a_stale_stub_is_found(tiny: Tiny) -> None:
    """A stub that was edited by hand is not what the reference says."""
    append(tiny.room / "python/counter.py", "# by hand\n")
    assert tiny.faults() == [f"{ROOM}/python/counter.py: the stub is stale"]


def test_a_test_that_a_stub_passes_is_found(tiny: Tiny) -> None:
    """It is named with its line and how it ended."""
    text = '\n\ndef test_free(kata):\n    """Nothing is asked."""\n    assert kata\n'
    append(tiny.room / "test_visible.py", text)
    said = tiny.faults()
    line = VISIBLE.count("\n") + 3
    where = f"{ROOM}/test_visible.py:{line}"
    assert next(s for s in said if s.startswith(where)) == (
        f"{where}: on the untouched stub test_free ends passed"
    )


def test_a_reference_that_fails_is_found(tiny: Tiny) -> None:
    """Each test that it does not pass is named; its impostors' runs are not believed."""
    path = tiny.answers / "test_hidden.py"
    path.write_text(HIDDEN.replace("[7, 7, 8]", "[7, 7, 9]"), "utf-8")
    said = tiny.faults()
    assert [s.partition(": failed")[0] for s in said] == [
        f"{ANSWERS}/test_hidden.py:4: the reference does not pass test_it_adds"
    ]


def later(tiny: Tiny, text: str) -> None:
    """A second milestone with one file."""
    more = "      - {id: 02-later, title: Later, adds: [later], timeout: 2}\n"
    (tiny.root / "milestones.yaml").write_text(MANIFEST + more, "utf-8")
    (tiny.root / "solutions/tally/python/later.py").write_text(text, "utf-8")


def test_a_reference_that_needs_a_later_file_is_found(tiny: Tiny) -> None:
    """A learner does not have it yet, though the finished system does."""
    later(tiny, "ZERO = 0\n")
    shutil.rmtree(tiny.answers / "impostors")
    reference = tiny.root / "solutions/tally/python/counter.py"
    text = REFERENCE.replace("_sum = 0", '_sum = __import__("later").ZERO')
    reference.write_text(text, "utf-8")
    said = [one.partition(" ends ")[0] for one in tiny.faults()]
    words = "without later milestones' files"
    assert said == [
        f"{ANSWERS}/impostors: only 0 of 6 impostors, which a milestone has at least",
        f"{ROOM}/test_visible.py:4: {words} test_it_adds",
        f"{ROOM}/test_visible.py:9: {words} test_it_refuses",
        f"{ANSWERS}/test_hidden.py:4: {words} test_it_adds",
        f"{ANSWERS}/test_hidden.py:9: {words} test_it_refuses",
    ]


def test_a_later_change_measures_no_impostor_anew(tiny: Tiny) -> None:
    """Only the whole reference is run again: nothing else has the later file."""
    later(tiny, "ZERO = 0\n")
    tiny.prove()
    kept = set(tiny.bench().cache.folder.iterdir())
    later(tiny, "ZERO = 1\n")
    tiny.prove()
    assert len(set(tiny.bench().cache.folder.iterdir()) - kept) == 1


def test_an_impostor_that_passes_is_found(tiny: Tiny) -> None:
    """With its misconception, so that one knows what no test asks."""
    tiny.impostor("renamed", "_sum", "_total")
    said = tiny.faults()
    assert said == [
        f"{ANSWERS}/impostors/renamed.patch: the hidden suite lets renamed pass: renamed is right."
    ]


def test_a_visible_suite_that_sees_too_little_is_found(tiny: Tiny) -> None:
    """At least half of the impostors have to fail it."""
    path = tiny.room / "test_visible.py"
    path.write_text(VISIBLE.replace("[[2], [3]]", "[]").replace("[[2, 5]]", "[[]]"), "utf-8")
    assert tiny.faults()[-1] == (
        f"{ROOM}/test_visible.py: the visible suite finds out 2 of 6 impostors, less than half"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no head\n", "no misconception"),
        ("Misconception: x\nHint: 7\n", "hint '7'"),
        ("Misconception: x\nLanguage: java\n", "is an impostor in java"),
        ("Misconception: x\n\n--- a/python/counter.py\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", "does not"),
    ],
)
def test_a_patch_out_of_shape_is_found(tiny: Tiny, text: str, expected: str) -> None:
    """It is named, and the others are run."""
    (tiny.answers / "impostors/odd.patch").write_text(text, "utf-8")
    said = tiny.faults()
    assert len(said) == 1
    assert said[0].startswith(f"{ANSWERS}/impostors/odd.patch: {expected}")


def test_a_test_without_a_sentence_is_found(tiny: Tiny) -> None:
    """A learner would read nothing, or half of it."""
    path = tiny.room / "test_visible.py"
    text = VISIBLE.replace('    """What was added is shown."""\n', "")
    path.write_text(text.replace("by name.", "by\n    name."), "utf-8")
    assert tiny.faults() == [
        f"{ROOM}/test_visible.py:4: test_it_adds has no sentence",
        f"{ROOM}/test_visible.py:8: test_it_refuses has no whole sentence on its first line",
    ]


def test_names_that_do_not_exist_are_found(tiny: Tiny) -> None:
    """In the lesson and in the hints, with their lines."""
    append(tiny.room / "hints.md", "`no_such_name` and `Counter.add`\n")
    assert tiny.faults() == [f"{ROOM}/hints.md:6: there is no `no_such_name`"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("sh -c 'exit 4'; true\nsh -c 'exit 4'", "2: the lesson's command ends with status 4"),
        ("false\ntrue", "1: the lesson's command ends with status 1"),
        (
            "no-such-command | cat",
            "0: the lesson's commands need what is not there: no-such-command",
        ),
        ("exit 0", "0: the lesson's commands do not come to this block's end"),
    ],
)
def test_commands_of_a_lesson_are_run(tiny: Tiny, command: str, expected: str) -> None:
    """A block of commands that does not come to a good end is named with the line that fails."""
    path = tiny.room / "lesson.md"
    text = path.read_text("utf-8").replace("sfs test\n", f"ls counter.py kit\n{command}\n")
    path.write_text(text, "utf-8")
    (one,) = tiny.faults()
    behind, _, words = expected.partition(": ")
    line = text[: text.index("ls counter.py")].count("\n") + 1 + int(behind)
    assert one.startswith(f"{ROOM}/lesson.md:{line}: {words}")


FLAKY = '''

def test_unsteady(kata, seed):
    """Its own data decides."""
    assert kata.Counter().add(1) == 1
    assert seed.value == {value}
'''


def test_a_flake_is_found_with_its_seed(tiny: Tiny) -> None:
    """A test that passes with some data only; the mend repeats the run."""
    value = seed_of(runs.SEEDS[0], "hidden", "test_unsteady")
    append(tiny.answers / "test_hidden.py", FLAKY.format(value=value))
    found = [f for f in tiny.prove(repeat=2).findings if f.what.startswith("flake")]
    assert len(found) == 2
    for one in found:
        assert one.what.endswith("test_unsteady ends failed")
        assert f"--seed {one.what.split()[6].rstrip(',')}" in one.mend


def test_what_was_measured_is_known_again(tiny: Tiny) -> None:
    """A second proof measures nothing, until K or the code changes, or it is told to."""
    subject = tiny.subject()
    first = runs.flakes(subject, "python", 1, tiny.bench())
    assert runs.flakes(subject, "python", 1, tiny.bench()) == first
    assert runs.flakes(subject, "python", 2, tiny.bench())[:1] != first
    assert runs.flakes(subject, "python", 1, tiny.bench(fresh=True)) != first
    assert not tiny.bench().grade(subject.job("python")).cached
    assert tiny.bench().grade(subject.job("python")).cached
    assert not tiny.bench(fresh=True).grade(subject.job("python")).cached


def test_a_language_that_cannot_run_is_not_proven(tiny: Tiny) -> None:
    """Its absence is no finding and no proof; the way to get it is told."""
    text = MANIFEST.replace("[python]", "[python, java]")
    (tiny.root / "milestones.yaml").write_text(text, "utf-8")
    java = tiny.root / "solutions/tally/java/Counter.java"
    java.parent.mkdir()
    java.write_text(JAVA, "utf-8")
    tiny.stubs()
    tiny.environment.update(PATH="/nowhere", JAVA_HOME="/nowhere")
    (tiny.room / "lesson.md").write_text(
        (tiny.room / "lesson.md").read_text("utf-8").replace("```sh", "```text"), "utf-8"
    )
    report = tiny.prove(write=True)
    assert (report.status, report.proven, report.findings) == ("green", ("python",), ())
    assert "Install" in report.not_run["java"] or "apt-get" in report.not_run["java"]


def test_misconceptions_are_stale_when_a_suite_changes(tiny: Tiny) -> None:
    """The file is derived: what it says has to be what the impostors show."""
    file = tiny.room / "misconceptions.json"
    tiny.prove(write=True)
    entries = msgspec.json.decode(file.read_bytes())
    assert entries[0] == {
        "misconception": "adds-one-more is right.",
        "hint": 2,
        "language": "python",
        "fails": ["test_it_adds"],
    }
    append(tiny.room / "test_visible.py", VISIBLE.split("\n\n\n")[1].replace("adds", "adds_again"))
    found = [f for f in tiny.prove().findings if "misconceptions" in f.where]
    assert [f.mend for f in found] == ["sfs verify --write tally/01-count"]


def sfs(tiny: Tiny, *arguments: str) -> tuple[int, str]:
    """The real command in the course's folder: status and output."""
    command = [sys.executable, "-P", "-m", "grader.cli", "verify", "--repeat", "0", *arguments]
    done = subprocess.run(
        command, cwd=tiny.root, env=tiny.environment, capture_output=True, text=True
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_command_says_what_it_found(tiny: Tiny) -> None:
    """Kill table, findings with mend, a line for each milestone; 1 with findings, 0 without."""
    (tiny.root / "katas/tally/README.md").unlink()
    status, said = sfs(tiny, "--write", "tally/1")
    assert status == 1
    assert "tally:\n  ! katas/tally/README.md: the system has no README\n    -> " in said
    assert "\nrefuses-nothing       python    1/2      1/2     refuses-nothing is right.\n" in said
    assert f"written: {ROOM}/misconceptions.json" in said
    assert "tally/01-count  python  tests 2+2  impostors 6/6 hidden, 6 visible  " in said
    (tiny.root / "katas/tally/README.md").write_text("# A tally\n")
    status, said = sfs(tiny, "--json")
    assert (status, json.loads(said)["milestones"][0]["status"]) == (0, "green")


def test_changed_proves_what_changed(tiny: Tiny) -> None:
    """After a commit there is nothing to prove; after an edit, what it touches."""
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *who, *arguments], cwd=tiny.root, check=True)
    assert sfs(tiny, "--changed") == (0, "No milestone is touched by what changed.\n")
    append(tiny.room / "hints.md", "\n")
    assert "tally/01-count  python" in sfs(tiny, "--changed")[1]
