"""Folders that others filled are removed, and nothing beside them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.machine.removal import remove_tree

DEPTH = 3_000  # three times what Python lets a function call itself


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def test_a_tree_of_everything_goes(root: Path) -> None:
    """Files, folders, links, pipes, names that are no text, folders that are shut."""
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "file").write_text("x")
    (root / "a" / "link").symlink_to(outside)
    (root / "link").symlink_to(outside / "kept")
    (root / "dangling").symlink_to("nowhere")
    os.mkfifo(root / "a" / "pipe")
    (root / os.fsdecode(b"\xff\n-rf")).touch()
    (root / "a" / "b").chmod(0)
    (root / "a").chmod(0)
    remove_tree(root)
    assert not root.exists()
    assert (outside / "kept").read_text() == "kept"


def test_a_tree_without_bottom_goes(root: Path) -> None:
    """Folders in each other, deeper than a path may be long."""
    top = os.open(root, os.O_RDONLY)
    for _ in range(DEPTH):
        os.mkdir("d", dir_fd=top)
        below = os.open("d", os.O_RDONLY, dir_fd=top)
        os.close(top)
        top = below
    os.close(top)
    remove_tree(root)
    assert not root.exists()


def test_what_is_not_a_folder_is_left_alone(root: Path) -> None:
    """A link to a folder, a file, nothing at all."""
    (root / "file").write_text("x")
    (root.parent / "link").symlink_to(root)
    for path in (root.parent / "link", root / "file", root / "nothing"):
        remove_tree(path)
    assert (root / "file").read_text() == "x"
    assert (root.parent / "link").is_symlink()
