"""Interleavings known for going wrong, random histories against a model, and what the store is asked."""

import pytest
from database_fsck import check_store

START = {b"x": b"10", b"y": b"20"}
SHORT = {"SerializationFailure": "refused", "TransactionClosed": "closed"}


def committed(manager, changes):
    """One transaction that makes the changes; None deletes."""
    transaction = manager.begin()
    for key, value in changes.items():
        transaction.delete(key) if value is None else transaction.put(key, value)
    transaction.commit()


def filled(kata, content, store=None):
    """A store and its manager, with one transaction's worth of keys."""
    store = kata.MemoryStore() if store is None else store
    manager = kata.TransactionManager(store)
    committed(manager, content)
    return store, manager


def everything(store):
    """All that a store or a transaction shows."""
    return store.scan(None, None).take(100_000)


def failed(result):
    """Whether a result is an error (a handle has any attribute, but no text)."""
    return isinstance(getattr(result, "class_name", None), str)


def step(kata, manager, open_, words):
    """Carry out one step of a history, and say what came of it."""
    who, what, *args = words.split()
    if what in ("begin", "serializable"):
        open_[who] = manager.begin(what == "serializable")
        return "begun"
    name = {"read": "get", "write": "put", "delete": "delete", "scan": "scan"}.get(what, what)
    (result,) = kata.script([[open_[who], name, [arg.encode() for arg in args]]])
    if failed(result):
        return SHORT.get(result.class_name, result.class_name)
    if what == "scan":
        return " ".join(f"{key.decode()}={value.decode()}" for key, value in result.take(99))
    return result.decode() if isinstance(result, bytes) else result


def played(kata, history, kind="begin"):
    """What each step of a history gives: "1 read x" is done by transaction 1, and so on.

    Every transaction begins before the first step, in the order of their names.
    """
    _, manager = filled(kata, START)
    steps = [words.strip() for words in history.split(";")]
    open_ = {}
    for who in sorted({words.split()[0] for words in steps}):
        step(kata, manager, open_, f"{who} {kind}")
    seen = [step(kata, manager, open_, words) for words in steps]
    return [one for one in seen if one is not None], everything(manager.begin())


ANOMALIES = {
    "dirty write": (
        "1 write x 11; 2 write x 12; 1 write y 21; 1 commit; 2 write y 22; 2 rollback",
        ["refused"],
        {b"x": b"11", b"y": b"21"},
    ),
    "aborted read": (
        "1 write x 101; 2 read x; 1 rollback; 2 read x; 2 commit",
        ["10", "10"],
        START,
    ),
    "intermediate read": (
        "1 write x 101; 2 read x; 1 write x 11; 1 commit; 2 read x; 2 commit",
        ["10", "10"],
        {b"x": b"11", b"y": b"20"},
    ),
    "circular information flow": (
        "1 write x 11; 2 write y 22; 1 read y; 2 read x; 1 commit; 2 commit",
        ["20", "10"],
        {b"x": b"11", b"y": b"22"},
    ),
    "observed transaction vanishes": (
        "1 write x 11; 1 write y 19; 2 write x 12; 1 commit; 3 read x; 2 write y 18; 2 rollback; 3 read y",
        ["10", "refused", "20"],
        {b"x": b"11", b"y": b"19"},
    ),
    "predicate read": (
        "1 scan a z; 2 write p 30; 2 delete x; 2 commit; 1 scan a z; 1 commit",
        ["x=10 y=20", True, "x=10 y=20"],
        {b"p": b"30", b"y": b"20"},
    ),
    "lost update": (
        "1 read x; 2 read x; 1 write x 11; 2 write x 11; 1 commit; 2 commit",
        ["10", "10", "refused"],
        {b"x": b"11", b"y": b"20"},
    ),
    "read skew": (
        "1 read x; 2 read x; 2 read y; 2 write x 12; 2 write y 18; 2 commit; 1 read y; 1 commit",
        ["10", "10", "20", "20"],
        {b"x": b"12", b"y": b"18"},
    ),
    "read skew with a write": (
        "1 read x; 2 write x 12; 2 write y 18; 2 commit; 1 delete y; 1 rollback",
        ["10", "refused"],
        {b"x": b"12", b"y": b"18"},
    ),
    "equal values are a conflict too": (
        "1 write x 10; 2 write x 10; 1 commit; 2 commit",
        ["refused"],
        START,
    ),
}


@pytest.mark.parametrize("name", ANOMALIES)
def test_a_known_anomaly_does_not_happen(kata, name):
    """None of the anomalies that snapshot isolation excludes can be produced by interleaving."""
    history, seen, after = ANOMALIES[name]
    assert played(kata, history) == (seen, [list(pair) for pair in sorted(after.items())])


