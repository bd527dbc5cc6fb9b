"""A simulated shop: who clicked what on which day, and the most that any recommender could know.

The shop has 120 products in ten departments, and four more that come on sale with the last month.
A customer is of one of six kinds. At each click one of two things happens:

- with the chance `ON_ERRAND` the customer goes on with an *errand*, a list of five products that
  are wanted in this order (a tent, then a ground sheet, …);
- otherwise the customer looks around, and clicks what the kind likes, the season asks for and many
  look at. The errand waits meanwhile, and is taken up again where it stood.

When an errand is done, or the customer `GIVES_UP` on it, a new one follows; kind and month decide
which. Three products of each department stand in two errands, so that the last click alone does
not say what comes next.

The rules are known, so `chances` can work out how probable each product is at each click, given the
clicks before: no recommender that sees the clicks can be right more often, except by luck.

What the shop is not: nobody has a taste of their own beside the kind, nobody compares prices, reads
reviews or buys the same thing every week, and what is recommended changes nothing about the clicks.
"""

import random
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from qkv.errors import QkvError

SHELVES = {
    "garden": "spade, seed trays, compost, tomato seeds, plant labels, rake, garden twine, "
    "grass seed, sprinkler, bean poles, watering can, slug traps",
    "kitchen": "saucepan, wooden spoon, apron, cookery book, oven gloves, mixer, measuring jug, "
    "cake tin, icing bag, coffee mill, coffee filters, coffee cups",
    "camping": "tent, ground sheet, lantern, batteries, torch, hammock, rope, mosquito net, "
    "folding chair, camp stove, gas cartridge, mess tin",
    "sewing": "sewing machine, bobbins, thread, scissors, pattern paper, knitting needles, "
    "tape measure, wool, stitch markers, zip fasteners, buttons, pins",
    "cycling": "bicycle helmet, bicycle lock, repair kit, air pump, tyre levers, panniers, "
    "lights, rain cape, phone holder, child seat, reflectors, bell",
    "painting": "easel, canvas, brushes, oil paints, turpentine, sketch pad, pencils, "
    "watercolours, masking tape, wall paint, paint roller, dust sheet",
    "baby": "pram, rain cover, blanket, bottles, bottle brush, cot, night light, mobile, "
    "baby monitor, high chair, bibs, plastic plates",
    "music": "guitar, guitar strings, tuner, music stand, metronome, ukulele, songbook, "
    "capo, gig bag, keyboard, headphones, piano stool",
    "desk": "office chair, desk lamp, notebook, fountain pen, ink, monitor, cable ties, webcam, "
    "microphone, filing box, labels, hole punch",
    "winter": "sledge, snow boots, gloves, hand warmers, thermos flask, skis, ski wax, "
    "goggles, helmet liner, bird feeder, sunflower seeds, fat balls",
}
LAUNCHED = {
    "kitchen": "air fryer",
    "music": "pocket synthesiser",
    "desk": "standing desk",
    "winter": "heated socks",
}
DEPARTMENTS = tuple(SHELVES)
N_BEFORE = 120  # products from the first day on
PRODUCTS = tuple(name for shelf in SHELVES.values() for name in shelf.split(", ")) + tuple(
    LAUNCHED.values()
)
DEPARTMENT_OF = tuple(i // 12 for i in range(N_BEFORE)) + tuple(
    DEPARTMENTS.index(name) for name in LAUNCHED
)
# errands by a department's products: 2, 3 and 6 stand in two of the three
ERRANDS_OF_A_SHELF = ((0, 1, 2, 3, 4), (5, 6, 2, 7, 8), (9, 6, 10, 3, 11))
ERRANDS = tuple(
    tuple(12 * shelf + i for i in errand)
    for shelf in range(len(DEPARTMENTS))
    for errand in ERRANDS_OF_A_SHELF
)
KINDS = {  # what a kind likes most, and next
    "gardener": ("garden", "camping"),
    "cook": ("kitchen", "desk"),
    "maker": ("sewing", "painting"),
    "cyclist": ("cycling", "winter"),
    "parent": ("baby", "kitchen"),
    "musician": ("music", "desk"),
}
SHARES = (0.22, 0.20, 0.16, 0.16, 0.14, 0.12)  # of the kinds among customers
MONTHS, DAYS = 12, 360  # of 30 days each
PEAKS = {"garden": 4, "camping": 6, "cycling": 5, "winter": 11, "baby": 8, "music": 10}
ON_ERRAND, GIVES_UP = 0.6, 0.04
NEWS = 4.0  # how many times as often as the best-known product of its shelf a new one is looked at


class Click(NamedTuple):
    """A product by its number in `PRODUCTS`, on a day from 0 to 359; the first is 1 January."""

    day: int
    product: int

    @property
    def month(self) -> int:
        """The month, from 0 to 11."""
        return self.day // 30


class Customer(NamedTuple):
    """One customer's clicks in order, and what no shop is told.

    kind: the place in `KINDS`. on_errand: for each click, whether it belonged to an errand.
    """

    clicks: tuple[Click, ...]
    kind: int
    on_errand: tuple[bool, ...]


