"""The seven outcomes, and that no code under test reaches a better one than it earned."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from grader.grading import cache
from grader.verdict import Failure, MilestoneResult, Outcome, TestResult
from tests.grading.conftest import HIDDEN, REFERENCE, STUB, VISIBLE, Grade, by_name

LOADED = '''

def test_what_is_loaded(kata, program, disk, workdir, seed):
    """Whoever judges is known."""
    import sys

    kata.Counter().add(1)
    loaded = {{name for name in sys.modules if name.startswith("grader.")}}
    assert "grader.grading.plugin" in loaded and not loaded - set({names})
'''
ALL = VISIBLE.count("def test_") + HIDDEN.count("def test_")


def test_the_reference_passes(grade: Grade) -> None:
    """Every expected test reports, and each of them passed."""
    result = grade()
    assert result.outcome == "passed", result
    assert (result.count(), result.total()) == (ALL, ALL)


def test_only_what_judges_is_there(course: Path, grade: Grade) -> None:
    """All of the grader that the trusted process has loaded by a test's end counts for the verdict."""
    suite = course / "solutions/tally/01-count/test_hidden.py"
    files = (p.relative_to(cache.GRADER.parent).with_suffix("") for p in cache.judging())
    names = [".".join(p.parts).removesuffix(".__init__") for p in sorted(files)]
    suite.write_text(HIDDEN + LOADED.format(names=names))
    assert grade().outcome == "passed"


def test_a_stub_is_not_begun(grade: Grade) -> None:
    """Every test of an untouched stub is `todo`, none passes."""
    result = grade(STUB)
    assert result.outcome == "todo"
    assert result.count("todo") == ALL


def test_a_wrong_answer_fails_with_what_is_needed_to_understand_it(grade: Grade) -> None:
    """Sentence, calls, expected, actual, prints, the learner's own line and the seed."""
    wrong = REFERENCE.replace(
        "self.total += amount", "print('adding', amount); self.total = amount"
    )
    test = by_name(grade(wrong))["it_adds"]
    assert test.outcome == "failed"
    assert test.sentence == "What was added is shown."
    failure = test.failure
    assert failure is not None
    assert failure.expected == "7"
    assert failure.actual == "4"
    assert any("add(3)" in call for call in failure.calls)
    assert "adding 3" in failure.prints
    assert "adding 4" in failure.prints
    assert failure.seed is not None
    assert failure.assertion == "assert counter.value() == 7"
    assert "Counter()" in failure.reproduction


def test_of_many_prints_the_end_is_shown(grade: Grade) -> None:
    """A thousand lines would hide the failure that they belong to."""
    spam = "[print('line', i) for i in range(1000)]; self.total = amount"
    failure = by_name(grade(REFERENCE.replace("self.total += amount", spam)))["it_adds"].failure
    assert failure is not None
    first, *lines = failure.prints.splitlines()
    assert first.startswith("… (") and first.endswith(" characters before)")
    assert lines == [f"line {i}" for i in range(980, 1000)]


def test_a_breakpoint_that_was_forgotten_does_nothing(grade: Grade) -> None:
    """Nobody could answer it; `sfs test --debug` is for that."""
    stopping = REFERENCE.replace("self.total += amount", "breakpoint(); self.total += amount")
    assert grade(stopping).outcome == "passed"


def test_an_exception_names_the_learners_line(grade: Grade) -> None:
    """The frames are the learner's own and nobody else's."""
    wrong = REFERENCE.replace("self.total += amount", "self.totl += amount")
    test = by_name(grade(wrong))["it_adds"]
    assert test.outcome == "failed"
    assert test.failure is not None
    assert "AttributeError" in test.failure.reason
    assert {f.file for f in test.failure.frames} == {"counter.py"}
    assert test.failure.frames[-1].text == "self.totl += amount"


def test_a_hidden_failure_tells_its_sentence_and_nothing_else(grade: Grade) -> None:
    """No value, no call, no print, no duration, no text of the learner's."""
    wrong = REFERENCE.replace("self.total += amount", "print('SECRET'); raise ValueError('SECRET')")
    test = by_name(grade(wrong))["it_counts_far"]
    assert (test.outcome, test.sentence, test.seconds) == ("failed", "Any sum is right.", 0.0)
    assert test.failure is not None
    assert "SECRET" not in repr(test)
    assert test.failure.calls == () and test.failure.expected is None and test.failure.frames == ()


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("import os; os._exit(0)", "crashed"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "crashed"),
        ("import os, signal; os.kill(1, signal.SIGKILL); os.kill(-1, signal.SIGKILL)", "failed"),
        ("import ctypes; ctypes.string_at(0)", "crashed"),
        ("import sys; sys.exit(0)", "failed"),
        ("raise KeyboardInterrupt", "failed"),
        ("raise BaseException('odd')", "failed"),
        ("raise NotImplementedError('later')", "todo"),
        ("while True: pass", "timeout"),
        ("import time; time.sleep(60)", "timeout"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", "timeout"),
        ("return object()", "failed"),
        ("return {1: 2}", "failed"),
        ("x = []; x.append(x); return x", "failed"),
        ("return 'x' * (64 << 20)", "failed"),
        (
            'import os\n        for fd in range(3, 64):\n            try: os.write(fd, b\'{"jsonrpc": "2.0", "id": "1", "result": 7}\\n\')\n            except OSError: pass\n        return 7',
            "crashed",
        ),
    ],
)
def test_whatever_a_method_does_it_gets_the_outcome_that_fits(
    grade: Grade, body: str, outcome: Outcome
) -> None:
    """Ways to die, to hang, to lie and to answer the wrong thing."""
    result = grade(REFERENCE.replace("return self.total", body))
    assert by_name(result)["it_adds"].outcome == outcome
    assert result.outcome != "passed"
    assert result.total() == ALL