SKEWS = {
    "write skew on keys": (
        "1 read x; 1 read y; 2 read x; 2 read y; 1 write x 11; 2 write y 21; 1 commit; 2 commit",
        ["10", "20", "10", "20"],
        "2",
    ),
    "write skew on ranges": (
        "1 scan a k; 2 scan a k; 1 write b 1; 2 write d 2; 1 commit; 2 commit",
        ["", ""],
        "2",
    ),
    "a key that is not there": (
        "1 read p; 2 read q; 1 write q 1; 2 write p 2; 1 commit; 2 commit",
        [],
        "2",
    ),
    "a deletion in a range": (
        "1 scan x z; 1 write p 1; 2 delete y; 2 commit; 1 commit",
        ["x=10 y=20", True],
        "1",
    ),
    "a circle of three": (
        "1 read x; 2 read y; 3 read p; 1 write y 1; 2 write p 1; 3 write x 1; 1 commit; 2 commit; 3 commit",
        ["10", "20"],
        "2",
    ),
}


@pytest.mark.parametrize("name", SKEWS)
def test_a_skew_is_possible_for_snapshots_and_refused_when_serializable(kata, name):
    """What was read, or looked through, and has changed since: only serializable commits mind."""
    history, seen, losers = SKEWS[name]
    assert played(kata, history)[0] == seen
    strict, _ = played(kata, history, "serializable")
    assert strict == [*seen, *["refused"] * len(losers.split())]


@pytest.mark.parametrize(
    "history",
    [
        "1 scan x y; 2 write x 11; 2 commit; 1 write b 21; 1 commit",
        "1 scan x z; 2 write y 21; 2 commit; 1 write b 21; 1 commit",
        "1 read q; 2 write q 1; 2 commit; 1 write b 21; 1 commit",
    ],
)
def test_a_serializable_transaction_is_refused_for_all_that_it_has_read(kata, history):
    """A key that was not there, and both ends of a range, have been read like everything between."""
    assert played(kata, history, "serializable")[0][-1] == "refused"


@pytest.mark.parametrize(
    "history",
    [
        "1 read x; 1 scan a k; 2 write y 21; 2 commit; 1 write x 11; 1 commit",
        "1 scan y z; 2 write x 11; 2 commit; 1 write y 21; 1 commit",
        "1 scan a x; 2 write x 11; 2 commit; 1 write b 21; 1 commit",
        "1 scan x y; 2 write y 21; 2 commit; 1 write b 21; 1 commit",
        "1 read x; 1 scan a z; 2 write x 11; 2 commit; 1 commit",
    ],
)
def test_a_serializable_transaction_is_not_refused_without_need(kata, history):
    """Changes outside of what was read, or before it wrote nothing, are no reason to refuse it."""
    assert "refused" not in played(kata, history, "serializable")[0]


# -- random histories ---------------------------------------------------------------------------------


class Model:
    """What every transaction must see: snapshots, workspaces, and the commits in their order."""

    def __init__(self):
        self.commits = [dict(START)]  # what each commit has changed; the first at time 1
        self.open = {}

    def state(self, time):
        merged = {k: v for changes in self.commits[:time] for k, v in changes.items()}
        return {k: v for k, v in merged.items() if v is not None}

    def begin(self, who, serializable):
        self.open[who] = {
            "time": len(self.commits), "own": {}, "keys": set(), "ranges": [], "strict": serializable,
        }  # fmt: skip

    def view(self, t):
        merged = {**self.state(t["time"]), **t["own"]}
        return {k: v for k, v in merged.items() if v is not None}

    def since(self, t):
        return {key for changes in self.commits[t["time"] :] for key in changes}

    def run(self, who, name, args):
        """What the call gives; "refused" stands for SerializationFailure."""
        t = self.open[who]
        if name == "scan":
            t["ranges"].append(args)
            return [[k, v] for k, v in sorted(self.view(t).items()) if args[0] <= k < args[1]]
        if name in ("get", "delete"):
            t["keys"].add(args[0])
        if name == "get":
            return self.view(t).get(args[0])
        if name == "delete" and args[0] not in self.view(t):
            return False
        if args[0] in self.since(t):
            return "refused"
        t["own"][args[0]] = args[1] if name == "put" else None
        return True if name == "delete" else None

    def commit(self, who):
        t = self.open.pop(who)
        read = {
            key for key in self.since(t)
            if key in t["keys"] or any(low <= key < high for low, high in t["ranges"])
        }  # fmt: skip
        if not t["own"]:
            return None
        if self.since(t) & set(t["own"]) or (t["strict"] and read):
            return "refused"
        self.commits.append(t["own"])
        return None


def random_call(seed):
    """One call of a transaction: name and arguments."""
    key = bytes([seed.choice(b"xyzab")])
    name = seed.choice(["get", "get", "put", "put", "delete", "scan"])
    if name == "scan":
        return name, sorted([key, bytes([seed.choice(b"xyzabq")])])
    return name, [key, str(seed.randrange(99)).encode()] if name == "put" else [key]


def told(result):
    """A result as the model says it."""
    if failed(result):
        return SHORT.get(result.class_name, result.class_name)
    plain = result is None or isinstance(result, bool | bytes)
    return result if plain else result.take(99)


