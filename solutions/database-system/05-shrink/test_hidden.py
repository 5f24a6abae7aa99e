"""Deleting at random against a dictionary, in trees that the tests plant byte by byte, and counted."""

import struct
from bisect import bisect_right
from itertools import pairwise
from zlib import crc32

import pytest
from database_fsck import check_image
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

SIZE = 512
ROOM = SIZE - 4 - 22  # bytes of a page for cells and their slots
LONGEST = ROOM // 4 - 4 - 11  # of a key


@pytest.fixture
def path(workdir):
    """Where the file is."""
    return workdir / "db"


@pytest.fixture
def opened(kata, path):
    """A function that opens the file and gives its pages, a cache over them, and the tree."""

    def open_it(frames=8, slot=0):
        pages = kata.PageFile(str(path), SIZE)
        pool = kata.BufferPool(pages, frames)
        return pages, pool, kata.Tree(pool, slot)

    return open_it


@pytest.fixture
def look(path):
    """A function that checks every page of the file and says what it has seen."""

    def check(pool, slot=0):
        pool.flush()
        return check_image(path.read_bytes(), SIZE).trees[slot]

    return check


@pytest.fixture
def image_of(path):
    """A function that writes what the cache holds and gives the bytes of the file."""

    def image(pool):
        pool.flush()
        return path.read_bytes()

    return image


def pair(n):
    """A key and its value: with its slot 37 bytes of a leaf, 13 of them to a page."""
    return [b"key%05d" % n, b"value%017d" % n]


def fill(kata, tree, numbers):
    """Put the pairs of these numbers into the tree."""
    kata.many(tree, "put", [pair(n) for n in numbers])


def delete(kata, tree, numbers):
    """Delete the keys of these numbers and return the answers."""
    return kata.many(tree, "delete", [[pair(n)[0]] for n in numbers])


def fetches(pool):
    """How many pages the cache has been asked for."""
    stats = pool.stats()
    return stats["hits"] + stats["misses"]


# --- trees planted byte by byte -----------------------------------------------------------------


def page(kind, next_leaf, first_child, cells):
    """The payload of a node."""
    ends = [SIZE - 4 - sum(map(len, cells[:n])) for n in range(len(cells) + 1)]
    slots = b"".join(struct.pack(">HH", ends[n + 1], len(cell)) for n, cell in enumerate(cells))
    head = struct.pack(">B3xII4xHHH", kind, next_leaf, first_child, len(cells), ends[-1], 0)
    return (head + slots).ljust(ends[-1], b"\0") + b"".join(reversed(cells))


def plant(path, spec):
    """Write a file with one tree: a list of pairs is a leaf, (child, key, child, ...) an inner node."""
    leaves, inner = [], []

    def number(spec):
        if isinstance(spec, list):
            leaves.append(spec)
            return len(leaves)
        inner.append(([number(child) for child in spec[0::2]], spec[1::2]))
        return -len(inner)

    def page_no(found):
        return found if found > 0 else len(leaves) - found

    root = page_no(number(spec))
    payloads = [struct.pack(">8s4I", b"SFSDB\0\1\0", SIZE, 1 + len(leaves) + len(inner), 0, root)]
    for n, pairs in enumerate(leaves, 1):
        cells = [struct.pack(">HB", len(key), 0) + key + value for key, value in pairs]
        payloads.append(page(1, n + 1 if n < len(leaves) else 0, 0, cells))
    for (first, *rest), keys in inner:
        both = zip(keys, rest, strict=True)
        cells = [struct.pack(">HI", len(key), page_no(child)) + key for key, child in both]
        payloads.append(page(2, 0, page_no(first), cells))
    padded = [payload.ljust(SIZE - 4, b"\0") for payload in payloads]
    path.write_bytes(
        b"".join(
            p + struct.pack(">I", crc32(struct.pack(">I", n) + p)) for n, p in enumerate(padded)
        )
    )


