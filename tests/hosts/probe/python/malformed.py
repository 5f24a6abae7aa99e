"""A module with a typing error in line 4."""


def add(left right):
    return 0
