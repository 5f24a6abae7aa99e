"""Expected beside actual: the third line says where they part."""

from __future__ import annotations

import math

import pytest

from grader.failures.compare import first_difference, side_by_side


@pytest.mark.parametrize(
    ("expected", "actual", "where"),
    [
        ("abc", "abd", "they differ at character 2: expected 'abc', actual 'abd'"),
        ("abc", "ab", "they differ: actual ends after 2 characters; missing is 'c'"),
        (b"a", b"a\r", r"they differ: actual goes on after 1 byte with b'\r'"),
        (
            b"x" * 4000 + b"a",
            b"x" * 4000 + b"b",
            "they differ at byte 4000: expected … b'xxxxxxxxxxxxa', actual … b'xxxxxxxxxxxxb'",
        ),
        ("a\u200bb", "ab", r"they differ at character 1: expected 'a\u200bb', actual 'ab'"),
        ([1, 2], [1], "they differ: actual ends after 1 item; the next should be 2"),
        ([], [7, 8], "they differ: actual has 2 items instead of 0; the first too many is 7"),
        (
            {"rows": [[1, b"a"], [2, b"b"]]},
            {"rows": [[1, b"a"], [2, b"c"]]},
            "they differ at ['rows'][1][1], byte 0: expected b'b', actual b'c'",
        ),
        ({"a": 1}, {"b": 1}, "they differ: keys missing ['a'], too many ['b']"),
        (1, "1", "they differ: expected int 1, actual str '1'"),
        ([b"a"], ["a"], "they differ at [0]: expected bytes b'a', actual str 'a'"),
        (None, 0, "they differ: expected None, actual int 0"),
        ([3, 4], [3, 5], "they differ at [1]: expected 4, actual 5"),
        (math.nan, float("nan"), "they differ: nan is never equal to nan"),
        (3, 4, ""),
        ([1, True], [True, 1.0], ""),
    ],
)
def test_the_first_difference_is_named(expected: object, actual: object, where: str) -> None:
    """By index, key, byte or character; silent where the two lines already say it."""
    assert first_difference(expected, actual) == where


def test_both_are_shown_with_the_difference_below() -> None:
    """The second text goes on with a line of its own; values themselves never hold a line end."""
    assert side_by_side("a\n", "b\n") == (
        r"'a\n'",
        "'b\\n'\nthey differ at character 0: expected 'a\\n', actual 'b\\n'",
    )


def test_values_deeper_than_python_compares_do_not_break_it() -> None:
    """A report is made of whatever came back."""
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    assert side_by_side(deep, [deep])[0].startswith("[[[")