def pairs_of(spec):
    """All pairs in the leaves of a spec, in order."""
    if isinstance(spec, list):
        return spec
    return [found for child in spec[0::2] for found in pairs_of(child)]


def leaf(name, *sizes):
    """A leaf whose cells take these numbers of bytes, slots included."""
    return [[b"%s%02d" % (name, n), b"v" * (size - 10)] for n, size in enumerate(sizes)]


def bushy(name, count, length=8):
    """An inner node of so many leaves, no two of which fit together, with keys of a length between."""
    spec = []
    for n in range(count):
        start = b"%s%02d" % (name, n)
        pairs = [[b"%sz%d" % (start, m), b"v" * 108] for m in range(3)]
        spec += [start.ljust(length, b"-"), pairs]
    return tuple(spec[1:])


def with_small_leaf(spec, index):
    """The same inner node with one pair only in one of its leaves; and the key of this pair."""
    spec = list(spec)
    spec[2 * index] = [[spec[2 * index][0][0], b""]]
    return tuple(spec), spec[2 * index][0][0]


def nodes(image, page_no=None, level=0):
    """Level, kind and cells of each node of the tree in slot 0, parents first."""
    page_no = struct.unpack_from(">I", image, 20)[0] if page_no is None else page_no
    payload = image[page_no * SIZE : (page_no + 1) * SIZE - 4]
    kind, first, count = struct.unpack_from(">B7xI4xH", payload)
    slots = [struct.unpack_from(">HH", payload, 22 + 4 * n) for n in range(count)]
    cells = [payload[offset : offset + length] for offset, length in slots]
    yield level, kind, cells
    for child in [first, *[int.from_bytes(cell[2:6], "big") for cell in cells]] * (kind == 2):
        yield from nodes(image, child, level + 1)


def keyless(image):
    """How many inner nodes have no key."""
    return sum(kind == 2 and not cells for _, kind, cells in nodes(image))


def used(cells):
    """How many bytes of a page these cells take."""
    return sum(4 + len(cell) for cell in cells)


# --- at random ----------------------------------------------------------------------------------

KEYS = {
    "numbers": lambda seed: struct.pack(">Q", seed.randrange(2000)),
    "letters": lambda seed: bytes(seed.choices(b"ab\0\xff", k=seed.randrange(7))),
    "long": lambda seed: seed.choice([b"", b"x" * 60, b"y" * 102]) + b"%03d" % seed.randrange(250),
}
SIZES = [0, 1, 10, 10, 10, 40, 90, 600]


def burst(tree, model, seed, make_key, deletes):
    """Forty random puts and deletes, as a script, and what a dictionary answers."""
    script, expected = [], []
    for _ in range(40):
        if seed.random() < deletes:
            key = seed.choice(sorted(model)) if model and seed.random() < 0.9 else make_key(seed)
            script.append([tree, "delete", [key]])
            expected.append(model.pop(key, None) is not None)
        else:
            key, value = make_key(seed), seed.randbytes(seed.choice(SIZES))
            script.append([tree, "put", [key, value]])
            expected.append(model.__setitem__(key, value))
    return script, expected


@pytest.mark.parametrize("kind", sorted(KEYS))
def test_any_puts_and_deletes_leave_a_sound_tree(kata, opened, look, seed, kind):
    """In a pool of 8 pages, growing and shrinking, the tree is a dictionary, and every page is sound."""
    _, pool, tree = opened(8)
    model = {}
    for _ in range(60):
        script, expected = burst(tree, model, seed, KEYS[kind], seed.choice([0.2, 0.2, 0.5, 0.9]))
        assert kata.script(script) == expected
        seen = look(pool)
        assert seen.items == [[key, model[key]] for key in sorted(model)]
        assert tree.height() == seen.height


ORDERS = {
    "ascending": lambda n: n,
    "descending": lambda n: -n,
    "middle out": lambda n: abs(n - 350),
    "outside in": lambda n: -abs(n - 350),
    "in combs": lambda n: (n % 7, n),
}


