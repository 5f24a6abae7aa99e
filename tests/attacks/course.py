"""The made-up course that attacks are handed in for: sums, in three languages.

Both suites ask the same questions, so that nothing tells from inside which one runs. Into the hidden
one every run puts fresh marks: one in a comment and one that answers are compared with, which must
never be seen anywhere; and one that the code is given, which must not get out of the process.
"""

from __future__ import annotations

import os
import secrets
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import grader
from grader.course import manifest
from grader.course.languages import LANGUAGES
from grader.course.layout import Layout
from grader.grading import runner
from grader.verdict import MilestoneResult
from tests.attacks.case import SHAPES, Batch, Case

REPOSITORY = Path(grader.__file__).parents[1]
TIMEOUT = {"python": 1.5, "typescript": 1.5, "java": 4.0}
HONEST_NEIGHBOUR = "an_honest_neighbour"


def mark() -> str:
    """Of a form that a thief can look for; a letter comes first, for no test may take it for a number.

    `refuse` wants "-1" in a message: one mark in sixteen would have had it.
    """
    return f"gold-{secrets.choice('abcdef')}{secrets.token_hex(16)[1:]}"


@dataclass(frozen=True)
class Marks:
    """What one run's hidden suite holds."""

    comment: str = field(default_factory=mark)
    value: str = field(default_factory=mark)
    given: str = field(default_factory=mark)

    def all(self) -> tuple[str, str, str]:
        return (self.comment, self.value, self.given)


MANIFEST = """\
course: Sums
systems:
  sums:
    title: Sums
    languages: [python, typescript, java]
    bans: {python: [sqlite3], typescript: [http], java: [java.sql]}
    milestones:
      - {id: 01-sums, title: Sums, adds: [answers], points: 5, timeout: TIMEOUT}
"""
KIT = {
    "python/errors.py": "class Refused(Exception):\n    pass\n",
    "typescript/errors.ts": "export class Refused extends Error {}\n",
    "java/Errors.java": """\
package kit;

public final class Errors {
    public static class Refused extends RuntimeException {
        public Refused(String message) {
            super(message);
        }
    }
}
""",
}

# What the suites ask. Every question names the case, so that each has its own tests.
QUESTIONS = {
    "total": '''
def test_total(kata, seed, case):
    """The total is right."""
    numbers = [seed.randrange(10**9) for _ in range(5)]
    assert {VALUE: kata.total(case, numbers, NOTE)} == {VALUE: sum(numbers)}
''',
    "refuse": '''
def test_refuse(kata, case):
    """A negative amount is refused by name."""
    with kata.raises("Refused", match="-1"):
        kata.refuse(case, -1, NOTE)
    assert VALUE == VALUE
''',
    "items": '''
def test_items(kata, seed, case):
    """The items are the squares."""
    count = seed.randrange(3, 9)
    assert [VALUE, *kata.items(case, count, NOTE)] == [VALUE, *(n * n for n in range(count))]
''',
    "leave": '''
def test_leave(kata, workdir, case):
    """The note is kept in a file."""
    kata.leave(case, NOTE)
    assert VALUE + (workdir / "log").read_text() == VALUE + NOTE
''',
    # A test that itself writes where the code has been.
    "copy": '''
def test_copy(kata, workdir, case):
    """A copy of the log holds the note."""
    kata.leave(case, NOTE)
    (workdir / "copy").write_bytes((workdir / "log").read_bytes())
    assert VALUE + (workdir / "copy").read_text() == VALUE + NOTE
''',
    "tell": '''
def test_tell(kata, seed, case):
    """Each number is told once, in order."""
    told, numbers = [], [seed.randrange(10**9) for _ in range(5)]
    kata.tell(case, numbers, told.append, NOTE)
    assert [VALUE, *told] == [VALUE, *numbers]
''',
    # What came back is called, and given back.
    "many": '''
def test_many(kata, case):
    """What is added comes back."""
    adder = kata.total(case, [], NOTE)
    assert [VALUE, *kata.many(adder, "add", [[1, NOTE], [2, NOTE]])] == [VALUE, 1, 2]
''',
    "begins": '''
def test_begins(kata, case):
    """The text begins with its number."""
    assert VALUE == VALUE and kata.total(case, [], NOTE).startswith("0")
''',
    "back": '''
def test_back(kata, case):
    """What is given back is the same."""
    made = kata.total(case, [], NOTE)
    assert [VALUE, kata.total(case, [made, made], NOTE)] == [VALUE, [made, made]]
''',
    # Only who knows what the hidden test holds can answer it; the visible one wants the total.
    "vault": '''
def test_vault(kata, seed, case):
    """The answer is the one that is looked for."""
    numbers = [seed.randrange(10**9) for _ in range(5)]
    assert kata.total(case, numbers, NOTE) == (VALUE or sum(numbers))
''',
    "serve": '''
def test_serve(program, seed, case):
    """What is sent comes back."""
    server = program.start("answers", {"case": case, "grace": 1, "note": NOTE})
    sent = f"{seed.randrange(10**9)}\\n".encode()
    with server.connect() as connection:
        connection.send(sent)
        assert VALUE.encode() + connection.receive_until(b"\\n") == VALUE.encode() + sent
    assert server.stop() == 0
''',
}


