"""Trees at random against a dictionary, every page looked at; splits of splits; and what calls cost."""

import struct
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

    def open_it(frames=8, slot=0, size=SIZE):
        pages = kata.PageFile(str(path), size)
        pool = kata.BufferPool(pages, frames)
        return pages, pool, kata.BTree(pool, slot)

    return open_it


@pytest.fixture
def look(path):
    """A function that checks every page of the file and says what it has seen."""

    def check(pool, size=SIZE):
        pool.flush()
        return check_image(path.read_bytes(), size)

    return check


def pair(n):
    """A key and its value: with its slot 37 bytes of a leaf, 13 of them to a page."""
    return [b"key%05d" % n, b"value%017d" % n]


def put(kata, tree, pairs):
    """Put pairs, many with one message."""
    kata.many(tree, "put", [list(both) for both in pairs])


def fetches(pool):
    """How many pages the cache has been asked for."""
    stats = pool.stats()
    return stats["hits"] + stats["misses"]


# --- nodes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [1, 2], ids=["leaf", "inner"])
def test_search_is_right_in_nodes_of_any_size(kata, opened, seed, kind):
    """In nodes of 0 to 20 keys each key is found where it is, and each other one where it would be."""
    _, pool, _ = opened()
    node = kata.Node(pool.new_page())
    layout = struct.Struct(">HI" if kind == 2 else ">HB")
    for count in range(21):
        node.start(kind)
        keys = sorted({seed.randbytes(seed.randrange(4)) for _ in range(count)})
        cells = [layout.pack(len(key), kind - 1) + key + b"v" * (2 - kind) for key in keys]
        kata.many(node, "insert", [[n, cell] for n, cell in enumerate(cells)])
        asked = [*keys, *[key + b"\0" for key in keys], *[seed.randbytes(2) for _ in range(9)], b""]
        expected = [[sum(k < key for k in keys), key in keys] for key in asked]
        assert kata.many(node, "search", [[key] for key in asked]) == expected


def test_start_leaves_nothing_of_what_was_there(kata, opened):
    """A node that is started again has no cells, no next leaf, no first child, and all of its room."""
    _, pool, _ = opened()
    frame = pool.new_page()
    node = kata.Node(frame)
    node.start(1)
    node.set_next_leaf(3)
    node.set_first_child(4)
    node.insert(0, b"\0\1\0kv")
    node.start(2)
    assert [node.kind(), node.next_leaf(), node.child(-1), node.count()] == [2, 0, 0, 0]
    assert node.free_space() == ROOM - 4


def test_a_node_is_a_view_of_its_frame(kata, opened, path):
    """What is done to a node reaches the page of its frame, when the frame is released as dirty."""
    pages, pool, _ = opened()
    frame = pool.new_page()
    pool.release(frame)
    pool.flush()
    frame = pool.fetch(1)
    node = kata.Node(frame)
    node.start(1)
    node.set_next_leaf(77)
    assert kata.Node(frame).next_leaf() == 77
    pool.release(frame, True)
    pool.flush()
    assert pages.read(1)[:8] == struct.pack(">B3xI", 1, 77)


# --- against a dictionary -----------------------------------------------------------------------


@pytest.mark.parametrize("longest_value", [20, 200, 1500])
@pytest.mark.parametrize("longest_key", [3, 40, LONGEST])
def test_random_puts_make_a_sound_file(kata, opened, look, seed, longest_key, longest_value):
    """After each burst of random puts every page is what it has to be, and nothing else is in use."""
    _, pool, tree = opened()
    model = {}
    for _ in range(8):
        burst = [
            [seed.randbytes(seed.randrange(longest_key + 1)), b"v" * seed.randrange(longest_value)]
            for _ in range(40)
        ]
        put(kata, tree, burst)
        model.update(burst)
        found = look(pool)
        assert found.trees[0].items == [[key, model[key]] for key in sorted(model)]
        assert found.trees[0].keyless == []
    asked = seed.sample(sorted(model), min(60, len(model)))
    assert kata.many(tree, "get", [[key] for key in asked]) == [model[key] for key in asked]
    others = [key + b"\0" for key in asked if key + b"\0" not in model]
    assert kata.many(tree, "get", [[key] for key in others]) == [None] * len(others)


