"""What was called with what and what came back, as plain values, and how these are shown to people.

A value is shown on one line of printable characters: what cannot be seen is escaped, what is long
is shortened in the middle and its length said. Only exact built-in types are looked into; nothing
of any other value is ever asked, so showing a value runs no code of anybody's.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

LIMIT = 200  # characters of one shown value
TELLING = 32  # bytes from which on the length is said
RENDERED = 1 << 16  # longer text is cut before it is looked at
SMALLEST = 24  # characters below which the items of a container are only counted
LONGEST_INT = 3000  # bits; longer ones are shown in hexadecimal, which Python never refuses

# Printable by the rules of Unicode, and yet there is nothing to see.
_UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
_UNSEEN_ONE = re.compile(f"[{_UNSEEN}]")
_TRAILING = re.compile(
    r"(?<! ) +(?=$|\\n|\\r)"
)  # from a run's first one: long runs are looked at once
# Sixteen or more equal ones in a row are shown as a product.
_RUN_OF_TEXT = re.compile(r"(.)\1{15,}", re.S)
_RUN_OF_BYTES = re.compile(rb"(.)\1{15,}", re.S)


@dataclass(frozen=True)
class Ref:
    """A handle: an object that stays in the code under test."""

    number: int
    type: str


@dataclass(frozen=True)
class Opaque:
    """Something of the test's that has no literal: a function, an object with methods."""

    text: str


@dataclass(frozen=True)
class Call:
    """One interaction. `name` may be dotted (`PageFile.open`); `error` is `Class: message`."""

    target: Ref | None
    name: str
    args: tuple[object, ...]
    result: object = None
    error: str | None = None
    prints: str = ""
    awaited: bool = False  # a fetch from the iterator `target`: args are (how many at most,)


class Names:
    """Gives each handle a variable's name: after its class, numbered from the second on."""

    def __init__(self, taken: Iterable[str] = (), style: Callable[[str], str] = str) -> None:
        self._taken = set(taken)
        self._style = style
        self._of: dict[Ref, str] = {}
        self._counts: dict[str, int] = {}  # how many of a stem there are

    def fresh(self, ref: Ref) -> str:
        """A name that nothing had before; from now on the handle's."""
        stem = snake(ref.type) or "value"
        for number in itertools.count(self._counts.get(stem, 0) + 1):
            name = self._style(stem if number == 1 else f"{stem}_{number}")
            if name not in self._taken:
                break
        self._counts[stem] = number
        self._taken.add(name)
        self._of[ref] = name
        return name

    def known(self, ref: Ref) -> str | None:
        return self._of.get(ref)

    def name(self, ref: Ref) -> str:
        """The handle's name; given now if it has none."""
        return self._of.get(ref) or self.fresh(ref)


