"""A room with no door: another root for the program, and paths that do not lead out of it."""

import pytest

BREAK_OUT = """
import os
os.makedirs("/tmp/hole", exist_ok=True)
os.chroot("/tmp/hole")           # the working directory stays behind, outside of the new root
for _ in range(64):
    os.chdir("..")               # so nothing stops the way up
os.chroot(".")
print("out" if os.path.exists("/srv/secret") else "still inside")
"""


@pytest.fixture
def root(box):
    """A root directory for a container, and a secret beside it."""
    box.write("/srv/secret", b"of the machine")
    return box.rootfs()


@pytest.fixture
def tree(workdir):
    """A root to resolve in: files, folders and links of every kind, and things outside of it."""
    inside = workdir / "root"
    (inside / "etc").mkdir(parents=True)
    (inside / "usr" / "lib").mkdir(parents=True)
    (inside / "etc" / "passwd").write_text("inside")
    (workdir / "etc").mkdir()
    links = {"lib": "usr/lib", "abs": "/etc", "up": "../../etc", "chain": "abs", "new": "etc/new"}
    for name, target in links.items():
        (inside / name).symlink_to(target)
    return str(inside)


def start(box, *arguments):
    """An engine whose program stays, and the program's pid."""
    engine = box.start_cask(["run", *arguments, "sh", "-c", "echo ready; exec sleep 60"])
    engine.read_until(b"ready\n")
    (program,) = box.children(engine.pid)
    return engine, program


def test_a_path_is_resolved_inside_the_root(kata, tree):
    """Links and ".." lead where they lead for somebody inside, never out."""
    paths = ["etc/passwd", "/etc/passwd", "../../etc", "lib", "abs/passwd", "up", "chain/passwd"]
    got = kata.script([[None, "resolve", [tree, path]] for path in paths])
    want = ["etc/passwd", "etc/passwd", "etc", "usr/lib", "etc/passwd", "etc", "etc/passwd"]
    assert got == [f"{tree}/{path}" for path in want]


def test_dots_are_taken_after_links(kata, tree):
    """`lib/..` is what lies above the link's target, not what lies above the link."""
    assert kata.resolve(tree, "lib/../..") == tree
    assert kata.resolve(tree, "lib/..") == f"{tree}/usr"


def test_only_the_last_name_may_be_missing(kata, tree):
    """As for somebody who is about to make it, also behind a link."""
    assert kata.resolve(tree, "etc/new") == f"{tree}/etc/new"
    assert kata.resolve(tree, "new") == f"{tree}/etc/new"
    with kata.raises("FileNotFoundError"):
        kata.resolve(tree, "no/thing")
    with kata.raises("NotADirectoryError"):
        kata.resolve(tree, "etc/passwd/x")


def test_links_in_a_circle_are_given_up(kata, workdir):
    """After forty links the answer is the kernel's: too many levels of symbolic links."""
    (workdir / "a").symlink_to("b")
    (workdir / "b").symlink_to("a")
    with kata.raises("OSError", match="Errno 40"):
        kata.resolve(str(workdir), "a")


def test_directories_are_made_inside(kata, tree, workdir):
    """All that are missing, with the mode that was asked for, through links, and not outside."""
    assert kata.mkdirs(tree, "abs/a/b", 0o710) == f"{tree}/etc/a/b"
    made = [workdir / "root" / "etc" / "a", workdir / "root" / "etc" / "a" / "b"]
    assert [path.stat().st_mode & 0o777 for path in made] == [0o710, 0o710]
    assert kata.mkdirs(tree, "up", 0o700) == f"{tree}/etc"
    assert list((workdir / "etc").iterdir()) == []


def test_a_file_in_the_way_is_said(kata, tree):
    """What is there and no directory cannot become one."""
    with kata.raises("NotADirectoryError"):
        kata.mkdirs(tree, "etc/passwd", 0o755)


def test_the_program_sees_the_new_root(box, root):
    """`ls /` shows the given directory, and what is written lands there."""
    got = box.cask(["run", "--rootfs", root, "sh", "-c", "ls /; echo hello > /tmp/f"])
    assert got.stdout.decode().split() == box.listdir(root)
    assert box.read(f"{root}/tmp/f") == b"hello\n"


def test_the_machine_s_files_are_gone(box, root):
    """A path of the machine means nothing inside."""
    got = box.cask(["run", "--rootfs", root, "cat", "/srv/secret"])
    assert (got.status, got.stdout) == (1, b"")


def test_the_program_starts_at_its_root(box, root):
    """Wherever the engine stood; `--cwd` counts inside."""
    run = ["run", "--rootfs", root]
    assert box.cask([*run, "pwd"], cwd="/usr").stdout == b"/\n"
    assert box.cask([*run, "--cwd", "/usr/bin", "pwd"]).stdout == b"/usr/bin\n"


def test_the_program_is_looked_up_inside(box, root):
    """What the machine has on the path is not there, what the root has is."""
    box.mkdir("/srv/bin")
    box.write("/srv/bin/outer", b"#!/bin/sh\n", mode=0o755)
    box.mkdir(f"{root}/srv/bin")
    box.write(f"{root}/srv/bin/inner", b"#!/bin/sh\necho in\n", mode=0o755)
    run = ["run", "--rootfs", root, "--env", "PATH=/srv/bin"]
    assert box.cask([*run, "inner"]).stdout == b"in\n"
    assert box.cask([*run, "outer"]).status == 127


def test_from_outside_the_root_is_the_directory(box, root):
    """The kernel agrees: the process's root is the one that was given, in mounts of its own."""
    _, program = start(box, "--rootfs", root)
    assert box.root_of(program) == box.identity(root)
    inside, outside = box.namespaces(program), box.namespaces(1)
    assert inside.pop("mnt") != outside.pop("mnt")
    assert inside == outside


def test_a_chroot_is_left_and_the_new_root_is_not(box, root):
    """The same few lines walk out of the one and not of the other."""
    program = [box.interpreter, "-I", "-S", "-c", BREAK_OUT]
    run = ["run", "--rootfs", root]
    assert box.cask([*run, *program]).stdout == b"still inside\n"
    assert box.cask([*run, "--chroot-only", *program]).stdout == b"out\n"


def test_the_engine_stays_outside(box, root):
    """Only the program moves; its parent has its old root and mounts, to clean up later."""
    engine, _ = start(box, "--rootfs", root)
    assert box.root_of(engine.pid) == box.root_of(1)
    assert box.namespaces(engine.pid)["mnt"] == box.namespaces(1)["mnt"]


def test_a_root_that_is_not_there_is_125(box, root):
    """The engine says which step failed and why."""
    got = box.cask(["run", "--rootfs", "/srv/nowhere", "true"])
    assert (got.status, got.stdout) == (125, b"")
    assert b"root: No such file or directory" in got.stderr


def test_nothing_is_left_behind(box, root):
    """No process, mount or file more than before, after an end, a failed exec and kill -9."""
    assert box.cask(["run", "--rootfs", root, "true"]).status == 0
    assert box.cask(["run", "--rootfs", root, "no-such-program"]).status == 127
    start(box, "--rootfs", root)[0].kill()
    assert box.leaks() == {}