def random_history(kata, seed, manager, model):
    """Four transactions of twelve calls each, mixed; every result that differs from the model's."""
    names = "abcd"
    handles, wrong = {}, []
    for who in names:
        strict = seed.random() < 0.4
        handles[who] = manager.begin(strict)
        model.begin(who, strict)
    turns = [who for who in names for _ in range(12)]
    seed.shuffle(turns)
    for at, who in enumerate(turns):
        last = who not in turns[at + 1 :]
        name, args = ("commit", []) if last else random_call(seed)
        want = model.commit(who) if last else model.run(who, name, args)
        got = told(kata.script([[handles[who], name, args]])[0])
        if got != want:
            wrong.append([who, name, args, got, want])
    return wrong


def test_random_histories_follow_the_rules(kata, seed):
    """Of random transactions each sees its snapshot and itself; commits are refused by the rule only."""
    _, manager = filled(kata, START)
    model = Model()
    wrong = [random_history(kata, seed, manager, model) for _ in range(25)]
    assert [w for w in wrong if w] == []
    assert everything(manager.begin()) == [list(p) for p in sorted(model.state(10**6).items())]


# -- details -------------------------------------------------------------------------------------------

AWKWARD = [b"", b"\0", b"\0\0", b"\0\1", b"\0\xff", b"a", b"a\0", b"a\0\1", b"a\0\xff", b"a\1", b"\xfe", b"\xff"]  # fmt: skip


def test_keys_with_zeros_are_told_apart_and_sorted(kata):
    """Keys of which one is the beginning of another, with 00 and FF, keep their order and versions."""
    _, manager = filled(kata, {key: b"1" + key for key in AWKWARD})
    committed(manager, {key: b"2" + key for key in AWKWARD[::2]})
    reader = manager.begin()
    want = [[key, (b"1", b"2")[i % 2 == 0] + key] for i, key in enumerate(AWKWARD)]
    assert everything(reader) == want
    assert kata.many(reader, "get", [[key] for key in AWKWARD]) == [value for _, value in want]
    for low, high in ((1, 4), (2, 7), (5, 9), (0, 11)):
        assert reader.scan(AWKWARD[low], AWKWARD[high]).take(99) == want[low:high]
    assert [len(manager.versions(key)) for key in AWKWARD] == [2, 1] * 6


def test_a_scan_merges_workspace_and_snapshot_while_both_change(kata):
    """Own keys before, between and after the snapshot's, written before or during the scan, show once."""
    _, manager = filled(kata, {bytes([c]): b"old" for c in b"cegik"})
    mine = manager.begin()
    for key in (b"a", b"d", b"z"):
        mine.put(key, b"own")
    mine.delete(b"e")
    cursor = mine.scan(b"a", b"y")
    seen = cursor.take(2)
    mine.put(b"f", b"own")  # ahead: is met
    mine.put(b"b", b"own")  # behind: is not
    mine.delete(b"i")
    committed(manager, {b"g": None, b"h": b"new"})
    mine.put(b"k", b"own")
    seen += cursor.take(99)
    assert seen == [[b"a", b"own"], [b"c", b"old"], [b"d", b"own"], [b"f", b"own"], [b"g", b"old"], [b"k", b"own"]]  # fmt: skip
    assert mine.scan(None, None).take(2) == [[b"a", b"own"], [b"b", b"own"]]


def test_deleted_and_written_again_in_one_transaction(kata):
    """The last word counts: a key that was deleted and put again is there, one put and deleted is not."""
    _, manager = filled(kata, START)
    mine = manager.begin()
    assert [mine.delete(b"x"), mine.delete(b"x")] == [True, False]
    mine.put(b"x", b"again")
    mine.put(b"n", b"new")
    assert mine.delete(b"n") is True
    assert everything(mine) == [[b"x", b"again"], [b"y", b"20"]]
    mine.commit()
    assert everything(manager.begin()) == [[b"x", b"again"], [b"y", b"20"]]
    assert manager.versions(b"x") == [[2, b"again"], [1, b"10"]]


def test_two_hundred_transactions_each_in_its_own_world(kata):
    """With two hundred open at once every one sees the state of its beginning, and collect keeps all."""
    _, manager = filled(kata, {b"x": b"0"})
    readers = []
    for i in range(200):
        readers.append(manager.begin())
        committed(manager, {b"x": str(i + 1).encode()})
    assert [manager.active(), manager.collect()] == [200, 0]
    seen = kata.script([reader, "get", [b"x"]] for reader in readers)
    assert seen == [str(i).encode() for i in range(200)]
    for reader in readers[:150]:
        reader.rollback()
    assert [manager.active(), manager.collect()] == [50, 150]
    assert kata.script([reader, "get", [b"x"]] for reader in readers[150:]) == seen[150:]


