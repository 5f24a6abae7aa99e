"""What each transaction sees and may do, in plain keys first, then in SQL."""

import struct

import pytest

NEWEST = 2**64 - 1


def filled(kata, content):
    """A store and its manager, with one transaction's worth of keys."""
    store = kata.MemoryStore()
    manager = kata.TransactionManager(store)
    first = manager.begin()
    for key, value in content.items():
        first.put(key, value)
    first.commit()
    return store, manager


def everything(store):
    """All that a store or a transaction shows."""
    return store.scan(None, None).take(1000)


def test_a_snapshot_stands_still(kata):
    """What others commit after a transaction began does not exist for it, and exists for later ones."""
    _, manager = filled(kata, {b"x": b"1"})
    reader, writer = manager.begin(), manager.begin()
    writer.put(b"x", b"2")
    writer.put(b"y", b"3")
    writer.commit()
    assert [reader.get(b"x"), reader.get(b"y")] == [b"1", None]
    assert everything(reader) == [[b"x", b"1"]]
    assert everything(manager.begin()) == [[b"x", b"2"], [b"y", b"3"]]


def test_a_transaction_sees_what_it_wrote_itself(kata):
    """Its own puts and deletes show in get and in scan, and nobody else sees them before the commit."""
    _, manager = filled(kata, {b"a": b"1", b"c": b"3", b"e": b"5"})
    mine, other = manager.begin(), manager.begin()
    mine.put(b"b", b"2")
    mine.put(b"c", b"33")
    assert [mine.delete(b"e"), mine.delete(b"f")] == [True, False]
    assert [mine.get(b"b"), mine.get(b"c"), mine.get(b"e")] == [b"2", b"33", None]
    assert everything(mine) == [[b"a", b"1"], [b"b", b"2"], [b"c", b"33"]]
    assert mine.scan(b"b", b"c").take(9) == [[b"b", b"2"]]
    assert everything(other) == [[b"a", b"1"], [b"c", b"3"], [b"e", b"5"]]


def test_a_rollback_leaves_nothing_behind(kata):
    """After a rollback the store below holds exactly what it held before."""
    store, manager = filled(kata, {b"x": b"1"})
    before = everything(store)
    transaction = manager.begin()
    transaction.put(b"x", b"2")
    transaction.delete(b"x")
    transaction.put(b"y", b"3")
    transaction.rollback()
    assert everything(store) == before
    assert [manager.begin().get(b"x"), manager.active()] == [b"1", 1]


def test_a_key_that_somebody_was_faster_to_change_is_refused_at_once(kata):
    """A put or delete of a key that was committed after the snapshot raises SerializationFailure."""
    _, manager = filled(kata, {b"x": b"10", b"y": b"20"})
    slow, late, fast = manager.begin(), manager.begin(), manager.begin()
    fast.put(b"x", b"11")
    fast.commit()
    slow.put(b"y", b"21")
    with kata.raises("SerializationFailure"):
        slow.put(b"x", b"12")
    with kata.raises("SerializationFailure"):
        late.delete(b"x")


def test_of_two_writers_the_first_to_commit_wins(kata):
    """Two transactions write the same key; the second commit raises, and nothing of it is stored."""
    _, manager = filled(kata, {b"x": b"10"})
    one, two = manager.begin(), manager.begin()
    one.put(b"x", b"11")
    two.put(b"x", b"12")
    two.put(b"z", b"12")
    one.commit()
    with kata.raises("SerializationFailure"):
        two.commit()
    assert everything(manager.begin()) == [[b"x", b"11"]]
    with kata.raises("TransactionClosed"):
        two.get(b"x")


@pytest.mark.parametrize(("serializable", "second"), [(False, "commits"), (True, "is refused")])
def test_write_skew_is_possible_unless_serializable(kata, serializable, second):
    """Two doctors each see the other on call and leave: only serializable transactions prevent that."""
    _, manager = filled(kata, {b"alice": b"on call", b"bob": b"on call"})
    alice, bob = manager.begin(serializable), manager.begin(serializable)
    for transaction, name in ((alice, b"alice"), (bob, b"bob")):
        assert len(transaction.scan(None, None).take(9)) == 2
        transaction.put(name, b"at home")
    alice.commit()
    if second == "commits":
        bob.commit()
        return
    with kata.raises("SerializationFailure"):
        bob.commit()


def test_versions_lie_in_the_store_newest_first(kata):
    """A version is the escaped key and the time turned round; a deletion is a version too."""
    store, manager = filled(kata, {b"k\0": b"old"})
    for value in (b"new", None):
        transaction = manager.begin()
        transaction.put(b"k\0", value) if value else transaction.delete(b"k\0")
        transaction.commit()
    escaped = b"k\0\xff\0\x01"
    keys = [escaped + struct.pack(">Q", NEWEST - time) for time in (3, 2, 1)]
    clock = [b"\xff\xffclock", struct.pack(">Q", 3)]
    stored = [[keys[0], b"\0"], [keys[1], b"\1new"], [keys[2], b"\1old"]]
    assert everything(store) == [*stored, clock]
    assert manager.versions(b"k\0") == [[3, None], [2, b"new"], [1, b"old"]]


