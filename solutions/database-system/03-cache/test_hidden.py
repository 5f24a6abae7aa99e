"""A buffer pool against a model that knows what must be asked of the store, and when."""

from collections import Counter

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st


class Page:
    """A page in the model's memory."""

    def __init__(self, data, dirty=False):
        self.data = data
        self.dirty = dirty
        self.pins = 0
        self.unsaid = False  # changed by a holder who has not said so yet
        self.ticks = (0, 0)  # the last access but one, the last


class Model:
    """What a pool over recording pages must do: each step gives a call and its right answer."""

    def __init__(self, capacity, count):
        self.capacity = capacity
        self.stored = {n: b"page %d" % n for n in range(1, count)}
        self.free = []
        self.pages = {}
        self.clock = 0
        self.asked = []
        self.stats = Counter(hits=0, misses=0, evictions=0, writes=0)

    def used(self, pick):
        return sorted(n for n in self.stored if n not in self.free)[pick]

    def held(self):
        return sorted(n for n, page in self.pages.items() if page.pins)

    def write_back(self, n):
        if self.pages[n].dirty:
            self.stored[n] = self.pages[n].data
            self.pages[n].dirty = False
            self.asked.append(["write", n])
            self.stats["writes"] += 1

    def room(self):
        if len(self.pages) < self.capacity:
            return True
        idle = {page.ticks: n for n, page in self.pages.items() if not page.pins}
        if idle:
            self.write_back(idle[min(idle)])
            del self.pages[idle[min(idle)]]
            self.stats["evictions"] += 1
        return bool(idle)

    def access(self, page):
        self.clock += 1
        page.ticks = (page.ticks[1], self.clock)
        page.pins += 1
        return page

    def pin(self, n):
        if n in self.pages:
            self.stats["hits"] += 1
        elif self.room():
            self.stats["misses"] += 1
            self.asked.append(["read", n])
            self.pages[n] = Page(self.stored[n])
        else:
            return None
        return self.access(self.pages[n])

    def fetch(self, pick, _):
        page = self.pin(n := self.used(pick))
        return ["holder", "fetch", [n]], page.data if page else "PoolExhausted"

    def visit(self, pick, _):
        page = self.pin(n := self.used(pick))
        if page:
            page.pins -= 1
        return ["holder", "visit", [n]], page.data if page else "PoolExhausted"

    def change(self, pick, data):
        page = self.pin(n := self.used(pick))
        if page:
            page.data, page.dirty = data + page.data[len(data) :], True
            page.pins -= 1
        return ["holder", "change", [n, data]], None if page else "PoolExhausted"

    def write(self, pick, data):
        if not self.held():
            return self.visit(pick, data)
        page = self.pages[n := self.held()[pick % len(self.held())]]
        page.data, page.dirty = data + page.data[len(data) :], True
        return ["holder", "write", [n, data]], None

    def scribble(self, pick, data):
        if not self.held():
            return self.fetch(pick, data)
        page = self.pages[n := self.held()[pick % len(self.held())]]
        page.data, page.unsaid = data + page.data[len(data) :], True
        return ["holder", "scribble", [n, data]], None

    def release(self, pick, data):
        if not self.held():
            return self.visit(pick, data)
        page = self.pages[n := self.held()[pick % len(self.held())]]
        call = ["holder", "release", [n, page.unsaid]]
        page.dirty, page.unsaid, page.pins = page.dirty or page.unsaid, False, page.pins - 1
        return call, None

    def new_page(self, *_):
        if not self.room():
            return ["holder", "new_page", []], "PoolExhausted"
        n = self.free.pop() if self.free else max(self.stored) + 1
        self.stored[n] = b""
        self.asked.append(["allocate", n])
        self.pages[n] = self.access(Page(b"", dirty=True))
        return ["holder", "new_page", []], n

    def delete_page(self, pick, _):
        if (n := self.used(pick)) in self.held():
            return ["pool", "delete_page", [n]], "PagePinned"
        self.pages.pop(n, None)
        self.free.append(n)
        self.asked.append(["free", n])
        return ["pool", "delete_page", [n]], None

    def flush(self, *_):
        for n in sorted(self.pages):
            self.write_back(n)
        return ["pool", "flush", []], None

    def discard(self, *_):
        if self.held():
            return ["pool", "discard", []], "PagePinned"
        self.pages.clear()
        return ["pool", "discard", []], None

    def pin_count(self, pick, _):
        n = self.used(pick)
        return ["pool", "pin_count", [n]], self.pages[n].pins if n in self.pages else 0

    def get_stats(self, *_):
        return ["pool", "stats", []], dict(self.stats)

    def take_asked(self):
        asked, self.asked = self.asked, []
        return asked