def test_collecting_drops_exactly_what_nobody_sees(kata, seed):
    """After random commits with readers among them, only the versions that somebody sees are left."""
    store, manager = filled(kata, START, kata.CountingStore(kata.MemoryStore()))
    history, readers = {b"x": [1], b"y": [1]}, []
    for time in range(2, 40):
        key = seed.choice([b"x", b"y", b"z"])
        value = None if seed.random() < 0.3 and history.get(key, [0])[-1] > 0 else b"%d" % time
        committed(manager, {key: value} if value else {key: None})
        history.setdefault(key, []).append(time if value else -time)
        if seed.random() < 0.15:
            readers.append((time, manager.begin()))
    oldest = readers[0][0] if readers else 39
    left = {}
    for key, times in history.items():
        seen = [t for t in times if abs(t) <= oldest][-1:]
        left[key] = [t for t in seen if t > 0] + [t for t in times if abs(t) > oldest]
    store.reset()
    dropped = manager.collect()
    assert store.counts()["commits"] == 1
    assert dropped == sum(map(len, history.values())) - sum(map(len, left.values()))
    for key, times in left.items():
        want = [[abs(t), (START[key] if t == 1 else b"%d" % t) if t > 0 else None] for t in times]
        assert manager.versions(key) == want[::-1]
    assert len(everything(store)) == 1 + sum(map(len, left.values()))


def test_time_goes_on_after_a_restart(kata, workdir):
    """A new manager over the same file never uses a timestamp again."""
    path = str(workdir / "clock.db")
    store, manager = filled(kata, START, kata.Store(path))
    committed(manager, {b"x": b"11"})
    store.close()
    kata.restart()
    store = kata.Store(path)
    manager = kata.TransactionManager(store)
    assert manager.begin().snapshot() == 2
    committed(manager, {b"x": None})
    assert manager.versions(b"x") == [[3, None], [2, b"11"], [1, b"10"]]
    store.close()
    check_store(path, 4096)


def test_a_commit_is_one_commit_of_the_store(kata, workdir):
    """If the process dies after a commit of many keys, or before it, all of them are there or none."""
    path = str(workdir / "bank.db")
    _, manager = filled(kata, {b"%03d" % i: b"0" for i in range(100)}, kata.Store(path))
    committed(manager, {b"%03d" % i: b"1" for i in range(100)})
    late = manager.begin()
    for i in range(100):
        late.put(b"%03d" % i, b"2")
    kata.kill()
    kata.restart()
    manager = kata.TransactionManager(kata.Store(path))
    assert {value for _, value in everything(manager.begin())} == {b"1"}


def test_a_commit_that_the_disk_refuses_has_not_happened(kata, workdir, disk):
    """When the store's commit raises, the transaction is over, and later commits bring nothing of it."""
    path = str(workdir / "full.db")
    _store, manager = filled(kata, START, kata.Store(path))
    mine = manager.begin()
    kata.script([[mine, "put", [b"a", b"1"]], [mine, "put", [b"x", b"11"]]])
    disk.fail(at=1, how="full")
    (result,) = kata.script([[mine, "commit", []]])
    assert result.class_name == "OSError"
    disk.record()
    assert [manager.active(), everything(manager.begin())] == [0, [[b"x", b"10"], [b"y", b"20"]]]
    committed(manager, {b"x": b"12"})
    assert manager.versions(b"x") == [[2, b"12"], [1, b"10"]]
    assert everything(manager.begin()) == [[b"x", b"12"], [b"y", b"20"]]


def test_what_a_transaction_asks_of_the_store(kata):
    """A get is one short scan; a commit is a put for each key, the clock and one commit; reading is free."""
    store = kata.CountingStore(kata.MemoryStore())
    _, manager = filled(kata, START, store)
    old = manager.begin()
    for i in range(5):
        committed(manager, {b"x": b"%d" % i})
    costs = []
    for transaction, call in ((old, "get"), (manager.begin(), "get")):
        store.reset()
        kata.script([[transaction, call, [b"x"]], [transaction, "commit", []]])
        costs.append(store.counts())
    assert [c["scans"] for c in costs] == [1, 1]
    assert [c["steps"] <= 6 for c in costs] == [True, True]
    assert [c["puts"] + c["deletes"] + c["commits"] for c in costs] == [0, 0]
    mine = manager.begin()
    kata.many(mine, "put", [[b"k%d" % i, b"v"] for i in range(20)])
    store.reset()
    mine.commit()
    counts = store.counts()
    assert [counts["puts"], counts["commits"], counts["deletes"]] == [21, 1, 0]
    assert counts["scans"] <= 20


@pytest.mark.parametrize("call", ["get", "put", "delete", "scan", "next_id", "commit", "rollback"])
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_transaction_that_is_over_is_closed(kata, end, call):
    """Every call of a transaction after its commit or rollback raises TransactionClosed."""
    _, manager = filled(kata, START)
    over = manager.begin()
    kata.script([[over, "put", [b"x", b"1"]], [over, end, []]])
    args = {"put": [b"x", b"2"], "scan": [None, None], "commit": [], "rollback": []}
    (result,) = kata.script([[over, call, args.get(call, [b"x"])]])
    assert [told(result), manager.active()] == ["closed", 0]


