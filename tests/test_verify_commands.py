"""What a shell's output tells of a lesson's commands."""

from __future__ import annotations

import subprocess
from pathlib import Path

from grader.proof.commands import Ended, _endings, _ours, _script, _stretches
from grader.proof.lesson import Block


def run(tmp_path: Path, *texts: str) -> list[Ended]:
    """The texts as blocks in one shell."""
    blocks = [Block(10 * n, text) for n, text in enumerate(texts, 1)]
    places = []
    for block in blocks:
        path = tmp_path / f"blöck {block.line}.sh"
        path.write_text(block.text, "utf-8")
        places.append(str(path))
    done = subprocess.run(
        ["bash", "-c", _script(places, "mark")], capture_output=True, cwd=tmp_path
    )
    return _endings(blocks, done.stdout, "mark")


def test_each_block_has_its_status_and_words(tmp_path: Path) -> None:
    """The status is the last command's; what it printed comes along, also to standard error."""
    assert run(tmp_path, "echo a; false; echo b >&2", "printf c; (exit 3)") == [
        Ended(10, 0, "a\nb"),
        Ended(20, 3, "c", failed=((20, 3),)),
    ]


def test_a_line_that_fails_is_seen_wherever_it_stands(tmp_path: Path) -> None:
    """With its own line and status; not what a condition asks, nor what `; echo $?` shows."""
    text = "echo a\n(exit 4)  # no\nif false; then\n  x=1\nfi\nfalse; echo $?\nfalse || true\ntrue"
    (one,) = run(tmp_path, text)
    assert one == Ended(10, 0, "a\n1", failed=((11, 4),))
    (one,) = run(tmp_path, "x=$(cat <<'E'\nfalse\nE\n)\nls /nowhere\ntrue")
    assert one.failed == ((14, 2),)


def test_blocks_share_one_shell(tmp_path: Path) -> None:
    """What one block sets or where it goes is there for the next, as for somebody who pastes."""
    assert run(tmp_path, "x=1; mkdir d; cd d", "echo $x; ls ..|grep -c d$")[1].said == "1\n1"


def test_a_block_reads_no_script(tmp_path: Path) -> None:
    """A command that reads its standard input finds it empty."""
    assert [one.status for one in run(tmp_path, "cat", "true")] == [0, 0]


def test_commands_that_are_not_there_are_named(tmp_path: Path) -> None:
    """Also in the middle of a block, where its status does not tell."""
    (one,) = run(tmp_path, "no-such-thing 1; true")
    assert (one.status, one.unknown) == (0, ("no-such-thing",))


def test_a_shell_that_ends_early_is_seen(tmp_path: Path) -> None:
    """The block that ended it, and those that it kept from running, have no status."""
    assert [one.status for one in run(tmp_path, "true", "exit 0", "true")] == [0, None, None]


def test_only_blocks_of_sfs_alone_run_in_the_folder() -> None:
    """Where a milestone needs a box, all others run in it, in their order."""
    blocks = [Block(1, "room /srv\n"), Block(2, "sfs test\n\nsfs shell\n"), Block(3, "ls\n")]
    assert _stretches(blocks, True) == [(False, [blocks[1]]), (True, [blocks[0], blocks[2]])]
    assert _stretches(blocks, False) == [(False, blocks)]
    assert [_ours(block.text) for block in blocks] == [False, True, False]
