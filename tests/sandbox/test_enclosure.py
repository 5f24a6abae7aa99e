"""The trusted process of a run: a machine of its own in which hosts are started."""

from __future__ import annotations

import json
import os
import secrets
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.machine.sandbox import Mount, Sandbox

ROOT = Path(__file__).resolve().parents[2]
Enclosed = Callable[..., Any]

HELP = """
import json, os, socket, subprocess, sys, time
from pathlib import Path
from grader.machine.sandbox import Command, Limits, Mount, Sandbox
sandbox = Sandbox.detect(os.environ)
def run(script, **more):
    process = sandbox.start(Command(("/bin/sh", "-c", script), **more))
    ending = process.wait(10)
    said = os.read(process.stdout, 65536).decode() + os.read(process.stderr, 65536).decode()
    os.close(process.stdout), os.close(process.stderr)
    return [ending and ending.code, said.strip()]
def tell(value):
    print(json.dumps(value))
"""


@pytest.fixture
def enclosed(sandbox: Sandbox) -> Enclosed:
    """Runs a script enclosed, and gives what it told."""

    def run(script: str, *, visible: tuple[Path, ...] = (), **more: Any) -> Any:
        environment = {k: v for k, v in os.environ.items() if k in ("PATH", "PYTHONPATH")}
        process = sandbox.enclose(
            (sys.executable, "-B", "-c", HELP + textwrap.dedent(script)),
            visible=[ROOT, *map(Path, filter(None, sys.path)), *visible],
            environment=environment,
            tmp_bytes=8 << 20,
            **more,
        )
        out, err = b"", b""
        ending = process.wait(30)
        try:
            out, err = os.read(process.stdout, 1 << 16), os.read(process.stderr, 1 << 16)
        finally:
            process.kill()
            os.close(process.stdout)
            os.close(process.stderr)
        assert ending is not None and ending.code == 0, (ending, err.decode())
        return json.loads(out)

    return run


def test_a_host_runs_inside(enclosed: Enclosed) -> None:
    """A sandbox in a sandbox."""
    assert enclosed("tell([sandbox.enclosed, run('id -un; exit 3')])") == [True, [3, "learner"]]


def test_the_network_is_loopback(enclosed: Enclosed) -> None:
    """For the trusted process as well."""
    told = enclosed("""
        names = [line.split(":")[0].strip() for line in open("/proc/net/dev").readlines()[2:]]
        try:
            socket.create_connection(("192.0.2.1", 80), timeout=5)
        except OSError as error:
            names.append(error.strerror)
        tell(names)
    """)
    assert told == ["lo", "Network is unreachable"]


def test_a_test_reaches_a_program_in_a_host_over_loopback(enclosed: Enclosed) -> None:
    """One run's processes share it; one that was started without stays apart."""
    told = enclosed("""
        server = socket.create_server(("127.0.0.1", 0))
        port = server.getsockname()[1]
        script = f"exec 3<>/dev/tcp/127.0.0.1/{port} && echo connected"
        def bash(**more):
            process = sandbox.start(Command(("/bin/bash", "-c", script), **more))
            ending = process.wait(10)
            return ending.code
        tell([bash(), bash(share_network=False)])
    """)
    assert told == [0, 1]


def test_what_is_shown_can_be_read_and_not_written(enclosed: Enclosed) -> None:
    """Suites and their course are there for the trusted process; nothing can be changed."""
    told = enclosed(f"""
        written = []
        for place in ("/", "/usr", "/var", "/etc", {str(ROOT)!r}, {sys.prefix!r}, "/tmp", "/dev/shm"):
            try:
                Path(place, "sfs-test").write_text("x")
                written.append(place)
            except OSError:
                pass
        tell([Path({str(ROOT)!r}, "pyproject.toml").exists(), written])
    """)
    assert told == [True, ["/tmp", "/dev/shm"]]


def test_other_people_s_files_are_not_there(enclosed: Enclosed, tmp_path: Path) -> None:
    """Code under test may leave symbolic links for its tests to follow."""
    (tmp_path / "other").write_text("somebody's work")
    private = ["/etc/shadow", "/etc/ssh", "/home", "/srv", "/boot", "/run", str(tmp_path / "other")]
    private += [str(Path.home() / name) for name in (".ssh", ".bash_history", ".gitconfig")]
    told = enclosed(f"""
        Path("/tmp/link").symlink_to({str(tmp_path / "other")!r})
        tell([p for p in [*{private!r}, "/tmp/link"] if os.path.exists(p)])
    """)
    assert told == []


def test_a_file_can_be_put_where_nobody_guesses(enclosed: Enclosed, tmp_path: Path) -> None:
    """A hidden suite, under a name that only the trusted process is told."""
    (tmp_path / "suite").write_text("hidden")
    place = f"/tmp/{secrets.token_hex(8)}/suite"
    script = f"tell(Path({place!r}).read_text())"
    assert enclosed(script, mounts=(Mount(tmp_path / "suite", place),)) == "hidden"


