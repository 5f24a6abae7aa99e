"""Whether a lesson and its hints have the course's shape, and speak of things that exist.

Pure but for reading the two files and, once a system, the code that names may refer to.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from grader.course.layout import Layout
from grader.proof.subject import Finding, Subject

WORDS = range(900, 1801)
HEADINGS = (
    "You will build", "Why it exists", "The idea", "Predict", "Your task", "Done when", "Go further",
)  # fmt: skip
SHELLS = ("sh", "bash", "shell")  # a block in one of these is there to be pasted
_NAME = re.compile(r"`(?:\w+\.)*([A-Za-z]\w*)(?:\(.*?\))?`")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """Commands of a lesson, and the line of the file on which they begin."""

    line: int
    text: str


def lesson(subject: Subject) -> list[Finding]:
    """The headings in order, a picture, an answer folded away, neither too short nor too long."""
    path = subject.lesson
    if not path.is_file():
        return []
    text = path.read_text("utf-8")
    return [
        subject.finding(what, path, line, mend=mend) for what, line, mend in lesson_faults(text)
    ]


def lesson_faults(text: str) -> Iterator[tuple[str, int, str]]:
    """(what is wrong, line, what to do) for each fault in the shape of a lesson."""
    found = _headings(text)
    headings = [heading for heading, _ in found]
    if headings != list(HEADINGS):
        missing = [h for h in HEADINGS if h not in headings]
        extra = [h for h in headings if h not in HEADINGS]
        words = [f"{h!r} is missing" for h in missing] + [f"{h!r} is one too many" for h in extra]
        what = "; ".join(words) or "the headings stand in another order"
        yield what, _parting(found), f"The headings are: {', '.join(HEADINGS)}."
    count = len(text.split())
    if count not in WORDS:
        yield f"{count} words", 1, f"A lesson has {WORDS.start} to {WORDS.stop - 1}."
    for heading, mark, what, mend in (
        ("You will build", "```", "no picture", "Draw what is built, or its bytes, in a block."),
        ("Predict", "<details>", "no folded answer", "Put it into <details> below the question."),
    ):
        if mark not in _part(text, heading):
            yield f"{what} under {heading!r}", dict(found).get(heading, 0), mend


def _headings(text: str) -> list[tuple[str, int]]:
    """The headings of the second level, each with its line."""
    text = _without_fences(text)
    return [
        (match[1], text.count("\n", 0, match.start()) + 1)
        for match in re.finditer(r"^## (.+)$", text, re.M)
    ]


def _parting(found: list[tuple[str, int]]) -> int:
    """The line from which on the headings are not those of a lesson."""
    for (heading, line), right in zip(found, (*HEADINGS, ""), strict=False):
        if heading != right:
            return line
    return found[-1][1] if found else 0


def hints(subject: Subject) -> list[Finding]:
    """A nudge, an approach, almost code."""
    path = subject.hints
    if not path.is_file():
        return []
    numbers = re.findall(r"^## (\d)\. ", _without_fences(path.read_text("utf-8")), re.M)
    if numbers == ["1", "2", "3"]:
        return []
    words = f"the hints are numbered {', '.join(numbers) or 'nowhere'}, not 1, 2, 3"
    return [subject.finding(words, path, mend="Begin them with `## 1. `, `## 2. ` and `## 3. `.")]


def names(subject: Subject) -> list[Finding]:
    """Every snake_case or camelCase name in backticks is one of the reference, the kit or the suites."""
    told = []
    for path in (subject.lesson, subject.hints):
        if not path.is_file():
            continue
        known = vocabulary(subject.layout, subject.system.id)
        for name, line in code_names(path.read_text("utf-8")):
            if name not in known:
                mend = "Call it as the reference does, or take it out of the backticks."
                told.append(subject.finding(f"there is no `{name}`", path, line, mend=mend))
    return told


def code_names(text: str) -> list[tuple[str, int]]:
    """The names in backticks that can only be names of code, with their lines; each once."""
    text = text.split("\n## Go further")[0]  # it points to other people's sources
    found: dict[str, int] = {}
    for match in _NAME.finditer(text):
        name = match[1]
        if "_" in name.strip("_") or re.search(r"[a-z][A-Z]", name):
            found.setdefault(name, text.count("\n", 0, match.start()) + 1)
    return list(found.items())


@functools.cache
def vocabulary(layout: Layout, system: str) -> frozenset[str]:
    """All that a name in a lesson may refer to: words of references, kit and suites."""
    known: set[str] = set()
    for base in (layout.reference(system, ""), layout.kata(system, "")):
        for path in base.rglob("*"):
            if path.suffix in (".py", ".ts", ".java"):
                known.update(re.findall(r"\w+", path.read_text("utf-8", "replace")))
    return frozenset(known)


def commands(text: str) -> list[Block]:
    """The blocks of a lesson that a learner pastes into a shell."""
    return [
        Block(text.count("\n", 0, match.start(2)) + 1, match[2])
        for match in _FENCE.finditer(text)
        if match[1] in SHELLS
    ]


def _part(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one."""
    after = text.partition(f"\n## {heading}\n")[2]
    return re.split(r"^## ", after, maxsplit=1, flags=re.M)[0]


def _without_fences(text: str) -> str:
    """A `## ` in a block of code is no heading; the lines keep their numbers."""
    return _FENCE.sub(lambda block: "\n" * block[0].count("\n"), text)
