"""Which milestones a change touches."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from grader.course.manifest import Course, Milestone, System
from grader.errors import UsageError
from grader.proof.changed import changed, touched


def milestone(name: str, module: str) -> Milestone:
    return Milestone(id=name, title=name, adds=(module,))


STEPS = (milestone("01-a", "alpha"), milestone("02-b", "beta"), milestone("03-c", "gamma"))
COURSE = Course(
    course="Course",
    systems={
        "db": System(id="db", title="db", languages=("python", "java"), milestones=STEPS),
        "web": System(id="web", title="web", languages=("typescript",), milestones=STEPS[:1]),
    },
)
ALL_OF_DB = {"db/01-a", "db/02-b", "db/03-c"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("katas/db/02-b/lesson.md", {"db/02-b"}),
        ("katas/db/02-b/python/beta.py", {"db/02-b"}),
        ("solutions/db/02-b/impostors/x.patch", {"db/02-b"}),
        ("solutions/db/python/beta.py", {"db/02-b", "db/03-c"}),
        ("solutions/db/python/stray.py", ALL_OF_DB),
        ("solutions/db/java/Gamma.java", ALL_OF_DB),
        ("katas/db/kit/python/errors.py", ALL_OF_DB),
        ("katas/db/oracles/db_judge.py", ALL_OF_DB),
        ("katas/web/kit/python/errors.py", set()),
        ("grader/bridge/host.py", {*ALL_OF_DB, "web/01-a"}),
        ("milestones.yaml", {*ALL_OF_DB, "web/01-a"}),
        ("katas/db/README.md", set()),
        ("tests/test_wire.py", set()),
        ("README.md", set()),
    ],
)
def test_a_change_touches_what_depends_on_it(path: str, expected: set[str]) -> None:
    """A file's place says which milestones have to be proved again."""
    assert {"/".join(one) for one in touched(COURSE, [path])} == expected


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def test_changed_are_edited_removed_staged_and_new_files(tmp_path: Path) -> None:
    """Whatever differs from the last commit counts, under names as odd as one likes."""
    course = tmp_path / "course"
    course.mkdir()
    for name in ("edited", "removed", "same"):
        (course / name).write_text("1")
    (tmp_path / "outside").write_text("1")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    (course / "edited").write_text("2")
    (course / "removed").unlink()
    (course / "é n").write_text("2")
    (course / "staged").write_text("2")
    (tmp_path / "outside").write_text("2")
    git(tmp_path, "add", "course/staged")
    assert changed(course) == ["edited", "removed", "staged", "é n"]
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "two")
    assert changed(course) == []
    assert changed(course, "HEAD~1") == ["edited", "removed", "staged", "é n"]
    with pytest.raises(UsageError, match="git cannot say what changed"):
        changed(course, "--output=x")


def test_without_git_the_way_out_is_told(tmp_path: Path) -> None:
    """A folder that no git knows is wrong usage, with the mend."""
    with pytest.raises(UsageError, match="git cannot say what changed") as caught:
        changed(tmp_path)
    assert caught.value.mend == "Leave --changed or --since out."