def class_name(result):
    """An error's class name; any other result as it is."""
    return getattr(result, "class_name", result)


def ordered(call, log):
    """Requests in their order for a flush; sorted for others, where no order is prescribed."""
    return log if call == "flush" else sorted(log)


def compare(kata, capacity, count, steps):
    """Take these steps in a pool and in the model: every answer, every request of the store."""
    store = kata.RecordingPages(count)
    pool = kata.BufferPool(store, capacity)
    targets = {"pool": pool, "holder": kata.Holder(pool)}
    model, script, expected = Model(capacity, count), [], []
    for name, pick, data in steps:
        (target, call, arguments), answer = getattr(model, name)(pick, data)
        script += [[targets[target], call, arguments], [store, "log", []]]
        expected.append([call, answer, ordered(call, model.take_asked())])
    results = kata.script(script)
    calls = [call for call, _, _ in expected]
    pairs = zip(calls, results[::2], results[1::2], strict=True)
    assert [[call, class_name(got), ordered(call, log)] for call, got, log in pairs] == expected


NAMES = ["visit"] * 9 + ["fetch"] * 3 + ["release"] * 5 + ["change"] * 4 + ["write", "scribble"]
NAMES += ["new_page", "delete_page", "flush", "discard", "pin_count", "get_stats"]
STEPS = st.tuples(
    st.sampled_from(NAMES), st.integers(0, 5), st.sampled_from([b"PAGE", b"page six", b"x"])
)


@pytest.fixture
def store(kata):
    """Pages 1 to 39, over which every request is logged."""
    return kata.RecordingPages(40)


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
    return kata.many(holder, "visit", [[n] for n in pages])


def counted(pool):
    """Hits, misses, evictions and writes, in this order."""
    stats = pool.stats()
    return [stats["hits"], stats["misses"], stats["evictions"], stats["writes"]]


@settings(max_examples=50, deadline=None, phases=[Phase.generate])
@given(capacity=st.integers(1, 4), steps=st.lists(STEPS, max_size=40))
def test_any_sequence_of_calls_agrees_with_the_model(kata, capacity, steps):
    """Whatever is done in whatever order: answers, evictions and writes are as they must be."""
    compare(kata, capacity, 60, steps)


@pytest.mark.parametrize("capacity", [1, 2, 5, 16, 40])
def test_long_traces_agree_with_the_model(kata, seed, capacity):
    """Over 2,000 random steps each page is read, written and evicted exactly when it must be."""
    names = seed.choices(NAMES, k=2000)
    reach = 3 * capacity + 2
    picks = [min(seed.randrange(reach), seed.randrange(reach)) for _ in names]
    data = [b"%d" % seed.randrange(10**6) for _ in names]
    compare(kata, capacity, 400, list(zip(names, picks, data, strict=True)))


def test_a_scan_does_not_drive_out_what_is_hot(kata, disk, workdir):
    """A hot set of 15 pages in 20 frames survives 40 scans of 40 pages: at most 1,700 reads."""
    pages = kata.PageFile(str(workdir / "pages.db"), 512)
    kata.many(pages, "allocate", [[]] * 55)
    pool = kata.BufferPool(pages, 20)
    holder = kata.Holder(pool)
    disk.record()
    hot = [n for n in range(1, 16) for _ in range(2)]
    visit(kata, holder, *[*hot, *range(16, 56)] * 40)
    assert disk.counts()["reads"] <= 1700
    assert disk.counts()["reads"] == pool.stats()["misses"]
    assert disk.counts()["writes"] == 0


