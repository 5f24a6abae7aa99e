"""The peer of the grading benchmark: a pytest plugin that runs a suite against an imported reference.

This is what most course graders do, and the fastest thing possible: the code under test lies in the
test's own process, calls are plain calls, nothing is confined. It proves nothing about the code; it
only says how long the same assertions take when nothing stands between.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import importlib
import json
import os
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


class Direct:
    """The bridge's interface over plain imports."""

    def __init__(self, modules: list[ModuleType]) -> None:
        self._modules = modules

    def __getattr__(self, name: str) -> Any:
        for module in self._modules:
            if hasattr(module, name):
                return getattr(module, name)
        raise AttributeError(name)

    def many(self, handle: Any, method: str, calls: list[list[Any]]) -> list[Any]:
        return [getattr(handle, method)(*arguments) for arguments in calls]

    def script(self, steps: list[list[Any]]) -> list[Any]:
        results: list[Any] = []
        for handle, name, arguments in steps:
            try:
                target = self if handle is None else handle
                results.append(functools.reduce(getattr, name.split("."), target)(*arguments))
            except Exception as error:
                results.append(Caught(error))
        return results

    def restart(self) -> None:
        """Here there is no process to end: files are all that a restart keeps."""

    kill = restart

    @contextlib.contextmanager
    def raises(self, name: str, match: str | None = None, **fields: Any) -> Iterator[Caught]:
        caught = Caught(None)
        try:
            yield caught
        except Exception as error:
            assert name in [c.__name__ for c in type(error).__mro__]
            assert match is None or re.search(match, str(error))
            assert all(getattr(error, k) == v for k, v in fields.items())
            caught.keep(error)
            return
        pytest.fail(f"{name} was not raised")


class Caught:
    """An error as the bridge shows it."""

    def __init__(self, error: Exception | None) -> None:
        self.class_name, self.message, self.fields = "", "", {}
        if error is not None:
            self.keep(error)

    def keep(self, error: Exception) -> None:
        self.class_name, self.message = type(error).__name__, str(error)
        self.fields = {k: v for k, v in vars(error).items() if not k.startswith("_")}


@pytest.fixture(scope="session")
def _modules() -> list[ModuleType]:
    sys.path.insert(0, os.environ["BENCH_CODE"])
    return [importlib.import_module(name) for name in os.environ["BENCH_MODULES"].split(",")]


@pytest.fixture
def kata(_modules: list[ModuleType]) -> Direct:
    """The reference, imported."""
    return Direct(_modules)


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    """A directory for the test."""
    return tmp_path


@pytest.fixture
def seed() -> random.Random:
    """A fixed source of random data."""
    return random.Random(1)


class DirectDisk:
    """The fixture `disk` over the imported kit."""

    def __init__(self, kata: Direct, workdir: Path) -> None:
        self.kata, self.path = kata, workdir / "journal"

    def record(self) -> None:
        self.kata.DiskFile.trace(str(self.path), None)

    def fail(self, at: int, how: str) -> None:
        self.kata.DiskFile.trace(str(self.path), {"at": at, "how": how})

    def journal(self) -> list[dict[str, Any]]:
        entries = [json.loads(line) for line in self.path.read_text().splitlines()]
        for entry in entries:
            if entry.get("data") is not None:
                entry["data"] = base64.b64decode(entry["data"])
        return entries

    def counts(self) -> dict[str, int]:
        return self.kata.DiskFile.totals()  # type: ignore[no-any-return]


@pytest.fixture
def disk(kata: Direct, workdir: Path) -> DirectDisk:
    """Counts of the kit's DiskFile."""
    return DirectDisk(kata, workdir)
