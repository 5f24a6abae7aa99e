"""Looking for the hidden suite: on disk, in memory, in other processes, in what was inherited.

The question is `vault`: its hidden test wants what only the hidden suite holds, its visible one wants the
total. So a thief who finds nothing passes the one and fails the other; what a thief does find fails
the visible test and can be read there.
"""

from tests.attacks.case import Table

theft = Table("theft")
vault = {"shape": "vault", "hidden": "failed"}

PYTHON = r'''
import os, re, sys

MARK = re.compile(rb"gold" + rb"-[0-9a-f]{32}")
OWN = (b"/code", b"/sfs")


def found(data, note):
    """The first mark that was not given to us."""
    for mark in MARK.findall(data):
        if mark.decode() != note:
            return mark.decode()


def look(path, note, most=1 << 20):
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            return found(os.read(descriptor, most), note)
        finally:
            os.close(descriptor)
    except OSError:
        return None


def walk(top, note, skip=("/proc", "/sys", "/usr", "/opt", "/dev", sys.base_prefix)):
    for folder, folders, names in os.walk(top):
        folders[:] = [f for f in folders if os.path.join(folder, f) not in skip]
        for name in names:
            if mark := look(os.path.join(folder, name), note):
                return mark
'''
thieves = {"top": PYTHON, "together": "theft"}


def python(name: str, body: str) -> None:
    theft.python(name, "passed", f"{body.strip()}\nreturn sum(numbers)", **vault, **thieves)


