"""The probe: one small name for each thing that a host has to get right. The same in every language."""

import os
import threading
import time

from kit.errors import PageCorrupt, corrupt

BIG = 2**80
SPECIAL = {
    "big": BIG,
    "minus big": -BIG,
    "edge": 2**53 - 1,
    "past edge": 2**53,
    "nan": float("nan"),
    "inf": float("inf"),
    "-inf": float("-inf"),
    "tuple": (1, (2,)),
    "bytes": b"\x00\xff",
    "dollar": {"$bytes": "no", "a": 1},
    "lone": "\ud800",
    "astral": "\U0001f600",
    "enormous": 1 << 20_000,
}
state = {"pulled": 0, "kept": None}


# values


def echo(value):
    return value


def describe(value):
    if callable(value):
        return "function"
    names = {type(None): "null", bool: "bool", int: "int", float: "float", str: "str"}
    return names.get(type(value), {bytes: "bytes", list: "list", dict: "dict"}.get(type(value), "object"))


def special(name):
    return SPECIAL[name]


def nest(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def wide(count):
    return [0] * count


def text(size):
    return "a" * size


def holds_itself():
    value = [1]
    value.append(value)
    return {"a": [value]}


def odd_keys():
    return {"rows": [{"x": {5: 1}}]}


class LyingList(list):
    def __eq__(self, other):
        return True

    __hash__ = None


class LyingInt(int):
    pass


class LyingClass:
    @property
    def __class__(self):
        return int

    def __str__(self):
        raise RuntimeError


def liars():
    return [LyingList([1]), LyingInt(7), LyingClass()]


# names


def add(left, right=10):
    return left + right


def count_long_words(words, longer_than):
    return len([word for word in words if len(word) > longer_than])


class Counter:
    def __init__(self, start):
        self.now = start

    @classmethod
    def starting_at(cls, start):
        return cls(start)

    def increase_by(self, step):
        self.now += step
        return self.now

    def value(self):
        return self.now


def value_of(counter):
    return counter.value()


def counters(count):
    return [Counter(number) for number in range(count)]


# iterators


def count_up(limit):
    for number in range(limit):
        state["pulled"] += 1
        yield number


def pulled():
    return state["pulled"]


def count_then_fail(limit):
    yield from range(limit)
    raise PageCorrupt("after the last", limit)


def count_then_leave(limit):
    yield from range(limit)
    os._exit(3)


def big_pieces(count, size):
    for _ in range(count):
        yield "a" * size


class Walker:
    def __init__(self, limit):
        self.steps = iter(range(limit))

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.steps)

    def name(self):
        return "walker"


# callbacks


def apply(function, value):
    return function(value)


def apply_safely(function, value):
    try:
        return function(value)
    except OSError as error:
        return f"input/output error {error.errno}"
    except Exception as error:
        return f"caught {error}"


def through_store(store, key):
    store.write_page(key, b"page")
    return store.read_page(key)


def apply_to_cycle(function):
    value = []
    value.append(value)
    function(value)


def shout_and_apply(function):
    print("before", end="")
    function(1)


def keep(function):
    state["kept"] = function


def kept():
    return state["kept"]


def apply_in_thread(function, value):
    results = []
    thread = threading.Thread(target=lambda: results.append(function(value)))
    thread.start()
    thread.join()
    return results[0]


def apply_then_leave(function):
    function(1)
    os._exit(3)


# errors


class ValueError(Exception):  # noqa: A001 - it poses as the built-in one
    pass


class Hostile(Exception):
    def __str__(self):
        raise KeyError("no text")

    @property
    def secret(self):
        raise SystemExit(1)

    def __getattribute__(self, name):
        raise SystemExit(1)


def fail(how):
    if how == "own":
        raise PageCorrupt("page 7 is torn", 7)
    if how == "bad value":
        int("seven")
    if how == "todo":
        raise NotImplementedError("01-pages: PageFile.read")
    if how == "posing":
        raise ValueError("I pose")
    if how == "hostile":
        raise Hostile()
    if how == "deep":
        fail(how)
    if how == "long":
        raise PageCorrupt("x" * 100_000, 1)
    if how == "exit":
        raise SystemExit(0)


def fail_in_kit(page):
    corrupt(page)


def use_banned():
    import socketserver

    return socketserver.__name__


def use_around():
    import http.server

    return http.server.__name__


# prints, life and death


def shout(text):
    print(text, end="")
    return len(text)


def sabotage():
    import json
    import sys

    json.dumps = json.loads = os.write = os.read = os.getpid = None
    sys.stdout.close()
    sys.stdout = None


def leave(status):
    os._exit(status)


def hang():
    time.sleep(3600)


def stay():
    threading.Thread(target=hang).start()


def fork():
    """How a forked child ended that came back into its caller."""
    child = os.fork()
    if child == 0:
        return "from the child"
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
