"""What crosses between a suite and the code under test, and in which form (JSON, one message a line).

Plain values only, exact types only, bounded in depth, size and number. Whatever comes from the far
side is data: nothing is ever looked up, built or unpickled by a name in it. Pure: no process, no
descriptor.

    None bool int float str list dict     themselves
    int beyond 2^53, nan and infinities   {"$int": "…"}   {"$float": "nan"}
    bytes                                 {"$bytes": base64}
    dict with a key that begins with $    {"$dict": [[key, value], …]}
    object, iterator of the far side      {"$ref": n, "type": …}   {"$iter": n}
    callable or object of the suite       {"$callback": n, "methods": null | […]}
"""

from __future__ import annotations

import binascii
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

SAFE_INT = (1 << 53) - 1  # every language of the course keeps these exact
MAX_DEPTH = 64
MAX_NODES = 1_000_000
MAX_MESSAGE = 16 * 1024 * 1024  # bytes of one line


class WireError(Exception):
    """A value that cannot cross, or a message that is not one; says which and why."""


class TooMuch(WireError):
    """A value that is too deep or too large to cross."""


@dataclass(frozen=True)
class RemoteRef:
    """An object that stays on the far side."""

    number: int
    type: str


@dataclass(frozen=True)
class RemoteIter:
    """An iterator that stays on the far side."""

    number: int


@dataclass(frozen=True)
class CallbackRef:
    """The suite's own callable, handed back."""

    number: int


class Encoder:
    """Turns a suite's values into JSON-able ones.

    `foreign` is asked for everything that is not plain: it returns the tagged form of a handle or a
    callback, or None when the value cannot cross.
    """

    def __init__(self, foreign: Callable[[Any], dict[str, Any] | None]) -> None:
        self.foreign = foreign

    def encode(self, value: Any, where: str = "value", depth: int = 0) -> Any:
        """The wire form of `value`; WireError names the part that cannot cross."""
        kind = type(value)
        if value is None or kind is bool or kind is str:
            return value
        if kind is int:
            return value if -SAFE_INT <= value <= SAFE_INT else {"$int": str(value)}
        if kind is float:
            return value if math.isfinite(value) else {"$float": str(value)}
        if kind in (bytes, bytearray, memoryview):
            return {"$bytes": binascii.b2a_base64(bytes(value), newline=False).decode("ascii")}
        if depth >= MAX_DEPTH:
            raise TooMuch(f"{where} is nested deeper than {MAX_DEPTH} levels, or contains itself")
        if kind in (list, tuple):
            return [self.encode(v, f"{where}[{i}]", depth + 1) for i, v in enumerate(value)]
        if kind is dict:
            return self._encode_dict(value, where, depth)
        tagged = self.foreign(value)
        if tagged is None:
            raise WireError(
                f"{where} is a {kind.__name__}, which cannot cross to the code under test"
            )
        return tagged

    def _encode_dict(self, value: dict[Any, Any], where: str, depth: int) -> Any:
        for key in value:
            if type(key) is not str:
                raise WireError(f"{where} has the key {key!r}: keys must be str to cross")
        pairs = {k: self.encode(v, f"{where}.{k}", depth + 1) for k, v in value.items()}
        if any(k.startswith("$") for k in pairs):
            return {"$dict": [[k, v] for k, v in pairs.items()]}
        return pairs


def decode(value: Any) -> Any:
    """A far side's value as plain Python, with RemoteRef, RemoteIter and CallbackRef in it."""
    return _Decoder().decode(value, 0)


class _Decoder:
    def __init__(self) -> None:
        self.nodes = 0

    def decode(self, value: Any, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise WireError(f"the answer has more than {MAX_NODES:,} values")
        if depth > MAX_DEPTH + 1:
            raise WireError(f"the answer is nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, list):
            return [self.decode(v, depth + 1) for v in value]
        if not isinstance(value, dict):
            return value
        tag = next((k for k in value if k.startswith("$")), None)
        if tag is None:
            return {k: self.decode(v, depth + 1) for k, v in value.items()}
        return self.tagged(tag, value, depth)

    def tagged(self, tag: str, value: dict[str, Any], depth: int) -> Any:
        content = value[tag]
        try:
            if tag == "$bytes":
                return binascii.a2b_base64(content, strict_mode=True)
            if tag == "$int":
                return _integer(content)
            if tag == "$float":
                return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[content]
            if tag == "$dict":
                return {_text(k): self.decode(v, depth + 1) for k, v in content}
            if tag == "$ref":
                return RemoteRef(_number(content), _text(value.get("type", "object"))[:100])
            if tag == "$iter":
                return RemoteIter(_number(content))
            if tag == "$callback":
                return CallbackRef(_number(content))
        except (TypeError, ValueError, KeyError, binascii.Error) as error:
            raise WireError(f"the answer holds a malformed {tag}") from error
        raise WireError(f"the answer holds an unknown tag {tag[:40]!r}")


def _integer(content: Any) -> int:
    digits = _text(content)
    if len(digits) > 4000 or not digits.removeprefix("-").isdecimal():
        raise ValueError("not a decimal integer")
    return int(digits)


def _number(content: Any) -> int:
    if type(content) is not int or not 0 <= content < 1 << 31:
        raise ValueError("not a handle number")
    return content


def _text(content: Any) -> str:
    if type(content) is not str:
        raise ValueError("not text")
    return content


def pack(message: Mapping[str, Any]) -> bytes:
    """One line. Lone surrogates travel as escapes, so the line is always ASCII."""
    line = json.dumps(message, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"
    if len(line) > MAX_MESSAGE:
        raise TooMuch(f"the call is larger than {MAX_MESSAGE:,} bytes")
    return line


def unpack(line: bytes) -> dict[str, Any]:
    """One message of the far side; WireError if it is not a JSON object."""
    try:
        message = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise WireError("the answer is not JSON") from error
    if not isinstance(message, dict):
        raise WireError("the answer is not a JSON object")
    return message


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
