"""A transcript as a program in the learner's language that does the same calls again.

Handles become variables, iterators are drained as far as the test did, errors in the middle are
caught so that the replay goes on, and the last call stands bare: it prints or raises what the test
saw. Paths below the test's working directory become paths below a fresh one. How each language says
these things is `phrases`' to know; here is only what has to be said, in which order.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence

from grader.failures.java import Java
from grader.failures.phrases import Dialect, NotSayable
from grader.failures.python import Python
from grader.failures.transcript import Call, Names, Opaque, Ref, show, visible
from grader.failures.typescript import TypeScript

DIALECTS: Mapping[str, Callable[[Mapping[str, str], str], Dialect]] = {
    "python": Python,
    "typescript": TypeScript,
    "java": Java,
}
Path = tuple[object, ...]  # of list indices and dict keys
MOST_PARTS = 50_000  # values in all calls: more is no program to read, and takes its time


def reproduction(
    calls: Sequence[Call], language: str, home: Mapping[str, str], workdir: str
) -> str:
    """The program, or nothing when the calls do not tell the whole story.

    `home` says which module each public name comes from (`PageFile` -> `page_file`, in the kit
    `kit.disk`).
    """
    if not calls or language not in DIALECTS:
        return ""
    dialect = DIALECTS[language](home, workdir)
    values = (value for call in calls for value in (*call.args, call.result))
    parts = itertools.islice((1 for value in values for _ in _parts(value)), MOST_PARTS)
    if sum(parts) == MOST_PARTS:
        return _too_much(dialect, f"{MOST_PARTS:,} values or more")
    try:
        lines = _replay(_merged(calls), dialect, Names({*dialect.reserved, *home}, dialect.style))
    except NotSayable:
        return ""
    program = dialect.program(lines)
    if len(program) <= dialect.longest:
        return program
    return _too_much(dialect, f"{len(program):,} characters of data")


def _too_much(dialect: Dialect, what: str) -> str:
    return (
        f"{dialect.comment} The calls carry {what}, too many to be "
        "written down here; run the test again with its seed.\n"
    )


def _merged(calls: Sequence[Call]) -> list[Call]:
    """Fetches in a row from one iterator as one."""
    merged: list[Call] = []
    for call in calls:
        before = merged[-1] if merged else None
        if before and call.awaited and before.awaited and before.target == call.target:
            merged[-1] = _joined(before, call)
        else:
            merged.append(call)
    return merged


def _joined(first: Call, second: Call) -> Call:
    values = [v for c in (first, second) for v in (c.result if isinstance(c.result, list) else [])]
    count = _count(first) + _count(second)
    return dataclasses.replace(second, args=(count,), result=values)


def _count(fetch: Call) -> int:
    return next((n for n in fetch.args if isinstance(n, int)), 1)


def _replay(calls: Sequence[Call], dialect: Dialect, names: Names) -> list[str]:
    lines: list[str] = []
    for number, call in enumerate(calls, 1):
        lines += [f"{dialect.comment} {text}" for text in _remarks(call)]
        expression = _expression(call, dialect, names)
        lines += _statement(call, expression, dialect, names, last=number == len(calls))
    return lines


def _remarks(call: Call) -> Iterator[str]:
    """What the program cannot say for itself."""
    for number, argument in enumerate(call.args, 1):
        if any(isinstance(part, Opaque) for _, part in _parts(argument)):
            yield _safe(
                f"argument {number} was {show(argument, 100)}; here it is something that does nothing"
            )
    if call.error is not None:
        yield _safe(f"in the test: {visible(call.error[:200])}")


def _safe(comment: str) -> str:
    """A comment in any language: Java would read a \\u even here."""
    return comment.replace("\\u", "\\ u").replace("\\U", "\\ U")


def _expression(call: Call, dialect: Dialect, names: Names) -> str:
    def known(ref: Ref) -> str:
        name = names.known(ref)
        if name is None:
            raise NotSayable  # the transcript does not tell where it came from
        return name

    if call.awaited and call.target:
        return dialect.take(known(call.target), _count(call))
    arguments = [dialect.value(argument, known) for argument in call.args]
    return dialect.call(known(call.target) if call.target else None, call.name, arguments)


def _statement(
    call: Call, expression: str, dialect: Dialect, names: Names, *, last: bool
) -> list[str]:
    if call.error is not None:
        return dialect.fail(expression) if last else dialect.attempt(expression)
    handles = [(path, part) for path, part in _parts(call.result) if isinstance(part, Ref)]
    if handles and handles[0][0] == ():
        name = names.fresh(handles[0][1])
        return [
            dialect.bind(name, expression, handles[0][1].type),
            *([dialect.show(name)] if last else []),
        ]
    if handles:
        found = names.fresh(Ref(-1, "found"))
        taken = [dialect.pick(names.fresh(ref), found, path, ref.type) for path, ref in handles]
        return [
            dialect.bind(found, expression, ""),
            *taken,
            *([dialect.show(found)] if last else []),
        ]
    if last and call.result is not None:
        return [dialect.show(expression)]
    return [dialect.statement(expression)]


def _parts(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every value in a value, with the way to it."""
    yield path, value
    if isinstance(value, list | tuple):
        for index, child in enumerate(value):
            yield from _parts(child, (*path, index))
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from _parts(child, (*path, key))
