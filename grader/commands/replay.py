"""The first failure's calls as a program of their own: written to a file, or run here to be looked into."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from grader import show
from grader.course.languages import LANGUAGES
from grader.course.workspace import Workspace, write
from grader.errors import UsageError
from grader.verdict import MilestoneResult

NONE = "There is no failure that could be repeated on its own."


@dataclass(frozen=True)
class Replay:
    """What `sfs test` was asked to do with the first failure."""

    own: Workspace
    file: Path | None = None
    debug: bool = False

    def check(self, *, as_json: bool) -> None:
        """Refuse what could not be done, before anything is measured."""
        if self.file is not None and os.path.lexists(self.file):
            raise UsageError(f"{self.file}: is there already", "Choose another name.")
        if self.debug and as_json:
            raise UsageError("--debug and --json exclude each other", "Give one of them.")
        if self.debug and self.own.language != "python":
            raise UsageError(
                f"--debug is for Python, not for {LANGUAGES[self.own.language].title}",
                "Write a program with --repro FILE, and run that in your editor's debugger.",
            )

    def do(self, result: MilestoneResult, *, quiet: bool) -> None:
        """Write it, run it, or only say that both can be done."""
        sentence, program = _first(result)
        if self.file is None and not self.debug:
            if program and not quiet:
                print("To see the first failure on its own: sfs test --repro FILE")
                if self.own.language == "python":
                    print("To stop in it with breakpoint() or Ctrl-C:   sfs test --debug")
            return
        said = NONE if not program else ""
        if program and self.file is not None:
            write(self.file, program.encode())
            said = f"In {self.file} are the calls of: {sentence}\n{self._how(self.file)}"
        if said and not quiet:
            print(said)
        if program and self.debug:
            print(
                f"Now the calls of: {sentence}\nWithout the sandbox; breakpoint() stops here, and"
            )
            print("Ctrl-C shows where a call that does not end is busy.\n", flush=True)
            _run(program, self.own.root)

    def _how(self, file: Path) -> str:
        if file.resolve().parent == self.own.root:
            return "Its first line says how to run it."
        return f"Put it into {self.own.root}, and run it there."


def _run(program: str, folder: Path) -> None:
    """Until it ends by itself; Ctrl-C is for it, and not for us."""
    child = subprocess.Popen([sys.executable, "-c", program], cwd=folder)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        child.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def _first(result: MilestoneResult) -> tuple[str, str]:
    """Sentence and program of the failure that is shown first, or of the next that can be repeated."""
    for test in show.by_interest(result):
        if test.failure and test.failure.reproduction:
            return test.sentence or test.name, test.failure.reproduction
    return "", ""
