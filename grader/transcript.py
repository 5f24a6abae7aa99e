from __future__ import annotations
from dataclasses import dataclass
@dataclass(frozen=True)
class Ref:
    number: int
    type: str
@dataclass(frozen=True)
class Opaque:
    text: str
@dataclass(frozen=True)
class Call:
    target: Ref | None
    name: str
    args: tuple[object, ...]
    result: object = None
    error: str | None = None
    prints: str = ""
    awaited: bool = False
def show(v, limit=200): return repr(v)[:limit]
def describe(c): return f"{c.target}.{c.name}{c.args!r}"[:150] + f" -> {show(c.result)} {c.error or ''}"
def side_by_side(a, b): return show(a), show(b)
def reproduction(*a): return ""
