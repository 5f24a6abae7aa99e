"""`sfs xray` on database files that are made by hand."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from zlib import crc32

import pytest
from click.testing import CliRunner

from grader.commands.looking import xray_
from grader.errors import UsageError

SIZE = 128


def page(number: int, payload: bytes) -> bytes:
    payload = payload.ljust(SIZE - 4, b"\0")
    return payload + struct.pack(">I", crc32(struct.pack(">I", number) + payload))


def database(*others: bytes, free: int = 0, root: int = 1) -> bytes:
    head = struct.pack(">8s4I", b"SFSDB\0\1\0", SIZE, 1 + len(others), free, root)
    return b"".join(page(number, payload) for number, payload in enumerate([head, *others]))


LEAF = struct.pack(">B15xHHH", 1, 1, SIZE - 4 - 5, 0) + struct.pack(">HH", SIZE - 4 - 5, 5)
LEAF = LEAF.ljust(SIZE - 4 - 5, b"\0") + b"\0\1\0kv"
FREE = b"FREE" + bytes(4)


def drawn(*arguments: str) -> str:
    done = CliRunner().invoke(xray_, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my data.db"
    path.write_bytes(database(LEAF, FREE, b"nobody's", free=2))
    return path


def test_each_page_has_a_letter(file: Path) -> None:
    """Header, leaf, free page, and one that nobody leads to."""
    said = drawn(str(file))
    assert "0  H L . ?" in said
    assert "1 levels" in said
    assert "free list: 2" in said


def test_damage_is_drawn_and_ends_nothing(file: Path) -> None:
    """A page with a wrong checksum has its own letter, and the rest is drawn."""
    image = bytearray(file.read_bytes())
    image[3 * SIZE] ^= 1
    file.write_bytes(image)
    assert "0  H L . !" in drawn(str(file))


def test_what_changed_since_is_marked(file: Path, tmp_path: Path) -> None:
    """Beside a copy made before, pages that are new or other have a star."""
    before = tmp_path / "before.db"
    before.write_bytes(database(LEAF, FREE, free=2))
    assert "H*L .  ?*" in drawn(str(file), "--since", str(before)).replace(". ", ".  ")


def test_a_page_and_facts(file: Path, tmp_path: Path) -> None:
    """The same as a page that needs nothing else, and as JSON."""
    out = tmp_path / "out.html"
    assert "written" in drawn(str(file), "--html", str(out))
    assert "<title>" in out.read_text() and "http" not in out.read_text()
    facts = json.loads(drawn(str(file), "--json"))
    assert facts["kinds"] == ["header", "leaf", "free", "lost"]
    assert facts["free"] == [2]


def test_other_files_are_refused(tmp_path: Path) -> None:
    """A file of another kind, or none, is refused by its name."""
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear reader")
    for path in (letter, tmp_path / "nothing"):
        with pytest.raises(UsageError, match=path.name):
            drawn(str(path))
