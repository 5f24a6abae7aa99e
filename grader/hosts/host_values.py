"""What crosses between the host and the other end: plain values, and numbers for everything else.

Types are compared exactly. A subclass of int, an object whose class claims to be another, a proxy:
each crosses as an opaque reference. Depth, size and number of what goes out are bounded, and a value
that cannot cross is refused with the path to the part that is to blame.

    None bool int float str list dict     themselves; a tuple is a list
    int beyond 2^53, nan and infinities   {"$int": "…"}   {"$float": "nan"}
    bytes, bytearray, memoryview          {"$bytes": base64}
    dict with a key that begins with $    {"$dict": [[key, value], …]}
    iterator; any other object            {"$iter": n}   {"$ref": n, "type": …}
    function or object of the test's      {"$callback": n, "methods": null | […]}
"""

import binascii

RAISED, UNCROSSABLE, NO_NAME, DEAD, MISUSE, BANNED = range(-32000, -32006, -1)
SAFE_INT = 2**53 - 1  # beyond it a JSON number is not exact in every language
BIGGEST_INT_BITS = 13_000  # str() and int() of more than about 4,300 digits are refused by Python
FIELD_LIMITS = {"depth": 4, "bytes": 16_384, "nodes": 256, "handles": 0}

# Read through the real descriptors, so that no metaclass or property can answer instead.
mro_of = type.__dict__["__mro__"].__get__
names_of = type.__dict__["__dict__"].__get__
name_of = type.__dict__["__name__"].__get__


def is_class(value):
    return type in mro_of(type(value))


def iterates(kind):
    return any("__next__" in names_of(base) for base in mro_of(kind))


class Fault(Exception):
    """Becomes the error of an answer."""

    def __init__(self, code, message, **data):
        super().__init__(message)
        self.answer = {"code": code, "message": message, "data": data}


class Uncrossable(Exception):
    """A value that cannot cross; the path to it grows while the encoder unwinds."""

    path = ""

    def at(self, step):
        self.path = step + self.path
        return self


class Callback:
    """A function of the test's. Calling it asks the other end and waits."""

    def __init__(self, ask, number):
        self.ask, self.number = ask, number

    def __call__(self, *arguments):
        return self.ask(self.number, None, arguments)


class CallbackObject:
    """An object of the test's: only the methods that the other end named exist."""

    def __init__(self, ask, number, methods):
        self.number = number
        for name in methods:
            setattr(self, name, self.method(ask, name))

    def method(self, ask, name):
        return lambda *arguments: ask(self.number, name, arguments)


class Values:
    """Both directions, and the objects behind the numbers."""

    def __init__(self, ask):
        self.ask = ask  # (callback's number, method or None, arguments) -> its answer
        self.limits = None
        self.handles, self.last_handle = {}, 0
        self.callbacks = {}

    def keep(self, value, most):
        if len(self.handles) >= most:
            raise Uncrossable(f"more than {most} live handles")
        self.last_handle += 1
        self.handles[self.last_handle] = value
        return self.last_handle

    def release(self, numbers):
        for number in numbers:
            self.handles.pop(number, None)

    def held(self, number):
        try:
            return self.handles[number]
        except KeyError:
            raise Fault(DEAD, f"handle {number} is not alive", ref=number) from None

    def encode(self, value, name="result", constructed=None):
        return Encoder(self, self.limits, constructed).whole(value, name)

    def decode(self, value):
        kind = type(value)
        if kind is list:
            return [self.decode(item) for item in value]
        if kind is not dict:
            return value
        for key in value:
            if key[:1] == "$":
                return self.untag(value)
        return {key: self.decode(item) for key, item in value.items()}

    def untag(self, value):
        if "$bytes" in value:
            return binascii.a2b_base64(value["$bytes"])
        if "$int" in value:
            return int(value["$int"])
        if "$float" in value:
            return float(value["$float"])
        if "$dict" in value:
            return {key: self.decode(item) for key, item in value["$dict"]}
        if "$ref" in value or "$iter" in value:
            return self.held(value["$ref"] if "$ref" in value else value["$iter"])
        if "$callback" in value:
            return self.callback(value["$callback"], value.get("methods"))
        raise Fault(MISUSE, f"unknown tag in {list(value)}")

    def callback(self, number, methods):
        """The same number is the same object, so that `is` and `==` work for the learner."""
        if number not in self.callbacks:
            function = methods is None
            made = (
                Callback(self.ask, number)
                if function
                else CallbackObject(self.ask, number, methods)
            )
            self.callbacks[number] = made
        return self.callbacks[number]


