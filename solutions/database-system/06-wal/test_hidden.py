"""Power cuts at every operation, in every manner, twice; damaged logs; bank transfers; and the costs."""

import struct
from zlib import crc32

import pytest
from database_crash import KEEP, Power, header_of, log_of
from database_fsck import check_store, log_pages

SIZE = 512
PAYLOAD = SIZE - 4
FRAME = 16 + PAYLOAD


@pytest.fixture
def path(workdir):
    """Where the file is."""
    return workdir / "db"


@pytest.fixture
def log(workdir):
    """Where its log is."""
    return workdir / "db-wal"


@pytest.fixture
def opened(kata, path):
    """A function that opens the store: a small cache, and a checkpoint after a few frames."""
    return lambda frames=12, cache=16: kata.Store(str(path), SIZE, cache, frames)


@pytest.fixture
def logged(kata, path):
    """A function that opens the pages with their log."""
    return lambda: kata.LoggedPageFile(str(path), SIZE)


@pytest.fixture
def again(kata, path, log):
    """A function that kills the process and lays files: the ones of a cut, or the log alone."""

    def begin(files):
        kata.kill()
        kata.restart()
        if isinstance(files, bytes):
            log.write_bytes(files)
            return
        lay(files, path, log)

    return begin


def lay(files, path, log):
    """Write the files of a power cut."""
    path.unlink(missing_ok=True)
    log.unlink(missing_ok=True)
    for name, data in files.items():
        (path.parent / name.rpartition("/")[2]).write_bytes(data)


def padded(data):
    """A payload."""
    return data.ljust(PAYLOAD, b"\0")


def header(pages=1):
    """The payload of page 0: so many pages, none free, no roots."""
    return padded(struct.pack(">8sIII", b"SFSDB\0\1\0", SIZE, pages, 0))


def everything(store):
    """All pairs of a store."""
    return [tuple(pair) for pair in store.scan(None, None).take(9999)]


class Workload:
    """Random transactions, and what the map is after each commit."""

    def __init__(self, kata, disk, store, random, begin=()):
        self.kata, self.disk, self.store, self.random = kata, disk, store, random
        self.model = dict(begin)
        self.states = [dict(begin)]
        self.begun = []  # before which operation of the disk each commit began
        self.ended = []

    def commit(self, count):
        """So many transactions of a few puts and deletes; some are rolled back."""
        for _ in range(count):
            model, script = dict(self.model), []
            for _ in range(self.random.randrange(1, 7)):
                key = b"%03d" % self.random.randrange(40)
                if key in model and self.random.random() < 0.4:
                    del model[key]
                    script.append([self.store, "delete", [key]])
                else:
                    model[key] = self.random.randbytes(self.random.choice([5, 90, 600]))
                    script.append([self.store, "put", [key, model[key]]])
            self.kata.script(script)
            if self.random.random() < 0.15:
                self.store.rollback()
                continue
            self.begun.append(len(self.disk.journal()))
            self.store.commit()
            self.ended.append(len(self.disk.journal()))
            self.model = model
            self.states.append(model)

    def allowed(self, at):
        """The states that may be found after a cut before operation `at`: as sorted pairs."""
        low = sum(end <= at for end in self.ended)
        high = sum(begin < at for begin in self.begun)
        return [sorted(state.items()) for state in self.states[low : high + 1]]


# --- power cuts ---------------------------------------------------------------------------------


@pytest.mark.timeout(60)
@pytest.mark.parametrize("keep", KEEP)
def test_a_cut_anywhere_leaves_a_whole_state(kata, opened, disk, path, log, seed, keep):
    """Cut before any operation of thirty commits and their checkpoints: the last state, or the next one."""
    disk.record()
    work = Workload(kata, disk, opened(), seed)
    work.commit(30)
    journal = disk.journal()
    kata.kill()
    kata.restart()
    for at in range(len(journal) + 1):
        lay(Power(journal).cut(at, keep, seed), path, log)
        store = opened()
        assert everything(store) in work.allowed(at), f"cut before operation {at}, kept {keep}"
        store.close()
        check_store(path, SIZE)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("keep", ["nothing", "sectors", "pages"])
