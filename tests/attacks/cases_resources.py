"""Using more than one's share: time, memory, processes, disk, output, answers that are too large."""

from tests.attacks.case import Table

resources = Table("resources")
slow = {
    "hidden": None, "limit": "no answer before the time limit", "together": "time", "timeout": 1.0,
}  # fmt: skip
MEMORY = "more memory than allowed"
DISK = "more to disk than allowed"

# What is ended for something else than its time gets time enough also on a busy machine.
amply = {"together": "limits", "timeout": 10.0, "hidden": None}

# -- time -------------------------------------------------------------------------------------------

resources.python("time in Python", "timeout", "while True: pass", **slow)
resources.python("time in C", "timeout", "import re; re.match('(a+)+$', 'a' * 50 + 'b')", **slow)
resources.python("time in one number", "timeout", "pow(3, 10 ** 9)", **slow)
resources.python("sleep", "timeout", "import time; time.sleep(1000)", **slow)
resources.python(
    "sleep with everything caught",
    "timeout",
    """
    import time
    while True:
        try:
            time.sleep(1000)
        except BaseException:
            continue
""",
    **slow,
)
resources.python(
    "waiting for nobody", "timeout", "import socket; a, b = socket.socketpair(); a.recv(1)", **slow
)
resources.python(
    "a little in every item",
    "timeout",
    """
    import time
    while True:
        time.sleep(0.01)
        yield 0
""",
    shape="items",
    **slow,
)
resources.python(
    "a little in every callback",
    "timeout",
    """
    import time
    while True:
        time.sleep(0.01); sink(0)
""",
    shape="tell",
    **slow,
)
resources.python(
    "time in every processor",
    "timeout",
    """
    import os
    for n in range(32):
        if os.fork() == 0:
            while True: pass
    while True: pass
""",
    **slow,
)

# -- memory -----------------------------------------------------------------------------------------

resources.python(
    "one large object", "failed", "return len(bytearray(64 << 30))", limit="MemoryError"
)
resources.python(
    "a list that grows",
    "failed",
    "x = []\nwhile True: x.append(bytes(1 << 20))",
    limit="MemoryError",
)
resources.python(
    "a text that doubles", "failed", "x = 'x'\nwhile True: x += x", limit="MemoryError"
)
resources.python("one large number", "failed", "return (1 << (1 << 40)) and 0", limit="MemoryError")
resources.python(
    "in many processes",
    "crashed",
    """
    import os, time
    for n in range(16):
        if os.fork() == 0:
            kept = bytearray(300 << 20)
            for at in range(0, len(kept), 4096): kept[at] = 1
            time.sleep(100)
    time.sleep(100)
""",
    limit=MEMORY,
    **amply,
)
resources.python(
    "shared between processes",
    "crashed",
    """
    import mmap, time
    kept = [mmap.mmap(-1, 200 << 20) for n in range(6)]
    for one in kept:
        one.write(b"x" * (200 << 20))
    time.sleep(100)
""",
    limit=MEMORY,
    **amply,
)
resources.python(
    "in the kernel's own tables",
    "crashed",
    """
    import mmap, os, time
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000  # nothing is reserved
    for n in range(3):
        if os.fork() == 0:
            wide = mmap.mmap(-1, 1 << 40, flags=private, prot=mmap.PROT_READ)
            wide.madvise(15)  # no huge pages: every two megabytes read cost a page of tables
            for at in range(0, 1 << 40, 1 << 33):
                wide[at : at + (1 << 33) : 1 << 21]
            time.sleep(100)
    time.sleep(100)
""",
    limit=MEMORY,
    **amply,
)
resources.python(
    "of a server that is waited for",
    "crashed",
    """
    import os, socket, time
    server = socket.create_server(("127.0.0.1", config["port"]))
    ready(server.getsockname()[1])
    connection, _ = server.accept()
    for n in range(6):
        if os.fork() == 0:
            kept = bytearray(300 << 20)
            time.sleep(100)
    time.sleep(100)
""",
    shape="serve",
    limit=MEMORY,
    **amply,
)
resources.python(
    "in a file without a name",
    "failed",
    "import os; return os.memfd_create('x')",
    limit="PermissionError",
)
resources.python(
    "in files in memory",
    "failed",
    """
    for n in range(1000):
        with open(f"/dev/shm/{n}", "wb") as file:
            file.write(bytes(1 << 20))
""",
    limit="No space left",
)
resources.python(
    "in System V segments",
    "failed",
    """
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    for key in range(100):
        if libc.shmget(key + 1, 100 << 20, 0o1666) < 0:
            raise MemoryError("no segment")
""",
    limit="no segment",
)
resources.python(
    "locked in place",
    "failed",
    """
    import ctypes, mmap
    libc = ctypes.CDLL(None, use_errno=True)
    kept = mmap.mmap(-1, 64 << 20)
    if libc.mlock(ctypes.byref(ctypes.c_char.from_buffer(kept)), 64 << 20):
        raise MemoryError("not locked")
""",
    limit="not locked",
)
resources.python(
    "recursion in C without a limit",
    "crashed",
    """
    import sys
    sys.setrecursionlimit(10 ** 9)
    x = []
    for n in range(1_000_000):
        x = [x]
    return repr(x)
""",
    limit="SIGSEGV",
    **amply,
)

# -- processes, descriptors, disk ----------------------------------------------------------------------

