"""Scripts of queries and their answers, in the format of sqllogictest.

    statement ok | statement error          the statement must succeed, or fail
    query TYPES [SORTMODE] [LABEL] [...]    TYPES: I integer, T text, R real, one letter a column;
    SELECT ...                              SORTMODE: nosort, rowsort, valuesort
    ----
    the values, one a line; or the values of a row side by side, if the query is one of ours;
    or: N values hashing to MD5
    skipif ENGINE | onlyif ENGINE           above a record: not for this engine, or only for it
    hash-threshold N | halt

Added here, behind the sort mode of a query: `ensure:OP`, the plan has such a node, `without:OP`, it
has none, and `steps<=N`, the store is asked for so many items at most.
"""

import hashlib
from dataclasses import dataclass, field

ENGINE = "postgresql"  # the engine whose records are run


@dataclass
class Record:
    """One record of a script."""

    line: int
    kind: str  # "ok", "error" or "query"
    sql: str
    types: str = ""
    sort: str = "nosort"
    demands: list = field(default_factory=list)
    expected: list = field(default_factory=list)  # lines below ----


def records(text):
    """The records of a script that are for this engine."""
    found, skip = [], False
    for number, block in _blocks(text):
        head, rest = block[0].split("#")[0].split(), block[1:]
        if head[0] in ("skipif", "onlyif"):
            skip = skip or (head[1] == ENGINE) == (head[0] == "skipif")
            if not rest:
                continue
            block, number = rest, number + 1
            while block and block[0].startswith(("skipif", "onlyif")):
                word, engine = block[0].split()[:2]
                skip = skip or (engine == ENGINE) == (word == "skipif")
                block, number = block[1:], number + 1
            head, rest = block[0].split("#")[0].split(), block[1:]
        if head[0] == "halt" and not skip:
            break
        if head[0] in ("statement", "query") and not skip:
            found.append(_record(number, head, rest))
        skip = False
    return found


def _blocks(text):
    """(line number, lines) of what stands between empty lines, comments left out."""
    block, start = [], 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.startswith("#"):
            continue
        if line.strip():
            start = start or number
            block.append(line)
        elif block:
            yield start, block
            block, start = [], 0


def _record(number, head, rest):
    if head[0] == "statement":
        return Record(number, head[1], "\n".join(rest))
    at = rest.index("----") if "----" in rest else len(rest)
    options = head[2:]
    sort = options[0] if options and options[0] in ("nosort", "rowsort", "valuesort") else "nosort"
    demands = [word for word in options if ":" in word or "<=" in word]
    return Record(number, "query", "\n".join(rest[:at]), head[1], sort, demands, rest[at + 1 :])


def answer(rows, types, sort):
    """The values of a result as lines, in the order that the sort mode asks for."""
    shown = [[shown_value(v, t) for v, t in zip(row, types, strict=True)] for row in rows]
    if sort == "rowsort":
        shown.sort()
    values = [value for row in shown for value in row]
    return sorted(values) if sort == "valuesort" else values


def shown_value(value, letter):
    """A value as the format writes it."""
    if value is None:
        return "NULL"
    if letter == "R":
        return f"{float(value):.3f}"
    if letter == "I":
        return str(int(value))
    text = {True: "t", False: "f"}[value] if isinstance(value, bool) else str(value)
    return "".join(c if " " <= c <= "~" else "@" for c in text) or "(empty)"


def agrees(record, rows):
    """Why a result is not what the record says; empty if it is."""
    if rows and len(rows[0]) != len(record.types):
        return f"{len(rows[0])} columns for the types {record.types}"
    values, expected = answer(rows, record.types, record.sort), record.expected
    if len(expected) == 1 and " values hashing to " in expected[0]:
        count, _, _, _, digest = expected[0].split()
        hashed = hashlib.md5("".join(f"{value}\n" for value in values).encode()).hexdigest()
        same = int(count) == len(values) and digest == hashed
        return "" if same else f"{len(values)} values hashing to {hashed}, not {expected[0]}"
    if len(record.types) > 1 and len(expected) * len(record.types) == len(values):
        expected = [word for line in expected for word in line.split()]
    if values != expected:
        return f"expected {' '.join(expected)[:300]!r}, got {' '.join(values)[:300]!r}"
    return ""


def unmet(record, ops, steps):
    """What the record demands of the plan's operators and the number of steps, and is not so."""
    for demand in record.demands:
        word, _, value = demand.replace("<=", ":").partition(":")
        wrong = {"ensure": value not in ops, "without": value in ops}.get(word)
        if wrong or (word == "steps" and steps > int(value)):
            return f"{demand} is not met: {sorted(ops)}, {steps} steps"
    return ""


def operators(plan):
    """The names of all operators in a plan, those of subqueries included."""
    if isinstance(plan, list):
        return {op for part in plan for op in operators(part)}
    if not isinstance(plan, dict):
        return set()
    own = {plan["op"]} if "columns" in plan and "op" in plan else set()
    return own.union(*(operators(part) for part in plan.values()))
