"""Scripts in the format of sqllogictest, run on the whole stack: a store on disk, with the optimizer.

Our own are in slt/. The public collection is not part of the project: name the folder in which it lies
in SFS_SQLLOGICTEST, and the environment variable SFS_SQLLOGICTEST_FILES may say which files of it
(a pattern, "select1.test" unless told).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
OURS = sorted((Path(__file__).parent / "slt").glob("*.slt"))
COLLECTION = os.environ.get("SFS_SQLLOGICTEST", "")
PATTERN = os.environ.get("SFS_SQLLOGICTEST_FILES", "select1.test")
THEIRS = sorted(Path(COLLECTION).glob(f"**/{PATTERN}")) if COLLECTION else []
FULLY = ("select1.test", "select2.test", "select3.test")
WRONG = 0.001  # of the records of all other files: PostgreSQL itself refuses a few of them

RUN = """
import sys
from database_slt import agrees, operators, records, unmet
from engine import Engine
from kit.counting_store import CountingStore
from kit.errors import DatabaseError
from optimizer import Optimizer
from store import Store

script, database = sys.argv[1:]
store = CountingStore(Store(database))
engine = Engine(store, Optimizer())
wrong, found = [], records(open(script).read())
for record in found:
    store.reset()
    try:
        rows, error = engine.execute(record.sql)[-1]["rows"], None
    except DatabaseError as raised:
        rows, error = [], f"{type(raised).__name__}: {raised}"
    if record.kind == "query":
        why = error or agrees(record, rows)
        if record.demands and not why:
            steps = store.counts()["steps"]
            why = unmet(record, operators(engine.explain(record.sql)), steps)
    else:
        why = "no error" if record.kind == "error" and not error else error * (record.kind == "ok") if error else ""
    if why:
        wrong.append(f"{script}:{record.line}: {record.sql}\\n    {why}")
print(len(found), len(wrong))
print("\\n".join(wrong[:20]))
"""


def run(code: Path, script: Path, tmp_path: Path) -> tuple[int, int, str]:
    """How many records a script has, how many are wrong, and what is wrong with them."""
    paths = [str(code), str(ROOT / "katas" / "database-system" / "oracles")]
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(script), str(tmp_path / "slt.db")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    counts, _, report = done.stdout.partition("\n")
    count, wrong = map(int, counts.split())
    return count, wrong, report


@pytest.mark.parametrize("script", OURS, ids=lambda path: path.stem)
def test_our_scripts(code: Path, script: Path, tmp_path: Path) -> None:
    """Every record gives what it says, with the plan and the number of steps that it demands."""
    count, wrong, report = run(code, script, tmp_path)
    assert count > 5
    assert wrong == 0, report


@pytest.mark.timeout(7200)
@pytest.mark.skipif(not THEIRS, reason="no public collection: SFS_SQLLOGICTEST names its folder")
def test_the_public_collection(code: Path, tmp_path: Path) -> None:
    """Every record for PostgreSQL in select1 to select3 is right, and 999 of 1,000 of all others; none crashes."""
    total, wrong, reports = 0, 0, []
    for number, script in enumerate(THEIRS):
        folder = tmp_path / str(number)
        folder.mkdir()
        records, bad, report = run(code, script, folder)
        print(f"{script.parent.name}/{script.name}: {records} records, {bad} wrong", flush=True)
        if script.name in FULLY:
            assert bad == 0, report
        else:
            total, wrong = total + records, wrong + bad
            reports += [report] if bad else []
    assert wrong <= total * WRONG, "\n".join(reports)
