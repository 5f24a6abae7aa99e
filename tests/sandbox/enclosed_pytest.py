"""Runs pytest in an enclosure, as a run does, and relays what it says."""

import os
import sys
from pathlib import Path

from grader.machine.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    process = Sandbox.detect(os.environ).enclose(
        (sys.executable, "-m", "pytest", *sys.argv[1:]),
        visible=[ROOT, *map(Path, filter(None, sys.path))],
        environment=dict(os.environ),
        tmp_bytes=256 << 20,
    )
    os.set_blocking(process.stdout, True)
    while data := os.read(process.stdout, 1 << 16):
        os.write(1, data)
    ending = process.wait(60)
    process.kill()
    return ending.code if ending else 70


if __name__ == "__main__":
    sys.exit(main())