python(
    "the whole file system",
    """
if mark := walk("/", note):
    return mark
""",
)
python(
    "where the grader stands on this machine",
    """
for path in ("@HIDDEN@", "@REPOSITORY@/.git/HEAD", "@COURSE@/milestones.yaml"):
    assert not os.path.exists(path), path
for top in ("@COURSE@", "@REPOSITORY@", "/work", "/root", "/home", "/workspace", "/srv"):
    if mark := walk(top, note):
        return mark
""",
)
python(
    "beside the working directory",
    """
here = os.getcwd()
while here != "/":
    here = os.path.dirname(here)
    if mark := walk(here, note):
        return mark
for name in ("../../../tmp", "../..", "/tmp/sfs"):
    if mark := walk(name, note):
        return mark
""",
)
python(
    "arguments and environments",
    """
for pid in filter(str.isdigit, os.listdir("/proc")):
    for name in ("cmdline", "environ", "comm", "maps", "mountinfo", "stack", "limits", "auxv"):
        if mark := look(f"/proc/{pid}/{name}", note):
            return mark
        words = open(f"/proc/{pid}/cmdline", "rb").read() if name == "cmdline" else b""
        assert b"test_hidden" not in words and b"solutions" not in words, words
told = repr(sys.argv) + repr(dict(os.environ)) + repr(sys.orig_argv) + repr(sys.path)
assert "hidden" not in told and "solutions" not in told, told
assert "@COURSE@" not in told, told
""",
)
python(
    "what is mounted",
    """
for line in open("/proc/self/mountinfo"):
    assert "hidden" not in line.replace("hidepid", ""), line
    assert "solutions" not in line and "@COURSE@" not in line, line
    if mark := found(line.encode(), note):
        return mark
""",
)
python(
    "memory of others",
    """
for pid in filter(str.isdigit, os.listdir("/proc")):
    if int(pid) == os.getpid():
        continue
    try:
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for line in maps:
                begin, end = (int(x, 16) for x in line.split()[0].split("-"))
                memory.seek(begin)
                if mark := found(memory.read(end - begin), note):
                    return mark
    except (OSError, ValueError, OverflowError):
        continue
""",
)
python(
    "tracing others",
    """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for pid in filter(str.isdigit, os.listdir("/proc")):
    if int(pid) not in (os.getpid(), 0):
        assert libc.ptrace(16, int(pid), 0, 0) != 0, "could trace"
        assert libc.ptrace(0x4206, int(pid), 0, 0) != 0, "could seize"
buffer = ctypes.create_string_buffer(64)
vector = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 64)
for pid in range(1, 50):
    if pid != os.getpid() and libc.process_vm_readv(pid, vector, 1, vector, 1, 0) > 0:
        raise RuntimeError("could read the memory of another")
""",
)
python(
    "roots and folders of others",
    """
for pid in filter(str.isdigit, os.listdir("/proc")):
    for name in ("root", "cwd", "exe", "fd"):
        path = f"/proc/{pid}/{name}"
        try:
            os.listdir(path) if name != "exe" else os.readlink(path)
        except OSError:
            continue
        if int(pid) != os.getpid() and (mark := walk(path + "/tmp", note)):
            return mark
""",
)
python(
    "inherited descriptors",
    """
import fcntl, stat
for number in range(3, 1024):
    try:
        kind = os.fstat(number).st_mode
    except OSError:
        continue
    assert not stat.S_ISREG(kind) or not (mark := found(os.pread(number, 1 << 20, 0), note)), mark
    assert not stat.S_ISDIR(kind), os.readlink(f"/proc/self/fd/{number}")
    if stat.S_ISFIFO(kind):
        raise RuntimeError(f"a pipe at {number}")
kept = [int(n) for n in os.listdir("/proc/self/fd")]
assert len([n for n in kept if n > 2]) <= 3, kept
""",
)
python(
    "descriptors handed over",
    """
import socket, array
channel = socket.socket(fileno=os.dup(3))
channel.setblocking(False)
try:
    data, rights, _, _ = channel.recvmsg(65536, 4096)
    if mark := found(data + b"".join(r[2] for r in rights), note):
        return mark
except OSError:
    pass
""",
)
python(
    "frames and objects",
    """
import gc
frame = sys._getframe()
while frame:
    if mark := found(repr(list(frame.f_locals.values())).encode("utf-8", "replace"), note):
        return mark
    frame = frame.f_back
for thing in gc.get_objects():
    if type(thing) in (list, tuple, dict) and (mark := found(repr(thing)[:100_000].encode("utf-8", "replace"), note)):
        return mark
""",
)
python(
    "one's own memory",
    """
for line in open("/proc/self/maps"):
    begin, end = (int(x, 16) for x in line.split()[0].split("-"))
    if "r" not in line.split()[1] or "[v" in line or end - begin > 64 << 20:
        continue
    try:
        with open("/proc/self/mem", "rb", 0) as memory:
            memory.seek(begin)
            if mark := found(memory.read(end - begin), note):
                return mark
    except (OSError, ValueError, OverflowError):
        continue
""",
)
python(
    "bytecode",
    """
import glob
for pattern in ("/**/__pycache__/*.pyc", "/tmp/**/*.pyc", "/code/**/*", "../**/*.pyc"):
    for path in glob.glob(pattern, recursive=True)[:2000] if pattern != "/**/__pycache__/*.pyc" else ():
        if mark := look(path, note):
            return mark
""",
)
python(
    "core dumps",
    """
import signal, resource
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
child = os.fork()
if child == 0:
    os.kill(os.getpid(), signal.SIGSEGV)
status = os.waitpid(child, 0)[1]
assert not os.WCOREDUMP(status)
for name in ("core", f"core.{child}", "/tmp/core", "/var/crash"):
    assert not os.path.exists(name), name
""",
)
python(
    "the neighbours' network",
    """
import socket
for port in (80, 443, 5432, 6379, 8000, 8080, 8888, 9000):
    with socket.socket() as other:
        other.settimeout(0.05)
        assert other.connect_ex(("127.0.0.1", port)) != 0, port
for address in (("1.1.1.1", 53), ("169.254.169.254", 80), ("10.0.0.1", 80)):
    with socket.socket() as other:
        other.settimeout(0.05)
        assert other.connect_ex(address) != 0, address
names = [line.split()[-1] for line in open("/proc/net/unix") if "@" in line]
for name in names:
    with socket.socket(socket.AF_UNIX) as other:
        other.settimeout(0.05)
        if other.connect_ex("\\0" + name[1:]) == 0:
            raise RuntimeError(name)
""",
)
python(
    "loops and disks",
    """
for path in ("/dev/vda", "/dev/sda", "/dev/mem", "/dev/kmem", "/dev/kmsg", "/proc/kcore", "/dev/fuse", "/dev/loop0"):
    try:
        with open(path, "rb", 0) as file:
            raise RuntimeError(path + repr(file.read(16)))
    except OSError:
        pass
""",
)
python(
    "more rights",
    """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for act in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0]), lambda: os.chroot("/"),
            lambda: os.sethostname("evil") if hasattr(os, "sethostname") else os.setuid(0)):
    try:
        act()
    except OSError:
        continue
    raise RuntimeError("could")
for flags in (0x10000000, 0x20000, 0x40000000, 0x10020000):
    assert libc.unshare(flags) != 0, hex(flags)
assert libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) != 0
assert libc.mount(None, b"/", None, 32 | 4096, None) != 0
assert libc.umount2(b"/proc", 2) != 0
status = open("/proc/self/status").read()
assert "CapEff:\\t0000000000000000" in status and "CapBnd:\\t0000000000000000" in status, status
assert "NoNewPrivs:\\t1" in status and "Seccomp:\\t2" in status, status
for path in ("/usr/bin/su", "/usr/bin/passwd", "/usr/bin/mount", "/usr/bin/sudo"):
    if os.path.exists(path):
        assert os.system(f"echo x | {path} -c id 2>/dev/null | grep -q uid=0") != 0
""",
)
python(
    "other mounts of the same folder",
    """
for number in range(1, 300):
    if mark := look(f"/proc/{number}/root@HIDDEN@", note):
        return mark
for path in ("/newroot", "/oldroot", "/proc/1/root", "/proc/1/cwd", "/worlds", "/sfs", "/classes"):
    if mark := walk(path, note):
        return mark
""",
)
python(
    "handles by number",
    """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
handle = ctypes.create_string_buffer(bytes([8, 0, 0, 0, 1, 0, 0, 0]) + bytes(8), 136)
descriptor = libc.syscall(304, os.open("/", os.O_RDONLY), handle, os.O_RDONLY)
assert descriptor < 0, "open_by_handle_at works"
""",
)

