"""What the files of /proc say, as values."""

from __future__ import annotations

from grader.box.views import mount_entries, process_entry, status_fields

STATUS = """\
Name:\tsleep
Umask:\t0022
State:\tZ (zombie)
Pid:\t12
PPid:\t1
NSpid:\t12\t3
SigIgn:\t0000000000001000
"""
MOUNTS = """\
42 75 0:42 / / rw,nosuid - tmpfs box rw,size=4k
43 42 254:0 /a\\040b /with\\040blank\\134 ro,relatime shared:1 master:2 - ext4 /dev/vda rw
"""


def test_status_fields_are_named() -> None:
    """One entry a line, without the blanks around it."""
    assert status_fields(STATUS)["SigIgn"] == "0000000000001000"


def test_a_process_is_read() -> None:
    """Numbers, state, pids in each namespace, the words of its command line."""
    entry = process_entry(STATUS, "sleep\0a b\0\0")
    assert (entry.pid, entry.ppid, entry.state, entry.nspid) == (12, 1, "Z", (12, 3))
    assert entry.argv == ("sleep", "a b", "")
    assert str(entry) == "12 sleep a b  (zombie)"
    assert str(process_entry(STATUS, "")) == "12 sleep (zombie)"


def test_two_looks_at_one_process_are_equal() -> None:
    """State and command line may change; it is the same process."""
    later = STATUS.replace("Z (zombie)", "R (running)")
    assert process_entry(STATUS, "a\0") == process_entry(later, "b\0")


def test_a_mount_table_is_read() -> None:
    """Also with tags, and with what the kernel writes for blanks and backslashes."""
    plain, odd = mount_entries(MOUNTS)
    assert (plain.point, plain.kind, plain.tags, plain.options) == (
        "/",
        "tmpfs",
        (),
        ("rw", "nosuid"),
    )
    assert (odd.root, odd.point, odd.tags) == ("/a b", "/with blank\\", ("shared:1", "master:2"))
    assert str(odd) == "/with blank\\ (ext4 /dev/vda/a b)"
