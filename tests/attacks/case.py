"""What an attack is: a few lines of a language, the question they answer, and the verdict they earn.

Small attacks share a submission (`Batch`): each is a function of its own, called by tests of its own,
in a process of its own. An attack that needs a whole submission brings `files` or `top`.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grader.verdict import Outcome

SHAPES = (
    "total", "refuse", "items", "leave", "copy", "tell", "many", "begins", "back", "vault", "serve",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Case:
    """One attack. `hidden` None: only the visible suite asks (for what costs its whole time limit)."""

    group: str
    name: str
    language: str
    visible: Outcome
    hidden: Outcome | None
    body: str = ""  # of the function that the suite calls
    shape: str = "total"  # which question the suites ask, see `course`
    top: str = ""  # what stands above the functions: makes it a submission of its own
    files: Mapping[str, str] = field(default_factory=dict)  # beside it, the same
    together: str = ""  # cases that stand alone together
    environment: Mapping[str, str] = field(default_factory=dict)  # of the grader itself
    main: str = ""  # in place of the whole answers file; the same
    timeout: float = 0.0  # seconds a test; 0: the language's usual
    limit: str = ""  # words that the visible failure's reason must hold
    runs: int = 1  # how often it is graded; each time with the same verdict
    neighbour: Outcome = "passed"  # of the honest function in the same submission
    refused: str = ""  # words of the refusal, when it is not run at all

    @property
    def word(self) -> str:
        """A name for its function and its tests."""
        return re.sub(r"\W+", "_", f"{self.group} {self.name}").strip("_").lower()

    @property
    def key(self) -> str:
        return f"{self.language}/{self.word}"

    @property
    def alone(self) -> bool:
        return bool(self.top or self.files or self.main or self.environment or self.together)

    def expected(self) -> dict[tuple[str, str], Outcome]:
        """(suite, test) -> outcome."""
        if self.refused:
            return {}
        test = f"test_{self.shape}[{self.word}]"
        told: dict[tuple[str, str], Outcome] = {("visible", test): self.visible}
        if self.hidden is not None:
            told[("hidden", test)] = self.hidden
        return told


@dataclass(frozen=True)
class Batch:
    """One submission: a case that stands alone, or all the small ones of a class in one language."""

    cases: tuple[Case, ...]

    @property
    def language(self) -> str:
        return self.cases[0].language

    @property
    def key(self) -> str:
        first = self.cases[0]
        if first.together:
            return f"{first.language}/{first.together}"
        if first.alone:
            return first.key
        groups = {case.group for case in self.cases}
        return f"{first.language}/{first.group if len(groups) == 1 else 'all'}"

    @property
    def timeout(self) -> float:
        return max(case.timeout for case in self.cases)

    @property
    def runs(self) -> int:
        return max(case.runs for case in self.cases)


class Table:
    """The cases of one class, in the order in which they are written down."""

    def __init__(self, group: str) -> None:
        self.group = group
        self.cases: list[Case] = []

    def __call__(
        self,
        language: str,
        name: str,
        outcome: Outcome,
        body: str = "",
        *,
        hidden: Outcome | str | None = "same",
        **more: object,
    ) -> None:
        """Add one. The hidden suite's verdict is the visible one's unless said otherwise."""
        self.cases.append(
            Case(
                group=self.group,
                name=name,
                language=language,
                visible=outcome,
                hidden=outcome if hidden == "same" else hidden,  # type: ignore[arg-type]
                body=textwrap.dedent(body).strip("\n"),
                **more,  # type: ignore[arg-type]
            )
        )

    def python(self, name: str, outcome: Outcome, body: str = "", **more: object) -> None:
        self("python", name, outcome, body, **more)  # type: ignore[arg-type]

    def typescript(self, name: str, outcome: Outcome, body: str = "", **more: object) -> None:
        self("typescript", name, outcome, body, **more)  # type: ignore[arg-type]

    def java(self, name: str, outcome: Outcome, body: str = "", **more: object) -> None:
        self("java", name, outcome, body, **more)  # type: ignore[arg-type]


def batches(cases: Sequence[Case]) -> list[Batch]:
    """Cases that stand alone by themselves, the others together by language and class (Java, whose
    compiler takes its time, by language)."""
    shared: dict[tuple[str, str], list[Case]] = {}
    alone: list[Batch] = []
    for case in cases:
        if case.together:
            shared.setdefault((case.together, case.language), []).append(case)
        elif case.alone:
            alone.append(Batch((case,)))
        else:
            group = "" if case.language == "java" else case.group
            shared.setdefault((group, case.language), []).append(case)
    return [*(Batch(tuple(some)) for some in shared.values()), *alone]