@settings(max_examples=25, deadline=None, phases=[Phase.generate])
@given(
    pairs=st.lists(
        st.tuples(
            st.binary(max_size=3) | st.binary(min_size=60, max_size=LONGEST),
            st.integers(0, 130) | st.sampled_from([504, 505, 1008, 1009]),
        ),
        max_size=120,
    ),
    bounds=st.tuples(st.none() | st.binary(max_size=3), st.none() | st.binary(max_size=3)),
)
def test_a_tree_is_a_sorted_dictionary(kata, opened, look, path, pairs, bounds):
    """Whatever is put, the tree has the pairs of a dictionary, and a scan those within its bounds."""
    path.unlink(missing_ok=True)
    _, pool, tree = opened()
    model = {key: b"v" * size for key, size in pairs}
    put(kata, tree, [[key, b"v" * size] for key, size in pairs])
    expected = [[key, model[key]] for key in sorted(model)]
    assert tree.scan(None, None).take(500) == expected
    start, end = bounds
    inside = [p for p in expected if (start or b"") <= p[0] and (end is None or p[0] < end)]
    assert tree.scan(start, end).take(500) == inside
    if pairs:
        assert look(pool).trees[0].items == expected


def test_keys_are_compared_as_bytes_without_signs(kata, opened, look):
    """Empty keys, prefixes, zeros and FF are in the order of their bytes."""
    keys = [b"", b"\0", b"\0\0", b"\0\xff", b"a", b"a\0", b"ab", b"\x7f", b"\x80", b"\xff"]
    _, pool, tree = opened()
    put(kata, tree, [[key, key[::-1]] for key in reversed(keys)])
    assert tree.scan(None, None).take(99) == [[key, key[::-1]] for key in keys]
    assert tree.scan(b"a\0", b"\x80").take(99) == [[key, key[::-1]] for key in keys[5:8]]
    assert look(pool).trees[0].items == [[key, key[::-1]] for key in keys]


def test_keys_that_share_all_but_their_ends(kata, opened, look, seed):
    """Long keys that differ only at their ends are kept apart, in leaves and as signposts."""
    _, pool, tree = opened()
    keys = [b"\xff" * (LONGEST - 3) + b"%03d" % n for n in range(300)]
    put(kata, tree, [[key, b""] for key in seed.sample(keys, 300)])
    assert look(pool).trees[0].items == [[key, b""] for key in keys]
    assert tree.height() >= 4


# --- splits -------------------------------------------------------------------------------------


def page(kind, next_leaf, first_child, cells):
    """The payload of a node."""
    ends = [SIZE - 4 - sum(map(len, cells[:n])) for n in range(len(cells) + 1)]
    slots = b"".join(struct.pack(">HH", ends[n + 1], len(cell)) for n, cell in enumerate(cells))
    head = struct.pack(">B3xII4xHHH", kind, next_leaf, first_child, len(cells), ends[-1], 0)
    return (head + slots).ljust(ends[-1], b"\0") + b"".join(reversed(cells))


def plant(path, levels):
    """Write a file of these payloads, the first one the root of tree 0."""
    head = struct.pack(">8s4I", b"SFSDB\0\1\0", SIZE, 1 + len(levels), 0, 1)
    image = b""
    for number, payload in enumerate([head, *levels]):
        payload = payload.ljust(SIZE - 4, b"\0")
        checked = crc32(struct.pack(">I", number) + payload)
        image += payload + struct.pack(">I", checked)
    path.write_bytes(image)


def leaf_cell(key, value):
    """A cell of a leaf with its value."""
    return struct.pack(">HB", len(key), 0) + key + value


def inner_cell(key, child):
    """A cell of an inner node."""
    return struct.pack(">HI", len(key), child) + key