def test_guarded_keys_are_checked_in_every_transaction(kata):
    """Who has read a guarded key that changed since is refused if it writes; other keys are not guarded."""
    store = kata.MemoryStore()
    manager = kata.TransactionManager(store, b"meta")
    committed(manager, {b"meta/a": b"1", b"x": b"1"})
    looked, read_only, blind, other = (manager.begin() for _ in range(4))
    kata.script([t, "get", [b"meta/a"]] for t in (looked, read_only))
    other.get(b"x")
    committed(manager, {b"meta/a": b"2", b"x": b"2"})
    kata.script([[t, "put", [b"n%d" % i, b"1"]] for i, t in enumerate((looked, blind, other))])
    ends = kata.script([t, "commit", []] for t in (looked, read_only, blind, other))
    assert list(map(told, ends)) == ["refused", None, None, None]


def test_who_writes_guarded_keys_is_serializable(kata):
    """A transaction that changes the catalog is refused when anything that it has read has changed."""
    _, manager = filled(kata, {**START, b"c": b"catalog"})
    for reading, result in ((["scan", [b"x", b"z"]], "refused"), (["get", [b"p"]], None)):
        builder = manager.begin()
        kata.script([[builder, *reading], [builder, "put", [b"c/index", b"1"]]])
        committed(manager, {b"y": b"21"})
        assert told(kata.script([[builder, "commit", []]])[0]) == result


# -- sessions ------------------------------------------------------------------------------------------


@pytest.fixture
def sessions(kata):
    """A function that gives one more session over the same database, after a script."""
    manager = kata.TransactionManager(kata.MemoryStore())

    def another(sql="select 1"):
        session = kata.Session(manager)
        session.execute(sql)
        return session

    return another


def outcome(kata, session, sql):
    """The rows of the last statement, or the error's name."""
    (result,) = kata.script([[session, "execute", [sql]]])
    return result.class_name if hasattr(result, "class_name") else result[-1]["rows"]


TABLES = "create table k (v integer); create table u (id integer primary key, v integer unique)"


def test_inserts_into_a_table_without_key_do_not_conflict(kata, sessions):
    """Two transactions insert into a table that has no primary key: both commit, both rows are there."""
    one, two = sessions(TABLES), sessions()
    results = [outcome(kata, s, sql) for s, sql in (
        (one, "begin; insert into k values (1)"), (two, "begin; insert into k values (2)"),
        (one, "commit"), (two, "commit"),
    )]  # fmt: skip
    assert results == [[], [], [], []]
    assert sorted(outcome(kata, sessions(), "select v from k")) == [[1], [2]]


@pytest.mark.parametrize("rows", [("(1, 7)", "(1, 8)"), ("(1, 7)", "(2, 7)")])
def test_of_two_equal_keys_one_commits(kata, sessions, rows):
    """The same primary key or unique value from two transactions: exactly one is stored."""
    one, two = sessions(TABLES), sessions()
    for session, row in zip((one, two), rows, strict=True):
        session.execute(f"begin; insert into u values {row}")
    assert outcome(kata, one, "commit") == []
    assert outcome(kata, two, "commit") == "SerializationFailure"
    assert [two.status(), outcome(kata, two, "select v from u")] == ["I", [[7]]]


@pytest.mark.parametrize("first", ["insert", "index"])
def test_an_index_made_beside_an_insert_misses_no_row(kata, sessions, first):
    """CREATE INDEX and INSERT side by side: the later commit is refused, in both orders."""
    both = {"insert": sessions(TABLES), "index": sessions()}
    both["insert"].execute("begin; insert into k values (5)")
    both["index"].execute("begin; create index i on k (v)")
    second = {"insert": "index", "index": "insert"}[first]
    assert outcome(kata, both[first], "commit") == []
    assert outcome(kata, both[second], "commit") == "SerializationFailure"
    assert outcome(kata, sessions(), "select count(*) from k where v = 5") == [
        [int(first == "insert")]
    ]


def test_serializable_can_be_said_in_sql(kata, sessions):
    """BEGIN ISOLATION LEVEL SERIALIZABLE, or SET SESSION for all that follow, refuse write skew."""
    for begin in ("begin", "begin isolation level serializable"):
        one, two = sessions("drop table if exists k; create table k (v integer)"), sessions()
        for session in (one, two):
            session.execute(f"{begin}; insert into k select count(*) from k")
        ends = [outcome(kata, one, "commit"), outcome(kata, two, "commit")]
        assert ends == [[], [] if begin == "begin" else "SerializationFailure"]
    one = sessions("set session characteristics as transaction isolation level serializable")
    assert outcome(kata, one, "show transaction isolation level") == [["serializable"]]
    one.execute("begin; insert into k select count(*) from k")
    sessions("insert into k values (9)")
    assert outcome(kata, one, "commit") == "SerializationFailure"


