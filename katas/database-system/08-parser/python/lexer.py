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
    raise NotImplementedError("08-parser: tokenize")