def test_a_file_written_by_others_is_read(opened, path):
    """A tree of two levels, made from the layouts in the lesson, is read as it is."""
    root = page(2, 0, 2, [inner_cell(b"g", 3), inner_cell(b"p", 4)])
    first = page(1, 3, 0, [leaf_cell(b"a", b"1"), leaf_cell(b"b", b"")])
    second = page(1, 4, 0, [struct.pack(">HB", 1, 1) + b"g" + struct.pack(">II", 700, 6)])
    last = page(1, 0, 0, [leaf_cell(b"p", b"4")])
    overflow = [struct.pack(">I", 0) + b"y" * 196, struct.pack(">I", 5) + b"x" * 504]
    plant(path, [root, first, second, last, *overflow])
    _, _, tree = opened()
    long = b"x" * 504 + b"y" * 196
    assert [tree.get(key) for key in (b"b", b"c", b"g", b"p")] == [b"", None, long, b"4"]
    expected = [[b"a", b"1"], [b"b", b""], [b"g", long], [b"p", b"4"]]
    assert [tree.scan(None, None).take(9), tree.height()] == [expected, 2]


def test_a_split_may_go_up_to_the_root(kata, opened, look, seed):
    """One put that splits a leaf, its full parent and the full root leaves a sound tree, one level higher."""
    _, pool, tree = opened(12)
    keys = [b"%04d" % n + b"." * (LONGEST - 4) for n in range(2000)]
    seed.shuffle(keys)
    heights, model = [], []
    while len(heights) < 4:
        put(kata, tree, [[keys[len(model)], b""]])
        model.append([keys[len(model)], b""])
        height = tree.height()
        if height not in heights:
            heights.append(height)
            assert look(pool).trees[0].items == sorted(model)
    assert heights == [1, 2, 3, 4]
    assert [len(level) for level in look(pool).trees[0].levels][:2] == [1, 2]


@pytest.mark.parametrize("large", [115, 85, 60])
def test_cells_of_unequal_size_are_split_by_their_bytes(kata, opened, look, seed, large):
    """A few large cells among many small ones: no half of a split is too full, wherever the new one lies."""
    _, pool, tree = opened()
    small = [[b"%05d" % n, b""] for n in range(0, 4000, 100)]
    put(kata, tree, seed.sample(small, len(small)))
    big = [[b"%05d" % (n + 50), b"v" * (large - 8)] for n in range(0, 4000, 100)]
    model = dict(map(tuple, small))
    for both in seed.sample(big, len(big)):
        put(kata, tree, [both])
        model[both[0]] = both[1]
        assert look(pool).trees[0].items == [[key, model[key]] for key in sorted(model)]


@pytest.mark.parametrize("before", range(0, 13, 3))
def test_a_few_large_cells_are_not_divided_by_their_number(kata, opened, look, before):
    """Four cells of a quarter page among twelve tiny ones: each half of a split has room for its cells."""
    _, pool, tree = opened()
    small = [[b"%c" % letter, b""] for letter in b"efghijklmnop"]
    begin = small[before][0] if before < 12 else b"p"
    large = [[begin + b"%d" % n, b"v" * 112] for n in range(4)]
    put(kata, tree, [*small, large[0], large[1], large[3], large[2]])
    assert look(pool).trees[0].items == sorted(small + large)


def test_a_replacement_may_split_a_leaf(kata, opened, look, seed):
    """A value that grows until its leaf is too full splits it, wherever in the leaf it is."""
    _, pool, tree = opened()
    model = {pair(n)[0]: b"v" for n in range(150)}
    put(kata, tree, model.items())
    for key in seed.sample(sorted(model), 150):
        model[key] = b"w" * seed.randrange(60, 100)
        put(kata, tree, [[key, model[key]]])
        assert look(pool).trees[0].items == [[key, model[key]] for key in sorted(model)]


