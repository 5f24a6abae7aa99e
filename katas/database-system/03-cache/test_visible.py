"""A pool of pages: what is asked of the store below, and what its users see."""

import pytest


@pytest.fixture
def store(kata):
    """Pages 1 to 9, each beginning with its name, over which every request is logged."""
    return kata.RecordingPages(10)


@pytest.fixture
def pool(kata, store):
    """A pool of three frames over the store."""
    return kata.BufferPool(store, 3)


@pytest.fixture
def holder(kata, pool):
    """A user of the pool who names pages instead of frames."""
    return kata.Holder(pool)


def visit(kata, holder, *pages):
    """Fetch these pages and release each at once."""
    return kata.many(holder, "visit", [[number] for number in pages])


def test_a_fetched_page_is_the_stored_one(pool, store):
    """A fetch reads the page from the store and lends all its bytes, pinned."""
    frame = pool.fetch(4)
    assert frame.page_no() == 4
    assert frame.read(0, 124) == b"page 4".ljust(124, b"\0")
    assert frame.read(5, 2) == b"4\0"
    assert [store.log(), pool.pin_count(4), pool.pin_count(5)] == [[["read", 4]], 1, 0]


def test_a_page_in_memory_is_not_read_again(kata, pool, store, holder):
    """Only the first fetch of a page asks the store."""
    assert visit(kata, holder, 1, 2, 1, 1, 2) == [b"page %d" % n for n in (1, 2, 1, 1, 2)]
    assert store.log() == [["read", 1], ["read", 2]]
    stats = pool.stats()
    assert [stats["hits"], stats["misses"], stats["evictions"], stats["writes"]] == [3, 2, 0, 0]


def test_two_holders_share_one_page(pool):
    """Two fetches of one page lend the same bytes, and make two pins."""
    first, second = pool.fetch(1), pool.fetch(1)
    first.write(5, b"one")
    assert second.read(0, 8) == b"page one"
    assert pool.pin_count(1) == 2
    pool.release(second)
    assert pool.pin_count(1) == 1


def test_the_bytes_of_a_frame_are_live(kata, pool, store, holder):
    """A slotted page over the bytes of a frame changes the page itself."""
    holder.fetch(1)
    slotted = holder.slotted_page(1)
    other = pool.fetch(1)
    slotted.format()
    slotted.insert(0, b"a cell")
    holder.release(1, True)
    assert other.read(118, 6) == b"a cell"
    pool.flush()
    assert store.image(1)[-6:] == b"a cell"


def test_a_change_waits_for_eviction(kata, pool, store, holder):
    """A changed page is written when it makes room for another, not earlier; a clean one never."""
    holder.change(1, b"new one")
    visit(kata, holder, 2, 3)
    assert store.log() == [["read", 1], ["read", 2], ["read", 3]]
    visit(kata, holder, 4, 5, 6)
    wanted = [["read", 4], ["read", 5], ["write", 1], ["read", 6]]
    assert sorted(store.log()) == sorted(wanted)
    assert [store.image(1), holder.visit(1)] == [b"new one", b"new one"]


def test_a_change_stays_a_change(pool, store):
    """A page that one holder changed is dirty, whatever holders after that say."""
    first, second = pool.fetch(1), pool.fetch(1)
    first.write(0, b"CHANGED")
    pool.release(first)
    pool.release(second, False)
    pool.flush()
    assert store.image(1) == b"CHANGED"


def test_a_pinned_page_is_never_evicted(kata, pool, store, holder):
    """A page with a pin stays in memory, however long ago it was fetched."""
    holder.fetch(1)
    visit(kata, holder, 2, 3, 4, 5, 6, 7)
    store.log()
    assert [holder.visit(1), store.log()] == [b"page 1", []]


def test_one_pin_of_two_is_enough(kata, pool, store, holder):
    """A page that two hold stays until both have released it."""
    kata.many(holder, "fetch", [[1], [1]])
    holder.release(1)
    visit(kata, holder, 2, 3, 4, 5)
    assert pool.pin_count(1) == 1
    holder.release(1)
    visit(kata, holder, 2, 2, 3, 3, 4, 4)
    store.log()
    assert [holder.visit(1), store.log()] == [b"page 1", [["read", 1]]]


def test_a_pool_can_be_exhausted(kata, pool, store, holder):
    """When all frames are pinned there is no room for another page, and nothing is asked."""
    kata.many(holder, "fetch", [[1], [2], [3]])
    store.log()
    with kata.raises("PoolExhausted"):
        pool.fetch(4)
    with kata.raises("PoolExhausted"):
        pool.new_page()
    assert [holder.fetch(2), store.log()] == [b"page 2", []]
    holder.release(3)
    assert [holder.fetch(4), store.log()] == [b"page 4", [["read", 4]]]