def test_a_second_cut_leaves_a_whole_state(kata, opened, disk, path, log, seed, keep):
    """Cut, recovered, one to three commits more, and cut again, at every operation of the second life."""
    disk.record()
    work = Workload(kata, disk, opened(), seed)
    work.commit(16)
    journal = disk.journal()
    kata.kill()
    kata.restart()
    for first in seed.sample(range(10, len(journal)), 8):
        files = Power(journal).cut(first, seed.choice(["sectors", "pages", "everything"]), seed)
        lay(files, path, log)
        disk.record()
        store = opened()
        second = Workload(kata, disk, store, seed, everything(store))
        second.commit(seed.randrange(1, 4))
        more = disk.journal()
        store.close()
        for at in range(len(more) + 1):
            lay(Power(more, files).cut(at, keep, seed), path, log)
            store = opened()
            assert everything(store) in second.allowed(at), f"cuts before {first} and {at}"
            store.close()
            check_store(path, SIZE)


def test_a_cut_while_recovering_is_no_worse(kata, opened, disk, path, log, seed):
    """The power fails again, and again, while the log is copied: the third try finds all."""
    disk.record()
    work = Workload(kata, disk, opened(100), seed)
    work.commit(12)
    files = Power(disk.journal()).cut(len(disk.journal()), "everything", seed)
    expected = sorted(work.model.items())
    kata.kill()
    kata.restart()
    lay(files, path, log)
    disk.record()
    assert everything(opened(100)) == expected
    recovery = disk.journal()
    for at in range(len(recovery) + 1):
        for keep in ("sectors", "pages"):
            lay(Power(recovery, files).cut(at, keep, seed), path, log)
            store = opened(100)
            assert everything(store) == expected, f"cut before operation {at} of the recovery"
            store.close()


@pytest.mark.parametrize("how", ["crash", "torn"])
def test_a_bank_loses_no_money(kata, opened, disk, seed, how):
    """Killed in the middle of transfers thirty times: the sum stays, acknowledged transfers are there."""
    accounts = [b"account%02d" % n for n in range(20)]
    store = opened()
    kata.many(store, "put", [[name, b"100"] for name in accounts])
    store.commit()
    balance = dict.fromkeys(accounts, 100)
    for _ in range(30):
        disk.fail(seed.randrange(1, 25), how)
        after = dict(balance)
        for _ in range(25):
            giver, taker = seed.sample(accounts, 2)
            after[giver] -= 7
            after[taker] += 7
            puts = [[store, "put", [name, b"%d" % after[name]]] for name in (giver, taker)]
            try:
                kata.script(puts)
                store.commit()
            except Exception as error:
                if type(error).__name__ != "Crashed":
                    raise
                break
            balance = dict(after)
        else:
            raise AssertionError("25 commits have written less than 25 times")
        kata.restart()
        store = opened()
        found = {key: int(value) for key, value in everything(store)}
        assert found in (balance, after)
        balance = found
    assert sum(balance.values()) == 2000


def test_a_new_file_may_be_cut_too(kata, opened, disk, path, log, seed):
    """A cut while the file is made, or before the first commit, leaves an empty store."""
    disk.record()
    opened()
    journal = disk.journal()
    kata.kill()
    kata.restart()
    for keep in KEEP:
        for at in range(len(journal) + 1):
            lay(Power(journal).cut(at, keep, seed), path, log)
            store = opened()
            assert everything(store) == []
            store.put(b"a", b"1")
            store.commit()
            store.close()
            assert check_store(path, SIZE).trees[0].items == [[b"a", b"1"]]


# --- logs that are not what they should be ------------------------------------------------------

