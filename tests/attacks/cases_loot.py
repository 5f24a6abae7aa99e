"""Things left for a later test or a later run: whoever finds one says so, and so does the runner.

Every case is right in what it answers, looks for what others left, and leaves something. It is graded
twice, and passes everywhere as long as nobody finds anything.
"""

from tests.attacks.case import Table

loot = Table("loot")

RIGHT = {
    "python": "\nreturn sum(numbers)",
    "typescript": "\nreturn numbers.reduce((a: number, b: number) => a + b, 0);",
}


def python(name: str, body: str) -> None:
    loot.python(name, "passed", body.strip() + RIGHT["python"], runs=2)


python(
    "files in every place",
    """
import glob, os
for place in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/dev", "/code", "/sfs", "/worlds", ".", "..", "/", "/etc", "/root"):
    found = glob.glob(f"{place}/loot-*") + glob.glob(f"{place}/.loot-*")
    assert not found, found
    for name in (f"{place}/loot-@TAG@", f"{place}/.loot-@TAG@"):
        try:
            with open(name, "w") as file:
                file.write(note)
        except OSError:
            pass
""",
)
python(
    "shared memory",
    """
from multiprocessing import shared_memory
import os
try:
    shared_memory.SharedMemory("loot")
    raise RuntimeError("found")
except FileNotFoundError:
    pass
memory = shared_memory.SharedMemory("loot", create=True, size=4096)
memory.buf[:len(note)] = note.encode()
named = shared_memory.SharedMemory("@TAG@", create=True, size=64)
from multiprocessing import resource_tracker
""",
)
python(
    "System V memory",
    """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for key in (@KEY@, 7):
    assert libc.shmget(key, 0, 0) < 0 and libc.semget(key, 0, 0) < 0 and libc.msgget(key, 0) < 0, "found"
    libc.shmget(key, 4096, 0o1666), libc.semget(key, 1, 0o1666), libc.msgget(key, 0o1666)
""",
)
python(
    "keyrings",
    """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for ring in (-1, -2, -3, -4, -5):
    assert libc.syscall(250, 10, ring, b"user", b"loot", 0) < 0, "found"
    assert libc.syscall(248, b"user", b"@TAG@", note.encode(), len(note), ring) < 0, "kept"
    libc.syscall(248, b"user", b"loot", note.encode(), len(note), ring)
""",
)
python(
    "abstract sockets",
    """
import os, socket
finder = socket.socket(socket.AF_UNIX)
assert finder.connect_ex("\\0loot") != 0, "found"
server = socket.socket(socket.AF_UNIX)
server.bind("\\0loot"); server.listen()
tagged = socket.socket(socket.AF_UNIX)
tagged.bind("\\0@TAG@"); tagged.listen()
if os.fork() == 0:
    os.setsid()
    while True:
        server.accept()[0].send(note.encode())
""",
)
loot.python(
    "the abstract socket of one who takes long to die",
    "passed",
    """
    import os, socket
    finder = socket.socket(socket.AF_UNIX)
    assert finder.connect_ex("\\0long") != 0, "found"
    server = socket.socket(socket.AF_UNIX)
    server.bind("\\0long"); server.listen()
    told, telling = os.pipe()
    if os.fork() == 0:
        weight = bytearray(b"x") * (200 << 20)  # the kernel takes it back before it closes the socket
        os.write(telling, b"x")
        while True:
            server.accept()
    os.read(told, 1)
    return sum(numbers)
""",
    together="slow deaths",
    timeout=10.0,
    runs=3,
)
python(
    "a port",
    """
import os, socket
with socket.socket() as finder:
    assert finder.connect_ex(("127.0.0.1", 34567)) != 0, "found"
server = socket.socket()
server.bind(("127.0.0.1", 34567)); server.listen()
if os.fork() == 0:
    os.setsid()
    while True:
        server.accept()[0].send(note.encode())
""",
)
python(
    "a daemon",
    """
import os
for pid in filter(str.isdigit, os.listdir("/proc")):
    assert b"loot-@TAG@" not in open(f"/proc/{pid}/cmdline", "rb").read(), "found"
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv("/bin/sh", ["loot-@TAG@", "-c", "while :; do sleep 1; done"])
    os._exit(0)
""",
)
python(
    "bytecode",
    """
import glob, os, py_compile
for folder in ("/code/__pycache__", "/sfs/__pycache__", "/code/kit/__pycache__", "/tmp/__pycache__"):
    try:
        os.makedirs(folder, exist_ok=True)
        for name in ("answers", "errors", "host", "host_values", "loot"):
            with open(f"{folder}/{name}.cpython-311.pyc", "wb") as file:
                file.write(b"loot")
    except OSError:
        pass
""",
)
python(
    "one's own sources",
    """
import os, stat
for folder in ("/code", "/sfs", "/code/kit", "/classes", "/opt"):
    for act in (lambda: os.chmod(folder, 0o777), lambda: os.rename(folder, "/tmp/x"),
                lambda: open(f"{folder}/answers.py", "a"), lambda: os.unlink(f"{folder}/answers.py"),
                lambda: os.utime(f"{folder}/answers.py"), lambda: os.symlink("/tmp", f"{folder}/loot")):
        try:
            act()
        except OSError:
            continue
        raise RuntimeError("could write in " + folder)
""",
)
python(
    "a changed clock, host name or limit",
    """
import os, resource, socket, time
assert socket.gethostname() == "sandbox"
for act in (lambda: time.clock_settime(0, 0), lambda: socket.sethostname("loot")):
    try:
        act()
    except OSError:
        continue
    raise RuntimeError("could")
os.nice(5); os.umask(0o777); os.chdir("/"); os.environ["LOOT"] = note
resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
""",
)
python(
    "in the working directory",
    """
import os
assert os.listdir(".") == [], os.listdir(".")
with open("loot", "w") as file:
    file.write(note)
os.mkdir("shut"); os.chmod("shut", 0)
""",
)
python(
    "in locks and queues",
    """
import ctypes, fcntl, os
libc = ctypes.CDLL(None, use_errno=True)
assert libc.mq_open(b"/loot", 0) < 0 if hasattr(libc, "mq_open") else True
hasattr(libc, "mq_open") and libc.mq_open(b"/loot", 0o100 | 2, 0o666, None)
for path in ("/code/answers.py", "/sfs/host.py", "/"):
    descriptor = os.open(path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
""",
)
loot.typescript(
    "files, a port and a child",
    "passed",
    """
    const fs: any = process.getBuiltinModule("node:fs");
    const child: any = process.getBuiltinModule("node:child_process");
    for (const place of ["/tmp", "/dev/shm", "/code", "/sfs", "."]) {
      if (fs.existsSync(`${place}/loot`)) throw new Error("found " + place);
      for (const name of ["loot", "loot-@TAG@"]) { try { fs.writeFileSync(`${place}/${name}`, note); } catch {} }
    }
    if ((globalThis as any).loot) throw new Error("found");
    (globalThis as any).loot = note;
    child.spawn("/bin/sh", ["-c", "while :; do sleep 1; done", "loot-@TAG@"], { detached: true, stdio: "ignore" }).unref();
"""
    + RIGHT["typescript"].replace("\n", "\n    "),
    runs=2,
)
loot.java(
    "files and a child",
    "passed",
    """
    for (String place : List.of("/tmp", "/dev/shm", "/code", "/classes", ".")) {
        var file = new java.io.File(place, "loot");
        if (file.exists()) throw new Exception("found " + place);
        for (String name : List.of("loot", "loot-@TAG@")) {
            try (var out = new java.io.FileWriter(new java.io.File(place, name))) {
                out.write(note);
            } catch (java.io.IOException closed) {
                continue;
            }
        }
    }
    if (System.getProperty("loot") != null) throw new Exception("found");
    System.setProperty("loot", note);
    new ProcessBuilder("/bin/sh", "-c", "while :; do sleep 1; done", "loot-@TAG@").start();
    long sum = 0; for (long n : numbers) sum += n; return sum;
""",
    runs=2,
    together="loot",
)