def test_old_versions_go_when_nobody_needs_them(kata):
    """Collecting keeps what the oldest snapshot sees, and drops what nobody can see any more."""
    _, manager = filled(kata, {b"x": b"1", b"y": b"1"})
    for value in (b"2", b"3"):
        writer = manager.begin()
        writer.put(b"x", value)
        writer.commit()
        if value == b"2":
            reader = manager.begin()
    assert manager.collect() == 1
    assert manager.versions(b"x") == [[3, b"3"], [2, b"2"]]
    assert reader.get(b"x") == b"2"
    reader.commit()
    assert manager.collect() == 1
    assert [manager.versions(b"x"), manager.versions(b"y")] == [[[3, b"3"]], [[1, b"1"]]]


def test_counting_never_conflicts(kata):
    """Two transactions take numbers of one name side by side: all different, and both commit."""
    _, manager = filled(kata, {b"x": b"1"})
    one, two = manager.begin(True), manager.begin(True)
    taken = [one.next_id(b"row"), two.next_id(b"row"), one.next_id(b"row"), two.next_id(b"row")]
    one.put(b"a", b"1")
    two.put(b"b", b"2")
    one.rollback()
    two.commit()
    assert taken == [1, 2, 3, 4]
    assert manager.begin().next_id(b"row") == 5


# -- sessions ---------------------------------------------------------------------------------------


@pytest.fixture
def sessions(kata):
    """A function that gives one more session over the same database, with a table `t` of two rows."""
    manager = kata.TransactionManager(kata.MemoryStore())
    kata.Session(manager).execute(
        "create table t (id integer primary key, n integer); insert into t values (1, 10), (2, 20)"
    )
    return lambda: kata.Session(manager)


def numbers(session):
    """What a session sees in the table, in the order of the ids."""
    (result,) = session.execute("select n from t order by id")
    return [row[0] for row in result["rows"]]


def test_a_session_is_idle_in_a_transaction_or_failed(sessions):
    """BEGIN opens, an error fails, COMMIT and ROLLBACK end: the status is I, T, E and I again."""
    session = sessions()
    seen = [session.status()]
    for sql in ("begin", "select n from t", "rollback", "begin", "commit", "select 1"):
        session.execute(sql)
        seen.append(session.status())
    assert seen == ["I", "T", "T", "I", "T", "I", "I"]


def test_two_sessions_are_two_worlds(sessions):
    """Changes show to others after COMMIT, and to a transaction that was open before never."""
    one, two, three = sessions(), sessions(), sessions()
    one.execute("begin; update t set n = n + 1 where id = 1")
    two.execute("begin")
    assert [numbers(one), numbers(two), numbers(three)] == [[11, 20], [10, 20], [10, 20]]
    one.execute("commit")
    assert [numbers(two), numbers(three)] == [[10, 20], [11, 20]]


def test_a_failed_transaction_accepts_nothing_but_its_end(kata, sessions):
    """After an error statements raise TransactionAborted until ROLLBACK; COMMIT rolls back and says so."""
    session = sessions()
    session.execute("begin; update t set n = 0")
    with kata.raises("DivisionByZero"):
        session.execute("select 1 / 0")
    with kata.raises("TransactionAborted"):
        session.execute("select 1")
    assert session.status() == "E"
    assert [result["tag"] for result in session.execute("commit")] == ["ROLLBACK"]
    assert [session.status(), numbers(session)] == ["I", [10, 20]]


def test_a_script_without_begin_is_one_transaction(kata, sessions):
    """If one statement of a script raises, none of them has happened."""
    session = sessions()
    with kata.raises("UniqueViolation"):
        session.execute(
            "update t set n = 0; insert into t values (3, 30); insert into t values (1, 1)"
        )
    assert [session.status(), numbers(session)] == ["I", [10, 20]]
    session.execute("update t set n = 0; insert into t values (3, 30)")
    assert numbers(sessions()) == [0, 0, 30]


def test_a_savepoint_belongs_to_a_transaction(kata, sessions):
    """Outside of BEGIN and COMMIT there is nothing to go back to: the script is refused."""
    session = sessions()
    with kata.raises("NoActiveTransaction"):
        session.execute("update t set n = 0; savepoint a")
    assert [session.status(), numbers(session)] == ["I", [10, 20]]


def test_isolation_is_chosen_at_the_beginning(kata, sessions):
    """SHOW tells what the open transaction has, and another BEGIN cannot ask for more."""
    session, show, seen = sessions(), "show transaction_isolation", []
    for begin in ("begin isolation level serializable", "commit; begin"):
        session.execute(f"{begin}; select n from t")
        seen += session.execute(show)[0]["rows"]
    assert seen == [["serializable"], ["repeatable read"]]
    with kata.raises("FeatureNotSupported"):
        session.execute("begin isolation level serializable")
    assert session.status() == "E"


def test_an_error_behind_a_savepoint_costs_what_is_behind_it(kata, sessions):
    """ROLLBACK TO goes back to the savepoint, out of the failed state too, and the rest is committed."""
    session = sessions()
    session.execute("begin; update t set n = 11 where id = 1; savepoint a; update t set n = 0")
    with kata.raises("DivisionByZero"):
        session.execute("select 1 / 0")
    assert session.status() == "E"
    assert session.execute("rollback to a")[0]["tag"] == "ROLLBACK"
    assert [session.status(), numbers(session)] == ["T", [11, 20]]
    session.execute("update t set n = 22 where id = 2; release a; commit")
    assert [session.status(), numbers(sessions())] == ["I", [11, 22]]
