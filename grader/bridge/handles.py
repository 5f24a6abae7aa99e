"""What a suite holds of the far side: names to call, handles with methods, lazy iterators.

None of them ever judges. A handle only has methods: comparing, testing, iterating or measuring one
ends the test, because the answer would be the learner's word.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn, Protocol

from grader.bridge.faults import LearnerError, SuiteFault, WrongAnswer

FETCH_FIRST, FETCH_MOST = 1, 256  # how many values an iterator is asked for at once
# What text says of itself: asked of an object, it would be the learner's word.
SAYINGS = {name for name in dir(str) if name.startswith("is") or name.endswith("with")}


class Bridge(Protocol):
    """What carries the calls: `proxy.Kata`."""

    def call(self, target: Handle | None, name: str, args: Sequence[Any], /) -> Any: ...
    def fetch(self, number: int, count: int, /) -> tuple[list[Any], bool]: ...
    def adopt_all(self, values: list[Any], /) -> list[Any]: ...
    def forget(self, number: int, generation: int, /) -> None: ...


class Name:
    """A name of the code under test: a class to construct, a function to call, a class's static part."""

    def __init__(self, kata: Bridge, name: str) -> None:
        self._kata = kata
        self._name = name

    def __call__(self, *args: Any) -> Any:
        return self._kata.call(None, self._name, args)

    def __getattr__(self, name: str) -> Name:
        if name.startswith("_"):
            raise AttributeError(name)
        return Name(self._kata, f"{self._name}.{name}")


class Handle:
    """An object on the far side. It has methods and nothing else."""

    _kata: Bridge
    _number: int
    _type: str
    _generation: int

    def __init__(self, kata: Bridge, number: int, kind: str, generation: int) -> None:
        self.__dict__.update(_kata=kata, _number=number, _type=kind, _generation=generation)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in SAYINGS:
            self._judge()
        return lambda *args: self._kata.call(self, name, args)

    def __setattr__(self, name: str, value: Any) -> None:
        raise SuiteFault("attributes do not cross: call a method")

    def __repr__(self) -> str:
        return f"<{self._type} #{self._number}>"

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self._kata.forget(self._number, self._generation)

    def _judge(self, *_: Any) -> NoReturn:
        raise WrongAnswer(f"an object ({self._type}) came back where a plain value was expected")

    __eq__ = __ne__ = __lt__ = __gt__ = __le__ = __ge__ = _judge
    __bool__ = __len__ = __iter__ = __contains__ = __getitem__ = _judge
    __hash__ = object.__hash__


class RemoteIterator:
    """An iterator on the far side, fetched lazily: one value first, then in growing batches."""

    def __init__(self, kata: Bridge, number: int, generation: int) -> None:
        self._kata, self._number, self._generation = kata, number, generation
        self._ready: list[Any] = []
        self._done = False
        self._error: LearnerError | None = None
        self._count = FETCH_FIRST

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if not self._ready:
            if self._done:
                raise StopIteration
            if self._error:
                raise self._error
            try:
                values, self._done = self._kata.fetch(self._number, self._count)
            except LearnerError as error:  # what came before it is still to be had
                values, self._error = self._kata.adopt_all(error.values), error
                if not values:
                    raise
            self._ready = values[::-1]
            self._count = min(self._count * 2, FETCH_MOST)
            if not self._ready:
                self._done = True
                raise StopIteration
        return self._ready.pop()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self._kata.forget(self._number, self._generation)