def test_a_new_page_is_not_read(kata, pool, store):
    """A new page is allocated, full of zeros, pinned, and written even if nobody changes it."""
    frame = pool.new_page()
    assert [frame.page_no(), frame.read(0, 124), pool.pin_count(10)] == [10, bytes(124), 1]
    pool.release(frame)
    pool.flush()
    assert store.log() == [["allocate", 10], ["write", 10]]


@pytest.mark.parametrize(
    ("visits", "victim"),
    [
        ([1, 2, 3], 1),
        ([1, 2, 3, 1, 2, 3], 1),
        ([1, 1, 2, 2, 3], 3),
        ([1, 2, 1, 3], 2),
        ([1, 2, 3, 3, 2, 1], 1),
        ([1, 2, 2, 2, 1, 3, 3], 1),
        ([1, 1, 1, 1, 2, 2, 3, 3], 1),
    ],
)
def test_the_victim_has_the_oldest_access_but_one(kata, store, holder, visits, victim):
    """The page goes whose last access but one is the oldest; pages with one access go first."""
    visit(kata, holder, *visits, 4)
    store.log()
    visit(kata, holder, *sorted({1, 2, 3} - {victim}))
    assert store.log() == []
    visit(kata, holder, victim)
    assert store.log() == [["read", victim]]


def test_a_flush_writes_what_is_dirty(kata, pool, store, holder):
    """A flush writes the dirty pages in page order, once, and keeps all pages; it is no sync."""
    kata.many(holder, "change", [[7, b"PAGE 7"], [2, b"PAGE 2"]])
    holder.visit(5)
    store.log()
    pool.flush()
    pool.flush()
    assert store.log() == [["write", 2], ["write", 7]]
    assert visit(kata, holder, 2, 5, 7) == [b"PAGE 2", b"page 5", b"PAGE 7"]
    assert [store.image(7), store.log(), pool.stats()["writes"]] == [b"PAGE 7", [], 2]


def test_a_pinned_page_is_flushed_too(kata, pool, store, holder):
    """A flush writes pages in use, and they stay in use; what changes later is written later."""
    holder.fetch(1)
    holder.write(1, b"before")
    pool.flush()
    assert [store.image(1), pool.pin_count(1)] == [b"before", 1]
    holder.scribble(1, b"after ")
    holder.release(1, True)
    pool.flush()
    assert store.image(1) == b"after "


def test_discarded_changes_are_gone(kata, pool, store, holder):
    """Discarding forgets all pages without a write; fetched again they are as they are stored."""
    holder.change(1, b"never!")
    holder.visit(2)
    store.write(2, b"changed below")
    store.log()
    pool.discard()
    assert visit(kata, holder, 1, 2) == [b"page 1", b"changed below"]
    assert store.log() == [["read", 1], ["read", 2]]
    holder.fetch(1)
    with kata.raises("PagePinned"):
        pool.discard()


def test_a_deleted_page_is_forgotten(kata, pool, store, holder):
    """Deleting frees the page in the store without a write; its number comes back as a new page."""
    holder.change(3, b"old")
    store.log()
    pool.delete_page(3)
    pool.flush()
    assert [store.log(), store.image(3)] == [[["free", 3]], b"FREE"]
    frame = pool.new_page()
    assert [frame.page_no(), frame.read(0, 124)] == [3, bytes(124)]
    with kata.raises("PagePinned"):
        pool.delete_page(3)


def test_only_what_is_held_can_be_given_back(kata, pool):
    """A frame is released once for each time it was fetched; once more is an error."""
    frame = pool.fetch(1)
    pool.release(frame)
    with kata.raises("NotPinned"):
        pool.release(frame)
    pool.delete_page(1)
    with kata.raises("NotPinned"):
        pool.release(frame)


@pytest.mark.parametrize("offset", [-1, 121, 124, 125])
def test_a_page_has_an_end(kata, pool, offset):
    """What is not wholly inside the page is neither read nor written."""
    frame = pool.fetch(1)
    with kata.raises("ValueError"):
        frame.write(offset, b"four")
    with kata.raises("ValueError"):
        frame.read(offset, 4)
    frame.write(120, b"last")
    assert frame.read(0, 124) == b"page 1".ljust(120, b"\0") + b"last"


def test_pages_outlive_the_pool(kata, workdir):
    """Pages made and changed in a pool over a page file are there when the file is opened again."""
    pages = kata.PageFile(str(workdir / "pages.db"), 128)
    holder = kata.Holder(pool := kata.BufferPool(pages, 3))
    numbers = kata.many(holder, "new_page", [[]] * 3)
    kata.script([holder, "write", [n, b"I am %d" % n]] for n in numbers)
    kata.many(holder, "release", [[n] for n in numbers])
    numbers.append(holder.new_page())
    pool.flush()
    again = kata.PageFile(str(workdir / "pages.db"), 128)
    assert [again.page_count(), numbers] == [5, [1, 2, 3, 4]]
    assert [page[:6] for page in kata.many(again, "read", [[n] for n in (1, 2, 3, 4)])] == [
        *[b"I am 1", b"I am 2", b"I am 3"],
        bytes(6),
    ]
