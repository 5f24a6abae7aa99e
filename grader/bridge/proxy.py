"""Makes a host look like Python to a suite: classes, functions, handles, iterators, errors by name.

`kata.PageFile(path)` and `kata.parse(sql)` travel to the host and come back as plain values or as
handles. A handle only has methods; it never judges: comparing, testing, iterating or measuring one
raises, because the answer would be the learner's word. Every interaction is kept in the transcript.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn, Protocol

from grader.bridge import wire
from grader.bridge.faults import (
    Crashed,
    LearnerError,
    NotBuilt,
    SuiteFault,
    TimedOut,
    WrongAnswer,
    expect,
    frames_of,
)
from grader.bridge.handles import Handle, Name, RemoteIterator
from grader.bridge.host import FarError, Host, HostGone, HostSilent
from grader.failures.transcript import Call, Opaque, Ref

CALLS_KEPT = 300


class World(Protocol):
    """What a test stands on: it can give the present host, end it and start another."""

    host: Host

    def restart(self) -> None: ...
    def deadline(self) -> float: ...


class Kata:
    """The code under test, as a suite sees it."""

    def __init__(self, world: World, journal: list[Call | str] | None = None) -> None:
        self._world = world
        self._generation = 0
        self._callbacks: dict[int, Any] = {}
        self._released: list[int] = []
        self._encoder = wire.Encoder(self._tag)
        self._journal: list[Call | str] = [] if journal is None else journal

    def __getattr__(self, name: str) -> Name:
        if name.startswith("_"):
            raise AttributeError(name)
        return Name(self, name)

    # -- what suites call ---------------------------------------------------------------------

    def many(self, handle: Handle, method: str, calls: Iterable[Sequence[Any]]) -> list[Any]:
        """`method` once for each argument list, in one message; the first error is raised."""
        steps = [[handle, method, list(arguments)] for arguments in calls]
        results = self._batch(steps, stop=True)
        for result in results:
            if isinstance(result, LearnerError):
                raise result
        return results

    def script(self, steps: Iterable[Sequence[Any]]) -> list[Any]:
        """`[[handle or None, name, [arguments]], …]` in one message; errors are items of the result."""
        return self._batch([list(step) for step in steps], stop=False)

    def raises(self, name: str, match: str | None = None, **fields: Any) -> Any:
        """Expect the error `name`; `match` is searched in its message, `fields` must be equal."""
        return expect(name, match, fields)

    def kill(self) -> None:
        """`kill -9`: the process and all that it holds in memory is gone, its files stay."""
        self._world.host.close()

    def restart(self) -> None:
        """A new process on the same files; handles of the old one are dead."""
        self._world.host.close()
        self._world.restart()
        self._generation += 1
        self._callbacks.clear()
        self._released.clear()

    # -- the bridge ---------------------------------------------------------------------------

    def call(self, target: Handle | None, name: str, args: Sequence[Any]) -> Any:
        sent = [self._encode(a, f"argument {i + 1} of {name}") for i, a in enumerate(args)]
        params = {"target": self._target(target), "name": name, "args": sent}
        return self._recorded(_ref(target), name, args, lambda: self._ask("call", params))

    def _batch(self, steps: list[list[Any]], *, stop: bool) -> list[Any]:
        calls = []
        for target, name, args in steps:
            sent = [self._encode(a, f"argument {i + 1} of {name}") for i, a in enumerate(args)]
            calls.append({"target": self._target(target), "name": name, "args": sent})
        answers = self._ask("batch", {"calls": calls, "stop": stop})
        prints = self._world.host.prints.take()
        if not isinstance(answers, list) or not all(isinstance(a, dict) for a in answers):
            raise WrongAnswer("the batch came back malformed")
        results = []
        for (target, name, args), answer in zip(steps, answers, strict=False):
            result = self._batch_result(answer)
            self._record(_ref(target), name, args, result, prints)
            prints = ""
            results.append(result)
        if not stop and len(results) != len(steps):
            raise WrongAnswer(f"{len(steps)} calls were sent, {len(results)} answers came back")
        return results

    def _batch_result(self, answer: dict[str, Any]) -> Any:
        error = answer.get("error")
        if error is None:
            return self._adopt(_decoded(answer.get("result")))
        if not isinstance(error, dict):
            raise WrongAnswer("the batch came back malformed")
        data = error.get("data")
        far = FarError(
            error.get("code", 0),
            str(error.get("message", ""))[:4000],
            data if isinstance(data, dict) else {},
        )
        try:
            self._raise(far)
        except LearnerError as caught:
            return caught

    def fetch(self, number: int, count: int) -> tuple[list[Any], bool]:
        """Up to `count` more values, and whether these were the last."""
        done = []

        def fetch() -> list[Any]:
            answer = self._ask("next", {"iter": number, "count": count})
            if not isinstance(answer, dict) or not isinstance(answer.get("values"), list):
                raise WrongAnswer("the iterator answered malformed")
            done.append(answer.get("done") is True)
            return [self._adopt(_decoded(v)) for v in answer["values"]]

        values = self._recorded(Ref(number, "iterator"), "next", [count], fetch, awaited=True)
        return values, done[0]

    def _ask(self, method: str, params: dict[str, Any]) -> Any:
        """One request; far errors become LearnerError or Judged, a missing answer becomes Judged."""
        if self._released:
            params = {**params, "release": self._released[:]}
            self._released.clear()
        try:
            answer = self._world.host.ask(method, params, self._world.deadline(), self._serve)
        except FarError as error:
            self._raise(error)
        except HostSilent as error:
            raise TimedOut(error.reason) from None
        except HostGone as error:
            raise Crashed(error.reason) from None
        except wire.TooMuch as error:
            raise _given_back(error) from None
        except wire.WireError as error:
            raise SuiteFault(str(error)) from None
        return answer if method in ("batch", "next") else self._adopt(_decoded(answer))

    def _raise(self, error: FarError) -> NoReturn:
        if error.code == -32000:
            found = LearnerError(error.message, error.data)
            if error.data.get("todo") is True:
                raise NotBuilt(f"not built yet ({error.message})", found.frames)
            raise found
        raise WrongAnswer(
            error.message or "the call could not be answered", frames_of(error.data.get("frames"))
        )

    def _serve(self, params: dict[str, Any]) -> dict[str, Any]:
        """A callback into the suite: its result or the error that it raised."""
        try:
            number, name, args = (params.get(key) for key in ("callback", "name", "args"))
            subject = self._callbacks.get(number) if type(number) is int else None
            if subject is None or not isinstance(args, list):
                raise wire.WireError("the process called back what it was never given")
            if name is not None and name not in _methods(subject):
                raise wire.WireError(
                    f"the process called {str(name)[:40]!r} on an object that has no such method"
                )
            function = subject if name is None else getattr(subject, name)
            result = _called_back(function, [self._adopt(_decoded(a)) for a in args])
            return {"result": self._encode(result, "a callback's result")}
        except (OSError, LearnerError, ValueError) as error:
            data = {"class": type(error).__name__, "errno": getattr(error, "errno", None)}
            return {"error": {"code": -32010, "message": str(error), "data": data}}

    def _recorded(
        self,
        target: Ref | None,
        name: str,
        args: Sequence[Any],
        act: Callable[[], Any],
        *,
        awaited: bool = False,
    ) -> Any:
        outcome: Any = None
        try:
            outcome = act()
            return outcome
        except BaseException as error:
            outcome = error
            raise
        finally:
            prints = self._world.host.prints.take()
            self._record(target, name, args, outcome, prints, awaited=awaited)

    def _record(
        self,
        target: Ref | None,
        name: str,
        args: Sequence[Any],
        outcome: Any,
        prints: str,
        *,
        awaited: bool = False,
    ) -> None:
        failed = isinstance(outcome, BaseException)
        self._journal.append(
            Call(
                target=target,
                name=name,
                args=tuple(_shown(a) for a in args),
                result=None if failed else _shown(outcome),
                error=str(outcome) if failed else None,
                prints=prints,
                awaited=awaited,
            )
        )
        del self._journal[:-CALLS_KEPT]

    def _encode(self, value: Any, where: str) -> Any:
        try:
            return self._encoder.encode(value, where)
        except wire.TooMuch as error:
            raise _given_back(error) from None
        except wire.WireError as error:
            raise SuiteFault(str(error)) from None

    def _tag(self, value: Any) -> dict[str, Any] | None:
        if isinstance(value, Handle | RemoteIterator):
            return _tag_of(value, self._generation)
        if isinstance(value, LearnerError):  # a batch gave it, where a value was due
            raise value
        methods = None if callable(value) else _methods(value)
        if methods == []:
            return None
        number = len(self._callbacks) + 1
        self._callbacks[number] = value
        return {"$callback": number, "methods": methods}

    def _target(self, handle: Handle | None) -> dict[str, Any] | None:
        if handle is None:
            return None
        if isinstance(handle, LearnerError):  # a batch gave it, where a handle was due
            raise handle
        if not isinstance(handle, Handle):
            came = type(handle).__name__
            raise WrongAnswer(f"an object was to be called, and a plain value came ({came})")
        return _tag_of(handle, self._generation)

    def _adopt(self, value: Any) -> Any:
        """Turn the tags in a decoded value into handles, iterators and the suite's own callables."""
        kind = type(value)
        if kind is wire.RemoteRef:
            return Handle(self, value.number, value.type, self._generation)
        if kind is wire.RemoteIter:
            return RemoteIterator(self, value.number, self._generation)
        if kind is wire.CallbackRef:
            return self._callbacks.get(value.number)
        if kind is list:
            return [self._adopt(v) for v in value]
        if kind is dict:
            return {k: self._adopt(v) for k, v in value.items()}
        return value

    def adopt_all(self, values: list[Any]) -> list[Any]:
        return [self._adopt(_decoded(v)) for v in values]

    def forget(self, number: int, generation: int) -> None:
        if generation == self._generation:
            self._released.append(number)


