"""Leaving early, so that what would have failed is never asked."""

from tests.attacks.case import Table

exits = Table("early exit")

# -- Python: the process ends -----------------------------------------------------------------------

exits.python("os._exit(0)", "crashed", "import os; os._exit(0)", limit="exited with status 0")
exits.python("os._exit(1)", "crashed", "import os; os._exit(1)", limit="exited with status 1")
exits.python("kill -9 oneself", "crashed", "import os; os.kill(os.getpid(), 9)", limit="SIGKILL")
exits.python("abort", "crashed", "import os; os.abort()", limit="SIGABRT")
exits.python(
    "a segmentation fault", "crashed", "import ctypes; ctypes.string_at(0)", limit="SIGSEGV"
)
exits.python(
    "an alarm", "crashed", "import signal; signal.alarm(1)\nsignal.pause()", limit="SIGALRM"
)
exits.python("exec of true", "crashed", "import os; os.execv('/bin/true', ['true'])")
exits.python(
    "exec of a shell that answers",
    "crashed",
    """
    import os
    os.execv('/bin/sh', ['sh', '-c', 'echo "1 passed"; exit 0'])
    """,
)
exits.python(
    "exit in a thread",
    "crashed",
    """
    import os, threading
    threading.Thread(target=os._exit, args=(0,)).start()
    while True:
        pass
    """,
)
exits.python(
    "the parent of a fork leaves",
    "crashed",
    """
    import os
    if os.fork():
        os._exit(0)
    return sum(numbers)
    """,
)
exits.python(
    "the child of a fork comes back too",
    "passed",
    """
    import os
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
    return sum(numbers)
    """,
)
exits.python(
    "closing everything",
    "crashed",
    "import os; os.closerange(0, 4096)\nreturn sum(numbers)",
)
exits.python(
    "a tracer that leaves",
    "crashed",
    """
    import os, sys
    sys.settrace(lambda *given: os._exit(0))
    return (lambda: sum(numbers))()
    """,
)
exits.python(
    "at exit with status 0",
    "crashed",
    """
    import atexit, os, signal
    atexit.register(os._exit, 0)
    signal.signal(signal.SIGTERM, lambda *given: os._exit(0))
    os.kill(os.getpid(), signal.SIGTERM)
    return 0
    """,
)

# -- Python: the function ends, by an exception that is no error -----------------------------------

exits.python("sys.exit(0)", "failed", "import sys; sys.exit(0)", limit="SystemExit")
exits.python("exit()", "failed", "raise SystemExit", limit="SystemExit")
exits.python("GeneratorExit", "failed", "raise GeneratorExit", limit="GeneratorExit")
exits.python("KeyboardInterrupt", "failed", "raise KeyboardInterrupt", limit="KeyboardInterrupt")
exits.python("StopIteration", "failed", "raise StopIteration(sum(numbers))")
exits.python(
    "interrupting the main thread",
    "failed",
    "import _thread, time; _thread.interrupt_main()\ntime.sleep(0.2)\nreturn 0",
)
exits.python(
    "ending the thread",
    "failed",
    "import _thread; _thread.exit()",
    limit="SystemExit",
)

exits.python(
    "os._exit at import",
    "crashed",
    "return sum(numbers)",
    top="import os; os._exit(0)",
    neighbour="crashed",
    limit="exited with status 0",
)
exits.python(
    "sys.exit at import",
    "failed",
    "return sum(numbers)",
    top="import sys; sys.exit(0)",
    neighbour="failed",
    limit="SystemExit",
)

# -- TypeScript -------------------------------------------------------------------------------------

exits.typescript("process.exit(0)", "crashed", "process.exit(0);", limit="exited with status 0")
exits.typescript("process.exitCode", "failed", "process.exitCode = 0; return 0;")
exits.typescript("reallyExit", "crashed", "(process as any).reallyExit(0);")
exits.typescript("abort", "crashed", "process.abort();")
exits.typescript("kill -9 oneself", "crashed", 'process.kill(process.pid, "SIGKILL");')
exits.typescript(
    "throw in a later turn",
    "failed",
    """
    setTimeout(() => { throw new Error("later"); }, 0);
    return await new Promise(() => {});
""",
)
exits.typescript("a promise that nobody keeps", "failed", "return await new Promise(() => {});")
exits.typescript(
    "a rejection that nobody hears",
    "failed",
    """
    Promise.reject(new Error("unheard"));
    return await new Promise((keep) => setTimeout(() => keep(0), 50));
""",
)
exits.typescript(
    "exit in a turn of its own",
    "crashed",
    """
    setImmediate(() => process.exit(0));
    return await new Promise(() => {});
""",
)
exits.typescript(
    "process.exit at import",
    "crashed",
    "return 0;",
    top="process.exit(0);",
    neighbour="crashed",
    limit="exited with status 0",
)

# -- Java -------------------------------------------------------------------------------------------

exits.java(
    "System.exit(0)", "crashed", "System.exit(0); return null;", limit="exited with status 0"
)
exits.java(
    "halt", "crashed", "Runtime.getRuntime().halt(0); return null;", limit="exited with status 0"
)
exits.java(
    "exit in a shutdown hook",
    "crashed",
    """
    Runtime.getRuntime().addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(0)));
    System.exit(3);
    return null;
""",
    limit="exited with status 0",
)
exits.java("killing the thread", "failed", "throw new ThreadDeath();", limit="ThreadDeath")
