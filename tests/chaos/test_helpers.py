"""A helper of a command dies by `kill -9`: the command ends by itself, and says nothing untrue."""

from __future__ import annotations

import json
import random
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.conftest import SEED, share
from tests.chaos.learner import Learner, broken, solved
from tests.chaos.traces import Machine, argv, below, kill_below, title, until

pytestmark = pytest.mark.timeout(240)

END_SECONDS = 100.0  # by then a command has ended that lost a helper, even on a busy machine
AFTER_FIRST = 2.0  # seconds after the first helper was there in which another is killed
COMMANDS = {
    "grade": ("grade", "--json"),
    "test": ("test", "--json"),
    "unsafe": ("test", "--unsafe", "--json"),
    "reference": ("grade", "--reference", "database-system/01", "--lang", "python", "--json"),
}
OURS = {"error", "crashed", "timeout"}  # outcomes that a test may have whose host was killed


def role(pid: int) -> str:
    """What a process is to a run, as far as its command line tells."""
    words = argv(pid)
    name = Path(words[0]).name if words else "new"
    if name == "bwrap":
        return "inner bwrap" if "/sfs/nursery.py" in words else "bwrap"
    if "grader.grading.within" in words:
        return "keeper" if name == "sh" else "trusted"
    if "/sfs/nursery.py" in words:
        return "host" if "/sfs/nursery.py" in argv(parent(pid)) else "nursery"
    return name


def parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def kill_one(command: subprocess.Popen[bytes], chance: random.Random) -> str:
    """Choose among the kinds of helpers that are there, then one of the kind; what it was."""
    roles: dict[str, list[int]] = {}
    for pid in below(command.pid):
        roles.setdefault(role(pid), []).append(pid)
    if not roles:
        return "nobody"
    kind = chance.choice(sorted(roles))
    victim = chance.choice(roles[kind])
    told = title(victim)
    return f"{kind} ({told})" if kill_below(command.pid, victim) else "nobody any more"


def wait_a_part(command: subprocess.Popen[bytes], seconds: float) -> None:
    """From the moment when it has its first helper, or has ended."""
    until(lambda: bool(below(command.pid)) or command.poll() is not None)
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() > end or command.poll() is not None)


def outcomes(learner: Learner) -> tuple[str, set[str]]:
    """The milestone's verdict, and all those of its tests."""
    run: dict[str, Any] = json.loads(learner.words())
    (milestone,) = run["milestones"]
    return milestone["outcome"], {test["outcome"] for test in milestone["tests"]}


def check_honest(learner: Learner, status: int, *, right: bool, story: str) -> None:
    """Right code is never said to have failed, wrong code never to have passed."""
    assert "Traceback" not in learner.words(), story
    if status == 3 and learner.words().startswith("sfs: "):
        return
    verdict, tests = outcomes(learner)
    assert status == (0 if verdict == "passed" else 3 if verdict == "error" else 1), story
    if right:
        assert verdict in {"passed", *OURS}, f"{story}: {verdict} {tests}"
        assert tests <= {"passed", *OURS}, f"{story}: {tests}"
        assert verdict != "passed" or tests == {"passed"}, story
    else:
        assert verdict != "passed", f"{story}: {verdict} {tests}"


ROUNDS = [(name, n) for name in COMMANDS for n in range(share(0.06))]


@pytest.mark.parametrize(("name", "number"), ROUNDS)
def test_a_lost_helper_is_no_verdict(learner: Learner, name: str, number: int) -> None:
    """Bubblewrap, the trusted process, the nursery, a host: whoever dies, the command ends in truth."""
    chance = random.Random(f"{SEED} helper {name} {number}")
    right = chance.random() < 0.6 or name == "reference"
    (learner.db / "page_file.py").write_bytes(solved() if right else broken())
    machine = Machine(learner.home)
    moment = chance.uniform(0, AFTER_FIRST)
    command = learner.begin(*COMMANDS[name])
    wait_a_part(command, moment)
    victim = kill_one(command, chance)
    try:
        status = command.wait(END_SECONDS)
    finally:
        command.kill()
        command.wait()
    story = f"seed {SEED}: {name} {number}, {victim} killed after {moment:.4f} s, status {status}"
    print(story)
    machine.await_clean(story)
    learner.check_files(story)
    check_honest(learner, status, right=right, story=story)
    (learner.db / "page_file.py").write_bytes(solved())
    assert "1 of 1 passed" in learner.sfs("grade"), story


@pytest.mark.parametrize("number", range(share(0.05)))
def test_a_watch_that_lost_a_helper_answers_the_next_save(learner: Learner, number: int) -> None:
    """It goes on, or ends with an error; it never hangs, and never praises wrong code."""
    chance = random.Random(f"{SEED} helper watch {number}")
    machine = Machine(learner.home)
    (learner.db / "page_file.py").write_bytes(broken())
    command = learner.begin("watch")
    moment = chance.uniform(0, AFTER_FIRST)
    wait_a_part(command, moment)
    story = f"seed {SEED}: watch {number}, {kill_one(command, chance)} killed after {moment:.4f} s"
    praise = "20 of 20 visible tests pass"
    assert praise not in learner.words(), story
    try:
        ends = time.monotonic() + END_SECONDS
        while praise not in learner.words() and command.poll() is None:
            assert time.monotonic() < ends, f"{story}: no answer: {learner.words()}"
            (learner.db / "page_file.py").write_bytes(solved() + b"\n" * chance.randrange(9))
            until(lambda: praise in learner.words() or command.poll() is not None, 4)
    finally:
        command.kill()
        command.wait()
    print(story, command.returncode)
    assert command.returncode in (-9, 3), f"{story}: {command.returncode} {learner.words()}"
    assert "Traceback" not in learner.words(), story
    machine.await_clean(story)
    learner.check_files(story)