resources.python(
    "children without end",
    "failed",
    """
    import os, time
    while True:
        if os.fork() == 0:
            time.sleep(100)
""",
    limit="BlockingIOError",
)
resources.python(
    "children of children",
    "timeout",
    """
    import os
    while True:
        try:
            os.fork()
        except OSError:
            pass
""",
    **slow,
)
resources.python(
    "threads without end",
    "failed",
    """
    import threading, time
    while True:
        threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
""",
    limit="can't start new thread",
)
resources.python(
    "descriptors without end",
    "failed",
    """
    import os
    kept = []
    while True:
        kept.append(os.open("/dev/null", os.O_RDONLY))
""",
    limit="Too many open files",
)
resources.python(
    "disk in /tmp",
    "failed",
    """
    for n in range(1000):
        with open(f"/tmp/{n}", "wb") as file:
            file.write(bytes(1 << 20))
""",
    limit="No space left",
)
resources.python(
    "disk in the working directory",
    "crashed",
    """
    import time
    for n in range(40):
        with open(str(n), "wb") as file:
            file.write(bytes(20 << 20))
    time.sleep(100)
""",
    limit=DISK,
    **amply,
)
resources.python(
    "one large file",
    "failed",
    """
    with open("large", "wb") as file:
        while True:
            file.write(bytes(1 << 20))
""",
    limit="File too large",
)
resources.python(
    "files without end",
    "crashed",
    """
    import os
    n = 0
    while True:
        os.close(os.open(str(n), os.O_CREAT)); n += 1
""",
    limit=DISK,
    **amply,
)

# -- output and answers --------------------------------------------------------------------------------

resources.python(
    "output before a right answer",
    "passed",
    """
    for n in range(2000):
        print("x" * 4096)
    return sum(numbers)
""",
)
resources.python("output without end", "timeout", "while True: print('x' * 65536)", **slow)
resources.python(
    "one line of output",
    "passed",
    "import os, sys; sys.stdout.write('x' * (8 << 20)); return sum(numbers)",
)
resources.python(
    "streams that are closed", "passed", "import os; os.close(1); os.close(2); return sum(numbers)"
)
resources.python(
    "a huge answer", "failed", "return 'x' * (64 << 20)", limit="more than 16777216 bytes"
)
resources.python("a huge list", "failed", "return [0] * (8 << 20)", limit="result")
resources.python(
    "a deep answer", "failed", "x = []\nfor n in range(100_000): x = [x]\nreturn x", limit="deep"
)
resources.python(
    "a cyclic answer", "failed", "x = []; x.append(x); return x", limit="contains itself"
)
resources.python(
    "an answer that holds itself a million times",
    "failed",
    """
    x = [0]
    for n in range(40):
        x = [x, x]
    return x
""",
    limit="result",
)
resources.python("items without end", "timeout", "while True: yield 0", shape="items", **slow)
resources.python(
    "large items without end", "timeout", "while True: yield 'x' * (1 << 20)", shape="items", **slow
)
resources.python(
    "objects without end",
    "failed",
    "while True: yield object()",
    shape="items",
    limit="live handles",
)
resources.python("a huge error", "failed", "raise ValueError('x' * (64 << 20))", limit="ValueError")
resources.python("a huge callback", "failed", "sink('x' * (64 << 20))", shape="tell")
resources.python("an answer for every byte", "passed", "return sum(numbers)")

resources.typescript(
    "time in one expression", "timeout", "/(a+)+$/.test('a'.repeat(50) + 'b');", **slow
)
resources.typescript("a promise in every turn", "timeout", "for (;;) await null;", hidden=None)
resources.typescript(
    "memory",
    "crashed",
    "const x: any[] = []; for (;;) x.push(Buffer.alloc(64 << 20, 1));",
    limit=MEMORY,
    **amply,
)
resources.typescript(
    "memory of the heap",
    "crashed",
    "const x: any[] = []; for (;;) x.push({ a: x.length, b: [x.length] });",
    limit=MEMORY,
    **amply,
)
resources.typescript(
    "children without end",
    "failed",
    """
    const child: any = process.getBuiltinModule("node:child_process");
    for (;;) {
      const one = child.spawnSync("/bin/sh", ["-c", "sleep 100 & sleep 100 & exit 0"], { stdio: "ignore", timeout: 50 });
      if (one.error && one.error.code !== "ETIMEDOUT") throw one.error;
      if (one.status) throw new Error("EAGAIN");
    }
""",
    hidden=None,
)
resources.typescript(
    "a huge answer", "failed", "return 'x'.repeat(64 << 20);", limit="more than 16777216 bytes"
)
resources.typescript(
    "a deep answer",
    "failed",
    "let x: any = []; for (let n = 0; n < 1e5; n++) x = [x]; return x;",
    limit="deep",
)
resources.typescript(
    "a cyclic answer", "failed", "const x: any = []; x.push(x); return x;", limit="contains itself"
)
resources.typescript(
    "items without end", "timeout", "for (;;) yield 0;", shape="items", hidden=None
)

resources.java(
    "memory",
    "failed",
    "List<byte[]> x = new ArrayList<>(); while (true) x.add(new byte[1 << 20]);",
    limit="OutOfMemoryError",
)
resources.java(
    "threads without end",
    "failed",
    """
    while (true) {
        Thread one = new Thread(() -> { try { Thread.sleep(100000); } catch (InterruptedException e) { } });
        one.setDaemon(true); one.start();
    }
""",
    limit="OutOfMemoryError",
)
resources.java(
    "a cyclic answer",
    "failed",
    "List<Object> x = new ArrayList<>(); x.add(x); return x;",
    limit="contains itself",
)
resources.java(
    "a huge answer", "failed", 'return "x".repeat(64 << 20);', limit="more than 16777216 bytes"
)
