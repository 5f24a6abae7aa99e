"""Answers that are not values: they agree with everything, change, take notes, or never end."""

from tests.attacks.case import Table

values = Table("lying values")

AGREES = """
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
"""


def agreeing(base: str, made: str) -> str:
    return (
        f"class Yes({base}):{AGREES.replace(chr(10), chr(10) + '    ').rstrip(' ')}\nreturn {made}"
    )


for base, made in (
    ("object", "Yes()"),
    ("int", "Yes(3)"),
    ("float", "Yes(3)"),
    ("str", "Yes('3')"),
    ("bytes", "Yes(b'3')"),
    ("list", "Yes([3])"),
    ("tuple", "Yes([3])"),
    ("dict", "Yes(a=3)"),
    ("set", "Yes()"),
):
    values.python(f"{base} that agrees with everything", "failed", agreeing(base, made))
values.python("inside a list", "failed", agreeing("int", "[Yes(3)]"))
values.python("as a key", "failed", agreeing("str", "{Yes('a'): 1}"))
values.python("as a value", "failed", agreeing("int", "{'a': Yes(1)}"))
values.python(
    "a class that agrees",
    "failed",
    """
    class Kind(type):
        def __eq__(self, other): return True
        __hash__ = type.__hash__
    class Yes(metaclass=Kind): pass
    return Yes
""",
)
values.python(
    "an enum member",
    "failed",
    """
    import enum
    class Right(enum.IntEnum):
        sum = 7
        def __eq__(self, other): return True
        __hash__ = int.__hash__
    return Right.sum
""",
)
values.python(
    "a mock",
    "failed",
    """
    from unittest.mock import ANY, MagicMock
    return [ANY, MagicMock()][note > "gold-8"]
""",
)
values.python(
    "a note-taker",
    "failed",
    """
    class Taker:
        def __eq__(self, other):
            open("/tmp/notes", "a").write(repr(other))
            print("compared with", other)
            return True
        __hash__ = None
    return Taker()
""",
)
values.python(
    "a note-taker among arguments",
    "failed",
    """
    class Taker(str):
        def __eq__(self, other): print("NOTE", other); return True
        def __hash__(self): return 0
        def __getattribute__(self, name): print("asked", name); return str.__getattribute__(self, name)
    return [Taker(note), Taker("")]
""",
)
values.python(
    "a class that claims to be another",
    "failed",
    """
    class Posing:
        __class__ = int
        def __int__(self): return 7
        def __index__(self): return 7
        def __eq__(self, other): return True
        def __reduce__(self): return (exec, ("import os; os._exit(0)",))
        def __json__(self): return 7
    return Posing()
""",
)
values.python(
    "a list that changes while it is read",
    "failed",
    """
    class Changing(list):
        def __len__(self): return 1
        def __iter__(self):
            while True:
                yield 7
        def __getitem__(self, at): return 7
    return Changing([1])
""",
)
values.python("a tag of the wire", "failed", "return {'$ref': 1, 'type': 'int'}")
values.python("a tag of the wire for a number", "failed", "return {'$int': str(sum(numbers))}")
values.python(
    "a tag of the wire for a callback", "failed", "return {'$callback': 1, 'methods': None}"
)
values.python("a tag that nobody knows", "failed", "return {'$eval': '__import__(\"os\").abort()'}")
values.python("true for one", "failed", "return True")
values.python("the sum as text", "failed", "return str(sum(numbers))")
values.python("the sum in a list", "failed", "return [sum(numbers)]")
values.python("the sum as a float", "passed", "return float(sum(numbers))")
values.python("not a number", "failed", "return float('nan')")
values.python("nothing", "failed", "return None")
values.python("its own argument", "failed", "return numbers")
values.python(
    "a promise",
    "failed",
    """
    async def later():
        return sum(numbers)
    made = later()
    made.close()
    return made
""",
)
values.python("an ellipsis", "failed", "return ...")
values.python("NotImplemented", "failed", "return NotImplemented")
values.python("lone surrogates", "failed", "return '\\ud800' * 3")
values.python("a nul", "failed", "return '7\\0'")
values.python("a number of many digits", "failed", "return 10 ** 5000")
values.python(
    "items that agree", "failed", agreeing("int", "iter([Yes(0), Yes(1)])"), shape="items"
)
values.python(
    "an iterator that agrees",
    "failed",
    """
    class Yes:
        def __iter__(self): return self
        def __next__(self): raise StopIteration
        def __eq__(self, other): return True
        __hash__ = None
        def __length_hint__(self): return 5
    return Yes()
""",
    shape="items",
)
values.python(
    "squares of its own time",
    "passed",
    """
    print("lazily")
    return (n * n for n in range(count))
""",
    shape="items",
)
values.python(
    "told what agrees",
    "failed",
    """
    class Yes(int):
        def __eq__(self, other): return True
        __hash__ = None
    for n in numbers:
        sink(Yes(n))
""",
    shape="tell",
)
values.python(
    "told twice",
    "failed",
    """
    for n in numbers:
        sink(n); sink(n)
""",
    shape="tell",
)
values.python(
    "told in time",
    "passed",
    """
    for n in numbers:
        sink(n)
""",
    shape="tell",
)
values.python(
    "asking the sink for more than it has",
    "failed",
    """
    for name in ("__class__", "__self__", "__globals__", "append.__self__"):
        try:
            getattr(sink, name)
        except AttributeError:
            pass
    sink.__self__.extend(numbers)
""",
    shape="tell",
)
values.python("the sink, handed back", "failed", "sink(sink)", shape="tell")

# -- TypeScript -------------------------------------------------------------------------------------

