"""Speed as ratios in one run: `make bench`.

Three questions. What does an official, sandboxed verdict cost beside bare pytest, which runs the same
assertions on an imported reference? How much CPU does the command line need to say anything at all?
How soon after a save does `sfs watch` answer? Each figure is the median of interleaved runs.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).parent.parent
PYTHON = sys.executable
SFS = str(Path(PYTHON).parent / "sfs")
RUNS = 7
# The official verdict may cost this many times bare pytest, and this many seconds.
MOST_RATIO, MOST_SECONDS, MOST_HELP_CPU, MOST_WATCH = 3.0, 1.0, 0.2, 0.3

MILESTONES = {
    "database-system/01-pages": ["page_file"],
    "database-system/02-records": ["record", "slotted_page"],
}


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """Wall time of one command that must succeed."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return time.perf_counter() - began


def bare(milestone: str, modules: list[str], folder: Path) -> tuple[list[str], dict[str, str]]:
    """The peer: pytest, the suites, the reference imported beside them."""
    system, _ = milestone.split("/")
    code = folder / system
    if not code.exists():
        shutil.copytree(ROOT / "solutions" / system / "python", code)
        shutil.copytree(ROOT / "katas" / system / "kit" / "python", code / "kit")
    kit = [f"kit.{p.stem}" for p in (code / "kit").glob("*.py") if p.stem != "__init__"]
    suites = [f"katas/{milestone}/test_visible.py", f"solutions/{milestone}/test_hidden.py"]
    command = [PYTHON, "-m", "pytest", "-q", "-p", "inprocess", "-p", "no:cacheprovider"]
    command += ["-c", os.devnull, "--rootdir", "/", "--import-mode=importlib", *suites]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "benchmarks"),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "BENCH_CODE": str(code),
        "BENCH_MODULES": ",".join([*modules, *kit]),
    }
    return command, environment


def verdicts(folder: Path) -> bool:
    """Official verdict against bare pytest."""
    good = True
    print(f"{'verdict (visible + hidden)':34} {'bare':>8} {'official':>9} {'ratio':>6}")
    for milestone, modules in MILESTONES.items():
        command, environment = bare(milestone, modules, folder)
        official = [SFS, "grade", milestone, "--lang", "python", "--reference", "--fresh"]
        pairs = []
        for turn in range(RUNS + 1):
            pair = seconds(command, environment), seconds(official, dict(os.environ))
            pairs += [pair] if turn else []  # the first warms the file caches
        peer, ours = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(o / p for p, o in pairs)
        good &= ratio <= MOST_RATIO and ours <= MOST_SECONDS
        print(f"{milestone:34} {peer:7.2f}s {ours:8.2f}s {ratio:5.1f}x")
    print(f"{'bar':34} {'':8} {MOST_SECONDS:8.2f}s {MOST_RATIO:5.1f}x")
    return good


def help_cpu() -> bool:
    """CPU seconds of `sfs --help`."""
    figures = []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([SFS, "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    figure = statistics.median(figures)
    print(f"\nsfs --help: {figure:.3f} s of CPU (bar {MOST_HELP_CPU})")
    return figure <= MOST_HELP_CPU


def watch_latency(folder: Path) -> bool:
    """Seconds from a save to the first word of `sfs watch`."""
    home = folder / "watched"
    subprocess.run(
        [SFS, "start", "database-system", "--dir", str(home)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    source = home / "page_file.py"
    source.write_bytes(
        (ROOT / "solutions" / "database-system" / "python" / "page_file.py").read_bytes()
    )
    command = [SFS, "watch"]
    watch = subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, text=True)
    assert watch.stdout is not None
    figures = []
    try:
        _until(watch.stdout, "tests pass")
        for turn in range(RUNS):
            time.sleep(1.5)  # idle: the next run has warmed up
            began = time.perf_counter()
            with source.open("a") as file:
                file.write(f"# save {turn}\n")
            watch.stdout.readline()
            figures.append(time.perf_counter() - began)
            _until(watch.stdout, "tests pass")
    finally:
        watch.send_signal(signal.SIGINT)
        watch.wait()
    figure = statistics.median(figures)
    print(f"sfs watch: {figure:.3f} s from a save to the first answer (bar {MOST_WATCH})")
    return figure <= MOST_WATCH


def _until(lines: TextIO, words: str) -> None:
    while words not in lines.readline():
        pass
    lines.readline()  # the empty line after a verdict


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        good = verdicts(Path(folder))
        good &= watch_latency(Path(folder))
    good &= help_cpu()
    print("all bars met" if good else "NOT all bars met")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