def test_every_disk_access_is_counted(kata, disk, workdir, seed):
    """The disk is read once for each miss, and written once for each write that is counted."""
    pages = kata.PageFile(str(workdir / "pages.db"), 512)
    kata.many(pages, "allocate", [[]] * 30)
    holder = kata.Holder(pool := kata.BufferPool(pages, 6))
    disk.record()
    kata.many(holder, "change", [[seed.randrange(1, 31), b"changed"] for _ in range(300)])
    visit(kata, holder, *[seed.randrange(1, 31) for _ in range(300)])
    pool.flush()
    hits, misses, evictions, writes = counted(pool)
    counts = disk.counts()
    assert [counts["reads"], counts["writes"], counts["syncs"]] == [misses, writes, 0]
    assert [hits + misses, misses - evictions] == [600, 6]


def test_one_frame_is_enough_for_one_page_at_a_time(kata, store):
    """A pool of one frame works: every other page evicts, and a change is never lost."""
    holder = kata.Holder(pool := kata.BufferPool(store, 1))
    kata.many(holder, "change", [[1, b"ONE"], [2, b"TWO"], [2, b"TWO TWO"], [1, b"ONE ONE"]])
    assert visit(kata, holder, 2, 1) == [b"TWO TWO", b"ONE ONE"]
    requests = [["read", 1], ["write", 1], ["read", 2], ["write", 2], ["read", 1], ["write", 1]]
    assert sorted(store.log()) == sorted([*requests, ["read", 2], ["read", 1]])
    assert counted(pool) == [1, 5, 4, 3]


def test_a_pool_has_256_frames_unless_told(kata):
    """Without a capacity a pool keeps 256 pages, and evicts for the 257th."""
    store = kata.RecordingPages(300)
    holder = kata.Holder(pool := kata.BufferPool(store))
    visit(kata, holder, *range(1, 257), *range(1, 257))
    assert counted(pool) == [256, 256, 0, 0]
    holder.visit(257)
    assert counted(pool) == [256, 257, 1, 0]


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_pool_without_frames_is_refused(kata, store, capacity):
    """A capacity below 1 is an error."""
    with kata.raises("ValueError"):
        kata.BufferPool(store, capacity)
    assert kata.BufferPool(store, 1).fetch(1).page_no() == 1


def test_pools_know_nothing_of_each_other(kata, store):
    """Two pools have frames, clocks and counts of their own; each knows its store."""
    first, second = kata.BufferPool(store, 1), kata.BufferPool(kata.RecordingPages(5), 1)
    kata.script([[first.store(), "write", [1, b"mine"]], [first, "fetch", [1]]])
    assert second.fetch(1).read(0, 6) == b"page 1"
    assert [counted(first), counted(second)] == [[0, 1, 0, 0]] * 2
    assert [first.store().page_count(), second.store().page_count()] == [40, 5]


def test_only_fetches_are_accesses(kata, pool, store, holder):
    """To write, to release, to flush and to count pins does not make a page more recently used."""
    kata.many(holder, "fetch", [[1], [2], [3]])
    kata.script(
        [holder, name, [1, data]] for name in ("write", "scribble") for data in (b"a", b"b")
    )
    kata.many(holder, "release", [[3], [2], [1, True]])
    kata.script([[pool, "pin_count", [1]], [pool, "flush", []], [pool, "pin_count", [1]]])
    visit(kata, holder, 4)
    store.log()
    visit(kata, holder, 2, 3, 4)
    assert store.log() == []


def test_making_a_page_is_an_access(kata, pool, holder):
    """A new page that is fetched once more has two accesses, and outlives pages with one."""
    new = holder.new_page()
    holder.release(new)
    visit(kata, holder, 1, new, 2, 3, 4, 5)
    assert [holder.visit(new), counted(pool)] == [b"", [2, 5, 3, 0]]


