"""Which function a range of lines is the whole body of, in the three languages of the course.

Python is parsed. TypeScript and Java are scanned for braces, after comments, strings and regular
expressions have been blanked out; that is enough for code in the course's style.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Finder = Callable[[str, int, int], str | None]  # (source, marker's line, marker's line) -> name
Function = ast.FunctionDef | ast.AsyncFunctionDef


def python_function(source: str, begin: int, end: int) -> str | None:
    """`Class.method` whose body, the docstring apart, is what stands between the two lines."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return None
    for name, function in _functions(tree, ""):
        body = function.body[1:] if ast.get_docstring(function) is not None else function.body
        if body and function.lineno <= begin and _within(body[0], begin, end):
            inside = set(ast.walk(function))
            alien = (n for n in ast.walk(tree) if n not in inside and _within(n, begin, end))
            whole = _within(body[-1], begin, end) and not any(
                isinstance(n, ast.stmt) for n in alien
            )
            return name if whole else None
    return None


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    """All functions with their dotted names, outer ones first."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield prefix + child.name, child
        inner = f"{prefix}{child.name}." if isinstance(child, Function | ast.ClassDef) else prefix
        yield from _functions(child, inner)


def _within(node: ast.AST, begin: int, end: int) -> bool:
    """Whether the node lies between the markers (whose lines are 0-based)."""
    line, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
    return begin + 1 < line and last < end + 1


# -- languages with braces ------------------------------------------------------------------------

_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|"""(?:\\.|.)*?"""|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|`(?:\\.|[^`\\])*`|/',
    re.S,
)
_REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*")
_BEFORE_REGEX = re.compile(r"(?:^|[(,=:\[!&|?{};+*%~<>-]|\b(?:return|typeof|case|in|of))\s*$")
_CLASS = re.compile(r"\b(?:class|interface|enum|record)\s+([A-Za-z_$][\w$]*)")
_ANNOTATION = re.compile(r"@[\w.]+(?:\([^()]*\))?")
_NAMED = re.compile(r"([A-Za-z_$#][\w$]*)\s*(?:<[^()]*>)?\s*\(")
_ARROW = re.compile(r"\b(?:const|let)\s+([A-Za-z_$][\w$]*)[^;]*=>\s*$", re.S)
_SUPER = re.compile(r"\s*(?:(?:super|this)\s*\([^;{}]*\)\s*;\s*)?")
_NO_FUNCTION = re.compile(
    r"^\s*(?:return|throw|if|for|while|switch|catch|try|else|do|synchronized|new)\b|\bnew\s"
)


@dataclass(frozen=True)
class Block:
    """From one brace to its partner, as offsets."""

    begin: int
    end: int
    header: str  # what stands before it


def braced_function(source: str, begin: int, end: int) -> str | None:
    """`Class.method` whose body, a call of super() or this() apart, is what the lines hold."""
    text = blanked(source)
    starts = [0, *(m.end() for m in re.finditer("\n", source)), len(source)]
    first, last = starts[begin], starts[min(end + 1, len(starts) - 1)]
    around = [b for b in _blocks(text) if b.begin < first and last <= b.end]
    if not around:
        return None
    body = around[-1]
    if not _SUPER.fullmatch(text[body.begin + 1 : first]) or text[last : body.end].strip():
        return None
    function = _function_name(body.header)
    if function is None or _CLASS.search(body.header):
        return None
    classes = [found[1] for block in around[:-1] if (found := _CLASS.search(block.header))]
    if classes and function == classes[-1]:
        function = "constructor"  # Java names it like the class
    return ".".join([*classes, function])


def blanked(source: str) -> str:
    """The same text with spaces for all that is comment, string or regular expression."""
    pieces: list[str] = []
    at = 0
    while found := _TOKEN.search(source, at):
        pieces.append(source[at : found.start()])
        token = found[0]
        if token == "/":
            regex = _REGEX.match(source, found.start())
            before = "".join(pieces[-2:])[-40:]
            token = regex[0] if regex and _BEFORE_REGEX.search(before) else ""
        pieces.append(re.sub(r"[^\n]", " ", token) or source[found.start()])
        at = found.start() + max(1, len(token))
    return "".join([*pieces, source[at:]])


def _blocks(text: str) -> list[Block]:
    """All braces in the order in which they open."""
    opened: list[int] = []
    found: list[Block] = []
    for match in re.finditer(r"[{}]", text):
        if match[0] == "{":
            opened.append(match.start())
        elif opened:
            begin = opened.pop()
            found.append(Block(begin, match.start(), _header(text, begin)))
    return sorted(found, key=lambda block: block.begin)


def _header(text: str, brace: int) -> str:
    """What a block belongs to: back to the end of the statement or block before it."""
    depth = 0
    for at in range(brace - 1, -1, -1):
        character = text[at]
        if character in ")]" or (character == "}" and (depth or _goes_on(text, at, brace))):
            depth += 1
        elif character in "([{" and depth:
            depth -= 1
        elif not depth and character in ";{}(":
            return text[at + 1 : brace]
    return text[:brace]


def _goes_on(text: str, at: int, brace: int) -> bool:
    """Whether the brace at `at` ends a type, not a block: `f(): { a: number } {`."""
    return not text[at + 1 : brace].strip() or text[at + 1 : brace].lstrip()[0] in "|&[>,)"


def _function_name(header: str) -> str | None:
    header = _ANNOTATION.sub(" ", header)
    arrow = _ARROW.search(header)
    if arrow:
        return arrow[1]
    if _NO_FUNCTION.search(header):
        return None
    named = _NAMED.search(header)
    return named[1] if named else None
