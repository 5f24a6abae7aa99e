"""The same answer, sooner: a plan is rewritten into one that does less.

Nothing here knows SQL. A condition is split at its ANDs, and each part moves down to where its
columns are; on a table it may become a range of an index, between two tables a hash join. Inner
joins are taken apart and put together anew, the smallest first. PostgreSQL estimates rows from
statistics and tries orders by dynamic programming; here four ranks and a greedy choice have to do,
which finds the good order whenever tables are joined by keys.

What may raise (a division, an overflow, a subquery of two rows) never moves: below a join it would
meet rows that other conditions were there to keep away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from expressions import Expression
from kit.errors import DatabaseError

Tree = dict[str, Any]  # a plan, or a bound expression


class Optimizer:
    """Rewrites plans of the planner."""

    def optimize(self, plan: Tree, catalog: Any) -> Tree:
        """Return a plan that gives the same rows under the same columns, and costs less.

        `catalog` has a method `table(name)`, for the indexes. The given plan is not changed. The
        order of rows may differ where no sort stands above.
        """
        # BEGIN SOLUTION
        return _Rewriter(catalog).plan(plan)
        # END SOLUTION


# BEGIN SOLUTION: helpers
SAFE = (
    "field",
    "outer",
    "literal",
    "param",
    "is_null",
    "is_bool",
    "between",
    "in_list",
    "like",
    "case",
)
SAFE_BINARY = ("and", "or", "=", "<>", "<", "<=", ">", ">=", "||")
MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
UNKNOWN = ("field", "outer", "param", "exists", "scalar", "in_select")  # not before there is a row
CHILDREN = ("input", "left", "right")
ONE_ROW, SOME_ROWS, RANGE, FILTERED, WHOLE = range(5)  # how much of a table is read: its rank
MOST_RANGES = 1000


class _Rewriter:
    def __init__(self, catalog: Any) -> None:
        self.catalog = catalog

    def plan(self, plan: Tree) -> Tree:
        return self.under(plan, [])

    def under(self, plan: Tree, conjuncts: list[Tree]) -> Tree:
        """`plan` below a filter of these conditions over its columns, rewritten as one."""
        plan = {
            key: value if key in CHILDREN else self.folded(value) for key, value in plan.items()
        }
        rewrite = REWRITES.get(plan["op"], _Rewriter.other)
        return rewrite(self, plan, [c for c in conjuncts if not _is_true(c)])

    def folded(self, value: Any) -> Any:
        """Expressions with their constant parts computed, and the plans in them rewritten."""
        if isinstance(value, list):
            return [self.folded(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "kind" in value and value["kind"] != "literal" and not any(_kinds(value, UNKNOWN)):
            try:
                constant = Expression(value).eval([], [], [])
                return {"kind": "literal", "type": value["type"], "value": constant}
            except DatabaseError:
                pass  # it raises when it is reached, and only then
        return {k: self.plan(v) if k == "plan" else self.folded(v) for k, v in value.items()}

    # one operator under conditions

    def other(self, plan: Tree, conjuncts: list[Tree]) -> Tree:
        return _filtered(self.with_children(plan), conjuncts)

    def with_children(self, plan: Tree) -> Tree:
        return {**plan, **{key: self.plan(plan[key]) for key in CHILDREN if key in plan}}

    def filter(self, plan: Tree, conjuncts: list[Tree]) -> Tree:
        return self.under(plan["input"], [*_conjuncts(plan["condition"]), *conjuncts])

    def through(self, plan: Tree, conjuncts: list[Tree]) -> Tree:
        """sort, distinct: it does not matter whether a row leaves before or after."""
        safe, rest = _parted(conjuncts, _is_safe)
        return _filtered({**plan, "input": self.under(plan["input"], safe)}, rest)

    def project(self, plan: Tree, conjuncts: list[Tree]) -> Tree:
        exprs = plan["exprs"]
        safe, rest = _parted(
            conjuncts, lambda c: _is_safe(c) and all(_is_safe(exprs[i]) for i in _fields(c))
        )
        below = [_replaced(c, exprs.__getitem__) for c in safe]
        return _filtered({**plan, "input": self.under(plan["input"], below)}, rest)

    def scan(self, plan: Tree, conjuncts: list[Tree]) -> Tree:
        safe, rest = _parted(conjuncts, _is_safe)
        return _filtered(self.access(plan, safe)[1], [*safe, *rest])

    def join(self, plan: Tree, conjuncts: list[Tree]) -> Tree:
        if plan["type"] == "left":
            return self.left_join(plan, conjuncts)
        relations, inner = _flattened(plan, 0)
        safe, rest = _parted([*inner, *conjuncts], _is_safe)
        return _filtered(self.joined(relations, safe, plan["columns"]), rest)

    def left_join(self, plan: Tree, conjuncts: list[Tree]) -> Tree:
        """Conditions above may go to the left, conditions of ON to the right: never the other way."""
        width = len(plan["left"]["columns"])
        on = [] if plan["condition"] is None else _conjuncts(plan["condition"])
        lefts, above = _parted(
            conjuncts, lambda c: _is_safe(c) and max(_fields(c), default=-1) < width
        )
        rights, on = _parted(on, lambda c: _is_safe(c) and min(_fields(c), default=-1) >= width)
        left = self.under(plan["left"], lefts)
        right = self.under(plan["right"], [_moved(c, -width) for c in rights])
        return _filtered(_paired("left", left, right, on, plan["columns"]), above)

    # the order of inner joins

    def joined(
        self, relations: list[tuple[int, Tree]], conjuncts: list[Tree], columns: Any
    ) -> Tree:
        """Join relations, given with the place of their first column, from the smallest on."""
        waiting = []
        for first, plan in relations:
            places = range(first, first + len(plan["columns"]))
            own, conjuncts = _parted(conjuncts, lambda c, own=places: _within(c, own))
            rank, below = self.ranked(plan, [_moved(c, -first) for c in own])
            waiting.append((rank, list(places), below))
        links = list(_links(conjuncts))
        start = min(waiting, key=lambda relation: relation[0])
        waiting.remove(start)
        _, order, plan = start
        while waiting:
            known = set(order)
            chosen = min(waiting, key=lambda r: (not _linked(links, known, set(r[1])), r[0]))
            waiting.remove(chosen)
            _, places, right = chosen
            order = order + places
            ready, conjuncts = _parted(conjuncts, lambda c, now=tuple(order): _within(c, now))
            on = [
                _replaced(c, lambda i, now=order: _field(now.index(i), columns[i])) for c in ready
            ]
            plan = _paired("inner", plan, right, on, plan["columns"] + right["columns"])
        return plan if order == sorted(order) else _restored(plan, order, columns)

    def ranked(self, plan: Tree, conjuncts: list[Tree]) -> tuple[int, Tree]:
        below = self.under(plan, conjuncts)
        if plan["op"] == "scan":
            return self.access(plan, conjuncts)[0], below
        return (FILTERED if conjuncts else WHOLE), below

    # the way into a table

    def access(self, plan: Tree, conjuncts: list[Tree]) -> tuple[int, Tree]:
        """The cheapest way to the rows of a scan that can meet the conditions, and its rank."""
        best: tuple[int, Tree] = (FILTERED if conjuncts else WHOLE), plan
        shift = 1 if plan.get("row_key") else 0
        table = self.catalog.table(plan["table"])
        places = {c["name"]: i + shift for i, c in enumerate(table.columns())}
        for index in table.indexes() if conjuncts else []:
            columns = [(places[name], plan["columns"][places[name]]) for name in index["columns"]]
            rank, ranges = _ranges(columns, conjuncts, index["unique"])
            if rank < best[0]:
                best = rank, {**plan, "op": "index_scan", "index": index["name"], "ranges": ranges}
        return best


REWRITES: dict[str, Callable[[_Rewriter, Tree, list[Tree]], Tree]] = {
    "filter": _Rewriter.filter,
    "nested_loop": _Rewriter.join,
    "project": _Rewriter.project,
    "scan": _Rewriter.scan,
    "sort": _Rewriter.through,
    "distinct": _Rewriter.through,
}


def _ranges(columns: list[Any], conjuncts: list[Tree], unique: bool) -> tuple[int, list[Any]]:
    """The ranges of an index that hold all rows that meet the conditions, and the rank of that."""
    prefixes: list[list[Tree]] = [[]]
    for place, column in columns:
        values = _equal_to(place, column["type"], conjuncts)
        if not values or len(values) * len(prefixes) > MOST_RANGES:
            low, high = _limits(place, column["type"], conjuncts)
            ranges = [[_end(p, low), _end(p, high)] for p in prefixes]
            if prefixes[0]:
                return SOME_ROWS, ranges
            return (RANGE if low or high else WHOLE), ranges
        prefixes = [[*prefix, value] for prefix in prefixes for value in values]
    return (ONE_ROW if unique else SOME_ROWS), [[prefix, prefix] for prefix in prefixes]


def _end(prefix: list[Tree], bound: Tree | None) -> list[Tree] | None:
    return (prefix + ([bound] if bound else [])) or None


def _equal_to(place: int, kind: str, conjuncts: list[Tree]) -> list[Tree]:
    """The values that the conditions allow for a column, if they name them."""
    for conjunct in conjuncts:
        for op, value in _comparisons(conjunct, place):
            if op == "=" and (known := _as_type(value, kind)):
                return [known]
        if (
            conjunct["kind"] == "in_list"
            and not conjunct["negated"]
            and _is_field(conjunct["arg"], place)
        ):
            known_items = [_as_type(item, kind) for item in conjunct["items"]]
            if all(known_items):
                return [item for item in known_items if item]
    return []


def _limits(place: int, kind: str, conjuncts: list[Tree]) -> tuple[Tree | None, Tree | None]:
    """The first lower and the first upper bound of a column; the filter above does the rest."""
    low = high = None
    for conjunct in conjuncts:
        for op, value in _comparisons(conjunct, place):
            bound = _as_type(value, kind)
            if op in (">", ">="):
                low = low or bound
            elif op in ("<", "<="):
                high = high or bound
    return low, high


def _comparisons(conjunct: Tree, place: int) -> Iterator[tuple[str, Tree]]:
    """What the column is compared with, as if it stood on the left."""
    if (
        conjunct["kind"] == "between"
        and not conjunct["negated"]
        and _is_field(conjunct["arg"], place)
    ):
        yield from ((">=", conjunct["low"]), ("<=", conjunct["high"]))
    if conjunct["kind"] == "binary" and conjunct["op"] in MIRRORED:
        if _is_field(conjunct["left"], place):
            yield conjunct["op"], conjunct["right"]
        if _is_field(conjunct["right"], place):
            yield MIRRORED[conjunct["op"]], conjunct["left"]


def _as_type(value: Tree, kind: str) -> Tree | None:
    """The value, if it is known before the scan and has the column's type, as the index keeps it."""
    return value if not _fields(value) and value["type"] in (kind, "null") else None