@pytest.mark.parametrize("order", sorted(ORDERS))
@pytest.mark.parametrize("load", ["in order", "shuffled"])
def test_all_keys_can_go_in_any_order(kata, opened, look, path, seed, load, order):
    """Whatever the order, the tree is sound on the way, no inner node lacks keys, and it ends as one page."""
    _, pool, tree = opened(16)
    fill(kata, tree, range(700) if load == "in order" else seed.sample(range(700), 700))
    numbers = sorted(range(700), key=ORDERS[order])
    for at in range(0, 700, 70):
        assert delete(kata, tree, numbers[at : at + 70]) == [True] * 70
        seen = look(pool)
        assert seen.items == [pair(n) for n in sorted(numbers[at + 70 :])]
        assert keyless(path.read_bytes()) == 0
    assert [tree.height(), seen.live] == [1, 1]


def test_no_leaf_that_lost_a_cell_fits_together_with_a_neighbour(kata, opened, image_of, seed):
    """After every single delete the leaf of that key has no neighbour that would fit into its page."""
    _, pool, tree = opened(32)
    fill(kata, tree, seed.sample(range(250), 250))
    numbers = seed.sample(range(250), 250)
    for at in range(0, 250, 5):
        fill(kata, tree, seed.sample(range(300, 320), 3))
        for n in numbers[at : at + 5]:
            assert delete(kata, tree, [n]) == [True]
            (_, _, separators), *leaves = nodes(image_of(pool))
            if leaves:
                index = bisect_right([cell[6:] for cell in separators], pair(n)[0])
                near = [used(cells) for _, _, cells in leaves[max(0, index - 1) : index + 2]]
                assert all(a + b > ROOM for a, b in pairwise(near)), f"after deleting {n}: {near}"


STEPS = st.tuples(
    st.sampled_from(["put", "delete", "delete", "sweep", "next", "next", "next"]),
    st.integers(0, 119),
    st.integers(0, 2),
)


@settings(max_examples=30, deadline=None, phases=[Phase.generate])
@given(
    bounds=st.lists(
        st.tuples(st.none() | st.integers(0, 119), st.none() | st.integers(0, 119)),
        min_size=3,
        max_size=3,
    ),
    steps=st.lists(STEPS, min_size=10, max_size=60),
)
def test_any_scan_meets_the_next_key_that_is_there(kata, opened, path, bounds, steps):
    """Whatever is put and deleted between, three open scans give the first key after their last one."""
    path.unlink(missing_ok=True)
    _, _, tree = opened(8)
    fill(kata, tree, range(0, 120, 2))
    model = dict(pair(n) for n in range(0, 120, 2))
    bounds = [[None if n is None else pair(n)[0] for n in both] for both in bounds]
    cursors = [tree.scan(*both) for both in bounds]
    script, expected, ended = [], [], set()
    for name, n, which in steps:
        key, value = pair(n)[0], b"new" * (n % 5) * 30
        if name == "next" and which not in ended:
            script.append([cursors[which], "next", []])
            start, end = bounds[which]
            ahead = [k for k in sorted(model) if start is None or k >= start]
            ahead = [k for k in ahead if end is None or k < end]
            expected.append([ahead[0], model[ahead[0]]] if ahead else None)
            bounds[which][0] = ahead[0] + b"\0" if ahead else None
            ended |= set() if ahead else {which}
        elif name == "put":
            script.append([tree, "put", [key, value]])
            expected.append(model.__setitem__(key, value))
        for k in [pair(m)[0] for m in range(n, n + (1 if name == "delete" else 15))]:
            if name in ("delete", "sweep"):
                script.append([tree, "delete", [k]])
                expected.append(model.pop(k, None) is not None)
    assert kata.script(script) == expected


