"""One process of the code under test, and the conversation with it.

A request goes out, its answer comes back before the deadline, or there is a reason why not: silence
(`HostSilent`), death (`HostDied`), an answer that was not asked for or is not one (`HostDied` too:
the conversation cannot be trusted any further). The far side is never believed beyond the value in
its answer. What it prints is kept in a bounded ring, tied to the call during which it was printed.
"""

from __future__ import annotations

import os
import secrets
import selectors
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from grader.bridge import wire
from grader.errors import GraderFault
from grader.machine.process import Ending
from grader.machine.started import Started

PRINTS_KEPT = 16 * 1024  # bytes of a host's output that a report may show
WATCH_EVERY = 0.1  # seconds between two looks at the host's memory
READ_SIZE = 1 << 16

Clock = Callable[[], float]
Answerer = Callable[[dict[str, Any]], dict[str, Any]]


class HostGone(Exception):
    """The host did not answer; `reason` is what a report says."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class HostSilent(HostGone):
    """No answer before the deadline."""


class HostDied(HostGone):
    """The process ended, or broke the protocol and was ended."""


class FarError(Exception):
    """The host answered with an error; `data` is the far side's own word, bounded, not trusted."""

    def __init__(self, code: int, message: str, data: dict[str, Any]) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class Launcher(Protocol):
    """Starts one host: gives back its process and our end of its channel."""

    def __call__(self) -> tuple[Started, socket.socket]: ...


@runtime_checkable
class Condemnable(Protocol):
    """A process that can be told to die without waiting for it."""

    def condemn(self) -> None: ...


@dataclass
class Prints:
    """What the host wrote to its streams: the end of it, bounded."""

    recent: bytearray = field(default_factory=bytearray)
    everything: bytearray = field(default_factory=bytearray)

    def add(self, data: bytes) -> None:
        for ring in (self.recent, self.everything):
            ring += data
            del ring[:-PRINTS_KEPT]

    def take(self) -> str:
        """What was printed since the last call of this."""
        text = self.recent.decode("utf-8", "replace")
        self.recent.clear()
        return text


