"""Random values and rows against an encoder and a model of the test's own; costs; what must not stay."""

import json
import math
import struct

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

LOW, HIGH = -(2**63), 2**63 - 1


def integer_key(number):
    """The bytes of an integer in a key."""
    return b"\x10" + struct.pack(">Q", number + 2**63)


def value_key(kind, value):
    """The bytes of one value in a key, as the lesson gives them."""
    if value is None:
        return b"\xf0"
    if kind == "boolean":
        return b"\x02" if value else b"\x01"
    if kind == "integer":
        return integer_key(value)
    if kind == "text":
        return b"\x20" + value.encode().replace(b"\0", b"\0\xff") + b"\0\x01"
    data = struct.pack(">d", value if value else 0.0)
    flipped = bytes(byte ^ 0xFF for byte in data)
    return b"\x18" + (flipped if data[0] & 0x80 else bytes([data[0] ^ 0x80]) + data[1:])


def key(types, values):
    """The bytes of a key."""
    return b"".join(map(value_key, types, values))


def order(value):
    """What sorts as a value must: NULL after everything."""
    return (1, 0) if value is None else (0, value)


def schema(name, columns, primary_key=(), unique=(), not_null=(), default=None):
    """What create_table takes; `columns` are names and types."""
    described = [
        {"name": column, "type": kind, "not_null": column in not_null, "default": default}
        for column, kind in columns.items()
    ]
    unique = [list(listed) for listed in unique]
    return {
        "name": name,
        "columns": described,
        "primary_key": list(primary_key),
        "unique": unique,
    }


def everything(store):
    """All keys and values of a store."""
    return store.scan(None, None).take(100_000)


def values(cursor):
    """The rows that a cursor of [row key, values] gives, without the keys."""
    return [row for _, row in cursor.take(100_000)]


def error_names(results):
    """The class names of errors in a script's results; of anything else, that it is none."""
    return [getattr(result, "class_name", "no error") for result in results]


def counted(store, *names):
    """Some of the counts of a CountingStore since the last time, which begin at zero again."""
    counts = store.counts()
    store.reset()
    return [counts[name] for name in names]


@pytest.fixture
def store(kata):
    """An empty store."""
    return kata.MemoryStore()


@pytest.fixture
def table(kata, store):
    """A function that makes a table and returns it."""

    def make(name, columns, *rest, rows=(), **more):
        kata.Catalog(store).create_table(schema(name, columns, *rest, **more))
        made = kata.Catalog(store).table(name)
        kata.many(made, "insert", [[row] for row in rows])
        return made

    return make


# keys

# Any character but the surrogates. `st.characters` would look at all of Unicode first, in the test's time.
CHARACTERS = st.integers(0, 0x10F7FF).map(lambda n: chr(n if n < 0xD800 else n + 0x800))
TEXTS = st.lists(CHARACTERS, max_size=4).map("".join) | st.text("\0\x01aé", max_size=4)
VALUES = {
    "integer": st.integers(-3, 3) | st.integers(LOW, HIGH),
    "real": st.sampled_from([0.0, -0.0, 1.5]) | st.floats(allow_nan=False),
    "text": TEXTS,
    "boolean": st.booleans(),
}


def rows_of(types):
    """Rows of these types, NULLs among them."""
    return st.tuples(*(st.none() | VALUES[kind] for kind in types)).map(list)


TABLES = st.lists(st.sampled_from(sorted(VALUES)), max_size=4).flatmap(
    lambda types: st.tuples(st.just(types), st.lists(rows_of(types), min_size=1, max_size=12))
)


@settings(max_examples=60, deadline=None, phases=[Phase.generate])
@given(made=TABLES)
def test_any_rows_sort_as_their_keys(kata, made):
    """Keys of random rows have the bytes of the format, sort as the rows do, and come back."""
    types, rows = made
    keys = kata.script([None, "encode_key", [types, row]] for row in rows)
    assert keys == [key(types, row) for row in rows]
    assert sorted(keys) == [
        key(types, row) for row in sorted(rows, key=lambda row: [*map(order, row)])
    ]
    assert kata.script([None, "decode_key", [types, data]] for data in keys) == rows


@settings(max_examples=30, deadline=None, phases=[Phase.generate])
@given(texts=st.lists(TEXTS, min_size=2, max_size=12))
def test_no_key_begins_with_another(kata, texts):
    """Of keys of one type none is the beginning of another: each tells where it ends."""
    keys = kata.script([None, "encode_key", [["text"], [text]]] for text in texts)
    pairs = [(a, b) for a in keys for b in keys if a != b and b.startswith(a)]
    assert pairs == []
    joined = kata.encode_key(["text"] * len(texts), texts)
    assert joined == b"".join(keys)