ONE, TWO, THREE = ([(0, header(2)), (1, padded(b"%d" % n))] for n in (1, 2, 3))


@pytest.mark.parametrize(
    ("batches", "found"),
    [
        ([ONE, TWO], b"2"),
        ([ONE, [(1, padded(b"2"), 0)]], b"1"),
        ([ONE, [(1, padded(b"2"), 2)]], b"1"),
        ([ONE, [(1, padded(b"2"), 3), (1, padded(b"3"), 0), (1, padded(b"4"), 1)]], b"1"),
        ([ONE, [(1, padded(b"2"), 0), (1, padded(b"3"), 1)]], b"1"),
        ([ONE, [(1, padded(b"2"), 0), (1, padded(b"3"), 2)]], b"3"),
    ],
    ids=["whole", "unfinished", "too many", "too early", "too few", "twice"],
)
def test_only_whole_batches_count(logged, log, batches, found):
    """A batch counts if its last frame says how many it has; what follows a wrong one does not."""
    log.write_bytes(log_of(SIZE, 3, batches))
    assert logged().read(1) == padded(found)


def test_frames_of_another_generation_end_the_log(logged, log):
    """A frame whose generation is not the header's is of an older log."""
    old = log_of(SIZE, 4, [ONE, TWO, THREE])
    new = log_of(SIZE, 5, [ONE])
    log.write_bytes(new + old[len(new) :])
    assert logged().read(1) == padded(b"1")


def test_a_frame_counts_only_behind_the_one_it_was_written_behind(kata, logged, again, log):
    """A batch loses its first frame; one frame is committed in its place; the others stay dead."""
    pages = logged()
    pages.write(1, b"base")
    pages.commit()
    begin = log.stat().st_size
    for number in (1, 2, 3):
        pages.write(number, b"never acknowledged")
    pages.commit()
    torn = bytearray(log.read_bytes())
    torn[begin : begin + FRAME] = bytes(FRAME)
    again(bytes(torn))
    pages = logged()
    assert pages.read(1) == padded(b"base")
    pages.write(1, b"after")
    pages.commit()
    kata.kill()
    kata.restart()
    pages = logged()
    assert pages.read(1) == padded(b"after")
    with kata.raises("OutOfBounds"):
        pages.read(2)


def test_a_dead_tail_stays_dead_in_the_same_generation(kata, logged, again, log):
    """Nothing was whole, so nothing was copied; the next commit's frames hide what is behind them."""
    again(log_of(SIZE, 1, [[(1, padded(b"lost"), 0), (2, padded(b"lost"), 0), (0, header(3), 0)]]))
    pages = logged()
    pages.commit()
    again(log.read_bytes() + log_of(SIZE, 1, [ONE])[20:])
    pages = logged()
    assert pages.page_count() == 1
    with kata.raises("OutOfBounds"):
        pages.read(1)


def test_the_checksum_follows_what_was_committed(kata, logged, again, log):
    """After a torn tail was dropped, what is committed next is found again."""
    again(log_of(SIZE, 9, [ONE]) + log_of(SIZE, 9, [ONE, TWO])[-FRAME:])
    for n in range(3):
        pages = logged()
        assert pages.read(1) == padded(b"1" if n == 0 else b"life %d" % (n - 1))
        pages.write(1, b"life %d" % n)
        pages.commit()
        kata.kill()
        kata.restart()


@pytest.mark.timeout(30)
def test_damage_ends_the_log_and_nothing_else(kata, logged, log, path, seed):
    """A bit is flipped anywhere in the log: the batches before it count, what comes from there on does not."""
    content = log_of(SIZE, 2, [ONE, TWO, THREE])
    for _ in range(150):
        at = seed.randrange(20, len(content))
        damaged = bytearray(content)
        damaged[at] ^= 1 << seed.randrange(8)
        path.unlink(missing_ok=True)
        log.write_bytes(damaged)
        whole = (at - 20) // (2 * FRAME)
        expected = log_pages(bytes(damaged), SIZE)
        pages = logged()
        assert (pages.read(1) if whole else None) == (padded(b"%d" % whole) if whole else None)
        assert expected.get(1) == (pages.read(1) if whole else None)
        pages.close()


