"""The import policy, read from the text."""

from __future__ import annotations

import pytest

from grader.course import policy


@pytest.mark.parametrize(
    ("language", "text", "line"),
    [
        ("python", "import os\nimport sqlite3", 2),
        ("python", "from sqlite3 import connect", 1),
        ("python", "import os, sqlite3.dbapi2 as d", 1),
        ("python", "def f():\n    import sqlite3", 2),
        ("python", "from urllib import request", 1),
        ("typescript", 'import { x } from "node:http";', 1),
        ("typescript", "const h = await import('http');", 1),
        ("java", "package a;\nimport java.sql.Connection;", 2),
        ("java", "var c = java.sql.DriverManager.x();", 1),
    ],
)
def test_a_banned_import_is_named_with_its_line(language: str, text: str, line: int) -> None:
    """Every way to write the import is found."""
    bans = ["sqlite3", "urllib.request", "http", "java.sql"]
    found = policy.violations({"m.x": text.encode()}, language, bans)
    assert len(found) == 1
    assert found[0].startswith(f"m.x:{line}: ")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "import sqlite3x\n# import sqlite3\nx = 'import sqlite3'"),
        ("python", "from urllib import parse"),
        ("python", "def broken(:"),
        ("typescript", 'import { x } from "./http.ts";'),
        ("java", "import java.util.List; // java.sql.Connection"),
    ],
)
def test_innocent_code_is_not_accused(language: str, text: str) -> None:
    """Near names, comments and strings are no imports."""
    bans = ["sqlite3", "urllib.request", "http", "java.sql"]
    assert policy.violations({"m.x": text.encode()}, language, bans) == []


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", ["from" + " " * 500_000, "import (" * 100_000, "from '" * 100_000])
def test_no_text_takes_long_to_look_through(text: str) -> None:
    """It is looked through outside any sandbox, so its time must not grow faster than its size."""
    assert policy.violations({"m.ts": text.encode()}, "typescript", ["http"]) == []
