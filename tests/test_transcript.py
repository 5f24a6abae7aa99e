"""Values and calls as people see them: nothing invisible, nothing endless, nothing run."""

from __future__ import annotations

import math
import string

import pytest

from grader.failures.transcript import (
    LIMIT,
    Call,
    Names,
    Opaque,
    Ref,
    describe,
    narrate,
    quoted,
    show,
    snake,
    visible,
)

FILE = Ref(1, "PageFile")


class Asked(type):
    """A class that minds even being compared."""

    def __eq__(cls, other: object) -> bool:
        raise AssertionError("compared")

    __hash__ = None  # type: ignore[assignment]

    @property
    def __name__(cls) -> str:
        raise AssertionError("named")


class Hostile(metaclass=Asked):
    """Every question to it is an accident."""

    def __getattribute__(self, name: str) -> object:
        raise AssertionError(name)

    def __repr__(self) -> str:
        raise AssertionError("shown")

    def __eq__(self, other: object) -> bool:
        raise AssertionError("compared")

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "'plain'"),
        ("a\tb\r\n\0", r"'a\tb\r\n\x00'"),
        ("zero\u200bwidth", r"'zero\u200bwidth'"),
        ("\u202eevil", r"'\u202eevil'"),
        ("no\xa0break", r"'no\xa0break'"),
        ("ends in spaces  ", r"'ends in spaces\x20\x20'"),
        ("line \nnext \r\n", r"'line\x20\nnext\x20\r\n'"),
        ("no line ends \\n", r"'no line ends \\n'"),
        ("\ud800", r"'\ud800'"),
        ("\x1b[31mred", r"'\x1b[31mred'"),
        ("variation\ufe0f", r"'variation\ufe0f'"),
        ("filler\u3164", r"'filler\u3164'"),
        ("tag\U000e0101", r"'tag\U000e0101'"),
        ("é and 漢 stay", "'é and 漢 stay'"),
        ("", "''"),
    ],
)
def test_what_cannot_be_seen_is_escaped(text: str, shown: str) -> None:
    """Tabs, line ends, control, zero-width, bidirectional and trailing characters all show."""
    assert show(text) == shown


@pytest.mark.parametrize("value", ["", "a b ", "\u200b\ufe0f\n", "x" * 99, "quo\"te'", "\\n "])
def test_a_shown_text_is_a_python_literal_of_it(value: str) -> None:
    """What is escaped can be pasted back."""
    assert eval(quoted(value)) == value


@pytest.mark.parametrize("value", [b"", b"GET / \r\n", bytes(range(256)), b"\\n "])
def test_shown_bytes_are_a_python_literal_of_them(value: bytes) -> None:
    """The same holds for bytes."""
    assert eval(quoted(value)) == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"abc", "b'abc'"),
        (b"SFSDB" + bytes(4087), r"b'SFSDB' + b'\x00' * 4087 (4,092 bytes)"),
        (b"abcd" * 9, "b'" + "abcd" * 9 + "' (36 bytes)"),
        ("x" * 500 + "y", "'x' * 500 + 'y' (501 characters)"),
        (string.ascii_letters, repr(string.ascii_letters)),
    ],
)
def test_long_values_say_how_long_they_are(value: object, shown: str) -> None:
    """Equal bytes in a row are a product; the length of what is long is said."""
    assert show(value) == shown


def test_a_long_text_is_cut_in_the_middle() -> None:
    """Beginning and end are kept, the whole stays within the limit and its length is said."""
    text = "".join(map(str, range(5000)))
    shown = show(text)
    assert shown.startswith("'0123456789101112")
    assert shown.endswith("499749984999' (18,890 characters)")
    assert " … " in shown and len(shown) < LIMIT + 30