@pytest.mark.parametrize("at", [0, 7, 8, 12, 19])
def test_a_log_without_a_valid_header_is_empty(logged, log, path, at):
    """If the header is damaged no frame counts; the log begins anew, and none of the old frames revive."""
    pages = logged()
    pages.write(1, b"gone")
    pages.commit()
    pages.close()
    damaged = bytearray(log.read_bytes())
    damaged[at] ^= 1
    log.write_bytes(damaged)
    for _ in range(2):
        pages = logged()
        assert pages.page_count() == 1
        pages.close()
    assert path.stat().st_size == SIZE


def test_a_log_of_something_else_is_no_log(logged, log):
    """Another first word, however well its checksum fits, is no header: nothing of it counts."""
    head = b"NOTALOG\0" + header_of(1024, 3)[8:16]
    log.write_bytes(head + struct.pack(">I", crc32(head)) + bytes(2000))
    pages = logged()
    pages.write(1, b"one")
    pages.commit()
    assert pages.read(1) == padded(b"one")


@pytest.mark.parametrize("length", [0, 1, 19, 20, 21, 20 + FRAME - 1])
def test_a_log_may_be_short(logged, log, length):
    """An empty log, a part of a header, a header alone, a part of a frame: nothing to recover."""
    log.write_bytes(log_of(SIZE, 6, [[(0, header(9))]])[:length])
    pages = logged()
    assert pages.page_count() == 1
    pages.write(1, b"one")
    pages.commit()
    pages.close()
    assert logged().read(1) == padded(b"one")


def test_a_log_of_other_pages_is_refused(kata, path, log):
    """A log with another page size is PageSizeMismatch, and both files stay as they were."""
    kata.Store(str(path), SIZE).close()
    content = header_of(1024, 3) + bytes(2000)
    log.write_bytes(content)
    before = path.read_bytes()
    with kata.raises("PageSizeMismatch"):
        kata.LoggedPageFile(str(path), SIZE)
    assert [log.read_bytes() == content, path.read_bytes() == before] == [True, True]


def test_what_page_files_refuse_is_refused(kata, path, log):
    """A file that is no database, or has other pages, is refused as before."""
    kata.Store(str(path), 1024).close()
    with kata.raises("PageSizeMismatch"):
        kata.LoggedPageFile(str(path), SIZE)
    log.unlink()
    path.write_bytes(b"Dear diary, " * 100)
    with kata.raises("NotADatabase"):
        kata.LoggedPageFile(str(path), SIZE)
    assert path.read_bytes() == b"Dear diary, " * 100


# --- pages --------------------------------------------------------------------------------------


def test_pages_keep_their_promises(kata, logged):
    """Reads and writes beyond the end and too long payloads are refused; roots and free pages are logged."""
    pages = logged()
    for call in (["read", 1], ["write", 2, b""], ["write", -1, b""], ["read", -1]):
        with kata.raises("OutOfBounds"):
            getattr(pages, call[0])(*call[1:])
    with kata.raises("PageFull"):
        pages.write(0, bytes(PAYLOAD + 1))
    assert kata.many(pages, "allocate", [[]] * 3) == [1, 2, 3]
    pages.free(2)
    pages.set_root(3, 1)
    pages.sync()
    kata.kill()
    kata.restart()
    pages = logged()
    assert [pages.allocate(), pages.get_root(3), pages.page_count()] == [2, 1, 4]
    with kata.raises("OutOfBounds"):
        pages.write(5, b"")


