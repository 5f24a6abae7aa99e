"""Changing one thing at a time."""

from __future__ import annotations

import ast

import pytest

from grader.proof.mutants import mutants

HEAD = "def f(a, b):\n    # BEGIN SOLUTION\n"
FOOT = "    # END SOLUTION\n"


def changes(body: str) -> list[str]:
    """The changes of a function's body, without its indentation."""
    text = "".join(f"    {line}\n" for line in body.splitlines())
    return [m.change for m in mutants(HEAD + text + FOOT, "x.py")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return a + b", ["return a + b -> return None", "a + b -> a - b"]),
        ("return a < b", ["return a < b -> return None", "a < b -> a <= b"]),
        ("return b''", ["return b'' -> return None", "b'' -> b'X'"]),
        ("return a[1:]", ["return a[1:] -> return None", "1: -> :", "1 -> 2", "1 -> 0"]),
        ("g(a)", ["dropped"]),
        ("a: int", []),
        ("a -= b", ["dropped", "a -= b -> a += b", "a -= b -> a = b"]),
        ("raise E(f'no {a + 1}')", ["dropped"]),
        ("while a:\n    break", ["a -> not a", "dropped", "break -> continue"]),
        ("for x in a:\n    g(x)", ["for ... in a -> never", "dropped"]),
        ("a = 1 << 16", ["dropped", "1 << 16 -> (1 << 16) + 1", "1 << 16 -> (1 << 16) - 1"]),
        ("return f'{a + b}'", ["return f'{a + b}' -> return None", "a + b -> a - b"]),
    ],
)
def test_what_is_changed(body: str, expected: list[str]) -> None:
    """Each kind of statement and expression has its usual changes; error messages have none."""
    assert sorted(changes(body)) == sorted(expected)


def test_every_mutant_is_a_program_of_its_own() -> None:
    """No two are the same program, none is the original, and each one parses."""
    source = HEAD + "    if a and not b or a == 2:\n        return -a\n    return a % 2\n" + FOOT
    programs = [ast.dump(ast.parse(m.text)) for m in mutants(source, "x.py")]
    assert len(set(programs)) == len(programs) > 10
    assert ast.dump(ast.parse(source)) not in programs


def test_only_the_solution_is_changed() -> None:
    """What the stub gives to the learner stays as it is."""
    source = "LIMIT = 5\n\n\n" + HEAD + "    return a\n" + FOOT + "\n\ndef g():\n    return 1\n"
    assert {m.line for m in mutants(source, "x.py")} == {6}


def test_a_mutant_knows_its_line() -> None:
    """The line is the original's, and the text around stays byte for byte."""
    source = HEAD + '    x = "é" * 3; return x  # why\n' + FOOT
    (mutant,) = (m for m in mutants(source, "x.py") if m.change == "3 -> 4")
    assert mutant.original(source) == 'x = "é" * 3; return x  # why'
    assert mutant.text == source.replace("3;", "4;")


def test_a_docstring_is_no_code() -> None:
    """What a function says of itself is not changed."""
    assert changes('"""What it does."""\ng(a)') == ["dropped"]