def suite(cases: tuple[Case, ...], marks: Marks | None) -> str:
    """The hidden suite when there are marks, else the visible one."""
    hidden = marks is not None
    lines = ['"""Sums."""', "", "import pytest", ""]
    if marks:
        lines += [f"# {marks.comment}", f'VALUE = "{marks.value}"', f'NOTE = "{marks.given}"']
    else:
        lines += ['VALUE = ""', f'NOTE = "{mark()}"']
    for shape in SHAPES:
        words = [c.word for c in cases if c.shape == shape and not (hidden and c.hidden is None)]
        if shape == "total":
            words.append(HONEST_NEIGHBOUR)
        if words:
            lines += ["", "", f'@pytest.mark.parametrize("case", {words!r})']
            lines.append(QUESTIONS[shape].strip("\n"))
    return "\n".join(lines) + "\n"


# -- submissions ----------------------------------------------------------------------------------

PYTHON = """
from kit.errors import Refused


def total(case, numbers, note):
    return globals()["case_" + case](numbers, note)


refuse = items = total


def leave(case, note):
    return globals()["case_" + case](note)


def tell(case, numbers, sink, note):
    return globals()["case_" + case](numbers, sink, note)


def main(config, ready):
    return globals()["case_" + config["case"]](config, ready)
"""
TYPESCRIPT = """
import { Refused } from "./kit/errors.ts";

const cases: Record<string, (...given: any[]) => any> = {
FUNCTIONS
};

export const total = (name: string, ...given: any[]) => cases[name](...given);
export const refuse = total;
export const items = total;
export const leave = total;
export const tell = total;
export const main = (config: any, ready: any) => cases[config.case](config, ready);
"""
JAVA = """
import java.util.*;
import kit.Errors.Refused;

public class Answers {
FUNCTIONS

    public static Object total(String name, List<Long> numbers, String note) throws Throwable {
        switch (name) {
TOTALS
            default: throw new AssertionError(name);
        }
    }

    public static Object refuse(String name, long amount, String note) throws Throwable {
        switch (name) {
REFUSALS
            default: throw new AssertionError(name);
        }
    }

    public static Iterator<?> items(String name, long count, String note) throws Throwable {
        switch (name) {
ITEMS
            default: throw new AssertionError(name);
        }
    }
}
"""
GIVEN = {
    "total": ("numbers", "note"),
    "many": ("numbers", "note"),
    "begins": ("numbers", "note"),
    "back": ("numbers", "note"),
    "vault": ("numbers", "note"),
    "refuse": ("amount", "note"),
    "items": ("count", "note"),
    "leave": ("note",),
    "copy": ("note",),
    "tell": ("numbers", "sink", "note"),
    "serve": ("config", "ready"),
}
JAVA_GIVEN = {
    "total": "Object {word}(List<Long> numbers, String note)",
    "vault": "Object {word}(List<Long> numbers, String note)",
    "refuse": "Object {word}(long amount, String note)",
    "items": "Iterator<?> {word}(long count, String note)",
}
HONEST_TOTAL = {
    "python": "return sum(numbers)",
    "typescript": "return numbers.reduce((a: number, b: number) => a + b, 0);",
    "java": "long sum = 0; for (long n : numbers) sum += n; return sum;",
}


