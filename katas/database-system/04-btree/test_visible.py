"""A B+tree: its nodes byte by byte, putting and getting, scans, and what the file looks like then."""

import struct

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
    return kata.BTree(pool, 0)


@pytest.fixture
def look(pool, workdir):
    """A function that checks every page of the file and says what it has seen."""

    def check():
        pool.flush()
        return check_image((workdir / "db").read_bytes(), SIZE)

    return check


def pair(n):
    """A key and its value."""
    return [b"key%05d" % n, b"value%017d" % n]


def leaf_cell(key, value):
    """A cell of a leaf, as the lesson draws it."""
    return struct.pack(">HB", len(key), 0) + key + value


def inner_cell(key, child):
    """A cell of an inner node, as the lesson draws it."""
    return struct.pack(">HI", len(key), child) + key


def test_a_new_node_has_a_kind_and_nothing_else(kata, pool):
    """`start` makes a page an empty node: its kind, no next leaf, no first child, no cells."""
    frame = pool.new_page()
    frame.write(0, b"\xff" * 100)
    node = kata.Node(frame)
    node.start(2)
    assert [node.kind(), node.next_leaf(), node.child(-1), node.count()] == [2, 0, 0, 0]
    assert frame.read(0, 22) == struct.pack(">B15xHHH", 2, 0, SIZE - 4, 0)


def test_a_node_knows_its_neighbour_and_its_first_child(kata, pool):
    """The next leaf and the first child are stored at bytes 4 and 8 and do not disturb each other."""
    frame = pool.new_page()
    node = kata.Node(frame)
    node.start(1)
    node.set_next_leaf(7)
    node.set_first_child(0x01020304)
    node.set_next_leaf(9)
    assert [node.kind(), node.next_leaf(), node.child(-1)] == [1, 9, 0x01020304]
    assert frame.read(0, 16) == struct.pack(">B3xII4x", 1, 9, 0x01020304)


def test_a_node_reads_the_keys_of_both_kinds_of_cells(kata, pool):
    """`key` and `child` read cells of leaves and of inner nodes; an index too high is refused."""
    leaf, inner = (kata.Node(pool.new_page()) for _ in range(2))
    leaf.start(1)
    inner.start(2)
    kata.many(leaf, "insert", [[0, leaf_cell(b"fig", b"1")], [1, leaf_cell(b"kiwi", b"")]])
    kata.many(inner, "insert", [[0, inner_cell(b"m", 5)], [1, inner_cell(b"pea", 70000)]])
    assert kata.many(leaf, "key", [[0], [1]]) == [b"fig", b"kiwi"]
    assert kata.many(inner, "key", [[0], [1]]) == [b"m", b"pea"]
    assert kata.many(inner, "child", [[0], [1]]) == [5, 70000]
    with kata.raises("SlotOutOfRange"):
        leaf.key(2)


@pytest.mark.parametrize("kind", [1, 2], ids=["leaf", "inner"])
def test_search_finds_the_first_key_that_is_not_smaller(kata, pool, kind):
    """`search` answers the index of the first key not below the one asked for, and if it is equal."""
    node = kata.Node(pool.new_page())
    node.start(kind)
    keys = [b"b", b"bb", b"d"]
    cells = [inner_cell(key, 9) if kind == 2 else leaf_cell(key, b"zz") for key in keys]
    kata.many(node, "insert", [[n, cell] for n, cell in enumerate(cells)])
    asked = [b"", b"a", b"b", b"ba", b"bb", b"bbb", b"d", b"e"]
    found = [[0, False], [0, False], [0, True], [1, False], [1, True], [2, False], [2, True]]
    assert kata.many(node, "search", [[key] for key in asked]) == [*found, [3, False]]


def test_an_empty_tree_has_nothing_and_costs_nothing(tree, pages):
    """A tree without keys finds none, has no levels, and takes no page of the file."""
    assert tree.get(b"key") is None
    assert tree.scan(None, None).next() is None
    assert [tree.height(), pages.page_count()] == [0, 1]


def test_the_first_pair_is_in_a_leaf_that_is_the_root(tree, pages, pool, workdir):
    """One pair makes one leaf, recorded in the root slot, with the cell that the lesson draws."""
    tree.put(b"key", b"value")
    pool.flush()
    assert [tree.height(), pages.get_root(0), pages.page_count()] == [1, 1, 2]
    payload = (workdir / "db").read_bytes()[SIZE : 2 * SIZE - 4]
    cell = leaf_cell(b"key", b"value")
    head = struct.pack(">B15xHHH", 1, 1, SIZE - 4 - len(cell), 0)
    slot = struct.pack(">HH", SIZE - 4 - len(cell), len(cell))
    assert payload == (head + slot).ljust(SIZE - 4 - len(cell), b"\0") + cell


def test_put_replaces(kata, tree, look):
    """A key that is put again has the new value, shorter or longer, and is there once."""
    tree.put(b"b", b"a value that leaves its overflow pages" * 40)
    kata.many(tree, "put", [[b"a", b"1"], [b"b", b"2"], [b"a", b"a longer one"], [b"b", b""]])
    assert kata.many(tree, "get", [[b"a"], [b"b"], [b"c"]]) == [b"a longer one", b"", None]
    assert look().trees[0].items == [[b"a", b"a longer one"], [b"b", b""]]


