"""Plans by hand, and what they must give: a second, slow way to compute them, on Python lists.

The functions named as nodes build a plan node with its columns. `rows(plan)` computes plans of
`values`, `filter`, `project`, `sort`, `distinct`, joins, `aggregate`, `set` and `limit` in which a
condition is a comparison or an AND of comparisons; `random_plan` makes such plans.
"""

import operator
from functools import cmp_to_key

COMPARE = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


# --- expressions --------------------------------------------------------------------------------


def literal(value, kind="integer"):
    """A bound literal."""
    return {"kind": "literal", "type": kind, "value": value}


def field(index, kind="integer"):
    """The column at this place of the row."""
    return {"kind": "field", "index": index, "type": kind}


def outer(depth, index, kind="integer"):
    """A column of an enclosing query's row."""
    return {"kind": "outer", "depth": depth, "index": index, "type": kind}


def binary(op, left, right, kind="boolean"):
    """An operator between two bound expressions."""
    return {"kind": "binary", "op": op, "left": left, "right": right, "type": kind}


# --- nodes --------------------------------------------------------------------------------------


def columns(*types):
    """Columns c0, c1 ... of these types."""
    return [{"table": "t", "name": f"c{n}", "type": kind} for n, kind in enumerate(types)]


def node(op, columns, **parts):
    """A node with its columns."""
    return {"op": op, "columns": columns, **parts}


def values(rows, *types):
    """A node that gives rows of literals."""
    types = types or ("integer",) * len(rows[0])
    bound = [[literal(v, k) for v, k in zip(row, types, strict=True)] for row in rows]
    return node("values", columns(*types), rows=bound)


def filter_(plan, condition):
    """A node that keeps rows for which the condition is true."""
    return node("filter", plan["columns"], input=plan, condition=condition)


def project(plan, *exprs):
    """A node that computes new rows."""
    return node("project", columns(*[e["type"] for e in exprs]), input=plan, exprs=list(exprs))


def limit(plan, count, offset=None):
    """A node that gives so many rows behind the first ones."""
    count, offset = (None if n is None else literal(n) for n in (count, offset))
    return node("limit", plan["columns"], input=plan, limit=count, offset=offset)


def sort(plan, *keys):
    """A node that sorts; a key is [index, desc, nulls_first]."""
    return node("sort", plan["columns"], input=plan, keys=list(keys))


def distinct(plan):
    """A node that gives equal rows once."""
    return node("distinct", plan["columns"], input=plan)


def nested_loop(kind, left, right, condition=None):
    """A join of each with each."""
    both = left["columns"] + right["columns"]
    return node("nested_loop", both, type=kind, left=left, right=right, condition=condition)


def hash_join(kind, left, right, left_keys, right_keys, condition=None):
    """A join by equal keys."""
    both = left["columns"] + right["columns"]
    keys = {"left_keys": left_keys, "right_keys": right_keys}
    return node("hash_join", both, type=kind, left=left, right=right, condition=condition, **keys)


def aggregate(plan, keys, *calls):
    """A node that groups; a call is (name, argument or None) or (name, argument, True) for DISTINCT."""
    made = []
    for name, arg, *distinct_ in calls:
        kind = {"count": "integer", "avg": "real"}.get(name) or arg["type"]
        made.append({"name": name, "arg": arg, "distinct": bool(distinct_), "type": kind})
    types = [key["type"] for key in keys] + [call["type"] for call in made]
    return node("aggregate", columns(*types), input=plan, keys=list(keys), aggregates=made)


def set_(kind, all_, left, right):
    """A node that combines the rows of two."""
    return node("set", left["columns"], kind=kind, all=all_, left=left, right=right)


# --- what they give -----------------------------------------------------------------------------


def value(bound, row):
    """The value of an expression of the few kinds that `random_plan` makes."""
    if bound["kind"] == "literal":
        return bound["value"]
    if bound["kind"] == "field":
        return row[bound["index"]]
    left, right = value(bound["left"], row), value(bound["right"], row)
    if bound["op"] == "and":
        return None if None in (left, right) and False not in (left, right) else left and right
    if left is None or right is None:
        return None
    return left + right if bound["op"] == "+" else COMPARE[bound["op"]](left, right)


def rows(plan):
    """The rows of a plan, computed from lists."""
    return ROWS[plan["op"]](plan)


def _joined(plan):
    found, right = [], rows(plan["right"])
    for one in rows(plan["left"]):
        partners = [one + other for other in right if _meets(plan, one, other)]
        if not partners and plan["type"] == "left":
            partners = [one + [None] * len(plan["right"]["columns"])]
        found += partners
    return found


def _meets(plan, one, other):
    keys = zip(plan.get("left_keys", []), plan.get("right_keys", []), strict=True)
    for left, right in keys:
        if value(left, one) is None or value(left, one) != value(right, other):
            return False
    return plan["condition"] is None or value(plan["condition"], one + other) is True


def _sorted(plan):
    def compare(one, other):
        for index, desc, nulls_first in plan["keys"]:
            a, b = one[index], other[index]
            if a == b:
                continue
            if a is None or b is None:
                return -1 if (a is None) == nulls_first else 1
            return -1 if (a < b) != desc else 1
        return 0

    return sorted(rows(plan["input"]), key=cmp_to_key(compare))


