"""What it takes to say a transcript in a language; `say_python`, `say_typescript` and `say_java` can.

A dialect turns plain values into literals, calls into expressions, and lines into a complete
program. It keeps in mind which names the program has to import. Strings that hold the test's
working directory are put together with the variable `workdir`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from grader.failures.transcript import Ref, byte_pieces, text_pieces

HEAD = "Repeats the calls of a test. Save it as {file} beside your files and run: {run}"
NOTE = "What the test itself did to files and connections is not repeated."
LONGEST_DECIMAL = 3000  # bits; Python refuses to read very long decimal numbers
# Words that no variable may be called: keywords of TypeScript and Java, and what the programs use.
_WORDS = """
    abstract any arguments assert at await boolean break byte bytes case catch char class
    console const continue debugger default delete do double else enum error export extends
    false final finally float for function goto hex idle if implements import in instanceof int
    interface invoke join let list long map mkdtempSync native new nothing null number package
    private process protected public return rmSync short show static strictfp string super switch
    synchronized take this throw throws tmpdir transient true try typeof undefined var void
    volatile walk while with workdir yield
"""
RESERVED = frozenset(_WORDS.split())
Known = Callable[[Ref], str]
T = TypeVar("T")


class NotSayable(Exception):
    """The calls cannot be written as a program that would do the same."""


class Dialect(Protocol):
    """What `reproduce` needs to say."""

    longest: int  # characters of a program that can still be read and run
    reserved: frozenset[str]
    comment: str  # what begins a comment

    def style(self, name: str) -> str:
        """A snake_case name as this language writes variables."""

    def value(self, value: object, known: Known) -> str:
        """A literal, or an expression that needs no more than the program's own helpers."""

    def call(self, target: str | None, name: str, arguments: Sequence[str]) -> str:
        """A method, a constructor, a static method or a free function called."""

    def take(self, iterator: str, count: int) -> str:
        """At most `count` further values of an iterator as a list."""

    def bind(self, name: str, expression: str, kind: str) -> str:
        """A new variable; `kind` is the class of the handle, empty for anything else."""

    def pick(self, name: str, found: str, path: Sequence[object], kind: str) -> str:
        """A new variable for a handle inside the value `found`."""

    def statement(self, expression: str) -> str:
        """The expression for its effect."""

    def show(self, expression: str) -> str:
        """The expression's value printed."""

    def attempt(self, expression: str) -> list[str]:
        """The expression, an error of which is printed and survived."""

    def fail(self, expression: str) -> list[str]:
        """The last call, when the test saw it raise."""

    def program(self, lines: Sequence[str]) -> str:
        """The whole file."""


def module_of(home: Mapping[str, str], *names: str) -> str:
    """Where the first of these names lives."""
    module = next((home[n] for n in names if n in home), None)
    if module is None:
        raise NotSayable  # the code under test has no such name
    return module


def by_module(imports: Mapping[str, str]) -> list[tuple[str, str]]:
    """(module, `A, B`), sorted."""
    modules = sorted(set(imports.values()))
    return [(m, ", ".join(sorted(n for n in imports if imports[n] == m))) for m in modules]


def around(text: str, workdir: str, literal: Callable[[str], str]) -> str:
    """A string expression with the variable in place of every mention of the path `workdir`."""
    parts = re.split(re.escape(workdir) + r"(?![\w.-])", text) if workdir else [text]
    spoken: list[str] = []
    for index, part in enumerate(parts):
        spoken += ["workdir"] if index else []
        spoken += [literal(part)] if part else []
    return " + ".join(spoken) or literal("")


def bytes_call(data: bytes, literal: Callable[[str], str]) -> str:
    """`bytes("text")` where most of it can be read, `hex("00ff")` where not."""
    readable = sum(32 <= b < 127 or b in b"\r\n\t" for b in data) * 4 >= len(data) * 3
    if readable:
        return f"bytes({repeated(text_pieces(data.decode('latin-1')), literal)})"
    return f"hex({repeated(byte_pieces(data), lambda piece: literal(piece.hex()))})"


def repeated(pieces: Iterable[tuple[T, int]], literal: Callable[[T], str]) -> str:
    """Literals put together, what repeats as `literal.repeat(n)`."""
    spoken = [literal(p) if n == 1 else f"{literal(p)}.repeat({n})" for p, n in pieces]
    return " + ".join(spoken)


def used(helpers: Mapping[str, str], lines: Iterable[str], comment: str) -> list[str]:
    """The helpers that the program needs, in their order; a helper may need an earlier one.

    Neither a remark nor a method of the learner's with a helper's name asks for it."""
    code = [line for line in lines if not line.startswith(comment)]
    found: list[str] = []
    for name, text in reversed(list(helpers.items())):
        if re.search(rf"(?<![.\w]){name}\b", "\n".join([*code, *found])):
            found.insert(0, text)
    return found
