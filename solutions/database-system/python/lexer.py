"""From text to tokens: the words, numbers, strings and signs of SQL, and where each begins.

    keyword   one of KEYWORDS, in any case             select  SELECT  Select
    name      any other word, or anything in quotes    people  "Two Words"  "5"" disks"
    integer   digits                                   42
    real      with a point, an exponent, or both       1.  .5  1e9  2.5E-3
    string    '...', or with escapes E'...'            'it''s'  E'it\\'s'
    param     $ and digits                             $1
    op        <= >= <> || :: !~ = < > + - * / % ~ ( ) [ ] , ; .      (!= is read as <>)
    end       the end of the text, once

Between tokens may stand blanks, "--" comments up to the end of the line, and comments between slash-star
and star-slash, one inside of another.
PostgreSQL's lexer knows some 480 words, and operators that users define; the rest is as here.
"""

from __future__ import annotations

import re
from typing import Any

from kit.errors import FeatureNotSupported, OutOfRange, SqlSyntaxError

Token = list[Any]  # [kind, value, offset]

# Words that are no name of a table, a column or an alias, unless in double quotes.
RESERVED = frozenset(
    "all and any array as asc case cast check collate constraint create cross default desc distinct "
    "else end except false fetch for foreign from full group having ilike in inner intersect into is "
    "join lateral left like limit natural not null offset on only or order outer primary references "
    "returning right select similar some table then to true union unique using when where window "
    "with".split()
)
# Words that mean something in one place, and are names like any other everywhere else.
UNRESERVED = frozenset(
    "abort begin between by cascade commit deallocate delete discard drop escape exists explain "
    "filter first if index insert key last nulls operator over prepare release restrict rollback "
    "savepoint set show start transaction update values view work".split()
)
KEYWORDS = RESERVED | UNRESERVED

# BEGIN SOLUTION: helpers
TOKEN = re.compile(
    r"""
      (?P<blank>    [ \t\n\r\f\v]+ | --[^\n\r]* )
    | (?P<comment>  /\* )
    | (?P<escaped>  [eE]' (?: [^'\\]++ | \\. | '' )*+ ' )
    | (?P<string>   ' (?: [^']++ | '' )*+ ' )
    | (?P<quoted>   " (?: [^"]++ | "" )*+ " )
    | (?P<open>     [eE]?' | " )
    | (?P<number>   (?: [0-9]+ (?: \.[0-9]* )? | \.[0-9]+ ) (?: [eE][+-]?[0-9]+ )? )
    | (?P<param>    \$[0-9]+ )
    | (?P<word>     [A-Za-z_\u0080-\U0010ffff] [A-Za-z0-9_$\u0080-\U0010ffff]* )
    | (?P<op>       <= | >= | <> | != | \|\| | :: | !~ | [-+*/%=<>~()\[\],;.] )
    """,
    re.VERBOSE | re.DOTALL,
)
WORD_BEGINS = re.compile(r"[A-Za-z_\u0080-\U0010ffff]")
COMMENT_EDGE = re.compile(r"/\*|\*/")
ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
FOLD = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
MOST_DIGITS = 1000  # far beyond any integer, and still quick to read
# END SOLUTION


def tokenize(sql: str) -> list[Token]:
    """Return the tokens of a text, each [kind, value, offset]; the last is ["end", None, length].

    Offsets count characters from 0. The value of a keyword or a name without quotes is in lower
    case (A to Z only: other letters stay), that of a quoted one as it stands, with each doubled
    quote single. The value of a number is a number, of whatever size; of a param, its number; of a
    string, its text. In E'...' a backslash and b, f, n, r or t are one character, as in most
    languages; a backslash and any other character are that character.

    Raises SqlSyntaxError, whose message says "offset N": for a string, a quoted name or a comment
    that does not end (N is where it begins), a quoted name without characters, a number or param with a
    letter or underscore directly behind it (N is where it begins), and a character that begins no
    token. Raises OutOfRange for an integer or param of more than 1,000 digits, or a real that is
    beyond what 64 bits can hold; FeatureNotSupported for an escape by number: a backslash and a
    digit 0 to 7, x, u or U.
    """
    # BEGIN SOLUTION
    tokens: list[Token] = []
    at = 0
    while at < len(sql):
        found = TOKEN.match(sql, at)
        if found is None:
            raise SqlSyntaxError(f"{sql[at]!r} begins nothing in SQL, at offset {at}")
        kind, text, end = str(found.lastgroup), found.group(), found.end()
        if kind == "comment":
            end = _end_of_comment(sql, at)
        elif kind != "blank":
            _check(sql, kind, at, end)
            tokens.append([*READERS[kind](text), at])
        at = end
    return [*tokens, ["end", None, len(sql)]]
    # END SOLUTION


# BEGIN SOLUTION: helpers
def _end_of_comment(sql: str, start: int) -> int:
    """Where the comment ends that begins at `start`, with all that are inside of it."""
    depth = 0
    for edge in COMMENT_EDGE.finditer(sql, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    raise SqlSyntaxError(f"a comment does not end; it begins at offset {start}")


def _check(sql: str, kind: str, start: int, end: int) -> None:
    if kind == "open":
        raise SqlSyntaxError(f"a quote is not closed; it opens at offset {start}")
    if kind == "quoted" and end - start == 2:
        raise SqlSyntaxError(f"a name has no characters, at offset {start}")
    if kind in ("number", "param") and WORD_BEGINS.match(sql, end):
        raise SqlSyntaxError(f"a number and a word need a blank between, at offset {start}")


def _word(text: str) -> Token:
    folded = text.translate(FOLD)
    return ["keyword" if folded in KEYWORDS else "name", folded]


def _number(text: str) -> Token:
    if text.isdigit():
        return ["integer", _whole(text)]
    value = float(text)
    if value == float("inf"):
        raise OutOfRange(f"{text[:40]} is too large for a real")
    return ["real", value]


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise OutOfRange(f"a number of {len(digits)} digits is too large")
    return int(digits)


def _escaped(found: re.Match[str]) -> str:
    character = found.group(1)
    if character is None:
        return "'"
    if character in "01234567xuU":
        raise FeatureNotSupported(f"an escape by number: \\{character}")
    return ESCAPES.get(character, character)


READERS = {  # from the text of a token to its kind and value
    "word": _word,
    "number": _number,
    "param": lambda text: ["param", _whole(text[1:])],
    "op": lambda text: ["op", "<>" if text == "!=" else text],
    "string": lambda text: ["string", text[1:-1].replace("''", "'")],
    "quoted": lambda text: ["name", text[1:-1].replace('""', '"')],
    "escaped": lambda text: ["string", ESCAPE.sub(_escaped, text[2:-1])],
}
# END SOLUTION