def test_history_ends_with_eviction(kata, store, holder):
    """A page that comes back into the pool has one access, however often it was used before."""
    kata.many(holder, "fetch", [[2], [2], [3], [3]])
    visit(kata, holder, 1, 1, 1, 4)
    kata.many(holder, "release", [[2], [2], [3], [3]])
    visit(kata, holder, 1, 5)
    store.log()
    visit(kata, holder, 2, 3, 5)
    assert store.log() == []
    visit(kata, holder, 1)
    assert store.log() == [["read", 1]]


def test_the_bytes_of_a_page_are_never_replaced(kata, pool, store, holder):
    """A slotted page made once works on the page through fetches, writes, flushes and evictions."""
    holder.fetch(1)
    slotted = holder.slotted_page(1)
    slotted.format()
    kata.many(slotted, "insert", [[0, b"one"], [1, b"two"]])
    kata.many(holder, "fetch", [[1], [1]])
    holder.release(1, True)
    pool.flush()
    visit(kata, holder, 2, 3, 4, 5)
    slotted.insert(2, b"three")
    holder.release(1, True)
    holder.write(1, b"my header")
    assert [slotted.header()[:9], pool.fetch(1).read(113, 11)] == [b"my header", b"threetwoone"]
    pool.flush()
    assert store.image(1)[:9] + store.image(1)[-11:] == b"my headerthreetwoone"


def test_a_page_changed_by_one_and_held_by_another_stays(kata, pool, store, holder):
    """One holder's dirty page is not evicted while another holds it, and is written in the end."""
    kata.many(holder, "fetch", [[1], [1]])
    holder.scribble(1, b"CHANGED")
    holder.release(1, True)
    visit(kata, holder, 2, 3, 4, 5)
    assert [pool.pin_count(1), store.image(1), holder.fetch(1)] == [1, b"page 1", b"CHANGED"]
    kata.many(holder, "release", [[1, False], [1, False]])
    visit(kata, holder, 2, 2, 3, 3, 4, 4, 5, 5)
    assert [pool.pin_count(1), store.image(1)] == [0, b"CHANGED"]


def test_a_deleted_page_never_comes_back(kata, pool, store, holder):
    """The old bytes of a deleted page are neither written over the free page nor shown again."""
    kata.many(holder, "change", [[1, b"OLD ONE"], [2, b"OLD TWO"]])
    kata.many(pool, "delete_page", [[2], [1]])
    visit(kata, holder, 3, 4, 5, 6, 7)
    pool.flush()
    assert [store.image(1), store.image(2), pool.stats()["writes"]] == [b"FREE", b"FREE", 0]
    assert [holder.new_page(), holder.fetch(1)] == [1, b""]
    assert [store.allocate(), holder.fetch(2)] == [2, b""]


def test_a_page_that_is_not_in_memory_is_deleted_too(kata, pool, store, holder):
    """Deleting needs no frame: nothing is read or evicted, even when all frames are pinned."""
    kata.many(holder, "fetch", [[1], [2], [3]])
    store.log()
    pool.delete_page(9)
    assert [store.log(), store.image(9)] == [[["free", 9]], b"FREE"]
    with kata.raises("PagePinned", match=r"\b2\b"):
        pool.delete_page(2)
    assert [store.log(), pool.pin_count(2), store.image(2)] == [[], 1, b"page 2"]


def test_the_frame_of_a_deleted_page_is_free(kata, pool, store, holder):
    """A deleted page leaves its frame: the next page in needs no eviction."""
    kata.many(holder, "change", [[1, b"ONE"], [2, b"TWO"], [3, b"THREE"]])
    pool.delete_page(2)
    holder.visit(4)
    assert [visit(kata, holder, 1, 3), counted(pool)] == [[b"ONEe 1", b"THREE3"], [2, 4, 0, 0]]


