"""Changing the tools that judge: test framework, assertions, clocks, random numbers, the host itself."""

from tests.attacks.case import Table

patching = Table("patching")

# -- Python -----------------------------------------------------------------------------------------

patching.python(
    "pytest's own assertion",
    "failed",
    """
    import sys
    for name in ("pytest", "_pytest", "_pytest.outcomes", "_pytest.runner", "pluggy"):
        try:
            __import__(name)
        except ImportError:
            continue
        vars(sys.modules[name])["fail"] = lambda *given: None
        return "there is a pytest"
    return 0
    """,
)
patching.python(
    "a pytest of one's own",
    "failed",
    """
    import sys, types
    fake = types.ModuleType("pytest")
    fake.fail = fake.skip = fake.raises = lambda *given, **more: None
    sys.modules["pytest"] = sys.modules["_pytest"] = fake
    return fake.skip() or 0
    """,
)
patching.python(
    "unittest",
    "failed",
    """
    import unittest
    unittest.TestCase.assertEqual = lambda *given: None
    unittest.TestCase.run = lambda self, result: result.addSuccess(self)
    return 0
    """,
)
patching.python(
    "no AssertionError",
    "failed",
    """
    import builtins
    class Quiet(Exception):
        pass
    builtins.AssertionError = Quiet
    return 0
    """,
)
patching.python(
    "all comparisons agree",
    "failed",
    """
    import builtins, operator
    operator.eq = operator.is_ = lambda one, other: True
    builtins.all = builtins.any = lambda some: True
    builtins.isinstance = lambda value, kind: True
    return 0
    """,
)
patching.python(
    "int agrees with everything",
    "failed",
    """
    import ctypes, gc
    table = gc.get_referents(int.__dict__)[0] if gc.get_referents(int.__dict__) else {}
    names = next((d for d in gc.get_referents(int) if isinstance(d, dict)), table)
    if isinstance(names, dict):
        names["__eq__"] = lambda one, other: True
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(int))
    return 0
    """,
)
patching.python(
    "one is two",
    "failed",
    """
    import ctypes
    ctypes.c_uint32.from_address(id(12345) + 24).value = 1
    return 12345
    """,
)
patching.python(
    "time stands still",
    "timeout",
    """
    import time
    time.time = time.monotonic = time.perf_counter = lambda: 0.0
    time.sleep(60)
    """,
    hidden=None,
    limit="no answer before the time limit",
)
patching.python(
    "random is known",
    "failed",
    """
    import random
    random.seed(0)
    random.Random.randrange = random.randrange = random.randint = lambda *given: 0
    random.Random.__init__ = lambda *given: None
    return 0
    """,
)
patching.python(
    "hash is known",
    "failed",
    """
    import builtins, hashlib, secrets, os
    builtins.hash = lambda value: 0
    os.urandom = lambda count: bytes(count)
    secrets.token_hex = lambda count: "0" * count
    hashlib.sha256 = lambda *given: None
    return 0
    """,
)
patching.python(
    "json",
    "failed",
    """
    import json
    json.dumps = lambda *given, **more: '{"result": "all passed"}'
    json.loads = lambda *given, **more: {}
    json.JSONEncoder.encode = lambda *given: "true"
    return 0
    """,
)
patching.python(
    "os.write",
    "failed",
    """
    import os, socket
    os.write = lambda descriptor, data: len(data)
    os.read = lambda *given: b""
    socket.socket.send = socket.socket.sendall = lambda *given: None
    return 0
    """,
)
patching.python(
    "the host's own answer",
    "failed",
    """
    import sys
    frame = sys._getframe()
    while frame:
        me = frame.f_locals.get("self")
        if type(me).__name__ == "Host":
            type(me).call = lambda self, params: True
            me.answer = lambda method, request: {"passed": True}
        frame = frame.f_back
    return 0
    """,
)
patching.python(
    "the host's encoder",
    "failed",
    """
    import gc
    for kind in [o for o in gc.get_objects() if isinstance(o, type)]:
        if kind.__name__ in ("Encoder", "Values", "Wire"):
            kind.whole = kind.encode = lambda *given, **more: {"$ref": 1, "type": "int"}
    return 0
    """,
)
patching.python(
    "a profile that changes what is returned",
    "failed",
    """
    import sys
    def watch(frame, event, given):
        for name in ("result", "value", "outcome"):
            if name in frame.f_locals:
                frame.f_locals[name] = True
    sys.setprofile(watch)
    return 0
    """,
)
patching.python(
    "an excepthook that leaves with 0",
    "failed",
    """
    import os, sys, threading
    sys.excepthook = threading.excepthook = sys.unraisablehook = lambda *given: os._exit(0)
    raise ValueError("as usual")
    """,
    limit="ValueError",
)
patching.python(
    "an import hook",
    "failed",
    """
    import builtins
    true_import = builtins.__import__
    def lying(name, *given, **more):
        module = true_import(name, *given, **more)
        vars(module).setdefault("skip", None)
        return module
    builtins.__import__ = lying
    return 0
    """,
)
patching.python(
    "signals of the time limit are ignored",
    "timeout",
    """
    import signal
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    signal.setitimer = lambda *given: None
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        pass
    """,
    hidden=None,
)
patching.python(
    "what was patched in a test before",
    "passed",
    """
    import builtins, math, sys
    assert not hasattr(builtins, "patched") and "patched" not in sys.modules
    assert math.floor(1.5) == 1
    builtins.patched = sys.modules["patched"] = math
    math.floor = lambda value: 7
    return sum(numbers)
    """,
)
patching.python(
    "everything at import",
    "failed",
    "return 0",
    top="""
    import builtins, time, random, sys
    builtins.AssertionError = type("Quiet", (Exception,), {})
    time.time = time.monotonic = lambda: 0.0
    random.Random = None
    sys.exit = sys.stdout.write = sys.stderr.write = lambda *given: 0
    """,
)

