"""What crosses, in both directions, and what is refused."""

from __future__ import annotations

import math

import pytest

UNCROSSABLE = -32001

PLAIN = [
    None,
    True,
    False,
    0,
    -7,
    2**53 - 1,
    1 - 2**53,
    1.5,
    -1e300,
    "",
    'quotes " and \\ and \n\t\x00\x7f',
    "é ß 漢字",
    "\U0001f600",
    "\ud800 alone",
    [],
    [1, [2, [3, []]]],
    {},
    {"a": {"b": [None, True]}, "": 0, "__proto__": 1, "constructor": 2},
    {"$bytes": ""},
    {"$bytes": "AP+A"},
    {"$float": "nan"},
    {"$float": "inf"},
    {"$float": "-inf"},
    {"$dict": [["$ref", 1], ["plain", [2]]]},
    {"deep": [{"$bytes": "YQ=="}, {"$float": "nan"}]},
]
BIG = [2**80, -(2**80), 2**63, -(2**64)]


@pytest.mark.parametrize("value", PLAIN, ids=ascii)
def test_a_plain_value_comes_back_as_it_went(peer, value):
    """Every plain value survives the way there and back."""
    assert peer.call("echo", value) == value


@pytest.mark.parametrize("value", BIG)
def test_a_big_integer_comes_back_exactly(peer, value):
    """An integer beyond 2^53 keeps every digit."""
    assert peer.call("echo", [{"$int": str(value)}]) == [{"$int": str(value)}]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "null"),
        (True, "bool"),
        (3, "int"),
        ({"$int": str(2**80)}, "int"),
        (1.5, "float"),
        ({"$float": "inf"}, "float"),
        ("x", "str"),
        ({"$bytes": "YQ=="}, "bytes"),
        ([1], "list"),
        ({"a": 1}, "dict"),
        ({"$dict": [["$a", 1]]}, "dict"),
    ],
    ids=lambda value: ascii(value),
)
def test_a_value_arrives_as_the_language_s_own(peer, value, name):
    """Each kind of value arrives as what the language calls so."""
    assert peer.call("describe", value) == name


@pytest.mark.parametrize(
    ("name", "coded"),
    [
        ("big", {"$int": str(2**80)}),
        ("minus big", {"$int": str(-(2**80))}),
        ("edge", 2**53 - 1),
        ("nan", {"$float": "nan"}),
        ("inf", {"$float": "inf"}),
        ("-inf", {"$float": "-inf"}),
        ("tuple", [1, [2]]),
        ("bytes", {"$bytes": "AP8="}),
        ("dollar", {"$dict": [["$bytes", "no"], ["a", 1]]}),
        ("lone", "\ud800"),
        ("astral", "\U0001f600"),
    ],
)
def test_a_value_of_the_language_crosses_tagged(peer, name, coded):
    """What JSON has no word for crosses under a tag."""
    assert peer.call("special", name) == coded


def test_an_integer_just_beyond_the_exact_ones_keeps_its_value(peer):
    """2^53 arrives as the number it is, whatever the language calls it."""
    got = peer.call("special", "past edge")
    assert (int(got["$int"]) if isinstance(got, dict) else got) == 2**53


@pytest.mark.languages("typescript")
def test_undefined_is_null(peer):
    """What is not there is null."""
    assert peer.call("special", "undefined") == [None]


@pytest.mark.languages("java")
def test_an_optional_is_its_value_or_null(peer):
    """An Optional crosses as what is in it."""
    assert peer.call("special", "optional") == [None, "c"]


def test_what_poses_as_a_plain_value_is_an_opaque_reference(peer):
    """A subclass, a proxy or a class that lies about itself never crosses as plain data."""
    got = peer.call("liars")
    assert [sorted(value) for value in got] == [["$ref", "type"]] * 3


@pytest.mark.parametrize("depth", [1, 63, 64])
def test_nesting_up_to_the_limit_crosses(peer, depth):
    """As many lists in lists cross as the limit says."""
    value = peer.call("nest", depth)
    levels = 1
    while value:
        value, levels = value[0], levels + 1
    assert levels == depth


@pytest.mark.parametrize("depth", [65, 500])
def test_deeper_nesting_is_refused(peer, depth):
    """One list more than the limit is refused by name."""
    refused = peer.refusal("nest", depth)
    assert refused.code == UNCROSSABLE
    assert refused.message.endswith("nested more than 64 deep")


def test_a_value_that_holds_itself_is_refused_with_its_path(peer):
    """A cycle is told with the way to it."""
    refused = peer.refusal("holds_itself")
    assert (refused.code, refused.message) == (
        UNCROSSABLE,
        "result.a[0][1]: the value contains itself",
    )


@pytest.mark.languages("python", "java")
def test_a_key_that_is_no_string_is_refused_with_its_path(peer):
    """A dict with other keys than strings cannot cross."""
    refused = peer.refusal("odd_keys")
    assert refused.code == UNCROSSABLE
    assert refused.message == "result.rows[0].x: dict key 5 is not a string"


def test_an_integer_of_thousands_of_digits_is_refused(peer):
    """An integer that would take the other end long to read is refused."""
    refused = peer.refusal("special", "enormous")
    assert refused.code == UNCROSSABLE
    assert refused.message.endswith("too large")


@pytest.mark.parametrize(("limit", "name"), [("nodes", "wide"), ("bytes", "text")])
def test_a_value_over_a_limit_is_refused_and_the_next_one_crosses(start, limit, name):
    """Too many values or too many bytes end the call, not the conversation."""
    peer = start("probe", **{limit: 5_000})
    refused = peer.refusal(name, 5_001)
    assert refused.code == UNCROSSABLE
    assert refused.message.startswith("result")
    assert "5000" in refused.message
    assert len(peer.call(name, 4_000 if limit == "bytes" else 2_000)) in (4_000, 2_000)


def test_a_value_of_many_megabytes_crosses_whole(peer):
    """Size alone is no obstacle up to the limit, in both directions."""
    long = "é" * 2_000_000
    assert peer.call("echo", long) == long


def test_a_float_stays_the_same_number(peer):
    """No digit of a double is lost."""
    values = [0.1, 1 / 3, math.pi, 5e-324, 1.7976931348623157e308, -0.0, 1e16]
    assert peer.call("echo", values) == values
