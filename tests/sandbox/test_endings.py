"""How sandboxes end: always when asked, wholly, and with the true reason."""

from __future__ import annotations

import os
import select
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from grader.errors import GraderFault
from grader.machine.process import Ending
from grader.machine.sandbox import Command, Mount, Sandbox

DAEMONS = """
import os, signal, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        time.sleep(1000)
for _ in range(5):
    if os.fork() == 0:
        os._exit(0)  # a zombie: nobody waits for it
print("ready", flush=True)
"""


@pytest.mark.parametrize("code", [0, 3, 127])
def test_an_exit_status_is_told(room: Any, code: int) -> None:
    """As the program gave it."""
    assert room.run(f"raise SystemExit({code})").ending == Ending("exited", code)


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGTERM", "SIGPIPE"])
def test_a_signal_is_told(room: Any, name: str) -> None:
    """By its number, and by its name in a report."""
    ran = room.run(f"""
        import os, signal
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.{name})
    """)
    assert ran.ending == Ending("signaled", int(getattr(signal, name)))
    assert name in ran.ending.describe()


def test_everything_is_gone_after_a_kill(room: Any, mark: str) -> None:
    """Daemons, zombies, what ignores every signal, what left its session: at once."""
    process = room.begin(DAEMONS + "time.sleep(1000)", mark=mark)
    room.await_output(process, b"ready")
    room.end(process)
    room.await_none_left(mark, seconds=0)
    assert process.wait(0).kind == "killed"


def test_everything_is_gone_after_a_normal_end(room: Any, mark: str) -> None:
    """What the command left running ends with it."""
    ran = room.run(DAEMONS, mark=mark)
    assert ran.ending == Ending("exited", 0)
    room.await_none_left(mark, seconds=2)


def test_a_stopped_process_can_be_killed(room: Any, mark: str) -> None:
    """One that does not run cannot answer either."""
    process = room.begin("import os; print('up', flush=True); os.kill(os.getpid(), 19)", mark=mark)
    room.await_output(process, b"up")
    assert process.wait(0.2) is None
    room.end(process)
    room.await_none_left(mark, seconds=0)


def test_asking_politely_may_be_ignored(room: Any) -> None:
    """SIGTERM reaches the command and nobody else; SIGKILL is for who stays."""
    process = room.begin("""
        import signal, time
        signal.signal(signal.SIGTERM, lambda *_: print("no", flush=True))
        print("up", flush=True)
        while True:
            time.sleep(100)
    """)
    room.await_output(process, b"up")
    process.signal(signal.SIGTERM)
    room.await_output(process, b"no")
    assert process.wait(0) is None
    room.end(process)


def test_the_command_gets_the_signal_also_when_it_has_children(started: Any) -> None:
    """The first child of the sandbox's init is the command, whoever was orphaned since."""
    process = started.begin("""
        import os, signal, time
        if os.fork() == 0:
            if os.fork():
                os._exit(0)
            time.sleep(1000)
        os.wait()
        signal.signal(signal.SIGUSR1, lambda *_: os._exit(5))
        print("up", flush=True)
        while True:
            time.sleep(100)
    """)
    started.await_output(process, b"up")
    process.signal(signal.SIGUSR1)
    assert started.finish(process).ending == Ending("exited", 5)


@pytest.mark.parametrize("wait", [0.0, 0.001, 0.003, 0.006, 0.01, 0.02])
def test_it_can_be_killed_while_it_starts(room: Any, mark: str, wait: float) -> None:
    """At any moment of its setting up."""
    process = room.begin("import time; time.sleep(1000)", mark=mark)
    time.sleep(wait)
    room.end(process)
    room.await_none_left(mark, seconds=0.5)


def test_ending_twice_is_harmless(room: Any) -> None:
    """And so is a signal to what has ended."""
    process = room.begin("raise SystemExit(4)")
    ran = room.finish(process)
    process.kill()
    process.signal(signal.SIGTERM)
    assert process.wait(0) == process.wait(None) == ran.ending == Ending("exited", 4)
    assert process.inner_pid() is None
    assert not process.over_limit()


def test_waiting_takes_no_longer_than_asked(room: Any) -> None:
    """None while it runs."""
    process = room.begin("import time; time.sleep(1000)")
    began = time.monotonic()
    assert process.wait(0) is None
    assert process.wait(0.05) is None
    assert 0.05 <= time.monotonic() - began < 2
    room.end(process)


def test_the_end_can_be_waited_for_beside_other_things(started: Any) -> None:
    """A process is a descriptor for select."""
    process = started.begin("import time; time.sleep(0.05)")
    ready, _, _ = select.select([process], [], [], 10)
    assert ready == [process]
    assert started.finish(process).ending == Ending("exited", 0)


def test_what_it_printed_can_be_read_after_its_death(started: Any) -> None:
    """The pipes outlive it."""
    process = started.begin("print('last words', flush=True); import time; time.sleep(1000)")
    started.await_output(process, b"last")
    process.kill()
    started.end(process)
    process = started.begin("import os; os.write(1, b'x' * 60000); os.kill(os.getpid(), 9)")
    assert process.wait(10) == Ending("signaled", 9)
    assert len(os.read(process.stdout, 100_000)) == 60_000
    started.end(process)


def test_nothing_outlives_a_killed_bubblewrap(started: Any, mark: str) -> None:
    """Who waits for it learns that it was killed, and cleans up."""
    process = started.begin(DAEMONS + "time.sleep(1000)", mark=mark)
    started.await_output(process, b"ready")
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait(10) == Ending("killed", 9)
    started.await_none_left(mark, seconds=0)
    started.end(process)


def test_a_sandbox_that_cannot_be_set_up_is_our_fault(sandbox: Sandbox) -> None:
    """Never shown as the program's own exit status."""
    nowhere = Mount(Path("/does/not/exist"), "/code")
    process = sandbox.start(Command(argv=("/bin/true",), mounts=(nowhere,)))
    with pytest.raises(GraderFault, match="could not be set up") as caught:
        process.wait(10)
    assert "/does/not/exist" in caught.value.mend
    process.kill()
    os.close(process.stdout)
    os.close(process.stderr)


def test_the_inner_pid_is_the_command_itself(room: Any) -> None:
    """Its open files and its memory can be looked at from outside."""
    process = room.begin("""
        import time
        with open("job.py") as file:
            print("up", flush=True)
            time.sleep(1000)
    """)
    room.await_output(process, b"up")
    folder = Path(f"/proc/{process.inner_pid()}/fd")
    names = [os.readlink(entry) for entry in folder.iterdir()]
    room.end(process)
    assert [n for n in names if n.endswith("/job.py")]


def test_no_descriptor_of_ours_stays_open(room: Any) -> None:
    """A hundred tests leave as many open files as one."""
    room.run("pass")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        room.run("pass")
        room.end(room.begin("import time; time.sleep(100)"))
    assert len(os.listdir("/proc/self/fd")) == before