STATES = [
    ("begin; select nothing", "UndefinedColumn", "E"),
    ("begin; insert into u values (1, 1); insert into u values (1, 2)", "UniqueViolation", "E"),
    ("select nothing", "UndefinedColumn", "I"),
    ("begin; begin", [], "T"),
    ("commit", [], "I"),
    ("rollback", [], "I"),
    ("insert into u values (1, 1); commit; select v from u", [[1]], "I"),
    ("insert into u values (1, 1); rollback; select v from u", [], "I"),
    (
        "begin; insert into u values (1, 1); commit; insert into u values (2, 2); select 1/0",
        "DivisionByZero",
        "I",
    ),
    ("begin; savepoint a; release a", [], "T"),
    ("begin; rollback to a", "UndefinedSavepoint", "E"),
    ("begin; savepoint a; release b", "UndefinedSavepoint", "E"),
    ("begin; savepoint a; select nothing", "UndefinedColumn", "E"),
    ("begin; savepoint a; commit; begin; rollback to a", "UndefinedSavepoint", "E"),
    ("begin; savepoint a; savepoint b; rollback to a; rollback to b", "UndefinedSavepoint", "E"),
    ("begin; select nothing; rollback to a", "UndefinedColumn", "E"),
    ("savepoint a; select nothing", "NoActiveTransaction", "I"),
    ("insert into u values (1, 1); savepoint a", "NoActiveTransaction", "I"),
    ("release a", "NoActiveTransaction", "I"),
    ("rollback to a", "NoActiveTransaction", "I"),
    ("begin; savepoint a; commit; release a", "NoActiveTransaction", "I"),
    ("begin isolation level serializable; begin isolation level serializable", [], "T"),
    ("begin; begin isolation level serializable", "FeatureNotSupported", "E"),
    ("select 1; begin isolation level serializable", "FeatureNotSupported", "I"),
    ("select 1; begin; commit; begin isolation level serializable", [], "T"),
    ("this is not sql", "SqlSyntaxError", "I"),
    ("set client_encoding to 'utf8'", [], "I"),
]


@pytest.mark.parametrize(("sql", "result", "status"), STATES)
def test_every_statement_leaves_the_right_state(kata, sessions, sql, result, status):
    """BEGIN twice, COMMIT without BEGIN, errors in and out of transactions: result and status are known."""
    session = sessions(TABLES)
    assert [outcome(kata, session, sql), session.status()] == [result, status]


SHOWN = {"columns": [{"name": "transaction_isolation_level", "type": "text"}], "rows": []}
OWN = {
    "begin": {"tag": "BEGIN", "columns": [], "rows": []},
    "set application_name to 'x'": {"tag": "SET", "columns": [], "rows": []},
    "set transaction isolation level read committed": {"tag": "SET", "columns": [], "rows": []},
    "deallocate all": {"tag": "DEALLOCATE ALL", "columns": [], "rows": []},
    "show transaction isolation level": {**SHOWN, "tag": "SHOW", "rows": [["repeatable read"]]},
}


def test_a_transaction_shows_its_own_isolation(kata, sessions):
    """SHOW says what the open transaction has, whatever the next will have; outside of one, what comes next."""
    session, seen = sessions(), []
    for sql in (
        "begin isolation level serializable",
        "rollback",
        "begin; set session characteristics as transaction isolation level serializable",
        "rollback",
    ):
        session.execute(sql)
        seen += outcome(kata, session, "show transaction_isolation")[0]
    assert seen == ["serializable", "repeatable read", "repeatable read", "serializable"]


@pytest.mark.parametrize("sql", OWN)
def test_statements_of_the_session_have_results_too(kata, sessions, sql):
    """Tag, columns and rows are there for each; prepared, they tell their columns and are not run."""
    session = sessions()
    (statement,) = kata.parse(sql)
    assert session.prepare(statement) == {"params": [], "columns": OWN[sql]["columns"]}
    assert [session.status(), session.execute(sql)] == ["I", [OWN[sql]]]


def test_settings_by_another_name_or_none(kata, sessions):
    """The setting has a name in one word, too; no other is known, and it cannot be set too late."""
    session = sessions()
    assert outcome(kata, session, "show transaction_isolation") == [["repeatable read"]]
    assert outcome(kata, session, "show nothing") == "UndefinedColumn"
    late = "set transaction isolation level serializable"
    assert outcome(kata, session, late) == "FeatureNotSupported"


@pytest.mark.parametrize("end", ["rollback", "commit", "select nothing", "begin; begin; rollback"])
def test_no_transaction_stays_open(kata, end):
    """Whatever ends it, and when the client goes away, a transaction does not hold old versions any more."""
    manager = kata.TransactionManager(kata.MemoryStore())
    one, other = kata.Session(manager), kata.Session(manager)
    one.execute("create table t (a integer); begin; insert into t values (1)")
    other.execute("begin; select 1")
    assert manager.active() == 2
    kata.script([[one, "execute", [end]]])
    assert manager.active() == 1
    other.close()
    assert manager.active() == 0


