"""Every mistake in a manifest is refused with file, line and mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course import manifest
from grader.errors import ManifestError, UsageError

ROOT = Path(__file__).parent.parent
GOOD = """\
course: A course
systems:
  lamp:
    title: A lamp
    languages: [python, java]
    milestones:
      - {id: 01-wire, title: Wire, adds: [wire]}
      - {id: 02-bulb, title: Bulb, adds: [bulb, light_switch], points: 3, timeout: 2.5}
"""


def load(tmp_path: Path, text: str) -> manifest.Course:
    path = tmp_path / "milestones.yaml"
    path.write_text(text, "utf-8")
    return manifest.load(path)


def test_a_good_manifest_becomes_structs(tmp_path: Path) -> None:
    """Names, order, defaults and requirements are as written."""
    lamp = load(tmp_path, GOOD).system("lamp")
    assert [m.id for m in lamp.milestones] == ["01-wire", "02-bulb"]
    assert lamp.milestone("bulb").adds == ("bulb", "light_switch")
    assert lamp.milestone("2") is lamp.milestone("02") is lamp.milestone("02-bulb")
    assert lamp.requirements(lamp.milestone("02")) == ("01-wire",)
    assert lamp.languages_of(lamp.milestones[0]) == ("python", "java")


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "mend"),
    [
        ("title: A lamp", "titel: A lamp", 4, "titel", "title"),
        ("points: 3", "points: many", 8, "points", "expected"),
        ("[python, java]", "[pyton]", 5, "pyton", "One of python, typescript, java."),
        ("[python, java]", "[java, java]", 5, "names java twice", "Remove"),
        ("[python, java]", "[java]\n    bans: {rust: [x]}", 6, "rust", "One of python"),
        ("[python, java]", "[java]\n    bans: {python: [x]}", 6, "names python", "languages"),
        ("[python, java]", "[java]\n    bans: &b {java: *b}", 1, "alias", "out"),
        ("points: 3", "languages: []", 8, "languages", "expected"),
        ("points: 3", "languages: [java, java]", 8, "02-bulb names java twice", "Remove"),
        ("points: 3", "profile: root", 8, "root", "One of default, namespaces."),
        ("points: 3", "needs: [kvm]", 8, "kvm", "One of linux, userns"),
        ("id: 02-bulb", "id: 2-bulb", 8, "id", "01-pages"),
        ("adds: [wire]", "adds: [../wire]", 7, "adds", "no paths"),
        ("adds: [wire]", "adds: []", 7, "adds", "expected"),
        ("id: 02-bulb", "id: 01-bulb", 8, "same number", "own"),
        ("id: 01-wire", "id: 03-wire", 8, "after a later", "number"),
        ("adds: [bulb,", "adds: [wire,", 8, "added by 01-wire", "exactly one"),
        ("points: 3", "requires: [03-x]", 8, "requires 03-x", "cycle"),
        ("points: 3", "requires: [02-bulb]", 8, "requires 02-bulb", "cycle"),
        ("points: 3", "languages: [typescript]", 8, "typescript", "languages"),
        ("course: A course", "course: A course\ncourse: B", 2, "twice", "Remove"),
        ("title: Wire", "title: Wire, title: X", 7, "twice", "Remove"),
        ("  lamp:", "  Lamp:", 4, "Lamp", "letters"),
        ("languages: [python, java]", "languages: [python", 6, "not YAML", "syntax"),
        ("systems:", "systems: 3\nx:", 2, "systems", "systems"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, message: str, mend: str
) -> None:
    """The error tells the file, the line, what is wrong and what to do."""
    with pytest.raises(ManifestError) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    assert f"milestones.yaml:{line}:" in caught.value.message
    assert message in caught.value.message
    assert mend in caught.value.mend


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    """No manifest is a wrong usage, not a traceback."""
    with pytest.raises(ManifestError, match="cannot be read"):
        manifest.load(tmp_path / "milestones.yaml")


@pytest.mark.parametrize(("wanted", "near"), [("lmap", "lamp"), ("zzz", "lamp")])
def test_an_unknown_system_gets_the_nearest_name(tmp_path: Path, wanted: str, near: str) -> None:
    """A typing error is answered with what was probably meant."""
    with pytest.raises(UsageError) as caught:
        load(tmp_path, GOOD).system(wanted)
    assert near in caught.value.mend


def test_an_unknown_milestone_gets_the_nearest_name(tmp_path: Path) -> None:
    """The same for milestones."""
    with pytest.raises(UsageError) as caught:
        load(tmp_path, GOOD).system("lamp").milestone("02-blub")
    assert "02-bulb" in caught.value.mend


def test_the_schema_for_editors_is_fresh() -> None:
    """grader/milestones.schema.json is what the structs say now."""
    kept = (ROOT / "grader" / "milestones.schema.json").read_text("utf-8")
    assert kept == manifest.schema(), "run: sfs stubs"


def test_the_courses_own_manifest_loads() -> None:
    """The manifest of this repository is right."""
    assert manifest.load(ROOT / "milestones.yaml").systems