def test_keys_at_the_edges(kata):
    """The largest and smallest numbers, infinities, empty lists and odd texts have their bytes."""
    rows = [
        ([], [], ""),
        (["integer"], [LOW], "10 0000000000000000"),
        (["integer"], [HIGH], "10 ffffffffffffffff"),
        (["real"], [-math.inf], "18 000fffffffffffff"),
        (["real"], [math.inf], "18 fff0000000000000"),
        (["real"], [-5e-324], "18 7ffffffffffffffe"),
        (["real"], [0.0], "18 8000000000000000"),
        (["text"], ["\0\x01\0"], "20 00ff 01 00ff 0001"),
        (["text"], ["\U0010ffff"], "20 f48fbfbf 0001"),
        (["integer", "real", "text", "boolean"], [None] * 4, "f0 f0 f0 f0"),
    ]
    encoded = kata.script([None, "encode_key", [types, row]] for types, row, _ in rows)
    assert encoded == [bytes.fromhex(data) for _, _, data in rows]
    pairs = zip(rows, encoded, strict=True)
    decoded = kata.script([None, "decode_key", [row[0], data]] for row, data in pairs)
    assert decoded == [row for _, row, _ in rows]


def test_numbers_that_are_equal_have_one_key(kata):
    """A real column takes whole numbers as reals; 0.0 and -0.0 have the same key."""
    keys = kata.script(
        [None, "encode_key", [["real"], [value]]] for value in (0.0, -0.0, 0, 3, 3.0)
    )
    assert keys == [key(["real"], [value]) for value in (0.0, 0.0, 0.0, 3.0, 3.0)]
    assert math.copysign(1, kata.decode_key(["real"], keys[1])[0]) == 1


def test_what_no_key_takes_is_refused(kata):
    """Wrong types, numbers beyond 64 bits, unknown types and lists of another length mismatch."""
    rows = [
        (["integer"], [HIGH + 1]),
        (["integer"], [LOW - 1]),
        (["integer"], [1.5]),
        (["integer"], [False]),
        (["real"], ["1"]),
        (["real"], [True]),
        (["text"], [b"bytes"]),
        (["boolean"], [1]),
        (["boolean"], ["true"]),
        (["money"], [1]),
        (["text"], []),
        (["text"], ["a", "b"]),
        ([], [None]),
    ]
    results = kata.script([None, "encode_key", [types, row]] for types, row in rows)
    assert error_names(results) == ["TypeMismatch"] * len(rows)


def test_every_cut_of_a_key_is_corrupt(kata):
    """A key that lost bytes at its end, however many, or gained one, is refused."""
    types = ["integer", "text", "real", "boolean", "text", "text"]
    row = [-(2**40), "g\0rüße", -2.5, True, None, "\0"]
    data = key(types, row)
    bad = [*[data[:end] for end in range(len(data))], data + b"\x00", data + data]
    results = kata.script([None, "decode_key", [types, item]] for item in bad)
    assert error_names(results) == ["RecordCorrupt"] * len(bad)
    assert kata.decode_key(types, data) == row


def test_bytes_that_no_key_has_are_corrupt(kata):
    """Another type's bytes, odd booleans, broken UTF-8, bare zeros and a negative zero are refused."""
    keys = [
        (["integer"], b"\x18" + bytes(8)),
        (["real"], b"\x10" + bytes(8)),
        (["real"], bytes.fromhex("18 7fffffffffffffff")),
        (["boolean"], b"\x00"),
        (["boolean"], b"\x03"),
        (["boolean"], b"\x20\0\x01"),
        (["text"], b"\x10" + bytes(8)),
        (["text"], b"\x20a"),
        (["text"], b"\x20a\0\0\0\x01"),
        (["text"], b"\x20a\0\x02\0\x01"),
        (["text"], b"\x20\xc3\0\x01"),
        (["text"], b"\x20\xed\xa0\x80\0\x01"),
        (["text"], b"\x01"),
        ([], b"\xf0"),
    ]
    results = kata.script([None, "decode_key", [types, data]] for types, data in keys)
    assert error_names(results) == ["RecordCorrupt"] * len(keys)
    assert kata.decode_key(["boolean", "text"], b"\x02\x20a\0\xff\0\x01") == [True, "a\0"]


def test_ends_of_prefixes(kata):
    """The end of a prefix carries over FF bytes; the empty prefix and one of FFs alone have none."""
    ends = {
        b"": None,
        b"\xff": None,
        b"\xff\xff": None,
        b"\x00": b"\x01",
        b"\xfe": b"\xff",
        b"a\xff\xff\xff": b"b",
        b"\xff\x00\xff": b"\xff\x01",
        b"a\x00": b"a\x01",
        **{b"a%c" % last: b"a%c" % (last + 1) for last in range(1, 255)},
    }
    assert kata.script([None, "prefix_end", [prefix]] for prefix in ends) == list(ends.values())


# rows and indexes against a model