def test_what_cannot_be_prepared_is_an_error_like_any_other(kata, sessions):
    """In a transaction it fails the transaction, outside of one nothing is open afterwards."""
    (statement,) = kata.parse("select nothing")
    session = sessions()
    for status in ("I", "E"):
        with kata.raises("UndefinedColumn"):
            session.prepare(statement)
        assert session.status() == status
        if status == "I":
            session.execute("begin")


def test_what_a_commit_in_the_middle_of_a_script_keeps(kata, sessions):
    """An error after COMMIT undoes only what came after it."""
    session = sessions(TABLES)
    script = "insert into u values (1, 1); commit; insert into u values (2, 2); select 1/0"
    assert outcome(kata, session, script) == "DivisionByZero"
    assert outcome(kata, session, "select v from u") == [[1]]


def test_text_that_is_not_sql_fails_an_open_transaction(kata, sessions):
    """A syntax error in a transaction is an error like any other: only its end is accepted."""
    session = sessions(TABLES)
    session.execute("begin; insert into u values (1, 1)")
    assert [outcome(kata, session, "selekt"), session.status()] == ["SqlSyntaxError", "E"]
    assert outcome(kata, session, "select 1") == "TransactionAborted"
    assert outcome(kata, session, "begin") == "TransactionAborted"
    assert outcome(kata, session, "rollback; select v from u") == []


def test_begin_in_a_transaction_changes_nothing(kata, sessions):
    """A second BEGIN commits nothing; one behind other statements of a script takes them in."""
    session = sessions(TABLES)
    session.execute("begin; insert into u values (1, 1)")
    session.execute("begin; insert into u values (2, 2)")
    session.execute("rollback")
    session.execute("insert into u values (3, 3); begin; insert into u values (4, 4)")
    session.execute("rollback")
    assert outcome(kata, session, "select id from u") == []


def test_a_commit_that_rolled_back_says_so(kata, sessions):
    """COMMIT of a failed transaction answers ROLLBACK, of any other one COMMIT."""
    session = sessions(TABLES)
    session.execute("begin; insert into u values (1, 1)")
    assert outcome(kata, session, "select 1 / 0") == "DivisionByZero"
    assert [session.execute("commit")[0]["tag"], session.status()] == ["ROLLBACK", "I"]
    assert session.execute("begin; insert into u values (2, 2); commit")[2]["tag"] == "COMMIT"
    assert outcome(kata, session, "select id from u") == [[2]]


def test_a_client_that_goes_away_leaves_nothing(kata, sessions):
    """Closing a session in a transaction rolls it back; others were never disturbed."""
    one, two = sessions(TABLES), sessions()
    one.execute("begin; insert into u values (1, 1)")
    one.close()
    assert [one.status(), outcome(kata, two, "insert into u values (1, 2)")] == ["I", []]


def test_a_statement_can_be_prepared_without_running(kata, sessions):
    """Types of parameters and columns are told in a transaction too, and nothing is changed."""
    session = sessions(f"{TABLES}; begin")
    (statement,) = kata.parse("insert into u values ($1, $2 + 1) returning id, v as w")
    described = session.prepare(statement)
    names = [[column["name"], column["type"]] for column in described["columns"]]
    assert [described["params"], names] == [
        ["integer", "integer"],
        [["id", "integer"], ["w", "integer"]],
    ]
    assert outcome(kata, session, "select id from u") == []
    assert session.run(statement, [1, 1])["rows"] == [[1, 2]]
    session.execute("commit")
    assert outcome(kata, sessions(), "select id, v from u") == [[1, 2]]


def test_transfers_keep_the_sum(kata, seed):
    """Random transfers of many sessions, retried when refused, never change the sum anybody sees."""
    manager = kata.TransactionManager(kata.MemoryStore())
    clients = [kata.Session(manager) for _ in range(4)]
    clients[0].execute("create table a (id integer primary key, n integer)")
    clients[0].execute("insert into a values (1, 100), (2, 100), (3, 100)")
    sums, refused = set(), 0
    for _ in range(40):
        client = seed.choice(clients)
        give, take = seed.sample([1, 2, 3], 2)
        sql = {
            "I": f"begin; update a set n = n - 5 where id = {give}; update a set n = n + 5 where id = {take}",
            "T": "commit", "E": "rollback",
        }[client.status()]  # fmt: skip
        refused += outcome(kata, client, sql) == "SerializationFailure"
        sums.add(outcome(kata, kata.Session(manager), "select sum(n) from a")[0][0])
    assert sums == {300}
    assert [c.status() for c in clients].count("E") <= refused


def test_marks_take_back_what_was_written_since(kata):
    """New keys, changed and deleted ones are as they were; a mark can be used twice, and it commits as it is."""
    _, manager = filled(kata, START)
    transaction = manager.begin()
    transaction.put(b"a", b"1")
    first = transaction.savepoint()
    transaction.delete(b"x")
    transaction.put(b"a", b"2")
    second = transaction.savepoint()
    transaction.put(b"z", b"3")
    transaction.delete(b"a")
    seen = []
    for mark in (second, first, first):
        transaction.rollback_to(mark)
        seen.append(everything(transaction))
        transaction.put(b"b", b"4")
    start = [[b"x", b"10"], [b"y", b"20"]]
    assert seen == [[[b"a", b"2"], [b"y", b"20"]], [[b"a", b"1"], *start], [[b"a", b"1"], *start]]
    transaction.commit()
    assert everything(manager.begin()) == [[b"a", b"1"], [b"b", b"4"], *start]


