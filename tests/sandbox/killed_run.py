"""A run that is there to be killed: a runner encloses a trusted process, which starts two hosts.

Started without arguments it is a nest of runners: for each mark on a line of its input it forks one
and says its pid, so that a try costs no start of an interpreter. With "alone" behind the mark, the
runner starts a host without an enclosure, as plain pytest does.
"""

import os
import sys
from pathlib import Path

from grader.machine.sandbox import LIFELINE, Command, Sandbox, hold_lifeline

MARK = "SFS_TEST_MARK"
HOST = "sleep 1000 & setsid sleep 1000 & sleep 1000"
ROOT = Path(__file__).resolve().parents[2]


def nest() -> None:
    sandbox = Sandbox.detect(os.environ)
    print("ready", flush=True)
    for line in sys.stdin:
        mark, _, alone = line.strip().partition(" ")
        pid = os.fork()
        if pid == 0:
            lone(sandbox, mark) if alone else run(sandbox, mark)
        print(pid, flush=True)
        os.waitpid(pid, 0)
        print("over", flush=True)


def run(sandbox: Sandbox, mark: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k in ("PATH", "PYTHONPATH")}
    process = sandbox.enclose(
        (sys.executable, __file__, mark),
        visible=[ROOT, *map(Path, filter(None, sys.path))],
        environment={**environment, MARK: mark, "PYTHONDONTWRITEBYTECODE": "1"},
        tmp_bytes=1 << 20,
    )
    process.wait(None)
    os._exit(0)


def lone(sandbox: Sandbox, mark: str) -> None:
    sandbox.start(Command(("/bin/sh", "-c", HOST), environment={MARK: mark})).wait(None)
    os._exit(0)


def trusted(mark: str) -> None:
    hold_lifeline(int(os.environ[LIFELINE]))
    sandbox = Sandbox.detect(os.environ)
    command = Command(("/bin/sh", "-c", HOST), environment={MARK: mark})
    hosts = [sandbox.start(command) for _ in range(2)]
    while all(host.wait(0.01) is None for host in hosts):
        pass


if __name__ == "__main__":
    trusted(sys.argv[1]) if len(sys.argv) > 1 else nest()
