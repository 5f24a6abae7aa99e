"""Expected beside actual: both shown, and in a third line where they first differ.

The third line exists because the first two may be shortened, or look alike: 4,096 bytes that
differ in one are no help otherwise. Differing follows Python's `==` on plain values.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

from grader.failures.transcript import LIMIT, show

BEFORE, AFTER = 12, 28  # characters or bytes shown around the first difference
ROOM = 120  # characters for each of the two values in the third line
DEPTH = 200  # levels that are searched


def side_by_side(expected: object, actual: object, limit: int = LIMIT * 2) -> tuple[str, str]:
    """Both shown on one line each; the second text goes on with where they differ, if that helps."""
    shown = show(expected, limit), show(actual, limit)
    where = first_difference(expected, actual)
    return (shown[0], f"{shown[1]}\n{where}") if where else shown


def first_difference(expected: object, actual: object) -> str:
    """Like `they differ at [3]['name'], byte 7: expected b'…', actual b'…'`; empty if unknown."""
    path, left, right = _descend(expected, actual)
    if _kind(left) != _kind(right):
        return _told(path, f"expected {_typed(left)}, actual {_typed(right)}")
    if isinstance(left, str | bytes) and isinstance(right, str | bytes):
        return _told(path, *_in_text(left, right))
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return _told(path, _in_length(left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return _told(path, _in_keys(left, right))
    if isinstance(left, float) and isinstance(right, float) and isnan(left) and isnan(right):
        return _told(path, "nan is never equal to nan")
    return _told(path, f"expected {show(left, ROOM)}, actual {show(right, ROOM)}") if path else ""


def _told(path: str, difference: str, place: str = "") -> str:
    where = ", ".join(filter(None, [path, place]))
    if not difference:
        return ""
    return f"they differ at {where}: {difference}" if where else f"they differ: {difference}"


def _typed(value: object) -> str:
    """`int 1`: for two values that may look alike."""
    kind = type(value).__name__ if isinstance(value, int | float | str | bytes) else ""
    return f"{kind} {show(value, ROOM)}".strip()


def _descend(expected: object, actual: object) -> tuple[str, object, object]:
    """Follow the first differing item down to where the two are no longer of one shape."""
    path = ""
    for _ in range(DEPTH):
        step = _first_child(expected, actual)
        if step is None:
            break
        key, expected, actual = step
        path += key
    return path, expected, actual


def _first_child(expected: object, actual: object) -> tuple[str, object, object] | None:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in expected:
            if key in actual and not _same(expected[key], actual[key]):
                return f"[{show(key, 60)}]", expected[key], actual[key]
    elif isinstance(expected, list | tuple) and isinstance(actual, list | tuple):
        for index, (left, right) in enumerate(zip(expected, actual, strict=False)):
            if not _same(left, right):
                return f"[{index}]", left, right
    return None


def _same(left: object, right: object) -> bool:
    try:
        return bool(left == right)
    except RecursionError:
        return False


def _kind(value: object) -> str:
    """What sort of thing it is; numbers of all types compare, so they are one sort."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return "number"
    return "list" if isinstance(value, tuple) else type(value).__name__


def _in_text(expected: str | bytes, actual: str | bytes) -> tuple[str, str]:
    """What differs, and at which offset unless one only ends earlier."""
    unit = "character" if isinstance(expected, str) else "byte"
    at = _common(expected, actual)
    if at == len(actual) < len(expected):
        return f"actual ends after {_count(at, unit)}; missing is {show(expected[at:], ROOM)}", ""
    if at == len(expected) < len(actual):
        return f"actual goes on after {_count(at, unit)} with {show(actual[at:], ROOM)}", ""
    return f"expected {_window(expected, at)}, actual {_window(actual, at)}", f"{unit} {at}"


def _common(left: str | bytes, right: str | bytes) -> int:
    """How long the two begin alike, by halving: comparing slices is fast."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _window(value: str | bytes, at: int) -> str:
    """What stands around `at`; dots where more was left out."""
    begin = max(0, at - BEFORE)
    text = show(value[begin : at + AFTER], 400)
    return ("… " if begin else "") + text + (" …" if at + AFTER < len(value) else "")


def _in_length(expected: Sequence[object], actual: Sequence[object]) -> str:
    if len(actual) < len(expected):
        missing = show(expected[len(actual)], ROOM)
        return f"actual ends after {_count(len(actual), 'item')}; the next should be {missing}"
    if len(actual) > len(expected):
        extra = show(actual[len(expected)], ROOM)
        return f"actual has {_count(len(actual), 'item')} instead of {len(expected):,}; the first too many is {extra}"
    return ""


def _in_keys(expected: dict[object, object], actual: dict[object, object]) -> str:
    missing = [k for k in expected if k not in actual]
    extra = [k for k in actual if k not in expected]
    told = [
        f"{word} {show(keys, ROOM)}"
        for word, keys in (("missing", missing), ("too many", extra))
        if keys
    ]
    return f"keys {', '.join(told)}" if told else ""


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"
