"""A transcript in Python."""

from __future__ import annotations

import keyword
import math
from collections.abc import Mapping, Sequence

from grader.failures.phrases import (
    HEAD,
    LONGEST_DECIMAL,
    NOTE,
    Known,
    around,
    by_module,
    module_of,
    used,
)
from grader.failures.transcript import Ref, product

NOTHING = '''
class Nothing:
    """In place of a function or an object of the test's: takes everything, does nothing."""

    def __call__(self, *arguments):
        return None

    def __getattr__(self, name):
        return Nothing()


nothing = Nothing()
'''


class Python:
    """Satisfies `phrases.Dialect`."""

    longest = 60_000
    reserved = frozenset(keyword.kwlist) | {
        "error",
        "folder",
        "itertools",
        "nothing",
        "tempfile",
        "workdir",
    }
    comment = "#"

    def __init__(self, home: Mapping[str, str], workdir: str) -> None:
        self.home = home
        self.workdir = workdir
        self.imports: dict[str, str] = {}

    def style(self, name: str) -> str:
        return name

    def value(self, value: object, known: Known) -> str:
        if isinstance(value, Ref):
            return known(value)
        if isinstance(value, str):
            return around(value, self.workdir, product)
        if isinstance(value, bytes):
            return product(value)
        if isinstance(value, list | tuple):
            return f"[{', '.join(self.value(item, known) for item in value)}]"
        if isinstance(value, dict):
            pairs = (f"{product(key)}: {self.value(item, known)}" for key, item in value.items())
            return f"{{{', '.join(pairs)}}}"
        return _number(value) if value is None or isinstance(value, int | float) else "nothing"

    def call(self, target: str | None, name: str, arguments: Sequence[str]) -> str:
        if target is None:
            root = name.split(".")[0]
            self.imports[root] = module_of(self.home, root)
        return f"{target + '.' if target else ''}{name}({', '.join(arguments)})"

    def take(self, iterator: str, count: int) -> str:
        return f"list(itertools.islice({iterator}, {count}))"

    def bind(self, name: str, expression: str, kind: str) -> str:
        return f"{name} = {expression}"

    def pick(self, name: str, found: str, path: Sequence[object], kind: str) -> str:
        return f"{name} = {found}{''.join(f'[{key!r}]' for key in path)}"

    def statement(self, expression: str) -> str:
        return expression

    def show(self, expression: str) -> str:
        return f"print(repr({expression}))"

    def attempt(self, expression: str) -> list[str]:
        caught = "    print('raised', repr(error))"
        return ["try:", f"    {expression}", "except BaseException as error:", caught]

    def fail(self, expression: str) -> list[str]:
        return [self.show(expression)]

    def program(self, lines: Sequence[str]) -> str:
        body = "\n".join(lines)
        names = "".join(f"from {m} import {n}\n" for m, n in by_module(self.imports))
        head = HEAD.format(file="reproduction.py", run="python reproduction.py")
        idle = "".join(used({"nothing": NOTHING}, lines, self.comment))
        return (
            f"# {head}\n# {NOTE}\n"
            f"{'import itertools' if 'itertools.' in body else ''}\nimport tempfile\n\n{names}"
            f"{idle}\n"
            f"folder = tempfile.TemporaryDirectory()  # gone at the end\nworkdir = folder.name\n\n{body}\n"
        )


def _number(value: float | None) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, int) and value.bit_length() > LONGEST_DECIMAL:
        return hex(value)
    return repr(value)
