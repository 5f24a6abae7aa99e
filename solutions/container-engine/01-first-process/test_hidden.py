"""A process and its ending, with harder data."""

import pytest

SIGNALS = ["HUP", "INT", "QUIT", "USR1", "USR2", "WINCH", "TERM"]
C_LIBRARY_SIGNALS = 3 << 31  # 32 and 33: the C library lets nobody change them
ELF = b"\x7fELF\x02\x01\x01" + bytes(57)  # a head and nothing behind it

# A driver: uses the learner's modules as the command line does
DRIVER = """
import errno, os, signal, sys, time
import runner, spawn
from kit.errors import StepFailed
def spec(*args, env=(), cwd="/"):
    return {"process": {"args": list(args), "env": list(env), "cwd": cwd}}
"""

# A program that answers every signal with its name, and leaves after the last of them
LISTENER = """
import os, signal
names = %r
numbers = [getattr(signal, "SIG" + name) for name in names]
signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
os.write(1, b"ready\\n")
for _ in names:
    os.write(1, signal.Signals(signal.sigwait(numbers)).name[3:].encode() + b"\\n")
os._exit(signal.sigtimedwait(numbers, 0) is not None)
"""


# A program that would notice a signal that was never meant for it
PATIENT = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
os.write(1, b"ready\\n")
sys.stdin.readline()
os._exit(5 if signal.SIGCHLD in signal.sigpending() else 4)
"""


def drive(box, program, **how):
    """What a driver printed, line by line."""
    got = box.python(DRIVER + program, **how)
    assert got.status == 0, got.stderr.decode()
    return got.stdout.decode().splitlines()


def test_every_exit_code_is_read(kata):
    """All 256 of them, and none is mistaken for a signal."""
    got = kata.script([[None, "exit_code", [code << 8]] for code in range(256)])
    assert got == list(range(256))


def test_every_signal_is_read(kata):
    """Signals 1 to 64, with a core file and without; the code stays free of it."""
    words = [(number, core) for number in range(1, 65) for core in (False, True)]
    steps = [[None, "describe", [n | (0x80 if core else 0)]] for n, core in words]
    assert kata.script(steps) == [
        {"kind": "signaled", "code": n, "core": core} for n, core in words
    ]
    codes = kata.script([[None, "exit_code", [n | 0x80]] for n in range(1, 65)])
    assert codes == [128 + n for n in range(1, 65)]


def test_every_stop_is_read_and_is_no_end(kata):
    """Each signal that can stop a process, and the word for going on."""
    words = [number << 8 | 0x7F for number in (19, 20, 21, 22, 5)]
    got = kata.script([[None, "describe", [word]] for word in words])
    assert got == [{"kind": "stopped", "code": n, "core": False} for n in (19, 20, 21, 22, 5)]
    ends = kata.script([[None, "exit_code", [word]] for word in [*words, 0xFFFF]])
    assert [end.class_name for end in ends] == ["ValueError"] * 6


def test_signal_names_cover_the_range_and_nothing_else(kata):
    """From 1 to 64, from RTMIN to RTMAX; everything beyond is refused."""
    good = ["1", "64", "sigHup", "WINCH", "rtmin", "RTMAX", "SIGRTMIN+30", "RTMAX-30", "RTMIN+0"]
    assert kata.script([[None, "signal_number", [t]] for t in good]) == [
        1, 64, 1, 28, 34, 64, 64, 34, 34,
    ]  # fmt: skip
    bad = ["", "-1", "66", "SIG", "TERMINATE", "RTMIN+31", "RTMAX+1", "RTMAX-31", "RTMIN3", "1.5"]
    bad += ["WINCH+10"]
    errors = kata.script([[None, "signal_number", [t]] for t in bad])
    assert [getattr(e, "class_name", e) for e in errors] == ["ValueError"] * len(bad)


@pytest.fixture
def tools(workdir):
    """A folder `bin` with things of every kind under one name each."""
    folder = workdir / "bin"
    folder.mkdir()
    (workdir / "more").mkdir()
    files = [("bin/run", 0o755), ("bin/plain", 0o644), ("more/run", 0o755), ("more/folder", 0o755)]
    for name, mode in files:
        (workdir / name).write_text("#!/bin/sh\n")
        (workdir / name).chmod(mode)
    (folder / "folder").mkdir()
    (folder / "link").symlink_to("run")
    (folder / "dangling").symlink_to("gone")
    (workdir / "empty").mkdir()
    return workdir


FOUND = [  # name, search, cwd, the file; W is the folder of the tools
    ("run", "W/empty:W/bin", "/", "W/bin/run"),
    ("run", "W/bin:W/more", "/", "W/bin/run"),  # the first one wins
    ("link", "W/bin", "/", "W/bin/link"),
    ("run", "bin", "W", "W/bin/run"),  # a relative folder counts from cwd
    ("run", "", "W/bin", "W/bin/run"),  # an empty one is cwd itself
    ("run", "W/empty:", "W/bin", "W/bin/run"),
    ("run", ":W/empty", "W/bin", "W/bin/run"),
    ("W/bin/run", "W/empty", "/", "W/bin/run"),  # a path needs no search
    ("bin/run", "W/empty", "W", "W/bin/run"),
    ("run", "W/bin/plain:W/bin", "/", "W/bin/run"),  # a file is no folder
    ("folder", "W/bin:W/more", "/", "W/more/folder"),  # a folder is no program, and no hindrance
]
REFUSED = [
    ("plain", "W/bin", "PermissionError"),
    ("plain", "W/bin:W/empty", "PermissionError"),  # remembered until nothing better comes
    ("plain", "W/empty:W/bin", "PermissionError"),
    ("folder", "W/bin", "PermissionError"),
    ("W/bin/folder", "", "PermissionError"),
    ("W/bin/plain", "W/bin", "PermissionError"),
    ("dangling", "W/bin", "FileNotFoundError"),
    ("bin/run", "W", "FileNotFoundError"),  # a name with a slash is not searched for
    ("W/bin/plain/run", "", "FileNotFoundError"),
    ("", "W/bin", "FileNotFoundError"),
]


def test_a_program_is_found(kata, tools):
    """By path or by name, from the right folder."""
    rows = [[text.replace("W", str(tools)) for text in row] for row in FOUND]
    got = kata.script([[None, "find_program", row[:3]] for row in rows])
    assert [path.replace("/./", "/") for path in got] == [row[3] for row in rows]


def test_a_program_is_not_found(kata, tools):
    """What may not be executed is told apart from what is not there."""
    rows = [[text.replace("W", str(tools)) for text in row[:2]] for row in REFUSED]
    got = kata.script([[None, "find_program", [*row, "/"]] for row in rows])
    assert [error.class_name for error in got] == [row[2] for row in REFUSED]


def test_sampled_endings_come_through(box, seed):
    """Codes and signals drawn from the seed."""
    code, lethal = seed.randrange(1, 256), seed.choice([1, 2, 3, 6, 8, 10, 11, 12, 13, 14, 25])
    assert box.cask(["run", "sh", "-c", f"exit {code}"]).status == code
    assert box.cask(["run", "sh", "-c", f"kill -{lethal} $$"]).status == 128 + lethal


def test_no_signal_is_ignored_or_blocked_in_the_program(box):
    """Neither what Python sets up nor what the engine's own caller did is inherited."""
    shell = "trap '' INT USR1 PIPE; exec cask run sh -c 'echo ready; read line'"
    engine = box.popen(["sh", "-c", shell])
    engine.read_until(b"ready\n")
    (program,) = box.children(engine.pid)
    status = box.status(program)
    signals = int(status["SigIgn"], 16) | int(status["SigBlk"], 16)
    assert signals & ~C_LIBRARY_SIGNALS == 0


