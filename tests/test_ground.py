"""What a machine's owner is told to do."""

from __future__ import annotations

import pytest

from grader.machine.ground import mend

USERNS = "/proc/sys/user/max_user_namespaces"
DEBIAN = "/proc/sys/kernel/unprivileged_userns_clone"
UBUNTU = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({USERNS: "0"}, "sysctl -w user.max_user_namespaces="),
        ({USERNS: "1000", DEBIAN: "0"}, "sysctl -w kernel.unprivileged_userns_clone=1"),
        ({DEBIAN: "1", UBUNTU: "1"}, "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
        ({UBUNTU: "0", "/.dockerenv": ""}, "--privileged"),
        ({"/run/.containerenv": ""}, "--security-opt"),
        ({}, "bubblewrap 0.6"),
    ],
)
def test_the_mend_fits_the_cause(settings: dict[str, str], words: str) -> None:
    """The most certain cause first."""
    assert words in mend(settings.get)