@pytest.mark.parametrize("order", ["ascending", "descending", "random"])
def test_a_thousand_pairs_are_found_in_order(kata, tree, look, seed, order):
    """A thousand pairs, in whatever order they come, are found, and a scan gives them sorted."""
    numbers = {
        "ascending": range(1000),
        "descending": range(999, -1, -1),
        "random": seed.sample(range(1000), 1000),
    }[order]
    kata.many(tree, "put", [pair(n) for n in numbers])
    expected = [pair(n) for n in range(1000)]
    assert tree.scan(None, None).take(2000) == expected
    assert kata.many(tree, "get", [[key] for key, _ in expected]) == [v for _, v in expected]
    assert look().trees[0].items == expected


def test_a_tree_grows_at_the_top(kata, tree, look):
    """The thirteenth pair does not fit into the first leaf: a root with two children is put above."""
    heights = []
    for n in range(14):
        tree.put(*pair(n))
        heights.append(tree.height())
    assert heights == [1] * 13 + [2]
    assert [len(level) for level in look().trees[0].levels] == [1, 2]


@pytest.mark.parametrize("large_first", [False, True], ids=["behind", "before"])
def test_cells_are_divided_by_their_bytes(kata, tree, look, large_first):
    """Four large cells behind twelve small ones, or before them: no half of the split is too full."""
    small = [[b"%c" % letter, b""] for letter in b"efghijklmnop"]
    large = [[(b"a%d" if large_first else b"z%d") % n, b"v" * 112] for n in range(4)]
    kata.many(tree, "put", [*small, large[0], large[1], large[3], large[2]])
    assert look().trees[0].items == sorted(small + large)


@pytest.mark.parametrize("size", [0, 1, 100, 101, 504, 505, 5000])
def test_a_value_may_be_longer_than_a_page(tree, look, size):
    """Values that do not fit into a cell go to overflow pages, as many as they need, and come back whole."""
    value = bytes(n % 251 for n in range(size))
    tree.put(b"before", b"1")
    tree.put(b"key", value)
    assert [tree.get(b"before"), tree.get(b"key")] == [b"1", value]
    assert tree.scan(b"key", None).take(2) == [[b"key", value]]
    found = look()
    assert found.trees[0].items == [[b"before", b"1"], [b"key", value]]
    assert len(found.trees[0].overflow) == (0 if 3 + 3 + size <= 117 else -(-size // 504))


def test_a_scan_keeps_to_its_bounds(kata, tree):
    """A scan begins at its start, if that is there, and ends before its end."""
    kata.many(tree, "put", [pair(n) for n in range(0, 200, 2)])
    bounds = [(10, 16), (11, 15), (10, 10), (16, 10), (None, 4), (195, None), (300, None)]
    cut = [[n if n is None else pair(n)[0] for n in both] for both in bounds]
    found = [[key for key, _ in tree.scan(*both).take(99)] for both in cut]
    expected = [[10, 12, 14], [12, 14], [], [], [0, 2], [196, 198], []]
    assert found == [[pair(n)[0] for n in numbers] for numbers in expected]


def test_a_key_may_be_as_long_as_four_to_a_page(kata, tree, look):
    """The longest key that a page takes goes in, one byte more is KeyTooLarge and changes nothing."""
    longest = (SIZE - 4 - 22) // 4 - 4 - 11
    tree.put(b"k" * longest, b"v" * 1000)
    before = look()
    with kata.raises("KeyTooLarge"):
        tree.put(b"k" * (longest + 1), b"")
    assert tree.get(b"k" * longest) == b"v" * 1000
    assert look() == before


def test_all_is_there_after_the_file_was_opened_again(kata, workdir):
    """What was put and flushed is found by a tree on the file opened anew."""
    for begin in (0, 300):
        pages = kata.PageFile(str(workdir / "db"), SIZE)
        pool = kata.BufferPool(pages, 32)
        tree = kata.BTree(pool, 0)
        kata.many(tree, "put", [pair(n) for n in range(begin, begin + 300)])
        pool.flush()
        pages.close()
    tree = kata.BTree(kata.BufferPool(kata.PageFile(str(workdir / "db"), SIZE), 32), 0)
    assert tree.scan(None, None).take(999) == [pair(n) for n in range(600)]


def test_no_page_is_pinned_between_two_calls(kata, tree, pool, pages):
    """After puts, gets and refusals, and while a scan is open, no page is in use."""
    kata.many(tree, "put", [pair(n) for n in range(200)])
    tree.put(b"long", b"v" * 2000)
    with kata.raises("KeyTooLarge"):
        tree.put(b"k" * 500, b"")
    cursor = tree.scan(None, None)
    assert [cursor.next(), tree.get(b"long")] == [pair(0), b"v" * 2000]
    pins = kata.many(pool, "pin_count", [[n] for n in range(pages.page_count())])
    assert pins == [0] * pages.page_count()
