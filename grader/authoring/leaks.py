"""Looks for what a class must not have in what a class gets.

Secret are the lines of hidden suites (and of all else under `solutions/` but the references), what
stands between a reference's markers, and what an impostor's patch adds: every line longer than 40
characters, and a solution's body as a whole. Not secret is what visible suites and kits hold as well,
and what a reference has outside its markers. Pure: texts in, places out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

LONG = 40  # characters; only a line longer than that says where it comes from
BODY_LINES, BODY_CHARACTERS = 3, 60  # a body of less is nobody's in particular
_MARKER = re.compile(r"^\s*(?:#|//) (BEGIN|END) SOLUTION(?:: \w+)?\s*$")
_IMPORT = re.compile(r"^(from [\w.]+ import |import )")


@dataclass(frozen=True)
class Leak:
    """A place in the export, and what should not stand there."""

    file: str
    line: int  # 1-based
    source: str  # the file it comes from


@dataclass
class Secrets:
    """Every line and body that must not leave, with the file that it stands in."""

    lines: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, str] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)  # what references show to everybody

    def add_suite(self, name: str, text: str) -> None:
        """A hidden suite, or anything else that is secret as a whole."""
        self._add(name, text.splitlines())

    def add_impostor(self, name: str, patch: str) -> None:
        """What the patch adds, and its head."""
        lines = patch.splitlines()
        added = [x[1:] for x in lines if x.startswith("+") and not x.startswith("+++")]
        self._add(name, [*added, *(x for x in lines if x.startswith("Misconception:"))])

    def add_reference(self, name: str, text: str) -> None:
        """What stands between the markers; all of it where there are none."""
        if not any(map(_MARKER.match, text.splitlines())):
            self._add(name, text.splitlines())
            return
        region: list[str] | None = None
        for line in text.splitlines():
            marker = _MARKER.match(line)
            if marker and marker[1] == "BEGIN":
                region = []
            elif marker and region is not None:
                self._add(name, region)
                self._add_body(name, region)
                region = None
            elif region is not None:
                region.append(line)
            else:
                self._open.add(_bare(line))

    def without(self, given: Iterable[str]) -> Secrets:
        """Only what does not stand in the given texts."""
        known = set(self._open)
        left = Secrets(dict(self.lines), dict(self.bodies))
        for text in given:
            known.update(secret for _, secret in _long_lines(text, self._by_head(self.lines)))
            known.update(body for body in self.bodies if body in _squeezed(text)[0])
        for secret in known:
            left.lines.pop(secret, None)
            left.bodies.pop(secret, None)
        return left

    def leaks(self, files: Mapping[str, str]) -> Iterator[Leak]:
        """All places of the files (name -> text) where something secret stands."""
        heads = self._by_head(self.lines)
        for file, text in files.items():
            for number, secret in _long_lines(text, heads):
                yield Leak(file, number, self.lines[secret])
            squeezed, numbers = _squeezed(text)
            for body, source in self.bodies.items():
                at = squeezed.find(body)
                if at >= 0:
                    yield Leak(file, numbers[squeezed.count("\n", 0, at)], source)

    def _add(self, name: str, lines: Iterable[str]) -> None:
        for line in map(_bare, lines):
            if len(line) > LONG and not _IMPORT.match(line):
                self.lines.setdefault(line, name)

    def _add_body(self, name: str, region: list[str]) -> None:
        body, numbers = _squeezed("\n".join(region))
        if len(numbers) >= BODY_LINES and len(body) >= BODY_CHARACTERS:
            self.bodies.setdefault(body, name)

    @staticmethod
    def _by_head(lines: Iterable[str]) -> Mapping[str, list[str]]:
        heads = defaultdict(list)
        for line in lines:
            heads[line[:LONG]].append(line)
        return heads


def marks(files: Mapping[str, str]) -> Iterator[Leak]:
    """All lines that are a reference's markers."""
    for file, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if _MARKER.match(line):
                yield Leak(file, number, "a reference (it is one of its markers)")


def _bare(line: str) -> str:
    """Without what makes a line a comment, an item or a quotation."""
    return line.strip().lstrip("#/*->+ ")


def _long_lines(text: str, heads: Mapping[str, list[str]]) -> Iterator[tuple[int, str]]:
    """Where one of the lines stands, alone or inside a longer one."""
    for number, line in enumerate(text.splitlines(), 1):
        for at in range(len(line) - LONG):
            for secret in heads.get(line[at : at + LONG], ()):
                if line.startswith(secret, at):
                    yield number, secret


def _squeezed(text: str) -> tuple[str, list[int]]:
    """The text without indentation and blank lines, and the number of each line that is left."""
    kept = [(n, line.strip()) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    return "".join(f"{line}\n" for _, line in kept), [number for number, _ in kept]
