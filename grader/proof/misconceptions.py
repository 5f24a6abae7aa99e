"""What a learner may be told of a failure: which tests fail when somebody believes what.

Derived from the impostors' runs and kept beside the visible suite as misconceptions.json; never
written by hand. Only failures that come with every data count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from grader.errors import CourseError
from grader.failures import misconceptions
from grader.failures.misconceptions import Misconception
from grader.proof.runs import Kill
from grader.proof.subject import Finding, Subject

Again = Callable[[Kill], Kill]  # the same impostor, run with other data


def derive(
    kills: Sequence[Kill], again: Again, kept: Sequence[Misconception]
) -> list[Misconception]:
    """What the file should say. What cannot be run on this machine stays as it was `kept`."""
    told = []
    for one in kills:
        fails = one.failed("visible") if one.ran and one.impostor.steady else []
        if fails:
            stable = set(again(one).failed("visible"))
            fails = [name for name in fails if name in stable]
        elif not one.ran:
            fails = list(_of(one, kept))
        if fails:
            told.append(_entry(one, fails))
    return told


def agrees(kills: Sequence[Kill], again: Again, kept: Sequence[Misconception]) -> bool:
    """Whether the file says what the runs showed. A second run is made only where the first differs."""

    def doubted(one: Kill) -> Kill:
        known = not one.impostor.steady or tuple(one.failed("visible")) == _of(one, kept)
        return one if known else again(one)

    return derive(kills, doubted, kept) == list(kept)


def fresh(subject: Subject, kills: Sequence[Kill], again: Again) -> list[Finding]:
    """The file is there and says what the runs showed."""
    file = subject.misconceptions
    mend = f"sfs verify --write {subject.name}"
    if not file.is_file():
        return [subject.finding("is missing", file, mend=mend)]
    try:
        if agrees(kills, again, misconceptions.load(file)):
            return []
    except CourseError as error:
        return [subject.trouble(error)]
    return [subject.finding("does not say what the impostors show", file, mend=mend)]


def write(subject: Subject, kills: Sequence[Kill], again: Again) -> bool:
    """Bring the file up to date; whether that changed it."""
    file = subject.misconceptions
    before = file.read_bytes() if file.exists() else b""
    try:
        kept = misconceptions.load(file)
    except CourseError:
        kept = ()
    after = text(derive(kills, again, kept)).encode()
    if after != before:
        file.write_bytes(after)
    return after != before


def text(entries: Sequence[Misconception]) -> str:
    """The file's content, one test a line."""
    return msgspec.json.format(msgspec.json.encode(entries), indent=2).decode() + "\n"


def _of(one: Kill, kept: Sequence[Misconception]) -> tuple[str, ...]:
    """The tests that are kept for an impostor."""
    who = one.impostor
    same = (
        k.fails for k in kept if (k.misconception, k.language) == (who.misconception, who.language)
    )
    return next(same, ())


def _entry(one: Kill, fails: Sequence[str]) -> Misconception:
    who = one.impostor
    return Misconception(who.misconception, who.hint, who.language, tuple(fails))
