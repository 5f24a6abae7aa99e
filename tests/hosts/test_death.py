"""The end of a conversation in all its forms: it is prompt, and it is never a hang."""

from __future__ import annotations

import signal

import pytest


def dies(peer, status):
    """The conversation ends without an answer and the process with a status."""
    with pytest.raises(EOFError):
        peer.receive()
    assert peer.ended() == status


def test_bye_is_answered_and_ends_the_process(start):
    """After bye there is an answer, then the end, with status 0."""
    peer = start("probe")
    assert peer.ask("bye") is None
    assert peer.ended() == 0


def test_bye_ends_threads_and_timers_of_the_learner_s(start):
    """Nothing that the learner left running holds the exit."""
    peer = start("probe")
    peer.call("stay")
    peer.ask("bye")
    assert peer.ended() == 0


@pytest.mark.parametrize("called", [False, True], ids=["before hello", "after a call"])
def test_the_end_of_the_stream_ends_the_process(start, called):
    """A host that nobody talks to any more ends at once."""
    peer = start(*(["probe"] if called else []))
    if called:
        peer.call("stay")
    peer.hang_up()
    assert peer.ended() == 0


def test_a_host_keeps_still_until_it_is_asked(start):
    """Nothing is sent unasked."""
    peer = start("probe")
    peer.socket.settimeout(0.1)
    with pytest.raises(TimeoutError):
        peer.receive()


def test_an_exit_in_a_call_ends_the_process_with_its_status(start):
    """A learner's exit is seen as the end of the process, with the learner's status."""
    peer = start("probe")
    peer.request("call", target=None, name="leave", args=[5])
    dies(peer, 5)


def test_an_exit_while_importing_ends_the_process(start):
    """An exit at the top of a module is seen the same way."""
    peer = start("leaving")
    peer.request("call", target=None, name="anything", args=[])
    dies(peer, 3)


def test_an_exit_in_an_iterator_ends_the_process(start):
    """An exit between two values is seen when the next batch is asked for."""
    peer = start("probe")
    iterator = peer.call("count_then_leave", 2)
    assert peer.take(iterator, 2)["values"] == [0, 1]
    peer.request("next", iter=iterator["$iter"], count=1)
    dies(peer, 3)


def test_an_exit_after_a_callback_ends_the_process(start):
    """An exit in the middle of a call that has called back is seen."""
    peer = start("probe")
    peer.request("call", target=None, name="apply_then_leave", args=[peer.function(print)])
    peer.send({"id": peer.receive()["id"], "result": None})
    dies(peer, 3)


def test_a_kill_in_a_call_ends_the_conversation(start):
    """kill -9 in the middle of a call is the end of the stream."""
    peer = start("probe")
    peer.request("call", target=None, name="hang", args=[])
    peer.process.kill()
    dies(peer, -signal.SIGKILL)


def test_hanging_up_during_a_callback_ends_the_process(start):
    """A host that waits for a callback's answer ends when there will be none."""
    peer = start("probe")
    peer.request("call", target=None, name="apply", args=[peer.function(print), 1])
    peer.receive()
    peer.hang_up()
    assert peer.ended() == 0


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"hello\n",
        b"[1]\n",
        b"{}{}\n",
        b'"text"\n',
        b'{"id": \n',
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
    ],
    ids=["empty", "word", "list", "two", "text", "cut", "bytes", "deep"],
)
def test_a_malformed_line_ends_the_host_with_a_word(start, line):
    """Garbage from the other end is told on standard error and ends the process."""
    peer = start("probe")
    peer.send_raw(line)
    dies(peer, 70)
    assert "host: received a line that is not a JSON object" in peer.complaint()


def test_an_answer_that_nobody_asked_for_ends_the_host(start):
    """An answer where a request must come is told and ends the process."""
    peer = start("probe")
    peer.send({"id": "c1", "result": 1})
    dies(peer, 70)
    assert "host: received an answer that nobody waits for" in peer.complaint()


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("call", {}),
        ("call", {"target": None, "name": 5, "args": []}),
        ("call", {"target": None, "name": "echo", "args": [{"$nonsense": 1}]}),
        ("call", {"target": {"$ref": "one"}, "name": "echo", "args": []}),
        ("batch", {"calls": 5, "stop": True}),
        ("next", {"iter": None, "count": 1}),
    ],
    ids=["nothing", "name", "tag", "ref", "calls", "iter"],
)
def test_parameters_that_make_no_sense_are_refused(peer, method, params):
    """A request that is JSON but not of the protocol is answered with an error."""
    peer.request(method, **params)
    assert peer.receive()["error"]["code"] in (-32004, -32003)
    assert peer.call("echo", 1) == 1


def test_a_request_in_pieces_is_one_request(peer):
    """A line may arrive in any pieces, and two lines in one."""
    line = b'{"jsonrpc":"2.0","id":"p","method":"call","params":{"target":null,"name":"add","args":[1]}}\n'
    for at in range(0, len(line), 20):
        peer.send_raw(line[at : at + 20])
    peer.send_raw(line + line)
    assert [peer.receive()["result"] for _ in range(3)] == [11, 11, 11]


@pytest.mark.languages("python")
def test_a_forked_child_that_comes_back_has_no_say(start):
    """A child that returns into the host is ended, and its parent's answer is the only one."""
    peer = start("probe")
    assert peer.call("fork") == 70
    assert peer.call("echo", 1) == 1
    peer.ask("bye")
    assert "forked child" in peer.complaint()
