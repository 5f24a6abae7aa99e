"""What a hidden test gives to the code must not come out: not in a report, not into another test."""

from tests.attacks.case import Table

# Each of these was given the hidden note, and says it as loudly as it can. The visible tests were given
# another; what may be read in the verdict is looked at by the runner of all cases.
leaks = Table("leaks")

leaks.python("printed", "failed", "print(note, flush=True); print(note * 1000)\nreturn 0")
leaks.python("on standard error", "failed", "import sys; sys.stderr.write(note)\nreturn 0")
leaks.python("as an answer", "failed", "return note")
leaks.python("in a list", "failed", "return [note] * 1000")
leaks.python("as an error", "failed", "raise ValueError(note)")
leaks.python("as the class of an error", "failed", "raise type(note, (Exception,), {})(note)")
leaks.python(
    "as a field of an error",
    "failed",
    "e = ValueError('x'); e.note = note; setattr(e, note, 1)\nraise e",
)
leaks.python(
    "as a function's name",
    "failed",
    """
    def told(): raise ValueError("x")
    told.__code__ = told.__code__.replace(co_name=note, co_qualname=note, co_filename="/code/" + note)
    told()
""",
)
leaks.python("as a note of an error", "failed", "e = ValueError('x'); e.add_note(note)\nraise e")
leaks.python("as a cause", "failed", "raise ValueError('x') from KeyError(note)")
leaks.python("as not built", "todo", "raise NotImplementedError(note)")
leaks.python("as an exit", "failed", "raise SystemExit(note)")
leaks.python("as a class", "failed", "return type(note, (), {})()")
leaks.python("as a key that cannot cross", "failed", "return {type(note, (), {})(): note}")
leaks.python("as a status", "crashed", "import os; os._exit(ord(note[-1]))")
leaks.python(
    "as a process's name",
    "failed",
    """
    import ctypes, threading
    ctypes.CDLL(None).prctl(15, note.encode(), 0, 0, 0)
    threading.current_thread().name = note
    return 0
""",
)
leaks.python(
    "as last words",
    "crashed",
    "import os, sys; sys.stderr.write(note); sys.stderr.flush(); os.abort()",
)
leaks.python(
    "as a message to nobody",
    "crashed",
    """
    import json, os
    os.write(3, json.dumps({"jsonrpc": "2.0", "id": note, "result": note}).encode() + b"\\n")
    return 0
""",
)
leaks.python(
    "as a method that is not there",
    "crashed",
    """
    import json, os
    os.write(3, json.dumps({"jsonrpc": "2.0", "id": "c1", "method": "callback",
        "params": {"callback": 1, "name": note, "args": [note]}}).encode() + b"\\n")
    return 0
""",
    shape="tell",
)
leaks.python("told to the test", "failed", "sink(note)", shape="tell")
leaks.python(
    "in files of the working directory",
    "failed",
    """
    for name in (note, "log", "x.log"):
        with open(name, "w") as file:
            file.write(note * 3)
""",
    shape="leave",
)
leaks.python("in the items", "failed", "yield note; raise KeyError(note)", shape="items")
leaks.python("in an error of the wrong kind", "failed", "raise Refused(note)", shape="refuse")
leaks.python(
    "by the time it takes", "failed", "import time; time.sleep(int(note[-1], 16) / 50)\nreturn 0"
)
leaks.python(
    "in terminal codes",
    "failed",
    """
    print("\\x1b]0;" + note + "\\x07\\x1b[2J\\x1b]52;c;" + note + "\\x07</pre><script>alert(1)</script>]]>")
    return "\\x1b[2J<script>" + note
""",
)
leaks.python("by the way it does not compile", "failed", "exec(note + ' +')", limit="SyntaxError")
leaks.python("as a warning", "failed", "import warnings; warnings.warn(note)\nreturn 0")
leaks.python(
    "from a thread that dies",
    "failed",
    """
    import threading
    thread = threading.Thread(target=lambda: {}[note]); thread.start(); thread.join()
    return 0
""",
)
leaks.python(
    "without end",
    "timeout",
    """
    while True:
        print(note)
""",
    hidden="timeout",
)
leaks.python(
    "in the program's words",
    "failed",
    """
    print(config["note"], flush=True)
    raise ValueError(config["note"])
""",
    shape="serve",
)
leaks.typescript(
    "printed and thrown", "failed", "console.log(note); console.error(note); throw new Error(note);"
)
leaks.typescript("as an answer", "failed", "return { [note]: note };")
leaks.typescript("as a class", "failed", "return new ({ [note]: class {} } as any)[note]();")
leaks.typescript(
    "as a function's name",
    "failed",
    "const o: any = { [note]() { throw new RangeError(note); } }; o[note]();",
)
leaks.typescript(
    "as an abort", "crashed", "process.title = note; process.stderr.write(note); process.abort();"
)
leaks.java(
    "printed and thrown",
    "failed",
    "System.out.println(note); throw new Exception(note, new Error(note));",
)
leaks.java("as an answer", "failed", "return Map.of(note, note);")
leaks.java(
    "as a thread's name",
    "failed",
    """
    Thread.currentThread().setName(note); new Thread(() -> { throw new Error(note); }, note).start(); return 0;
""",
)

# Worlds of a run share a loopback, which remembers: connections for a minute, packets for ever.
leaks.python(
    "in connections that wait to be forgotten",
    "failed",
    """
    import socket
    seen = {}
    for line in open("/proc/net/tcp").read().splitlines()[1:]:
        for end in line.split()[1:3]:
            number, byte = divmod(int(end.split(":")[1], 16) - 20000, 256)
            seen[number] = byte
    if len(known := [seen[n] for n in range(16) if n in seen]) == 16:
        raise ValueError("gold-" + bytes(known).hex())
    server = socket.create_server(("127.0.0.1", 0), backlog=50)
    for number, byte in enumerate(bytes.fromhex(note[5:])):
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            client.bind(("127.0.0.1", 20000 + number * 256 + byte))
            client.connect(server.getsockname())
            client.shutdown(socket.SHUT_RDWR)
            server.accept()[0].close()
    return 0
""",
    together="waiting connections",
    runs=3,
)