@cache
def looks() -> np.ndarray:
    """Return how often each kind clicks each product while looking around.

    Shape (kinds, months, products); each row sums to 1. Before the last month nobody clicks what
    is not yet on sale.
    """
    known = np.array([1 / (1 + i % 12) ** 0.7 for i in range(N_BEFORE)] + [NEWS] * len(LAUNCHED))
    rates = _wishes()[:, :, DEPARTMENT_OF] * known
    rates[:, : MONTHS - 1, N_BEFORE:] = 0
    return rates / rates.sum(2, keepdims=True)


@cache
def new_errands() -> np.ndarray:
    """Return how often each kind begins each errand: (kinds, months, errands); rows sum to 1."""
    rates = _wishes()[:, :, [DEPARTMENT_OF[errand[0]] for errand in ERRANDS]]
    return rates / rates.sum(2, keepdims=True)


def _wishes() -> np.ndarray:
    """Return how much each kind wants of each department: (kinds, months, departments)."""
    taste = np.full((len(KINDS), len(DEPARTMENTS)), 0.35)
    for kind, (most, next_most) in enumerate(KINDS.values()):
        taste[kind, DEPARTMENTS.index(most)] = 5.0
        taste[kind, DEPARTMENTS.index(next_most)] = 2.5
    season = np.ones((MONTHS, len(DEPARTMENTS)))
    for name, peak in PEAKS.items():
        away = np.abs(np.arange(MONTHS) - peak)
        away = np.minimum(away, MONTHS - away)
        season[:, DEPARTMENTS.index(name)] = 0.3 + 2.7 * np.exp(-((away / 1.8) ** 2))
    return taste[:, None] * season


def _picked(rng: random.Random, chances: np.ndarray) -> int:
    return rng.choices(range(len(chances)), chances.tolist())[0]


def random_customer(rng: random.Random) -> Customer:
    """Return a customer who comes first on some day of the year, and clicks at least once."""
    kind = rng.choices(range(len(KINDS)), SHARES)[0]
    day = float(rng.randrange(DAYS))
    errand, at = _picked(rng, new_errands()[kind, int(day) // 30]), 0
    clicks, on_errand = [], []
    while day < DAYS:
        for _ in range(1 + min(7, int(rng.expovariate(0.5)))):
            month = int(day) // 30
            if at == len(ERRANDS[errand]) or rng.random() < GIVES_UP:
                errand, at = _picked(rng, new_errands()[kind, month]), 0
            goes_on = rng.random() < ON_ERRAND
            product = ERRANDS[errand][at] if goes_on else _picked(rng, looks()[kind, month])
            at += goes_on
            clicks.append(Click(int(day), product))
            on_errand.append(goes_on)
        if rng.random() < 0.05:  # never comes back
            break
        day += rng.expovariate(1 / 12)
    return Customer(tuple(clicks), kind, tuple(on_errand))


def load(n_customers: int = 2_000, seed: int = 0) -> list[Customer]:
    """Return the customers of a year, in no order. The same seed makes the same customers."""
    if n_customers < 1:
        raise QkvError(f"n_customers={n_customers}: a shop needs at least one")
    rng = random.Random(seed)
    return [random_customer(rng) for _ in range(n_customers)]


def chances(clicks: Sequence[Click], kind: int | None = None) -> np.ndarray:
    """Return how probable each product is at each click, given those before: (clicks, products).

    Knows the shop's rules and the days, not the customer. It keeps a belief over kind, errand and
    place in the errand, and corrects it after each click by Bayes' rule: nothing is approximated.
    kind: the customer's, if it is to be known from the start.
    """
    trails = np.array(ERRANDS)
    n_kinds, (n_errands, length) = len(KINDS), trails.shape
    prior = np.array(SHARES) if kind is None else np.eye(n_kinds)[kind]
    # belief[:, :, k]: k of the errand's products are clicked; `length` of them: a new one follows
    belief = np.zeros((n_kinds, n_errands, length + 1))
    belief[:, 0, length] = prior  # as if an errand had just been done
    found = np.zeros((len(clicks), len(PRODUCTS)))
    for row, click in enumerate(clicks):
        ended = belief[:, :, length].sum(1) + GIVES_UP * belief[:, :, :length].sum((1, 2))
        belief[:, :, :length] *= 1 - GIVES_UP
        belief[:, :, length] = 0
        belief[:, :, 0] += ended[:, None] * new_errands()[:, click.month]
        going = belief[:, :, :length]
        np.add.at(found[row], trails, ON_ERRAND * going.sum(0))
        around = (1 - ON_ERRAND) * looks()[:, click.month]  # (kinds, products)
        found[row] += going.sum((1, 2)) @ around
        after = np.zeros_like(belief)
        after[:, :, :length] = going * around[:, click.product, None, None]
        after[:, :, 1:] += ON_ERRAND * going * (trails == click.product)
        if not after.any():
            raise QkvError(
                f"nobody clicks {PRODUCTS[click.product]!r} on day {click.day}: it comes on sale "
                f"on day {DAYS - 30}"
            )
        belief = after / after.sum()
    return found
