"""Dates as people write them, and the same dates in one exact form.

The words and the order of the parts come from the Unicode CLDR, through Babel: *Tuesday, March 5,
2019*, *3/5/19* or *mardi 5 mars 2019*. The tokens are characters. Every date lies in one century,
so that a year of two digits says which year is meant.
"""

import datetime
import random
from typing import NamedTuple

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton

from qkv.errors import QkvError

FIRST = datetime.date(1930, 1, 1)
LAST = datetime.date(2029, 12, 31)
NAMED_FORMATS = ("full", "long", "medium", "short")
SKELETONS = ("yMMMd", "yMMMEd", "yMd", "yMEd")


class DatePair(NamedTuple):
    """A date written out and its exact form, both as characters."""

    source: tuple[str, ...]
    target: tuple[str, ...]


class DateSplits(NamedTuple):
    """Training, validation and test pairs; no two share a day."""

    train: list[DatePair]
    valid: list[DatePair]
    test: list[DatePair]


def written(day: datetime.date, form: str, locale: str) -> str:
    """Return `day` in one of the forms of `NAMED_FORMATS` or `SKELETONS`, in a CLDR locale.

    >>> written(datetime.date(2019, 3, 5), "full", "fr")
    'mardi 5 mars 2019'
    """
    if form in NAMED_FORMATS:
        text = format_date(day, form, locale=locale)
    else:
        text = format_skeleton(form, day, locale=locale)
    # CLDR separates some parts by narrow or unbreakable spaces, which nobody types
    return " ".join(text.split())


def load(
    n_train: int = 10_000,
    n_valid: int = 500,
    n_test: int = 1_000,
    locale: str = "en",
    target: str = "iso",
    seed: int = 0,
) -> DateSplits:
    """Make date pairs: a day written in `locale` in any of eight forms, and the day in `target`.

    target: "iso" (2019-03-05), or a locale, whose long form is used (5 mars 2019).

    Raises `QkvError` for a locale that CLDR does not know, or for more days than a century has.
    """
    for name in (locale, target):
        if name != "iso" or name == locale:
            _check_locale(name)
    days = (LAST - FIRST).days + 1
    n = n_train + n_valid + n_test
    if min(n_train, n_valid, n_test) < 1 or n > days:
        raise QkvError(f"{n} dates asked for: choose sizes of at least 1 that sum to ≤ {days}.")
    rng, pairs = random.Random(seed), []
    for offset in rng.sample(range(days), n):
        day = FIRST + datetime.timedelta(days=offset)
        source = written(day, rng.choice(NAMED_FORMATS + SKELETONS), locale)
        exact = day.isoformat() if target == "iso" else written(day, "long", target)
        pairs.append(DatePair(tuple(source), tuple(exact)))
    end = n_train + n_valid
    return DateSplits(pairs[:n_train], pairs[n_train:end], pairs[end:])


def _check_locale(name: str) -> None:
    try:
        Locale.parse(name)
    except (UnknownLocaleError, ValueError) as error:
        message = f"{name!r} is no locale that CLDR knows: try 'en', 'fr' or 'de_CH'."
        raise QkvError(message) from error
