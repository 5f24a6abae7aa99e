"""The far side of the bridge for Python: runs the code under test and answers questions about it.

Law of every host:
- It speaks JSON-RPC 2.0, one message a line, on the socket named by SFS_FD, and never speaks first:
  a request comes in, callbacks may go out while it is served, one answer goes out.
- Only plain values cross (host_values.py), and errors as a description (host_errors.py).
- The trusted end believes nothing that is said here. What a host does against hostile code keeps
  honest reports readable; it does not protect the verdict.
- It starts within milliseconds, because every test gets a process of its own. Hence the C JSON codec
  alone (the json package pulls in re, which doubles the start) and no import that can wait.
"""

import _signal
import _thread
import os
import sys
from _json import encode_basestring_ascii, make_encoder, make_scanner

# The learner's code must neither find the host's files nor have a place on its path taken by them.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from host_bytecode import write_bytecode
from host_errors import Ban, exit_of, fault_of, raised_by_callback
from host_values import (
    MISUSE,
    NO_NAME,
    UNCROSSABLE,
    Encoder,
    Fault,
    Values,
    is_class,
    mro_of,
    name_of,
    names_of,
)

del sys.path[0]
del sys.modules["host_bytecode"], sys.modules["host_errors"], sys.modules["host_values"]

ENOUGH_BYTES = (
    1 << 20
)  # a batch of iterator values is cut here, so that many big values still cross
EXIT_FAULT = 70  # the conversation broke: EX_SOFTWARE of sysexits.h
STREAMS = (sys.stdout, sys.stderr)


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
        line = ("".join(self.dump({"jsonrpc": "2.0", **message}, 0)) + "\n").encode()
        if most and len(line) > most:
            raise Fault(UNCROSSABLE, f"result: is larger than {most} bytes as JSON")
        flush()
        view = memoryview(line)
        try:
            while view:
                view = view[self.write(self.descriptor, view) :]
        except OSError:
            self.leave(0)

    def say(self, text):
        """A word on the real standard error."""
        flush()
        self.write(2, (text + "\n").encode("utf-8", "backslashreplace"))

    def leave(self, status):
        flush()
        self.exit(status)

    def break_off(self, reason):
        self.say(f"host: {reason}; the conversation is over")
        self.leave(EXIT_FAULT)


