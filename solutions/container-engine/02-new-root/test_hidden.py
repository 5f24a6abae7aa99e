"""A room with no door, with harder data."""

import json

import pytest

# Compares the learner's `resolve` with the kernel's own, asked from inside a chroot
DIFFERENTIAL = """
import errno, json, os
import pathsafe
ROOT = "/srv/tree"
descriptors = os.open("/proc/self/fd", os.O_RDONLY)
def safely(function, path):
    try:
        return function(path)
    except OSError as error:
        return errno.errorcode[error.errno]
def kernel(path):
    found = os.open("/" + path, os.O_PATH)
    name = os.readlink(str(found), dir_fd=descriptors)
    os.close(found)
    return (ROOT + name).rstrip("/")
paths = json.loads(sys.argv[1])
outside = [safely(lambda path: pathsafe.resolve(ROOT, path), path) for path in paths]
os.chroot(ROOT)
os.chdir("/")
inside = [safely(kernel, path) for path in paths]
print(json.dumps([row for row in zip(paths, outside, inside) if row[1] != row[2]]))
"""

ENTER = """
import os
import rootfs
if (child := os.fork()) == 0:
    rootfs.enter(sys.argv[1])
    print(os.getcwd(), sorted(os.listdir("/")) == sorted(os.listdir("..")), os.listdir("/srv"))
    sys.stdout.flush()
    os._exit(0)
ended = os.waitpid(child, 0)[1]
print(os.path.exists("/srv/secret"))
sys.exit(os.waitstatus_to_exitcode(ended))
"""

KEPT_DESCRIPTOR = """
import os
for number in range(3, 20):
    try:
        os.fchdir(number)
        os.chroot(".")
        print("out through", number)
    except OSError:
        pass
print("closed")
"""


@pytest.fixture
def root(box):
    box.write("/srv/secret", b"of the machine")
    return box.rootfs()


def start(box, *arguments, cwd="/"):
    """An engine whose program stays, and the program's pid."""
    words = ["run", *arguments, "sh", "-c", "echo ready; exec sleep 60"]
    engine = box.start_cask(words, cwd=cwd)
    engine.read_until(b"ready\n")
    (program,) = box.children(engine.pid)
    return engine, program


def test_forty_links_are_followed_and_no_more(kata, workdir):
    """As many as the kernel follows, counted over the whole path."""
    (workdir / "end").mkdir()
    for number in range(41):
        (workdir / f"l{number}").symlink_to(f"l{number - 1}" if number else "end")
    root = str(workdir)
    assert kata.resolve(root, "l39") == f"{root}/end"
    assert kata.resolve(root, "l38/../l0") == f"{root}/end"
    for path in ("l40", "l39/../l0"):
        with kata.raises("OSError", match="Errno 40"):
            kata.resolve(root, path)


def test_names_may_hold_any_byte(kata, workdir):
    """Newlines, blanks, dots and bytes that are no text are parts of names like all others."""
    names = ["a\nb", " ", "...", "..x", "é", "\udcff\udcfe", "-", "*"]
    for name in names:
        (workdir / name).mkdir()
    (workdir / "link").symlink_to("\udcff\udcfe")
    got = [kata.resolve(str(workdir), f"{name}/x") for name in names]
    assert got == [f"{workdir}/{name}/x" for name in names]
    assert kata.resolve(str(workdir), "link") == f"{workdir}/\udcff\udcfe"


def test_the_root_itself_is_a_place(kata, workdir):
    """In each of its spellings, and with a slash at the end of either."""
    inside = workdir / "BOX"
    (inside / "d").mkdir(parents=True)
    (inside / "to-root").symlink_to("/")
    root = str(inside)
    spellings = ["/", "", ".", "..", "//./../", "to-root", "d/..", "to-root/..", "d/./../."]
    assert [kata.resolve(root, path) for path in spellings] == [root] * len(spellings)
    assert kata.resolve(root + "/", "/d/") == f"{root}/d"
    assert kata.resolve("/", "/") == "/"
    assert kata.resolve("/", "../usr/./bin/..") == "/usr"


def test_what_lies_outside_has_no_say(kata, workdir):
    """A name that exists outside only is missing inside; one inside only is found."""
    inside = workdir / "root"
    (inside / "proc" / "self").mkdir(parents=True)
    (inside / "proc" / "self" / "root").symlink_to("/")
    (inside / "etc").mkdir()
    (inside / "magic").symlink_to("/proc/self/root/etc")
    (inside / "out").symlink_to(str(workdir / "outer"))
    (workdir / "outer").mkdir()
    assert kata.resolve(str(inside), "magic") == f"{inside}/etc"
    with kata.raises("FileNotFoundError"):
        kata.resolve(str(inside), "out/x")