def test_the_program_has_three_descriptors(box):
    """Files that the engine has open, or was given, stay with it."""
    with open("/dev/null") as file:
        fds = {number: file.fileno() for number in (3, 6, 10)}
        engine = box.start_cask(["run", "sh", "-c", "echo ready; read line"], fds=fds)
        engine.read_until(b"ready\n")
        (program,) = box.children(engine.pid)
        assert sorted(box.descriptors(program)) == [0, 1, 2]


def test_programs_that_the_kernel_refuses(box):
    """126 for what is no program or a folder, 127 when a script's interpreter is missing."""
    odd = {"elf": ELF, "text": b"no interpreter line", "script": b"#!/no/such/shell\n"}
    paths = [box.write(f"/srv/{name}", content, mode=0o755) for name, content in odd.items()]
    runs = [box.cask(["run", path]) for path in [*paths, "/usr/bin"]]
    assert [run.status for run in runs] == [126, 126, 127, 126]
    assert [(run.stdout, b"exec: " in run.stderr) for run in runs] == [(b"", True)] * 4


def test_the_search_path_is_the_program_s_own(box):
    """The PATH of the spec counts, not the engine's; without one there is a usual one."""
    box.mkdir("/srv/bin")
    box.write("/srv/bin/tool", b"#!/bin/sh\necho $0\n", mode=0o755)
    run = ["run", "--env", "PATH=/srv/bin"]
    assert box.cask([*run, "tool"]).stdout == b"/srv/bin/tool\n"
    assert box.cask([*run, "true"]).status == 127
    assert box.cask(["run", "true"], env={"PATH": "/srv/bin"}).status == 0


