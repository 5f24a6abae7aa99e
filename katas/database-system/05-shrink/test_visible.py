"""Deleting from a tree: answers, the space given back, and scans while the tree changes."""

import pytest
from database_fsck import check_image

SIZE = 512


@pytest.fixture
def pages(kata, workdir):
    """A new file of small pages."""
    return kata.PageFile(str(workdir / "db"), SIZE)


@pytest.fixture
def pool(kata, pages):
    """A cache over it."""
    return kata.BufferPool(pages, 32)


@pytest.fixture
def tree(kata, pool):
    """An empty tree."""
    return kata.Tree(pool, 0)


@pytest.fixture
def look(pool, workdir):
    """A function that checks every page of the file and says what it has seen."""

    def check():
        pool.flush()
        return check_image((workdir / "db").read_bytes(), SIZE).trees[0]

    return check


def pair(n):
    """A key and its value: 30 bytes in a leaf, with its slot 37."""
    return [b"key%05d" % n, b"value%017d" % n]


def fill(kata, tree, numbers):
    """Put the pairs of these numbers into the tree."""
    kata.many(tree, "put", [pair(n) for n in numbers])


def delete(kata, tree, numbers):
    """Delete the keys of these numbers and return the answers."""
    return kata.many(tree, "delete", [[pair(n)[0]] for n in numbers])


def test_delete_takes_a_key_out_and_says_whether_it_was_there(kata, tree, look):
    """A deleted key is gone, the others are not; deleting it again answers that it was not there."""
    assert tree.delete(b"nothing") is False
    fill(kata, tree, range(5))
    assert delete(kata, tree, [3, 3, 9, 0]) == [True, False, False, True]
    assert [tree.get(pair(n)[0]) for n in range(5)] == [
        None if n in (0, 3) else pair(n)[1] for n in range(5)
    ]
    assert look().items == [pair(n) for n in (1, 2, 4)]


@pytest.mark.parametrize("order", ["ascending", "descending", "random"])
def test_deleting_everything_gives_everything_back(kata, tree, look, seed, order):
    """Without keys the tree is one empty page again; all others of the file are free."""
    fill(kata, tree, seed.sample(range(500), 500))
    numbers = seed.sample(range(500), 500) if order == "random" else list(range(500))
    numbers = numbers[::-1] if order == "descending" else numbers
    for at in range(0, 500, 100):
        assert delete(kata, tree, numbers[at : at + 100]) == [True] * 100
        assert look().items == [pair(n) for n in sorted(numbers[at + 100 :])]
    assert [tree.height(), look().live] == [1, 1]


def test_two_leaves_that_fit_into_one_page_are_joined(kata, tree, look):
    """13 pairs fit into a leaf: when the 14th goes, two leaves and a root become one leaf."""
    fill(kata, tree, range(14))
    assert [tree.height(), look().live] == [2, 3]
    assert tree.delete(pair(6)[0]) is True
    assert [tree.height(), look().live] == [1, 1]
    assert look().items == [pair(n) for n in range(14) if n != 6]


def test_the_tree_gets_lower_as_it_got_higher(kata, tree, look):
    """A tree of three levels that keeps 30 of 600 pairs has two levels, and few pages."""
    fill(kata, tree, range(600))
    assert tree.height() == 3
    delete(kata, tree, [n for n in range(600) if n % 20])
    assert look().items == [pair(n) for n in range(0, 600, 20)]
    assert tree.height() == 2
    assert look().live <= 1 + 5


def test_the_pages_of_a_long_value_are_freed(kata, tree, look):
    """Deleting a key gives back the pages that its long value took."""
    tree.put(b"short", b"value")
    tree.put(b"long", b"x" * 5000)
    assert look().live == 1 + 10
    assert tree.delete(b"long") is True
    assert [look().live, look().items] == [1, [[b"short", b"value"]]]


def test_freed_pages_are_used_again(kata, pages, tree):
    """A tree that is filled and emptied three times needs no more pages than the first time."""
    fill(kata, tree, range(300))
    peak = pages.page_count()
    for _ in range(3):
        assert all(delete(kata, tree, range(300)))
        fill(kata, tree, range(300))
    assert pages.page_count() == peak


