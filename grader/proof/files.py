"""What can be seen of a milestone without running it: files in place, stubs fresh, tests with a sentence.

Reads only; nothing here is written, and no code of the course is loaded.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from grader.authoring.scaffold import UNWRITTEN
from grader.authoring.stubs import cut_stubs
from grader.course import submission
from grader.course.languages import LANGUAGES
from grader.course.layout import Layout, files
from grader.course.manifest import System
from grader.errors import GraderError
from grader.proof import impostors
from grader.proof.subject import Finding, Subject, place

LEAST_IMPOSTORS = 6


def in_place(subject: Subject) -> list[Finding]:
    """Every file that the manifest promises by its one line is there."""
    layout, system, milestone = subject.layout, subject.system, subject.milestone
    told = [
        subject.finding(f"the {what} is missing", path, mend=mend)
        for what, path, mend in (
            ("lesson", subject.lesson, "Write it; the headings are those of every lesson."),
            ("hints", subject.hints, "Write three: a nudge, an approach, almost the code."),
            ("visible suite", subject.suites["visible"], "Write it; it must demand the behaviour."),
            ("hidden suite", subject.suites["hidden"], "Write it: the same, with harder data."),
        )
        if not path.is_file()
    ]
    for language in subject.languages:
        for path in layout.solutions(system.id, milestone, language):
            if not path.is_file():
                words = f"the reference in {LANGUAGES[language].title} is missing"
                told.append(subject.finding(words, path, language=language, mend="Write it."))
    return told + patches(subject)


def patches(subject: Subject) -> list[Finding]:
    """There are enough impostors, each has its head, and each still fits the reference."""
    found = subject.layout.impostors(subject.system.id, subject.milestone.id)
    told = []
    if len(found) < LEAST_IMPOSTORS:
        folder = subject.suites["hidden"].parent / "impostors"
        words = f"only {len(found)} of {LEAST_IMPOSTORS} impostors, which a milestone has at least"
        mend = "Add patches of plausible wrong solutions, each named for its misconception."
        told.append(subject.finding(words, folder, mend=mend))
    for path in found:
        try:
            impostor = impostors.load(path)
            if impostor.language not in subject.languages:
                words = f"is an impostor in {impostor.language}, which the milestone does not have"
                told.append(subject.finding(words, path, mend="Mend its `Language:`."))
            else:
                impostors.sources(impostor, subject.reference(impostor.language))
        except GraderError as error:
            words = error.message.removeprefix(f"{path}: ").removeprefix(f"{path}:1: ")
            told.append(subject.finding(words, path, mend=error.mend))
    return told


def fresh_stubs(subject: Subject) -> list[Finding]:
    """Every stub is cut from its reference as it is now, and no other file lies beside them."""
    try:
        told = cut_stubs(subject.layout, subject.course, check=True, only=subject.name)
    except GraderError as error:
        return [subject.trouble(error)]
    mends = {"unexpected": "Remove it, or add its module to `adds` in milestones.yaml."}
    return [
        subject.finding(
            f"the stub is {status}",
            path,
            language=path.parent.name,
            mend=mends.get(status, f"Write it: sfs stubs {subject.name}"),
        )
        for path, status in told
        if status != "fresh"
    ]


def sentences(subject: Subject) -> list[Finding]:
    """The first line of each test's docstring is a sentence: it is what a learner reads."""
    told = []
    for suite, path in subject.suites.items():
        if not path.is_file():
            continue
        try:
            tests = list(_tests(path.read_text("utf-8")))
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", 0) or 0
            told.append(subject.finding(f"is not Python: {error}", path, line))
            continue
        if not tests:
            told.append(subject.finding(f"the {suite} suite has no tests", path))
        for test in tests:
            fault = _fault(ast.get_docstring(test))
            if fault:
                words = f"{test.name} {fault}"
                mend = "Let its docstring begin with the behaviour in one plain sentence."
                told.append(subject.finding(words, path, test.lineno, mend=mend))
    return told


def unwritten(subject: Subject) -> list[Finding]:
    """Every line that `sfs new` left to be written."""
    layout, system, milestone = subject.layout, subject.system, subject.milestone
    paths = [subject.lesson, subject.hints, *subject.suites.values()]
    for language in subject.languages:
        paths += layout.solutions(system.id, milestone, language)
    mend = f"Write it, and take {UNWRITTEN} away."
    return [
        subject.finding("is not written yet", path, line, mend=mend)
        for path in paths
        for line in _marked(path)
    ]


def _marked(path: Path) -> list[int]:
    """The numbers of the lines with the mark."""
    if not path.is_file():
        return []
    lines = path.read_text("utf-8", "replace").splitlines()
    return [number for number, line in enumerate(lines, 1) if UNWRITTEN in line]


def _tests(text: str) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node


def _fault(docstring: str | None) -> str:
    """What is wrong with the sentence of a test; empty if nothing is."""
    if not docstring or not docstring.strip():
        return "has no sentence"
    first = docstring.strip().splitlines()[0].rstrip()
    return "" if first.endswith((".", "!", "?")) else "has no whole sentence on its first line"


def system_in_place(layout: Layout, system: System) -> list[Finding]:
    """What belongs to a system and to none of its milestones: its README, and no stray file."""
    told = []
    readme = layout.kata(system.id, "README.md")
    if not readme.is_file():
        words, mend = (
            "the system has no README",
            "Say what one will have at the end, and how to start.",
        )
        told.append(
            Finding(milestone=system.id, what=words, where=place(layout, readme), mend=mend)
        )
    given = [readme]
    for language in system.languages:
        told += strays(layout, system, language)
        folder = layout.kit(system.id, language)
        given += sorted(folder.iterdir()) if folder.is_dir() else []
    told += [
        Finding(
            milestone=system.id,
            what="is not written yet",
            where=place(layout, path, line),
            mend=f"Write it, and take {UNWRITTEN} away.",
        )
        for path in given
        for line in _marked(path)
    ]
    return told


def strays(layout: Layout, system: System, language: str) -> list[Finding]:
    """A reference tree has no file that no milestone adds."""
    folder = layout.reference(system.id, language)
    if not folder.is_dir():
        return []  # each milestone says what is missing
    try:
        present = submission.read(folder, language)
    except GraderError as error:
        return [Finding(milestone=system.id, language=language, what=error.message)]
    owned = {
        name
        for milestone in system.milestones
        if language in system.languages_of(milestone)
        for name in files(milestone, language)
    }
    return [
        Finding(
            milestone=system.id,
            language=language,
            what="belongs to no milestone",
            where=place(layout, folder / name),
            mend="Add its module to `adds` of its milestone in milestones.yaml, or remove it.",
        )
        for name in sorted(set(present) - owned)
    ]