def _flattened(plan: Tree, first: int) -> tuple[list[tuple[int, Tree]], list[Tree]]:
    """The relations below inner joins, with the place of their first column, and all conditions."""
    if plan["op"] != "nested_loop" or plan["type"] == "left":
        return [(first, plan)], []
    lefts, conjuncts = _flattened(plan["left"], first)
    rights, more = _flattened(plan["right"], first + len(plan["left"]["columns"]))
    on = [] if plan["condition"] is None else _conjuncts(plan["condition"])
    return [*lefts, *rights], [*conjuncts, *more, *(_moved(c, first) for c in on)]


def _paired(kind: str, left: Tree, right: Tree, on: list[Tree], columns: list[Tree]) -> Tree:
    """Two inputs joined on conditions over both: by hashing if there is an equality between them."""
    width = len(left["columns"])
    sides = [(c, _sides(c, range(width))) for c in on]
    rest, keys = [c for c, both in sides if not both], [both for _, both in sides if both]
    node = {"columns": columns, "type": kind, "left": left, "right": right, "condition": _all(rest)}
    if not keys:
        return {"op": "nested_loop", **node}
    lefts, rights = [a for a, _ in keys], [_moved(b, -width) for _, b in keys]
    return {"op": "hash_join", **node, "left_keys": lefts, "right_keys": rights}