def test_a_signpost_may_outlive_its_key(kata, tree, look):
    """Keys that also stand in inner nodes can be deleted and put again; others are still found."""
    fill(kata, tree, range(200))
    assert all(delete(kata, tree, range(0, 200, 3)))
    assert look().items == [pair(n) for n in range(200) if n % 3]
    fill(kata, tree, range(0, 200, 3))
    assert look().items == [pair(n) for n in range(200)]
    gets = kata.many(tree, "get", [[pair(n)[0]] for n in range(200)])
    assert gets == [pair(n)[1] for n in range(200)]


def test_puts_and_deletes_in_any_order_agree_with_a_dictionary(kata, tree, look, seed):
    """Whatever is put and deleted, the tree is sound and holds what a dictionary would."""
    model = {}
    for _ in range(10):
        script, expected = [], []
        for n in [seed.randrange(150) for _ in range(60)]:
            key, value = pair(n)[0], b"v" * seed.choice([0, 10, 60, 600])
            if seed.random() < 0.5:
                script.append([tree, "put", [key, value]])
                expected.append(model.__setitem__(key, value))
            else:
                script.append([tree, "delete", [key]])
                expected.append(model.pop(key, None) is not None)
        assert kata.script(script) == expected
        assert look().items == [[key, model[key]] for key in sorted(model)]


def test_no_page_stays_pinned(kata, tree, pages, pool):
    """After deletes of all kinds, and with a scan open, no page is pinned."""
    fill(kata, tree, range(200))
    tree.put(b"long", b"x" * 2000)
    delete(kata, tree, [*range(50, 200), 999])
    tree.delete(b"long")
    cursor = tree.scan(None, None)
    assert cursor.take(3) == [pair(n) for n in range(3)]
    assert set(kata.many(pool, "pin_count", [[n] for n in range(1, pages.page_count())])) == {0}


def test_a_scan_may_delete_what_it_has_just_met(kata, tree, look):
    """A program that walks over all keys and deletes each meets every one, once."""
    fill(kata, tree, range(300))
    cursor = tree.scan(None, None)
    script = [[[cursor, "next", []], [tree, "delete", [pair(n)[0]]]] for n in range(300)]
    results = kata.script(step for steps in script for step in steps)
    assert results[0::2] == [pair(n) for n in range(300)]
    assert [cursor.next(), look().live] == [None, 1]


def test_a_scan_meets_what_is_there_when_it_comes_by(kata, tree):
    """Keys ahead that were put in or deleted meanwhile are met or not; nothing is met twice."""
    fill(kata, tree, range(0, 400, 2))
    cursor = tree.scan(pair(100)[0], pair(300)[0])
    assert cursor.take(20) == [pair(n) for n in range(100, 140, 2)]
    delete(kata, tree, range(0, 200, 2))
    fill(kata, tree, [1, 99, 137, 141, 205, 301])
    expected = sorted([141, 205, *range(200, 300, 2)])
    assert cursor.take(100) == [pair(n) for n in expected]


def test_a_scan_gives_the_value_that_a_key_has_now(kata, tree):
    """A value that was replaced while a scan was open is met as it is now, long or short."""
    fill(kata, tree, range(3))
    tree.put(b"z", b"x" * 3000)
    cursor = tree.scan(None, None)
    assert cursor.next() == pair(0)
    tree.put(pair(1)[0], b"new")
    tree.put(b"z", b"y" * 2000)
    assert cursor.take(9) == [[pair(1)[0], b"new"], pair(2), [b"z", b"y" * 2000]]


def test_who_changes_the_pages_below_tells_the_tree(kata, pool, tree):
    """After `changed` an open scan finds its place anew, also when another tree changed the pages."""
    fill(kata, tree, range(100))
    cursor = tree.scan(None, None)
    assert cursor.next() == pair(0)
    other = kata.Tree(pool, 0)
    delete(kata, other, range(1, 99))
    tree.changed()
    assert cursor.take(9) == [pair(99)]