def flush():
    for stream in (*STREAMS, sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # closed or replaced by the learner: nothing to flush
            pass


# -- the host ------------------------------------------------------------------------------------


class Host:
    """Serves one conversation."""

    def __init__(self, wire):
        self.wire, self.values = wire, Values(self.call_back)
        self.code, self.modules, self.loaded = "", [], {}
        self.last_callback, self.serving, self.running = 0, None, False
        self.methods = {
            "hello": self.hello,
            "call": self.call,
            "batch": self.batch,
            "next": self.next,
            "run": self.run,
            "compile": self.compile,
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
            self.wire.send({"id": identity, "result": None})
            self.wire.leave(0)
        try:
            result = self.answer(method, request)
            most = self.values.limits["bytes"]
            self.wire.send({"id": identity, "result": result}, most)
        except Fault as fault:
            self.wire.send({"id": identity, "error": fault.answer})

    def answer(self, method, request):
        """Serve one request with the conversation free for callbacks of any thread."""
        self.wire.lock.release()
        try:
            if (serve := self.methods.get(method)) is None:
                raise Fault(MISUSE, f"no method {method!r} in this protocol")
            if self.values.limits is None and method != "hello":
                raise Fault(MISUSE, "the first request must be hello")
            params = request.get("params") or {}
            self.values.release(params.get("release", ()))
            self.serving = request.get("id")
            return serve(params)
        except Fault:
            raise
        except Exception as error:
            why = f"bad parameters of {method}: {type(error).__name__}: {error}"
            raise Fault(MISUSE, why) from None
        finally:
            self.wire.lock.acquire()

    # requests

    def hello(self, params):
        self.code = params["code"].rstrip("/") + "/"
        self.modules = [*params["modules"], *("kit." + name for name in params["kit"])]
        self.values.limits = params["limits"]
        sys.path.insert(0, params["code"])
        if params.get("bans"):
            sys.meta_path.insert(0, Ban(tuple(params["bans"]), self.code))
        return {"language": "python", "version": sys.version.split()[0]}

    def call(self, params):
        function = self.find(params["target"], params["name"])
        value = self.invoke(function, [self.values.decode(given) for given in params["args"]])
        return self.values.encode(value, constructed=value if is_class(function) else None)

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
        iterator, end = self.values.held(params["iter"]), object()
        encoder, values = Encoder(self.values, self.values.limits), []
        least = encoder.room - min(ENOUGH_BYTES, encoder.room // 4)
        try:
            while len(values) < params["count"] and encoder.room > least:
                value = self.invoke(next, [iterator, end])
                if value is end:
                    self.values.release([params["iter"]])
                    return {"values": values, "done": True}
                values.append(encoder.whole(value, f"value {len(values)} of the iterator"))
        except Fault as fault:
            fault.answer["data"]["values"] = values
            raise
        return {"values": values, "done": False}

    def compile(self, params):
        write_bytecode(self.code, params["to"])

    def invoke(self, function, arguments):
        """Enter the learner's code: the only door. Whatever comes out of it becomes an answer."""
        try:
            value = function(*arguments)
        except Fault:
            raise
        except BaseException as error:
            if not self.wire.mine():
                self.leave_child(error)
            raise fault_of(error, self.code) from None
        if not self.wire.mine():
            self.leave_child(None)
        return value

    def leave_child(self, error):
        """End a forked child that came back into the host: only its parent may answer."""
        status, words = exit_of(error, self.code)
        if error is not None and SystemExit in mro_of(type(error)):
            self.wire.leave(status)
        self.wire.say(f"{words}\nhost: a forked child came back; end it with os._exit".lstrip())
        self.wire.leave(EXIT_FAULT)

    # names

    def find(self, target, name):
        """The function to call: a method of a live object, or a name in the learner's modules."""
        if target is not None:
            return self.member(self.values.decode(target), name)
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
            found = self.invoke(getattr, [owner, name])
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
            try:
                self.invoke(__import__, [module])
            except Fault as fault:
                gone = fault.answer["data"].get("class") == "ModuleNotFoundError"
                if gone and module.startswith("kit."):
                    return {}  # it extends what a later milestone will make
                raise
            self.loaded[module] = sys.modules[module]
        return vars(self.loaded[module])

    # callbacks

    def call_back(self, number, name, arguments):
        """Ask the other end to call a function of the test's; serve what it asks meanwhile."""
        if self.running or not self.wire.mine():
            raise RuntimeError("there is no test to call back from here")
        coded = [
            self.values.encode(value, f"argument {place} of the callback")
            for place, value in enumerate(arguments, 1)
        ]
        with self.wire.lock:
            self.last_callback += 1
            identity = f"c{self.last_callback}"
            params = {"callback": number, "name": name, "args": coded}
            self.wire.send({"id": identity, "method": "callback", "params": params})
            while "method" in (message := self.wire.receive()):
                self.respond(message)
        if message.get("id") != identity:
            self.wire.break_off(f"asked {identity}, was answered {str(message.get('id'))[:40]!r}")
        if "error" in message:
            raise raised_by_callback(message["error"])
        return self.values.decode(message.get("result"))

    # programs

    def run(self, params):
        """Run a program to its end; the answer goes out as soon as it says that it is ready."""
        file, names = f"{params['module']}.py", self.load(params["module"])
        if not callable(main := names.get("main")):
            raise no_such("main", file, "main", names)
        config, identity, said = self.values.decode(params["config"]), self.serving, []

        def ready(port):
            if not said:
                said.append(port)
                result = {"port": self.values.encode(port, "port")}
                self.wire.send({"id": identity, "result": result})

        self.running, problem = True, None
        watching = _thread.allocate_lock()
        with watching:  # or it would compete with the program's first steps, and catch its signals
            _thread.start_new_thread(self.watch, (watching.release,))
            watching.acquire()
        try:
            main(config, ready)
        except BaseException as error:
            problem = error
        if not self.wire.mine():
            self.leave_child(problem)
        if not said:
            early = problem or RuntimeError("main returned before it called ready(port)")
            self.wire.send({"id": identity, "error": fault_of(early, self.code).answer})
        status, words = exit_of(problem, self.code)
        if words:
            self.wire.say(words)
        self.wire.leave(status)

    def watch(self, begun):
        """Beside a running program: notice that the other end says bye or is gone."""
        _signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals())
        begun()
        message = self.wire.receive()
        if message.get("method") != "bye":
            self.wire.break_off("received a request while a program runs")
        self.respond(message)


def no_such(what, where, name, known):
    from difflib import get_close_matches

    near = get_close_matches(name, [word for word in known if word[:1] != "_"], 1)
    hint = f"; the nearest name is {near[0]}" if near else ""
    return Fault(NO_NAME, f"there is no {what} in {where}{hint}", name=name)


def main():
    for stream in STREAMS:
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    sys.breakpointhook = lambda *_, **__: None  # nobody is there to answer; see `sfs test --debug`
    sys.modules["__main__"] = type(sys)("__main__")  # "import __main__" shall not find this file
    Host(Wire(int(os.environ.pop("SFS_FD")))).serve()


if __name__ == "__main__":
    main()
