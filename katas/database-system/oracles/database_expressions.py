"""Many expressions in a few messages: what each of them is worth for a row, or which error it is.

Binding, preparing and evaluating go through the code under test; nothing is judged here.
"""


def refused(error):
    """What stands for an error of this name in the lists below."""
    return f"refused: {error}"


def told(values):
    """The same values, with booleans told from 0 and 1."""
    return [str(value).upper() if isinstance(value, bool) else value for value in values]


def parsed(kata, texts):
    """The parser's trees of these expressions."""
    return kata.script([None, "parse_expression", [text]] for text in texts)


def outcomes(kata, columns, trees, rows, params=()):
    """For each expression the list of its values for these rows; an error is one of the values.

    An expression that cannot be bound has the same error for every row.
    """
    binder = kata.Binder(columns)
    bound = kata.script([binder, "bind", [tree]] for tree in trees)
    good = [tree for tree in bound if not _is_error(tree)]
    ready = kata.script([None, "Expression", [tree]] for tree in good)
    calls = [[one, "eval", [row, list(params)]] for one in ready for row in rows]
    values = iter([_shown(value) for value in kata.script(calls)])
    return [[_shown(b) if _is_error(b) else next(values) for _ in rows] for b in bound]


def types(kata, columns, trees):
    """The types of these expressions, or their errors."""
    binder = kata.Binder(columns)
    bound = kata.script([binder, "bind", [tree]] for tree in trees)
    return [_shown(tree) if _is_error(tree) else tree["type"] for tree in bound]


def _is_error(result):
    return hasattr(result, "class_name")


def _shown(result):
    return refused(result.class_name) if _is_error(result) else result
