"""Where everything of a course lies, by convention; no other module joins these paths.

Two rules: `katas/` is all that a learner may see, `solutions/` all that a learner may not (a
class's copy of the course simply lacks it).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grader.course.languages import LANGUAGES
from grader.course.manifest import Milestone, System
from grader.errors import UsageError

MANIFEST = "milestones.yaml"
CLASS_SEED = "class-seed"  # in a class's copy: with what its visible runs begin


@dataclass(frozen=True)
class Layout:
    """The tree of one course, rooted where milestones.yaml lies."""

    root: Path

    @property
    def manifest(self) -> Path:
        return self.root / MANIFEST

    def kata(self, system: str, milestone: str) -> Path:
        return self.root / "katas" / system / milestone

    def visible_suite(self, system: str, milestone: str) -> Path:
        return self.kata(system, milestone) / "test_visible.py"

    def hidden_suite(self, system: str, milestone: str) -> Path:
        return self.root / "solutions" / system / milestone / "test_hidden.py"

    def hidden_suites(self, system: str, milestone: str) -> tuple[Path, ...]:
        """The course's own hidden suite; none in a class's copy."""
        return (self.hidden_suite(system, milestone),) if self.has_solutions() else ()

    @property
    def class_seed(self) -> Path:
        return self.root / CLASS_SEED

    def lesson(self, system: str, milestone: str) -> Path:
        return self.kata(system, milestone) / "lesson.md"

    def hints(self, system: str, milestone: str) -> Path:
        return self.kata(system, milestone) / "hints.md"

    def misconceptions(self, system: str, milestone: str) -> Path:
        return self.kata(system, milestone) / "misconceptions.json"

    def kit(self, system: str, language: str) -> Path:
        return self.root / "katas" / system / "kit" / language

    def oracles(self, system: str) -> Path:
        """What several suites of a system judge by, as modules; learners may read and use them."""
        return self.root / "katas" / system / "oracles"

    def reference(self, system: str, language: str) -> Path:
        return self.root / "solutions" / system / language

    def impostors(self, system: str, milestone: str) -> list[Path]:
        """The patches of wrong designs, in order of their names."""
        folder = self.root / "solutions" / system / milestone / "impostors"
        return sorted(folder.glob("*.patch"))

    def stubs(self, system: str, milestone: Milestone, language: str) -> list[Path]:
        """The stub files that this milestone adds."""
        folder = self.kata(system, milestone.id) / language
        return [folder / name for name in files(milestone, language)]

    def solutions(self, system: str, milestone: Milestone, language: str) -> list[Path]:
        """The reference's files of this milestone, in the order of the stubs."""
        folder = self.reference(system, language)
        return [folder / name for name in files(milestone, language)]

    def references_upto(self, system: System, milestone: Milestone, language: str) -> list[Path]:
        """The reference's files of this milestone and of all before it: a learner's code base then."""
        steps = (*system.before(milestone), milestone)
        offered = [step for step in steps if language in system.languages_of(step)]
        return [path for step in offered for path in self.solutions(system.id, step, language)]

    def has_solutions(self) -> bool:
        return (self.root / "solutions").is_dir()

    def suite_of(self, path: Path) -> tuple[str, str, str] | None:
        """(system, milestone, visible|hidden) of a suite file, or None for any other file."""
        try:
            top, system, milestone, name = path.resolve().relative_to(self.root).parts
        except ValueError:
            return None
        kinds = {("katas", "test_visible.py"): "visible", ("solutions", "test_hidden.py"): "hidden"}
        kind = kinds.get((top, name))
        return (system, milestone, kind) if kind else None


def files(milestone: Milestone, language: str) -> list[str]:
    """File names of the modules that a milestone adds."""
    return [LANGUAGES[language].file_name(module) for module in milestone.adds]


def modules_upto(system: System, milestone: Milestone) -> list[str]:
    """In which order a name is looked up: this milestone's modules, then earlier ones', latest first."""
    order = [milestone, *reversed(system.before(milestone))]
    return [module for step in order for module in step.adds]


def find(start: Path) -> Layout:
    """The course around `start`: the nearest folder upward with a milestones.yaml."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / MANIFEST).is_file():
            return Layout(folder)
    raise UsageError(
        f"{start}: no {MANIFEST} here or above",
        "Run sfs inside the course's folder or a workspace it made, or give --course DIR.",
    )