def test_a_missing_name_does_not_take_its_dots_along(kata, workdir):
    """`gone/..` is an error, not the place where one stood."""
    (workdir / "file").write_text("")
    with kata.raises("FileNotFoundError"):
        kata.resolve(str(workdir), "gone/../file")
    wrong = kata.script([[None, "resolve", [str(workdir), f"{n}/."]] for n in ("file", "gone")])
    assert [e.class_name for e in wrong] == ["NotADirectoryError", "FileNotFoundError"]
    with kata.raises("NotADirectoryError"):
        kata.resolve(str(workdir), "file/..")


def test_resolving_makes_nothing(kata, workdir):
    """Looking is not touching."""
    (workdir / "link").symlink_to("new")
    kata.resolve(str(workdir), "link")
    assert sorted(p.name for p in workdir.iterdir()) == ["link"]


def test_mkdirs_stays_inside_and_leaves_what_is_there(kata, workdir):
    """Modes of old directories, links and files outside are as before."""
    inside = workdir / "root"
    (inside / "old").mkdir(parents=True)
    (inside / "old").chmod(0o707)
    (inside / "there").symlink_to("/made/by/link")
    (workdir / "made").mkdir()
    (inside / "up").symlink_to("../made")
    root = str(inside)
    assert kata.mkdirs(root, "old/deep/er", 0o777) == f"{root}/old/deep/er"
    assert kata.mkdirs(root, "there/more", 0o750) == f"{root}/made/by/link/more"
    assert kata.mkdirs(root, "up/x/../y", 0o755) == f"{root}/made/y"
    modes = ["old", "old/deep", "old/deep/er", "made", "made/by/link", "made/y"]
    got = [(inside / path).stat().st_mode & 0o777 for path in modes]
    assert got == [0o707, 0o777, 0o777, 0o750, 0o750, 0o755]
    assert list((workdir / "made").iterdir()) == []


def test_mkdirs_of_what_exists_is_fine(kata, workdir):
    """The root, a directory, a link to one; but not a file, nor behind one, nor a circle."""
    (workdir / "d").mkdir()
    (workdir / "f").write_text("")
    (workdir / "ld").symlink_to("d")
    (workdir / "lf").symlink_to("f")
    (workdir / "o").symlink_to("o")
    root = str(workdir)
    paths = ["/", "d", "ld", "d/../ld/."]
    assert [kata.mkdirs(root, p, 0o700) for p in paths] == [root, *[f"{root}/d"] * 3]
    wrong = kata.script([[None, "mkdirs", [root, p, 0o700]] for p in ("f", "lf", "f/x", "o/x")])
    assert [e.class_name for e in wrong] == ["NotADirectoryError"] * 3 + ["OSError"]


def test_a_random_tree_is_resolved_as_the_kernel_does(box, seed):
    """Two hundred paths through folders, files and links lead where the kernel says."""
    names = ["a", "b", "c", "d"]
    for folder in ("a/b", "c"):
        box.mkdir(f"/srv/tree/{folder}")
    box.write("/srv/tree/c/d")
    for path in (
        f"/srv/tree/{folder}{name}" for folder in ("", "a/", "a/b/", "c/") for name in names
    ):
        if not box.exists(path):
            words = [seed.choice([*names, "..", "."]) for _ in range(seed.randrange(1, 4))]
            box.symlink(seed.choice(["", "/"]) + "/".join(words), path)
    paths = ["/".join(seed.choice([*names, ".."]) for _ in range(5)) for _ in range(200)]
    got = box.python(DIFFERENTIAL, json.dumps(paths))
    assert (json.loads(got.stdout or b"null"), got.stderr) == ([], b"")


def test_no_mount_of_the_old_root_is_left(box, root):
    """The program's mount table holds its root once, what is below it, and nothing else."""
    _, program = start(box, "--rootfs", root)
    below = [m.point[len(root) :] for m in box.mounts() if m.point.startswith(root + "/")]
    assert sorted(m.point for m in box.mountinfo(program)) == sorted(["/", *below])


def test_mounts_below_the_root_come_along(box, root):
    """Also those on top of one another's directories."""
    for point in ("/opt/one", "/opt/one/two"):
        box.mkdir(root + point)
        assert box.run(["mount", "-t", "tmpfs", "t", root + point]).status == 0
    box.write(f"{root}/opt/one/two/f", b"deep")
    got = box.cask(["run", "--rootfs", root, "cat", "/opt/one/two/f"])
    assert got.stdout == b"deep"


def test_a_sharing_machine_keeps_its_mounts(box, root):
    """Where mounts are told to others, as on most machines, the program's are not."""
    for point in ("/srv/disk", "/srv/disk/below"):
        box.mkdir(point)
        assert box.run(["mount", "-t", "tmpfs", "t", point]).status == 0
    assert box.run(["mount", "--make-rshared", "/"]).status == 0
    before = box.mounts()
    engine, _ = start(box, "--rootfs", root)
    assert box.mounts() == before
    engine.kill()
    assert box.cask(["run", "--rootfs", "/srv/nowhere", "true"]).status == 125
    assert box.mounts() == before