def test_a_scan_meets_what_is_put_ahead_of_it(kata, opened, seed):
    """Keys and values that are put between two steps of a scan are met, in the leaf where it stands too."""
    _, _, tree = opened(8)
    fill(kata, tree, range(0, 200, 2))
    cursor = tree.scan(None, None)
    for n in range(0, 200, 2):
        assert cursor.next() == pair(n)
        if seed.random() < 0.5:
            tree.put(pair(n + 1)[0], value := b"v" * seed.choice([0, 20, 90]))
            assert cursor.next() == [pair(n + 1)[0], value]
    assert cursor.next() is None


# --- planted ------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [0, 1], ids=["fits", "misses"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_two_leaves_are_joined_if_they_fit_to_the_byte(opened, look, path, side, missing):
    """Leaves that fill a page exactly become one, whichever of them lost a cell; one byte more, and not."""
    large, small = (120, 120, 100), (100, 46 + missing, 30)
    sizes = [small, large] if side == "left" else [large, small]
    plant(path, spec := (leaf(b"a", *sizes[0]), b"b", leaf(b"b", *sizes[1])))
    _, pool, tree = opened()
    gone = b"a02" if side == "left" else b"b02"
    assert tree.delete(gone) is True
    assert look(pool).items == [item for item in pairs_of(spec) if item[0] != gone]
    assert [tree.height(), look(pool).live] == ([2, 3] if missing else [1, 1])


def test_a_leaf_takes_in_all_neighbours_that_fit_but_no_cousins(opened, look, path):
    """One delete joins all leaves of its parent that fit together; the leaf of another parent is none."""
    first = (
        leaf(b"a", 99, 99),
        b"b",
        leaf(b"b", 30, 30),
        b"c",
        leaf(b"c", 99),
        b"d",
        leaf(b"d", 99),
    )
    second = (leaf(b"e", 20), b"f", leaf(b"f", *[120] * 4))
    plant(path, spec := (*first, b"e", *second))
    _, pool, tree = opened()
    assert tree.delete(b"b00") is True
    assert look(pool).items == [item for item in pairs_of(spec) if item[0] != b"b00"]
    assert look(pool).live == 1 + 2


