"""What is done to values: arithmetic, casts, LIKE, and the functions that can be called by name.

Everything here works on values that are there: that NULL makes NULL is decided above, once. Types
were checked before as well, so an operation meets only what it can work on, and what is left to
refuse are values: a divisor of zero, a result that does not fit, a text that is no number.

PostgreSQL keeps its functions in a table, several under one name; here a name has one signature.
Left out: functions of many rows (milestone 10 has them) and of NULL (`coalesce` and its like are
no functions but syntax in the shape of one: see `expressions`).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from decimal import MAX_PREC, ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from kit.errors import DivisionByZero, InvalidText, OutOfRange, TypeMismatch, UndefinedFunction

# BEGIN SOLUTION: helpers
LOWEST, HIGHEST = -(2**63), 2**63 - 1  # of integers
LARGEST = 1.7976931348623157e308  # of reals; there is no infinity, and nothing that is no number

INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)
REAL = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?\s*", re.ASCII | re.IGNORECASE)
BOOLEANS = {
    **dict.fromkeys(("t", "true", "y", "yes", "on", "1"), True),
    **dict.fromkeys(("f", "false", "n", "no", "off", "0"), False),
}


class Function(NamedTuple):
    """A function by name: what it takes, what it gives, how it does it."""

    takes: list[str]
    needed: int
    result: str
    body: Callable[..., Any]


FUNCTIONS: dict[str, Function] = {}
# END SOLUTION


def register(
    name: str, takes: list[str], needed: int, result: str, body: Callable[..., Any]
) -> None:
    """Let expressions call `name`, or let it mean this from now on.

    `takes` has a type for each argument: "integer", "real" (an integer is made real), "text",
    "boolean", "number" (integer or real) or "any". The first `needed` of them must be given.
    `result` is the type of what `body` returns; "same" is the type of the first argument.
    `body` is called with the values of the arguments; if one is NULL it is not called: the result
    is NULL. Names are in lower case. Later milestones add functions of their own.
    """
    # BEGIN SOLUTION
    FUNCTIONS[name] = Function(takes, needed, result, body)
    # END SOLUTION


def like(text: str, pattern: str) -> bool:
    r"""Whether all of `text` matches: % is any characters or none, _ is one, others are themselves.

    Upper and lower case differ. A backslash takes its meaning from the character behind it (at
    the end of the pattern it is just itself). The time is bounded by the product of both lengths,
    however many % there are.
    """
    # BEGIN SOLUTION
    return _like_pattern(pattern).fullmatch(text) is not None
    # END SOLUTION


# BEGIN SOLUTION: helpers
def function(name: str, count: int) -> Function:
    """The function of this name, if it can be called with so many arguments."""
    found = FUNCTIONS.get(name)
    if found is None or not found.needed <= count <= len(found.takes):
        raise UndefinedFunction(f"there is no function {name} with {count} arguments")
    return found


@lru_cache(maxsize=256)
def _like_pattern(pattern: str) -> re.Pattern[str]:
    """The parts between the %; each but the last is matched as early as can be, and never again."""
    parts = [""]
    for escaped, mark in re.findall(r"\\(.)|(.)", pattern, re.DOTALL):
        if mark == "%":
            parts.append("")
        else:
            parts[-1] += "." if mark == "_" else re.escape(escaped or mark)
    first, *more = parts
    middle = "".join(f"(?>.*?{part})" for part in more[:-1])
    last = f".*{more[-1]}" if more else ""
    return re.compile(first + middle + last, re.DOTALL)


def matches(text: str, pattern: str) -> bool:
    """The operator ~: whether a regular expression is found anywhere in the text."""
    try:
        return re.search(pattern, text) is not None
    except re.error as error:
        raise InvalidText(f"{pattern!r} is no regular expression: {error}") from None


COMPARISONS = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
TEXTS = {
    "||": operator.add,
    "~": matches,
    "!~": lambda text, pattern: not matches(text, pattern),
}


def bounded(
    operation: Callable[[Any, Any], Any], low: float, high: float
) -> Callable[[Any, Any], Any]:
    """The operation, with results outside of `low` to `high` refused."""

    def result(a: Any, b: Any) -> Any:
        value = operation(a, b)
        if low <= value <= high:
            return value
        raise OutOfRange(f"the result is beyond the {type(value).__name__}s that there are")

    return result


def quotient(a: int, b: int) -> int:
    """a / b without its fraction: Python's // rounds down, this cuts off."""
    _refuse_zero(b)
    found = abs(a) // abs(b)
    return found if a ^ b >= 0 else -found  # the highest bit of ^ says whether the signs differ


def remainder(a: int, b: int) -> int:
    """What `quotient` leaves: it has the sign of `a`."""
    return a - b * quotient(a, b)


