"""Names, arguments, objects that stay on the far side, batches, prints."""

from __future__ import annotations

import pytest

NO_NAME, DEAD, MISUSE, BANNED = -32002, -32003, -32004, -32005


def test_hello_tells_the_language_and_its_version(start):
    """The first answer names the language and a version."""
    peer = start()
    answer = peer.hello("probe")
    assert answer["language"] == peer.language.name
    assert answer["version"].split(".")[0].isdigit()


def test_hello_imports_nothing_of_the_learner_s(start):
    """A module that ends the process when it is imported does not hurt before the first call."""
    peer = start("leaving")
    assert peer.ask("batch", calls=[], stop=False) == []


def test_nothing_is_served_before_hello(start):
    """A call before hello is refused and the conversation goes on."""
    peer = start()
    assert peer.refusal("echo", 1).code == MISUSE
    peer.hello("probe")
    assert peer.call("echo", 1) == 1


def test_an_unknown_method_is_refused(peer):
    """A method that the protocol does not have is refused by name."""
    with peer.refused("no method .?dance") as caught:
        peer.ask("dance")
    assert caught.value.code == MISUSE


def test_a_free_function_is_found_in_the_language_s_spelling(peer):
    """A name in snake_case is the function in the language's own spelling."""
    assert peer.call("count_long_words", ["a", "abc", "abcd"], 2) == 2


def test_an_argument_left_out_takes_its_default(peer):
    """Arguments at the end may be left out where the language has defaults or overloads."""
    assert [peer.call("add", 1), peer.call("add", 1, 2)] == [11, 3]


def test_modules_are_searched_in_order(peer):
    """Of two modules with the same name the first one in the list wins; later ones are reached too."""
    assert [peer.call("add", 1, 1), peer.call("only_here")] == [2, 5]


def test_a_name_of_the_kit_is_found_last(peer):
    """Names of the kit are found behind those of the modules."""
    assert peer.refusal("corrupt", 4).message == "page 4 is torn"


@pytest.mark.languages("python")
def test_a_file_of_the_kit_that_needs_later_milestones_is_passed_over(peer):
    """The kit has files that extend what is not written yet; they are not in the way of other names."""
    assert "no Ahead" in peer.refusal("Ahead").message
    assert peer.refusal("corrupt", 4).message == "page 4 is torn"


def test_a_class_is_constructed_and_its_object_stays(peer):
    """A class gives a reference; its methods act on the one object behind it."""
    counter = peer.call("Counter", 5)
    assert counter["type"] == "Counter"
    steps = [peer.call("increase_by", 2, target=counter) for _ in range(2)]
    assert (steps, peer.call("value", target=counter)) == ([7, 9], 9)


def test_a_static_method_constructs_too(peer):
    """A dotted name is a static method of a class."""
    counter = peer.call("Counter.starting_at", 8)
    assert peer.call("value", target=counter) == 8


def test_a_reference_may_be_an_argument(peer):
    """A reference handed back is the object itself."""
    counter = peer.call("Counter", 3)
    assert peer.call("value_of", {"$ref": counter["$ref"]}) == 3
    assert peer.call("value", target=peer.call("echo", counter)) == 3


def test_references_inside_a_value_are_live(peer):
    """Objects in a list each get a reference of their own."""
    counters = peer.call("counters", 3)
    assert [peer.call("value", target=counter) for counter in counters] == [0, 1, 2]


def test_an_object_that_iterates_is_a_reference_when_it_was_constructed(peer):
    """What a class was asked for is an object, even if it could be iterated."""
    walker = peer.call("Walker", 2)
    assert walker["type"] == "Walker"
    assert peer.call("name", target=walker) == "walker"


def test_a_released_handle_is_dead(peer):
    """After its release a handle is refused, and other handles are not."""
    first, second = peer.call("counters", 2)
    peer.call("echo", None, release=(first["$ref"],))
    refused = peer.refusal("value", target=first)
    assert refused.code == DEAD
    assert peer.call("value", target=second) == 1
    assert peer.refusal("value_of", first).code == DEAD


def test_a_release_of_what_is_gone_is_no_error(peer):
    """Releasing twice, or what never was, changes nothing."""
    assert peer.call("echo", 1, release=(999_999, 999_999)) == 1


def test_live_handles_are_limited_and_refused_values_leave_none(start):
    """A value with too many objects hands out none of them; after a release there is room again."""
    peer = start("probe", handles=3)
    assert "more than 3 live handles" in peer.refusal("counters", 4).message
    counters = peer.call("counters", 3)
    assert "more than 3 live handles" in peer.refusal("Counter", 1).message
    peer.call("echo", 1, release=tuple(counter["$ref"] for counter in counters[:1]))
    assert peer.call("value", target=peer.call("Counter", 9)) == 9


def test_an_unknown_name_is_told_with_the_nearest(peer):
    """A missing function is told with the files looked in and the name that was probably meant."""
    refused = peer.refusal("count_long_wrods", [], 1)
    assert (refused.code, refused.data["name"]) == (NO_NAME, "count_long_wrods")
    nearest = {"python": "count_long_words"}.get(peer.language.name, "countLongWords")
    assert f"nearest name is {nearest}" in refused.message


def test_an_unknown_method_of_an_object_is_told_with_its_class(peer):
    """A missing method is told with its class and the nearest method."""
    refused = peer.refusal("valeu", target=peer.call("Counter", 1))
    assert refused.code == NO_NAME
    assert "no method valeu in Counter; the nearest name is value" in refused.message