for name, text in {
    "valueOf": "({ valueOf: () => 7, [Symbol.toPrimitive]: () => 7 })",
    "toJSON": "({ toJSON: () => 7 })",
    "a proxy of an array": "new Proxy([1], { get: () => 7 })",
    "a proxy of an object": "new Proxy({}, { get: () => 7, has: () => true, ownKeys: () => [] })",
    "a proxy without end": "new Proxy([], { get: (t, k) => k === 'length' ? 1e9 : 7 })",
    "a proxy that throws": "new Proxy({}, { get() { throw new Error('no'); }, ownKeys() { throw 1; } })",
    "a boxed number": "new Number(7)",
    "a boxed text": "new String('7')",
    "a subclass of Array": "new (class extends Array { get length() { return 7; } })()",
    "a subclass of Uint8Array": "new (class extends Uint8Array { at() { return 7; } } as any)(3)",
    "a getter": "({ get sum() { return Math.random(); } })",
    "a changing array": "Object.defineProperty([1, 2], 1, { get: () => [] })",
    "no prototype": "Object.create(null)",
    "a pretended tag": "({ $ref: 1, type: 'number' })",
    "a pretended number": "({ $int: '7' })",
    "a prototype by name": 'JSON.parse(\'{"__proto__": {"sum": 7}}\')',
    "a symbol": "Symbol('7')",
    "a function": "(() => 7)",
    "minus zero": "-0",
    "infinity": "Infinity",
    "a bigint": "-7n",
    "a date": "new Date(7)",
    "an error": "new Error('7')",
    "a map": "new Map([['sum', 7]])",
    "undefined": "undefined",
    "the sum as text": "String(numbers.reduce((a: number, b: number) => a + b, 0))",
    "a thenable": "({ then: (keep: any) => keep(7) })",
    "a class": "(class Right { static equals() { return true; } })",
}.items():
    values.typescript(name, "failed", f"return {text} as any;")
values.typescript(
    "a bigint that is right",
    "passed",
    """
    return BigInt(numbers.reduce((a: number, b: number) => a + b, 0));
""",
)
values.typescript(
    "polluted prototypes",
    "failed",
    """
    const proto: any = Object.prototype;
    proto.result = 7; proto.error = undefined; proto.$int = "7"; proto.id = "0"; proto.outcome = "passed";
    Object.defineProperty(proto, "method", { get: () => "hello", set() {} });
    return { sum: 0 };
""",
)
values.typescript(
    "items from a proxy",
    "failed",
    """
    return new Proxy({ next: () => ({ done: false, value: 0 }) } as any,
      { get: (t, k) => k === "next" ? () => ({ get done() { return true; } }) : undefined });
""",
    shape="items",
)
values.typescript(
    "a right generator",
    "passed",
    """
    for (let n = 0; n < count; n++) yield n * n;
""",
    shape="items",
)
values.typescript(
    "told in time",
    "passed",
    """
    for (const n of numbers) sink(n);
""",
    shape="tell",
)

# -- Java -------------------------------------------------------------------------------------------

values.java(
    "equals everything",
    "failed",
    """
    return new Object() {
        @Override public boolean equals(Object other) { return true; }
        @Override public int hashCode() { return 0; }
        @Override public String toString() { return "7"; }
    };
""",
)
values.java(
    "a number of its own",
    "failed",
    """
    long sum = 0; for (long n : numbers) sum += n;
    final long right = sum;
    return new Number() {
        @Override public int intValue() { return (int) right; }
        @Override public long longValue() { return right; }
        @Override public float floatValue() { return right; }
        @Override public double doubleValue() { return right; }
        @Override public boolean equals(Object other) { return true; }
        @Override public int hashCode() { return 0; }
    };
""",
)
values.java(
    "a list of its own",
    "failed",
    """
    return new AbstractList<Object>() {
        @Override public int size() { return Integer.MAX_VALUE; }
        @Override public Object get(int at) { return 7; }
        @Override public boolean equals(Object other) { return true; }
        @Override public int hashCode() { return 0; }
    };
""",
)
values.java(
    "a map of its own",
    "failed",
    """
    return new AbstractMap<String, Object>() {
        @Override public Set<Map.Entry<String, Object>> entrySet() { throw new IllegalStateException("no"); }
        @Override public boolean equals(Object other) { return true; }
        @Override public int hashCode() { return 0; }
    };
""",
)
values.java(
    "a big integer of its own",
    "failed",
    """
    return new java.math.BigInteger("7") {
        @Override public boolean equals(Object other) { return true; }
        @Override public String toString() { return "0"; }
        @Override public int hashCode() { return 0; }
    };
""",
)
values.java(
    "a big integer that is right",
    "passed",
    """
    java.math.BigInteger sum = java.math.BigInteger.ZERO;
    for (long n : numbers) sum = sum.add(java.math.BigInteger.valueOf(n));
    return sum;
""",
)
values.java("a pretended tag", "failed", 'return Map.of("$int", "7");')
values.java(
    "a changing array",
    "failed",
    """
    Object[] made = {1, 2};
    new Thread(() -> { while (true) made[0] = made[1]; }).start();
    return made;
""",
)
values.java(
    "items of its own",
    "failed",
    """
    return new Iterator<Object>() {
        @Override public boolean hasNext() { return false; }
        @Override public Object next() { return 7; }
        @Override public boolean equals(Object other) { return true; }
        @Override public int hashCode() { return 0; }
    };
""",
    shape="items",
)

values.python(
    "a text that begins as is asked",
    "failed",
    """
    class Begins:
        def __getattr__(self, name):
            return lambda *given: True
    return Begins()
""",
    shape="begins",
)
values.typescript(
    "a text that begins as is asked",
    "failed",
    "return new (class { startsWith() { return true; } startswith() { return true; } })();",
    shape="begins",
)
