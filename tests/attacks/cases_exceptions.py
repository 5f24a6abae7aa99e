"""Exceptions that pose as others, or as outcomes of the framework."""

from tests.attacks.case import Table

posing = Table("posing exceptions")
refused = {"shape": "refuse"}


def posed(name: str, bases: str = "Exception", more: str = "pass", say: str = "-1") -> str:
    return f"class {name}({bases}):\n    {more}\nraise {name}({say!r})"


# The error is told by class name: a class of that name is what the test asks for, whoever made it.
posing.python("the kit's error", "passed", "raise Refused('cannot take -1')", **refused)
posing.python("a class of the same name", "passed", posed("Refused"), **refused)
posing.python("a subclass of it", "failed", posed("Other", "Refused"), **refused)
posing.python("another error", "failed", "raise ValueError('-1')", **refused)
posing.python("no error", "failed", "return Refused('-1')", **refused)
posing.python("the class, not raised", "failed", "return Refused", **refused)
posing.python("without what it must say", "failed", "raise Refused('no')", **refused)
posing.python(
    "a class that agrees with every name",
    "failed",
    """
    class Name(str):
        def __eq__(self, other): return True
        def __hash__(self): return 0
        def __getitem__(self, at): return "Refused"
    class Kind(type):
        __name__ = property(lambda self: Name("Refused"))
        def __instancecheck__(self, other): return True
        def __subclasscheck__(self, other): return True
        mro = lambda self: [self, Exception, BaseException, object]
    raise Kind("Posing", (Exception,), {"__class__": Refused})("-1")
    """,
    **refused,
)
posing.python(
    "a class renamed to a built-in",
    "failed",
    """
    class Posing(Exception): pass
    Posing.__name__ = Posing.__qualname__ = "ValueError"
    Posing.__module__ = "builtins"
    raise Posing("-1")
""",
    **refused,
)
posing.python(
    "what it says agrees with everything",
    "failed",
    """
    class Text(str):
        def __contains__(self, other): return True
        def __eq__(self, other): return True
        __hash__ = str.__hash__
    class Other(Exception):
        def __str__(self): return Text("-1")
    raise Other(Text("-1"))
""",
    **refused,
)
posing.python(
    "what it says raises",
    "failed",
    """
    class Mute(Refused):
        def __str__(self): raise SystemExit(0)
        __repr__ = __str__
    Mute.__name__ = "Refused"
    raise Mute
""",
    **refused,
)
posing.python(
    "what it says never ends",
    "timeout",
    """
    class Long(Refused):
        def __str__(self):
            while True: pass
    raise Long
""",
    shape="refuse",
    hidden=None,
)
posing.python("what it says is huge", "failed", "raise Refused('x' * (64 << 20))", **refused)
posing.python(
    "fields that raise and leave",
    "failed",
    """
    class Trap(Exception):
        @property
        def amount(self): raise SystemExit(0)
        @property
        def args(self): raise KeyboardInterrupt
        def __getattribute__(self, name):
            if name == "__dict__": raise GeneratorExit
            return super().__getattribute__(name)
    raise Trap("-1")
""",
    **refused,
)
posing.python(
    "fields without end",
    "failed",
    """
    error = ValueError("-1")
    error.self = error; error.deep = []; error.deep.append(error.deep)
    error.long = "x" * (32 << 20)
    raise error
""",
    **refused,
)
posing.python(
    "a chain without end",
    "failed",
    """
    error = last = ValueError("-1")
    for n in range(20000):
        last.__context__ = ValueError(n); last = last.__context__
    last.__cause__ = None
    raise error
""",
    **refused,
)
posing.python("a group", "failed", "raise ExceptionGroup('-1', [Refused('-1')])", **refused)
posing.python(
    "a group of exits",
    "failed",
    "raise BaseExceptionGroup('-1', [SystemExit(0), Refused('-1')])",
    **refused,
)

for name in ("Skipped", "XFailed", "Exit", "OutcomeException", "Passed", "SkipTest", "Judged"):
    posing.python(
        name,
        "failed",
        f"""
    class {name}(BaseException):
        __module__ = "_pytest.outcomes"
        _use_item_location = True
        outcome = "passed"
        def __init__(self): self.outcome, self.allow_module_level, self.returncode, self.msg = "passed", True, 0, "skip"
        def __str__(self): return "passed"
    raise {name}
    """,
    )
