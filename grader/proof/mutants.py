"""One change at a time to a Python reference: what a suite has to notice.

Only what stands between the markers is changed, for the rest is given to the learner. Left alone are
annotations, docstrings, and the words of an error message, which no suite asks for; so are changes
that give the same program twice. Pure: text in, changes out. (The operators follow the literature's
usual set: R. DeMillo, R. Lipton, F. Sayward, Hints on test data selection, 1978.)
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

from grader.authoring import cut

_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.LShift: ast.RShift,
    ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitAnd,
}  # fmt: skip
_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE,), ast.LtE: (ast.Lt,), ast.Gt: (ast.GtE,), ast.GtE: (ast.Gt,),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
_DROPPABLE = (
    ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Raise, ast.Delete,
    ast.Assert, ast.Break, ast.Continue,
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: where, what, and the file's whole text with it."""

    file: str
    line: int  # 1-based, of the original
    change: str  # `before -> after`, or what was done
    text: str

    def original(self, source: str) -> str:
        """The line that is changed, as a reader knows it."""
        return source.splitlines()[self.line - 1].strip()


def mutants(source: str, file: str) -> list[Mutant]:
    """All changes of one file, in the order of its lines; no two of them the same program."""
    tree = ast.parse(source)
    lines = _solution_lines(source, file)
    data = source.encode()
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    known = {ast.dump(tree)}
    found = []
    for place, replacement, change in _Walk(tree, lines).changes():
        begin = starts[place.lineno - 1] + place.col_offset
        end = starts[(place.end_lineno or 0) - 1] + (place.end_col_offset or 0)
        text = (data[:begin] + replacement.encode() + data[end:]).decode()
        try:
            program = ast.dump(ast.parse(text))
        except SyntaxError:
            continue  # no learner can hand this in without noticing
        if program not in known:
            known.add(program)
            found.append(Mutant(file, place.lineno, change, text))
    return sorted(found, key=lambda mutant: mutant.line)


def _solution_lines(source: str, file: str) -> set[int]:
    """The 1-based numbers of the lines between markers."""
    regions = cut.regions(source.splitlines(), "python", file)
    return {number for r in regions for number in range(r.begin + 2, r.end + 1)}


Change = tuple[ast.stmt | ast.expr, str, str]  # what is replaced, by which text, described how


class _Walk:
    """Finds what can be changed. Inside an f-string nothing has a place of its own (before Python
    3.12), so there the whole f-string is written anew."""

    def __init__(self, tree: ast.Module, lines: set[int]) -> None:
        self.tree = tree
        self.lines = lines
        self.messages = _messages(tree)
        self.last = set(_last(tree))

    def changes(self) -> Iterator[Change]:
        yield from self._inside(self.tree, None)

    def _inside(self, node: ast.AST, whole: ast.JoinedStr | None) -> Iterator[Change]:
        """The changes below `node`; `whole` is the f-string around."""
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "type_comment"):
                continue
            for index, child in enumerate(value if isinstance(value, list) else [value]):
                if not isinstance(child, ast.AST) or id(child) in self.messages:
                    continue
                anchor = whole or (child if isinstance(child, ast.JoinedStr) else None)
                if isinstance(child, ast.stmt):
                    if _is_docstring(child):
                        continue
                    yield from self._of_statement(child, node)
                elif isinstance(child, ast.expr) and self._counts(anchor or child):
                    for new in _variants(child, node):
                        yield _placed(node, name, index, child, new, whole)
                if not _is_calculated(child):
                    yield from self._inside(child, anchor)

    def _counts(self, node: ast.stmt | ast.expr) -> bool:
        return node.lineno in self.lines

    def _of_statement(self, node: ast.stmt, parent: ast.AST) -> Iterator[Change]:
        if not self._counts(node) or (isinstance(node, ast.AnnAssign) and node.value is None):
            return
        if isinstance(node, _DROPPABLE) and not (
            isinstance(node, ast.Return) and id(node) in self.last
        ):
            yield node, "pass", "dropped"
        if isinstance(node, ast.Break):
            yield node, "continue", "break -> continue"
        elif isinstance(node, ast.Continue):
            yield node, "break", "continue -> break"
        elif isinstance(node, ast.Return) and node.value and not _is_constant(node.value, None):
            yield node, "return None", f"{_text(node)} -> return None"
        elif isinstance(node, ast.AugAssign):
            plain = ast.Assign([node.target], node.value, lineno=0)
            other = ast.AugAssign(node.target, _ARITHMETIC[type(node.op)](), node.value)
            for new in (other, plain):
                yield node, ast.unparse(new), f"{_text(node)} -> {_text(new)}"
        elif isinstance(node, ast.For):
            yield node.iter, "()", f"for ... in {_text(node.iter)} -> never"