COLUMNS = {"id": "integer", "a": "text", "b": "real", "c": "boolean", "d": "integer"}
TYPES = list(COLUMNS.values())
SMALL = [
    st.integers(-2, 3),
    st.none() | st.sampled_from(["", "\0", "x", "é"]),
    st.none() | st.sampled_from([-1.5, 0.0, 2.5, 1e9, math.inf]),
    st.none() | st.booleans(),
    st.none() | st.integers(0, 2),
]
STEPS = st.tuples(
    st.sampled_from(["insert", "insert", "insert", "update", "update", "delete"]),
    st.lists(st.integers(0, 1000), min_size=3, max_size=3),
    st.lists(st.tuples(*SMALL).map(list), min_size=3, max_size=3),
)


def part(names, row):
    """The key of some columns of a row."""
    pairs = [(COLUMNS[name], row[list(COLUMNS).index(name)]) for name in names]
    return key(*zip(*pairs, strict=True)) if pairs else b""


class Model:
    """A table as a dict from row keys to rows, and what a store must hold of its indexes."""

    def __init__(self, primary_key, unique):
        self.primary_key = primary_key
        self.unique = unique
        self.rows = {}
        self.numbered = 0

    def entries(self, number, names, unique):
        """Keys and values of the index with this number."""
        for row_key, row in self.rows.items():
            columns = part(names, row)
            alone = unique and None not in [row[list(COLUMNS).index(name)] for name in names]
            front = b"i" + struct.pack(">I", number) + columns
            yield [front if alone else front + row_key, row_key]

    def become(self, pairs):
        """Have these pairs of row key and row, if they can be together."""
        keys = [row_key for row_key, _ in pairs]
        for number, names in enumerate(self.unique):
            parts = [[part([name], row) for name in names] for _, row in pairs]
            keys += [(number, *columns) for columns in parts if b"\xf0" not in columns]
        if len(set(keys)) < len(keys):
            return False
        self.rows = dict(pairs)
        return True

    def complete(self, row):
        """The row with something in its primary key."""
        pairs = zip(COLUMNS, row, strict=True)
        return [0 if v is None and name in self.primary_key else v for name, v in pairs]

    def insert(self, _, offered):
        row = self.complete(offered[0])
        self.numbered += 1
        row_key = part(self.primary_key, row) or integer_key(self.numbered)
        done = self.become([*self.rows.items(), (row_key, row)])
        return ["insert", [row]], row_key if done else "UniqueViolation"

    def update(self, picks, offered):
        known = sorted(self.rows)
        chosen = sorted({known[pick % len(known)] for pick in picks}) if known else []
        rows = [self.complete(row) for row in offered[: len(chosen)]]
        kept = [pair for pair in self.rows.items() if pair[0] not in chosen]
        changed = [
            (part(self.primary_key, row) or old, row) for old, row in zip(chosen, rows, strict=True)
        ]
        done = self.become(kept + changed)
        return ["update", [chosen, rows]], None if done else "UniqueViolation"

    def delete(self, picks, _):
        known = [*sorted(self.rows), integer_key(1000)]
        row_key = known[picks[0] % len(known)]
        return ["delete", [row_key]], self.rows.pop(row_key, None) is not None


SHAPES = {
    "one-column-key": (["id"], [["b"], ["c", "a"]]),
    "two-column-key": (["d", "id"], [["c", "a"], ["b"]]),
    "no-key": ([], []),
}


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=25, deadline=None, phases=[Phase.generate])
@given(steps=st.lists(STEPS, max_size=30))
def test_any_sequence_of_changes_agrees_with_a_dict(kata, shape, steps):
    """Whatever is done in whatever order, answers, rows and every entry of every index are right."""
    primary_key, unique = SHAPES[shape]
    model, script, expected = Model(primary_key, unique), [], []
    store = kata.MemoryStore()
    catalog = kata.Catalog(store)
    catalog.create_table(schema("t", COLUMNS, primary_key, unique))
    catalog.create_index("t_d", "t", ["d", "b"], False)
    table = catalog.table("t")
    for name, picks, rows in steps:
        call, answer = getattr(model, name)(picks, rows)
        script.append([table, *call])
        expected.append(answer)
    results = [getattr(result, "class_name", result) for result in kata.script(script)]
    assert results == expected
    assert table.scan().take(999) == [[*pair] for pair in sorted(model.rows.items())]
    indexes = [*((names, True) for names in unique), (["d", "b"], False)]
    entries = [model.entries(i, *index) for i, index in enumerate(indexes, 1)]
    assert store.scan(b"i", b"t").take(999) == sorted(entry for index in entries for entry in index)


BOUNDS = st.lists(st.none() | st.integers(-1, 2), max_size=2)