def test_a_failed_deletion_changes_nothing(kata, pool, store, holder):
    """When the store cannot free a page, the page is still there with its changes."""
    holder.change(1, b"CHANGED")
    store.refuse("free")
    failed = kata.script([[pool, "delete_page", [1]], [pool, "delete_page", [2]]])
    assert [class_name(result) for result in failed] == ["StoreClosed"] * 2
    assert holder.visit(1) == b"CHANGED"
    pool.flush()
    assert [store.image(1), counted(pool)] == [b"CHANGED", [1, 1, 0, 1]]


def test_an_exhausted_pool_allocates_nothing(kata, pool, store, holder):
    """When all frames are pinned no page is allocated, for nobody could free it again."""
    kata.many(holder, "fetch", [[1], [2], [3]])
    errors = kata.script([pool, "new_page", []] for _ in range(5))
    assert [class_name(result) for result in errors] == ["PoolExhausted"] * 5
    assert [store.page_count(), store.log()[3:]] == [40, []]
    holder.release(2)
    assert [holder.new_page(), counted(pool)] == [40, [0, 3, 1, 0]]


def test_a_page_that_cannot_be_read_is_not_there(kata, pool, store, holder):
    """A fetch that failed leaves no frame: not a pin, not a byte, and the next one reads again."""
    store.refuse("read")
    failed = kata.script([pool, "fetch", [n]] for n in (1, 1, 2, 3, 4))
    assert [class_name(result) for result in failed] == ["StoreClosed"] * 5
    assert kata.many(pool, "pin_count", [[1], [2], [4]]) == [0, 0, 0]
    store.refuse("")
    assert kata.many(holder, "fetch", [[1], [2], [3]]) == [b"page 1", b"page 2", b"page 3"]
    assert counted(pool)[:2] == [0, 3]
    with kata.raises("PoolExhausted"):
        pool.fetch(400)


@pytest.mark.parametrize("page_no", [-1, 40])
def test_a_page_that_does_not_exist_is_the_stores_error(kata, pool, holder, page_no):
    """What the store says of a number that names no page reaches the caller."""
    with kata.raises("OutOfBounds"):
        pool.fetch(page_no)
    assert [pool.pin_count(page_no), holder.visit(39)] == [0, b"page 39"]


def test_a_failed_eviction_loses_nothing(kata, pool, store, holder):
    """When the store cannot write the victim, it stays in memory, dirty, and nothing is allocated."""
    kata.many(holder, "change", [[1, b"ONE"], [2, b"TWO"], [3, b"THREE!"]])
    store.refuse("write")
    failed = kata.script([[pool, "fetch", [4]], [pool, "new_page", []], [pool, "fetch", [5]]])
    assert [class_name(result) for result in failed] == ["StoreClosed"] * 3
    assert [counted(pool)[2:], store.page_count()] == [[0, 0], 40]
    assert visit(kata, holder, 1, 2, 3) == [b"ONEe 1", b"TWOe 2", b"THREE!"]
    store.refuse("")
    visit(kata, holder, 4, 5, 6, 7)
    pool.flush()
    assert [store.image(n) for n in (1, 2, 3)] == [b"ONEe 1", b"TWOe 2", b"THREE!"]


def test_a_failed_allocation_is_only_that(kata, pool, store, holder):
    """When the store cannot allocate, the caller hears of it and no frame is taken."""
    store.refuse("allocate")
    failed = kata.script([pool, "new_page", []] for _ in range(4))
    assert [class_name(result) for result in failed] == ["StoreClosed"] * 4
    assert kata.many(holder, "fetch", [[1], [2], [3]]) == [b"page 1", b"page 2", b"page 3"]


def test_a_failed_flush_can_be_repeated(kata, pool, store, holder):
    """Pages that a flush could not write are still dirty; the next flush writes them."""
    kata.many(holder, "change", [[1, b"PAGE"], [2, b"PAGE"], [3, b"PAGE"]])
    store.refuse("write")
    with kata.raises("StoreClosed"):
        pool.flush()
    store.refuse("")
    store.log()
    pool.flush()
    assert store.log() == [["write", 1], ["write", 2], ["write", 3]]
    assert [store.image(n) for n in (1, 2, 3)] == [b"PAGE 1", b"PAGE 2", b"PAGE 3"]


