"""What processes can do to each other: parents, groups, everybody; stopping, ignoring, outliving."""

from tests.attacks.case import Table

processes = Table("processes")

processes.python("killing the parent", "failed", "import os; os.kill(os.getppid(), 9); return 0")
processes.python("killing the group", "crashed", "import os; os.killpg(0, 9); return 0")
processes.python("killing everybody", "failed", "import os; os.kill(-1, 9); return 0")
processes.python(
    "every number",
    "failed",
    """
    import os
    for pid in range(1, 40_000):
        if pid != os.getpid():
            try:
                os.kill(pid, 9)
            except OSError:
                pass
    return 0
""",
)
processes.python(
    "the init of its world",
    "failed",
    """
    import os
    for number in (9, 15, 19, 11):
        try:
            os.kill(1, number)
        except OSError:
            pass
    return 0
""",
)
processes.python(
    "stopping itself",
    "timeout",
    "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    hidden="timeout",
)
processes.python(
    "stopping the parent",
    "failed",
    "import os, signal; os.kill(os.getppid(), signal.SIGSTOP); return 0",
)
processes.python(
    "stopping everybody", "failed", "import os, signal; os.kill(-1, signal.SIGSTOP); return 0"
)
processes.python(
    "stopping the group", "timeout", "import os, signal; os.killpg(0, signal.SIGSTOP)", hidden=None
)
processes.python(
    "a stopped child",
    "passed",
    """
    import os, signal
    if os.fork() == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
    return sum(numbers)
""",
)
processes.python(
    "ignoring every signal",
    "timeout",
    """
    import signal
    for number in signal.valid_signals():
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while True: pass
""",
    hidden=None,
)
DAEMON = """
    import os, sys, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.chdir("/"); {}
            for descriptor in range(256):
                try:
                    os.close(descriptor)
                except OSError:
                    pass
            while True:
                time.sleep(0.01)
        os._exit(0)
    return sum(numbers)
"""
processes.python("a daemon", "passed", DAEMON.format("pass"))
processes.python(
    "a daemon that ignores signals",
    "passed",
    DAEMON.format(
        "import signal; [signal.signal(n, signal.SIG_IGN) for n in (1, 2, 3, 15, 13, 17)]"
    ),
)
processes.python(
    "a daemon that keeps its streams",
    "passed",
    """
    import os, time
    if os.fork() == 0:
        os.setsid()
        while True:
            os.write(1, b"still here\\n"); time.sleep(0.05)
    return sum(numbers)
""",
)
processes.python(
    "a daemon that forks on",
    "passed",
    """
    import os, time
    if os.fork() == 0:
        os.setsid()
        while True:
            if os.fork():
                os._exit(0)
    return sum(numbers)
""",
)
processes.python(
    "zombies",
    "passed",
    """
    import os
    for n in range(40):
        if os.fork() == 0:
            os._exit(0)
    return sum(numbers)
""",
)
processes.python(
    "a thread that holds the exit",
    "passed",
    """
    import threading, time
    threading.Thread(target=time.sleep, args=(1000,)).start()
    return sum(numbers)
""",
)
processes.python(
    "an exit handler that never ends",
    "passed",
    """
    import atexit, time
    atexit.register(time.sleep, 1000)
    return sum(numbers)
""",
)
processes.python(
    "a destructor that never ends",
    "passed",
    """
    import time
    class Slow:
        def __del__(self): time.sleep(1000)
    globals()["kept"] = Slow()
    return sum(numbers)
""",
)
processes.python(
    "a child with the channel",
    "passed",
    """
    import os, subprocess, sys
    os.set_inheritable(3, True)
    subprocess.Popen(["/bin/sleep", "1000"], close_fds=False)
    return sum(numbers)
""",
)
processes.python(
    "uninterruptible waiting",
    "timeout",
    """
    import ctypes, os
    libc = ctypes.CDLL(None)
    if libc.vfork() == 0:
        while True: pass
    os._exit(0)
""",
    hidden=None,
)
processes.python(
    "a debugger on itself",
    "failed",
    """
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    return -1 if libc.ptrace(0, 0, 0, 0) < 0 else -2
""",
)
processes.python(
    "a server that ignores the end",
    "failed",
    """
    import signal, socket
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    server = socket.create_server(("127.0.0.1", config["port"]))
    ready(server.getsockname()[1])
    while True:
        with server.accept()[0] as connection:
            connection.sendall(connection.recv(100))
""",
    shape="serve",
    hidden="failed",
)
processes.python(
    "a server that leaves a child",
    "passed",
    """
    import os, signal, socket, sys, time
    signal.signal(signal.SIGTERM, lambda *given: sys.exit(0))
    server = socket.create_server(("127.0.0.1", config["port"]))
    if os.fork() == 0:
        os.setsid(); signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True: time.sleep(1)
    ready(server.getsockname()[1])
    while True:
        with server.accept()[0] as connection:
            connection.sendall(connection.recv(100))
""",
    shape="serve",
)
for name, port in {
    "no port": "'80'",
    "a port of nobody": "1",
    "a negative port": "-5",
    "a huge port": "1 << 40",
    "an object": "object()",
}.items():
    processes.python(
        f"a server at {name}",
        "failed",
        f"import time\nready({port})\ntime.sleep(100)",
        shape="serve",
    )
processes.python(
    "a server that is never ready",
    "timeout",
    "import time; time.sleep(1000)",
    shape="serve",
    hidden=None,
)
processes.python("a server that ends", "failed", "return 0", shape="serve")
processes.python(
    "a server that is ready and dies",
    "failed",
    "import os; ready(12345); os._exit(0)",
    shape="serve",
)

processes.typescript(
    "killing parent and all",
    "failed",
    """
    for (const pid of [process.ppid, 1, -1]) { try { process.kill(pid, "SIGKILL"); } catch {} }
    return 0;
""",
)
processes.typescript(
    "stopping itself", "timeout", 'process.kill(process.pid, "SIGSTOP");', hidden=None
)
processes.typescript(
    "handlers that never end",
    "passed",
    """
    process.on("exit", () => { for (;;) {} }); process.on("SIGTERM", () => {}); setInterval(() => {}, 1);
    return numbers.reduce((a: number, b: number) => a + b, 0);
""",
)
processes.typescript(
    "a worker that never ends",
    "passed",
    """
    const { Worker }: any = process.getBuiltinModule("node:worker_threads");
    new Worker("for (;;) {}", { eval: true });
    return numbers.reduce((a: number, b: number) => a + b, 0);
""",
)
processes.java(
    "a thread that holds the exit",
    "passed",
    """
    new Thread(() -> { while (true) { } }).start();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> { while (true) { } }));
    long sum = 0; for (long n : numbers) sum += n; return sum;
""",
)
processes.java(
    "killing parent and all",
    "failed",
    """
    ProcessHandle.allProcesses().forEach(one -> { try { one.destroyForcibly(); } catch (RuntimeException e) { } });
    ProcessHandle.current().parent().ifPresent(ProcessHandle::destroyForcibly);
    return 0;
""",
)
processes.java(
    "stopping itself",
    "timeout",
    """
    new ProcessBuilder("/bin/sh", "-c", "kill -STOP " + ProcessHandle.current().pid()).start().waitFor();
    return 0;
""",
    hidden=None,
)