@settings(max_examples=25, deadline=None, phases=[Phase.generate])
@given(
    rows=st.lists(st.tuples(*[st.none() | st.integers(-1, 2)] * 2).map(list), max_size=20),
    ranges=st.lists(st.tuples(st.none() | BOUNDS, st.none() | BOUNDS), max_size=12),
)
def test_any_range_of_an_index_is_what_a_list_gives(kata, rows, ranges):
    """Between any two ends, of no, one or all columns, an index gives the rows of a sorted list."""
    catalog = kata.Catalog(kata.MemoryStore())
    catalog.create_table(schema("t", {"a": "integer", "b": "integer"}))
    table = catalog.table("t")
    kata.many(table, "insert", [[row] for row in rows])
    catalog.create_index("both", "t", ["a", "b"], False)
    ascending = sorted(rows, key=lambda row: [*map(order, row)])
    table = catalog.table("t")
    found = kata.script([table, "index_scan", ["both", low, high]] for low, high in ranges)
    for (low, high), cursor in zip(ranges, found, strict=True):
        first, last = ([*map(order, bound or [])] for bound in (low, high))
        keys = [[*map(order, row)] for row in ascending]
        inside = [first <= k[: len(first)] and k[: len(last)] <= last for k in keys]
        assert values(cursor) == [
            row for row, is_in in zip(ascending, inside, strict=True) if is_in
        ]


# rows


def test_a_primary_key_may_be_of_any_columns(kata, store, table):
    """A primary key of several columns is in its own order, not in that of the table."""
    rows = [[1, "x", 2.0], [2, "x", -1.0], [1, "y", -1.0]]
    made = table("t", {"n": "integer", "a": "text", "b": "real"}, ["b", "a"], rows=rows)
    types = ["real", "text"]
    keys = [key(types, [2.0, "x"]), key(types, [-1.0, "x"]), key(types, [-1.0, "y"])]
    assert made.scan().take(9) == [[keys[1], rows[1]], [keys[2], rows[2]], [keys[0], rows[0]]]
    assert [made.get([-1, "y"]), made.get([2.0, "y"])] == [rows[2], None]
    assert made.indexes() == [{"name": "t_pkey", "columns": ["b", "a"], "unique": True}]
    assert [column["not_null"] for column in made.columns()] == [False, True, True]
    assert values(made.index_scan("t_pkey", [-1.0], [-1.0])) == [rows[1], rows[2]]
    with kata.raises("NotNullViolation"):
        made.insert([1, None, 2.0])


def test_a_key_that_cannot_be_of_the_table_is_refused(kata, table):
    """Looking for a row takes one value of the right type for each column of the key."""
    made = table("t", {"id": "integer", "a": "text"}, ["id"], rows=[[1, "a"]])
    results = kata.script([made, "get", [wanted]] for wanted in (["1"], [1, 2], [], [True]))
    assert error_names(results) == ["TypeMismatch"] * 4
    assert [made.get([None]), made.get([1])] == [None, [1, "a"]]


def test_a_real_column_stores_reals(kata, table):
    """Whole numbers are stored as reals; a row keeps its negative zero, its key does not."""
    made = table("t", {"x": "real"}, ["x"], rows=[[3], [-0.0]])
    assert made.scan().take(9) == [[key(["real"], [0.0]), [0.0]], [key(["real"], [3.0]), [3.0]]]
    assert math.copysign(1, made.get([0])[0]) == -1
    assert isinstance(made.get([3])[0], float)
    with kata.raises("UniqueViolation"):
        made.insert([0.0])


def test_nulls_are_equal_to_nothing(kata, table):
    """Rows with a NULL in a unique column never collide, and every one of them is in the index."""
    rows = [[None, 1], [None, 1], [None, None], [2, None], [2, None]]
    made = table("t", {"a": "integer", "b": "integer"}, [], [["a", "b"]], rows=rows)
    scan = made.index_scan("t_a_b_key", [None, 1], [None, 1]).take(9)
    assert scan == [[integer_key(1), [None, 1]], [integer_key(2), [None, 1]]]
    assert len(values(made.index_scan("t_a_b_key", None, None))) == 5
    made.update([integer_key(1)], [[2, 1]])
    with kata.raises("UniqueViolation"):
        made.insert([2, 1])
    assert made.delete(integer_key(1)) is True
    assert made.insert([2, 1]) not in [integer_key(n) for n in range(1, 6)]


def test_sixty_four_columns(kata, table):
    """A table may have many columns, NULL or not, and an index on the last one."""
    columns = {f"c{n}": kind for n, kind in enumerate(["integer", "text", "real", "boolean"] * 16)}
    row = [1, "a", 0.5, True, None, None, None, None] * 8
    made = table("wide", columns, ["c56"], [["c59"]], ["c57"], rows=[row])
    assert [made.get([1]), values(made.index_scan("wide_c59_key", [True], None))] == [row, [row]]
    assert [column["name"] for column in made.columns()] == list(columns)
    with kata.raises("NotNullViolation"):
        made.insert([*row[:56], 2, None, *row[58:]])
    with kata.raises("TypeMismatch"):
        made.insert([*row, None])