def test_a_rollback_gives_back_the_room(kata, logged):
    """New pages that were rolled back are not there, neither to read nor as neighbours to write behind."""
    pages = logged()
    kata.many(pages, "allocate", [[]] * 5)
    pages.rollback()
    for call in (["read", 1], ["write", 2, b""]):
        with kata.raises("OutOfBounds"):
            getattr(pages, call[0])(*call[1:])
    pages.write(1, b"one")
    pages.commit()
    pages.rollback()
    assert pages.read(1) == padded(b"one")
    pages.write(2, b"two")


def test_what_is_read_was_committed_last(kata, logged, seed):
    """Pages written, committed, rolled back and checkpointed at random read as a list says."""
    pages = logged()
    kata.many(pages, "write", [[n, b"0"] for n in range(1, 9)])
    pages.commit()
    committed = {n: b"0" for n in range(1, 9)}
    current = dict(committed)
    for _ in range(200):
        step = seed.choice(["write", "write", "write", "commit", "rollback", "checkpoint", "now"])
        number, data = seed.randrange(1, 9), seed.randbytes(20).rstrip(b"\0")
        if step == "write":
            pages.write(number, data)
            current[number] = data
        elif step == "now" and current == committed:
            pages.write_now(number, data)
            current[number] = committed[number] = data
        elif step == "commit":
            pages.commit()
            committed = dict(current)
        elif step == "rollback":
            pages.rollback()
            current = dict(committed)
        elif step == "checkpoint":
            pages.checkpoint()
        found = kata.many(pages, "read", [[n] for n in range(1, 9)])
        assert found == [padded(current[n]) for n in range(1, 9)]


def test_the_file_is_touched_only_by_checkpoints(kata, logged, path):
    """Commits leave the database file as it is; a checkpoint leaves what is pending where it is."""
    pages = logged()
    pages.write(1, b"one")
    pages.commit()
    pages.checkpoint()
    before = path.read_bytes()
    pages.write(1, b"two")
    pages.commit()
    assert path.read_bytes() == before
    pages.write(1, b"three")
    pages.checkpoint()
    assert path.read_bytes()[SIZE : SIZE + 4] == b"two\0"
    assert [pages.read(1), pages.pending()] == [padded(b"three"), 1]
    pages.rollback()
    assert pages.read(1) == padded(b"two")


def test_a_failed_commit_can_be_tried_again(kata, logged, disk, log):
    """The disk is full at a commit: it is reported, nothing is lost, and the next try succeeds."""
    pages = logged()
    pages.write(1, b"one")
    pages.commit()
    for what in (1, 2):
        pages.write(1, b"try %d" % what)
        disk.fail(what, "full")
        (failed,) = kata.script([[pages, "commit", []]])
        assert hasattr(failed, "class_name")
        assert [pages.read(1), pages.pending()] == [padded(b"try %d" % what), 1]
        disk.record()
        pages.commit()
        assert log_pages(log.read_bytes(), SIZE)[1] == padded(b"try %d" % what)
    pages.write(1, b"never")
    disk.fail(1, "full")
    kata.script([[pages, "commit", []]])
    pages.rollback()
    assert pages.read(1) == padded(b"try 2")


def test_the_header_page_is_a_page_like_any_other(logged):
    """Page 0 is written at once by `write_now`, and what is asked afterwards is answered from it."""
    pages = logged()
    changed = bytearray(pages.read(0))
    changed[23] = 9  # the last byte of root 0
    pages.write_now(0, bytes(changed))
    assert [pages.read(0), pages.get_root(0)] == [bytes(changed), 9]
    assert logged().get_root(0) == 9


@pytest.mark.parametrize("at", range(1, 6))
def test_a_failed_checkpoint_loses_nothing(kata, logged, disk, at):
    """Whatever step of a checkpoint fails, what is committed after it is found again."""
    pages = logged()
    pages.write(1, b"one")
    pages.commit()
    disk.fail(at, "full")
    kata.script([[pages, "checkpoint", []]])
    disk.record()
    pages.write(1, b"two")
    pages.commit()
    kata.kill()
    kata.restart()
    assert logged().read(1) == padded(b"two")