def test_discarding_is_for_idle_pools(kata, pool, store, holder):
    """With any page pinned nothing is discarded: not the pinned page, not the others."""
    holder.change(1, b"CHANGED")
    holder.fetch(2)
    with kata.raises("PagePinned"):
        pool.discard()
    assert [holder.visit(1), pool.pin_count(2)] == [b"CHANGED", 1]
    holder.release(2)
    pool.discard()
    assert kata.many(holder, "fetch", [[1], [3], [4]]) == [b"page 1", b"page 3", b"page 4"]
    assert counted(pool) == [1, 5, 0, 0]


def test_a_frame_is_given_back_as_often_as_fetched(kata, pool, holder):
    """After as many releases as fetches a frame has no pin, and one more is an error."""
    frames = [pool.new_page(), pool.fetch(40), pool.fetch(40)]
    kata.many(pool, "release", [[frames[1], False], [frames[0]], [frames[2], True]])
    with kata.raises("NotPinned", match=r"\b40\b"):
        pool.release(frames[0])
    assert pool.pin_count(40) == 0
    visit(kata, holder, 1, 2, 3, 1, 2, 3)
    with kata.raises("NotPinned"):
        pool.release(frames[0])
    assert [holder.fetch(40), pool.pin_count(40)] == [b"", 1]


@pytest.mark.parametrize("name", ["fetch", "new_page"])
@pytest.mark.parametrize("size", [128, 65536])
def test_a_frame_is_as_long_as_the_payload(kata, name, size):
    """All bytes of a page and no others are in its frame, for fetched pages and for new ones."""
    pool, full = kata.BufferPool(store := kata.RecordingPages(2, size)), b"\xff" * (size - 4)
    frame = pool.fetch(1) if name == "fetch" else pool.new_page()
    frame.write(0, full)
    assert [frame.read(0, size - 4), frame.read(size - 4, 0)] == [full, b""]
    with kata.raises("ValueError"):
        frame.read(0, size - 3)
    with kata.raises("ValueError"):
        frame.write(0, full + b"!")
    pool.flush()
    assert store.image(frame.page_no()) == full


@pytest.mark.parametrize(("offset", "size"), [(-4, 4), (-1, 1), (124, 1), (125, 0), (2, -1)])
def test_nothing_outside_of_a_page_is_read(kata, pool, offset, size):
    """A span that begins before the page, ends after it, or has a negative size is an error."""
    frame = pool.fetch(3)
    with kata.raises("ValueError"):
        frame.read(offset, size)
    assert [frame.read(5, 1), frame.read(0, 0), frame.read(124, 0)] == [b"3", b"", b""]


@pytest.mark.parametrize("offset", [-124, -2, -1, 123, 124, 1000])
def test_a_refused_write_changes_nothing(kata, pool, store, offset):
    """A write that would leave the page changes no byte, and the page is still clean."""
    frame = pool.fetch(3)
    with kata.raises("ValueError"):
        frame.write(offset, b"!!")
    pool.release(frame)
    pool.flush()
    assert [frame.read(0, 124), store.log()] == [b"page 3".ljust(124, b"\0"), [["read", 3]]]


def test_any_store_will_do(kata, workdir):
    """Over a page file that keeps its writes to itself the pool works, and the file stays as it is."""
    kata.many(kata.PageFile(str(path := workdir / "pages.db"), 128), "allocate", [[]] * 5)
    before = path.read_bytes()
    holder = kata.Holder(pool := kata.BufferPool(kata.OverlayPageFile(str(path), 128), 2))
    kata.many(holder, "change", [[n, b"change %d" % n] for n in range(1, 6)])
    new = holder.new_page()
    holder.write(new, b"new")
    holder.release(new)
    pool.delete_page(2)
    pool.flush()
    pool.discard()
    assert visit(kata, holder, 1, 3, 4, 5, 6) == [*[b"change %d" % n for n in (1, 3, 4, 5)], b"new"]
    assert path.read_bytes() == before