def _unique(found):
    return [list(row) for row in dict.fromkeys(map(tuple, found))]


def _grouped(plan):
    groups = {} if plan["keys"] else {(): []}
    for row in rows(plan["input"]):
        groups.setdefault(tuple(value(key, row) for key in plan["keys"]), []).append(row)
    return [
        [*key, *[_total(call, members) for call in plan["aggregates"]]]
        for key, members in groups.items()
    ]


def _total(call, members):
    if call["arg"] is None:
        return len(members)
    found = [v for row in members if (v := value(call["arg"], row)) is not None]
    found = list(dict.fromkeys(found)) if call["distinct"] else found
    if call["name"] == "count":
        return len(found)
    if call["name"] == "avg":
        return sum(found) / len(found) if found else None
    return {"sum": sum, "min": min, "max": max}[call["name"]](found) if found else None


def _combined(plan):
    left, right = rows(plan["left"]), rows(plan["right"])
    if plan["kind"] == "union":
        found = left + right
    else:
        found, rest = [], list(right)
        for row in left:
            has = row in rest
            if has and plan["all"]:
                rest.remove(row)
            if has == (plan["kind"] == "intersect"):
                found.append(row)
    return found if plan["all"] else _unique(found)


def _limited(plan):
    skip = plan["offset"]["value"] if plan["offset"] else 0
    found = rows(plan["input"])[skip:]
    return found if plan["limit"] is None else found[: plan["limit"]["value"]]


ROWS = {
    "values": lambda plan: [[value(bound, []) for bound in row] for row in plan["rows"]],
    "filter": lambda plan: [r for r in rows(plan["input"]) if value(plan["condition"], r) is True],
    "project": lambda plan: [[value(e, r) for e in plan["exprs"]] for r in rows(plan["input"])],
    "distinct": lambda plan: _unique(rows(plan["input"])),
    "sort": _sorted,
    "limit": _limited,
    "nested_loop": _joined,
    "hash_join": _joined,
    "aggregate": _grouped,
    "set": _combined,
}


# --- at random ----------------------------------------------------------------------------------


def random_plan(random, depth):
    """A plan of so many levels at most, over small tables of integers with NULLs."""
    if depth == 0 or random.random() < 0.1:
        width, height = random.randrange(1, 4), random.randrange(7)
        found = [[random.choice([None, 0, 1, 2, 3]) for _ in range(width)] for _ in range(height)]
        return values(found, *["integer"] * width)
    make = random.choice([_random_one, _random_one, _random_join, _random_set])
    return make(random, depth - 1)


def _operand(random, plan):
    if random.random() < 0.2:
        return literal(random.choice([None, 0, 1, 2]))
    return field(random.randrange(len(plan["columns"])))


def _condition(random, plan):
    made = binary(random.choice(list(COMPARE)), _operand(random, plan), _operand(random, plan))
    return binary("and", made, _condition(random, plan)) if random.random() < 0.3 else made


def _random_one(random, depth):
    plan = random_plan(random, depth)
    width = range(len(plan["columns"]))
    kind = random.choice(["filter", "project", "distinct", "sort", "limit", "aggregate"])
    if kind == "filter":
        return filter_(plan, _condition(random, plan))
    if kind == "distinct":
        return distinct(plan)
    if kind == "sort":
        keys = random.sample(width, random.randrange(1, len(width) + 1))
        return sort(plan, *[[n, random.random() < 0.5, random.random() < 0.5] for n in keys])
    if kind == "limit":
        count = random.choice([None, 0, 1, 3, 9])
        return limit(plan, count, random.choice([None, 0, 1, 2]))
    operands = [_operand(random, plan) for _ in range(random.randrange(1, 4))]
    if kind == "project":
        sums = [binary("+", e, _operand(random, plan), "integer") for e in operands[1:]]
        return project(plan, operands[0], *sums)
    names = ["count", "sum", "min", "max"]
    calls = [(random.choice(names), e, *([True] * random.randrange(2))) for e in operands]
    return aggregate(plan, [field(n) for n in random.sample(width, 1)], ("count", None), *calls)


def _random_join(random, depth):
    left, right = random_plan(random, depth), random_plan(random, depth)
    width = len(left["columns"]) + len(right["columns"])
    condition = _condition(random, {"columns": range(width)}) if random.random() < 0.6 else None
    if random.random() < 0.5:
        kind = random.choice(["inner", "left"])
        return nested_loop(kind, left, right, condition or binary("=", field(0), field(width - 1)))
    keys = [
        [_operand(random, side) for _ in range(random.choice([1, 2]))] for side in (left, right)
    ]
    shorter = min(map(len, keys))
    keys = [side[:shorter] for side in keys]
    return hash_join(random.choice(["inner", "left"]), left, right, *keys, condition)


def _random_set(random, depth):
    left, right = random_plan(random, depth), random_plan(random, depth)
    width = min(len(left["columns"]), len(right["columns"]))
    left, right = (project(side, *[field(n) for n in range(width)]) for side in (left, right))
    kind = random.choice(["union", "intersect", "except"])
    return set_(kind, random.random() < 0.5, left, right)