def test_replaced_long_values_give_their_pages_back(kata, opened, look, seed):
    """A long value replaced by a longer, a shorter, a small one: no overflow page is lost or kept."""
    pages, pool, tree = opened()
    sizes = [5000, 504, 505, 3, 1009, 0, 2016, 100, 7000, 101]
    for n, size in enumerate(sizes):
        put(kata, tree, [[b"a", b"v" * size], [b"b", b"w" * sizes[-n]]])
        found = look(pool).trees[0]
        assert found.items == [[b"a", b"v" * size], [b"b", b"w" * sizes[-n]]]
    peak = pages.page_count()
    for _ in range(10):
        put(kata, tree, [[b"a", b"v" * 5000], [b"a", b"v"]])
    assert pages.page_count() <= peak + 10
    assert look(pool).trees[0].items[0] == [b"a", b"v"]


def test_a_refused_key_changes_nothing(kata, opened, look):
    """KeyTooLarge comes before any page is changed or taken, in an empty tree and in a full one."""
    pages, pool, tree = opened()
    for count in (0, 200):
        put(kata, tree, [pair(n) for n in range(count)])
        before = [pages.page_count(), pages.get_root(0), tree.height()]
        with kata.raises("KeyTooLarge"):
            tree.put(b"k" * (LONGEST + 1), b"v" * 5000)
        with kata.raises("KeyTooLarge"):
            tree.put(b"k" * 1000, b"")
        assert [pages.page_count(), pages.get_root(0), tree.height()] == before
        pins = kata.many(pool, "pin_count", [[n] for n in range(pages.page_count())])
        assert pins == [0] * pages.page_count()
    assert tree.get(b"k" * 1000) is None
    assert look(pool).trees[0].items == [pair(n) for n in range(200)]


@pytest.mark.parametrize("size", [512, 1024, 4096])
def test_the_limits_follow_the_size_of_the_page(kata, opened, look, size):
    """The largest cell in a leaf and the longest key are a quarter of a page of any size."""
    _, pool, tree = opened(size=size)
    largest = (size - 4 - 22) // 4 - 4
    keys = [b"%03d" % n for n in range(8)]
    put(kata, tree, [[key, b"v" * (largest - 6)] for key in keys])
    assert look(pool, size).trees[0].overflow == []
    put(kata, tree, [[keys[3], b"v" * (largest - 5)]])
    assert len(look(pool, size).trees[0].overflow) == 1
    put(kata, tree, [[b"k" * (largest - 11), b"v" * size]])
    assert look(pool, size).trees[0].items[-1] == [b"k" * (largest - 11), b"v" * size]
    with kata.raises("KeyTooLarge"):
        tree.put(b"k" * (largest - 10), b"")


# --- more than one, and again -------------------------------------------------------------------


def test_two_trees_share_a_file(kata, opened, look, seed):
    """Trees in different root slots know nothing of each other."""
    _, pool, one = opened()
    other = kata.BTree(pool, 7)
    for n in seed.sample(range(300), 300):
        put(kata, one if n % 3 else other, [pair(n)])
    found = look(pool)
    assert found.trees[0].items == [pair(n) for n in range(300) if n % 3]
    assert found.trees[7].items == [pair(n) for n in range(0, 300, 3)]
    assert other.scan(None, None).take(999) == found.trees[7].items


def test_two_views_of_one_tree_agree(kata, opened):
    """Nothing is remembered between calls: two objects on the same slot see each other's changes."""
    _, pool, one = opened()
    two = kata.BTree(pool, 0)
    assert [one.get(b"a"), two.height()] == [None, 0]
    for n in range(0, 200, 2):
        put(kata, one, [pair(n)])
        put(kata, two, [pair(n + 1)])
    assert one.scan(None, None).take(999) == two.scan(None, None).take(999)
    assert [one.get(pair(199)[0]), two.get(pair(0)[0])] == [pair(199)[1], pair(0)[1]]
    assert one.height() == two.height() > 1


