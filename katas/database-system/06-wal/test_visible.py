"""A log below the pages: what is committed survives, what is not is gone, and what a commit costs."""

import struct

import pytest
from database_crash import Power, log_of
from database_fsck import check_store

SIZE = 512
PAYLOAD = SIZE - 4


@pytest.fixture
def path(workdir):
    """Where the file is; its log has "-wal" behind the name."""
    return workdir / "db"


@pytest.fixture
def log(workdir):
    """Where the log is."""
    return workdir / "db-wal"


@pytest.fixture
def pages(kata, path):
    """A new logged page file."""
    return kata.LoggedPageFile(str(path), SIZE)


@pytest.fixture
def opened(kata, path):
    """A function that opens the store: a small cache, and a checkpoint after a few frames."""
    return lambda: kata.Store(str(path), SIZE, 16, 12)


def padded(data):
    """A payload."""
    return data.ljust(PAYLOAD, b"\0")


def header(pages=1, size=SIZE):
    """The payload of page 0: so many pages, none free, no roots."""
    return struct.pack(">8sIII", b"SFSDB\0\1\0", size, pages, 0).ljust(size - 4, b"\0")


def everything(store):
    """All pairs of a store."""
    return [tuple(pair) for pair in store.scan(None, None).take(9999)]


def test_changed_pages_wait_in_memory(pages, path, disk):
    """A page that was written reads as it was written, and neither file has been touched."""
    disk.record()
    pages.write(1, b"one")
    pages.write(1, b"two")
    assert [pages.read(1), pages.pending()] == [padded(b"two"), 1]
    assert [disk.counts()["writes"], disk.counts()["syncs"], path.stat().st_size] == [0, 0, 0]


def test_a_commit_is_one_batch_in_the_log(pages, path, log):
    """The log has its header and one batch for each commit, chained as the lesson says; the file nothing."""
    pages.write(1, b"one")
    pages.commit()
    pages.write(1, b"two")
    pages.commit()
    batches = [[(0, header())], [(1, padded(b"one"))], [(1, padded(b"two"))]]
    assert log.read_bytes() == log_of(SIZE, 1, batches)
    assert [pages.read(1), pages.log_frames(), pages.pending()] == [padded(b"two"), 3, 0]
    assert path.stat().st_size == 0


def test_the_last_frame_of_a_batch_has_its_length(pages, log):
    """In a batch of three pages the last frame, and no other, says that there are three."""
    begin = log.stat().st_size
    for number in (1, 2, 3):
        pages.write(number, b"page")
    pages.commit()
    frames = log.read_bytes()[begin:]
    size = 16 + PAYLOAD
    assert [struct.unpack_from(">I", frames, n * size + 4)[0] for n in range(3)] == [0, 0, 3]
    assert len(frames) == 3 * size


def test_rollback_takes_pages_back(pages):
    """After a rollback pages are as they were committed, and what was new is not there."""
    pages.write(1, b"old")
    pages.commit()
    pages.write(1, b"new")
    pages.allocate()
    pages.rollback()
    assert [pages.read(1), pages.page_count(), pages.pending()] == [padded(b"old"), 1, 0]


def test_a_checkpoint_moves_the_log_into_the_file(kata, pages, path, log):
    """After a checkpoint the file has the pages, the log a header of the next generation and no frames."""
    pages.write(1, b"one")
    pages.commit()
    pages.checkpoint()
    assert [pages.log_frames(), pages.read(1), path.stat().st_size] == [0, padded(b"one"), 2 * SIZE]
    assert log.read_bytes()[:20] == log_of(SIZE, 2, [])
    pages.close()
    log.unlink()
    assert kata.LoggedPageFile(str(path), SIZE).read(1) == padded(b"one")


def test_whole_batches_of_a_log_are_recovered(kata, path, log):
    """Opening a file reads its log: whole batches count, one without its last frame does not."""
    one, two = [(0, header(2)), (1, padded(b"one"))], [(1, padded(b"two"))]
    log.write_bytes(log_of(SIZE, 7, [one, two, [(1, padded(b"three"), 0)]]))
    pages = kata.LoggedPageFile(str(path), SIZE)
    assert [pages.read(1), pages.page_count(), pages.log_frames()] == [padded(b"two"), 2, 0]