def test_a_relative_program_counts_from_the_program_s_directory(box):
    """`./tool` is looked for where the program will start, not where the engine stands."""
    box.mkdir("/srv/work")
    box.write("/srv/work/tool", b"#!/bin/sh\npwd\n", mode=0o755)
    got = box.cask(["run", "--cwd", "/srv/work", "./tool"], cwd="/srv")
    assert (got.status, got.stdout) == (0, b"/srv/work\n")


def test_the_program_s_name_for_itself_is_the_one_given(box):
    """The first argument is passed on as it is, whatever file it led to."""
    assert box.cask(["run", "sh", "-c", "echo $0 $1"]).stdout == b"sh\n"


def test_every_signal_for_the_program_arrives_once_and_in_order(box):
    """Seven signals that people send to an engine; it survives them all."""
    engine = box.start_cask(["run", box.interpreter, "-c", LISTENER % SIGNALS])
    engine.read_until(b"ready\n")
    for name in SIGNALS:
        engine.signal(name)
        assert engine.read_until(b"\n") == name.encode() + b"\n"
    got = engine.wait()
    assert (got.status, got.stdout) == (0, b"")


def test_pauses_are_not_the_end(box):
    """However often the program is stopped, its own ending counts, and it hears nothing of it."""
    engine = box.start_cask(["run", box.interpreter, "-c", PATIENT])
    engine.read_until(b"ready\n")
    (program,) = box.children(engine.pid)
    for _ in range(3):
        box.signal(program, "STOP")
        box.until(lambda: box.status(program)["State"].startswith("T"), "it is stopped")
        box.settle(engine)
        assert engine.running()
        box.signal(program, "CONT")
        box.until(lambda: not box.status(program)["State"].startswith("T"), "it goes on")
    engine.send(b"\n")
    assert engine.wait().status == 4


def test_an_early_signal_waits_for_the_program(box):
    """One that comes while the child is still on its way is neither lost nor the engine's end."""
    program = """
def early():
    os.kill(os.getppid(), signal.SIGTERM)
print(runner.run(spec("sleep", "60"), [("early", early)]))
"""
    assert drive(box, program) == ["143"]


def test_a_megabyte_passes_both_ways(box, seed):
    """More than any pipe holds, without a standstill."""
    data = seed.randbytes(1 << 20)
    assert box.cask(["run", "cat"], stdin=data).stdout == data


def test_twenty_engines_do_not_mix(box):
    """Each gives its own program's status, whichever ends first."""
    engines = [box.start_cask(["run", "sh", "-c", f"read line; exit {n}"]) for n in range(20)]
    for engine in reversed(engines):
        engine.send(b"\n")
    assert [engine.wait().status for engine in engines] == list(range(20))
    assert box.leaks() == {}


def test_a_stranger_s_ending_is_not_taken(box):
    """A child that the engine did not start may end first; it is not the program."""
    shell = "(exit 5) & exec cask run sh -c 'echo ready; read line; exit 3'"
    engine = box.popen(["sh", "-c", shell])
    engine.read_until(b"ready\n")
    box.until(lambda: "Z" in [p.state for p in box.processes()], "the stranger has ended")
    engine.send(b"\n")
    assert engine.wait().status == 3