def test_marks_are_counted_anew_behind_the_one_gone_back_to(kata):
    """The mark gone back to stays, those after it are given again; all of a transaction that is over are gone."""
    _, manager = filled(kata, START)
    transaction = manager.begin()
    marks = [transaction.savepoint() for _ in range(3)]
    transaction.rollback_to(marks[1])
    assert [*marks, transaction.savepoint()] == [0, 1, 2, 2]
    transaction.rollback()
    for name, arguments in (("savepoint", []), ("rollback_to", [0])):
        (result,) = kata.script([[transaction, name, arguments]])
        assert result.class_name == "TransactionClosed"


def test_what_was_read_before_going_back_still_counts(kata):
    """A serializable transaction that looked at a key behind a mark is refused if that has changed."""
    _, manager = filled(kata, START)
    transaction = manager.begin(True)
    mark = transaction.savepoint()
    assert transaction.get(b"x") == b"10"
    transaction.rollback_to(mark)
    committed(manager, {b"x": b"11"})
    transaction.put(b"z", b"1")
    with kata.raises("SerializationFailure"):
        transaction.commit()


SAVEPOINTS = {  # what is run, one statement after the other, and which rows are there at the end
    "savepoint a; {2}; rollback to a; {3}; commit": [1, 3],
    "savepoint a; {2}; savepoint b; {3}; rollback to a; commit": [1],
    "savepoint a; {2}; savepoint b; {3}; rollback to b; {4}; commit": [1, 2, 4],
    "savepoint a; {2}; rollback to a; {3}; rollback to a; {4}; commit": [1, 4],
    "savepoint a; {2}; savepoint a; {3}; rollback to a; commit": [1, 2],
    "savepoint a; {2}; savepoint a; {3}; release a; rollback to a; commit": [1],
    "savepoint a; {2}; release a; {3}; commit": [1, 2, 3],
    "savepoint a; {2}; savepoint b; {3}; release b; rollback to a; {4}; commit": [1, 4],
    "savepoint a; {2}; savepoint b; {3}; release a; rollback to b; commit": [],
    "savepoint a; {2}; savepoint b; rollback to a; {3}; rollback to b; commit": [],
    "savepoint a; {2}; select 1 / 0; {3}; rollback to a; {4}; commit": [1, 4],
    "savepoint a; {2}; select 1 / 0; rollback to b; rollback to a; {4}; commit": [1, 4],
    "savepoint a; {2}; {2}; rollback to a; {3}; savepoint b; {3}; rollback to b; commit": [1, 3],
    "savepoint a; {2}; select 1 / 0; commit": [],
    "savepoint a; {2}; select 1 / 0; rollback": [],
    "savepoint a; {2}; selekt; rollback to a; commit": [1],
    "savepoint a; commit; begin; {2}; rollback to a; commit": [1],
    "savepoint a; rollback; begin; {2}; rollback to a; commit": [],
    "savepoint a; create table n (a integer); rollback to a; select * from n; commit": [],
    'savepoint a; {2}; savepoint "A"; {3}; rollback to A; commit': [1],
}


@pytest.mark.parametrize("script", SAVEPOINTS)
def test_savepoints_name_places_to_go_back_to(kata, sessions, script):
    """The youngest of its name; what is older stays; an error behind it ends nothing; and the end forgets all."""
    one, other = sessions(TABLES), sessions()
    one.execute("begin; insert into u values (1, 1)")
    for sql in script.split("; "):
        outcome(kata, one, sql.format(*[f"insert into u values ({n}, {n})" for n in range(5)]))
    assert outcome(kata, other, "select id from u order by id") == [
        [id_] for id_ in SAVEPOINTS[script]
    ]
    assert one.status() == "I"


def test_a_savepoint_holds_no_transaction_open(kata):
    """Without BEGIN there is none; a failed transaction is over with its ROLLBACK, and when its client goes away."""
    manager = kata.TransactionManager(kata.MemoryStore())
    session = kata.Session(manager)
    assert outcome(kata, session, "select 1; savepoint a") == "NoActiveTransaction"
    assert [session.status(), manager.active()] == ["I", 0]
    script = "begin; savepoint a; release a; commit"
    tags = [result["tag"] for result in session.execute(script)]
    assert tags == ["BEGIN", "SAVEPOINT", "RELEASE", "COMMIT"]
    for end in ("rollback", "commit", None):
        session = kata.Session(manager)
        outcome(kata, session, "begin; savepoint a; select nothing")
        assert [session.status(), manager.active()] == ["E", 1]
        session.close() if end is None else session.execute(end)
        assert [session.status(), manager.active()] == ["I", 0]
