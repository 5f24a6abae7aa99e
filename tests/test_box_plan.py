"""What stands where in a box, and whose ids it uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.box.plan import (
    CASK,
    PYTHON,
    RANGE,
    ROOM,
    BoxLimits,
    Owner,
    plan,
    room,
    spare_range,
    subordinate,
)
from grader.machine.sandbox import Mount

SYSTEM = [("/usr", None), ("/bin", "usr/bin"), ("/etc/alternatives", None)]
RUNTIME = Mount(Path("/home/me/.pyenv/versions/3.11"), "/opt/python")
CODE = Mount(Path("/tmp/x/code"), "/code")
WORK = Mount(Path("/tmp/x/work"), "/work", writable=True)
INTERPRETER = "/opt/python/bin/python3.11"
SMALLEST = Owner("own")


def drawn(owner: Owner = SMALLEST, **more: object) -> dict[str, object]:
    limits = BoxLimits()
    return plan(
        [RUNTIME, CODE, WORK],
        owner,
        interpreter=INTERPRETER,
        bans=["subprocess"],
        limits=limits,
        system=SYSTEM,
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("number", [0, 1, 12_287, 12_288, 2**32 - 1])
def test_a_whole_machine_gives_a_range_far_from_anybody(number: int) -> None:
    """Above all people and services, below where 32 bits end, aligned so that ranges never overlap."""
    base, count = spare_range("         0          0 4294967295\n", number)
    assert count == RANGE and base % RANGE == 0
    assert base >= 1 << 30 and base + count < 1 << 31


def test_two_boxes_get_different_ranges() -> None:
    """As long as their numbers differ by less than all there are."""
    ranges = {spare_range("0 0 4294967295", number) for number in range(100)}
    assert len(ranges) == 100


@pytest.mark.parametrize(
    ("id_map", "expected"),
    [
        ("0 100000 65536", (32768, 32768)),  # a container of its own: never its root's ids
        ("0 1000 1\n1 100000 65536", (32769, 32768)),
        ("1001 1001 1", (1002, 0)),  # an ordinary user: nothing to share
    ],
)
def test_few_ids_are_shared_out_from_the_top(id_map: str, expected: tuple[int, int]) -> None:
    """The upper half of the largest extent."""
    assert spare_range(id_map, 5) == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("other:1:2\nme:100000:65536\n", (100000, 65535)),
        ("1000:200000:1000\n", (200000, 1000)),  # by number
        ("", None),
        ("me:x:65536\nme:1:0\nme\n", None),  # damaged lines are nobody's
    ],
)
def test_subordinate_ids_are_read(text: str, found: tuple[int, int] | None) -> None:
    """A person's own line, by name or number; one id of the range is kept free."""
    assert subordinate(text, "me", 1000) == found


def test_an_owner_s_map() -> None:
    """Root maps a range to 0, a helper maps its user to 0 and the range behind it."""
    root, helper = Owner("root", 5000, 100), Owner("helper", 5000, 100, own=(7, 8))
    assert root.map(0) == [(0, 5000, 100)]
    assert helper.map(7) == [(0, 7, 1), (1, 5000, 100)]


def test_a_plan_binds_system_devices_and_mounts() -> None:
    """Read-only but for devices and what was said to be writable."""
    mounts = drawn()["mounts"]
    assert ("/usr", "/usr", False) in mounts  # type: ignore[operator]
    assert ("/dev/null", "/dev/null", True) in mounts  # type: ignore[operator]
    assert mounts[-3:] == [  # type: ignore[index]
        ("/home/me/.pyenv/versions/3.11", "/opt/python", False),
        ("/tmp/x/code", "/code", False),
        ("/tmp/x/work", "/work", True),
    ]


def test_the_engine_is_a_program_of_the_runtime() -> None:
    """`cask` names its interpreter and what the course bans."""
    launcher = next(text for path, text, _ in drawn()["files"] if path == CASK)  # type: ignore[attr-defined]
    assert launcher.startswith(f"#!{INTERPRETER} -ISB\n")
    assert "banned = ('subprocess',)" in launcher
    compile(launcher, CASK, "exec")


def test_a_room_holds_system_and_runtime_but_not_the_code() -> None:
    """A container needs programs; the submission is none of its business."""
    furnished = room(SYSTEM, [RUNTIME, CODE], INTERPRETER)
    assert furnished.binds == ("/usr", "/etc/alternatives", "/opt/python")
    assert furnished.links == ((PYTHON, INTERPRETER), ("/bin", "usr/bin"))


def test_the_room_script_binds_and_links() -> None:
    """What the suites' own rooms are made of, for a person at a shell."""
    script = next(text for path, text, _ in drawn()["files"] if path == ROOM)  # type: ignore[attr-defined]
    assert 'mount --rbind /usr "$root/usr"\n' in script
    assert 'ln -sfn usr/bin "$root/bin"\n' in script


def test_a_plan_is_plain_data() -> None:
    """It travels as JSON, the filter as text."""
    import msgspec

    owner = Owner("root", 1 << 30, RANGE)
    travelled = msgspec.json.decode(msgspec.json.encode(drawn(owner, seccomp=b"\0\xff")))
    assert travelled["seccomp"] == "AP8="
    assert travelled["uid_map"] == [[0, 1 << 30, RANGE]]
    assert os.path.isabs(travelled["mounts"][0][1])