NODE = r"""
const fs: any = process.getBuiltinModule("node:fs");
function found(data: string, note: string) {
  for (const [mark] of data.matchAll(new RegExp("gold" + "-[0-9a-f]{32}", "g"))) if (mark !== note) return mark;
}
function look(path: string, note: string) {
  try {
    if (!fs.statSync(path).isFile() && !path.startsWith("/proc")) return undefined;
    return found(fs.readFileSync(path, "latin1"), note);
  } catch { return undefined; }
}
function walk(top: string, note: string, depth = 8): string | undefined {
  let names: string[] = [];
  try { names = fs.readdirSync(top); } catch { return look(top, note); }
  for (const name of depth ? names : []) {
    const path = top.replace(/\/$/, "") + "/" + name;
    if (/^\/(proc|sys|usr|opt|dev|lib|lib64|bin|sbin)\b/.test(path)) continue;
    const mark = walk(path, note, depth - 1);
    if (mark) return mark;
  }
}
"""


def typescript(name: str, body: str) -> None:
    body = f"{body.strip()}\nreturn numbers.reduce((a: number, b: number) => a + b, 0);"
    theft.typescript(name, "passed", body, **vault, top=NODE, together="theft")


typescript("the whole file system", 'const mark = walk("/", note); if (mark) return mark;')
typescript(
    "what the grader stands on",
    """
for (const path of ["@HIDDEN@", "@COURSE@", "@REPOSITORY@/grader", "/sfs/../work"]) {
  if (fs.existsSync(path)) return path;
}
""",
)
typescript(
    "processes and modules",
    """
for (const pid of fs.readdirSync("/proc").filter((n: string) => /^[0-9]+$/.test(n))) {
  for (const name of ["cmdline", "environ", "maps", "mountinfo"]) {
    const mark = look(`/proc/${pid}/${name}`, note);
    if (mark) return mark;
  }
}
const told = JSON.stringify([process.argv, process.execArgv, process.env, process.title]);
if (/hidden|solutions/.test(told)) return told;
if ((process as any).mainModule || typeof (globalThis as any).require === "function") return "a require";
""",
)
typescript(
    "a heap snapshot",
    """
const v8: any = process.getBuiltinModule("node:v8");
const mark = found(fs.readFileSync(v8.writeHeapSnapshot("/tmp/heap"), "latin1"), note);
if (mark) return mark;
""",
)

JAVA = r"""
    static String found(byte[] data, String note) {
        String text = new String(data, java.nio.charset.StandardCharsets.ISO_8859_1);
        var matcher = java.util.regex.Pattern.compile("gold" + "-[0-9a-f]{32}").matcher(text);
        while (matcher.find()) if (!matcher.group().equals(note)) return matcher.group();
        return null;
    }

    static String walk(java.nio.file.Path top, String note) {
        var paths = new ArrayDeque<java.nio.file.Path>(List.of(top));
        while (!paths.isEmpty()) {
            var path = paths.pop();
            if (path.toString().matches("/(sys|usr|opt|dev|proc|lib|lib64|bin|sbin)(/.*)?")) continue;
            try (var below = java.nio.file.Files.newDirectoryStream(path)) {
                for (var one : below) paths.push(one);
            } catch (java.io.IOException notAFolder) {
                try {
                    if (!java.nio.file.Files.isRegularFile(path)) continue;
                    String mark = found(java.nio.file.Files.readAllBytes(path), note);
                    if (mark != null) return mark;
                } catch (java.io.IOException closed) {
                    continue;
                }
            }
        }
        return null;
    }

    static long sum(List<Long> numbers) {
        long sum = 0; for (long n : numbers) sum += n; return sum;
    }
"""


def java(name: str, body: str) -> None:
    theft.java(
        name, "passed", f"{body.strip()}\nreturn sum(numbers);", **vault, top=JAVA, together="theft"
    )


java(
    "the whole file system",
    """
String mark = walk(java.nio.file.Path.of("/"), note);
if (mark != null) return mark;
""",
)
java(
    "what the grader stands on",
    """
for (String path : List.of("@HIDDEN@", "@COURSE@", "@REPOSITORY@/grader")) {
    if (new java.io.File(path).exists()) return path;
}
String told = System.getProperties().toString() + System.getenv();
if (told.contains("hidden") || told.contains("solutions")) return told;
for (String name : new java.io.File("/proc").list()) {
    var file = java.nio.file.Path.of("/proc", name, "environ");
    if (!name.matches("[0-9]+") || !java.nio.file.Files.isReadable(file)) continue;
    String mark = found(java.nio.file.Files.readAllBytes(file), note);
    if (mark != null) return mark;
}
""",
)