class Encoder:
    """Turns one value into plain JSON within the limits, handing out references on the way."""

    def __init__(self, values, limits, constructed=None):
        self.values, self.limits = values, limits
        self.constructed = constructed  # asked for as an object: a reference even when it iterates
        self.nodes, self.room = limits["nodes"], limits["bytes"]
        self.open = set()  # containers around the value at hand, to tell a cycle
        self.kept = []

    def whole(self, value, name="result"):
        """Encode `value`; when it cannot cross, take back every reference handed out for it."""
        self.kept.clear()
        try:
            return self.encode(value)
        except Uncrossable as problem:
            self.values.release(self.kept)
            raise Fault(UNCROSSABLE, f"{name}{problem.path}: {problem}") from None

    def encode(self, value):
        self.nodes -= 1
        if self.nodes < 0:
            raise Uncrossable(f"more than {self.limits['nodes']} values in one answer")
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is int:
            return value if -SAFE_INT <= value <= SAFE_INT else self.big(value)
        if kind is str:
            self.spend(len(value))
            return value
        if kind is float:
            return value if value - value == 0 else {"$float": repr(value)}
        if kind is list or kind is tuple or kind is dict:
            return self.container(kind, value)
        if kind is bytes or kind is bytearray or kind is memoryview:
            return self.binary(value)
        return self.remote(kind, value)

    def spend(self, size):
        self.room -= size
        if self.room < 0:
            raise Uncrossable(f"more than {self.limits['bytes']} bytes in one answer")

    def big(self, value):
        if value.bit_length() > BIGGEST_INT_BITS:
            raise Uncrossable(f"an int of {value.bit_length()} bits is too large")
        return {"$int": str(value)}

    def binary(self, value):
        self.spend(len(value) * 4 // 3)
        try:
            return {"$bytes": binascii.b2a_base64(bytes(value), newline=False).decode()}
        except ValueError as error:  # a released memoryview
            raise Uncrossable(str(error)) from None

    def container(self, kind, value):
        if id(value) in self.open:
            raise Uncrossable("the value contains itself")
        if len(self.open) >= self.limits["depth"]:
            raise Uncrossable(f"nested more than {self.limits['depth']} deep")
        self.open.add(id(value))
        coded = self.mapping(value) if kind is dict else self.sequence(value)
        self.open.discard(id(value))
        return coded

    def sequence(self, items):
        coded = []
        try:
            for item in items:
                coded.append(self.encode(item))
        except Uncrossable as problem:
            raise problem.at(f"[{len(coded)}]") from None
        return coded

    def mapping(self, items):
        coded = {}
        for key, value in items.items():
            if type(key) is not str:
                what = repr(key) if type(key) in (int, float, bool, bytes) else name_of(type(key))
                raise Uncrossable(f"dict key {what[:80]} is not a string")
            self.spend(len(key))
            try:
                coded[key] = self.encode(value)
            except Uncrossable as problem:
                raise problem.at(f".{key[:80]}") from None
        if any(key[:1] == "$" for key in coded):
            return {"$dict": [list(pair) for pair in coded.items()]}
        return coded

    def remote(self, kind, value):
        if kind is Callback or kind is CallbackObject:
            return {"$callback": value.number}
        number = self.values.keep(value, self.limits["handles"])
        self.kept.append(number)
        if value is not self.constructed and iterates(kind):
            return {"$iter": number}
        return {"$ref": number, "type": name_of(kind)}
