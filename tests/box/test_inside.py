"""What a box is like for those who are in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.box.box import FULL, Box

C_LIBRARY_SIGNALS = 3 << 31  # 32 and 33: whoever runs the tests may have them blocked for good


def lines(box: Box, script: str) -> list[str]:
    """What a shell script prints in the box."""
    result = box.run(["sh", "-c", script])
    assert result.stderr == b""
    return result.stdout.decode().splitlines()


def test_its_root_has_every_capability_and_the_name_box(box: Box) -> None:
    """Root in the box is root there: all ids 0, all capabilities, a host name of its own."""
    assert lines(box, "id -u; id -g; hostname") == ["0", "0", "box"]
    status = box.popen(["sleep", "9"])
    caps = int(box.status(status.pid)["CapEff"], 16)
    assert caps & (1 << 21) and caps & 1


def test_it_holds_a_range_of_ids_where_the_level_says_so(box: Box) -> None:
    """At level 3 root can give files to others; at level 2 there is nobody else."""
    given = box.run(["sh", "-c", "touch /tmp/f && chown 1000:1000 /tmp/f"])
    assert (given.status == 0) == (box.level() == FULL)


@pytest.mark.parametrize("path", ["/usr/x", "/code/x", "/code/kit/x"])
def test_what_comes_from_the_machine_is_read_only(box: Box, path: str) -> None:
    """Neither the system nor the submission can be written."""
    assert b"Read-only" in box.run(["touch", path]).stderr


@pytest.mark.parametrize("path", ["/usr", "/code"])
def test_read_only_stays_read_only(box: Box, path: str) -> None:
    """Root of the box cannot remount what it was given, nor look under it."""
    assert box.run(["mount", "-o", "remount,bind,rw", path]).status != 0
    assert box.run(["unshare", "-Urm", "mount", "-o", "remount,bind,rw", path]).status != 0
    assert b"Read-only" in box.run(["touch", f"{path}/x"]).stderr


@pytest.mark.parametrize("path", ["/tmp/x", "/run/x", "/root/x", "/etc/x", "/dev/shm/x"])
def test_the_rest_is_its_own_to_write(box: Box, path: str) -> None:
    """Everything else belongs to the box."""
    assert box.run(["touch", path]).status == 0


def test_the_workdir_is_shared(box: Box, workdir: Path) -> None:
    """What is written at the working directory's place lies outside too."""
    assert box.run(["sh", "-c", "umask 0; echo hello > /work/f"]).status == 0
    assert (workdir / "f").read_text() == "hello\n"


@pytest.mark.parametrize("path", ["/etc/shadow", "/boot", "/mnt", "/lost+found", "/var/lib"])
def test_the_machine_s_own_files_are_not_there(box: Box, path: str) -> None:
    """The root is constructed, not inherited."""
    assert not box.exists(path)


def test_it_sees_its_own_processes_only(box: Box) -> None:
    """Init is 1, and there is nobody but the asking command beside it."""
    assert len(lines(box, "echo /proc/[0-9]*")[0].split()) == 2  # init and the shell


def test_its_network_is_a_loopback(box: Box) -> None:
    """There is no way out."""
    assert lines(box, "ls /sys/class/net; cat /sys/class/net/lo/operstate") == ["lo", "unknown"]


def test_namespaces_nest_with_proc_and_sysfs_of_their_own(box: Box) -> None:
    """The kernel allows new /proc and /sys mounts only where an unmasked one is seen."""
    script = "mount -t proc p /proc && mount -t sysfs -o ro s /sys && echo /proc/[0-9]*"
    result = box.run(["unshare", "-mpfinu", "sh", "-c", script])
    assert (result.stdout.strip(), result.stderr) == (b"/proc/1", b"")


def test_user_namespaces_nest(box: Box) -> None:
    """An engine in the box can make rootless containers."""
    assert lines(box, "unshare -Ur id -u") == ["0"]


@pytest.mark.parametrize(
    "path", ["/proc/sysrq-trigger", "/proc/sys/vm/drop_caches", "/proc/sys/kernel/core_pattern"]
)
def test_the_machine_s_settings_are_out_of_reach(box: Box, path: str) -> None:
    """Root of the box is nobody to the kernel's own switches."""
    assert box.run(["sh", "-c", f"echo 0 > {path}"]).status != 0


def test_devices_cannot_be_made(box: Box) -> None:
    """A disk of the machine cannot be reached by its number."""
    assert box.run(["mknod", "/tmp/disk", "b", "254", "0"]).status != 0


def test_a_command_starts_with_three_descriptors_and_default_signals(box: Box) -> None:
    """Nothing of the grader's leaks into a command."""
    command = box.popen(["cat"])
    command.send(b"up\n")
    command.read_until(b"up\n")  # its loader has closed what it read
    assert list(box.descriptors(command.pid)) == [0, 1, 2]
    status = box.status(command.pid)
    signals = int(status["SigIgn"], 16) | int(status["SigBlk"], 16)
    assert signals & ~C_LIBRARY_SIGNALS == 0


def test_the_environment_is_the_box_s(box: Box) -> None:
    """PATH, HOME and LANG, and whatever the suite gives instead."""
    assert sorted(line.split("=")[0] for line in lines(box, "env -u PWD env")) == [
        "HOME",
        "LANG",
        "PATH",
    ]
    assert box.run(["/usr/bin/env"], env={"A": "1"}).stdout == b"A=1\n"


def test_init_cannot_be_killed_from_inside(box: Box) -> None:
    """kill -9 1 has no effect, as on any machine."""
    box.run(["sh", "-c", "kill -9 1"])
    assert box.run(["true"]).status == 0


def test_a_process_cannot_see_who_waits_for_it(box: Box) -> None:
    """Commands have no parent in the box, and the keeper no number there."""
    assert lines(box, "grep PPid /proc/$$/status") == ["PPid:\t0"]


def test_orphans_do_not_stay_as_zombies(box: Box) -> None:
    """The box's init reaps what nobody else does."""
    box.run(["sh", "-c", "(sleep 0.01 &) ; exit 0"])
    assert box.leaks() == {}
