"""Takes the process to another country. Given, for the suites: dates on the wire must not notice.

What happens here happens on real machines: the clock on the wall is nine hours ahead of Greenwich,
and some library has told the system to write dates in the language of the user.
"""

from __future__ import annotations

import os
import time
from typing import Any

DAYS = {"Mon": "Mo", "Tue": "Di", "Wed": "Mi", "Thu": "Do", "Fri": "Fr", "Sat": "Sa", "Sun": "So"}
MONTHS = {"Mar": "Mär", "May": "Mai", "Oct": "Okt", "Dec": "Dez"}


def go_abroad() -> None:
    """Local time is Greenwich plus nine hours, and `strftime` knows no English, from now on."""
    os.environ["TZ"] = "JST-9"
    time.tzset()
    english = time.strftime

    def strftime(form: str, *moment: Any) -> str:
        text = english(form, *moment)
        for name, translated in (DAYS | MONTHS).items():
            text = text.replace(name, translated)
        return text

    time.strftime = strftime