def test_what_the_cache_forgets_was_never_there(kata, opened, look):
    """After `discard` the tree is the one that was last flushed, roots and all."""
    pages, pool, tree = opened(400)
    put(kata, tree, [pair(n) for n in range(12)])
    pool.flush()
    root = pages.get_root(0)
    put(kata, tree, [[pair(5)[0], b"new"]])
    pool.discard()
    assert tree.scan(None, None).take(99) == [pair(n) for n in range(12)]
    assert [pages.get_root(0), tree.height()] == [root, 1]
    put(kata, tree, [pair(n) for n in range(300)])
    assert look(pool).trees[0].items == [pair(n) for n in range(300)]


def test_a_tree_goes_on_after_it_was_opened_again(kata, opened, look, seed):
    """Nothing but the file is needed to go on, at any height."""
    numbers = seed.sample(range(600), 600)
    for at in range(0, 600, 150):
        pages, pool, tree = opened()
        put(kata, tree, [pair(n) for n in numbers[at : at + 150]])
        assert look(pool).trees[0].items == [pair(n) for n in sorted(numbers[: at + 150])]
        pages.close()


@pytest.mark.parametrize("frames", [4, 5, 8])
def test_a_few_frames_are_enough(kata, opened, look, seed, frames):
    """A tree of four levels is built with a cache of four pages: nothing is pinned longer than needed."""
    _, pool, tree = opened(frames)
    keys = [b"%03d" % n + b"." * (LONGEST - 3) for n in range(250)]
    put(kata, tree, [[key, b"v" * 600] for key in seed.sample(keys, 250)])
    assert tree.height() >= 4
    cursors = [tree.scan(key, None) for key in keys[::25]]
    assert [cursor.take(2)[1][0] for cursor in cursors] == keys[1::25]
    assert look(pool).trees[0].items == [[key, b"v" * 600] for key in keys]


# --- scans --------------------------------------------------------------------------------------


def test_a_scan_that_began_before_meets_all_that_was_there(kata, opened, seed):
    """Keys put while scans are open are met or not; those that were there are met once, in order."""
    _, _, tree = opened()
    put(kata, tree, [pair(n) for n in range(0, 400, 4)])
    cursors = [tree.scan(None, None) for _ in range(4)]
    found = [cursor.take(seed.randrange(1, 60)) for cursor in cursors]
    put(kata, tree, [pair(n) for n in seed.sample(range(1, 400, 4), 100)])
    for cursor, begun in zip(cursors, found, strict=True):
        begun += cursor.take(999)
        assert begun == sorted(begun)
        assert [p for p in begun if int(p[0][3:]) % 4 == 0] == [pair(n) for n in range(0, 400, 4)]


def test_a_closed_scan_is_at_its_end(kata, opened):
    """`close` may come at any time; no page stays in use, and nothing more is given."""
    pages, pool, tree = opened()
    put(kata, tree, [pair(n) for n in range(100)])
    cursor = tree.scan(None, None)
    assert cursor.take(3) == [pair(n) for n in range(3)]
    cursor.close()
    assert cursor.next() is None
    pins = kata.many(pool, "pin_count", [[n] for n in range(pages.page_count())])
    assert pins == [0] * pages.page_count()


# --- counted ------------------------------------------------------------------------------------


def random_pairs(seed, count):
    """So many pairs of a key of 10 bytes and a value of 16."""
    return [[seed.randbytes(10), seed.randbytes(16)] for _ in range(count)]


def test_four_thousand_random_pairs_make_a_low_and_full_tree(kata, opened, look, seed):
    """4,000 random pairs: at most 4 levels and 480 pages; a get costs the height, a put twice that and 4."""
    pages, pool, tree = opened(500)
    pairs = random_pairs(seed, 4000)
    put(kata, tree, pairs[:3600])
    height, before = tree.height(), fetches(pool)
    put(kata, tree, pairs[3600:])
    cost = fetches(pool) - before
    assert cost <= 400 * (2 * height + 4)
    assert [tree.height() <= 4, pages.page_count() <= 480] == [True, True]
    before = fetches(pool)
    kata.many(tree, "get", [[key] for key, _ in pairs[::10]])
    assert fetches(pool) - before <= 400 * tree.height() + 400
    assert look(pool).trees[0].items == sorted(pairs)