def test_steps_happen_in_the_child_in_their_order(box):
    """Before the directory is changed, and not in the engine."""
    program = """
engine = os.getpid()
def tell(name):
    return lambda: print(name, os.getpid() != engine, os.getcwd(), flush=True)
os.chdir("/srv")
pid = spawn.start(spec("pwd", cwd="/usr"), [("one", tell("one")), ("two", tell("two"))])
os.waitpid(pid, 0)
"""
    assert drive(box, program) == ["one True /srv", "two True /srv", "/usr"]


def test_a_failing_step_stops_the_child(box):
    """The step's name and errno come out, no later one is taken, no program runs."""
    program = """
def fail():
    raise OSError(errno.EMFILE, "no more")
steps = [("good", lambda: None), ("bad", fail), ("late", lambda: print("late", flush=True))]
try:
    spawn.start(spec("echo", "ran"), steps)
except StepFailed as failure:
    print(failure.step, failure.errno == errno.EMFILE)
print(runner.run(spec("echo", "ran"), steps))
for cwd in ("/nowhere", "/"):
    try:
        spawn.start(spec("nothing", cwd=cwd))
    except StepFailed as failure:
        print(failure.step, failure.errno == errno.ENOENT)
"""
    assert drive(box, program) == ["bad True", "125", "cwd True", "exec True"]


def test_start_comes_back_when_the_program_runs(box):
    """Its pid is the program's own, and nobody waits for the program's end."""
    program = """
pid = spawn.start(spec("sleep", "60"))
print(os.path.basename(os.readlink(f"/proc/{pid}/exe")))  # the name in comm comes a moment later
os.kill(pid, signal.SIGKILL)
print(os.waitpid(pid, 0) == (pid, signal.SIGKILL))
"""
    assert drive(box, program) == ["sleep", "True"]


def test_a_failed_start_leaves_one_engine(box):
    """The child never comes back into the caller's code, and is not left as a zombie."""
    program = """
before = os.listdir("/proc/self/fd")
for _ in range(20):
    print(runner.run(spec("no-such-program")), end=" ", flush=True)
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        print("no child", os.listdir("/proc/self/fd") == before, flush=True)
"""
    assert drive(box, program) == ["127 no child True"] * 20


def test_a_run_leaves_the_caller_as_it_was(box):
    """After two runs the signal mask and the descriptors are the same as before."""
    program = """
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
before = os.listdir("/proc/self/fd"), signal.pthread_sigmask(signal.SIG_BLOCK, [])
print(runner.run(spec("sh", "-c", "exit 3")), runner.run(spec("nope")))
after = os.listdir("/proc/self/fd"), signal.pthread_sigmask(signal.SIG_BLOCK, [])
print(before == after)
"""
    assert drive(box, program) == ["3 127", "True"]


def test_an_engine_that_dies_on_the_way_starts_no_program(box):
    """Killed while its child is getting ready: the child notices."""
    program = """
engine = os.getpid()
def orphan():
    os.kill(engine, signal.SIGKILL)
    while os.getppid() == engine:
        time.sleep(0.001)
runner.run(spec("sh", "-c", "echo ran > /tmp/ran; sleep 60"), [("orphan", orphan)])
"""
    got = box.python(DRIVER + program)
    assert got.status == 137
    assert box.leaks() == {}


def test_a_program_may_be_the_first_of_its_pid_namespace(box):
    """Its engine lives outside, where it cannot see it; it starts all the same."""
    got = box.run(["unshare", "--pid", "cask", "run", "sh", "-c", "echo $$; exit 3"])
    assert (got.status, got.stdout) == (3, b"1\n")


def test_no_end_leaves_anything_behind(box):
    """Neither a good end, nor a killed program, nor a failed exec."""
    for arguments in (["true"], ["sh", "-c", "kill -9 $$"], ["no-such-program"]):
        box.cask(["run", *arguments])
    assert box.leaks() == {}


def test_kill_9_leaves_nothing_even_of_a_deaf_program(box):
    """A program that ignores every signal it can still goes when the engine does."""
    script = "trap '' HUP INT QUIT TERM USR1 USR2; echo ready; exec sleep 60"
    engine = box.start_cask(["run", "sh", "-c", script])
    engine.read_until(b"ready\n")
    engine.kill()
    assert box.leaks() == {}