# --- the store ----------------------------------------------------------------------------------


def test_all_bytes_go_through_the_door(kata, opened, disk, path, log, seed):
    """Both files are, byte for byte, what the journal says was written."""
    disk.record()
    work = Workload(kata, disk, opened(), seed)
    work.commit(15)
    files = Power(disk.journal()).cut(len(disk.journal()), "everything", seed)
    assert files == {str(path): path.read_bytes(), str(log): log.read_bytes()}


def test_rollbacks_leave_no_trace(kata, opened, path, log, seed):
    """What was put and rolled back, however much, leaves both files as they were, and the cache."""
    store = opened()
    kata.many(store, "put", [[b"%03d" % n, seed.randbytes(50)] for n in range(100)])
    store.commit()
    before, files = everything(store), [path.read_bytes(), log.read_bytes()]
    for _ in range(5):
        kata.many(store, "delete", [[b"%03d" % n] for n in seed.sample(range(100), 60)])
        kata.many(store, "put", [[b"x%05d" % n, seed.randbytes(50)] for n in range(100)])
        store.rollback()
        assert everything(store) == before
    assert [path.read_bytes(), log.read_bytes()] == files
    store.put(b"after", b"1")
    store.commit()
    store.close()
    assert check_store(path, SIZE).trees[0].items == sorted([*map(list, before), [b"after", b"1"]])


def test_a_rollback_of_the_first_key_leaves_an_empty_tree(opened):
    """The root itself was new, and is gone again."""
    store = opened()
    for _ in range(2):
        store.put(b"a", b"1")
        assert store.get(b"a") == b"1"
        store.rollback()
        assert [store.get(b"a"), everything(store)] == [None, []]
    store.put(b"b", b"2")
    store.commit()
    assert everything(store) == [(b"b", b"2")]


def test_a_scan_goes_on_after_a_commit_and_a_rollback(kata, opened):
    """An open scan gives the first key after its last, as the map is then."""
    store = opened()
    kata.many(store, "put", [[b"%03d" % n, b""] for n in range(0, 200, 2)])
    cursor = store.scan(b"010", b"150")
    assert cursor.next() == [b"010", b""]
    store.commit()
    kata.many(store, "put", [[b"%03d" % n, b""] for n in range(1, 200, 2)])
    assert cursor.take(2) == [[b"011", b""], [b"012", b""]]
    store.rollback()
    assert cursor.take(2) == [[b"014", b""], [b"016", b""]]
    kata.many(store, "delete", [[b"%03d" % n] for n in range(0, 140, 2)])
    store.commit()
    assert cursor.take(99) == [[b"%03d" % n, b""] for n in range(140, 150, 2)]


def test_ids_are_apart_from_transactions(kata, opened, seed):
    """Ids grow for each name whatever is rolled back or killed, and commit nothing of the others' work."""
    store, last = opened(), {}
    for _ in range(12):
        names = [seed.choice([b"a", b"b", b"c"]) for _ in range(seed.randrange(1, 150))]
        store.put(b"not committed", b"")
        for name, given in zip(
            names, kata.many(store, "next_id", [[n] for n in names]), strict=True
        ):
            assert given > last.get(name, 0)
            last[name] = given
        end = seed.choice(["commit", "rollback", "kill", "close"])
        if end == "commit":
            store.delete(b"not committed")
            store.commit()
        elif end == "rollback":
            store.rollback()
        else:
            if end == "close":
                store.close()
            kata.kill()
            kata.restart()
            store = opened()
        assert store.get(b"not committed") is None
    assert max(last.values()) <= 12 * 150 + 12 * 300


