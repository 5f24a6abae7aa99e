"""Changing suites, the grader, one's own folder, or what the test looks at while it looks."""

from tests.attacks.case import Table

tampering = Table("tampering")

WRITE = """
import os
def spoil(path):
    for act in (lambda: open(path, "ab").write(b"spoilt"), lambda: os.unlink(path),
                lambda: os.rename(path, path + "x"), lambda: os.chmod(path, 0o777),
                lambda: os.truncate(path, 0), lambda: os.symlink("/tmp", path + "y"),
                lambda: os.setxattr(path, "user.x", b"x"), lambda: os.link(path, path + "z")):
        try:
            act()
        except (OSError, ValueError):
            continue
        raise RuntimeError("could change " + path)
"""


def spoiling(name: str, *paths: str) -> None:
    body = f"for path in {paths!r}:\n    spoil(path)\nreturn 0"
    tampering.python(
        name, "failed", body, top=WRITE, together="spoiling", limit="not what was expected"
    )


spoiling("the suites", "@HIDDEN@", "@COURSE@/katas/sums/01-sums/test_visible.py", "@COURSE@")
spoiling("the course's table", "@COURSE@/milestones.yaml", "@COURSE@/solutions")
spoiling(
    "the grader",
    "@REPOSITORY@/grader/grading/judge.py",
    "/sfs/host.py",
    "/sfs/host_values.py",
    "/sfs",
)
spoiling("the submission", "/code/answers.py", "/code", "/code/kit/errors.py", "/code/kit")
spoiling("the machine", "/etc/passwd", "/usr/bin/python3", "/bin/sh", "/etc", "/usr", "/")
spoiling("settings of the kernel", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger",
         "/proc/sys/kernel/randomize_va_space", "/sys/kernel", "/proc/1/oom_score_adj")  # fmt: skip
spoiling("the progress record", ".sfs/progress.db", "/tmp/../code/.sfs/progress.db")

tampering.python(
    "its sources change after they were read",
    "failed",
    """
    import sys, linecache, types
    module = sys.modules[__name__]
    module.__file__ = module.__spec__.origin = "/code/right.py"
    linecache.getlines = lambda *given: ["assert True"]
    vars(module)["total"] = lambda case, numbers, note: sum(numbers)
    sys.modules["answers"] = types.ModuleType("answers")
    return 0
""",
)
tampering.python(
    "the answer by another function",
    "passed",
    """
    def better(case, numbers, note):
        return sum(numbers)
    globals()["total"] = better
    return better("", numbers, note)
""",
)
tampering.python(
    "the kit's error is replaced",
    "failed",
    """
    import sys
    kit = sys.modules["kit.errors"]
    kit.Refused = type("Refused", (ValueError,), {})
    raise kit.Refused("no")
""",
    shape="refuse",
)
tampering.python(
    "the process that makes the others",
    "failed",
    """
    import os, signal
    for pid in (0, 1, os.getppid()):
        for act in (lambda: os.kill(pid, 0) if pid != 0 else None,
                    lambda: open(f"/proc/{pid or 1}/oom_score_adj", "w").write("1000"),
                    lambda: open(f"/proc/{pid or 1}/mem", "r+b").write(b"x"),
                    lambda: os.sched_setaffinity(pid, {0})):
            try:
                act()
            except OSError:
                pass
    return 0
""",
)
tampering.python(
    "more time for itself",
    "timeout",
    """
    import os, resource
    for act in (lambda: os.nice(-20), lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)),
                lambda: resource.setrlimit(resource.RLIMIT_CPU, (resource.RLIM_INFINITY,) * 2)):
        try:
            act()
        except (OSError, ValueError):
            continue
        return "could"
    while True:
        pass
""",
    hidden=None,
    limit="no answer before the time limit",
)
tampering.python(
    "higher limits",
    "failed",
    """
    import resource
    for name in dir(resource):
        if name.startswith("RLIMIT_"):
            kind = getattr(resource, name)
            soft, hard = resource.getrlimit(kind)
            try:
                resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            except (OSError, ValueError):
                continue
            if hard != resource.RLIM_INFINITY:
                raise RuntimeError("could raise " + name)
    return 0
""",
    limit="not what was expected",
)
tampering.python(
    "calls of the kernel that nobody needs",
    "failed",
    """
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    refused = {"add_key": 248, "keyctl": 250, "io_uring_setup": 425, "bpf": 321, "perf_event_open": 298,
               "userfaultfd": 323, "mount": 165, "pivot_root": 155, "kexec_load": 246, "init_module": 175,
               "swapon": 167, "reboot": 169, "settimeofday": 164, "setns": 308, "open_tree": 428,
               "fsopen": 430, "move_mount": 429, "quotactl": 179, "acct": 163}
    for name, number in refused.items():
        if libc.syscall(number, 0, 0, 0, 0, 0) >= 0:
            raise RuntimeError("could " + name)
    return 0
""",
    limit="not what was expected",
)
tampering.python(
    "a socket of the machine's",
    "failed",
    """
    import socket
    for family, kind in ((40, 1), (17, 3), (38, 5), (29, 3)):
        try:
            socket.socket(family, kind).bind((0,) * 2)
        except (OSError, TypeError, ValueError):
            continue
        raise RuntimeError(str(family))
    return 0
""",
    limit="not what was expected",
)
tampering.typescript(
    "the submission and the host",
    "failed",
    """
    const fs: any = process.getBuiltinModule("node:fs");
    for (const path of ["/code/answers.ts", "/sfs/host.mjs", "@HIDDEN@", "/etc/passwd", "/opt/node/node"]) {
      for (const act of [() => fs.appendFileSync(path, "x"), () => fs.unlinkSync(path), () => fs.chmodSync(path, 0o777)]) {
        try { act(); } catch { continue; }
        throw new Error("could change " + path);
      }
    }
    return 0;
""",
    limit="not what was expected",
)
tampering.java(
    "the submission and the host",
    "failed",
    """
    for (String path : List.of("/classes/Answers.class", "/classes/sfs/Host.class", "@HIDDEN@", "/etc/passwd")) {
        var file = new java.io.File(path);
        if (file.delete() || file.renameTo(new java.io.File("/tmp/x")) || file.canWrite()) throw new Exception(path);
    }
    return 0;
""",
    limit="not what was expected",
)
