"""What code under test can see and reach: next to nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from grader.course.languages import LANGUAGES

REPOSITORY = Path(__file__).resolve().parents[2]


def test_neither_home_nor_repository_is_there(room: Any) -> None:
    """Suites, solutions, other people's files: not behind any path."""
    secrets = [REPOSITORY, REPOSITORY / "grader", Path(__file__), Path.home() / ".ssh"]
    secrets += [
        Path(p) for p in ("/home", "/var", "/boot", "/sys", "/etc/shadow", "/etc/machine-id")
    ]
    runtime = [str(source) for source, _ in LANGUAGES["python"].runtime(os.environ).mounts]
    told = room.run(f"""
        import json, os
        found = [p for p in {[str(p) for p in secrets]!r} if os.path.lexists(p)]
        for top in ("/root", {str(Path.home())!r}):
            for place, folders, files in os.walk(top):
                folders[:] = [f for f in folders if os.path.join(place, f) not in {runtime!r}]
                found += files
        print(json.dumps(found))
    """).told()
    assert told == []


def test_the_root_holds_the_system_and_the_mounts_only(room: Any) -> None:
    """A closed list."""
    known = {"bin", "code", "dev", "etc", "lib", "lib32", "lib64", "libx32", "nix", "opt", "proc"}
    known |= {"sbin", "sfs", "tmp", "usr", "worlds"}
    known |= {s.parts[1] for s, _ in LANGUAGES["python"].runtime(os.environ).mounts}
    told = room.run("import json, os; print(json.dumps(os.listdir('/')))").told()
    assert set(told) <= known


def test_only_its_own_working_directory_is_there(room: Any) -> None:
    """Not those of other tests, whose names it could guess."""
    room.run("open('note', 'w').write('for my friends')")
    told = room.run("""
        import json, os
        found = [os.path.join(p, f) for p, _, fs in os.walk("/tmp") for f in fs]
        try:
            found += os.listdir("/worlds")
        except OSError:
            pass
        print(json.dumps([os.path.basename(f) for f in found]))
    """).told()
    assert told == ["job.py"]


