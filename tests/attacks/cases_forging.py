"""Results that nobody measured: printed, written to files, put on descriptors, answered unasked."""

from tests.attacks.case import Table

forging = Table("forged results")

forging.python(
    "a printed summary",
    "failed",
    """
    print("===== 12 passed in 0.01s =====")
    print('{"outcome": "passed", "tests": 12}')
    print("##[group]PASSED", flush=True)
    return 0
""",
)
forging.python(
    "a printed answer on every stream",
    "failed",
    """
    import os
    line = b'{"jsonrpc": "2.0", "id": "1", "result": %d}\\n' % sum(numbers)
    for descriptor in (0, 1, 2):
        try:
            os.write(descriptor, line)
        except OSError:
            pass
    return 0
""",
)
forging.python(
    "a report on every descriptor",
    "crashed",
    """
    import os
    lines = b'{"test": {"suite": "hidden", "name": "test_total", "outcome": "passed"}}\\n{"done": true}\\n'
    for descriptor in range(3, 256):
        try:
            os.write(descriptor, lines)
        except OSError:
            pass
    return 0
""",
    limit="something that it was not asked",
)
forging.python(
    "an answer to no question",
    "crashed",
    """
    import os
    os.write(3, b'{"jsonrpc": "2.0", "id": "0", "result": 7}\\n')
    return sum(numbers)
""",
    limit="something that it was not asked",
)
forging.python(
    "two answers to one question",
    "failed",
    """
    import sys
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
        request = frame.f_locals.get("request")
        if isinstance(request, dict) and "id" in request:
            import os
            os.write(3, b'{"jsonrpc": "2.0", "id": "%s", "result": 0}\\n' % request["id"].encode())
            break
    return sum(numbers)
""",
)
forging.python(
    "a line that is no JSON",
    "crashed",
    "import os; os.write(3, b'PASSED\\n')\nreturn 0",
    limit="not JSON",
)
forging.python(
    "JSON that is deeper than any parser",
    "crashed",
    "import os; os.write(3, b'[' * 200000 + b'\\n')\nreturn 0",
    limit="not JSON",
)
forging.python(
    "half a line, for ever",
    "timeout",
    """
    import os, time
    os.write(3, b'{"jsonrpc": "2.0", ')
    time.sleep(60)
""",
    hidden=None,
)
forging.python(
    "a line without end",
    "crashed",
    """
    import os
    while True:
        os.write(3, b'x' * 65536)
""",
    limit="larger than",
)
forging.python(
    "a constant that is no JSON",
    "crashed",
    """
    import os
    os.write(3, b'{"jsonrpc": "2.0", "id": "1", "result": NaN}\\n')
    return 0
""",
)
forging.python(
    "a callback that was never given",
    "crashed",
    """
    import os
    os.write(3, b'{"jsonrpc":"2.0","id":"c1","method":"callback","params":{"callback":9,"name":null,"args":[]}}\\n')
    return 0
""",
)
forging.python(
    "a callback by the name of a secret",
    "crashed",
    """
    import os
    for name in ("__class__", "__init__", "__self__", "__globals__"):
        os.write(3, b'{"jsonrpc":"2.0","id":"c7","method":"callback","params":{"callback":1,"name":"%s","args":[]}}\\n' % name.encode())
""",
    shape="tell",
)
forging.python(
    "callbacks without end",
    "timeout",
    """
    while True:
        sink(0)
""",
    shape="tell",
    hidden=None,
)
forging.python(
    "a callback with a number too large",
    "crashed",
    """
    import os
    os.write(3, b'{"jsonrpc":"2.0","id":"c1","method":"callback","params":{"callback":1,"name":null,"args":[{"$ref":%s}]}}\\n' % (b"9" * 5000))
""",
    shape="tell",
)
forging.python(
    "files of results",
    "failed",
    """
    import os
    for name in ("report.json", "results.json", "junit.xml", "results.xml", "grade.txt", ".sfs/progress.db"):
        for folder in (".", "/tmp", "/code", "/tmp/sfs", "/worlds", os.path.expanduser("~")):
            try:
                os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
                with open(f"{folder}/{name}", "w") as file:
                    file.write('{"score": 100, "outcome": "passed"}')
            except OSError:
                pass
    return 0
""",
)
forging.python(
    "a file that the next test would read",
    "failed",
    """
    import os
    for name in ("test_visible.py", "test_hidden.py", "conftest.py", "test_@TAG@.py"):
        for folder in (".", "..", "/tmp", "/code"):
            try:
                with open(f"{folder}/{name}", "w") as file:
                    file.write("def test_total(): pass")
            except OSError:
                pass
    return 0
""",
)
forging.python(
    "written after the exit",
    "crashed",
    """
    import os, time
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        time.sleep(0.3)
        for descriptor in range(3, 64):
            try:
                os.write(descriptor, b'{"outcome": "passed"}\\n')
            except OSError:
                pass
        with open("/tmp/@TAG@", "w") as file:
            file.write("passed")
        os._exit(0)
    os._exit(0)
""",
)
forging.python(
    "answered by a child",
    "crashed",
    """
    import os, time
    if os.fork() == 0:
        time.sleep(0.1)
        os.write(3, b'{"jsonrpc": "2.0", "id": "1", "result": 1}\\n')
        os._exit(0)
    os._exit(0)
""",
)
forging.python(
    "a second channel",
    "failed",
    """
    import os, socket
    one, other = socket.socketpair()
    os.dup2(one.fileno(), 4)
    os.environ["SFS_FD"] = "4"
    return 0
""",
)
forging.python(
    "one's own channel in its place",
    "crashed",
    """
    import os, socket
    one, other = socket.socketpair()
    os.dup2(one.fileno(), 3)
    return sum(numbers)
""",
)
forging.python(
    "a log that holds more than was given",
    "failed",
    """
    with open("log", "w") as file:
        file.write(note + "\\n{'outcome': 'passed'}")
""",
    shape="leave",
)
forging.python(
    "the log as asked",
    "passed",
    """
    with open("log", "w") as file:
        file.write(note)
""",
    shape="leave",
)

