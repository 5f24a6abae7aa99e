"""What works on this machine, and what to do about the rest. Prints nothing.

Each check looks at one thing that a learner, a class or a grading machine may need, and really does
it where that is quick: sandboxes are nested, runtimes are started in them. `bad` is what grading
cannot do without, `warn` what some systems or languages need.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from grader.course.languages import LANGUAGES, Runtime, supported_platform
from grader.errors import GraderError, RuntimeMissing, SandboxUnavailable
from grader.machine import ground, scratch
from grader.machine.process import Ending, Limits
from grader.machine.sandbox import Command, Mount, Sandbox

OLDEST_PYTHON = (3, 11)
START_SECONDS = 30.0  # a runtime's first start on a slow disk
MEBI = 1 << 20
MEMORY_WANTED = 2048 * MEBI  # two runs side by side, each with a Java host
DISK_WANTED = 500 * MEBI

State = Literal["ok", "warn", "bad"]
Environ = Mapping[str, str]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `mend` is empty where nothing is to be done."""

    name: str
    state: State
    what: str
    mend: str = ""


def examine(environ: Environ) -> list[Finding]:
    """Everything, in the order in which one would mend it."""
    findings = [python(sys.version_info[:3])]
    if not supported_platform():
        return [*findings, not_linux()]
    sandbox, told = confinement(environ)
    findings += told
    findings += [language(name, environ, sandbox) for name in ("python", "typescript", "java")]
    findings += [box(), memory(ground.read_setting), disk(), git(environ)]
    return findings


def python(version: tuple[int, ...]) -> Finding:
    """The interpreter that runs the grader."""
    said = ".".join(map(str, version))
    if version >= OLDEST_PYTHON:
        return Finding("Python", "ok", said)
    return Finding("Python", "bad", f"{said} is too old", "Use Python 3.11 or later.")


def not_linux() -> Finding:
    """Elsewhere there is nothing to confine code with."""
    return Finding(
        "sandbox",
        "bad",
        "sandboxes need Linux; here code can only be practised with, unconfined",
        "Grade on Linux or in a Linux virtual machine; `sfs test` works here.",
    )


def confinement(environ: Environ) -> tuple[Sandbox | None, list[Finding]]:
    """bubblewrap, nested sandboxes, and the filter; with a sandbox to try other things in."""
    try:
        sandbox = Sandbox.detect(environ)
    except SandboxUnavailable as error:
        return None, [Finding("sandbox", "bad", error.message, error.mend)]
    version = ".".join(map(str, ground.bwrap_version(str(sandbox.bwrap))))
    who = "as root" if sandbox.root else "as a plain user, in user namespaces"
    return sandbox, [
        Finding("bubblewrap", "ok", f"{version} at {sandbox.bwrap}"),
        Finding("sandbox", "ok", f"a sandbox in a sandbox works {who}"),
        filtered(sandbox),
    ]


def filtered(sandbox: Sandbox) -> Finding:
    """Whether the kernel took the filter of system calls."""
    ending, _ = attempt(sandbox, ("/bin/grep", "-q", "^Seccomp:.*2", "/proc/self/status"))
    if ending == Ending("exited", 0):
        return Finding("system call filter", "ok", f"in force on {os.uname().machine}")
    return Finding(
        "system call filter",
        "bad",
        "the kernel does not filter system calls",
        "Use a kernel with CONFIG_SECCOMP_FILTER, as all distributions have.",
    )


def language(name: str, environ: Environ, sandbox: Sandbox | None) -> Finding:
    """Whether a language's runtime is there and starts in a sandbox."""
    title = f"code in {LANGUAGES[name].title}"
    try:
        runtime = LANGUAGES[name].runtime(environ)
    except RuntimeMissing as error:
        return Finding(title, "warn", error.message, error.mend)
    if sandbox is None:
        return Finding(title, "warn", "its runtime is here, but there is no sandbox to try it in")
    try:
        ending, said = attempt(sandbox, version_question(name, runtime), runtime)
    except GraderError as error:
        return Finding(title, "bad", error.message, error.mend)
    if ending == Ending("exited", 0):
        return Finding(
            title, "ok", f"{said.splitlines()[0] if said else 'it'} starts in the sandbox"
        )
    how = ending.describe() if ending else "did not answer in time"
    return Finding(title, "bad", f"{runtime.argv[0]} in the sandbox {how}", "Install it anew.")


def version_question(name: str, runtime: Runtime) -> tuple[str, ...]:
    """The quickest thing that a runtime does in earnest, telling its version; Node strips a type."""
    if name == "typescript":
        script = "const version: string = process.version; console.log('Node', version)"
        return (runtime.argv[0], "--input-type=module-typescript", "-e", script)
    return (runtime.argv[0], "--version" if name == "java" else "-V")


def attempt(
    sandbox: Sandbox, argv: tuple[str, ...], runtime: Runtime | None = None
) -> tuple[Ending | None, str]:
    """Run a short command confined: how it ended (None if it takes too long), and what it said."""
    command = Command(argv)
    if runtime:
        command = Command(
            argv,
            mounts=tuple(Mount(source, target) for source, target in runtime.mounts),
            limits=Limits(memory=runtime.memory, processes=runtime.processes),
            environment=runtime.environment,
        )
    process = sandbox.start(command)
    try:
        ending = process.wait(START_SECONDS)
        with contextlib.suppress(BlockingIOError):
            return ending, os.read(process.stdout, 4096).decode("utf-8", "replace")
        return ending, ""
    finally:
        process.kill()
        os.close(process.stdout)
        os.close(process.stderr)


def box() -> Finding:
    """The private computers of the container engine."""
    try:
        from grader.box.box import probe
        from grader.box.plan import FULL, NONE
    except ImportError:
        return Finding("private computer", "warn", "not part of this installation")
    level, reasons = probe()
    why = "; ".join(reasons)
    if level == FULL:
        return Finding("private computer", "ok", "with a range of user ids: all milestones")
    if level == NONE:
        return Finding("private computer", "warn", why, ground.mend(ground.read_setting))
    return Finding(
        "private computer", "warn", "works with one user id; some milestones need more", why
    )


def memory(setting: ground.Setting) -> Finding:
    """Runs keep their files in memory."""
    for line in (setting("/proc/meminfo") or "").splitlines():
        if line.startswith("MemAvailable:"):
            free = int(line.split()[1]) * 1024
            said = f"{free // MEBI:,} MiB available"
            if free >= MEMORY_WANTED:
                return Finding("memory", "ok", said)
            return Finding("memory", "warn", said, "Grade one milestone at a time.")
    return Finding("memory", "warn", "how much is available is not known")


def disk() -> Finding:
    """For workspaces and the record of attempts."""
    folder = scratch.place(os.environ)
    free = shutil.disk_usage(folder).free
    said = f"{free // MEBI:,} MiB free in {folder}"
    if free >= DISK_WANTED:
        return Finding("disk", "ok", said)
    return Finding("disk", "warn", said, "Make room, or set TMPDIR to a folder that has some.")


def git(environ: Environ) -> Finding:
    """Not needed to grade; kept attempts and class copies are nicer with it."""
    found = shutil.which("git", path=environ.get("PATH", os.defpath))
    if found:
        return Finding("git", "ok", found)
    return Finding("git", "warn", "not on this machine", "Install git to keep your own history.")