@pytest.mark.parametrize("missing", [0, 1], ids=["fits", "misses"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_two_inner_nodes_are_joined_if_they_fit_to_the_byte(opened, look, path, side, missing):
    """The key between two inner nodes comes down into the joined one, and counts when it is asked what fits."""
    left, right = bushy(b"a", 10 - (side == "right")), bushy(b"b", 19 + (side == "right"))
    if side == "left":
        left, gone = with_small_leaf(left, 4)
    else:
        right, gone = with_small_leaf(right, 4)
    plant(path, spec := (left, b"b".ljust(8 + missing, b"!"), right))
    _, pool, tree = opened()
    assert tree.delete(gone) is True
    assert look(pool).items == [item for item in pairs_of(spec) if item[0] != gone]
    assert [tree.height(), look(pool).live] == ([3, 31] if missing else [2, 29])


@pytest.mark.parametrize("side", ["left", "right"])
def test_an_inner_node_without_keys_borrows_from_a_full_neighbour(opened, look, path, side):
    """An inner node that lost its last key gets a child of the neighbour that it does not fit in."""
    poor, gone = with_small_leaf(bushy(b"m", 2), side == "left")
    rich = bushy(b"a" if side == "left" else b"z", 28)
    plant(path, spec := (rich, b"m", poor) if side == "left" else (poor, b"z", rich))
    _, pool, tree = opened()
    assert tree.delete(gone) is True
    assert look(pool).items == [item for item in pairs_of(spec) if item[0] != gone]
    assert [tree.height(), keyless(path.read_bytes())] == [3, 0]


LONG, SHORT = 100, 8


def crossroads(left_key, right_key):
    """A full root of seven children; one of them has one key, its neighbours are full.

    The keys at the near ends of the neighbours have the given lengths. Also the poor child's leaf.
    """
    poor, gone = with_small_leaf(bushy(b"m", 2), 1)
    left = list(bushy(b"g", 28 if left_key == SHORT else 22))
    left[-2] = left[-2].ljust(left_key, b"-")
    right = list(bushy(b"t", 28 if right_key == SHORT else 22))
    right[1] = right[1].ljust(right_key, b"-")
    outer = [b"%s--".ljust(102, b"-") % name for name in (b"b", b"c", b"x", b"z")]
    spec = [bushy(b"a", 2), outer[0], bushy(b"b", 2), outer[1], tuple(left), b"m-------", poor]
    spec += [b"t-------", tuple(right), outer[2], bushy(b"x", 2), outer[3], bushy(b"z", 2)]
    return tuple(spec), gone


@pytest.mark.parametrize("roomy", ["left", "right"])
def test_who_cannot_borrow_on_one_side_borrows_on_the_other(opened, look, path, roomy):
    """A neighbour whose near key is too long for the full parent is left alone, the other one gives."""
    lengths = (SHORT, LONG) if roomy == "left" else (LONG, SHORT)
    spec, gone = crossroads(*lengths)
    plant(path, spec)
    _, pool, tree = opened()
    assert tree.delete(gone) is True
    assert look(pool).items == [item for item in pairs_of(spec) if item[0] != gone]
    assert keyless(path.read_bytes()) == 0


def test_between_two_that_could_give_one_gives(opened, look, path):
    """An inner node without keys takes one child from one side, and stays in order."""
    poor, gone = with_small_leaf(bushy(b"m", 2), 1)
    plant(path, spec := (bushy(b"a", 28), b"m", poor, b"t", bushy(b"z", 28)))
    _, pool, tree = opened()
    assert tree.delete(gone) is True
    assert look(pool).items == [item for item in pairs_of(spec) if item[0] != gone]
    assert keyless(path.read_bytes()) == 0


def test_the_last_child_that_cannot_borrow_stays_as_it_is(opened, look, path):
    """Behind the last child there is nobody to ask."""
    poor, gone = with_small_leaf(bushy(b"m", 2), 1)
    left = list(bushy(b"g", 22))
    left[-2] = left[-2].ljust(LONG, b"-")
    names = [b"b", b"c", b"d", b"e"]
    spec = [item for name in names for item in (b"%s--".ljust(102, b"-") % name, bushy(name, 2))]
    spec = [bushy(b"a", 2), *spec, b"f-------", tuple(left), b"m-------", poor]
    plant(path, tuple(spec))
    _, pool, tree = opened()
    assert tree.delete(gone) is True
    assert look(pool).items == [item for item in pairs_of(tuple(spec)) if item[0] != gone]
    assert keyless(path.read_bytes()) == 1


def test_a_separator_that_does_not_fit_is_no_harm(kata, opened, look, path, seed):
    """Where both neighbours' keys are too long for the parent all is sound, and all can be deleted."""
    spec, gone = crossroads(LONG, LONG)
    plant(path, spec)
    _, pool, tree = opened()
    assert tree.delete(gone) is True
    left = [item for item in pairs_of(spec) if item[0] != gone]
    assert look(pool).items == left
    seed.shuffle(left)
    for at in range(0, len(left), 30):
        assert all(kata.many(tree, "delete", [[key] for key, _ in left[at : at + 30]]))
        assert look(pool).items == sorted(left[at + 30 :])


def test_empty_leaves_are_no_obstacle(kata, opened, look, path):
    """Empty leaves at the front, in the middle and at the end: all calls pass over them, puts fill them."""
    leaves = [[], leaf(b"b", 50), [], [], leaf(b"e", 50), []]
    spec = [
        item
        for name, found in zip(b"abcdef", leaves, strict=True)
        for item in (bytes([name]), found)
    ]
    plant(path, tuple(spec[1:]))
    _, pool, tree = opened()
    assert tree.delete(b"c") is False
    assert tree.scan(None, None).take(9) == [*leaves[1], *leaves[4]]
    assert tree.scan(b"c", None).take(9) == leaves[4]
    kata.many(tree, "put", [[b"a", b"1"], [b"d", b"2"], [b"f", b"3"]])
    expected = [[b"a", b"1"], *leaves[1], [b"d", b"2"], *leaves[4], [b"f", b"3"]]
    assert tree.scan(None, None).take(9) == expected
    assert kata.many(tree, "delete", [[key] for key, _ in expected]) == [True] * 5
    assert [look(pool).items, look(pool).live] == [[], 1]


# --- more than one ------------------------------------------------------------------------------


def test_two_trees_in_one_file_do_not_touch_each_other(kata, opened, look):
    """Deleting in one tree leaves the other, which shares file and cache, as it is."""
    _, pool, one = opened(8)
    other = kata.Tree(pool, 3)
    fill(kata, one, range(300))
    fill(kata, other, range(200, 500))
    assert delete(kata, one, range(300)) == [True] * 300
    assert delete(kata, other, range(0, 500, 2)) == [False] * 100 + [True] * 150
    assert [look(pool).items, look(pool).live] == [[], 1]
    assert look(pool, 3).items == [pair(n) for n in range(201, 500, 2)]


def test_a_tree_goes_on_after_it_was_opened_again(kata, opened, look, seed):
    """Nothing but the file is needed to go on deleting."""
    numbers = seed.sample(range(400), 400)
    pages, pool, tree = opened(8)
    fill(kata, tree, numbers)
    for at in range(0, 400, 100):
        assert delete(kata, tree, numbers[at : at + 100]) == [True] * 100
        look(pool)
        pages.close()
        pages, pool, tree = opened(8)
        assert tree.scan(None, None).take(500) == [pair(n) for n in sorted(numbers[at + 100 :])]
    assert [tree.height(), look(pool).live] == [1, 1]


def test_a_freed_page_is_not_read_by_an_open_scan(kata, opened):
    """Scans survive that the leaves ahead of them are freed and hold parts of long values now."""
    _, _, tree = opened(8)
    fill(kata, tree, range(200))
    cursors = [tree.scan(pair(n)[0], None) for n in (0, 60, 120)]
    assert [cursor.take(2)[1] for cursor in cursors] == [pair(n) for n in (1, 61, 121)]
    delete(kata, tree, range(190))
    tree.put(pair(150)[0], long := b"\x01\0\0\0" * 3000)
    expected = [[pair(150)[0], long], *[pair(n) for n in range(190, 200)]]
    assert [cursor.take(99) for cursor in cursors] == [expected] * 3


def test_every_value_has_pages_of_its_own(kata, opened, look, seed):
    """Long values of many lengths come and go; each gives back its own pages and no others."""
    _, pool, tree = opened(8)
    model = {
        pair(n)[0]: seed.randbytes(seed.choice([80, 500, 504, 505, 1008, 5000])) for n in range(60)
    }
    kata.many(tree, "put", [[key, value] for key, value in model.items()])
    for key in seed.sample(sorted(model), 60):
        assert tree.delete(key) is True
        del model[key]
        assert look(pool).items == [[key, model[key]] for key in sorted(model)]
    assert look(pool).live == 1


def test_keys_at_the_edges_can_be_deleted(kata, opened, look):
    """The empty key, keys of zeros and of FF, the longest key; keys that no tree takes are not there."""
    keys = [b"", b"\0", b"\0\0", b"a", b"a\0", b"\xff", b"\xff" * LONGEST]
    _, pool, tree = opened(8)
    kata.many(tree, "put", [[key, b"v"] for key in keys])
    assert kata.many(tree, "delete", [[b"\0\0\0"], [b"b"], [b"\xff" * 500]]) == [False] * 3
    cursor = tree.scan(None, None)
    assert cursor.next() == [b"", b"v"]
    assert kata.many(tree, "delete", [[b""], [b"a"], [b"\0\0"]]) == [True] * 3
    left = [[key, b"v"] for key in (b"\0", b"a\0", b"\xff", b"\xff" * LONGEST)]
    assert [cursor.take(9), look(pool).items] == [left, left]


# --- counted ------------------------------------------------------------------------------------


def random_pairs(seed, count):
    """So many pairs of a key of 10 bytes and a value of 16."""
    return [[seed.randbytes(10), seed.randbytes(16)] for _ in range(count)]


def test_nine_tenths_less_is_nine_tenths_smaller(kata, opened, look, seed):
    """When nine tenths of 4,000 random pairs are gone, so are 85 % of the pages, at few fetches each."""
    _, pool, tree = opened(200)
    pairs = random_pairs(seed, 4000)
    kata.many(tree, "put", pairs)
    peak, height, before = look(pool).live, tree.height(), fetches(pool)
    assert all(kata.many(tree, "delete", [[key] for key, _ in pairs[400:]]))
    assert fetches(pool) - before <= 3600 * (3 * height + 4)
    seen = look(pool)
    assert seen.items == sorted(pairs[:400])
    assert seen.live <= peak * 0.15


def test_filling_and_emptying_needs_no_more_pages_than_once(kata, opened, look, seed):
    """Ten times filled and emptied, with other keys each time: hardly more pages than once."""
    pages, pool, tree = opened(64)
    peaks = []
    for _ in range(10):
        pairs = random_pairs(seed, 800)
        kata.many(tree, "put", pairs)
        peaks.append(pages.page_count())
        seed.shuffle(pairs)
        assert all(kata.many(tree, "delete", [[key] for key, _ in pairs]))
        assert [tree.height(), look(pool).live] == [1, 1]
    assert peaks[-1] <= peaks[0] * 1.15


def test_a_scan_without_changes_goes_from_leaf_to_leaf(kata, opened, image_of, seed):
    """A scan fetches one path and then each leaf once; after a change it needs one path more."""
    _, pool, tree = opened(64)
    fill(kata, tree, seed.sample(range(600), 600))
    leaves = sum(kind == 1 for _, kind, _ in nodes(image_of(pool)))
    height, cursor, before = tree.height(), tree.scan(None, None), fetches(pool)
    assert cursor.next() == pair(0)
    assert fetches(pool) - before <= height + 1
    assert cursor.take(299) == [pair(n) for n in range(1, 300)]
    tree.changed()
    assert cursor.take(999) == [pair(n) for n in range(300, 600)]
    assert fetches(pool) - before <= leaves + 2 * (height + 1)


def test_a_scan_that_deletes_all_it_meets_pays_one_path_for_each(kata, opened, seed):
    """Walking and deleting costs at most height + 1 fetches for each step, besides the deletes."""
    _, pool, tree = opened(64)
    fill(kata, tree, seed.sample(range(600), 600))
    cursor, height = tree.scan(None, None), tree.height()
    cost = 0
    for n in range(0, 600, 10):
        before = fetches(pool)
        assert cursor.take(10) == [pair(m) for m in range(n, n + 10)]
        cost += fetches(pool) - before
        delete(kata, tree, range(n, n + 10))
    assert cost <= 60 * (height + 2)


def test_to_delete_what_is_not_there_writes_nothing(kata, opened, image_of, seed):
    """Deleting absent keys costs one path each, and writes no page."""
    _, pool, tree = opened(64)
    fill(kata, tree, seed.sample(range(0, 600, 2), 300))
    image, before, writes = image_of(pool), fetches(pool), pool.stats()["writes"]
    assert delete(kata, tree, range(1, 600, 2)) == [False] * 300
    assert fetches(pool) - before <= 300 * (tree.height() + 1)
    assert [image_of(pool), pool.stats()["writes"]] == [image, writes]
