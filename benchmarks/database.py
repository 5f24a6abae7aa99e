"""The database of the course beside sqlite3, in one run: CPU time, ours by theirs.

Both get the same work, on files, in one process. The reference is written to be read, in Python; SQLite
is written to be fast, in C. What the ratios are for: to see that a milestone has the cost that its
lesson says, and that no change makes it ten times worse. A ratio is the median of interleaved runs.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RUNS = 3
COUNT = 5_000  # keys, rows
STATEMENTS = 400
# What the ratios may be at most.
BARS = {
    "insert of a key": 4, "get of a key": 4, "scan of keys": 4, "durable commit": 2,
    "insert of a row": 15, "select of a row": 15, "select by an index": 60,
    "filter over a table": 12, "group by": 12, "hash join": 100,
}  # fmt: skip

Work = Callable[[], Any]


def timed(work: Work) -> float:
    """CPU seconds."""
    began = time.process_time()
    work()
    return time.process_time() - began


def reference(folder: Path) -> None:
    """Make the reference importable, as it lies before a learner: with the kit beside it."""
    shutil.copytree(ROOT / "katas" / "database-system" / "kit" / "python", folder / "kit")
    for file in (ROOT / "solutions" / "database-system" / "python").glob("*.py"):
        shutil.copy(file, folder)
    sys.path.insert(0, str(folder))


def pairs(seed: int) -> list[tuple[bytes, bytes]]:
    random_ = random.Random(seed)
    return [(random_.randbytes(16), random_.randbytes(50)) for _ in range(COUNT)]


def keys_and_values(folder: Path, run: int) -> dict[str, tuple[Work, Work]]:
    """The store beside a table of blobs."""
    from store import Store

    data = pairs(run)
    keys = [key for key, _ in data]
    ours = Store(str(folder / f"kv{run}.ours"))
    theirs = sqlite3.connect(folder / f"kv{run}.theirs", isolation_level=None)
    theirs.execute("pragma journal_mode = wal")
    theirs.execute("pragma synchronous = full")
    theirs.execute("create table t (k blob primary key, v blob) without rowid")

    def put_ours() -> None:
        for key, value in data:
            ours.put(key, value)
        ours.commit()

    def put_theirs() -> None:
        theirs.execute("begin")
        for pair in data:
            theirs.execute("insert into t values (?, ?)", pair)
        theirs.execute("commit")

    def commits_ours() -> None:
        for key in keys[:STATEMENTS]:
            ours.put(key, b"new")
            ours.commit()

    def commits_theirs() -> None:
        for key in keys[:STATEMENTS]:
            theirs.execute("update t set v = ? where k = ?", (b"new", key))

    one = "select v from t where k = ?"
    return {
        "insert of a key": (put_ours, put_theirs),
        "get of a key": (
            lambda: [ours.get(key) for key in keys],
            lambda: [theirs.execute(one, (key,)).fetchone() for key in keys],
        ),
        "scan of keys": (
            lambda: sum(1 for _ in ours.scan(None, None)),
            lambda: sum(1 for _ in theirs.execute("select k, v from t order by k")),
        ),
        "durable commit": (commits_ours, commits_theirs),
    }


def sql(folder: Path, run: int) -> dict[str, tuple[Work, Work]]:
    """The engine beside sqlite3, on the same statements."""
    from engine import Engine
    from optimizer import Optimizer
    from store import Store

    ours = Engine(Store(str(folder / f"sql{run}.ours")), Optimizer(), autocommit=False)
    theirs = sqlite3.connect(folder / f"sql{run}.theirs", isolation_level=None)
    theirs.execute("begin")
    random_ = random.Random(run)
    setup = [
        "create table t (id integer primary key, n integer, g integer, s text)",
        "create table u (id integer primary key, t_id integer, x integer)",
        "create index by_n on t (n)",
    ]
    rows = [(i, random_.randrange(COUNT), i % 20, f"text {i}") for i in range(COUNT)]
    others = [(i, random_.randrange(COUNT), i) for i in range(COUNT)]
    for statement in setup:
        ours.execute(statement)
        theirs.execute(statement)
    for table, values in (("t", rows), ("u", others)):
        for at in range(0, COUNT, 500):
            literals = ", ".join(str(row) for row in values[at : at + 500])
            ours.execute(f"insert into {table} values {literals}")
            theirs.execute(f"insert into {table} values {literals}")
    ids = [random_.randrange(COUNT) for _ in range(STATEMENTS)]

    def both(statement: str, parameters: list[tuple[Any, ...]]) -> tuple[Work, Work]:
        numbered = statement
        for number in range(statement.count("?")):
            numbered = numbered.replace("?", f"${number + 1}", 1)

        def run_ours() -> list[Any]:
            return [ours.execute(numbered, list(values))[0]["rows"] for values in parameters]

        def run_theirs() -> list[Any]:
            return [theirs.execute(statement, values).fetchall() for values in parameters]

        return run_ours, run_theirs

    fresh = [(COUNT + i, i, i, "new") for i in range(STATEMENTS)]
    return {
        "insert of a row": both("insert into t values (?, ?, ?, ?)", fresh),
        "select of a row": both("select s from t where id = ?", [(i,) for i in ids]),
        "select by an index": both("select id, s from t where n = ?", [(i,) for i in ids]),
        "filter over a table": both("select id from t where n % 7 = 3 and s like '%9%'", [()]),
        "group by": both("select g, count(*), sum(n) from t group by g", [()]),
        "hash join": both("select count(*) from t, u where t.n = u.t_id", [()]),
    }


def main() -> int:
    """Print the table; 1 if a bar is not met."""
    ratios: dict[str, list[float]] = {name: [] for name in BARS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reference(folder)
        for run in range(RUNS):
            for suite in (keys_and_values, sql):
                for what, (ours, theirs) in suite(folder, run).items():
                    ratios[what].append(timed(ours) / max(timed(theirs), 1e-6))
    print(f"{'database-system beside sqlite3':32} {'ratio':>6} {'at most':>8}")
    missed = 0
    for what, found in ratios.items():
        ratio = statistics.median(found)
        missed += ratio > BARS[what]
        print(f"{what:32} {ratio:6.1f} {BARS[what]:8}{'' if ratio <= BARS[what] else '  missed'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