def test_temporary_files_are_its_own(enclosed: Enclosed, tmp_path: Path) -> None:
    """Not the machine's, unless shown; gone with it; bounded."""
    (tmp_path / "note").write_text("seen")
    script = f"""
        import shutil
        names = os.listdir("/tmp")
        Path("/tmp/mine").write_text("x")
        shown = Path({str(tmp_path)!r}, "note")
        tell([names, shown.read_text() if shown.exists() else "hidden", shutil.disk_usage("/tmp").total])
    """
    names, shown, size = enclosed(script)
    assert "mine" not in names
    assert shown == "hidden"
    assert size == 8 << 20
    assert enclosed(script, visible=(tmp_path,))[1] == "seen"
    assert not Path("/tmp/mine").exists()


def test_a_writable_place_is_the_machine_s(enclosed: Enclosed, tmp_path: Path) -> None:
    """For a run that has something to leave."""
    enclosed(f"Path({str(tmp_path)!r}, 'left').write_text('x'); tell(1)", writable=(tmp_path,))
    assert (tmp_path / "left").read_text() == "x"


def test_neighbours_cannot_be_seen(enclosed: Enclosed) -> None:
    """Only the run's own processes: the keeper's two and itself."""
    assert len(enclosed("tell([n for n in os.listdir('/proc') if n.isdigit()])")) == 3


def test_hosts_leave_nothing_for_each_other(enclosed: Enclosed) -> None:
    """Neither files nor shared memory."""
    told = enclosed("""
        run("echo x > /tmp/loot; echo x > /dev/shm/loot")
        tell(run("ls /tmp /dev/shm; ipcs -m | grep -c 0x")[1])
    """)
    assert "loot" not in told


def test_a_folder_is_shared_in_the_way_asked_for(enclosed: Enclosed) -> None:
    """Read-only or writable, under the name inside."""
    told = enclosed("""
        code, work = Path("/tmp/run/code"), Path("/tmp/run/work")
        for path in (code / "kit", work):
            path.mkdir(parents=True)
        work.chmod(0o777)
        (code / "main").write_text("text\\n")
        mounts = (Mount(code, "/code"), Mount(work, str(work), writable=True))
        said = run("cat /code/main; echo x > /code/main; echo y > made", mounts=mounts, cwd=str(work))
        tell([said[1].split("\\n")[0], (code / "main").read_text(), (work / "made").read_text()])
    """)
    assert told == ["text", "text\n", "y\n"]


def test_a_host_lives_on_when_the_thread_ends_that_started_it(enclosed: Enclosed) -> None:
    """The kernel's parent-death signal would tell of threads; nothing here relies on it."""
    told = enclosed("""
        import threading
        hosts = []
        def begin():
            hosts.append(sandbox.start(Command(("/bin/sh", "-c", "sleep 0.4; exit 7"))))
        thread = threading.Thread(target=begin)
        thread.start()
        thread.join()
        tell(hosts[0].wait(10).code)
    """)
    assert told == 7


def test_it_ends_when_the_lifeline_does(sandbox: Sandbox) -> None:
    """Closing it is all that a dying runner does."""
    process = sandbox.enclose(
        ("/bin/sh", "-c", "trap '' TERM INT HUP; while :; do sleep 1; done"),
        visible=(),
        environment={"PATH": "/usr/bin:/bin"},
        tmp_bytes=1 << 20,
    )
    time.sleep(0.1)
    assert process.wait(0) is None
    os.close(process._lifeline)
    process._lifeline = None
    ending = process.wait(5)
    process.kill()
    os.close(process.stdout)
    os.close(process.stderr)
    assert ending is not None


def test_a_process_that_holds_a_lifeline_ends_with_it(tmp_path: Path) -> None:
    """Without an enclosure too, and while it computes without a pause."""
    import signal
    import subprocess

    far, lifeline = os.pipe()
    script = f"from grader.machine.lifeline import hold_lifeline; hold_lifeline({far})\nprint('up', flush=True)\n"
    script += "sum(range(1 << 60))"
    child = subprocess.Popen([sys.executable, "-c", script], pass_fds=[far], stdout=subprocess.PIPE)
    os.close(far)
    assert child.stdout is not None
    assert child.stdout.readline() == b"up\n"
    os.close(lifeline)
    assert child.wait(5) == -signal.SIGKILL
    child.stdout.close()


def test_a_lifeline_that_is_already_cut_ends_at_once() -> None:
    """The runner died while the process was starting."""
    import signal
    import subprocess

    far, lifeline = os.pipe()
    os.close(lifeline)
    script = (
        f"from grader.machine.lifeline import hold_lifeline; hold_lifeline({far}); print('alive')"
    )
    done = subprocess.run([sys.executable, "-c", script], pass_fds=[far], capture_output=True)
    os.close(far)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, b"")