def test_a_long_list_keeps_both_ends() -> None:
    """The items in the middle are counted."""
    shown = show(list(range(1_000_000)))
    assert shown.startswith("[0, 1, 2, ") and shown.endswith(
        "999997, 999998, 999999] (1,000,000 items)"
    )
    assert " more …" in shown and len(shown) < 2 * LIMIT


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "None"),
        (True, "True"),
        (-0.0, "-0.0"),
        (math.nan, "nan"),
        (10**30, "1" + "0" * 30),
        ([1, [b"a"], {"k": None}], "[1, [b'a'], {'k': None}]"),
        ((1,), "(1,)"),
        ([], "[]"),
        ({}, "{}"),
        (FILE, "<PageFile #1>"),
        (Opaque("<function of the suite>"), "<function of the suite>"),
    ],
)
def test_plain_values_look_like_python(value: object, shown: str) -> None:
    """Every kind of value that crosses has its form."""
    assert show(value) == shown


def test_an_integer_of_many_thousand_digits_is_shown() -> None:
    """Python itself refuses to print it in decimal."""
    assert show(1 << 20_000).startswith("0x1000") and "characters" in show(1 << 20_000)


def test_nothing_of_a_foreign_object_is_asked() -> None:
    """Not its repr, not an attribute, not whether it equals anything."""
    assert show([Hostile()]) == "[<Hostile>]"


def test_a_subclass_of_a_plain_type_is_foreign() -> None:
    """A str that lies about itself is only named."""
    assert show(type("Liar", (str,), {"__repr__": lambda self: "1"})("x")) == "<Liar>"


def test_a_list_that_contains_itself_is_shown() -> None:
    """Showing ends, whatever the value."""
    endless: list[object] = []
    endless += [endless, endless]
    assert "… 2 items" in show(endless)


def test_a_name_hides_nothing() -> None:
    """Class names and messages come from the code under test."""
    assert visible("a\x1b[2Jb\u202e\\n") == r"a\x1b[2Jb\u202e\n"
    assert show(Ref(1, "Evil\n\x1b")) == r"<Evil\n\x1b #1>"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("PageFile", "page_file"), ("HTTPHead", "http_head"), ("B+Tree2", "btree2"), ("__9", "")],
)
def test_variables_are_named_after_classes(name: str, expected: str) -> None:
    """Words are split where a capital begins; what is no letter is dropped."""
    assert snake(name) == expected


def test_a_second_handle_of_a_class_is_numbered() -> None:
    """Names are unique, also against names that are taken."""
    names = Names(taken={"row"})
    assert [names.fresh(Ref(n, k)) for n, k in ((1, "Row"), (2, "Row"), (3, "Ω"))] == [
        "row_2",
        "row_3",
        "value",
    ]


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (Call(None, "PageFile", ("p", 512), FILE), "PageFile('p', 512) -> page_file"),
        (Call(None, "PageFile.open", ("p",), FILE), "PageFile.open('p') -> page_file"),
        (Call(FILE, "read", (3,), b"abc"), "page_file.read(3) -> b'abc'"),
        (Call(FILE, "read", (3,), error="PageCorrupt: page 3\n"), r"page_file.read(3) !! PageCorrupt: page 3\n"),
        (Call(FILE, "sync", (), None, prints="hi\n"), "page_file.sync() -> None   (printed 'hi')"),
        (Call(Ref(2, "iterator"), "next", (4,), [1, 2], awaited=True), "next values of iterator -> [1, 2]"),
    ],
)  # fmt: skip
def test_a_call_is_one_line(call: Call, line: str) -> None:
    """Who was called with what, and what came of it."""
    assert describe(call) == line


def test_a_story_uses_one_name_for_one_handle() -> None:
    """Names are given in order of appearance, also by what is no longer shown."""
    other = Ref(7, "PageFile")
    journal: list[Call | str] = [
        Call(None, "PageFile", ("/tmp/w-1/a",), FILE),
        Call(None, "PageFile", ("/tmp/w-1/b",), other),
        "sent b'x'",
        Call(other, "read", (0,), "/tmp/w-1"),
    ]
    assert narrate(journal, "/tmp/w-1", last=3) == [
        "PageFile('workdir/b') -> page_file_2",
        "sent b'x'",
        "page_file_2.read(0) -> 'workdir'",
    ]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("value", [" " * 65_000 + "x", [" " * 65_000 + "x"] * 3])
def test_a_long_run_of_spaces_is_shown_at_once(value: object) -> None:
    """The time of showing does not grow with the square of a run."""
    assert len(show(value)) < 1000
