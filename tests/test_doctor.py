"""What the doctor says; machines are made up."""

from __future__ import annotations

import pytest

from grader import doctor


@pytest.mark.parametrize(
    ("version", "state"), [((3, 11, 0), "ok"), ((3, 14, 2), "ok"), ((3, 10, 9), "bad")]
)
def test_python_has_to_be_recent(version: tuple[int, ...], state: str) -> None:
    """3.11, as the package says."""
    assert doctor.python(version).state == state


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("MemTotal: 9 kB\nMemAvailable:    8388608 kB\n", "ok"),
        ("MemAvailable:    1048576 kB\n", "warn"),
        (None, "warn"),
    ],
)
def test_memory_is_what_is_available(text: str | None, state: str) -> None:
    """Not what is free; a machine that does not tell is no fault."""
    assert doctor.memory(lambda path: text).state == state


def test_git_is_looked_for_on_the_path() -> None:
    """A wish, not a need."""
    assert doctor.git({"PATH": "/nowhere"}).state == "warn"


def test_without_a_sandbox_a_language_is_not_praised() -> None:
    """What was not tried is not ok."""
    assert doctor.language("python", {}, None).state == "warn"


def test_a_missing_runtime_comes_with_its_mend() -> None:
    """Java, where neither JAVA_HOME nor PATH lead to a JDK."""
    finding = doctor.language("java", {"PATH": "/nowhere"}, None)
    assert finding.state == "warn"
    assert "JDK" in finding.what
    assert finding.mend


def test_elsewhere_than_on_linux_practice_is_possible() -> None:
    """And grading is not."""
    finding = doctor.not_linux()
    assert finding.state == "bad"
    assert "sfs test" in finding.mend


@pytest.mark.parametrize("name", ["python", "typescript", "java"])
def test_a_runtime_is_asked_something_that_it_answers(name: str) -> None:
    """A TypeScript program must really be stripped of its types."""
    from grader.course.languages import Runtime

    runtime = Runtime(("/x/run", "host"), (), "", 1, 1, {})
    question = doctor.version_question(name, runtime)
    assert question[0] == "/x/run"
    assert ("string" in " ".join(question)) is (name == "typescript")
