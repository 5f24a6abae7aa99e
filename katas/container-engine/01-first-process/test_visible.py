"""A process and its ending: what the engine owes to the program and to whoever started it."""

CORE = 0x80

# A program that waits for SIGTERM and has something to say then
LISTENER = """
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
os.write(1, b"ready\\n")
signal.sigwait([signal.SIGTERM])
os.write(1, b"bye\\n")
os._exit(9)
"""


def word(code=0, signal=0, core=False):
    """A wait status as the kernel packs it."""
    return code << 8 | signal | (CORE if core else 0)


def told(kind, code, core=False):
    return {"kind": kind, "code": code, "core": core}


def test_a_wait_status_is_read(kata):
    """`describe` says how a process ended, or that it only stopped or went on."""
    stories = [
        (word(code=0), told("exited", 0)),
        (word(code=7), told("exited", 7)),
        (word(code=255), told("exited", 255)),
        (word(signal=9), told("signaled", 9)),
        (word(signal=11, core=True), told("signaled", 11, core=True)),
        (word(code=19, signal=0x7F), told("stopped", 19)),
        (0xFFFF, told("continued", 0)),
    ]
    assert [kata.describe(status) for status, _ in stories] == [story for _, story in stories]


def test_a_shell_would_show_the_same_number(kata):
    """`exit_code` gives the code, or 128 plus the signal; a stop is no end."""
    words = [word(code=3), word(code=255), word(signal=15), word(signal=6, core=True)]
    assert [kata.exit_code(w) for w in words] == [3, 255, 143, 134]
    with kata.raises("ValueError"):
        kata.exit_code(word(code=20, signal=0x7F))


def test_signals_have_names_and_numbers(kata):
    """`signal_number` takes a signal in every way that people write it."""
    texts = ["TERM", "SIGTERM", "term", "15", "KILL", "64", "RTMIN", "RTMIN+3", "SIGRTMAX-2"]
    assert [kata.signal_number(t) for t in texts] == [15, 15, 15, 15, 9, 64, 34, 37, 62]
    wrong = kata.script([[None, "signal_number", [t]] for t in ("0", "65", "NOPE", "RTMIN-1")])
    assert [error.class_name for error in wrong] == ["ValueError"] * 4


def test_a_program_is_found_along_the_search_path(kata, workdir):
    """The first folder with an executable file of that name wins."""
    for folder, mode in (("a", 0o644), ("b", 0o755), ("c", 0o755)):
        (workdir / folder).mkdir(mode=0o755)
        (workdir / folder / "tool").write_text("#!/bin/sh\n")
        (workdir / folder / "tool").chmod(mode)
    search = ":".join(str(workdir / f) for f in "abc")
    assert kata.find_program("tool", search, "/") == str(workdir / "b" / "tool")
    with kata.raises("PermissionError"):
        kata.find_program("tool", str(workdir / "a"), "/")
    with kata.raises("FileNotFoundError"):
        kata.find_program("nothing", search, "/")


def test_the_exit_code_is_the_program_s(box):
    """`cask run` ends as its program ended."""
    runs = [box.cask(["run", "sh", "-c", f"exit {code}"]) for code in (0, 7, 255)]
    assert [run.status for run in runs] == [0, 7, 255]


def test_a_killed_program_gives_128_and_the_signal(box):
    """A program that a signal ended is told apart from one that exits by itself."""
    runs = [box.cask(["run", "sh", "-c", f"kill -{name} $$"]) for name in ("KILL", "TERM")]
    assert [run.status for run in runs] == [137, 143]


def test_the_program_has_the_engine_s_streams(box):
    """Standard input, output and error pass untouched, every byte of them, and stay apart."""
    data = bytes(range(256)) * 4
    got = box.cask(["run", "sh", "-c", "cat; echo oops >&2"], stdin=data)
    assert (got.stdout, got.stderr) == (data, b"oops\n")


def test_arguments_arrive_as_they_were_given(box):
    """No shell looks at them: blanks, stars, dollars and empty words are just bytes."""
    words = ["a b", "", "*", "$HOME", "'", "--env", "é\n"]
    got = box.cask(["run", "--", "printf", "%s|", *words])
    assert got.stdout.decode() == "".join(f"{w}|" for w in words)


def test_the_environment_is_exactly_what_was_given(box):
    """Nothing of the engine's environment leaks into the program's."""
    got = box.cask(["run", "--env", "A=1", "--env", "B=x=y", "/usr/bin/env"])
    assert sorted(got.stdout.splitlines()) == [b"A=1", b"B=x=y"]


def test_the_program_starts_in_the_given_directory(box):
    """`--cwd` is where the program begins, and / where nothing is said."""
    assert box.cask(["run", "--cwd", "/usr/lib", "pwd"]).stdout == b"/usr/lib\n"
    assert box.cask(["run", "pwd"], cwd="/srv").stdout == b"/\n"


def test_a_program_that_is_not_there_is_127(box):
    """As every shell says it, with a line on standard error that names the step."""
    got = box.cask(["run", "no-such-program"])
    assert (got.status, got.stdout) == (127, b"")
    assert b"exec: No such file or directory" in got.stderr


def test_a_file_that_cannot_be_executed_is_126(box):
    """Found, but not allowed: another status than not found."""
    plain = box.write("/srv/plain", b"just text", mode=0o644)
    got = box.cask(["run", plain])
    assert (got.status, got.stdout) == (126, b"")
    assert b"exec: Permission denied" in got.stderr


def test_a_step_that_fails_is_named(box):
    """When the child cannot get ready the engine ends with 125 and says which step it was."""
    got = box.cask(["run", "--cwd", "/no/such/place", "true"])
    assert (got.status, got.stdout) == (125, b"")
    assert b"cwd: No such file or directory" in got.stderr


def test_steps_are_taken_before_the_program_starts(box):
    """What a spec asks for (here a file creation mask) is in force when the program begins."""
    assert box.cask(["run", "--umask", "027", "sh", "-c", "umask"]).stdout == b"0027\n"


def test_a_signal_to_the_engine_reaches_the_program(box):
    """Whoever stops the engine means the program; its last word is still heard."""
    engine = box.start_cask(["run", box.interpreter, "-c", LISTENER])
    engine.read_until(b"ready\n")
    engine.signal("TERM")
    got = engine.wait()
    assert (got.stdout, got.status) == (b"bye\n", 9)


def test_a_program_that_is_stopped_has_not_ended(box):
    """A pause is not an end: the engine waits on."""
    engine = box.start_cask(["run", "sh", "-c", "echo ready; read line; exit 4"])
    engine.read_until(b"ready\n")
    (program,) = box.children(engine.pid)
    box.signal(program, "STOP")
    box.until(lambda: box.status(program)["State"].startswith("T"), "the program is stopped")
    box.settle(engine)
    assert engine.running()
    box.signal(program, "CONT")
    engine.send(b"\n")
    assert engine.wait().status == 4


def test_kill_9_of_the_engine_takes_the_program_along(box):
    """An engine that dies without a word leaves no program behind."""
    engine = box.start_cask(["run", "sh", "-c", "echo ready; exec sleep 60"])
    engine.read_until(b"ready\n")
    engine.kill()
    assert box.leaks() == {}


def test_nothing_is_left_behind(box):
    """After an ordinary end there is no process, mount or file more than before."""
    assert box.cask(["run", "true"]).status == 0
    assert box.leaks() == {}