REFUSED = {
    "twice the same key": (["UniqueViolation"], [1, 2], [[7, "p"], [7, "q"]]),
    "twice the same name": (["UniqueViolation"], [1, 2], [[7, "p"], [8, "p"]]),
    "a key that stays": (["UniqueViolation"], [1, 2], [[7, "p"], [3, "q"]]),
    "a name that stays": (["UniqueViolation"], [1, 2], [[7, "p"], [2, "c"]]),
    "a null": (["NotNullViolation"], [1, 2], [[7, "p"], [8, None]]),
    "a type": (["TypeMismatch"], [1, 2], [[7, "p"], [8, 8]]),
    "no such row": (["ValueError"], [1, 9], [[7, "p"], [8, "q"]]),
    "fewer rows": (["ValueError"], [1, 2], [[7, "p"]]),
    "more rows": (["ValueError"], [1], [[7, "p"], [8, "q"]]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_update_changes_nothing(kata, store, table, name):
    """An update of which one row cannot be done is not done at all."""
    [error], keys, rows = REFUSED[name]
    before = [[1, "a"], [2, "b"], [3, "c"]]
    made = table("t", {"id": "integer", "a": "text"}, ["id"], [["a"]], ["a"], rows=before)
    content = everything(store)
    with kata.raises(error):
        made.update([integer_key(n) for n in keys], rows)
    assert everything(store) == content
    assert values(made.scan()) == before


def test_rows_may_change_places(table):
    """Keys that move up by one, and unique values that swap, are no collision."""
    rows = [[n, str(n)] for n in range(50)]
    made = table("t", {"id": "integer", "a": "text"}, ["id"], [["a"]], rows=rows)
    moved = [[n + 1, str(49 - n)] for n in range(50)]
    made.update([integer_key(n) for n in range(50)], moved)
    assert values(made.scan()) == moved
    by_name = sorted(moved, key=lambda row: row[1])
    assert values(made.index_scan("t_a_key", None, None)) == by_name


def test_numbers_are_never_used_again(kata, store):
    """Tables, indexes and numbered rows get new numbers after a deletion, a drop or a rollback."""
    catalog = kata.Catalog(store)
    catalog.create_table(schema("t", {"a": "integer"}, [], [["a"]]))
    store.commit()
    first = catalog.table("t").insert([5])
    store.rollback()
    second = catalog.table("t").insert([5])
    catalog.table("t").delete(second)
    third = catalog.table("t").insert([5])
    assert [first, second, third] == [integer_key(n) for n in (1, 2, 3)]
    catalog.drop_table("t")
    catalog.create_table(schema("t", {"a": "integer"}, [], [["a"]]))
    assert catalog.table("t").insert([5]) == integer_key(1)
    keys = [b"i\0\0\0\x02" + integer_key(5), b"t\0\0\0\x02" + integer_key(1)]
    assert [at for at, _ in store.scan(b"i", b"u").take(9)] == keys
    names = [b"table", b"index", b"row\0\0\0\x01", b"row\0\0\0\x02"]
    assert kata.many(store, "next_id", [[name] for name in names]) == [3, 3, 4, 2]


def test_tables_and_indexes_do_not_run_into_each_other(kata, store):
    """A scan ends where its table or index ends, also of the one with the number 255."""
    kata.many(store, "next_id", [[b"table"]] * 254 + [[b"index"]] * 254)
    catalog = kata.Catalog(store)
    for name in ("t", "u"):
        catalog.create_table(schema(name, {"a": "integer"}, ["a"]))
        catalog.create_index(f"by_{name}", name, ["a"], True)
        kata.many(catalog.table(name), "insert", [[[-1]], [[HIGH]]])
    table = catalog.table("t")
    assert values(table.scan()) == [[-1], [HIGH]]
    assert values(table.index_scan("by_t", None, None)) == [[-1], [HIGH]]
    assert values(table.index_scan("by_t", [-1], [-1])) == [[-1]]
    assert values(table.index_scan("by_t", [HIGH], [HIGH])) == [[HIGH]]
    catalog.drop_index("by_t")
    catalog.drop_table("t")
    assert len(everything(store)) == 3 + 4
    assert values(catalog.table("u").scan()) == [[-1], [HIGH]]


def test_a_scan_goes_on_while_rows_change(kata, table):
    """Rows that are there all the time are met once, those that go in time are not met."""
    made = table("t", {"id": "integer"}, ["id"], [["id"]], rows=[[n] for n in range(0, 100, 2)])
    scans = [made.scan(), made.index_scan("t_pkey", [10], None)]
    assert [values_of.take(1)[0][1] for values_of in scans] == [[0], [10]]
    kata.many(made, "delete", [[integer_key(n)] for n in (0, 10, 12, 50)])
    made.insert([51])
    left = [[n] for n in range(2, 100, 2) if n not in (10, 12, 50)] + [[51]]
    assert values(scans[0]) == sorted(left)
    assert values(scans[1]) == sorted(row for row in left if row[0] > 10)


# indexes and the catalog


def test_an_index_that_is_not_there_is_refused(kata, store, table):
    """Only an index of this very table can be scanned, and only with values of its columns."""
    made = table("t", {"id": "integer", "a": "text"}, ["id"], [["a"]])
    table("u", {"a": "text"}, [], [["a"]])
    kata.Catalog(store).create_index("late", "t", ["a"], False)
    names = ["u_a_key", "u_pkey", "t", "a", "late"]
    calls = [[made, "index_scan", [name, None, None]] for name in names]
    assert error_names(kata.script(calls)) == ["UndefinedTable"] * 5
    with kata.raises("UndefinedTable"):
        kata.Catalog(store).table("u").index_scan("u_pkey", None, None)
    bounds = [([1], None), (None, [True]), (["a", "b"], None), (None, ["a", 1])]
    results = kata.script([made, "index_scan", ["t_a_key", *ends]] for ends in bounds)
    assert error_names(results) == ["TypeMismatch"] * 4


def test_one_name_means_one_thing(kata, store):
    """A table, a view and an index cannot have a name that one of the others has, in any order."""
    catalog = kata.Catalog(store)
    catalog.create_table(schema("t", {"a": "integer"}, ["a"]))
    catalog.create_index("i", "t", ["a"], False)
    catalog.create_view("v", {})
    calls = []
    for name in ("t", "i", "v", "t_pkey"):
        calls += [
            [catalog, "create_table", [schema(name, {"a": "integer"})]],
            [catalog, "create_index", [name, "t", ["a"], False]],
            [catalog, "create_view", [name, {}]],
        ]
    assert error_names(kata.script(calls)) == ["DuplicateTable"] * 12
    assert catalog.names() == ["i", "t", "t_pkey", "v"]


WRONG = {
    "a column twice": ("DuplicateColumn", [("a", "text"), ("b", "text"), ("a", "real")], [], []),
    "a key column twice": ("DuplicateColumn", [("a", "text"), ("b", "text")], ["a", "b", "a"], []),
    "a unique column twice": ("DuplicateColumn", [("a", "text")], [], [["a", "a"]]),
    "an unknown key": ("UndefinedColumn", [("a", "text")], ["a", "c"], []),
    "an unknown unique": ("UndefinedColumn", [("a", "text")], ["a"], [["a"], ["c"]]),
    "an index's name": ("DuplicateTable", [("a", "text"), ("b", "text")], ["a"], [["b"]]),
    "the key's name": ("DuplicateTable", [("b", "text")], ["b"], []),
    "two equal names": ("DuplicateTable", [("a_c", "text"), ("a", "text"), ("c", "text")], [], [["a_c"], ["a", "c"]]),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_table_that_cannot_be_is_refused(kata, store, name):
    """Columns must have different names, lists must name columns, and all names must be free."""
    error, columns, primary_key, unique = WRONG[name]
    catalog = kata.Catalog(store)
    catalog.create_view("t_b_key", {})
    if name == "the key's name":
        catalog.create_view("t_pkey", {})
    before = everything(store)
    described = schema("t", {}, primary_key, unique)
    described["columns"] = [schema("", dict([pair]))["columns"][0] for pair in columns]
    with kata.raises(error):
        catalog.create_table(described)
    assert everything(store) == before


def test_constraints_become_indexes(kata, table):
    """Each UNIQUE has an index named after its columns; one that says nothing new has none."""
    unique = [["a"], ["id", "a"], ["a"], ["a", "id"], ["id"]]
    made = table("t", {"id": "integer", "a": "text"}, ["id"], unique)
    assert made.indexes() == [
        {"name": "t_pkey", "columns": ["id"], "unique": True},
        {"name": "t_a_key", "columns": ["a"], "unique": True},
        {"name": "t_id_a_key", "columns": ["id", "a"], "unique": True},
        {"name": "t_a_id_key", "columns": ["a", "id"], "unique": True},
    ]


def test_an_index_can_be_dropped_but_no_constraint(kata, store, table):
    """Dropping an index takes all its entries and its name; keys and UNIQUE stay what they are."""
    made = table("t", {"id": "integer", "a": "text"}, ["id"], [["a"]], rows=[[1, "a"], [2, None]])
    before, catalog = everything(store), kata.Catalog(store)
    catalog.create_index("first", "t", ["a"], True)
    catalog.create_index("second", "t", ["a"], False)
    results = kata.script([catalog, "drop_index", [name]] for name in ("t_pkey", "t_a_key"))
    assert error_names(results) == ["FeatureNotSupported"] * 2
    catalog.drop_index("first")
    assert [index["name"] for index in catalog.table("t").indexes()[2:]] == ["second"]
    catalog.drop_index("second")
    assert everything(store) == before
    catalog.create_view("first", {})
    results = kata.script([catalog, "drop_index", [name]] for name in ("second", "first", "t"))
    assert error_names(results) == ["UndefinedTable"] * 3
    assert values(made.index_scan("t_a_key", ["a"], ["a"])) == [[1, "a"]]


def test_an_index_needs_a_table_and_columns(kata, store, table):
    """An index of a view, of no table, of an unknown column or of one twice is refused."""
    table("t", {"id": "integer"}, ["id"])
    catalog = kata.Catalog(store)
    catalog.create_view("v", {})
    before = everything(store)
    calls = [["v", ["id"]], ["t_pkey", ["id"]], ["t", ["id", "x"]], ["t", ["id", "id"]]]
    results = kata.script([catalog, "create_index", ["i", *call, False]] for call in calls)
    assert error_names(results) == ["UndefinedTable"] * 2 + ["UndefinedColumn", "DuplicateColumn"]
    assert everything(store) == before
    assert catalog.names() == ["t", "t_pkey", "v"]


@pytest.mark.parametrize("twice", [[1, 1], [None, 1]], ids=["equal", "null"])
def test_a_unique_index_looks_at_the_rows_that_are_there(kata, store, table, twice):
    """Rows that are equal in all columns of a new unique index forbid it, those with NULLs do not."""
    rows = [[0, 0], twice, twice, [1, 0]]
    table("t", {"a": "integer", "b": "integer"}, rows=rows)
    before, catalog = everything(store), kata.Catalog(store)
    result = kata.script([[catalog, "create_index", ["i", "t", ["a", "b"], True]]])
    refused = None not in twice
    assert error_names(result) == ["UniqueViolation" if refused else "no error"]
    assert (everything(store) == before) is refused
    catalog.create_index("j", "t", ["b", "a"], False)
    assert len(values(catalog.table("t").index_scan("j", None, None))) == 4


def test_only_tables_are_tables(kata, store, table):
    """Views and indexes are not tables, tables are not views, and the lists keep them apart."""
    table("b", {"id": "integer"}, ["id"])
    table("a", {"id": "integer"})
    catalog = kata.Catalog(store)
    catalog.create_view("w", {"kind": "select", "from": None})
    catalog.create_view("v", {"kind": "values", "rows": [[1, "é", None, 1.5, True]]})
    calls = [("table", "v"), ("table", "b_pkey"), ("table", "c"), ("drop_table", "v")]
    calls += [("drop_table", "b_pkey"), ("drop_view", "a"), ("drop_view", "b_pkey")]
    results = kata.script([catalog, name, [of]] for name, of in calls)
    assert error_names(results) == ["UndefinedTable"] * 7
    assert catalog.view("v") == {"kind": "values", "rows": [[1, "é", None, 1.5, True]]}
    assert [catalog.view("a"), catalog.view("b_pkey"), catalog.view("c")] == [None] * 3
    assert [catalog.tables(), catalog.views()] == [["a", "b"], ["v", "w"]]
    assert catalog.names() == ["a", "b", "b_pkey", "v", "w"]


def test_names_are_any_text(kata, store):
    """Names may hold anything, and one that begins like another is another."""
    catalog = kata.Catalog(store)
    names = ["", "a", "a\0", "a b", "aa", "A", "Ä", "table", "x" * 200]
    schemas = [[schema(name, {name: "integer"}, [name])] for name in names]
    kata.many(catalog, "create_table", schemas)
    assert catalog.tables() == sorted(names)
    assert catalog.names() == sorted([*names, *(f"{name}_pkey" for name in names)])
    catalog.drop_table("a")
    assert catalog.table("a\0").columns()[0]["name"] == "a\0"
    assert "a" not in catalog.tables()


def test_the_catalog_has_this_form(kata, store):
    """Entries of the catalog are JSON with sorted members, under the keys of the lesson."""
    default = {"kind": "literal", "value": [1, "é", None]}
    catalog = kata.Catalog(store)
    catalog.create_table(
        schema("té", {"id": "integer", "a": "text"}, ["id"], [["a"]], ["a"], default)
    )
    catalog.create_index("i", "té", ["a", "id"], False)
    catalog.create_view("v", {"kind": "select"})
    found = store.scan(b"c", b"d").take(99)
    names = [("index", name) for name in ("i", "té_a_key", "té_pkey")]
    names += [("table", "té"), ("view", "v")]
    assert [at for at, _ in found] == [b"c" + key(["text"] * 2, name) for name in names]
    entries = [json.loads(data) for _, data in found]
    assert entries == [{"table": "té"}] * 3 + [DESCRIBED, {"view": {"kind": "select"}}]
    members = []
    json.loads(found[3][1], object_pairs_hook=lambda pairs: members.append([k for k, _ in pairs]))
    assert members == [sorted(listed) for listed in members]
    assert [column["default"] for column in catalog.table("té").columns()] == [default] * 2


DEFAULT = {"kind": "literal", "value": [1, "é", None]}
DESCRIBED = {
    "name": "té",
    "id": 1,
    "columns": [
        {"name": "id", "type": "integer", "not_null": True, "default": DEFAULT},
        {"name": "a", "type": "text", "not_null": True, "default": DEFAULT},
    ],
    "primary_key": ["id"],
    "indexes": [
        {"name": "té_a_key", "id": 1, "columns": ["a"], "unique": True, "constraint": True},
        {"name": "i", "id": 2, "columns": ["a", "id"], "unique": False, "constraint": False},
    ],
}


def test_a_catalog_never_tells_what_was(kata, store):
    """What another catalog changes, or a rollback takes back, is so for every catalog at once."""
    one, other = kata.Catalog(store), kata.Catalog(store)
    one.create_table(schema("t", {"a": "integer"}))
    one.create_view("v", {"n": 1})
    assert [len(one.table("t").indexes()), one.view("v")] == [0, {"n": 1}]
    store.commit()
    other.create_index("i", "t", ["a"], False)
    other.drop_view("v")
    other.create_view("v", {"n": 2})
    assert [len(one.table("t").indexes()), one.view("v")] == [1, {"n": 2}]
    store.rollback()
    assert [len(one.table("t").indexes()), other.view("v")] == [0, {"n": 1}]
    other.drop_table("t")
    other.create_table(schema("t", {"b": "text"}))
    assert one.table("t").columns()[0]["name"] == "b"
    store.rollback()
    assert [one.table("t").columns()[0]["name"], one.tables()] == ["a", ["t"]]


def test_catalogs_of_two_stores_have_nothing_in_common(kata):
    """Two tables that are described by the same bytes in two stores keep their rows apart."""
    catalogs = [kata.Catalog(kata.MemoryStore()) for _ in range(2)]
    for catalog in catalogs:
        catalog.create_table(schema("t", {"a": "integer"}, ["a"]))
    tables = [catalog.table("t") for catalog in catalogs]
    tables[0].insert([1])
    assert [values(table.scan()) for table in tables] == [[[1]], []]
    assert values(catalogs[1].table("t").scan()) == []


def test_a_described_table_is_all_that_a_table_needs(kata, store):
    """A table works from its description alone, also when no catalog ever made it."""
    info = {**DESCRIBED, "id": 258, "name": "made"}
    made = kata.Table(store, info)
    assert [made.name(), made.columns()] == ["made", DESCRIBED["columns"]]
    assert made.insert([1, "x"]) == integer_key(1)
    assert [at for at, _ in everything(store)] == [
        b"i\0\0\0\x01\x20x\0\x01",
        b"i\0\0\0\x02\x20x\0\x01" + integer_key(1) * 2,
        b"t\0\0\x01\x02" + integer_key(1),
    ]
    assert values(made.index_scan("made_pkey", [1], [1])) == [[1, "x"]]


# costs


def test_what_a_change_costs(kata):
    """A row with k indexes is 1 + k puts; an update writes only what differs; nothing is scanned."""
    store = kata.CountingStore(kata.MemoryStore())
    catalog = kata.Catalog(store)
    catalog.create_table(schema("t", COLUMNS, ["id"], [["a"], ["b"]]))
    kata.many(catalog, "create_index", [[f"i{n}", "t", ["c", "d"][n:], False] for n in range(2)])
    table = catalog.table("t")
    names = ["gets", "puts", "deletes", "scans", "next_ids"]
    counted(store)
    table.insert([1, "a", 1.0, True, 1])
    assert counted(store, *names) == [3, 5, 0, 0, 0]
    table.update([integer_key(1)], [[1, "a", 1.0, True, 2]])
    gets, *others = counted(store, *names)
    assert others == [3, 2, 0, 0]
    table.update([integer_key(1)], [[1, "b", 1.0, True, 2]])
    assert [gets, *counted(store, *names)] == [1, 2, 2, 1, 0, 0]
    table.delete(integer_key(1))
    assert counted(store, *names) == [1, 0, 5, 0, 0]


def test_what_reading_costs(kata):
    """Scans take one step for each row, when it is asked for; an index adds one get for each."""
    store = kata.CountingStore(kata.MemoryStore())
    catalog = kata.Catalog(store)
    catalog.create_table(schema("t", {"id": "integer", "a": "integer"}, ["id"]))
    kata.many(catalog.table("t"), "insert", [[[n, n // 2]] for n in range(1000)])
    counted(store)
    catalog.create_index("i", "t", ["a"], False)
    assert counted(store, "puts", "steps", "commits") == [1002, 1000, 0]
    table = catalog.table("t")
    counted(store)
    assert len(table.scan().take(7)) == 7
    assert counted(store, "gets", "scans", "steps") == [0, 1, 7]
    assert len(table.index_scan("i", [10], [14]).take(99)) == 10
    assert counted(store, "gets", "scans", "steps") == [10, 1, 10]
    assert len(table.index_scan("t_pkey", [10], [14]).take(99)) == 5
    assert counted(store, "gets", "scans", "steps") == [0, 1, 5]
    assert [table.get([999]), catalog.table("t").name()] == [[999, 499], "t"]
    assert counted(store, "gets", "scans", "steps") == [2, 0, 0]