class Host:
    """A running host. Every method that waits takes a deadline on the monotonic clock."""

    def __init__(self, launch: Launcher, hello: Mapping[str, Any], clock: Clock = time.monotonic):
        self.clock = clock
        self.process, self.channel = launch()
        self.channel.setblocking(False)
        self.prints = Prints()
        self.gone: HostGone | None = None
        self._buffer = bytearray()
        self._searched = 0
        self._next_watch = 0.0
        self._connected = True
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.channel, selectors.EVENT_READ)
        self._streams = [self.process.stdout, self.process.stderr]
        for stream in self._streams:
            self._selector.register(stream, selectors.EVENT_READ)
        self._greeting = self._request("hello", hello)
        self._unsent = bytearray(wire.pack(self._greeting))
        self._greeted = False

    def greet(self, deadline: float) -> None:
        """Wait until the host is up. When it does not come up, that is the grader's fault."""
        if self._greeted:
            return
        try:
            self._converse(self._greeting["id"], deadline, no_callbacks)
        except HostGone as error:  # before any of the learner's code ran
            raise GraderFault(f"a host did not start: {error.reason}\n{self.output()}") from error
        self._greeted = True

    def ask(
        self, method: str, params: Mapping[str, Any], deadline: float, callbacks: Answerer
    ) -> Any:
        """Send one request and wait for its answer, serving callbacks meanwhile.

        Raises FarError for an error answer, HostGone when there will be no answer.
        """
        if self.gone:
            raise self.gone
        self.greet(deadline)
        request = self._request(method, params)
        self._unsent += wire.pack(request)
        return self._converse(request["id"], deadline, callbacks)

    def output(self) -> str:
        """The end of all that the host has printed so far."""
        self._drain()
        return self.prints.everything.decode("utf-8", "replace")

    def watch(self) -> None:
        """Look what the process uses, every now and then; to be called by whoever waits for it.

        One that uses more than it may is ended, and HostDied says so."""
        if self.clock() < self._next_watch:
            return
        self._next_watch = self.clock() + WATCH_EVERY
        if self.process.over_limit():
            raise self._end(HostDied(self._ending()))

    def wait(self, timeout: float) -> Ending | None:
        """How the process ended, if it does within `timeout` seconds; keeps its streams flowing."""
        end = self.clock() + timeout
        while True:
            self.watch()
            ending = self.process.wait(0)
            if ending is not None or self.clock() >= end:
                self._drain()
                return ending
            events = self._selector.select(min(0.02, max(0.0, end - self.clock())))
            for key, _ in events:
                if key.fileobj is self.channel:
                    self._receive()
                else:
                    self._drain()

    def condemn(self) -> None:
        """Begin to end the process; `close` waits for it."""
        if self.gone is None:
            self.gone = HostDied("the process was ended by the test")
        if isinstance(self.process, Condemnable):
            self.process.condemn()

    def close(self) -> None:
        """End the process and all that it started; harmless when called twice."""
        if self.gone is None:
            self.gone = HostDied("the process was ended by the test")
        self.process.kill()
        self._selector.close()
        self.channel.close()
        for stream in self._streams:
            os.close(stream)
        self._streams = []

    # -- the conversation ---------------------------------------------------------------------

    def _request(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": secrets.token_hex(8), "method": method, "params": params}

    def _converse(self, wanted: str, deadline: float, callbacks: Answerer) -> Any:
        try:
            while True:
                message = wire.unpack(self._line(deadline))
                if message.get("method") == "callback" and "result" not in message:
                    self._unsent += wire.pack(_answer(message, callbacks))
                elif message.get("id") != wanted:
                    raise wire.WireError("the process answered something that it was not asked")
                elif "error" in message:
                    raise _far_error(message["error"])
                elif "result" in message:
                    self._drain()
                    return message["result"]
                else:
                    raise wire.WireError("the answer holds neither a result nor an error")
        except wire.WireError as error:
            raise self._end(HostDied(f"{error}; the process was ended")) from error
        except FarError:
            self._drain()
            raise

    def _line(self, deadline: float) -> bytes:
        while True:
            at = self._buffer.find(b"\n", self._searched)
            if at >= 0:
                line = bytes(self._buffer[:at])
                del self._buffer[: at + 1]
                self._searched = 0
                return line
            self._searched = len(self._buffer)
            if self._searched > wire.MAX_MESSAGE:
                raise wire.WireError(f"the answer is larger than {wire.MAX_MESSAGE:,} bytes")
            self._await_more(deadline)

    def _await_more(self, deadline: float) -> None:
        """Move bytes in and out until something arrived on the channel, or say why nothing will."""
        while self._connected:
            now = self.clock()
            if now >= deadline:
                raise self._end(HostSilent("no answer before the time limit"))
            if self._greeted:  # before that, only our code runs there
                self.watch()
            want = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
            self._selector.modify(self.channel, want)
            for key, mask in self._selector.select(min(WATCH_EVERY, deadline - now)):
                if key.fileobj is not self.channel:
                    self._drain()
                    continue
                if mask & selectors.EVENT_WRITE:
                    self._send()
                if mask & selectors.EVENT_READ and self._receive():
                    return
        raise self._end(HostDied(self._ending()))

    def _send(self) -> None:
        try:
            sent = self.channel.send(self._unsent[: 1 << 18])
        except BlockingIOError:
            return
        except OSError:
            sent = len(self._unsent)  # it is dying: the read side will say so
        del self._unsent[:sent]

    def _receive(self) -> bool:
        """Take what is there on the channel; False at its end."""
        try:
            data = self.channel.recv(READ_SIZE)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(self.channel)
            self._connected = False
        self._buffer += data
        return bool(data)

    def _drain(self) -> None:
        """Take what is there on the two streams; a stream at its end is put aside."""
        for stream in list(self._streams):
            try:
                while data := os.read(stream, READ_SIZE):
                    self.prints.add(data)
                self._selector.unregister(stream)
                self._streams.remove(stream)
                os.close(stream)
            except BlockingIOError:
                continue

    def _ending(self) -> str:
        ending = self.process.wait(1.0)
        self._drain()
        return "the process " + (ending.describe() if ending else "closed its channel")

    def _end(self, why: HostGone) -> HostGone:
        self.gone = why
        self.process.kill()
        self._drain()
        return why


def no_callbacks(message: dict[str, Any]) -> dict[str, Any]:
    raise wire.WireError("the process called back before it was called")


def _answer(message: dict[str, Any], callbacks: Answerer) -> dict[str, Any]:
    params = message.get("params")
    number = message.get("id")
    if not isinstance(params, dict) or not isinstance(number, str):
        raise wire.WireError("the process sent a malformed callback")
    return {"jsonrpc": "2.0", "id": number[:64], **callbacks(params)}


def _far_error(error: Any) -> FarError:
    if not isinstance(error, dict):
        raise wire.WireError("the answer holds a malformed error")
    code, message, data = error.get("code"), error.get("message"), error.get("data")
    return FarError(
        code if type(code) is int else 0,
        message[:4000] if type(message) is str else "",
        data if isinstance(data, dict) else {},
    )