def snake(name: str) -> str:
    """`PageFile` -> `page_file`, `HTTPHead` -> `http_head`; what is no ASCII word is dropped."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^A-Za-z0-9_]", "", words).lower().lstrip("0123456789_")


# -- text ------------------------------------------------------------------------------------------


def visible(text: str) -> str:
    """Text of the code under test (an error's message, a printed line) with nothing hidden in it."""
    return "".join(c if _seen(c) else _escape(c) for c in text)


def clean(text: str) -> str:
    """Many lines of such text: nothing unseen but line ends and tabs."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(visible(part) for part in line.split("\t")) for line in lines)


def quoted(value: str | bytes) -> str:
    """A Python literal in which all can be seen, even spaces at the end of a line."""
    literal = _UNSEEN_ONE.sub(lambda found: _escape(found[0]), repr(value))
    body, mark = literal[:-1], literal[-1]
    return _TRAILING.sub(lambda found: "\\x20" * len(found[0]), body) + mark


def _seen(character: str) -> bool:
    return character.isprintable() and not _UNSEEN_ONE.match(character)


def _escape(character: str) -> str:
    if not character.isprintable():
        return repr(character)[1:-1]
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def text_pieces(text: str) -> Iterator[tuple[str, int]]:
    """Split into (text, 1) and (character, how many in a row)."""
    at = 0
    for found in _RUN_OF_TEXT.finditer(text):
        if found.start() > at:
            yield text[at : found.start()], 1
        yield found[1], found.end() - found.start()
        at = found.end()
    if at < len(text) or not text:
        yield text[at:], 1


def byte_pieces(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Split into (bytes, 1) and (byte, how many in a row)."""
    at = 0
    for found in _RUN_OF_BYTES.finditer(data):
        if found.start() > at:
            yield data[at : found.start()], 1
        yield found[1], found.end() - found.start()
        at = found.end()
    if at < len(data) or not data:
        yield data[at:], 1


def product(value: str | bytes) -> str:
    """A Python expression for text or bytes, short where one character repeats."""
    pieces = text_pieces(value) if isinstance(value, str) else byte_pieces(value)
    return " + ".join(quoted(p) if n == 1 else f"{quoted(p)} * {n}" for p, n in pieces)


# -- any value -------------------------------------------------------------------------------------


class _TooLong(Exception):
    """The value does not fit; it has to be shortened."""


def show(value: object, limit: int = LIMIT, names: Names | None = None) -> str:
    """One line for people; handles by their names, if they have one."""
    try:
        return _whole(value, limit, names)
    except _TooLong:
        return _shortened(value, limit, names)


def _whole(value: object, room: int, names: Names | None) -> str:
    """All of the value within `room` characters, or _TooLong."""
    marks = _marks(value)
    if marks is None:
        return _fitting(_leaf(value, names), room)
    parts: list[str] = []
    used = 2
    for key, child in _entries(value):
        if used >= room:
            raise _TooLong
        parts.append(key + _whole(child, room - used, names))
        used += len(parts[-1]) + 2
    closing = ",)" if marks == "()" and len(parts) == 1 else marks[1]
    return _fitting(marks[0] + ", ".join(parts) + closing, room)


def _fitting(text: str, room: int) -> str:
    if len(text) > room:
        raise _TooLong
    return text


def _shortened(value: object, limit: int, names: Names | None) -> str:
    """Both ends of the value, and how much of it there is."""
    marks = _marks(value)
    if marks is None:
        return _ends(value, limit, names)
    count = len(value)  # type: ignore[arg-type]
    items = f"{count:,} item{'' if count == 1 else 's'}"
    if limit <= SMALLEST:
        return f"{marks[0]}… {items}{marks[1]}"
    head = list(_fill(_entries(value), limit // 2, limit // 2, names))
    rest = itertools.islice(_entries(value, backwards=True), count - len(head))
    tail = list(_fill(rest, limit // 4, limit // 4, names))[::-1]
    missing = count - len(head) - len(tail)
    shown = [*head, *([f"… {missing:,} more …"] if missing else []), *tail]
    return f"{marks[0]}{', '.join(shown)}{marks[1]}" + (f" ({items})" if missing else "")


def _fill(
    entries: Iterable[tuple[str, object]], room: int, limit: int, names: Names | None
) -> Iterator[str]:
    """Shown entries as long as there is room, and at least one."""
    for key, child in entries:
        text = key + show(child, max(SMALLEST, limit), names)
        yield text
        room -= len(text)
        if room <= 0:
            return


def _marks(value: object) -> str | None:
    """The brackets of an exact list, tuple or dict."""
    kind = type(value)
    if kind is dict:
        return "{}"
    return "[]" if kind is list else "()" if kind is tuple else None


def _entries(value: object, *, backwards: bool = False) -> Iterator[tuple[str, object]]:
    """(`key: ` or nothing, item), from the front or from the back."""
    if isinstance(value, dict):
        pairs = reversed(value.items()) if backwards else iter(value.items())
        yield from ((f"{show(key, 60)}: ", child) for key, child in pairs)
    elif isinstance(value, list | tuple):
        yield from (("", child) for child in (reversed(value) if backwards else value))


def _leaf(value: object, names: Names | None) -> str:
    """What is no container, whole. `is` before isinstance, which would ask a foreign object."""
    kind = type(value)
    if (kind is str or kind is bytes) and isinstance(value, str | bytes):
        return _text(value)
    if kind is int and isinstance(value, int):
        return hex(value) if value.bit_length() > LONGEST_INT else str(value)
    if value is None or kind is bool or kind is float:
        return repr(value)
    if kind is Ref and isinstance(value, Ref):
        return (names.known(value) if names else None) or f"<{visible(value.type)} #{value.number}>"
    if kind is Opaque and isinstance(value, Opaque):
        return visible(value.text)
    return f"<{visible(_class_name(kind))}>"


def _text(value: str | bytes) -> str:
    if len(value) > RENDERED:
        raise _TooLong
    text = product(value)
    told = len(value) > TELLING and (isinstance(value, bytes) or text != quoted(value))
    return f"{text} ({_amount(value)})" if told else text


def _ends(value: object, limit: int, names: Names | None) -> str:
    """What is no container, cut in the middle."""
    kind = type(value)
    if (kind is str or kind is bytes) and isinstance(value, str | bytes):
        return _ends_of_text(value, limit)
    text = _leaf(value, names)
    cut = f"{text[: limit * 2 // 3]} … {text[-(limit // 4) :]}"
    return f"{cut} ({len(text):,} characters)"


def _ends_of_text(value: str | bytes, limit: int) -> str:
    half = max(4, limit // 2)
    while True:
        shown = f"{product(value[:half])} … {product(value[-(half // 2) :])}"
        if len(shown) <= limit or half <= 8:
            return f"{shown} ({_amount(value)})"
        half = half * 3 // 4


def _amount(value: str | bytes) -> str:
    return f"{len(value):,} {'characters' if isinstance(value, str) else 'bytes'}"


def _class_name(kind: type) -> str:
    """The class's own name, past any metaclass that would like to be asked."""
    return str(type.__dict__["__name__"].__get__(kind))


# -- calls -----------------------------------------------------------------------------------------


def describe(call: Call, names: Names | None = None) -> str:
    """`page_file.read(3) -> b'…'`, or `!! PageCorrupt: …`, or what the iterator gave."""
    names = names or Names()
    for ref in filter(None, [call.target, *_refs(call.args)]):
        names.name(ref)
    told = f"{_asked(call, names)} {_answered(call, names)}"
    return f"{told}   (printed {show(call.prints.rstrip())})" if call.prints.strip() else told


def narrate(journal: Sequence[Call | str], workdir: str = "", last: int | None = None) -> list[str]:
    """The last entries of a journal, each handle under one name throughout."""
    names = Names()
    lines: list[str] = []
    begin = 0 if last is None else max(0, len(journal) - last)
    for index, entry in enumerate(journal):
        if isinstance(entry, Call):
            for ref in refs(entry):
                names.name(ref)
        if index >= begin:
            text = describe(entry, names) if isinstance(entry, Call) else entry
            lines.append(text.replace(workdir, "workdir") if workdir else text)
    return lines


def _asked(call: Call, names: Names) -> str:
    if call.awaited and call.target:
        return f"next values of {show(call.target, names=names)}"
    subject = f"{show(call.target, names=names)}." if call.target else ""
    return f"{subject}{visible(call.name)}({', '.join(show(a, 120, names) for a in call.args)})"


def _answered(call: Call, names: Names) -> str:
    if call.error is not None:
        return f"!! {_cut(visible(call.error[:2000]), 400)}"
    for ref in _refs(call.result):
        names.name(ref)
    return f"-> {show(call.result, names=names)}"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit] + " …"


def refs(call: Call) -> Iterator[Ref]:
    """The handles of a call in the order in which they appear."""
    yield from filter(None, [call.target])
    yield from _refs(call.args)
    yield from _refs(call.result)


def _refs(value: object) -> Iterator[Ref]:
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, list | tuple | dict):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _refs(child)
