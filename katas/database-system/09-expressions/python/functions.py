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
    raise NotImplementedError("09-expressions: register")


def like(text: str, pattern: str) -> bool:
    r"""Whether all of `text` matches: % is any characters or none, _ is one, others are themselves.

    Upper and lower case differ. A backslash takes its meaning from the character behind it (at
    the end of the pattern it is just itself). The time is bounded by the product of both lengths,
    however many % there are.
    """
    raise NotImplementedError("09-expressions: like")
