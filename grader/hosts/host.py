"""The far side of the bridge for Python: runs the code under test and answers questions about it.

Law of every host:
- It speaks JSON-RPC 2.0, one message a line, on the socket named by SFS_FD, and never speaks first:
  a request comes in, callbacks may go out while it is served, one answer goes out.
- Only plain values cross. A type is compared exactly, so an object that poses as a number, a list or
  a built-in exception crosses as what it is: an opaque reference, or an error of the learner's own.
- The trusted end believes nothing that is said here. What this file does against hostile code keeps
  honest reports readable; it does not protect the verdict.
- It starts within milliseconds, because every test gets a process of its own. Hence the C JSON codec
  alone (the json package pulls in re, which doubles the start) and no import that can wait.
"""

import _signal
import _thread
import binascii
import builtins
import os
import sys
from _json import encode_basestring_ascii, make_encoder, make_scanner

RAISED, UNCROSSABLE, NO_NAME, DEAD, MISUSE, BANNED = range(-32000, -32006, -1)
SAFE_INT = 2**53 - 1  # beyond it a JSON number is not exact in every language
BIGGEST_INT_BITS = 13_000  # int() and str() of more digits than about 4,300 are refused by Python
MESSAGE_CHARS = 4_000
FRAMES = 20
FIELD_LIMITS = {"depth": 4, "bytes": 16_384, "nodes": 256, "handles": 0}
ENOUGH_BYTES = 1 << 20  # a batch of iterator values is cut here, so that many big values still cross
EXIT_FAULT = 70  # the conversation broke: EX_SOFTWARE of sysexits.h

# Read through the real descriptors, so that no metaclass or property can answer instead.
mro_of = type.__dict__["__mro__"].__get__
names_of = type.__dict__["__dict__"].__get__
name_of = type.__dict__["__name__"].__get__
traceback_of = BaseException.__dict__["__traceback__"].__get__
exit_code_of = SystemExit.__dict__["code"].__get__
attributes_of = BaseException.__dict__["__dict__"].__get__
BUILTIN_ERRORS = {
    value
    for value in vars(builtins).values()
    if isinstance(value, type) and issubclass(value, BaseException)
}
STREAMS = (sys.stdout, sys.stderr)


class Fault(Exception):
    """Becomes the error of an answer."""

    def __init__(self, code, message, **data):
        super().__init__(message)
        self.answer = {"code": code, "message": message, "data": data}


class BannedImport(ImportError):
    """The learner's file asked for a module that this course has them build."""


class Uncrossable(Exception):
    """A value that cannot cross; the path to it grows while the encoder unwinds."""

    path = ""

    def at(self, step):
        self.path = step + self.path
        return self


# -- the wire ------------------------------------------------------------------------------------


class Dialect:
    """What the C scanner wants to know about JSON."""

    strict = True
    object_hook = object_pairs_hook = parse_constant = None
    parse_float, parse_int = float, int


class Wire:
    """Lines of JSON on one descriptor; owns the end of the process when the other end is gone."""

    def __init__(self, descriptor):
        self.descriptor, self.process, self.buffer = descriptor, os.getpid(), bytearray()
        self.lock = _thread.RLock()  # held by whichever thread has the conversation
        self.scan = make_scanner(Dialect)
        self.dump = make_encoder(
            None, repr, encode_basestring_ascii, None, ":", ",", False, False, False
        )
        self.read, self.write, self.exit, self.getpid = os.read, os.write, os._exit, os.getpid
        os.set_inheritable(descriptor, False)
        os.register_at_fork(after_in_child=self.disown)

    def disown(self):
        """A forked child has no part in the conversation."""
        os.close(self.descriptor)
        self.process = None

    def mine(self):
        return self.getpid() == self.process

    def receive(self):
        """The next message; the end of the stream is the end of this process."""
        scanned = 0
        while (end := self.buffer.find(b"\n", scanned)) < 0:
            scanned = len(self.buffer)
            try:
                piece = self.read(self.descriptor, 65_536)
            except ConnectionError:
                piece = b""
            if not piece:
                self.leave(0)
            self.buffer += piece
        line = bytes(self.buffer[:end])
        del self.buffer[: end + 1]
        try:
            text = line.decode().strip()
            message, stop = self.scan(text, 0)
        except (ValueError, StopIteration, RecursionError):
            message, stop, text = None, 0, ""
        if type(message) is not dict or stop != len(text):
            self.break_off("received a line that is not a JSON object")
        return message

    def send(self, message, most=None):
        """Send one message; what was printed until now arrives before it."""
        if not self.mine():
            leave_child(self)
        line = ("".join(self.dump(message, 0)) + "\n").encode()
        if most and len(line) > most:
            raise Uncrossable(f"is larger than {most} bytes as JSON")
        flush()
        view = memoryview(line)
        try:
            while view:
                view = view[self.write(self.descriptor, view) :]
        except OSError:
            self.leave(0)

    def leave(self, status):
        flush()
        self.exit(status)

    def break_off(self, reason):
        say(f"host: {reason}; the conversation is over")
        self.leave(EXIT_FAULT)


