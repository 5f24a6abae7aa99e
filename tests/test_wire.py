"""What crosses the bridge, what does not, and that nothing of the far side is believed."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.bridge import wire


def refuse(value: Any) -> None:
    return None


ENCODER = wire.Encoder(refuse)

plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(plain_values)
def test_every_plain_value_comes_back_as_it_was(value: Any) -> None:
    """Encoding, one line of JSON, and decoding give the same value."""
    line = wire.pack({"v": ENCODER.encode(value)})
    assert wire.decode(wire.unpack(line)["v"]) == value


def test_nan_crosses() -> None:
    """Not-a-number survives although JSON has no word for it."""
    assert math.isnan(wire.decode(ENCODER.encode(math.nan)))


def test_a_dict_whose_key_looks_like_a_tag_stays_a_dict() -> None:
    """A learner's `{"$ref": 1}` is data, not a handle."""
    assert wire.decode(ENCODER.encode({"$ref": 1})) == {"$ref": 1}


class Cheat(int):
    """Equal to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


@pytest.mark.parametrize("value", [Cheat(3), {1, 2}, object(), {1: "a"}, [object()]])
def test_what_is_not_plain_is_refused_with_its_place(value: Any) -> None:
    """Subclasses, sets, objects and non-text keys do not cross."""
    with pytest.raises(wire.WireError, match="value"):
        ENCODER.encode(value)


def test_a_cycle_is_refused() -> None:
    """A list that contains itself is an error, not a hang."""
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(wire.WireError, match="contains itself"):
        ENCODER.encode(endless)


@pytest.mark.parametrize(
    "malformed",
    [
        {"$bytes": "not base64!"},
        {"$int": "0x10"},
        {"$int": "9" * 5000},
        {"$float": "1.5"},
        {"$ref": -1},
        {"$ref": "1"},
        {"$dict": 3},
        {"$eval": "1"},
    ],
)
def test_malformed_tags_are_refused(malformed: Any) -> None:
    """A far side that invents tags is not believed."""
    with pytest.raises(wire.WireError):
        wire.decode(malformed)


@pytest.mark.parametrize(
    "line", [b"", b"[]", b"{", b'{"a": NaN}', b"\xff", b"[" * 100_000, b'"text"']
)
def test_garbage_is_not_a_message(line: bytes) -> None:
    """Only a JSON object is a message."""
    with pytest.raises(wire.WireError):
        wire.unpack(line)


def test_an_answer_nested_too_deep_is_refused() -> None:
    """Depth is bounded on the trusted end too."""
    value: Any = 1
    for _ in range(100):
        value = [value]
    with pytest.raises(wire.WireError, match="deeper"):
        wire.decode(value)


def test_handles_come_as_references() -> None:
    """A reference is decoded to its number and a bounded type name."""
    assert wire.decode({"$ref": 3, "type": "PageFile"}) == wire.RemoteRef(3, "PageFile")