def _ratio(a: float, b: float) -> float:
    _refuse_zero(b)
    return a / b


def _refuse_zero(divisor: float) -> None:
    if divisor == 0:
        raise DivisionByZero("division by zero")


ARITHMETIC = {
    **{
        (sign, kind): bounded(operation, low, high)
        for sign, operation in (("+", operator.add), ("-", operator.sub), ("*", operator.mul))
        for kind, low, high in (("integer", LOWEST, HIGHEST), ("real", -LARGEST, LARGEST))
    },
    ("/", "integer"): bounded(quotient, LOWEST, HIGHEST),
    ("/", "real"): bounded(_ratio, -LARGEST, LARGEST),
    ("%", "integer"): remainder,
}


def negative(value: Any) -> Any:
    """Minus the value; of the lowest integer there is none."""
    return fitting(-value)


def fitting(value: Any) -> Any:
    """The value, if it is one: integers have 64 bits, reals are finite."""
    low, high = (LOWEST, HIGHEST) if isinstance(value, int) else (-LARGEST, LARGEST)
    if low <= value <= high:
        return value
    raise OutOfRange("a number is beyond what its type holds")


def integer_of(text: str) -> int:
    """The integer that a text says."""
    if not INTEGER.fullmatch(text):
        raise InvalidText(f"{text!r} is no integer")
    try:
        return fitting(int(text))
    except ValueError:  # Python reads no number of more than some thousand digits
        raise OutOfRange("an integer of so many digits is beyond 64 bits") from None


def real_of(text: str) -> float:
    """The real that a text says."""
    if not REAL.fullmatch(text):
        raise InvalidText(f"{text!r} is no real")
    return fitting(float(text))


def boolean_of(text: str) -> bool:
    """The truth that a text says."""
    try:
        return BOOLEANS[text.strip().lower()]
    except KeyError:
        raise InvalidText(f"{text!r} is neither true nor false") from None


def real_text(value: float) -> str:
    """The shortest digits that are read back as this real, without ".0" for a whole one."""
    return repr(value).removesuffix(".0")


CASTS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("integer", "real"): float,
    ("integer", "text"): str,
    ("integer", "boolean"): bool,
    ("real", "integer"): lambda value: fitting(int(value)),
    ("real", "text"): real_text,
    ("boolean", "text"): lambda value: "true" if value else "false",
    ("boolean", "integer"): int,
    ("text", "integer"): integer_of,
    ("text", "real"): real_of,
    ("text", "boolean"): boolean_of,
}

TYPES = {bool: "boolean", int: "integer", float: "real", str: "text"}


def given(value: Any, kind: str) -> Any:
    """A value from outside as one of this type: texts are read, and anything can be a text."""
    pair = (TYPES.get(type(value)), kind)
    if pair in CASTS and ("text" in pair or pair == ("integer", "real")):
        return CASTS[pair](value)
    raise TypeMismatch(f"{value!r} is no {kind}")


def rounded(value: float, digits: int = 0) -> float:
    """To so many digits behind the point; a half goes away from zero."""
    if digits > 323:  # so far behind the point no real is changed
        return value
    unit = Decimal().scaleb(-max(digits, -309))  # -309 makes zero of every real already
    return fitting(float(Decimal(value).quantize(unit, ROUND_HALF_UP, Context(prec=MAX_PREC))))


def substring(text: str, start: int, length: int = HIGHEST) -> str:
    """The characters at the places `start` to `start + length - 1`, as far as there are any."""
    if length < 0:
        raise OutOfRange(f"a length cannot be {length}")
    return text[max(0, start - 1) : max(0, start - 1 + length)]


def replaced(text: str, old: str, new: str) -> str:
    """The text with `new` for every `old`; nothing is found everywhere, and left alone."""
    return text.replace(old, new) if old else text


def _register_all() -> None:
    for name, takes, needed, result, body in (
        ("abs", ["number"], 1, "same", lambda value: fitting(abs(value))),
        ("mod", ["integer", "integer"], 2, "integer", remainder),
        ("round", ["real", "integer"], 1, "real", rounded),
        ("length", ["text"], 1, "integer", len),
        ("lower", ["text"], 1, "text", str.lower),
        ("upper", ["text"], 1, "text", str.upper),
        ("substr", ["text", "integer", "integer"], 2, "text", substring),
        ("substring", ["text", "integer", "integer"], 2, "text", substring),
        ("replace", ["text", "text", "text"], 3, "text", replaced),
        ("trim", ["text", "text"], 1, "text", lambda text, marks=" ": text.strip(marks)),
        ("strpos", ["text", "text"], 2, "integer", lambda text, part: text.find(part) + 1),
    ):
        register(name, takes, needed, result, body)


_register_all()
# END SOLUTION