def flush():
    for stream in (*STREAMS, sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # closed or replaced by the learner: nothing to flush
            pass


def say(text):
    flush()
    os.write(2, (text + "\n").encode("utf-8", "backslashreplace"))


def leave_child(wire, error=None):
    """End a forked child that came back into the host: only its parent may answer."""
    status = exit_status(error)
    if SystemExit in mro_of(type(error)):
        wire.leave(status)
    say("host: a forked child came back from the function that forked; end it with os._exit")
    wire.leave(EXIT_FAULT)


# -- values going out ----------------------------------------------------------------------------


class Encoder:
    """Turns one value into plain JSON within the limits, handing out references on the way."""

    def __init__(self, host, limits, constructed=None):
        self.host, self.limits, self.constructed = host, limits, constructed
        self.nodes, self.room = limits["nodes"], limits["bytes"]
        self.open = set()  # containers around the value at hand, to tell a cycle
        self.kept = []

    def whole(self, value, name="result"):
        """Encode `value`; when it cannot cross, take back every reference handed out for it."""
        self.kept.clear()
        try:
            return self.encode(value)
        except Uncrossable as problem:
            self.host.release(self.kept)
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
            return {"$callback": object.__getattribute__(value, "number")}
        number = self.host.keep(value, self.limits["handles"])
        self.kept.append(number)
        iterates = value is not self.constructed and defines(kind, "__next__")
        return {"$iter": number} if iterates else {"$ref": number, "type": name_of(kind)}


def is_class(value):
    return type in mro_of(type(value))


def defines(kind, name):
    return any(name in names_of(base) for base in mro_of(kind))


# -- the learner's errors ------------------------------------------------------------------------


def is_builtin(kind):
    """Whether a class is the language's own: a built-in, or found in its standard library module."""
    if kind in BUILTIN_ERRORS:
        return True
    home = names_of(kind).get("__module__")
    if type(home) is not str or home.partition(".")[0] not in sys.stdlib_module_names:
        return False
    module = sys.modules.get(home)
    return type(module) is type(sys) and module.__dict__.get(name_of(kind)) is kind


def learner_fault(error):
    """Describe an exception of the learner's without trusting anything that it defines."""
    kind = type(error)
    data = {
        "class": name_of(kind),
        "builtin": is_builtin(kind),
        "bases": [
            name_of(base)
            for base in mro_of(kind)[1:]
            if base not in (BaseException, object) and is_builtin(base)
        ],
        "fields": fields_of(error, kind),
        "todo": kind is NotImplementedError,
        "frames": frames_of(error),
    }
    return Fault(BANNED if kind is BannedImport else RAISED, text_of(error), **data)


def text_of(error):
    try:
        return str.__getitem__(str(error), slice(0, MESSAGE_CHARS))
    except BaseException as second:
        return f"<str() of {name_of(type(error))} raised {name_of(type(second))}>"


def fields_of(error, kind):
    """The public attributes of an error that are plain values."""
    names = list(attributes_of(error))
    for base in mro_of(kind):
        if not is_builtin(base) and base is not object:
            shown = (property, type(Slotted.slot))
            names += [name for name, value in names_of(base).items() if type(value) in shown]
    if OSError in mro_of(kind):
        names.append("errno")
    fields = {}
    for name in names:
        if type(name) is str and name[:1] != "_":
            try:
                fields[name] = Encoder(HOST, FIELD_LIMITS).whole(getattr(error, name))
            except BaseException:  # not plain, or a getter that raises: not a public field
                continue
    return fields


class Slotted:
    __slots__ = ("slot",)


def frames_of(error):
    """The learner's own frames, outermost first; of a deep recursion the innermost ones."""
    frames, step = [], traceback_of(error)
    while step is not None:
        code = step.tb_frame.f_code
        frames.append((code.co_filename, step.tb_lineno, code.co_name))
        step = step.tb_next
    if type(error) in BUILTIN_ERRORS and SyntaxError in mro_of(type(error)):
        frames.append((error.filename, error.lineno, "<module>"))
    own = [frame for frame in frames if is_learners(frame[0])]
    return [
        {
            "file": file[len(HOST.code) :],
            "line": line,
            "function": name,
            "text": source_line(file, line),
        }
        for file, line, name in own[-FRAMES:]
    ]


def is_learners(file):
    return type(file) is str and bool(HOST.code) and file.startswith(HOST.code)


def source_line(file, number):
    try:
        with open(file, "rb") as source:
            return source.read().split(b"\n")[number - 1].decode("utf-8", "replace").strip()[:200]
    except (OSError, IndexError, TypeError):
        return ""


def traceback_text(error):
    """A traceback as the learner would see it if there were no host."""
    lines = ["Traceback (most recent call last):"]
    for frame in frames_of(error):
        lines.append(f'  File "{frame["file"]}", line {frame["line"]}, in {frame["function"]}')
        lines.append(f"    {frame['text']}")
    return "\n".join([*lines, f"{name_of(type(error))}: {text_of(error)}"])


def exit_status(error):
    """What Python itself would exit with, and show, after this exception (or none)."""
    if error is None:
        return 0
    if SystemExit not in mro_of(type(error)):
        say(traceback_text(error))
        return 1
    code = exit_code_of(error)
    if code is None or type(code) is int:
        return (code or 0) & 0xFF
    say(text_of(error))
    return 1


# -- functions and objects of the test's ---------------------------------------------------------


class Callback:
    """A function of the test's. Calling it asks the other end and waits."""

    __slots__ = ("number",)

    def __init__(self, number):
        self.number = number

    def __call__(self, *arguments):
        return HOST.call_back(self.number, None, arguments)


class CallbackObject:
    """An object of the test's: only the methods that the other end named exist."""

    def __init__(self, number, methods):
        self.number = number
        for name in methods:
            setattr(self, name, method_of(number, name))


def method_of(number, name):
    def method(*arguments):
        return HOST.call_back(number, name, arguments)

    return method


def raised_by_callback(answer):
    """The exception that the learner's code sees when the test's function raised."""
    data, message = answer.get("data") or {}, answer.get("message", "")
    kind = vars(builtins).get(data.get("class"))
    if kind in BUILTIN_ERRORS and issubclass(kind, OSError) and type(data.get("errno")) is int:
        return kind(data["errno"], message)
    try:
        if kind in BUILTIN_ERRORS and issubclass(kind, Exception):
            return kind(message)
    except TypeError:  # a class that wants more than a message
        pass
    return RuntimeError(f"{data.get('class', 'Error')}: {message}")


# -- the host ------------------------------------------------------------------------------------


class Ban:
    """A finder that refuses a banned module when the learner's own file is what imports it."""

    def __init__(self, names):
        self.names = names

    def find_spec(self, name, path=None, target=None):
        for banned in self.names:
            if (name == banned or name.startswith(banned + ".")) and self.asked_by_learner():
                why = f"{banned} is banned here: this course asks you to build it yourself"
                raise BannedImport(why, name=banned)

    def asked_by_learner(self):
        """The nearest caller with a file decides; the standard library may use what it likes."""
        frame = sys._getframe(2)
        while frame is not None:
            file = frame.f_code.co_filename
            if file[:1] == "/" and "/importlib/" not in file:
                return is_learners(file) and not file.startswith(HOST.code + "kit/")
            frame = frame.f_back
        return False


class Host:
    """Serves one conversation."""

    code = ""  # the folder of the learner's files, ending in a slash

    def __init__(self, wire):
        self.wire, self.limits = wire, None
        self.handles, self.last_handle = {}, 0
        self.callbacks, self.last_callback = {}, 0
        self.loaded, self.running, self.serving = {}, False, None
        self.methods = {
            "hello": self.hello,
            "call": self.call,
            "batch": self.batch,
            "next": self.next,
            "run": self.run,
        }

    def serve(self):
        """The main line: take a request, answer it, until the other end has had enough."""
        with self.wire.lock:
            while "method" in (message := self.wire.receive()):
                self.respond(message)
            self.wire.break_off("received an answer that nobody waits for")

    def respond(self, request):
        identity, method = request.get("id"), request.get("method")
        if method == "bye":
            self.wire.send({"jsonrpc": "2.0", "id": identity, "result": None})
            self.wire.leave(0)
        try:
            self.wire.send(self.answer(identity, method, request), self.most_bytes())
        except Uncrossable as problem:
            fault = Fault(UNCROSSABLE, f"result: {problem}")
            self.wire.send({"jsonrpc": "2.0", "id": identity, "error": fault.answer})

    def answer(self, identity, method, request):
        """Serve one request with the conversation free for callbacks of any thread."""
        self.wire.lock.release()
        try:
            if (serve := self.methods.get(method)) is None:
                raise Fault(MISUSE, f"no method {method!r} in this protocol")
            if self.limits is None and method != "hello":
                raise Fault(MISUSE, "the first request must be hello")
            params = request.get("params") or {}
            self.release(params.get("release", ()))
            self.serving = identity
            return {"jsonrpc": "2.0", "id": identity, "result": serve(params)}
        except Fault as fault:
            return {"jsonrpc": "2.0", "id": identity, "error": fault.answer}
        except Exception as error:
            fault = Fault(MISUSE, f"bad parameters of {method}: {type(error).__name__}: {error}")
            return {"jsonrpc": "2.0", "id": identity, "error": fault.answer}
        finally:
            self.wire.lock.acquire()

    def most_bytes(self):
        return self.limits and self.limits["bytes"]

    # handles

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

    # values coming in

    def decode(self, value):
        kind = type(value)
        if kind is list:
            return [self.decode(item) for item in value]
        if kind is not dict:
            return value
        for tag in value:
            if tag[:1] == "$":
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
            made = Callback(number) if methods is None else CallbackObject(number, methods)
            self.callbacks[number] = made
        return self.callbacks[number]

    # requests

    def hello(self, params):
        self.code = params["code"].rstrip("/") + "/"
        self.limits = params["limits"]
        self.modules = [*params["modules"], *("kit." + name for name in params["kit"])]
        sys.path.insert(0, params["code"])
        if params.get("bans"):
            sys.meta_path.insert(0, Ban(tuple(params["bans"])))
        return {"language": "python", "version": sys.version.split()[0]}

    def call(self, params):
        function = self.find(params["target"], params["name"])
        value = invoke(function, [self.decode(argument) for argument in params["args"]])
        constructed = value if is_class(function) else None
        return Encoder(self, self.limits, constructed).whole(value)

    def batch(self, params):
        results = []
        for call in params["calls"]:
            try:
                results.append({"result": self.call(call)})
            except Fault as fault:
                results.append({"error": fault.answer})
                if params["stop"]:
                    break
        return results

    def next(self, params):
        iterator, end = self.held(params["iter"]), object()
        encoder, values = Encoder(self, self.limits), []
        most = self.limits["bytes"] - min(ENOUGH_BYTES, self.limits["bytes"] // 4)
        try:
            while len(values) < params["count"] and encoder.room > most:
                value = invoke(next, [iterator, end])
                if value is end:
                    self.release([params["iter"]])
                    return {"values": values, "done": True}
                values.append(encoder.whole(value, f"value {len(values)} of the iterator"))
        except Fault as fault:
            fault.answer["data"]["values"] = values
            raise
        return {"values": values, "done": False}

    def find(self, target, name):
        """The function to call: a method of a live object, or a name in the learner's modules."""
        if target is not None:
            return self.member(self.decode(target), name)
        first, *rest = name.split(".")
        for module in self.modules:
            found = self.load(module).get(first)
            if callable(found):
                for step in rest:
                    found = self.member(found, step)
                return found
        own = [f"{module}.py" for module in self.modules if not module.startswith("kit.")]
        gone = "".join(f" ({file} does not exist)" for file in own if not self.exists(file))
        known = [word for module in self.modules for word in self.load(module)]
        raise no_such(first, ", ".join(own) + gone, first, known)

    def member(self, owner, name):
        kind = owner if is_class(owner) else type(owner)
        try:
            found = invoke(getattr, [owner, name])
        except Fault as fault:
            data = fault.answer["data"]
            if data["class"] != "AttributeError" or data["frames"]:
                raise  # a property of the learner's raised it
            found = None
        if not callable(found):
            known = [key for base in mro_of(kind)[:-1] for key in names_of(base)]
            raise no_such(f"method {name}", name_of(kind), name, known)
        return found

    def exists(self, file):
        return os.path.exists(self.code + file)

    def load(self, module):
        """The names of a module, imported when first needed; none when there is no such file."""
        if module not in self.loaded:
            if not self.exists(module.replace(".", "/") + ".py"):
                return {}
            invoke(__import__, [module])
            self.loaded[module] = sys.modules[module]
        return vars(self.loaded[module])

    # callbacks

    def call_back(self, number, name, arguments):
        """Ask the other end to call a function of the test's; serve what it asks meanwhile."""
        if self.running:
            raise RuntimeError("a running program has no test to call back")
        coded = [
            Encoder(self, self.limits).whole(value, f"argument {place} of the callback")
            for place, value in enumerate(arguments, 1)
        ]
        with self.wire.lock:
            self.last_callback += 1
            identity = f"c{self.last_callback}"
            params = {"callback": number, "name": name, "args": coded}
            self.wire.send(
                {"jsonrpc": "2.0", "id": identity, "method": "callback", "params": params}
            )
            while "method" in (message := self.wire.receive()):
                self.respond(message)
        if message.get("id") != identity:
            self.wire.break_off(f"asked {identity}, was answered {str(message.get('id'))[:40]!r}")
        if "error" in message:
            raise raised_by_callback(message["error"])
        return self.decode(message.get("result"))

    # programs

    def run(self, params):
        """Run a program to its end; the answer goes out as soon as it says that it is ready."""
        main = self.load(params["module"]).get("main")
        if not callable(main):
            raise no_such("main", f"{params['module']}.py", "main", self.load(params["module"]))
        config, identity, said = self.decode(params["config"]), self.serving, []

        def ready(port):
            if not said:
                said.append(port)
                coded = Encoder(self, self.limits).whole(port, "port")
                self.wire.send({"jsonrpc": "2.0", "id": identity, "result": {"port": coded}})

        self.running, problem = True, None
        _thread.start_new_thread(self.watch, ())
        try:
            main(config, ready)
        except BaseException as error:
            problem = error
        if not self.wire.mine():
            leave_child(self.wire, problem)
        if not said:
            early = problem or RuntimeError("main returned before it called ready(port)")
            error = learner_fault(early).answer
            self.wire.send({"jsonrpc": "2.0", "id": identity, "error": error})
        self.wire.leave(exit_status(problem))

    def watch(self):
        """Beside a running program: notice that the other end says bye or is gone."""
        _signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals())
        while True:
            message = self.wire.receive()
            if message.get("method") != "bye":
                self.wire.break_off("received a request while a program runs")
            self.respond(message)


def invoke(function, arguments):
    """Enter the learner's code: the only door. Whatever comes out of it becomes an answer."""
    try:
        return function(*arguments)
    except Fault:
        raise
    except BaseException as error:
        if not HOST.wire.mine():
            leave_child(HOST.wire, error)
        raise learner_fault(error) from None


def no_such(what, where, name, known):
    from difflib import get_close_matches

    near = get_close_matches(name, [word for word in known if word[:1] != "_"], 1)
    hint = f"; the nearest name is {near[0]}" if near else ""
    return Fault(NO_NAME, f"there is no {what} in {where}{hint}", name=name)


def main():
    global HOST
    for stream in STREAMS:
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    sys.modules["__main__"] = type(sys)("__main__")  # "import __main__" shall not find this file
    HOST = Host(Wire(int(os.environ.pop("SFS_FD"))))
    HOST.serve()


if __name__ == "__main__":
    main()
