"""The looking itself is tried: what should be found is found, so that finding nothing means something."""

from __future__ import annotations

import ctypes
import secrets
import socket
import subprocess
import time
from pathlib import Path

import pytest

from grader.verdict import Failure, MilestoneResult, TestResult
from tests.attacks import traces
from tests.attacks.case import Batch, Table
from tests.attacks.cases_theft import PYTHON
from tests.attacks.course import Marks, sources
from tests.attacks.traces import Before
from tests.attacks.trying import Trying, leaks

IPC_CREAT, IPC_RMID = 0o1000, 0


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> Before:
    monkeypatch.setattr(traces, "SETTLE_SECONDS", 0.0)
    return Before("tag" + secrets.token_hex(6), own=[])


def test_nothing_is_found_where_nothing_is(before: Before) -> None:
    """The machine as it is has no trace of a fresh tag."""
    assert before.left() == []


@pytest.mark.parametrize("place", ["/tmp", "/dev/shm"])
def test_a_file_is_found(before: Before, place: str) -> None:
    """In whatever place everybody may write."""
    path = Path(place) / f"loot-{before.tag}"
    path.write_text("left")
    try:
        assert before.left() == [f"file {path}"]
    finally:
        path.unlink()


def test_a_process_is_found(before: Before) -> None:
    """Also one that says nothing of whose it is."""
    child = subprocess.Popen(["sleep", "100"])
    try:
        assert before.left() == [f"process {child.pid}: sleep 100 "]
    finally:
        child.kill()
        child.wait()


def test_an_orphan_is_found(before: Before) -> None:
    """Whose parent has ended, in a session of its own."""
    with traces.adopting_orphans():
        done = subprocess.run(
            ["sh", "-c", "setsid sleep 100 >/dev/null 2>&1 & echo $!"], capture_output=True
        )
        pid = int(done.stdout)
        try:
            assert len(before.left()) == 1
        finally:
            subprocess.run(["kill", "-9", str(pid)], check=True)
            time.sleep(0.05)


def test_a_socket_is_found(before: Before) -> None:
    """An abstract one, which is no file."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0" + before.tag)
        assert any(before.tag in line for line in before.left())


def test_a_segment_is_found(before: Before) -> None:
    """Of System V memory, which no process holds."""
    libc = ctypes.CDLL(None, use_errno=True)
    segment = libc.shmget(traces.key_of(before.tag), 4096, IPC_CREAT | 0o600)
    assert segment >= 0
    try:
        assert any(line.startswith("System V") for line in before.left())
    finally:
        libc.shmctl(segment, IPC_RMID, None)


@pytest.mark.parametrize("disguise", range(6))
def test_a_mark_is_found_in_every_report(disguise: int) -> None:
    """However it is written, and in a file."""
    marks = Marks()
    said = traces.disguises(marks.value)[disguise].decode("latin-1")
    test = TestResult(
        suite="visible",
        name="test_total",
        sentence="The total is right.",
        outcome="failed",
        failure=Failure(reason=f"it was {said}"),
    )
    verdict = MilestoneResult(
        system="sums",
        milestone="01-sums",
        title="Sums",
        language="python",
        points=5,
        outcome="failed",
        suites=("visible", "hidden"),
        tests=(test,),
    )
    if said.isascii():
        assert f"{marks.value} in json" in leaks(verdict, marks)
        assert f"{marks.value} in html" in leaks(verdict, marks)
    assert traces.marks_in(traces.disguises(marks.value)[disguise], [marks.value]) == [marks.value]


def test_a_mark_is_found_in_a_file(tmp_path: Path) -> None:
    """That was written since, outside the folders that may hold it."""
    mark = Marks().given
    path = Path("/tmp") / f"loot-{secrets.token_hex(6)}"
    path.write_text(f"it was {mark}")
    try:
        assert traces.files_with([mark], time.time() - 60, []) == [str(path)]
        assert traces.files_with([mark], time.time() - 60, [path]) in ([], [str(path)])
    finally:
        path.unlink()


def test_a_thief_finds_the_suite_where_nothing_hides_it(attempts: Trying) -> None:
    """The same code, without a sandbox, reads it from the disk and it shows in the report."""
    table = Table("control")
    body = 'return walk("@COURSE@", note) or sum(numbers)'
    table.python("a walk", "failed", body, shape="vault", top=PYTHON)
    batch = Batch(tuple(table.cases))
    course, marks = attempts.course(batch), Marks()
    course.write(marks)
    given = sources(batch, {"COURSE": str(course.root)})
    verdict = course.grade(course.hand_in(given), sandboxed=False)
    assert verdict.outcome == "failed"
    assert leaks(verdict, marks)
