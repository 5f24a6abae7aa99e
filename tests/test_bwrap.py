"""The arguments that make a sandbox; starts none."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from grader.machine import bwrap
from grader.machine.bwrap import Command, Mount
from grader.machine.lifeline import keeper
from grader.machine.process import Limits


def room(root: bool = True, **more: object) -> list[str]:
    command = Command(("/bin/true",), **more)  # type: ignore[arg-type]
    return list(bwrap.bare_room(root, ("--ro-bind", "/usr", "/usr"), command))


@pytest.mark.parametrize("root", [True, False])
def test_code_under_test_gets_namespaces_of_its_own(root: bool) -> None:
    """Pids, ipc, names; nobody's controlling terminal."""
    options = room(root)
    assert {"--unshare-pid", "--unshare-ipc", "--unshare-uts", "--new-session"} <= set(options)
    assert ("--unshare-user" in options) is not root


def test_root_keeps_only_what_it_takes_to_become_another_user() -> None:
    """The rest is dropped first."""
    options = room()
    assert options[:2] == ["--cap-drop", "ALL"]
    assert [b for a, b in pairwise(options) if a == "--cap-add"] == [
        "CAP_SETUID",
        "CAP_SETGID",
        "CAP_SETPCAP",
    ]


def test_the_network_is_shared_unless_refused() -> None:
    """With the enclosure, which has only loopback."""
    assert "--unshare-net" not in room()
    assert "--unshare-net" in room(share_network=False)


def enclosure(*visible: Path, writable: tuple[Path, ...] = ()) -> list[str]:
    return list(bwrap.machine_of_its_own(True, (), visible, writable, (), 1 << 20))


def test_the_enclosure_has_no_network() -> None:
    """Whoever asks."""
    assert "--unshare-net" in enclosure()


def test_an_enclosure_shows_what_it_is_told_to(tmp_path: Path) -> None:
    """Where it is; also what lies under the /tmp that it has of its own."""
    options = enclosure(tmp_path)
    at = options.index("--ro-bind")
    assert options[at : at + 3] == ["--ro-bind", str(tmp_path), str(tmp_path)]
    assert at > options.index("--tmpfs")


def test_a_path_is_shown_under_both_of_its_names(tmp_path: Path) -> None:
    """As given, and without symbolic links: programs ask for either."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert bwrap.spellings([tmp_path / "link"]) == [tmp_path / "link", tmp_path / "real"]


def test_what_is_not_there_or_there_anyway_is_not_mounted(tmp_path: Path) -> None:
    """A missing folder is no reason to fail; /usr is the system's."""
    assert bwrap.spellings([tmp_path / "missing", Path("/usr/lib")]) == []


def test_a_writable_place_comes_after_what_is_read_only(tmp_path: Path) -> None:
    """It may lie inside."""
    inner = tmp_path / "inner"
    inner.mkdir()
    options = enclosure(tmp_path, writable=(inner,))
    assert options[options.index("--bind") + 1] == str(inner)
    assert options.index("--bind") > options.index(str(tmp_path))


def test_mounts_are_read_only_unless_said_otherwise() -> None:
    """And made in the order given."""
    options = room(mounts=(Mount(Path("/a"), "/code"), Mount(Path("/b"), "/work", writable=True)))
    at = options.index("/a")
    assert options[at - 1 : at + 5] == ["--ro-bind", "/a", "/code", "--bind", "/b", "/work"]


def test_folders_above_mounts_are_open() -> None:
    """Outer ones first, none twice, none that exist."""
    mounts = [
        Mount(Path("/x"), "/opt/a/b"),
        Mount(Path("/x"), "/opt/c"),
        Mount(Path("/x"), "/tmp/w"),
    ]
    assert bwrap.parents(mounts) == ["/opt", "/opt/a"]


def test_a_hidden_folder_is_blanked_wherever_it_would_show() -> None:
    """Under /usr, and under each mount of a folder above it."""
    command = Command(
        ("x",),
        mounts=(Mount(Path("/usr/local"), "/opt/python"), Mount(Path("/srv"), "/srv")),
        hidden=(Path("/usr/local/course"),),
    )
    assert list(bwrap.blanks(command)) == ["/usr/local/course", "/opt/python/course"]


def test_nothing_is_writable_after_the_last_option() -> None:
    """The root and /dev are shut when all is in place."""
    assert list(bwrap.etc({"hosts": 7}))[-2:] == ["--remount-ro", "/"]
    assert room()[-4:-2] == ["--remount-ro", "/dev"]


def test_limits_are_given_before_rights_are_given_up() -> None:
    """By programs of the system, then the command."""
    words = list(bwrap.with_limits(Limits(memory=5, processes=6), "/usr/bin/prlimit"))
    assert words[0] == "/usr/bin/prlimit"
    assert {"--data=5", "--nproc=6", "--core=0", "--cpu=60:61"} <= set(words)


@pytest.mark.parametrize(("taken", "number"), [((), 3), ((3, 5), 4), ((3, 4, 17), 5)])
def test_the_lifeline_takes_a_free_number(taken: tuple[int, ...], number: int) -> None:
    """A single digit that the command does not inherit."""
    keep = keeper(taken, handed_on=False)
    assert keep.number == number
    assert f'"$@" {number}<&-' in keep.start[2]


def test_only_a_trusted_command_gets_the_lifeline() -> None:
    """It may hold it too."""
    assert "<&- &" not in keeper((), handed_on=True).start[2]