CHEATS = {
    "equal to everything": "class Yes(int):\n    def __eq__(self, other): return True\n    __hash__ = None\n",
    "equal to everything, an object": "class Yes:\n    def __init__(self, *a): pass\n    def __eq__(self, other): return True\n",
    "a string that agrees": "class Yes(str):\n    def __eq__(self, other): return True\n",
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_an_object_that_agrees_with_everything_judges_nothing(grade: Grade, cheat: str) -> None:
    """Only plain values are compared, by the trusted end."""
    text = CHEATS[cheat] + REFERENCE.replace("return self.total", "return Yes(3)")
    result = grade(text)
    assert by_name(result)["it_adds"].outcome == "failed"
    assert result.outcome == "failed"


def test_an_exception_class_that_borrows_a_name_is_not_the_built_in(grade: Grade) -> None:
    """Posing as another error by name alone does not satisfy who expects the kit's error."""
    text = REFERENCE.replace("raise Refused(", "raise ValueError(")
    assert by_name(grade(text))["it_refuses_less_than_nothing"].outcome == "failed"


def test_one_slow_test_does_not_hold_up_the_others(grade: Grade) -> None:
    """The tests beside an endless one keep their own outcomes."""
    text = REFERENCE.replace('raise Refused(f"cannot add {amount}")', "while True: pass")
    tests = by_name(grade(text))
    assert tests.pop("it_refuses_less_than_nothing").outcome == "timeout"
    assert {t.outcome for t in tests.values()} == {"passed"}


def test_a_submission_that_is_always_slow_ends_in_bounded_time(grade: Grade) -> None:
    """The whole run has a limit beside each test's."""
    began = time.monotonic()
    result = grade("import time\ntime.sleep(100)\n" + REFERENCE)
    assert {t.outcome for t in result.tests} == {"timeout"}
    assert time.monotonic() - began < 20


def test_a_banned_import_is_refused_with_its_line(grade: Grade) -> None:
    """The policy speaks before anything runs."""
    result = grade("import sqlite3\n" + REFERENCE)
    assert result.outcome == "failed"
    assert result.reason.startswith("counter.py:1: uses sqlite3")


def test_a_banned_import_in_disguise_is_refused_by_the_host(grade: Grade) -> None:
    """__import__ with a computed name is stopped at run time."""
    result = grade("__import__('sql' + 'ite3')\n" + REFERENCE)
    assert {t.outcome for t in result.tests} == {"failed"}


def test_code_that_cannot_be_parsed_fails_with_its_line(grade: Grade) -> None:
    """A syntax error is the learner's, with file and line."""
    test = by_name(grade("def broken(:\n"))["it_adds"]
    assert test.outcome == "failed"
    assert test.failure is not None
    assert "counter.py" in test.failure.reason + repr(test.failure.frames)


def test_a_missing_name_is_said(grade: Grade) -> None:
    """The reason names what was looked for."""
    test = by_name(grade("class Countre:\n    pass\n"))["it_adds"]
    assert test.outcome == "failed"
    assert test.failure is not None
    assert "Counter" in test.failure.reason


def test_nothing_is_carried_from_one_test_to_the_next(grade: Grade) -> None:
    """A file, a module's state or a patched built-in of one test is not there in the next."""
    text = REFERENCE.replace(
        "self.total = 0",
        "import os, builtins\n"
        "        assert not os.path.exists('/tmp/loot'), 'loot found'\n"
        "        assert not os.path.exists('/dev/shm/loot'), 'loot found'\n"
        "        assert not hasattr(builtins, 'loot'), 'loot found'\n"
        "        self.total = 0",
    ).replace(
        "return self.total",
        "import builtins; builtins.loot = 1\n"
        "        open('/tmp/loot', 'w'); open('/dev/shm/loot', 'w')\n"
        "        return self.total",
    )
    tests = by_name(grade(text))
    assert tests["it_adds"].outcome == "passed", tests["it_adds"].failure
    assert tests["it_counts_far"].outcome == "passed"


def test_the_same_seed_gives_the_same_verdict(grade: Grade) -> None:
    """Two runs under one seed agree in everything but time."""

    def essence(result: MilestoneResult) -> list[tuple[str, Outcome]]:
        return [(t.name, t.outcome) for t in result.tests]

    wrong = REFERENCE.replace("self.total += amount", "self.total += amount % 1000")
    assert essence(grade(wrong, seed=5)) == essence(grade(wrong, seed=5))


def test_progress_is_told_while_it_happens(grade: Grade) -> None:
    """A watcher hears how many tests there are and each result once."""

    class Ear:
        def __init__(self) -> None:
            self.totals: list[int] = []
            self.heard: list[str] = []

        def collected(self, total: int) -> None:
            self.totals.append(total)

        def finished(self, test: TestResult) -> None:
            self.heard.append(test.name)

    ear = Ear()
    grade(watcher=ear)
    assert ear.totals[-1] == ALL
    assert len(ear.heard) == len(set(ear.heard)) == ALL


@pytest.mark.parametrize("use", ["kata.same(counter)", 'kata.script([[counter, "value", []]])'])
def test_an_error_out_of_a_batch_is_the_codes_own_wherever_it_is_used(
    grade: Grade, course: Path, use: str
) -> None:
    """A suite that goes on with an object whose making failed has found that failure, no other."""
    suite = course / "katas/tally/01-count/test_visible.py"
    suite.write_text(
        VISIBLE + '\n\ndef test_it_is_made_in_a_batch(kata):\n    """A counter in a batch."""\n'
        f'    (counter,) = kata.script([[None, "Counter", []]])\n    {use}\n',
        "utf-8",
    )
    same = "\n\ndef same(it):\n    return it\n"
    assert grade(REFERENCE + same).outcome == "passed"
    wrong = REFERENCE.replace("self.total = 0", "self.total = {}['nought']")
    test = by_name(grade(wrong + same))["it_is_made_in_a_batch"]
    assert test.outcome == "failed", test
    assert test.failure is not None
    assert "nought" in test.failure.reason


def test_a_link_for_a_test_to_follow_finds_nothing(grade: Grade, course: Path) -> None:
    """A submission that leaves a link to the hidden suite where a test reads shows nothing of it."""
    suite = course / "katas/tally/01-count/test_visible.py"
    suite.write_text(
        VISIBLE + '\n\ndef test_it_keeps_a_log(kata, workdir):\n    """The log is empty."""\n'
        '    kata.Counter()\n    assert (workdir / "log").read_text() == ""\n',
        "utf-8",
    )
    hidden = course / "solutions/tally/01-count/test_hidden.py"
    text = REFERENCE.replace(
        "self.total = 0", f"self.total = 0; import os; os.symlink({str(hidden)!r}, 'log')"
    )
    result = grade(text)
    assert by_name(result)["it_keeps_a_log"].outcome == "failed"
    assert "Any sum is right" not in repr([t.failure for t in result.tests])
    assert "counter.value() == sum" not in repr(result)


def test_a_suite_that_hangs_is_too_slow(grade: Grade, course: Path) -> None:
    """Whatever the suite's own side was led to: its test is ended, and the others go on."""
    asleep = """

def test_it_sleeps(kata):
    \"\"\"It wakes up.\"\"\"
    kata.Counter()
    try:
        time.sleep(100)
    except Exception:
        pass
"""
    head = "import time\n\nfrom grader.grading import plugin\n\nplugin.SUITE_SLACK = 0.2\n"
    suite = course / "katas/tally/01-count/test_visible.py"
    suite.write_text(
        VISIBLE.replace('"""Counting."""\n', f'"""Counting."""\n{head}') + asleep, "utf-8"
    )
    result = grade()
    assert [t.name for t in result.tests if t.outcome != "passed"] == ["test_it_sleeps"]
    test = by_name(result)["it_sleeps"]
    assert test.outcome == "timeout", test


def test_an_error_in_a_hidden_test_tells_nothing_of_it(grade: Grade, course: Path) -> None:
    """The kind of exception and its place are for the grader's authors; values stay inside."""
    broken = """

def test_it_breaks(kata, workdir, monkeypatch):
    \"\"\"It does not break.\"\"\"
    from grader.bridge import proxy

    monkeypatch.setattr(proxy, "_shown", None)
    assert kata.Counter().add(4711) == "gold"
"""
    suite = course / "solutions/tally/01-count/test_hidden.py"
    suite.write_text(HIDDEN + broken, "utf-8")
    test = by_name(grade())["it_breaks"]
    assert test.outcome == "error"
    assert test.failure is not None
    assert "TypeError in proxy.py" in test.failure.reason
    assert test.failure == Failure(reason=test.failure.reason)
    assert not {"4711", "gold"} & set(re.findall(r"\w+", test.failure.reason))