def test_the_environment_is_not_ours(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens and passwords of the grader's environment stay there."""
    monkeypatch.setenv("CLASS_SECRET", "hunter2")
    told = room.run("import json, os; print(json.dumps(dict(os.environ)))").told()
    assert set(told) <= {"HOME", "LANG", "PATH", "PWD", "LC_CTYPE", "SFS_FD"}


def test_no_descriptor_is_inherited_but_those_asked_for(room: Any) -> None:
    """Also not one that some library of the grader left inheritable."""
    ours, theirs = os.pipe()
    os.set_inheritable(theirs, True)
    told = room.run("""
        import json, os
        print(json.dumps([int(n) for n in os.listdir("/proc/self/fd")]))
    """).told()
    os.close(ours)
    os.close(theirs)
    channel = {3} if room.way == "raised" else set()
    assert set(told) - {max(told)} == {0, 1, 2} | channel


def test_a_descriptor_that_is_asked_for_keeps_its_number(started: Any) -> None:
    """The channel of a host."""
    near, far = os.pipe()
    os.write(far, b"hello")
    os.close(far)
    told = started.run(f"print(repr(__import__('os').read({near}, 9).decode()))", inherit=(near,))
    os.close(near)
    assert told.out == "'hello'\n"


def test_it_is_nobody_in_particular(room: Any) -> None:
    """An ordinary user without any right, that cannot gain one, under the filter."""
    told = room.run("""
        import json, os
        lines = open("/proc/self/status").read().splitlines()
        status = dict(line.split(":", 1) for line in lines)
        names = ("CapInh", "CapPrm", "CapEff", "CapAmb", "NoNewPrivs", "Seccomp")
        ids = [*os.getresuid(), *os.getresgid()]
        print(json.dumps([0 in ids, os.getgroups()] + [int(status[n], 16) for n in names]))
    """).told()
    assert told[0] is False
    assert told[2:] == [0, 0, 0, 0, 1, 2]


def test_it_sees_only_its_own_processes(room: Any) -> None:
    """There is nobody to signal, to trace or to read the memory of."""
    told = room.run("""
        import json, os
        pids = [int(n) for n in os.listdir("/proc") if n.isdigit()]
        print(json.dumps([len(pids) <= 3, os.getpid() in pids, os.getpid() != 1]))
    """).told()
    assert told == [True, True, True]  # the others: the namespace's first, and a keeper


def test_almost_nothing_can_be_written(room: Any) -> None:
    """The working directory, /tmp and /dev/shm; nothing else."""
    told = room.run("""
        import json, os
        places = ["/", "/usr", "/usr/bin", "/etc", "/opt", "/sfs", "/dev", "/proc", "/proc/sys/kernel",
                  "/code", "/worlds", "/tmp", "/dev/shm", "."]
        done = []
        for place in places:
            try:
                with open(os.path.join(place, "x"), "w") as file:
                    file.write("x")
                done.append(place)
            except OSError:
                pass
        print(json.dumps(done))
    """).told()
    assert told == ["/tmp", "/dev/shm", "."]


@pytest.mark.parametrize(
    "path", ["/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/sfs/host.py"]
)
def test_what_is_there_cannot_be_changed(room: Any, path: str) -> None:
    """Neither the kernel's settings nor the host's own text."""
    ran = room.run(f"open({path!r}, 'a').write('x')")
    assert ran.ending.code == 1
    assert "PermissionError" in ran.err or "Read-only" in ran.err


def test_files_are_made_with_the_usual_mode(room: Any) -> None:
    """Whatever the grader's umask is."""
    old = os.umask(0)
    try:
        told = room.run("""
            import os
            os.close(os.open("made", os.O_CREAT | os.O_WRONLY, 0o666))
            print(oct(os.stat("made").st_mode & 0o777)[2:])
        """).told()
    finally:
        os.umask(old)
    assert told == 644 or room.way == "raised"


def test_there_is_no_network(room: Any) -> None:
    """Not even loopback is the machine's own where the test asks for none of it."""
    if room.way == "raised":
        pytest.skip("the nursery's hosts share the network of the enclosure")
    told = room.run(
        """
        import json, socket
        names = [line.split(":")[0].strip() for line in open("/proc/net/dev").readlines()[2:]]
        reach = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            reach.connect(("192.0.2.1", 9))
            names.append("a way out")
        except OSError:
            pass
        server = socket.create_server(("127.0.0.1", 0))
        socket.create_connection(server.getsockname()).close()
        print(json.dumps(names))
        """,
        share_network=False,
    ).told()
    assert told == ["lo"]


def test_names_are_the_same_on_every_machine(started: Any) -> None:
    """localhost, the user and the computer; nothing tells where this runs."""
    told = started.run("""
        import json, os, pwd, socket
        local = socket.getaddrinfo("localhost", 80, socket.AF_INET)[0][4][0]
        print(json.dumps([local, pwd.getpwuid(os.getuid()).pw_name, socket.gethostname()]))
    """).told()
    assert told == ["127.0.0.1", "learner", "sandbox"]


def test_its_own_output_can_be_opened_by_name(room: Any) -> None:
    """As on any computer: /dev/stdout."""
    ran = room.run("open('/dev/stdout', 'w').write('by name')")
    assert ran.out == "by name"


def test_a_hidden_folder_is_blank(started: Any, tmp_path: Path) -> None:
    """A repository below a folder that has to be mounted, say beside an interpreter."""
    from grader.machine.sandbox import Mount

    (tmp_path / "shown").write_text("shown")
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "solution").write_text("42")
    tmp_path.chmod(0o755)
    outer = Mount(tmp_path, "/opt/tools")
    started.mounts = (*started.mounts, outer)
    try:
        told = started.run(
            """
            import json, os
            try:
                open("/opt/tools/course/x", "w")
                wrote = True
            except OSError:
                wrote = False
            print(json.dumps([os.listdir("/opt/tools/course"), os.listdir("/opt/tools"), wrote]))
            """,
            hidden=(tmp_path / "course",),
        ).told()
    finally:
        started.mounts = started.mounts[:-1]
    assert told[0] == []
    assert sorted(told[1]) == ["course", "shown"]
    assert told[2] is False
