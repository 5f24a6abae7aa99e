"""What an answer says about an error of the learner's."""

from __future__ import annotations

import pytest

RAISED = -32000


def test_an_error_crosses_with_class_message_and_public_fields(peer):
    """Class, message and the public plain attributes arrive; private and opaque ones do not."""
    refused = peer.refusal("fail", "own")
    assert (refused.code, refused.message) == (RAISED, "page 7 is torn")
    assert refused.data["class"] == "PageCorrupt"
    assert refused.data["fields"] == {"page_number": 7, "where": ["file", 7]}
    assert (refused.data["builtin"], refused.data["todo"]) == (False, False)


def test_the_built_in_ancestors_are_listed_nearest_first(peer):
    """The ancestors that the language itself defines are named."""
    bases = peer.language.pick(
        python=["Exception"], typescript=["Error"], java=["RuntimeException", "Exception"]
    )
    assert peer.refusal("fail", "own").data["bases"] == bases


def test_an_error_of_the_language_is_marked_as_its_own(peer):
    """A bad value raised by the language itself is marked built in."""
    data = peer.refusal("fail", "bad value").data
    names = {
        "python": ("ValueError", []),
        "typescript": ("RangeError", []),
        "java": ("NumberFormatException", ["IllegalArgumentException"]),
    }
    kind, ancestors = names[peer.language.name]
    assert (data["class"], data["builtin"]) == (kind, True)
    assert data["bases"][: len(ancestors)] == ancestors


def test_an_error_that_poses_as_a_built_in_is_not(peer):
    """A learner's class with a built-in's name is not the built-in."""
    data = peer.refusal("fail", "posing").data
    assert data["class"] in ("ValueError", "RangeError", "IllegalArgumentException")
    assert data["builtin"] is False
    assert data["class"] not in data["bases"]


def test_not_implemented_is_to_do(peer):
    """The language's way to say 'not implemented' is marked."""
    refused = peer.refusal("fail", "todo")
    assert refused.data["todo"] is True
    assert "01-pages" in refused.message


def test_only_the_learner_s_own_frames_come_along(peer):
    """The frames are the learner's and the kit's, outermost first, with line and source."""
    frames = peer.refusal("fail_in_kit", 3).data["frames"]
    names = peer.language.pick(
        python=[("probe.py", "fail_in_kit"), ("kit/errors.py", "corrupt")],
        typescript=[("probe.ts", "failInKit"), ("kit/errors.ts", "corrupt")],
        java=[("Probe.java", "failInKit"), ("kit/Errors.java", "corrupt")],
    )
    assert [(frame["file"], frame["function"]) for frame in frames] == names
    for frame in frames:
        source = (peer.language.source / frame["file"]).read_text().split("\n")
        line = source[frame["line"] - 1]
        assert "corrupt(page)" in line or "raise" in line or "throw" in line
        assert frame["text"] in ("", " ".join(line.split()), line.strip())


def test_a_deep_recursion_is_an_ordinary_error(peer):
    """A stack overflow is answered, with a bounded number of frames."""
    data = peer.refusal("fail", "deep").data
    names = ("RecursionError", "RangeError", "StackOverflowError")
    assert data["class"] in names
    assert len(data["frames"]) == 20
    assert peer.call("echo", 1) == 1


def test_a_long_message_is_cut(peer):
    """A message has at most 4,000 characters."""
    assert peer.refusal("fail", "long").message == "x" * 4_000


def test_a_hostile_error_is_still_answered(peer):
    """An error whose text and attributes raise is named by its class."""
    refused = peer.refusal("fail", "hostile")
    assert refused.data["class"] == "Hostile"
    assert "Hostile" in refused.message
    assert refused.data["fields"] == {}


@pytest.mark.languages("python")
def test_a_system_exit_is_an_ordinary_error(peer):
    """Asking politely to exit does not end the host."""
    data = peer.refusal("fail", "exit").data
    assert (data["class"], data["builtin"]) == ("SystemExit", True)


@pytest.mark.languages("typescript")
def test_a_thrown_value_that_is_no_error_is_answered(peer):
    """Whatever JavaScript lets one throw is named by its type."""
    refused = peer.refusal("fail", "primitive")
    assert (refused.message, refused.data["class"]) == ("a string", "string")


@pytest.mark.languages("typescript")
@pytest.mark.parametrize("name", ["fail_later", "fail_outside"])
def test_an_error_in_asynchronous_code_ends_the_call(peer, name):
    """A rejected promise, and an error that a timer raised meanwhile, are errors of the call."""
    data = peer.refusal(name).data
    assert data["class"] == "PageCorrupt"
    assert data["frames"][-1]["file"] == "kit/errors.ts"


@pytest.mark.languages("typescript")
def test_a_promise_that_can_never_settle_is_an_error(peer):
    """When nothing is left to wait for, the call ends."""
    assert "never settles" in peer.refusal("never_settle").message


def test_an_error_while_importing_is_the_learner_s(start):
    """A module that fails on import answers the call with that error, every time."""
    peer = start("broken")
    for _ in range(2 if peer.language.name != "java" else 1):
        refused = peer.refusal("anything")
        assert (refused.code, refused.data["class"]) == (RAISED, "PageCorrupt")
        assert refused.data["frames"][-1]["function"] == "corrupt"


def test_an_import_that_is_not_implemented_is_to_do(start):
    """'Not implemented' at the top of a module is marked too."""
    assert start("unwritten").refusal("anything").data["todo"] is True


@pytest.mark.languages("python", "typescript")
def test_a_syntax_error_is_told_with_its_line(start, language):
    """A file that is not the language is told as a syntax error in the learner's line."""
    data = start("malformed", language=language.unprepared()).refusal("add", 1, 2).data
    assert data["class"] == "SyntaxError"
    assert (data["frames"][-1]["file"].split(".")[0], data["frames"][-1]["line"]) == (
        "malformed",
        4,
    )