def test_ids_begin_at_one_and_leave_nothing_out_when_closed_well(opened):
    """1, 2, 3, and 4 after the store was closed and opened again."""
    store = opened()
    assert [store.next_id(b"a") for _ in range(3)] == [1, 2, 3]
    store.close()
    store = opened()
    assert [store.next_id(b"a"), store.next_id(b"a")] == [4, 5]


def test_an_id_is_safe_before_it_is_given(kata, opened, disk, path, log, seed):
    """After a cut at any moment the next id is above all that were given before."""
    disk.record()
    store = opened()
    given = []
    for _ in range(230):
        given.append([store.next_id(b"a"), len(disk.journal())])
    journal = disk.journal()
    kata.kill()
    kata.restart()
    for at in range(len(journal) + 1):
        for keep in ("nothing", "sectors"):
            lay(Power(journal).cut(at, keep, seed), path, log)
            store = opened()
            highest = max((number for number, end in given if end <= at), default=0)
            assert store.next_id(b"a") > highest
            store.close()


@pytest.mark.parametrize("at", [1, 2])
def test_an_id_that_could_not_be_reserved_is_not_given(kata, opened, disk, at):
    """The disk is full when ids are reserved: those that are given later are not given again either."""
    store = opened()
    disk.fail(at, "full")
    kata.script([[store, "next_id", [b"a"]]])
    disk.record()
    given = [store.next_id(b"a") for _ in range(3)]
    kata.kill()
    kata.restart()
    assert opened().next_id(b"a") > max(given)


def test_a_closed_store_answers_nothing(kata, opened, path, log):
    """Every call of a closed store is StoreClosed, scans begun before too; closing twice is no harm."""
    store = opened()
    kata.many(store, "put", [[b"%03d" % n, b"v" * 100] for n in range(99)])
    store.commit()
    cursor = store.scan(None, None)
    cursor.next()
    store.close()
    calls = [["get", b"a"], ["put", b"a", b""], ["delete", b"a"], ["scan", None, None]]
    calls += [["next_id", b"a"], ["commit"], ["rollback"], ["checkpoint"], ["stats"]]
    for name, *arguments in calls:
        with kata.raises("StoreClosed"):
            getattr(store, name)(*arguments)
    with kata.raises("StoreClosed"):
        cursor.next()
    store.close()
    log.write_bytes(b"")
    assert len(check_store(path, SIZE).trees[0].items) == 99


def test_large_transactions_are_whole(kata, opened, path, log):
    """A commit of more pages than the cache holds, and than a checkpoint waits for, is one batch."""
    store = opened(12, 8)
    pairs = [[b"%05d" % n, b"v" * 100] for n in range(2000)]
    kata.many(store, "put", pairs)
    store.commit()
    size = log.stat().st_size
    kata.kill()
    kata.restart()
    log.write_bytes(log.read_bytes()[: size - 1])
    store = opened(12, 8)
    assert everything(store) == []
    kata.many(store, "put", pairs)
    store.commit()
    kata.kill()
    kata.restart()
    store = opened(12, 8)
    assert everything(store) == [tuple(pair) for pair in pairs]
    store.close()
    check_store(path, SIZE)


# --- counted ------------------------------------------------------------------------------------


def test_a_commit_writes_each_changed_page_once(kata, opened, disk):
    """A commit of k pages is one write of k frames and one sync; of no changes, nothing."""
    store = opened(10**6, 500)
    kata.many(store, "put", [[b"%05d" % n, b"v" * 30] for n in range(500)])
    store.commit()
    disk.record()
    kata.many(store, "put", [[b"%05d" % n, b"w" * 30] for n in range(500)])
    before = store.stats()["log_frames"]
    store.commit()
    frames = store.stats()["log_frames"] - before
    assert disk.counts()["bytes_written"] == frames * FRAME
    assert [disk.counts()["writes"], disk.counts()["syncs"]] == [1, 1]
    assert frames <= 60
    kata.many(store, "get", [[b"%05d" % n] for n in range(500)])
    store.commit()
    store.rollback()
    store.commit()
    assert disk.counts()["writes"] == 1