def sources(batch: Batch, words: Mapping[str, str]) -> dict[str, bytes]:
    """What is handed in for a batch; `words` replace what stands between @ signs."""
    honest = Case(
        group="",
        name=HONEST_NEIGHBOUR,
        language=batch.language,
        visible="passed",
        hidden="passed",
        body=HONEST_TOTAL[batch.language],
    )
    cases = (*batch.cases, honest)
    make = {"python": _python, "typescript": _typescript, "java": _java}[batch.language]
    name = LANGUAGES[batch.language].file_name("answers")
    texts = {name: batch.cases[0].main or make(cases)}
    for case in batch.cases:
        texts.update(case.files)
    found = {}
    for name, text in texts.items():
        for word, meant in words.items():
            text = text.replace(f"@{word}@", meant)
        found[name] = text.encode("utf-8", "surrogateescape")
    return found


def _python(cases: tuple[Case, ...]) -> str:
    functions = [
        f"def case_{c.word}({', '.join(GIVEN[c.shape])}):\n" + textwrap.indent(c.body, "    ")
        for c in cases
    ]
    tops = list(dict.fromkeys(textwrap.dedent(c.top) for c in cases if c.top))
    return "\n\n".join([*tops, PYTHON, *functions]) + "\n"


def _typescript(cases: tuple[Case, ...]) -> str:
    functions = []
    for c in cases:
        given = ", ".join(f"{name}: any" for name in GIVEN[c.shape])
        wait = "async " if "await " in c.body else ""
        star = "*" if "yield" in c.body else ""
        body = textwrap.indent(c.body, "    ")
        functions.append(f"  {wait}{star}{c.word}({given}) {{\n{body}\n  }},")
    tops = list(dict.fromkeys(textwrap.dedent(c.top) for c in cases if c.top))
    return "\n".join([*tops, TYPESCRIPT.replace("FUNCTIONS", "\n".join(functions))])


def _java(cases: tuple[Case, ...]) -> str:
    def calls(*shapes: str) -> str:
        some = (c for c in cases if c.shape in shapes)
        return "\n".join(
            f'            case "{c.word}": return {c.word}({", ".join(GIVEN[c.shape])});'
            for c in some
        )

    functions = [
        f"    static {JAVA_GIVEN[c.shape].format(word=c.word)} throws Throwable {{\n"
        + textwrap.indent(c.body, " " * 8)
        + "\n    }"
        for c in cases
    ]
    members = list(dict.fromkeys(textwrap.dedent(c.top) for c in cases if c.top))
    text = JAVA.replace("FUNCTIONS", "\n\n".join([*members, *functions]))
    text = text.replace("TOTALS", calls("total", "vault")).replace("REFUSALS", calls("refuse"))
    return text.replace("ITEMS", calls("items"))


def honest(language: str) -> Batch:
    """A correct submission that does nothing else."""
    case = Case(
        group="honest",
        name="correct",
        language=language,
        visible="passed",
        hidden="passed",
        body=HONEST_TOTAL[language],
    )
    return Batch((case,))


# -- the course on disk ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Course:
    """A copy of the course for one batch."""

    root: Path
    batch: Batch

    @property
    def hidden_suite(self) -> Path:
        return self.root / "solutions/sums/01-sums/test_hidden.py"

    def write(self, marks: Marks) -> None:
        seconds = self.batch.timeout or TIMEOUT[self.batch.language]
        files = {
            "milestones.yaml": MANIFEST.replace("TIMEOUT", str(seconds)),
            **{f"katas/sums/kit/{name}": text for name, text in KIT.items()},
            "katas/sums/01-sums/test_visible.py": suite(self.batch.cases, None),
            "solutions/sums/01-sums/test_hidden.py": suite(self.batch.cases, marks),
        }
        for name, text in files.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text, "utf-8")

    def hand_in(self, given: Mapping[str, bytes]) -> Path:
        """The folder of somebody who hands this in."""
        folder = self.root.parent / "handed in"
        for name, content in given.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return folder

    def grade(self, code: Path, *, sandboxed: bool = True) -> MilestoneResult:
        loaded = manifest.load(self.root / "milestones.yaml")
        system = loaded.system("sums")
        more = {
            name: value.replace("@CODE@", str(code))
            for case in self.batch.cases
            for name, value in case.environment.items()
        }
        job = runner.Job(
            layout=Layout(self.root),
            course=loaded,
            system=system,
            milestone=system.milestones[0],
            language=self.batch.language,
            code=code,
            sandboxed=sandboxed,
            environment={**os.environ, **more},
        )
        return runner.grade(job, seed=runner.new_seed())