def test_no_directory_of_the_machine_stays_open(box, root):
    """The program has its three streams and nothing that leads out."""
    _, program = start(box, "--rootfs", root)
    assert sorted(box.descriptors(program)) == [0, 1, 2]


def test_a_kept_descriptor_is_no_way_out(box, root):
    """A directory that the engine's caller left open is closed before the program starts."""
    program = [box.interpreter, "-I", "-S", "-c", KEPT_DESCRIPTOR]
    words = ["sh", "-c", 'exec 3< / 9< /srv; exec "$@"', "sh", "cask", "run", "--rootfs", root]
    assert box.run([*words, *program]).stdout == b"closed\n"


def test_a_root_that_is_a_mount_point_already(box):
    """A file system of its own is as good as a directory."""
    box.mkdir("/srv/disk")
    box.run(["mount", "-t", "tmpfs", "t", "/srv/disk"])
    root = box.rootfs("disk")
    got = box.cask(["run", "--rootfs", root, "sh", "-c", "echo x > /here; ls /"])
    assert b"here" in got.stdout.split()
    assert box.read(f"{root}/here") == b"x\n"


def test_a_root_may_be_relative_or_a_link(box, root):
    """It is the engine's path, from where the engine stands."""
    box.symlink(root, "/srv/link")
    identity = box.identity(root)
    for words, cwd in ((["rootfs1"], "/srv"), (["../srv/link"], "/usr"), (["."], root)):
        _, program = start(box, "--rootfs", *words, cwd=cwd)
        assert box.root_of(program) == identity


def test_a_file_is_no_root(box, root):
    """Said with the step's name, and nothing has happened."""
    got = box.cask(["run", "--rootfs", "/srv/secret", "true"])
    assert (got.status, got.stdout) == (125, b"")
    assert b"root: Not a directory" in got.stderr
    assert box.leaks() == {}


def test_two_containers_share_a_root(box, root):
    """At the same time: one directory, two mount namespaces."""
    (_, one), (_, two) = start(box, "--rootfs", root), start(box, "--rootfs", root)
    assert box.root_of(one) == box.root_of(two) == box.identity(root)
    assert len({box.namespaces(pid)["mnt"] for pid in (one, two, 1)}) == 3


def test_a_program_behind_an_absolute_link(box, root):
    """The link means a path inside, although one like it exists outside too."""
    box.mkdir("/srv/tools")
    box.write("/srv/tools/hello", b"#!/bin/sh\necho outer\n", mode=0o755)
    box.mkdir(f"{root}/srv/tools")
    box.write(f"{root}/srv/tools/hello", b"#!/bin/sh\necho inner\n", mode=0o755)
    box.symlink("/srv/tools/hello", f"{root}/tmp/hello")
    assert box.cask(["run", "--rootfs", root, "/tmp/hello"]).stdout == b"inner\n"


def test_no_trace_is_left_in_the_root(box, root):
    """No directory for the old root, no file of the engine's, while it runs and after."""
    before = box.listdir(root)
    engine, _ = start(box, "--rootfs", root)
    assert box.listdir(root) == before
    engine.kill()
    assert box.leaks() == {}


def test_entering_moves_the_caller_and_nobody_else(box, root):
    """`enter` leaves its process at "/", with nothing above it; its parent is where it was."""
    box.mkdir(f"{root}/srv/inside")
    got = box.python(ENTER, root)
    assert got.stdout.decode().splitlines() == ["/ True ['inside']", "True"]


def test_other_steps_still_happen(box, root):
    """A mask and a directory are set for a program in another root as well."""
    words = ["run", "--rootfs", root, "--umask", "077", "--cwd", "/tmp", "sh", "-c", "umask; pwd"]
    assert box.cask(words).stdout == b"0077\n/tmp\n"


def test_exit_codes_and_signals_come_through(box, root):
    """The engine is as faithful to a program in another root."""
    engine, _ = start(box, "--rootfs", root)
    engine.signal("TERM")
    assert engine.wait().status == 143
    assert box.cask(["run", "--rootfs", root, "sh", "-c", "exit 9"]).status == 9


def test_no_end_leaves_anything_behind(box, root):
    """A good end, a failed exec inside, kill -9 of the engine: no process, mount or file more."""
    box.cask(["run", "--rootfs", root, "true"])
    box.cask(["run", "--rootfs", root, "no-such-program"])
    box.cask(["run", "--rootfs", root, "--cwd", "/no/such/place", "true"])
    start(box, "--rootfs", root)[0].kill()
    assert box.leaks() == {}
