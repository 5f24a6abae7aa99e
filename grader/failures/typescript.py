"""A transcript in TypeScript, as Node runs it: types are only stripped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from grader.course.languages import camel
from grader.failures.phrases import (
    HEAD,
    LONGEST_DECIMAL,
    NOTE,
    RESERVED,
    Known,
    around,
    by_module,
    bytes_call,
    module_of,
    repeated,
    used,
)
from grader.failures.transcript import Ref, text_pieces

SAFE_INT = (1 << 53) - 1  # beyond it an integer crosses as bigint
IMPORTS = """\
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
"""
WORKDIR = """\
const workdir = mkdtempSync(join(tmpdir(), "reproduction-"));
process.on("exit", () => rmSync(workdir, { recursive: true, force: true }));
"""
HELPERS = {
    "bytes": 'const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));\n',
    "hex": 'const hex = (digits: string) => new Uint8Array(Buffer.from(digits, "hex"));\n',
    "show": """\
const show = (value: unknown) =>
  console.dir(value, { depth: null, maxArrayLength: null, maxStringLength: null });
""",
    "nothing": """\
// In place of a function or an object of the test's: takes everything, does nothing.
const nothing: any = new Proxy(() => undefined, {
  get: (_, name) => (typeof name === "symbol" || name === "then" ? undefined : () => undefined),
});
""",
    "walk": """\
const walk = (source: any) => {
  const begin = source[Symbol.asyncIterator] ?? source[Symbol.iterator];
  return begin ? begin.call(source) : source;
};
""",
    "take": """\
const take = async (iterator: any, count: number) => {
  const taken: unknown[] = [];
  while (taken.length < count) {
    const step = await iterator.next();
    if (step.done) break;
    taken.push(step.value);
  }
  return taken;
};
""",
}


class TypeScript:
    """Satisfies `phrases.Dialect`."""

    longest = 60_000
    reserved = RESERVED
    comment = "//"

    def __init__(self, home: Mapping[str, str], workdir: str) -> None:
        self.home = home
        self.workdir = workdir
        self.imports: dict[str, str] = {}

    def style(self, name: str) -> str:
        return camel(name)

    def value(self, value: object, known: Known) -> str:
        if isinstance(value, Ref):
            return known(value)
        if isinstance(value, str):
            return around(value, self.workdir, _text)
        if isinstance(value, bytes):
            return bytes_call(value, json.dumps)
        if isinstance(value, list | tuple):
            return f"[{', '.join(self.value(item, known) for item in value)}]"
        if isinstance(value, dict):
            # In brackets, or `__proto__` would not be a key.
            pairs = (f"[{json.dumps(k)}]: {self.value(item, known)}" for k, item in value.items())
            return f"{{{', '.join(pairs)}}}"
        return _number(value) if value is None or isinstance(value, int | float) else "nothing"

    def call(self, target: str | None, name: str, arguments: Sequence[str]) -> str:
        *path, last = name.split(".")
        if target:
            return f"await {target}.{camel(last)}({', '.join(arguments)})"
        root, *middle = [*path, last]
        spoken = root if root in self.home else camel(root)
        self.imports[spoken] = module_of(self.home, spoken)
        made = "new" if not path and spoken[:1].isupper() else "await"
        return f"{made} {'.'.join([spoken, *map(camel, middle)])}({', '.join(arguments)})"

    def take(self, iterator: str, count: int) -> str:
        return f"await take({iterator}, {count})"

    def bind(self, name: str, expression: str, kind: str) -> str:
        if kind == "iterator":
            return f"const {name} = walk({expression});"
        return f"const {name}{'' if kind else ': any'} = {expression};"

    def pick(self, name: str, found: str, path: Sequence[object], kind: str) -> str:
        return self.bind(name, found + "".join(f"[{json.dumps(key)}]" for key in path), kind)

    def statement(self, expression: str) -> str:
        return f"{expression};"

    def show(self, expression: str) -> str:
        return f"show({expression});"

    def attempt(self, expression: str) -> list[str]:
        caught = '  console.log("raised", String(error));'
        return ["try {", f"  {expression};", "} catch (error) {", caught, "}"]

    def fail(self, expression: str) -> list[str]:
        return [self.show(expression)]

    def program(self, lines: Sequence[str]) -> str:
        body = "\n".join(lines)
        names = "".join(
            f'import {{ {n} }} from "./{"/".join(map(camel, m.split(".")))}.ts";\n'
            for m, n in by_module(self.imports)
        )
        head = HEAD.format(file="reproduction.ts", run="node reproduction.ts")
        helpers = "".join(used(HELPERS, lines, self.comment))
        return f"// {head}\n// {NOTE}\n{IMPORTS}{names}\n{WORKDIR}{helpers}\n{body}\n"


def _text(text: str) -> str:
    return repeated(text_pieces(text), json.dumps)


def _number(value: float | None) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, float):
        return repr(value).replace("inf", "Infinity").replace("nan", "NaN")
    if abs(value) <= SAFE_INT:
        return str(value)
    if value.bit_length() <= LONGEST_DECIMAL:
        return f"{value}n"
    return f"{'-' if value < 0 else ''}{abs(value):#x}n"
