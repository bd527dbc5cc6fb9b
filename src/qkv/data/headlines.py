"""A market whose news moves prices: headlines, daily returns, and the effect that was put in.

Forty companies are traded. On a day, some of them get a headline that is good news, bad
news or no news. Returns run from one day's close to the next one's, and come from four parts:

- the market's own move, the same for all companies, `MARKET` a day;
- each company's own luck, `LUCK` a day;
- the *jump*: `JUMP` up or down on the day of the news. The headline comes out during that day and
  the price moves with it, so at the day's close it is too late for the jump;
- the *drift*: what is left for the three days after, 4/7, 2/7 and 1/7 of `drift(day)`. It halves
  every `HALF_LIFE` days, as if more and more people traded on the same headlines.

What is true of it: everything else is luck. Weekdays, names and words have no effect of their own;
whoever finds one has found chance. `drift` is what the best reader of headlines could earn, before
costs, with a position held for three days.

What it is not: a market. Real effects are not known, their size is not constant over companies, and
prices answer to who trades. It is a place where a method of testing can be tested.
"""

import random
from typing import NamedTuple

import torch
from torch import Tensor

from qkv.errors import QkvError

N_COMPANIES = 40
MARKET, LUCK = 0.007, 0.014  # standard deviations of daily returns
JUMP = 0.015
DRIFT, HALF_LIFE = 0.004, 250  # over three days, on day 0; days
SHARES = (4 / 7, 2 / 7, 1 / 7)
RATE = 0.2  # the chance that a company has a headline on a day
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")

_FIRST = "alder birch cedar delta eagle falcon garnet harbour iris juniper".split()  # noqa: SIM905
_LAST = ("motors", "foods", "energy", "labs")
COMPANIES = tuple(f"{first} {last}" for last in _LAST for first in _FIRST)

# {c}: the company; {m}: a measure that should rise; {b}: one that should fall; {n}: a number.
FRAMES = {
    1: (
        "{c} raises {m} forecast",
        "{c} beats {m} forecast by {n} percent",
        "{m} at {c} up {n} percent",
        "{b} at {c} down {n} percent",
        "{c} cuts {b} by {n} percent",
        "{b} at {c} smaller than feared",
        "{c} wins order worth {n} million",
        "{c} settles lawsuit",
        "drop in {m} at {c} smaller than feared",
        "court clears {c} of fraud",
    ),
    -1: (
        "{c} cuts {m} forecast",
        "{c} misses {m} forecast by {n} percent",
        "{m} at {c} down {n} percent",
        "{b} at {c} up {n} percent",
        "{c} raises {b} forecast",
        "{b} at {c} larger than feared",
        "{c} loses order worth {n} million",
        "{c} faces lawsuit",
        "rise in {m} at {c} smaller than hoped",
        "court finds {c} guilty of fraud",
    ),
    0: (
        "{c} reports {m} on {d}",
        "{c} opens office number {n}",
        "{m} at {c} unchanged",
        "{c} keeps {m} forecast",
        "{c} to present plan on {d}",
        "{c} names new head of {x}",
    ),
}
MEASURES = ("profit", "sales", "margin", "output", "orders")
BURDENS = ("loss", "debt", "costs", "delays", "tax")
OFFICES = ("sales", "research", "finance", "design")


class Headline(NamedTuple):
    """One headline: the day it came out, its company's number, its words, and what it says."""

    day: int
    company: int
    words: tuple[str, ...]
    sentiment: int

    @property
    def text(self) -> str:
        """The words with blanks between them."""
        return " ".join(self.words)


class Market(NamedTuple):
    """Headlines by day; returns (days, N_COMPANIES) from the close before to the day's close."""

    headlines: list[Headline]
    returns: Tensor


def drift(day: int) -> float:
    """Return what news of a day moves prices by in the three days after it."""
    return DRIFT * 0.5 ** (day / HALF_LIFE)


def headline(rng: random.Random, day: int, company: int, sentiment: int) -> Headline:
    """Return a headline that says good news (1), bad news (-1) or none (0)."""
    if sentiment not in FRAMES:
        raise QkvError(f"sentiment={sentiment}: choose 1 (good news), -1 (bad) or 0 (none)")
    text = rng.choice(FRAMES[sentiment]).format(
        c=COMPANIES[company],
        m=rng.choice(MEASURES),
        b=rng.choice(BURDENS),
        n=rng.randint(2, 40),
        d=rng.choice(WEEKDAYS),
        x=rng.choice(OFFICES),
    )
    return Headline(day, company, tuple(text.split()), sentiment)


def load(days: int = 1_000, effect: float = 1.0, seed: int = 0) -> Market:
    """Make a market of so many days; `effect` multiplies the drift (0: news is over at the close).

    The same seed gives the same headlines and the same luck for every effect.
    """
    if days < 1:
        raise QkvError(f"days={days}: a market needs at least one day")
    rng = random.Random(seed)
    generator = torch.Generator().manual_seed(seed)
    returns = MARKET * torch.randn(days, 1, generator=generator)
    returns = returns + LUCK * torch.randn(days, N_COMPANIES, generator=generator)
    headlines = []
    for day in range(days):
        for company in range(N_COMPANIES):
            if rng.random() >= RATE:
                continue
            news = headline(rng, day, company, rng.choice((1, -1, 0)))
            headlines.append(news)
            returns[day, company] += JUMP * news.sentiment
            for later, share in enumerate(SHARES, day + 1):
                if later < days:
                    returns[later, company] += effect * drift(day) * share * news.sentiment
    return Market(headlines, returns)
