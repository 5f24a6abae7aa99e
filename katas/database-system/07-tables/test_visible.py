"""Keys that sort as values do, rows and indexes as keys, and the catalog that knows them."""

import json
import struct

import pytest

PEOPLE = {"id": "integer", "name": "text", "born": "integer", "height": "real"}
ROWS = [
    [3, "Grace", 1906, 1.7],
    [1, "Ada", 1815, 1.6],
    [-2, "Edsger", 1930, None],
    [20, "Alan", 1912, 1.8],
]


def schema(name, columns, primary_key=(), unique=(), not_null=()):
    """What create_table takes; `columns` are names and types."""
    described = [
        {"name": column, "type": kind, "not_null": column in not_null, "default": None}
        for column, kind in columns.items()
    ]
    unique = [list(listed) for listed in unique]
    return {
        "name": name,
        "columns": described,
        "primary_key": list(primary_key),
        "unique": unique,
    }


def integer_key(number):
    """The bytes of an integer in a key, as the lesson gives them."""
    return b"\x10" + struct.pack(">Q", number + 2**63)


def everything(store):
    """All keys and values of a store."""
    return store.scan(None, None).take(100_000)


def values(cursor):
    """The rows that a cursor of [row key, values] gives, without the keys."""
    return [row for _, row in cursor.take(100_000)]


def error_names(results):
    """The class names of errors in a script's results; of anything else, that it is none."""
    return [getattr(result, "class_name", "no error") for result in results]


@pytest.fixture
def store(kata):
    """An empty store."""
    return kata.MemoryStore()


@pytest.fixture
def catalog(kata, store):
    """A catalog over the store with a table of four people; no two of them have one name."""
    catalog = kata.Catalog(store)
    catalog.create_table(schema("people", PEOPLE, ["id"], [["name"]], ["name"]))
    kata.many(catalog.table("people"), "insert", [[row] for row in ROWS])
    return catalog


SORTED = {
    "integers": ("integer", [-(2**40), -300, -256, -1, 0, 1, 255, 256, 2**40, None]),
    "reals": ("real", [float("-inf"), -1e300, -2.5, -1.0, 0.0, 1e-300, 1.0, 2.5, 1e300, None]),
    "texts": ("text", ["", "\0", "\0\0", "\0\x01", "\x01", "B", "a", "a\0", "a b", "aa", "é", "日", None]),
    "booleans": ("boolean", [False, True, None]),
}  # fmt: skip


@pytest.mark.parametrize("name", SORTED)
def test_keys_sort_as_their_values_do(kata, name):
    """Of values in ascending order the keys are in ascending order, NULL last."""
    kind, ascending = SORTED[name]
    keys = kata.script([None, "encode_key", [[kind], [value]]] for value in ascending)
    assert keys == sorted(set(keys))
    decoded = kata.script([None, "decode_key", [[kind], key]] for key in keys)
    assert decoded == [[value] for value in ascending]


def test_the_first_column_decides_before_the_second(kata):
    """Rows sort by their first column, and by the second only where the first is equal."""
    ascending = [
        ["", "z"],
        ["a", ""],
        ["a", "b"],
        ["a\0", "a"],
        ["ab", ""],
        ["b", None],
        [None, "a"],
    ]
    keys = kata.script([None, "encode_key", [["text", "text"], row]] for row in ascending)
    assert keys == sorted(set(keys))


@pytest.mark.parametrize(
    ("types", "row", "data"),
    [
        (["integer", "integer"], [1, -1], "10 8000000000000001 10 7fffffffffffffff"),
        (["real", "real"], [1.0, -1.0], "18 bff0000000000000 18 400fffffffffffff"),
        (["text", "text"], ["é\0", ""], "20 c3a9 00ff 0001 20 0001"),
        (["boolean", "boolean", "text"], [False, True, None], "01 02 f0"),
    ],
    ids=["integers", "reals", "texts", "others"],
)
def test_a_key_has_these_bytes(kata, types, row, data):
    """Each type has its first byte, and then the bytes that the lesson gives."""
    assert kata.encode_key(types, row) == bytes.fromhex(data)
    assert kata.decode_key(types, bytes.fromhex(data)) == row


def test_what_is_no_key_is_refused(kata):
    """A value of another type is a type mismatch; bytes that are no such key are corrupt."""
    wrong = [(["integer"], ["1"]), (["integer"], [True]), (["text"], [1]), (["text"], [])]
    results = kata.script([None, "encode_key", [types, row]] for types, row in wrong)
    assert error_names(results) == ["TypeMismatch"] * 4
    data = kata.encode_key(["text", "integer"], ["a", 1])
    bad = [data[:-1], data + b"\x00", data[:-10], b"\x18" + data[1:]]
    results = kata.script([None, "decode_key", [["text", "integer"], item]] for item in bad)
    assert error_names(results) == ["RecordCorrupt"] * 4