@pytest.mark.parametrize("cut", [1, 15, 16, 300, 523, 524, 525, 1048])
def test_a_torn_tail_is_dropped(kata, pages, path, log, cut):
    """If the log has lost its end, what was committed by the batches before is there, whole."""
    for text in (b"one", b"two", b"three"):
        pages.write(1, text)
        pages.commit()
    kata.kill()
    log.write_bytes(log.read_bytes()[:-cut])
    kata.restart()
    found = kata.LoggedPageFile(str(path), SIZE).read(1)
    assert found == padded([b"two", b"one"][(cut - 1) // 524])


def test_one_page_can_be_committed_alone(kata, pages, path):
    """`write_now` makes one page durable, and what is pending stays pending."""
    pages.write(1, b"counter 1")
    pages.write(2, b"old")
    pages.commit()
    pages.write(2, b"new")
    pages.write_now(1, b"counter 2")
    assert [pages.read(1), pages.read(2), pages.pending()] == [
        padded(b"counter 2"),
        padded(b"new"),
        1,
    ]
    kata.kill()
    kata.restart()
    pages = kata.LoggedPageFile(str(path), SIZE)
    assert [pages.read(1), pages.read(2)] == [padded(b"counter 2"), padded(b"old")]


def test_what_is_committed_survives_the_process(kata, opened):
    """The process is killed: what it committed is there, what it only put is not."""
    store = opened()
    store.put(b"a", b"1")
    store.put(b"b", b"2" * 3000)
    store.commit()
    store.put(b"c", b"3")
    store.delete(b"a")
    kata.kill()
    kata.restart()
    assert everything(opened()) == [(b"a", b"1"), (b"b", b"2" * 3000)]


def test_a_store_takes_back_what_was_not_committed(kata, opened):
    """Rollback undoes puts and deletes of many pages, also for a scan that is open."""
    store = opened()
    pairs = [[b"%03d" % n, b"v" * 40] for n in range(100)]
    kata.many(store, "put", pairs)
    store.commit()
    cursor = store.scan(None, None)
    assert cursor.take(10) == pairs[:10]
    kata.many(store, "delete", [[key] for key, _ in pairs[5:90]])
    kata.many(store, "put", [[b"%03d!" % n, b""] for n in range(200)])
    store.rollback()
    assert cursor.take(999) == pairs[10:]
    assert store.get(b"050") == b"v" * 40


def test_a_commit_costs_one_write_and_one_sync(kata, path, disk):
    """Ten commits are ten writes to the log and ten syncs; a commit of nothing is none."""
    store = kata.Store(str(path), SIZE)
    disk.record()
    for n in range(10):
        store.put(b"key", b"%d" % n)
        store.commit()
    assert [disk.counts()["writes"], disk.counts()["syncs"]] == [10, 10]
    assert store.get(b"key") == b"9"
    store.commit()
    assert [disk.counts()["writes"], disk.counts()["syncs"]] == [10, 10]


def test_ids_are_never_given_twice(kata, opened):
    """An id is above all that were given before: after a commit, a rollback, a close, a kill."""
    store = opened()
    given = [store.next_id(b"rows") for _ in range(5)]
    assert given == [1, 2, 3, 4, 5]
    store.rollback()
    given += kata.many(store, "next_id", [[b"rows"]] * 300)
    kata.kill()
    kata.restart()
    store = opened()
    given += kata.many(store, "next_id", [[b"rows"]] * 5)
    store.close()
    given += kata.many(opened(), "next_id", [[b"rows"]] * 5)
    assert given == sorted(set(given))


def test_a_closed_store_is_one_file(kata, opened, path, log):
    """After `close` all that is committed is in the file, the log may go, and calls are refused."""
    store = opened()
    store.put(b"a", b"1")
    store.commit()
    store.put(b"b", b"2")
    store.close()
    for call in ("commit", "rollback", "checkpoint"):
        with kata.raises("StoreClosed"):
            getattr(store, call)()
    log.unlink()
    assert everything(opened()) == [(b"a", b"1")]


@pytest.mark.parametrize("keep", ["nothing", "everything", "sectors"])
def test_a_power_cut_at_any_moment_leaves_a_whole_state(kata, opened, disk, path, log, seed, keep):
    """Cut before any operation of eight commits: the state after the last commit, or the next one."""
    disk.record()
    store, states, done = opened(), [[]], [0]
    for n in range(8):
        kata.many(store, "put", [[b"%d" % m, b"%d" % n * 300] for m in range(n % 4 + 1)])
        done.append(len(disk.journal()))
        store.commit()
        states.append(everything(store))
    journal = disk.journal()
    kata.kill()
    kata.restart()
    for at in range(len(journal) + 1):
        log.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        for name, data in Power(journal, page_size=SIZE).cut(at, keep, seed).items():
            (path.parent / name.rpartition("/")[2]).write_bytes(data)
        begun = sum(begin < at for begin in done[1:])
        store = opened()
        assert everything(store) in (states[max(begun - 1, 0)], states[begun]), f"cut at {at}"
        store.close()
        check_store(path, SIZE)