def _sides(conjunct: Tree, left: Any) -> tuple[Tree, Tree] | None:
    """Both sides of an equality, the one over `left` first; None if it does not link two sides."""
    if conjunct["kind"] != "binary" or conjunct["op"] != "=" or not _is_safe(conjunct):
        return None
    a, b = conjunct["left"], conjunct["right"]
    for one, other in ((a, b), (b, a)):
        if _fields(one) and _fields(other) and _within(one, left):
            return None if any(i in left for i in _fields(other)) else (one, other)
    return None


def _links(conjuncts: list[Tree]) -> Iterator[tuple[set[int], set[int]]]:
    """The places that the sides of equalities read: each side, and what is on the other."""
    for conjunct in conjuncts:
        if conjunct["kind"] == "binary" and conjunct["op"] == "=":
            left, right = _fields(conjunct["left"]), _fields(conjunct["right"])
            if left and right:
                yield from ((left, right), (right, left))


def _linked(links: list[tuple[set[int], set[int]]], known: set[int], new: set[int]) -> bool:
    """Whether an equality joins the new relation to what is there."""
    return any(one <= known and other <= new for one, other in links)


def _restored(plan: Tree, order: list[int], columns: list[Tree]) -> Tree:
    """The columns in the order of the query again."""
    exprs = [_field(order.index(i), column) for i, column in enumerate(columns)]
    return {"op": "project", "columns": columns, "input": plan, "exprs": exprs}