def test_the_end_of_a_prefix(kata):
    """The end of a prefix is the smallest key behind all that begin with it; there may be none."""
    prefixes = [b"a", b"a\xff", b"t\x00\x00\x00\xff", b"\xff\xff"]
    ends = kata.script([None, "prefix_end", [prefix]] for prefix in prefixes)
    assert ends == [b"b", b"b", b"t\x00\x00\x01", None]


def test_rows_come_back_in_the_order_of_their_keys(catalog):
    """Rows are found by primary key, and a scan gives them in its order, each with its row key."""
    people = catalog.table("people")
    assert people.scan().take(9) == [[integer_key(row[0]), row] for row in sorted(ROWS)]
    assert [people.get([20]), people.get([2])] == [ROWS[3], None]
    assert people.insert([5, "Barbara", None, None]) == integer_key(5)
    assert people.get([5]) == [5, "Barbara", None, None]


def test_a_row_is_these_keys(kata, store):
    """A row and its entries in two indexes have the keys and values that the lesson gives."""
    kata.Catalog(store).create_table(schema("t", {"id": "integer", "a": "text"}, ["id"], [["a"]]))
    kata.Catalog(store).create_index("by_both", "t", ["a", "id"], False)
    kata.many(kata.Catalog(store).table("t"), "insert", [[[7, "x"]], [[8, None]]])
    x, seven, eight = b"\x20x\x00\x01", integer_key(7), integer_key(8)
    assert store.scan(b"i", b"u").take(9) == [
        [b"i\0\0\0\x01" + x, seven],
        [b"i\0\0\0\x01\xf0" + eight, eight],
        [b"i\0\0\0\x02" + x + seven + seven, seven],
        [b"i\0\0\0\x02\xf0" + eight + eight, eight],
        [b"t\0\0\0\x01" + seven, b"\x00\x0e\x01x"],
        [b"t\0\0\0\x01" + eight, b"\x02\x10"],
    ]


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ([1, "Betty", 1917, None], "UniqueViolation"),
        ([9, "Ada", 1917, None], "UniqueViolation"),
        ([9, None, 1917, None], "NotNullViolation"),
        ([None, "Betty", 1917, None], "NotNullViolation"),
        ([9, "Betty", "1917", None], "TypeMismatch"),
        ([9, "Betty", 1917], "TypeMismatch"),
    ],
    ids=["primary-key", "unique", "not-null", "null-key", "type", "too-short"],
)
def test_a_row_that_must_not_be_is_refused(kata, catalog, store, row, error):
    """Keys are unique, columns keep their type and their NOT NULL; a refusal changes nothing."""
    before = everything(store)
    with kata.raises(error):
        catalog.table("people").insert(row)
    assert everything(store) == before
    assert len(before) == 3 + 2 * len(ROWS)


def test_a_table_without_a_primary_key_numbers_its_rows(kata, store):
    """Rows without a key of their own get the numbers 1, 2, 3 ... and may be equal."""
    catalog = kata.Catalog(store)
    catalog.create_table(schema("log", {"line": "text"}))
    log = catalog.table("log")
    keys = kata.many(log, "insert", [[["b"]], [["a"]], [["b"]]])
    assert keys == [integer_key(1), integer_key(2), integer_key(3)]
    assert log.scan().take(9) == [[keys[0], ["b"]], [keys[1], ["a"]], [keys[2], ["b"]]]


def test_an_index_finds_a_range_of_rows(catalog):
    """An index made over rows that are there gives those between two values, in their order."""
    catalog.create_index("people_born", "people", ["born"], False)
    people = catalog.table("people")
    assert people.insert([30, "Kurt", 1906, None]) == integer_key(30)
    scan = people.index_scan("people_born", [1906], [1912])
    assert values(scan) == [ROWS[0], [30, "Kurt", 1906, None], ROWS[3]]
    assert values(people.index_scan("people_born", None, [1905])) == [ROWS[1]]
    assert values(people.index_scan("people_born", [1930], None)) == [ROWS[2]]
    assert values(people.index_scan("people_born", [1940], [1900])) == []
    assert values(people.index_scan("people_pkey", [-2], [1])) == [ROWS[2], ROWS[1]]


def test_a_unique_index_needs_unique_rows(kata, catalog, store):
    """A unique index over rows that are not unique is refused, and nothing of it stays."""
    people = catalog.table("people")
    kata.many(people, "insert", [[[4, "Kurt", 1906, None]], [[5, "Betty", None, None]]])
    people.insert([6, "Jean", None, None])
    before = everything(store)
    with kata.raises("UniqueViolation"):
        catalog.create_index("one_each_year", "people", ["born"], True)
    assert everything(store) == before
    assert people.delete(integer_key(4)) is True
    catalog.create_index("one_each_year", "people", ["born"], True)
    assert catalog.table("people").indexes() == [
        {"name": "people_pkey", "columns": ["id"], "unique": True},
        {"name": "people_name_key", "columns": ["name"], "unique": True},
        {"name": "one_each_year", "columns": ["born"], "unique": True},
    ]