def test_a_module_that_does_not_exist_is_told(start):
    """When a name is missing and a module too, the message says so."""
    peer = start("not_there", "probe")
    assert peer.call("add", 1, 1) == 2
    refused = peer.refusal("xylophone")
    assert refused.code == NO_NAME
    file = peer.language.pick(
        python="not_there.py", typescript="notThere.ts", java="class NotThere"
    )
    assert file in refused.message


@pytest.mark.languages("java")
@pytest.mark.parametrize(
    ("values", "chosen"),
    [
        ([3], "long"),
        ([1.5], "double"),
        (["a"], "String"),
        ([None], "String"),
        ([True], "Object"),
        (["a", 1, 2], "a2"),
    ],
    ids=ascii,
)
def test_java_picks_the_overload_that_fits_best(peer, values, chosen):
    """Of several overloads the one that fits with the least conversion is called."""
    assert peer.call("overloaded", *values) == chosen


@pytest.mark.languages("java")
def test_java_converts_arguments_to_what_the_parameters_want(peer):
    """Integers inside arrays, lists and maps become what the generic types say."""
    assert peer.call("sum", [1, 2], [3], {"a": 4}) == 10


@pytest.mark.languages("java")
def test_java_tells_what_would_have_fitted(peer):
    """Arguments that no overload takes are told with the overloads there are."""
    refused = peer.refusal("count_long_words", ["a"], 2**40)
    assert refused.code == NO_NAME
    assert refused.message == (
        "no countLongWords takes (ArrayList, integer 1099511627776); "
        "there is countLongWords(List<String>, int)"
    )


@pytest.mark.languages("typescript")
def test_a_promise_is_awaited(peer):
    """An async function's answer is what its promise becomes."""
    assert peer.call("add_later", 1, 2) == 3


@pytest.mark.languages("typescript")
def test_a_host_runs_with_its_types_in_place(start, language):
    """host.ts and the learner's .ts run as they are, only slower."""
    assert start("probe", language=language.unprepared()).call("add", 1, 1) == 2


# -- batches ------------------------------------------------------------------------------------------


def one(name, *args, target=None):
    return {"target": target, "name": name, "args": list(args)}


def test_a_batch_gives_a_list_of_results(peer):
    """Many calls in one message give as many results, in order."""
    counter = peer.call("Counter", 0)
    calls = [one("increase_by", 1, target=counter) for _ in range(3)]
    assert peer.ask("batch", calls=calls, stop=True) == [{"result": n} for n in (1, 2, 3)]


@pytest.mark.parametrize(("stop", "done"), [(True, 2), (False, 4)])
def test_a_batch_stops_at_the_first_error_if_it_shall(peer, stop, done):
    """An error in a batch is an item; calls behind it run unless the batch shall stop."""
    calls = [one("add", 1), one("fail", "own"), one("add", 2), one("nothing_of_this_name")]
    items = peer.ask("batch", calls=calls, stop=stop)
    assert len(items) == done
    assert items[0] == {"result": 11}
    assert items[1]["error"]["data"]["class"] == "PageCorrupt"


# -- bans ---------------------------------------------------------------------------------------------


@pytest.mark.languages("python", "typescript")
def test_a_banned_module_is_refused_by_name(start, language):
    """The learner's own import of a banned module is an error of its own kind, naming module and file."""
    banned = language.pick(python="socketserver", typescript="net")
    refused = start("probe", bans=(banned,)).refusal("use_banned")
    assert refused.code == BANNED
    assert refused.message == f"{banned} is banned here: this course asks you to build it yourself"
    assert refused.data["frames"][-1]["file"].startswith("probe.")


@pytest.mark.languages("python", "typescript")
def test_the_standard_library_may_use_a_banned_module(start, language):
    """A module that the learner may use works although it builds on a banned one."""
    banned = language.pick(python="socketserver", typescript="net")
    peer = start("probe", bans=(banned,))
    assert peer.call("use_around") == language.pick(python="http.server", typescript="object")


@pytest.mark.languages("typescript")
def test_a_banned_global_is_refused_too(start, language):
    """A global function of a banned name is refused when it is called."""
    peer = start("probe", bans=("fetch",))
    assert peer.refusal("fetch_something").code == BANNED


# -- prints -------------------------------------------------------------------------------------------


def test_a_print_is_there_before_the_answer(peer):
    """What a call printed, even half a line, can be read as soon as its answer is here."""
    peer.printed()
    assert peer.call("shout", "half a line, é") == 14
    assert peer.printed() == "half a line, é"


def test_a_print_in_a_callback_s_caller_is_there_before_the_callback(peer):
    """What was printed before a callback can be read when the callback arrives."""
    seen = []
    function = peer.function(lambda value: seen.append(peer.printed()))
    peer.printed()
    peer.call("shout_and_apply", function)
    assert seen == ["before"]


def test_sabotage_of_the_standard_library_does_not_reach_the_host(start):
    """A learner who breaks json, os or the streams still gets honest answers."""
    peer = start("probe")
    peer.call("sabotage")
    assert peer.call("echo", {"a": [1, "é"]}) == {"a": [1, "é"]}
    assert peer.refusal("fail", "own").data["class"] == "PageCorrupt"
    peer.ask("bye")
    assert peer.ended() == 0