posing.python("unittest's skip", "failed", "import unittest; raise unittest.SkipTest('not here')")
posing.python("AssertionError", "failed", "raise AssertionError('assert 1 == 1')")
posing.python(
    "TimeoutError", "failed", "raise TimeoutError('the grader is too slow')", limit="TimeoutError"
)
posing.python("MemoryError", "failed", "raise MemoryError", limit="MemoryError")
posing.python("ConnectionError", "failed", "raise ConnectionResetError('the host is gone')")
posing.python("BrokenPipeError", "failed", "raise BrokenPipeError(32, 'the host is gone')")
posing.python("not built", "todo", "raise NotImplementedError('01-sums')")
posing.python(
    "not built, a subclass", "failed", "class Later(NotImplementedError): pass\nraise Later"
)
posing.python(
    "not built, by name",
    "failed",
    "NotImplementedError = type('NotImplementedError', (Exception,), {})\nraise NotImplementedError('01-sums')",
)
posing.python(
    "the host's own error",
    "failed",
    """
    import gc
    for kind in [o for o in gc.get_objects() if isinstance(o, type)]:
        if kind.__name__ == "Fault":
            raise kind(0, "passed")
    return 0
""",
)
posing.python(
    "an error of the host that says todo",
    "failed",
    """
    import gc
    for kind in [o for o in gc.get_objects() if isinstance(o, type)]:
        if kind.__name__ == "Fault":
            raise kind(-32001, "result: fine", todo=True, outcome="passed")
    return 0
""",
)
posing.python("an error in the iterator", "failed", "yield 0\nraise SystemExit(0)", shape="items")
posing.python("an end in the iterator", "failed", "yield 0\nreturn [1, 4]", shape="items")
posing.python(
    "an error in the callback",
    "failed",
    """
    try:
        sink(object())
    except BaseException as error:
        raise SystemExit(0) from error
""",
    shape="tell",
)
posing.python(
    "without a traceback", "failed", "raise ValueError('quiet').with_traceback(None) from None"
)
posing.python(
    "an attribute error with a name",
    "failed",
    "raise AttributeError('total', name='total', obj=numbers)",
)
posing.python(
    "a syntax error elsewhere", "failed", "raise SyntaxError('bad', ('@HIDDEN@', 5, 1, 'x', 5, 2))"
)
posing.python(
    "warnings as errors",
    "failed",
    """
    import warnings
    warnings.simplefilter("error")
    warnings.warn("passed", UserWarning)
""",
)
posing.python(
    "from outside, on destruction",
    "failed",
    """
    class Bomb:
        def __del__(self): raise SystemExit(0)
    Bomb()
    return 0
""",
)

posing.typescript("the kit's error", "passed", 'throw new Refused("cannot take -1");', **refused)
posing.typescript("another error", "failed", 'throw new RangeError("-1");', **refused)
posing.typescript("thrown text", "failed", 'throw "Refused: -1";', **refused)
posing.typescript("thrown nothing", "failed", "throw undefined;", **refused)
posing.typescript("thrown null", "failed", "throw null;", **refused)
posing.typescript(
    "a plain object",
    "failed",
    'throw { name: "Refused", message: "-1", stack: "Refused: -1" };',
    **refused,
)
posing.typescript(
    "a proxy",
    "failed",
    'throw new Proxy(new Error("-1"), { get() { throw new Error("trap"); }, getPrototypeOf() { throw new Error("trap"); } });',
    **refused,
)
posing.typescript(
    "what it says throws",
    "failed",
    "throw new (class extends Error { get message() { throw process; } get stack() { throw 7; } get name() { throw this; } } as any)();",
    **refused,
)
posing.typescript("not built", "todo", 'throw new Error("not implemented: 01-sums");')
posing.typescript(
    "an assertion", "failed", 'process.getBuiltinModule("node:assert").ok(false, "passed");'
)
posing.typescript(
    "a chain without end",
    "failed",
    'const e: any = new Error("-1"); e.cause = e; e.self = e; throw e;',
    **refused,
)
posing.typescript(
    "a stack of its own",
    "failed",
    """
    (Error as any).prepareStackTrace = () => ({ toString() { throw 7; } });
    (Error as any).stackTraceLimit = 0;
    throw new Error("quiet");
""",
)

posing.java("the kit's error", "passed", 'throw new Refused("cannot take -1");', **refused)
posing.java("another error", "failed", 'throw new IllegalArgumentException("-1");', **refused)
posing.java("a subclass of it", "failed", 'throw new Refused("-1") { };', **refused)
posing.java(
    "what it says throws",
    "failed",
    'throw new RuntimeException() { @Override public String getMessage() { throw new Error("no"); } @Override public String toString() { throw new Error("no"); } };',
    **refused,
)
posing.java("an error", "failed", 'throw new AssertionError("passed");')
posing.java("out of memory", "failed", 'throw new OutOfMemoryError("posing");')
posing.java(
    "not built", "todo", 'throw new UnsupportedOperationException("not implemented: 01-sums");'
)
posing.java(
    "not built, in other words", "failed", 'throw new UnsupportedOperationException("later");'
)
