"""What code under test may use: bounded, whatever it does."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from grader.machine.process import Limits

MEBI = 1 << 20
SMALL = Limits(memory=128 * MEBI, total_memory=256 * MEBI, processes=16, tmp_bytes=4 * MEBI)


def test_a_fork_bomb_stays_small(room: Any) -> None:
    """fork fails from the limit on; what was made is gone afterwards."""
    told = room.run(
        """
        import json, os, time
        made = 0
        try:
            while made < 1000:
                if os.fork() == 0:
                    time.sleep(100)
                made += 1
        except BlockingIOError:
            pass
        print(json.dumps(made))
        """,
        limits=SMALL,
    ).told()
    assert 8 <= told < 16


def test_a_fork_bomb_that_never_stops_can_be_ended(room: Any, mark: str) -> None:
    """All of it, at once, though it makes new processes as fast as old ones are killed."""
    process = room.begin(
        """
        import os
        print("lit", flush=True)
        while True:
            try:
                os.fork()
            except OSError:
                pass
        """,
        limits=replace(SMALL, processes=32),
        mark=mark,
    )
    room.await_output(process, b"lit")
    time.sleep(0.1)
    room.end(process)
    room.await_none_left(mark, seconds=0)


def test_threads_count_as_processes(room: Any) -> None:
    """They cost the kernel as much."""
    told = room.run(
        """
        import json, threading
        started, leave = 0, threading.Event()
        try:
            while started < 1000:
                threading.Thread(target=leave.wait, daemon=True).start()
                started += 1
        except RuntimeError:
            pass
        print(json.dumps(started))
        """,
        limits=SMALL,
    ).told()
    assert told < 16


def test_two_sandboxes_do_not_share_their_count(room: Any) -> None:
    """One that uses all its processes leaves the other its own."""
    hog = room.begin(
        """
        import os, time
        for _ in range(12):
            if os.fork() == 0:
                time.sleep(100)
        print("full", flush=True)
        time.sleep(100)
        """,
        limits=SMALL,
    )
    room.await_output(hog, b"full")
    ran = room.run("import os\nfor _ in range(8):\n  if os.fork() == 0: os._exit(0)", limits=SMALL)
    room.end(hog)
    assert ran.ending.code == 0, ran.err


def test_one_process_gets_a_memory_error(room: Any) -> None:
    """An honest error, which the program may even handle."""
    told = room.run(
        """
        import json
        try:
            kept = bytearray(200 << 20)
            print(json.dumps("got it"))
        except MemoryError:
            print(json.dumps("refused"))
        """,
        limits=SMALL,
    ).told()
    assert told == "refused"


@pytest.mark.parametrize(
    "hoard",
    [
        "kept = bytearray(os.urandom(4096)) * (80 << 8)",
        "kept = mmap.mmap(-1, 80 << 20); [kept.write(page) for _ in range(20 << 10)]",
    ],
    ids=["its own", "shared"],
)
def test_many_processes_are_ended_for_their_sum(room: Any, hoard: str) -> None:
    """Each stays within the limit on one; together they do not."""
    ran = room.run(
        f"""
        import mmap, os, time
        page = os.urandom(4096)
        for _ in range(8):
            if os.fork() == 0:
                {hoard}
                time.sleep(100)
        time.sleep(100)
        """,
        limits=SMALL,
    )
    assert ran.ending.kind == "memory"
    assert "memory" in ran.ending.describe()


def test_what_children_share_is_not_counted_twice(room: Any) -> None:
    """An honest program that forks after reading its data."""
    told = room.run(
        """
        import json, os, time
        kept = bytearray(os.urandom(4096)) * (15 << 8)
        for _ in range(8):
            if os.fork() == 0:
                time.sleep(0.5)
                os._exit(0)
        time.sleep(0.3)
        print(json.dumps("fine"))
        """,
        limits=SMALL,
    ).told()
    assert told == "fine"


@pytest.mark.parametrize("place", ["/tmp", "/dev/shm"])
def test_temporary_space_is_bounded(room: Any, place: str) -> None:
    """A full disk, as the program's own error."""
    told = room.run(
        f"""
        import errno, json
        with open("{place}/big", "wb", buffering=0) as file:
            size = 0
            try:
                while size < 32 << 20:
                    size += file.write(bytes(1 << 20))
            except OSError as error:
                print(json.dumps([size >> 20, errno.errorcode[error.errno]]))
        """,
        limits=SMALL,
    ).told()
    assert told == [4, "ENOSPC"]


def test_a_file_is_bounded(room: Any) -> None:
    """In the working directory too, which is larger."""
    told = room.run(
        """
        import errno, json
        with open("big", "wb", buffering=0) as file:
            try:
                file.write(bytes(1 << 20))
                file.seek(3 << 20)
                file.write(b"x")
            except OSError as error:
                print(json.dumps(errno.errorcode[error.errno]))
        """,
        limits=replace(SMALL, file_size=2 * MEBI),
    ).told()
    assert told == "EFBIG"


def test_all_files_together_are_bounded(room: Any) -> None:
    """Many files below the limit on one."""
    ran = room.run(
        """
        import time
        for number in range(24):
            with open(f"part{number}", "wb") as file:
                file.write(bytes(1 << 20))
        time.sleep(100)
        """,
        limits=replace(SMALL, disk=16 * MEBI),
    )
    assert ran.ending.kind == "disk"


@pytest.mark.parametrize("place", ["/tmp", "/dev/shm"])
def test_the_number_of_files_is_bounded(room: Any, place: str) -> None:
    """Empty files use the kernel's memory, which no other limit counts."""
    ran = room.run(
        f"""
        import time
        for number in range(3000):
            open(f"{place}/{{number}}", "w").close()
        time.sleep(100)
        """,
        limits=replace(SMALL, files=2000),
    )
    assert ran.ending.kind == "disk"


def test_open_files_are_bounded(room: Any) -> None:
    """Descriptors of one process."""
    told = room.run(
        """
        import errno, json, os
        try:
            while True:
                os.dup(0)
        except OSError as error:
            print(json.dumps([errno.errorcode[error.errno], os.dup2(0, 31)]))
        """,
        limits=replace(SMALL, open_files=32),
    ).told()
    assert told == ["EMFILE", 31]


def test_cpu_time_is_bounded(room: Any) -> None:
    """Also of a program that no one waits for."""
    ran = room.run("while True: pass", limits=replace(SMALL, cpu_seconds=1))
    assert ran.ending.kind == "cpu"


def test_limits_cannot_be_raised_from_inside(room: Any) -> None:
    """What was given up is gone."""
    told = room.run("""
        import json, resource
        kept = []
        for name in ("NPROC", "DATA", "NOFILE", "FSIZE", "CORE"):
            try:
                resource.setrlimit(getattr(resource, "RLIMIT_" + name), (1 << 40, 1 << 40))
                kept.append(name)
            except (ValueError, OSError):
                pass
        print(json.dumps(kept))
    """).told()
    assert told == []


def test_a_crash_leaves_no_core(room: Any) -> None:
    """Neither a file nor the time to write one."""
    ran = room.run("import os, resource; print(resource.getrlimit(4)[0], flush=True); os.abort()")
    assert (ran.ending.kind, ran.ending.code) == ("signaled", 6)
    assert ran.out == "0\n"


def test_locked_memory_is_bounded(room: Any) -> None:
    """It could not be swapped out."""
    told = room.run("""
        import ctypes, json
        block = ctypes.create_string_buffer(1 << 20)
        print(json.dumps(ctypes.CDLL(None).mlock(block, len(block))))
    """).told()
    assert told == -1
