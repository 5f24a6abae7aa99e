"""Running commands in a box and talking to them."""

from __future__ import annotations

import os

import pytest

from grader.box.box import Box, NotThere
from grader.box.command import SilentCommand
from grader.bridge.faults import NotBuilt, TimedOut, WrongAnswer


@pytest.mark.parametrize(
    ("script", "status"), [("exit 7", 7), ("kill -9 $$", 137), ("exit 255", 255)]
)
def test_a_status_is_what_a_shell_would_say(box: Box, script: str, status: int) -> None:
    """Exit codes as they are, signals as 128 + n; the raw word comes along."""
    result = box.run(["sh", "-c", script])
    assert result.status == status
    assert os.waitstatus_to_exitcode(result.raw) == (status if status != 137 else -9)


def test_a_missing_program_is_127_and_a_folder_126(box: Box) -> None:
    """As a shell would say."""
    assert (box.run(["nope"]).status, box.run(["/tmp"]).status) == (127, 126)


def test_a_megabyte_passes_both_ways(box: Box) -> None:
    """Pipes larger than their buffers do not hang."""
    data = os.urandom(1 << 20)
    assert box.run(["cat"], stdin=data).stdout == data


def test_streams_are_kept_apart(box: Box) -> None:
    """Output and error output."""
    result = box.run(["sh", "-c", "echo out; echo err >&2"])
    assert (result.stdout, result.stderr) == (b"out\n", b"err\n")


def test_more_descriptors_can_be_given(box: Box) -> None:
    """Under the numbers asked for, and only these."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:
        result = box.run(
            ["sh", "-c", "echo up >&9; ls /proc/self/fd"], fds={9: writing, 3: writing}
        )
        os.close(writing)
        assert pipe.readline() == b"up\n"
    assert result.stdout.split() == [b"0", b"1", b"2", b"3", b"4", b"9"]  # 4: ls itself


def test_the_working_directory_can_be_chosen(box: Box) -> None:
    """cwd is a path in the box."""
    assert box.run(["pwd"], cwd="/usr/bin").stdout == b"/usr/bin\n"


def test_a_command_that_does_not_end_is_a_timeout(box: Box) -> None:
    """The verdict names the command and what it printed."""
    with pytest.raises(TimedOut, match=r"sleep 9.*hello"):
        box.run(["sh", "-c", "echo hello; exec sleep 9"], timeout=0.3)


def test_endless_output_is_bounded(box: Box) -> None:
    """The grader's memory is not the learner's to fill."""
    with pytest.raises(WrongAnswer, match="more than 16 MiB"):
        box.run(["cat", "/dev/zero"])


def test_a_conversation(box: Box) -> None:
    """Send, read until a mark, close the input, read the end."""
    cat = box.popen(["cat"])
    cat.send(b"one\ntwo\n")
    assert cat.read_until(b"\n") == b"one\n"
    assert cat.running()
    cat.close_stdin()
    assert (cat.wait().status, cat.wait().stdout) == (0, b"two\n")


def test_a_command_that_ends_silently_fails_the_test(box: Box) -> None:
    """Waiting for what will never be printed does not take the whole time."""
    with pytest.raises(SilentCommand, match="without printing b'ready'"):
        box.popen(["echo", "hello"]).read_until(b"ready")


def test_a_daemon_that_holds_the_streams_is_not_waited_for(box: Box) -> None:
    """A command has ended when its process has."""
    assert box.run(["sh", "-c", "echo up; sleep 9 &"], timeout=5).stdout == b"up\n"


def test_signals_arrive(box: Box) -> None:
    """By name, with or without SIG."""
    for name in ("TERM", "SIGKILL"):
        sleeper = box.popen(["sleep", "9"])
        sleeper.signal(name)
        assert sleeper.wait().status == {"TERM": 143, "SIGKILL": 137}[name]


def test_a_command_can_be_waited_for_until_it_has_settled(box: Box) -> None:
    """It sleeps with no signal left to deal with, or it has ended."""
    for script, running in (
        ("trap : USR1; echo up; while :; do sleep 60; done", True),
        ("kill $$", False),
    ):
        shell = box.popen(["sh", "-c", script])
        if running:
            shell.read_until(b"up\n")
        box.settle(shell)
        assert shell.running() == running


def test_a_signal_to_one_that_has_ended_is_nothing(box: Box) -> None:
    """No stranger with the same number is hit."""
    command = box.popen(["true"])
    command.wait()
    command.kill()


def test_the_engine_is_a_command(box: Box) -> None:
    """`cask` runs the submission's kit.cli, with or without its path."""
    assert box.cask(["run", "x"]).stdout == b"engine run x\n"
    assert box.run(["cask", "run", "x"]).stdout == b"engine run x\n"


def test_a_stub_in_the_engine_is_not_built_yet(box: Box) -> None:
    """Status 125 and the kit's line: the verdict is todo, not failed."""
    with pytest.raises(NotBuilt, match=r"not built yet \(01: run\)"):
        box.cask(["todo"])


def test_a_banned_module_is_refused_to_the_submission(box: Box) -> None:
    """The learner's file may not import it; the standard library's own may."""
    assert b"asks you to build it yourself" in box.cask(["banned"]).stderr
    assert box.run(["cask", "run"]).status == 0


def test_many_at_once(box: Box) -> None:
    """Twenty commands run side by side and each gets its own status."""
    commands = [box.popen(["sh", "-c", f"read x; exit {n}"]) for n in range(20)]
    for command in commands:
        command.send(b"go\n")
    assert [command.wait().status for command in commands] == list(range(20))


def test_files_go_in_and_out(box: Box) -> None:
    """Bytes, modes, links, folders; names that are no UTF-8."""
    box.mkdir("/srv/a/b", 0o700)
    box.write("/srv/a/b/f", bytes(range(256)), 0o640)
    box.symlink("f", "/srv/a/b/link")
    assert box.read("/srv/a/b/link") == bytes(range(256))
    assert box.listdir("/srv/a/b") == ["f", "link"]
    assert box.run(["stat", "-c", "%a", "/srv/a/b", "/srv/a/b/f"]).stdout == b"700\n640\n"
    assert box.identity("/srv/a/b/f") == box.identity("/srv/a/b/link")


def test_what_is_not_there_fails_the_test(box: Box) -> None:
    """A missing file or process is the submission's failure, not the grader's."""
    with pytest.raises(NotThere, match="/tmp/nope"):
        box.read("/tmp/nope")
    with pytest.raises(NotThere, match="process 4000"):
        box.status(4000)


def test_a_fifo_does_not_hold_the_keeper(box: Box) -> None:
    """Reading something that never ends cannot hang the box."""
    box.run(["mkfifo", "/tmp/fifo"])
    assert box.read("/tmp/fifo") == b""