def test_rows_change_all_at_once(kata, catalog):
    """An update may give each row the key of the next one, and names may be swapped."""
    people = catalog.table("people")
    kata.many(people, "insert", [[[4, "Kurt", None, None]], [[5, "Betty", None, None]]])
    keys = [integer_key(n) for n in (3, 4, 5)]
    rows = [[4, "Kurt", 1, None], [5, "Grace", 2, None], [6, "Betty", 3, None]]
    people.update(keys, rows)
    assert values(people.index_scan("people_pkey", [3], [10])) == rows
    assert values(people.index_scan("people_name_key", ["Betty"], ["Kurt"])) == [
        rows[2], ROWS[2], rows[1], rows[0]
    ]  # fmt: skip


def test_an_update_is_checked_like_an_insert(kata, catalog, store):
    """An update that takes what another row keeps is refused whole; a row may keep its own."""
    people = catalog.table("people")
    people.update([integer_key(1)], [[1, "Ada", 1816, 1.6]])
    before = everything(store)
    with kata.raises("UniqueViolation"):
        people.update(
            [integer_key(3), integer_key(1)], [[8, "Grace", 0, None], [20, "Ada", 0, None]]
        )
    with kata.raises("NotNullViolation"):
        people.update([integer_key(3), integer_key(1)], [[8, "Grace", 0, None], [9, None, 0, None]])
    assert everything(store) == before
    assert people.get([1]) == [1, "Ada", 1816, 1.6]


def test_a_deleted_row_leaves_no_entry(kata, catalog, store):
    """Deleting a row takes its index entries along; a second time there is nothing to delete."""
    before = everything(store)
    people = catalog.table("people")
    key = people.insert([9, "Kurt", 1906, 1.7])
    assert [people.delete(key), people.delete(key), people.get([9])] == [True, False, None]
    assert everything(store) == before


def test_a_dropped_table_leaves_no_key(kata, store):
    """After a table with rows and indexes is dropped, the store is as it was before it."""
    catalog = kata.Catalog(store)
    catalog.create_table(schema("stays", PEOPLE, ["id"]))
    catalog.table("stays").insert(ROWS[0])
    before = everything(store)
    catalog.create_table(schema("goes", PEOPLE, ["id"], [["name"]]))
    catalog.create_index("goes_born", "goes", ["born", "height"], False)
    kata.many(catalog.table("goes"), "insert", [[row] for row in ROWS])
    catalog.drop_table("goes")
    assert everything(store) == before
    with kata.raises("UndefinedTable"):
        catalog.table("goes")


def test_the_catalog_is_in_the_store(kata, catalog, store):
    """What one catalog creates another one over the store knows, and a rollback takes it away."""
    store.commit()
    other = kata.Catalog(store)
    assert values(other.table("people").scan()) == sorted(ROWS)
    other.create_table(schema("more", {"x": "boolean"}, ["x"]))
    assert [catalog.tables(), catalog.table("more").name()] == [["more", "people"], "more"]
    assert catalog.table("more").columns() == [
        {"name": "x", "type": "boolean", "not_null": True, "default": None}
    ]
    store.rollback()
    assert other.names() == catalog.names() == ["people", "people_name_key", "people_pkey"]
    [[_, entry]] = store.scan(b"c\x20table\x00\x01", b"c\x20table\x00\x02").take(9)
    assert json.loads(entry)["primary_key"] == ["id"]


def test_tables_indexes_and_views_share_their_names(kata, catalog):
    """A name can be a table's, an index's or a view's, and only one of them."""
    catalog.create_view("old", {"kind": "select"})
    catalog.create_index("people_born", "people", ["born"], False)
    calls = [["create_view", name, {}] for name in ("old", "people", "people_pkey")]
    calls += [["create_index", name, "people", ["born"], False] for name in ("old", "people_born")]
    calls += [["create_table", schema(name, PEOPLE)] for name in ("old", "people_born")]
    results = kata.script([catalog, name, arguments] for name, *arguments in calls)
    assert error_names(results) == ["DuplicateTable"] * 7
    assert [catalog.view("old"), catalog.view("people")] == [{"kind": "select"}, None]
    catalog.drop_view("old")
    assert [catalog.views(), catalog.view("old")] == [[], None]


def test_looking_for_a_row_costs_one_get(kata):
    """A table costs one get, a row by primary key one more; an insert reads only what is unique."""
    store = kata.CountingStore(kata.MemoryStore())
    catalog = kata.Catalog(store)
    catalog.create_table(schema("people", PEOPLE, ["id"], [["name"]]))
    people = catalog.table("people")
    store.reset()
    people.insert(ROWS[0])
    assert [store.counts()[key] for key in ("gets", "puts", "scans")] == [2, 2, 0]
    store.reset()
    assert catalog.table("people").get([3]) == ROWS[0]
    assert [store.counts()[key] for key in ("gets", "scans", "steps")] == [2, 0, 0]