def _decoded(value: Any) -> Any:
    try:
        return wire.decode(value)
    except wire.WireError as error:
        raise WrongAnswer(str(error)) from None


def _given_back(error: wire.TooMuch) -> WrongAnswer:
    """The reference's values cross both ways: one that does not came from the code under test."""
    return WrongAnswer(f"{error}: what came back before is too much to be given back")


def _called_back(function: Callable[..., Any], args: list[Any]) -> Any:
    """Call what is the suite's with what the code under test says."""
    try:
        return function(*args)
    except (TypeError, LookupError, AttributeError, OverflowError) as error:
        inside = error.__traceback__ and error.__traceback__.tb_next
        if inside:  # the suite's own code, which is judged where it stands
            raise
        raise WrongAnswer(f"the test was called back with what it cannot take: {error}") from error


def _methods(subject: Any) -> list[str]:
    return sorted(
        n
        for n in dir(type(subject))
        if not n.startswith("_") and callable(getattr(type(subject), n))
    )


def _tag_of(value: Any, generation: int) -> dict[str, Any]:
    if value._generation != generation:
        raise wire.WireError("a handle of an ended process was used")
    return {"$iter" if isinstance(value, RemoteIterator) else "$ref": value._number}


def _ref(handle: Handle | None) -> Ref | None:
    return Ref(handle._number, handle._type) if isinstance(handle, Handle) else None


def _shown(value: Any) -> object:
    """A value as the transcript keeps it: plain, with Ref and Opaque in place of what is not."""
    kind = type(value)
    if kind is Handle:
        return Ref(value._number, value._type)
    if kind is RemoteIterator:
        return Ref(value._number, "iterator")
    if kind in (list, tuple):
        return [_shown(v) for v in value]
    if kind is dict:
        return {k: _shown(v) for k, v in value.items()}
    if value is None or kind in (bool, int, float, str, bytes):
        return value
    if kind in (bytearray, memoryview):
        return bytes(value)
    return Opaque(f"<{kind.__name__} of the suite>")
