"""The import policy of a system, checked on the text before anything runs.

It is the polite half: a learner sees at once which line imports what the course asks them to build.
The host refuses the same names again at run time, where it can.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from grader.course.languages import LANGUAGES

_TYPESCRIPT = re.compile(r"""(?:from|import|require\()\s*(?:\(\s*)?["'](?:node:)?([^"']+)["']""")


def violations(sources: Mapping[str, bytes], language: str, bans: Sequence[str]) -> list[str]:
    """`file:line: imports X, which …` for every banned import, in order."""
    found: list[str] = []
    for name in sorted(sources):
        text = sources[name].decode("utf-8", "replace")
        for line, module in _imports(text, language, bans):
            banned = next((b for b in bans if _falls_under(module, b)), None)
            said = f"{name}:{line}: uses {banned}, which this course asks you to build yourself"
            if banned and said not in found:
                found.append(said)
    return found


def _falls_under(module: str, ban: str) -> bool:
    """`sqlite3.dbapi2`, `fs/promises`; and `_sqlite3`, `_http_server`, the parts that do the work."""
    return module in (ban, f"_{ban}") or module.startswith((f"{ban}.", f"{ban}/", f"_{ban}_"))


def _imports(text: str, language: str, bans: Sequence[str]) -> Iterator[tuple[int, str]]:
    if language == "python":
        yield from _python_imports(text)
        return
    comment = LANGUAGES[language].comment
    for number, line in enumerate(text.splitlines(), 1):
        code = line.split(comment, 1)[0] if language == "java" else line
        if language == "typescript":
            yield from ((number, module) for module in _TYPESCRIPT.findall(code))
        else:
            # Java names a class in full wherever it likes, so any mention outside a comment counts
            yield from ((number, b) for b in bans if re.search(rf"\b{re.escape(b)}\.", code))


def _python_imports(text: str) -> Iterator[tuple[int, str]]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # the host will show it as the learner's error
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
