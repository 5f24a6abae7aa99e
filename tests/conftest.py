"""How the tests are spread over two processes (`make test` runs them with `-n 2 --dist loadgroup`)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

# They look for what is left on the whole machine, so never two of them run at the same time.
MACHINE = ("attacks", "box", "chaos", "sandbox")


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """The tests of a file stay together, for they share what is costly to set up."""
    for item in items:
        alone = item.path.parent.name in MACHINE
        item.add_marker(pytest.mark.xdist_group("machine" if alone else str(item.path)))