# -- TypeScript -------------------------------------------------------------------------------------

patching.typescript(
    "JSON and the descriptors",
    "failed",
    """
    const fs: any = process.getBuiltinModule("node:fs");
    JSON.stringify = () => '{"result": true}';
    JSON.parse = () => ({});
    fs.writeSync = (_: number, data: any) => data.length;
    fs.readSync = () => 0;
    return 0;
    """,
)
patching.typescript(
    "assert",
    "failed",
    """
    const assert: any = process.getBuiltinModule("node:assert");
    for (const name of Object.keys(assert)) { try { assert[name] = () => {}; } catch {} }
    return 0;
    """,
)
patching.typescript(
    "what all objects inherit",
    "failed",
    """
    for (const proto of [Object.prototype, Number.prototype, Array.prototype, String.prototype] as any[]) {
      proto.toJSON = () => "right";
      proto.valueOf = () => 7;
      proto.equals = () => true;
    }
    Object.is = () => true;
    return 0;
    """,
)
patching.typescript(
    "time and random",
    "failed",
    """
    Date.now = () => 0;
    performance.now = () => 0;
    process.hrtime = (() => [0, 0]) as any;
    Math.random = () => 0;
    return Math.random();
    """,
)
patching.typescript(
    "all that the host might call",
    "failed",
    """
    const give = (value: unknown) => () => value;
    Reflect.apply = give(true) as any;
    Reflect.construct = give({}) as any;
    Function.prototype.call = Function.prototype.apply = give(true) as any;
    Array.isArray = give(true) as any;
    Buffer.from = give(new Uint8Array(0)) as any;
    Map.prototype.get = Map.prototype.set = give(undefined) as any;
    return 0;
    """,
)
patching.typescript(
    "generators and promises",
    "failed",
    """
    const steps = Object.getPrototypeOf(Object.getPrototypeOf((function* () {})()));
    steps.next = () => ({ done: true, value: true });
    Promise.prototype.then = function () { return this; };
    return 0;
    """,
    hidden=None,
)

# -- Java -------------------------------------------------------------------------------------------

patching.java(
    "small numbers are others",
    "failed",
    """
    try {
        Class<?> cache = Class.forName("java.lang.Integer$IntegerCache");
        java.lang.reflect.Field field = cache.getDeclaredField("cache");
        field.setAccessible(true);
        Integer[] kept = (Integer[]) field.get(null);
        Arrays.fill(kept, kept[0]);
    } catch (RuntimeException closed) {
        return closed.getClass().getName();
    }
    return 7;
    """,
)
patching.java(
    "the host's fields",
    "failed",
    """
    for (Class<?> kind : List.of(Class.forName("sfs.Host"), Class.forName("sfs.Wire"))) {
        for (java.lang.reflect.Field field : kind.getDeclaredFields()) {
            try {
                field.setAccessible(true);
                if (field.getType() == boolean.class) field.setBoolean(null, true);
            } catch (RuntimeException | IllegalAccessException missed) {
                continue;
            }
        }
    }
    return 0;
    """,
)
patching.java(
    "its streams",
    "failed",
    """
    System.setOut(new java.io.PrintStream(java.io.OutputStream.nullOutputStream()));
    System.setErr(System.out);
    System.out.close();
    Thread.setDefaultUncaughtExceptionHandler((thread, error) -> System.exit(0));
    return 0;
    """,
)
