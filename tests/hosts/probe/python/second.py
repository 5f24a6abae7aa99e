"""A module behind the probe: its `add` is hidden, its own name is found."""

from probe import Counter


def add(left, right):
    return "hidden"


def only_here():
    return Counter(5).value()