forging.typescript(
    "a printed summary",
    "failed",
    """
    console.log("# pass 12\\n# fail 0"); process.stdout.write("ok 1 - all\\n"); return 0;
""",
)
forging.typescript(
    "an answer to no question",
    "crashed",
    """
    const fs: any = process.getBuiltinModule("node:fs");
    for (let fd = 3; fd < 64; fd++) {
      try { fs.writeSync(fd, '{"jsonrpc": "2.0", "id": "1", "result": 7}\\n'); } catch {}
    }
    return 0;
""",
)
forging.typescript(
    "a line without end",
    "crashed",
    """
    const fs: any = process.getBuiltinModule("node:fs");
    const fd = fs.readdirSync("/proc/self/fd").map(Number)
      .find((n: number) => n > 2 && String(link(n)).startsWith("socket:"));
    function link(n: number) { try { return fs.readlinkSync(`/proc/self/fd/${n}`); } catch { return ""; } }
    for (;;) { try { fs.writeSync(fd, "x".repeat(65536)); } catch {} }
""",
)
forging.typescript(
    "written in a later turn",
    "failed",
    """
    const fs: any = process.getBuiltinModule("node:fs");
    setTimeout(() => fs.writeSync(3, '{"outcome": "passed"}\\n'), 1000);
    return 0;
""",
)

forging.java(
    "a printed summary",
    "failed",
    """
    System.out.println("OK (12 tests)"); System.err.println("BUILD SUCCESS"); return 0;
""",
)
forging.java(
    "an answer to no question",
    "crashed",
    """
    String line = "{\\"jsonrpc\\": \\"2.0\\", \\"id\\": \\"1\\", \\"result\\": 7}\\n";
    java.lang.reflect.Field number = java.io.FileDescriptor.class.getDeclaredField("fd");
    number.setAccessible(true);
    for (int fd = 3; fd < 64; fd++) {
        java.io.FileDescriptor descriptor = new java.io.FileDescriptor();
        number.setInt(descriptor, fd);
        try {
            new java.io.FileOutputStream(descriptor).write(line.getBytes());
        } catch (java.io.IOException closed) {
            continue;
        }
    }
    return 0;
""",
)

# -- answers that the host would never give -------------------------------------------------------

FORGED = dict(
    top="""
        import json, os, sys

        def say(**message):
            os.write(3, json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\\n")

        def request():
            frame = sys._getframe()
            while frame.f_back:
                frame = frame.f_back
                found = frame.f_locals.get("request")
                if isinstance(found, dict) and "id" in found:
                    return found["id"]

        def told(**data):
            say(id=request(), error={"code": -32000, "message": "no", "data": {"class": "E", **data}})
    """,
    together="forged answers",
)
HALF = "\\ud800"  # of a character: JSON can say it, a report cannot
for code in (-32003, -32004, -32099, 0):
    forging.python(
        f"an error of the host's own, {code}",
        "failed",
        f"say(id=request(), error={{'code': {code}, 'message': note, 'data': {{}}}})\nreturn 0",
        **FORGED,
    )
forging.python(
    "an error that is nothing",
    "failed",
    "say(id=request(), error={'code': [], 'message': {}, 'data': []})\nreturn 0",
    **FORGED,
)
forging.python(
    "an error in half characters",
    "failed",
    f"told(bases=['{HALF}'], fields={{'{HALF}': '{HALF}'}},"
    f" frames=[dict(file='{HALF}', line=1, function='{HALF}', text='{HALF}')])\nreturn 0",
    **FORGED,
)
forging.python(
    "an object of half a class",
    "failed",
    f"say(id=request(), result={{'$ref': 1, 'type': '{HALF}'}})\nreturn 0",
    **FORGED,
)
forging.python(
    "a class of half a character",
    "failed",
    f"raise type('{HALF}', (Exception,), {{}})('{HALF}')",
    **FORGED,
)
forging.python(
    "a line that no number tells",
    "failed",
    "told(frames=[dict(file='a', line=10 ** 300, function='f', text='t')])\nreturn 0",
    **FORGED,
)
for kind, number in (("list", "[]"), ("object", "{}"), ("text", "'1'"), ("truth", "True")):
    forging.python(
        f"a callback by a {kind}",
        "crashed",
        f"say(id='c1', method='callback', params=dict(callback={number}, name=None, args=[]))\n",
        shape="tell",
        **FORGED,
    )
forging.python(
    "an object of a number that was never given",
    "failed",
    """
    say(id=request(), result={"$ref": 77, "type": "list"})
    asked = json.loads(os.read(3, 1 << 16))
    say(id=asked["id"], result=[{"error": {"code": -32003, "message": note, "data": {"ref": 77}}}])
    return 0
""",
    shape="many",
    **FORGED,
)
forging.python(
    "an answer too deep to be given back",
    "failed",
    "say(id=request(), result=eval('[' * 66 + ']' * 66))\nreturn 0",
    shape="back",
    **FORGED,
)
