"""A learner at the real command line, with a home of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess

ROOT = Path(__file__).parent.parent.parent
SFS = Path(sys.executable).parent / "sfs"
REFERENCE = ROOT / "solutions" / "database-system" / "python"


class Shell:
    """Runs `sfs` in a folder, with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home
        self.environment = {**os.environ, "HOME": str(home), "COLUMNS": "100"}
        self.environment.pop("NO_COLOR", None)

    def run(self, *arguments: str, before: Sequence[str | Path] = ()) -> CompletedProcess[str]:
        """One command to its end; `before` is what it is started by."""
        done = subprocess.run(
            [*before, SFS, *arguments],
            cwd=self.folder, env=self.environment, capture_output=True, text=True,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        return done

    def sfs(self, *arguments: str, status: int = 0) -> str:
        """All that a command says."""
        done = self.run(*arguments)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def refused(self, *arguments: str, before: Sequence[str | Path] = ()) -> str:
        """What a command says that ends with status 2: two lines, what is wrong and the mend."""
        done = self.run(*arguments, before=before)
        assert done.returncode == 2, done.stdout + done.stderr
        assert re.fullmatch(r"sfs: .+\n  .+\n", done.stderr), done.stderr
        return done.stdout + done.stderr

    def json(self, *arguments: str, status: int = 0) -> object:
        """What a command says to a program."""
        done = self.run(*arguments)
        assert done.returncode == status, done.stderr
        return json.loads(done.stdout)

    def solve(self, name: str) -> None:
        """Put the reference in, as somebody would have written it."""
        text = (REFERENCE / name).read_text("utf-8")
        text = re.sub(r"^[ \t]*# (BEGIN|END) SOLUTION.*\n", "", text, flags=re.M)
        (self.folder / name).write_text(text, "utf-8")
