"""Iterators stay on the far side and are pulled only as far as asked."""

from __future__ import annotations

import pytest

DEAD = -32003


def test_an_iterator_crosses_without_being_pulled(peer):
    """A generator's answer pulls nothing; each batch pulls exactly what it asks for."""
    before = peer.call("pulled")
    iterator = peer.call("count_up", 1_000_000)
    seen = [peer.call("pulled") - before]
    for count in (1, 2, 4):
        peer.take(iterator, count)
        seen.append(peer.call("pulled") - before)
    assert seen == [0, 1, 3, 7]


def test_batches_go_on_where_the_last_one_ended(peer):
    """Growing batches give every value once; the last says that it is done."""
    iterator = peer.call("count_up", 6)
    batches = [peer.take(iterator, count) for count in (1, 2, 4)]
    assert batches == [
        {"values": [0], "done": False},
        {"values": [1, 2], "done": False},
        {"values": [3, 4, 5], "done": True},
    ]


def test_an_iterator_that_is_done_is_gone(peer):
    """After the last value the handle is dead."""
    iterator = peer.call("count_up", 0)
    assert peer.take(iterator, 1) == {"values": [], "done": True}
    with peer.refused() as caught:
        peer.take(iterator, 1)
    assert caught.value.code == DEAD


def test_an_error_on_the_way_brings_the_values_before_it(peer):
    """When an iterator raises, what it gave before in this batch is not lost."""
    iterator = peer.call("count_then_fail", 3)
    assert peer.take(iterator, 1) == {"values": [0], "done": False}
    with peer.refused() as caught:
        peer.take(iterator, 10)
    assert caught.value.data["values"] == [1, 2]
    assert caught.value.data["class"] == "PageCorrupt"
    assert caught.value.data["fields"]["page_number"] == 3


def test_a_released_iterator_is_dead(peer):
    """An iterator is released like any handle."""
    iterator = peer.call("count_up", 5)
    peer.call("echo", None, release=(iterator["$iter"],))
    with peer.refused() as caught:
        peer.take(iterator, 1)
    assert caught.value.code == DEAD


def test_many_large_values_cross_in_several_batches(peer):
    """A batch ends early when it is large, so that values may together exceed the limit of a message."""
    iterator, count = peer.call("big_pieces", 40, 1_000_000), 0
    for _ in range(45):
        batch = peer.take(iterator, 40)
        count += len(batch["values"])
        if batch["done"]:
            break
    assert (count, batch["done"]) == (40, True)


def test_an_iterator_may_be_an_argument(peer):
    """An iterator handed back is the same iterator."""
    iterator = peer.call("count_up", 3)
    same = peer.call("echo", iterator)
    assert peer.take(same, 1)["values"] == [0]
    assert peer.take(iterator, 1)["values"] == [1]


@pytest.mark.languages("typescript")
@pytest.mark.parametrize("name", ["iterable", "async_count"])
def test_typescript_s_other_iterables_are_iterators(peer, name):
    """A plain object that makes an iterator, and an async generator, are pulled like a generator."""
    iterator = peer.call(name, 3)
    assert peer.take(iterator, 5) == {"values": [0, 1, 2], "done": True}
