"""Looking at a box from outside, and what is left behind in it."""

from __future__ import annotations

import pytest

from grader.box.box import Box


def test_processes_are_listed_with_their_numbers_in_each_namespace(box: Box) -> None:
    """A process in a pid namespace below has one more number."""
    shell = box.popen(["unshare", "-pf", "sh", "-c", "echo up; read x"])
    shell.read_until(b"up\n")
    (child,) = box.children(shell.pid)
    inner = next(p for p in box.processes() if p.pid == child)
    assert (inner.ppid, inner.nspid, inner.argv[0]) == (shell.pid, (child, 1), "sh")


def test_namespaces_and_roots_tell_inside_from_outside(box: Box) -> None:
    """A process in another mount namespace and root is seen as such."""
    root = box.rootfs()
    inside = box.popen(["unshare", "-m", "chroot", root, "sh", "-c", "echo up; read x"])
    inside.read_until(b"up\n")
    (own, box_s) = (box.namespaces(inside.pid), box.namespaces(1))
    assert own["mnt"] != box_s["mnt"] and own["net"] == box_s["net"]
    assert box.root_of(inside.pid) == box.identity(root) != box.root_of(1)


def test_mount_tables_can_be_compared(box: Box) -> None:
    """A mount made in a namespace is in its table and not in the box's."""
    command = box.popen(["unshare", "-m", "sh", "-c", "mount -t tmpfs t '/srv' && echo up; read x"])
    command.read_until(b"up\n")
    assert "/srv" in [m.point for m in box.mountinfo(command.pid)]
    assert "/srv" not in [m.point for m in box.mounts()]


def test_a_rootfs_can_be_entered(box: Box) -> None:
    """A fresh root has programs, Python and a /tmp of its own."""
    root = box.rootfs()
    assert box.run(["chroot", root, "sh", "-c", "ls /usr > /tmp/f; echo ok"]).stdout == b"ok\n"
    assert box.run(["chroot", root, box.interpreter, "-c", "print(1)"]).stdout == b"1\n"
    assert box.listdir(f"{root}/tmp") == ["f"]
    assert box.rootfs() != root


def test_a_person_can_make_a_room_too(box: Box) -> None:
    """`room DIR` makes the same, and says how it is used."""
    root = box.rootfs()
    assert box.run(["room", "/srv/mine"]).status == 0
    assert box.listdir("/srv/mine") == box.listdir(root)
    inside = ["chroot", "/srv/mine", "/opt/bin/python3", "-c", "print(1)"]
    assert box.run(inside).stdout == b"1\n"
    assert b"usage: room DIR" in box.run(["room"]).stderr


def test_a_clean_box_has_no_leaks(box: Box) -> None:
    """What the box started with and the suite put there is not counted."""
    box.write("/tmp/mine")
    box.run(["true"])
    box.mkdir("/tmp/deep")
    box.write("/tmp/deep/er")
    box.rootfs()
    assert box.leaks() == {}


def test_a_process_left_behind_is_a_leak(box: Box) -> None:
    """By its number and its command line."""
    box.run(["sh", "-c", "sleep 9 & exit 0"])
    box.until(lambda: "sleep" in [p.name for p in box.processes()], "it sleeps")
    (said,) = box.leaks(0.05)["processes"]
    assert said.endswith(" sleep 9")


def test_a_zombie_is_a_leak(box: Box) -> None:
    """A parent that does not wait is found out."""
    program = "import os; os.fork() or os._exit(0); print('up', flush=True); input()"
    parent = box.popen([box.interpreter, "-c", program])
    parent.read_until(b"up\n")
    box.until(lambda: "(zombie)" in str(box.leaks(0)), "a zombie")
    parent.kill()
    assert box.leaks() == {}


@pytest.mark.parametrize(
    ("script", "kind", "said"),
    [
        ("touch /tmp/left", "files", "/tmp/left"),
        ("mkdir /run/dir && touch /run/dir/f", "files", "/run/dir"),
        ("ln -s nowhere /tmp/link", "files", "/tmp/link"),
        ("mount -t tmpfs none /srv", "mounts", "/srv (tmpfs none/)"),
        ("umount /sys", "lost mounts", "/sys (sysfs sysfs/)"),
        ("rm /etc/passwd", "lost files", "/etc/passwd"),
    ],
)
def test_what_commands_leave_behind_is_named(box: Box, script: str, kind: str, said: str) -> None:
    """Files and mounts that are more or less than before."""
    assert box.run(["sh", "-c", script]).status == 0
    assert said in box.leaks(0)[kind]


def test_leaks_waits_for_what_is_just_ending(box: Box) -> None:
    """A process that ends a moment later is no leak."""
    box.run(["sh", "-c", "sleep 0.1 & exit 0"])
    assert box.leaks() == {}


def test_the_present_can_be_taken_as_clean(box: Box) -> None:
    """For tests whose commands make files on purpose."""
    box.run(["touch", "/tmp/f"])
    box.remember()
    assert box.leaks() == {}


def test_looking_works_when_the_box_has_lost_its_proc(box: Box) -> None:
    """A broken engine may unmount /proc; the view from outside stays."""
    box.run(["umount", "/proc"])
    command = box.popen(["sleep", "9"])
    assert box.status(command.pid)["Name"] == "sleep"
    assert "/proc (proc proc/)" in box.leaks(0)["lost mounts"]
