"""The ways in which a test can end badly, as exceptions that pass through a suite's test.

`LearnerError` is what the code under test raised; a suite may expect it (`expect`), and nothing else
of these. A `Judged` carries an outcome of its own. `SuiteFault` is ours.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from grader.bridge import wire
from grader.verdict import Frame, Outcome

# "Bad argument value" in the words of each language of the course.
NEUTRAL_NAMES: Mapping[str, tuple[str, ...]] = {
    "ValueError": ("ValueError", "RangeError", "TypeError", "IllegalArgumentException"),
}


class SuiteFault(Exception):
    """The suite asked for something that the bridge does not offer: nobody's failure but ours."""


class Judged(Exception):
    """Ends a test with an outcome of its own."""

    outcome: Outcome = "failed"

    def __init__(self, reason: str, frames: Sequence[Frame] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.frames = tuple(frames)


class NotBuilt(Judged):
    outcome: Outcome = "todo"


class TimedOut(Judged):
    outcome: Outcome = "timeout"


class Crashed(Judged):
    outcome: Outcome = "crashed"


class WrongAnswer(Judged):
    """What came back cannot be used: it cannot cross, or the name does not exist."""


class LearnerError(Exception):
    """An error that the code under test raised, by class name, message and public fields."""

    def __init__(self, message: str, data: Mapping[str, Any]) -> None:
        self.class_name = _text(data.get("class"), "Error")
        self.message = message
        self.builtin = data.get("builtin") is True
        bases = data.get("bases")
        self.bases = [b for b in bases if type(b) is str] if isinstance(bases, list) else []
        self.fields = _fields(data.get("fields"))
        values = data.get("values")  # what an iterator gave before it raised
        self.values = values if isinstance(values, list) else []
        self.frames = frames_of(data.get("frames"))
        super().__init__(f"{self.class_name}: {message}" if message else self.class_name)

    def is_a(self, name: str) -> bool:
        """Exactly the class `name`; a language's own class only when it really is that one."""
        if name in NEUTRAL_NAMES:
            known = [*self.bases, *([self.class_name] if self.builtin else [])]
            return any(n in known for n in NEUTRAL_NAMES[name])
        return self.class_name == name or name in self.bases


class ExpectationUnmet(AssertionError):
    """What a fixture was asked to wait for or to expect did not come."""


class Raised:
    """What `kata.raises` caught."""

    def __init__(self) -> None:
        self.error: LearnerError | None = None

    @property
    def message(self) -> str:
        return self.error.message if self.error else ""

    @property
    def fields(self) -> dict[str, Any]:
        return self.error.fields if self.error else {}


@contextlib.contextmanager
def expect(name: str, match: str | None, fields: Mapping[str, Any]) -> Iterator[Raised]:
    """Expect the error `name`; `match` is searched in its message, `fields` must be equal."""
    caught = Raised()
    try:
        yield caught
    except LearnerError as error:
        if not error.is_a(name):
            raise
        if match is not None and not re.search(match, error.message):
            raise ExpectationUnmet(
                f"{name} came, but its message is {error.message!r}: no {match!r} in it"
            ) from error
        wrong = {k: error.fields.get(k) for k, v in fields.items() if error.fields.get(k) != v}
        if wrong:
            raise ExpectationUnmet(f"{name} came with {wrong}, expected {dict(fields)}") from error
        caught.error = error
        return
    raise ExpectationUnmet(f"{name} was expected, but no error was raised")


def _text(value: Any, otherwise: str) -> str:
    return value[:200] if type(value) is str and value else otherwise


def _fields(raw: Any) -> dict[str, Any]:
    try:
        decoded = wire.decode(raw)
    except wire.WireError:
        return {}
    return decoded if type(decoded) is dict else {}


def frames_of(raw: Any) -> list[Frame]:
    """The learner's own frames in a far side's error data, as far as they are well formed."""
    frames = []
    for item in raw[:20] if isinstance(raw, list) else ():
        if isinstance(item, dict) and type(item.get("line")) is int and 0 <= item["line"] < 1 << 31:
            texts = [_text(item.get(k), "?") for k in ("file", "function", "text")]
            frames.append(Frame(file=texts[0], line=item["line"], function=texts[1], text=texts[2]))
    return frames