@pytest.mark.parametrize("size", [512, 4096])
def test_ascending_keys_fill_their_pages(kata, opened, look, size):
    """Keys that come in ascending order leave full leaves behind, nine tenths at least."""
    _, pool, tree = opened(500, size=size)
    put(kata, tree, [pair(n) for n in range(4000)])
    found = look(pool, size)
    assert found.trees[0].items == [pair(n) for n in range(4000)]
    assert found.trees[0].fill(size) >= 0.9
    assert found.trees[0].keyless == []


def test_ascending_keys_split_off_as_little_as_can_be(kata, opened, look):
    """The left part keeps all but the new cell, in an inner node all but the last two; never is a node without a key."""
    _, pool, tree = opened()
    for n in range(130):  # four cells to a leaf, four signposts to an inner node
        put(kata, tree, [[b"%04d" % n + b"." * (LONGEST - 4), b""]])
        found = look(pool).trees[0]
        assert found.keyless == []
        leaves = len(found.leaves)
        assert leaves == n // 4 + 1
        if len(found.levels) > 1:  # a parent of five leaves leaves four behind for one more
            assert len(found.levels[-2]) <= 1 + max(0, leaves - 2) // 4
    assert len(found.levels) == 4


def test_a_leaf_of_small_cells_is_cut_in_the_middle(opened, look):
    """Where the sum of the bytes passes the half: slots are bytes, too."""
    _, pool, tree = opened()
    for n in range(ROOM // 8 + 1):  # one cell of 4 bytes, with its slot 8, more than a page holds
        tree.put(bytes([255 - n]), b"")
    found = look(pool).trees[0]
    low, high = (found.used[page] for page in found.leaves)
    assert abs(low - high) <= 3 * 8


def test_keys_of_more_than_255_bytes_are_told_apart(kata, opened, look, seed):
    """A key's length has two bytes, and the last ones decide as well as the first."""
    _, pool, tree = opened(size=4096)
    lengths = [200, 256, 300, 512, 700, 900]
    keys = [b"k" * length + b"%02d" % n for length in lengths for n in range(15)]
    put(kata, tree, [[key, b"v" + key[-2:]] for key in seed.sample(keys, len(keys))])
    assert kata.many(tree, "get", [[key] for key in keys]) == [b"v" + key[-2:] for key in keys]
    assert look(pool, 4096).trees[0].items == [[key, b"v" + key[-2:]] for key in sorted(keys)]


def test_a_scan_reads_what_it_gives_and_no_more(kata, opened, look, seed):
    """The first step of a scan costs one path from the root; all steps together each leaf once."""
    _, pool, tree = opened(500)
    put(kata, tree, [pair(n) for n in seed.sample(range(1500), 1500)])
    leaves, height = len(look(pool).trees[0].leaves), tree.height()
    before = fetches(pool)
    cursor = tree.scan(pair(700)[0], None)
    assert cursor.next() == pair(700)
    assert fetches(pool) - before <= height + 1
    cursor.close()
    before = fetches(pool)
    assert tree.scan(None, None).take(2000) == [pair(n) for n in range(1500)]
    assert fetches(pool) - before <= leaves + height + 1


def test_to_look_writes_nothing(kata, opened, path, seed):
    """Gets and scans of what is there and what is not change no page."""
    _, pool, tree = opened(500)
    put(kata, tree, [pair(n) for n in range(0, 1000, 2)])
    pool.flush()
    image, writes = path.read_bytes(), pool.stats()["writes"]
    kata.many(tree, "get", [[pair(n)[0]] for n in range(0, 1000, 7)])
    assert len(tree.scan(None, None).take(999)) == 500
    pool.flush()
    assert [path.read_bytes() == image, pool.stats()["writes"]] == [True, writes]
