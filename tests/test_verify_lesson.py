"""The shape of lessons."""

from __future__ import annotations

import pytest

from grader.proof.lesson import HEADINGS, code_names, commands, lesson_faults

GOOD = "# A title\n\n" + "".join(f"## {heading}\n\n{'word ' * 140}\n\n" for heading in HEADINGS)
GOOD = GOOD.replace("## You will build\n", "## You will build\n\n```text\n+--+\n```\n")
GOOD = GOOD.replace("## Predict\n", "## Predict\n\n<details>\nyes\n</details>\n")


def faults(text: str) -> list[str]:
    return [what for what, _, _ in lesson_faults(text)]


def test_a_good_lesson_has_no_fault() -> None:
    """Headings, length, picture and folded answer are all there."""
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("## The idea", "## My idea", "'The idea' is missing; 'My idea' is one too many"),
        ("## The idea\n", "## Your task\n\n## The idea\n", "the headings stand in another order"),
        ("```", "~~~", "no picture under 'You will build'"),
        ("<details>", "", "no folded answer under 'Predict'"),
    ],
)
def test_each_fault_is_named(before: str, after: str, expected: str) -> None:
    """A finding says which rule of the shape is broken, and no other."""
    assert faults(GOOD.replace(before, after)) == [expected]


@pytest.mark.parametrize(
    ("before", "after", "heading"),
    [
        ("## The idea", "## My idea", "## My idea"),
        ("## Predict\n", "", "## Your task"),
        ("## Predict\n", "## The idea\n\n## Predict\n", "## The idea\n\n## Predict"),
        ("<details>", "", "## Predict"),
    ],
)
def test_a_fault_of_the_shape_has_its_line(before: str, after: str, heading: str) -> None:
    """It is the first heading that is not the right one, or the one under which something lacks."""
    text = GOOD.replace(before, after).replace("+--+", "+--+\n## no heading\n+--+")
    ((_, line, _), *_) = lesson_faults(text)
    assert "\n".join(text.splitlines()[line - 1 :]).startswith(heading)


@pytest.mark.parametrize("times", [0, 2])
def test_a_lesson_is_neither_short_nor_long(times: int) -> None:
    """The number of words is told when it is out of bounds."""
    words = "word " * 140 * times
    assert [f.split()[1] for f in faults(GOOD.replace("word " * 140, words))] == ["words"]


def test_a_heading_in_a_block_of_code_is_none() -> None:
    """What a code block shows does not count."""
    assert faults(GOOD.replace("+--+", "## Not a heading")) == []


def test_names_of_code_are_told_from_words() -> None:
    """snake_case and camelCase in backticks, with their lines; not words, not what goes further."""
    text = "`page` and `PageFile.read_at(3)`\n`freeSpace` `__init__`\n\n## Go further\n`no_such`\n"
    assert code_names(text) == [("read_at", 1), ("freeSpace", 2)]


def test_blocks_for_the_shell_are_found_with_their_lines() -> None:
    """Only blocks in a shell's language are commands; the line is that of the first of them."""
    text = "a\n\n```sh\nsfs test\n```\n\n```text\nno\n```\n\n```bash\nls\nls\n```\n"
    assert [(b.line, b.text) for b in commands(text)] == [(4, "sfs test\n"), (12, "ls\nls\n")]
