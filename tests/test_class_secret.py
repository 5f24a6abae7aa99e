"""A class's secret stays in its file; what follows from it is always the same, and tells nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course import class_secret
from grader.errors import UsageError


def test_a_new_secret_is_its_owners_alone(tmp_path: Path) -> None:
    """32 bytes as hexadecimal digits, mode 600, and never made twice."""
    path = tmp_path / "secret"
    assert class_secret.make(path)
    assert path.stat().st_mode & 0o777 == 0o600
    first = path.read_text()
    assert len(bytes.fromhex(first)) == 32
    assert not class_secret.make(path)
    assert path.read_text() == first


def test_seeds_follow_from_the_secret(tmp_path: Path) -> None:
    """The same for the same secret and milestone, another for anything else, and not the secret."""
    one, other = bytes(32), bytes([1]) * 32
    known = [
        class_secret.class_seed(one),
        class_secret.class_seed(other),
        class_secret.official_seed(one, "lamp", "01-wire"),
        class_secret.official_seed(other, "lamp", "01-wire"),
        class_secret.official_seed(one, "lamp", "02-bulb"),
        class_secret.official_seed(one, "lam", "p01-wire"),
    ]
    assert len(set(known)) == len(known)
    assert known[2] == class_secret.official_seed(one, "lamp", "01-wire")
    assert all(0 <= seed < 1 << 63 for seed in known)


def test_the_class_seed_is_an_hmac() -> None:
    """HMAC-SHA256 of a label under the secret: what every other program would compute too."""
    assert class_secret.class_seed(bytes(range(32))) == 4511452209670334702


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has 32 bytes (64 digits), this one 0"),
        ("ab" * 31, "this one 31"),
        ("xy" * 32, "hexadecimal"),
        ("ä" * 64, "hexadecimal"),
        ("ab" * 3000, "far more"),
    ],
)
def test_a_bad_secret_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """Too short, not hexadecimal, or something else altogether: named, with the way to make one."""
    path = tmp_path / "secret"
    path.write_text(text, "utf-8")
    with pytest.raises(UsageError) as refused:
        class_secret.read(path)
    assert words in refused.value.message
    assert str(path) in refused.value.message
    assert "sfs export --secret" in refused.value.mend


def test_a_missing_secret_is_named(tmp_path: Path) -> None:
    """A file that is not there cannot be read, and a folder that is not there takes none."""
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        class_secret.read(tmp_path / "none")
    with pytest.raises(UsageError, match="cannot be made there"):
        class_secret.make(tmp_path / "none" / "secret")


def test_a_copy_without_a_seed_has_none(tmp_path: Path) -> None:
    """No file, no seed; a damaged one is an error, not a silent other."""
    path = tmp_path / "class-seed"
    assert class_secret.kept_seed(path) is None
    path.write_text("17\n")
    assert class_secret.kept_seed(path) == 17
    for bad in ("", "x", "-1", str(1 << 63)):
        path.write_text(bad)
        with pytest.raises(UsageError, match="seed"):
            class_secret.kept_seed(path)