def test_a_checkpoint_writes_each_page_once(kata, opened, disk):
    """However often a page was committed, it is copied once; three syncs at most, and none for an empty log."""
    store = opened(10**6, 500)
    for round_ in range(20):
        kata.many(store, "put", [[b"%03d" % n, b"%d" % round_ * 20] for n in range(100)])
        store.commit()
    disk.record()
    store.checkpoint()
    entries = [entry for entry in disk.journal() if entry["op"] == "write"]
    copied = [entry["offset"] for entry in entries if not entry["path"].endswith("-wal")]
    assert len(copied) == len(set(copied)) > 5
    assert len(entries) == len(copied) + 1
    assert disk.counts()["syncs"] <= 3
    disk.record()
    store.checkpoint()
    assert disk.counts() == {"reads": 0, "writes": 0, "bytes_written": 0, "syncs": 0}


def test_checkpoints_keep_the_log_short(kata, opened, disk, log):
    """When the log has so many frames the next commit copies them first; the log does not grow for ever."""
    store = opened(20)
    longest = 0
    for n in range(60):
        store.put(b"%02d" % (n % 10), b"v" * 50)
        store.commit()
        longest = max(longest, store.stats()["log_frames"])
    assert longest < 20 + 10
    assert log.stat().st_size <= 20 + 30 * FRAME


def test_a_checkpoint_comes_with_the_frame_that_fills_the_log(opened):
    """Three frames are enough for it if it is to come after three; the log has none when it is opened again."""
    store = opened(3)
    store.put(b"a", b"0")
    store.commit()
    store.checkpoint()
    lengths = []
    for n in range(8):
        store.put(b"a", b"%d" % n)
        store.commit()
        lengths.append(store.stats()["log_frames"])
    assert lengths == [1, 2, 3, 1, 2, 3, 1, 2]
    store.close()
    assert opened(3).stats()["log_frames"] == 0


def test_recovery_reads_the_log_once(kata, opened, disk, log):
    """Opening a store that was killed reads each byte of its log once or twice, and syncs the file."""
    store = opened(10**6)
    for n in range(50):
        store.put(b"%02d" % (n % 10), b"v" * 50)
        store.commit()
    frames = store.stats()["log_frames"]
    kata.kill()
    kata.restart()
    disk.record()
    store = opened(10**6)
    assert frames > 50
    assert disk.counts()["reads"] <= 30
    assert disk.counts()["syncs"] <= 3
    assert store.stats()["log_frames"] == 0


def test_ids_cost_little(kata, opened, disk):
    """Three hundred ids cost at most five writes and five syncs."""
    store = opened()
    disk.record()
    kata.many(store, "next_id", [[b"a"]] * 300)
    assert disk.counts()["writes"] <= 5
    assert disk.counts()["syncs"] <= 5


def test_the_header_is_read_once(kata, logged, disk):
    """However often roots and the page count are asked for, page 0 is read from the disk once; commits keep it known."""
    pages = logged()
    page_no = pages.allocate()
    pages.commit()
    pages.close()
    pages = logged()
    pages.get_root(0)
    disk.record()
    assert [pages.get_root(0), pages.page_count(), pages.get_root(7)] == [0, page_no + 1, 0]
    pages.set_root(7, page_no)
    pages.commit()
    assert [pages.get_root(7), pages.page_count(), pages.get_root(0)] == [page_no, page_no + 1, 0]
    assert disk.counts()["reads"] == 0


def test_a_closed_file_has_no_header(kata, logged):
    """What the header says is asked of the file, also by who has asked before, and that is closed."""
    pages = logged()
    pages.get_root(0)
    pages.close()
    for name, arguments in (("get_root", [0]), ("page_count", []), ("read", [0])):
        (result,) = kata.script([[pages, name, arguments]])
        assert result.class_name == "StoreClosed"
