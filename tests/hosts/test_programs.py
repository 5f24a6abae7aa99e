"""A learner's program: started, ready, stopped."""

from __future__ import annotations

import signal
import socket

import pytest


def run(peer, mode, **config):
    config = {"host": "127.0.0.1", "port": 0, "mode": mode, **config}
    return peer.ask("run", module="server", config=config)


@pytest.fixture
def server(start):
    """A host that knows the probe's program."""
    return start("server")


def test_a_program_tells_its_port_and_serves(server):
    """The answer comes with the first ready; the program serves from then on."""
    port = run(server, "serve")["port"]
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        assert connection.recv(6) == b"hello\n"


def test_a_program_that_handles_the_signal_exits_with_zero(server):
    """SIGTERM handled by main is a good end, whatever threads and connections are left."""
    port = run(server, "serve")["port"]
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        assert connection.recv(6) == b"hello\n"
        server.process.send_signal(signal.SIGTERM)
        assert server.ended() == 0
    assert "serving" in server.printed()


@pytest.mark.languages("java")
def test_a_program_may_listen_to_shutdown_hooks(server):
    """In Java a shutdown hook that makes main return is a good end too."""
    run(server, "hook")
    server.process.send_signal(signal.SIGTERM)
    assert server.ended() == 0


def test_a_program_that_ignores_the_signal_does_not_exit_with_zero(server):
    """SIGTERM that main does not handle ends the program, but not well."""
    run(server, "deaf", grace=0.2)
    server.process.send_signal(signal.SIGTERM)
    assert server.ended() in (-signal.SIGTERM, 143)


def test_a_program_that_returns_early_is_told(server):
    """main that ends before it is ready is an error."""
    with server.refused("before it called ready"):
        run(server, "early")
    server.ended()


def test_a_program_that_raises_before_it_is_ready_is_told(server):
    """An error of main before ready is the answer, with its frames."""
    with server.refused("page 1 is torn") as caught:
        run(server, "raise before")
    assert caught.value.data["class"] == "PageCorrupt"
    assert [frame["function"] for frame in caught.value.data["frames"]] == ["main", "corrupt"]
    assert server.ended() == 1


def test_a_program_that_is_not_written_is_to_do(server):
    """'Not implemented' in main is marked."""
    with server.refused() as caught:
        run(server, "todo")
    assert caught.value.data["todo"] is True


def test_a_program_that_raises_later_says_why_on_standard_error(server):
    """An error after ready goes to standard error, without frames of the host's, with status 1."""
    run(server, "raise after")
    complaint = server.complaint()
    assert server.ended() == 1
    assert "PageCorrupt: page 2 is torn" in complaint
    assert "corrupt" in complaint
    assert not any(word in complaint.lower() for word in ("host.", "node:internal", "java.base"))


def test_a_module_without_main_is_told(start):
    """A program needs a main."""
    peer = start("probe")
    with peer.refused("main") as caught:
        peer.ask("run", module="probe", config={})
    assert caught.value.code == -32002


@pytest.mark.languages("python", "typescript")
def test_a_program_that_cannot_be_imported_is_told(start):
    """An error while importing the program's module is the answer."""
    peer = start("broken")
    with peer.refused("page 9 is torn"):
        peer.ask("run", module="broken", config={})
    assert peer.ask("bye") is None


@pytest.mark.parametrize("mode", ["serve", "never ready"])
def test_hanging_up_ends_a_running_program(server, mode):
    """A program whose grader is gone ends at once, whatever it does."""
    config = {"host": "127.0.0.1", "port": 0, "mode": mode}
    server.request("run", module="server", config=config)
    if mode == "serve":
        server.receive()
    server.hang_up()
    assert server.ended() == 0


def test_bye_ends_a_running_program(server):
    """bye is answered while a program runs, and ends it."""
    run(server, "serve")
    assert server.ask("bye") is None
    assert server.ended() == 0


def test_a_killed_program_is_the_end_of_the_stream(server):
    """kill -9 of a program is seen at once."""
    run(server, "serve")
    server.process.kill()
    with pytest.raises(EOFError):
        server.receive()