def _filtered(plan: Tree, conjuncts: list[Tree]) -> Tree:
    """`plan` below a filter; what cannot raise is asked first."""
    safe, rest = _parted(conjuncts, _is_safe)
    condition = _all([*safe, *rest])
    if condition is None:
        return plan
    return {"op": "filter", "columns": plan["columns"], "input": plan, "condition": condition}


# conditions


def _conjuncts(condition: Tree) -> list[Tree]:
    if condition["kind"] == "binary" and condition["op"] == "and":
        return [*_conjuncts(condition["left"]), *_conjuncts(condition["right"])]
    return [condition]


def _all(conjuncts: list[Tree]) -> Tree | None:
    result = None
    for c in conjuncts:
        both = {"kind": "binary", "op": "and", "left": result, "right": c, "type": "boolean"}
        result = c if result is None else both
    return result


def _parted(items: list[Tree], wanted: Callable[[Tree], bool]) -> tuple[list[Tree], list[Tree]]:
    flags = [wanted(item) for item in items]
    pairs = list(zip(items, flags, strict=True))
    return [item for item, flag in pairs if flag], [item for item, flag in pairs if not flag]


def _is_true(condition: Tree) -> bool:
    return condition["kind"] == "literal" and condition["value"] is True


def _is_safe(bound: Tree) -> bool:
    """Whether the expression can never raise, and costs little."""
    kind, parts = bound["kind"], list(_parts(bound))
    if kind == "cast":
        known = (parts[0]["type"], bound["type"]) == ("integer", "real")
    elif kind == "unary":
        known = bound["op"] == "not"
    else:
        known = kind in SAFE or (kind == "binary" and bound["op"] in SAFE_BINARY)
    return known and all(map(_is_safe, parts))


def _parts(bound: Tree) -> Iterator[Tree]:
    """The expressions directly inside of one."""
    pending = list(bound.values())
    for value in pending:
        if isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            yield value


def _kinds(node: Any, wanted: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _kinds(item, wanted)
    elif isinstance(node, dict):
        if node.get("kind") in wanted:
            yield node["kind"]
        for value in node.values():
            yield from _kinds(value, wanted)


# fields, also where a subquery reads the row around it


def _field(index: int, column: Tree) -> Tree:
    return {"kind": "field", "index": index, "type": column["type"]}


def _is_field(bound: Tree, place: int) -> bool:
    return bound["kind"] == "field" and bound["index"] == place


def _fields(bound: Tree) -> set[int]:
    """The places in the row that an expression without subqueries reads."""
    if bound["kind"] == "field":
        return {bound["index"]}
    return set().union(*map(_fields, _parts(bound)))


def _reads_row(node: Tree, level: int) -> bool:
    if level == 0:
        return node.get("kind") == "field"
    return node.get("kind") == "outer" and node["depth"] == level


def _within(bound: Tree, places: Any) -> bool:
    return all(i in places for i in _fields(bound))


def _moved(node: Any, by: int, level: int = 0) -> Any:
    """The expression for a row that begins so many places earlier, subqueries included."""
    if isinstance(node, list):
        return [_moved(item, by, level) for item in node]
    if not isinstance(node, dict):
        return node
    if _reads_row(node, level):
        return {**node, "index": node["index"] + by}
    return {k: _moved(v, by, level + (k == "plan")) for k, v in node.items()}


def _replaced(node: Any, what: Callable[[int], Tree]) -> Any:
    """The expression, which has no subquery, with something else for each field."""
    if isinstance(node, list):
        return [_replaced(item, what) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("kind") == "field":
        return what(node["index"])
    return {k: _replaced(v, what) for k, v in node.items()}


# END SOLUTION
