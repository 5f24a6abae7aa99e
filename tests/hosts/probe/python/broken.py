"""A module that fails while it is imported."""

from kit.errors import corrupt

corrupt(9)
