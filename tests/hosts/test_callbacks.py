"""Functions and objects of the test's, called from the learner's code."""

from __future__ import annotations

import pytest

UNCROSSABLE = -32001


def fails_with(error):
    def function(*_):
        raise error

    return function


def test_a_function_is_called_and_its_answer_comes_back(peer):
    """The learner's code calls a function of the test's and goes on with its answer."""
    function = peer.function(lambda value: [*value, "answer"])
    assert peer.call("apply", function, ["asked"]) == ["asked", "answer"]


def test_bytes_and_references_cross_in_a_callback(peer):
    """Arguments and answers of a callback follow the rules of all values."""
    counter = peer.call("Counter", 4)
    function = peer.function(lambda value: {"$ref": value["$ref"]})
    assert peer.call("value", target=peer.call("apply", function, counter)) == 4


def test_an_object_has_the_methods_that_were_named(peer):
    """An object of the test's is called by its own names, whatever the language's spelling."""
    pages = {}

    def store(method, key, *page):
        return pages.__setitem__(key, page[0]) if method == "write_page" else pages[key]

    methods = ["write_page", "read_page"]
    assert peer.call("through_store", peer.function(store, methods), "k") == {"$bytes": "cGFnZQ=="}


def test_a_function_given_back_is_the_same_function(peer):
    """A callback that the learner kept comes back under its number."""
    function = peer.function(print)
    peer.call("keep", function)
    assert peer.call("kept") == {"$callback": function["$callback"]}


def test_calls_nest_inside_callbacks(peer):
    """A callback may call the code under test, which may call back again."""
    inner = peer.function(lambda value: value * 2)
    outer = peer.function(lambda value: peer.call("apply", inner, value + 1) + 1)
    assert peer.call("apply", outer, 10) == 23


def test_an_error_in_a_callback_can_be_caught(peer):
    """An error of the test's function is raised inside the learner's code, which may catch it."""
    function = peer.function(fails_with(KeyError("no such page")))
    assert "no such page" in peer.call("apply_safely", function, 1)


def test_an_input_output_error_in_a_callback_keeps_its_kind(peer):
    """An OSError of the test's is the language's own input/output error."""
    function = peer.function(fails_with(OSError(5, "disk is gone")))
    assert peer.call("apply_safely", function, 1) == "input/output error 5"


def test_an_error_in_a_callback_that_nobody_catches_ends_the_call(peer):
    """Uncaught, it is an error of the call, and the conversation goes on."""
    function = peer.function(fails_with(OSError(5, "disk is gone")))
    refused = peer.refusal("apply", function, 1)
    assert refused.code == -32000
    assert "disk is gone" in refused.message
    assert peer.call("echo", 1) == 1


def test_an_error_inside_a_nested_call_stays_there(peer):
    """A nested call that fails answers the test, and the outer call goes on."""
    function = peer.function(lambda value: peer.refusal("fail", "own").data["class"])
    assert peer.call("apply", function, 1) == "PageCorrupt"


def test_a_value_that_cannot_cross_to_a_callback_ends_the_call(peer):
    """What a callback cannot be given is told with the argument's place."""
    function = peer.function(lambda value: None)
    refused = peer.refusal("apply_to_cycle", function)
    assert refused.code == UNCROSSABLE
    assert refused.message == "argument 1 of the callback[0]: the value contains itself"


@pytest.mark.languages("python", "java")
def test_a_thread_of_the_learner_s_may_call_back(peer):
    """While a call lasts, any thread of the learner's may use the test's functions."""
    assert peer.call("apply_in_thread", peer.function(lambda value: value + 1), 1) == 2


@pytest.mark.languages("java")
def test_java_gives_a_function_s_answer_its_declared_type(peer):
    """A generic functional interface converts the answer, and its default methods work."""
    assert peer.call("doubled", peer.function(lambda value: value + 1)) == 10


@pytest.mark.languages("typescript")
def test_a_call_in_a_callback_cannot_wait_for_a_promise(peer):
    """Where the event loop stands still, an async function is refused instead of hanging."""
    function = peer.function(lambda value: peer.refusal("add_later", 1, 2).message)
    assert "cannot wait for a promise" in peer.call("apply", function, 1)


@pytest.mark.parametrize("identity", ["c999", None, 0])
def test_an_answer_under_another_id_ends_the_host(start, identity):
    """An answer that was not asked for ends the process with a clear word."""
    peer = start("probe")
    peer.request("call", target=None, name="apply", args=[peer.function(print), 1])
    asked = peer.receive()["id"]
    peer.send({"id": identity, "result": 1})
    assert peer.ended() == 70
    assert f"host: asked {asked}, was answered" in peer.complaint()