def _placed(
    parent: ast.AST,
    name: str,
    index: int,
    old: ast.expr,
    new: ast.expr,
    whole: ast.JoinedStr | None,
) -> Change:
    change = f"{_text(old)} -> {_text(new)}"
    if whole is None:
        return old, _bracketed(new), change
    value = getattr(parent, name)
    if isinstance(value, list):
        value[index] = new
    else:
        setattr(parent, name, new)
    try:
        return whole, ast.unparse(whole), change
    finally:
        if isinstance(value, list):
            value[index] = old
        else:
            setattr(parent, name, old)


def _variants(node: ast.expr, parent: ast.AST) -> Iterator[ast.expr]:
    """What may stand in the place of an expression."""
    if _is_calculated(node):
        yield ast.BinOp(node, ast.Add(), ast.Constant(1))
        yield ast.BinOp(node, ast.Sub(), ast.Constant(1))
    elif isinstance(node, ast.Constant):
        yield from map(ast.Constant, _other_values(node.value))
    elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        yield _with(node, op=_ARITHMETIC[type(node.op)]())
    elif isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            for other in _COMPARISONS.get(type(operator), ()):
                yield _with(node, ops=[*node.ops[:index], other(), *node.ops[index + 1 :]])
    elif isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        for index in range(len(node.values)):
            rest = node.values[:index] + node.values[index + 1 :]
            yield rest[0] if len(rest) == 1 else _with(node, values=rest)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.IfExp):
        yield _with(node, body=node.orelse, orelse=node.body)
    elif isinstance(node, ast.Slice):
        for bound in ("lower", "upper", "step"):
            if getattr(node, bound) is not None:
                yield _with(node, **{bound: None})
    if _is_condition(node, parent):
        yield ast.UnaryOp(ast.Not(), node)


def _other_values(value: object) -> Iterator[bool | int | float | str | bytes]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
        yield value - 1
    elif isinstance(value, float):
        yield value * 2 + 1
    elif isinstance(value, str):
        yield f"{value}X" if value else "X"
    elif isinstance(value, bytes):
        yield value + b"X"


def _with(node: ast.expr, **fields: object) -> ast.expr:
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _bracketed(node: ast.expr) -> str:
    """The text of an expression that can stand anywhere; a slice can stand in one place only."""
    loose = (ast.BinOp, ast.BoolOp, ast.Compare, ast.UnaryOp, ast.IfExp)
    text = ast.unparse(node)
    negative = isinstance(node, ast.Constant) and text.startswith("-")
    return f"({text})" if isinstance(node, loose) or negative else text


def _is_calculated(node: ast.AST) -> bool:
    """A number written as a sum: `1 << 16` is one constant, not two."""
    if not isinstance(node, ast.BinOp):
        return False
    sides = (node.left, node.right)
    return all(_is_calculated(s) or _is_number(s) for s in sides)


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def _is_condition(node: ast.expr, parent: ast.AST) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return False  # without its `not` it is there already
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and _flips(node.ops[0]):
        return False  # the other operator is the negation
    if isinstance(parent, ast.comprehension):
        return node in parent.ifs
    return isinstance(parent, ast.If | ast.While | ast.IfExp) and node is parent.test


def _flips(operator: ast.cmpop) -> bool:
    return isinstance(operator, ast.Eq | ast.NotEq | ast.Is | ast.IsNot | ast.In | ast.NotIn)


def _last(tree: ast.Module) -> Iterator[int]:
    """By id, the statements after which a function ends: to drop a return there returns None."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield from _ends(node.body)


def _ends(body: list[ast.stmt]) -> Iterator[int]:
    if not body:
        return
    yield id(body[-1])
    if isinstance(body[-1], ast.If | ast.With | ast.Try):
        yield from _ends(body[-1].body)
        yield from _ends(getattr(body[-1], "orelse", []))
        for handler in getattr(body[-1], "handlers", []):
            yield from _ends(handler.body)


def _messages(tree: ast.Module) -> set[int]:
    """By id, the arguments in `raise Some(…)` that hold text."""
    calls = [n.exc for n in ast.walk(tree) if isinstance(n, ast.Raise)]
    arguments = [a for call in calls if isinstance(call, ast.Call) for a in call.args]
    return {id(a) for a in arguments if any(map(_is_text, ast.walk(a)))}


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _is_constant(node: ast.expr, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _text(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())
