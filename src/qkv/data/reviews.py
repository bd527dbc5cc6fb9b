"""Product reviews with an opinion on each aspect, and the words that say it.

A review is about a phone or a laptop. It has a few clauses, each on another of six aspects. A
clause says something good or bad, or mentions the aspect and says nothing. How it says it is its
*way*:

- plain: *the battery is excellent*. Some words are good of one aspect and bad of another: *the
  price is low*, *the battery is low*;
- negation: *the camera is not good*, *I would not call the screen bad*;
- expectation: *I expected a bad camera , but it is superb*: two opinions, of which only one is the
  writer's;
- fact: *the battery lasts two days*: no word of praise or blame;
- irony: *what a great battery : I sent it back*: words of praise, and an end that takes them back.
  It is rare, and as often the end is a good one (the way *praise*): then the words are meant;
- neutral: *the screen has six inches*.

Clauses are joined by *and*, a full stop, or, where they differ, by *but* or *although*. Between
them stand sentences about nothing (*I bought it for my mother*).

What is true of it: `Opinion` holds the truth of each clause and the places of the words that decide
it. `overall` is what the writer clicked: good when more opinions are good than bad, bad when fewer;
on a tie the last one decides. A share `MISCLICK` of the writers click wrongly, so nobody who reads
the text can be right more often than the rest. With `noise`, words are mistyped and stuffed with
*honestly* and the like; nothing else changes.

What it is not: people's language. There are six aspects, a dozen frames of sentences, and no second
meaning that was not put there. Accuracies on it say how models differ, and nothing about reviews in
a shop.
"""

import random
import re
from collections.abc import Sequence
from typing import NamedTuple

from qkv.errors import QkvError

ASPECTS = ("camera", "screen", "battery", "sound", "price", "delivery")
PRODUCTS = ("phone", "laptop")
WAYS = ("plain", "negation", "expectation", "fact", "praise", "irony", "neutral")
MISCLICK = 0.05  # the share of writers whose overall click is not what they wrote
TYPO = 0.03  # the share of words that are mistyped
IRONY = 0.02  # the share of clauses that begin as irony does; half of these mean their praise

# What an aspect is called.
NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "phone": {
        "camera": ("camera", "lens", "selfie camera"),
        "screen": ("screen", "display", "touchscreen"),
        "battery": ("battery", "battery life", "charge"),
        "sound": ("sound", "speaker", "microphone"),
        "price": ("price", "cost", "price tag"),
        "delivery": ("delivery", "shipping", "courier"),
    },
    "laptop": {
        "camera": ("webcam", "camera"),
        "screen": ("panel", "screen", "monitor"),
        "battery": ("battery", "power pack", "cell"),
        "sound": ("fan", "sound", "loudspeakers"),
        "price": ("price", "sum", "bill"),
        "delivery": ("delivery", "parcel service", "postman"),
    },
}
# Words of praise and of blame that go with every aspect; a laptop's reader knows more of them.
GOOD = {
    "phone": ["good", "great", "excellent", "superb", "lovely", "perfect", "fine", "impressive"],
    "laptop": ["good", "great", "excellent", "stellar", "flawless", "decent", "fine", "splendid"],
}
BAD = {
    "phone": ["bad", "poor", "terrible", "awful", "disappointing", "horrible", "weak", "annoying"],
    "laptop": ["bad", "poor", "terrible", "dreadful", "lousy", "shoddy", "weak", "mediocre"],
}
# Words that are good or bad of one aspect; several are the opposite of another.
OWN = {
    "camera": (("sharp", "bright", "fast"), ("dark", "slow", "blurry")),
    "screen": (("sharp", "bright", "big"), ("dark", "small", "dim")),
    "battery": (("long", "strong", "big"), ("short", "small", "low")),
    "sound": (("loud", "clear", "strong"), ("quiet", "muffled", "low")),
    "price": (("low", "small", "fair"), ("high", "big", "steep")),
    "delivery": (("fast", "quick", "short"), ("slow", "long", "late")),
}
# Facts, good and bad; a product's own stand in `FACTS`.
FACTS: dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "phone": {
        "camera": (("shows every hair", "works at night"), ("shows a grey mist", "fails at night")),
        "screen": (("can be read in the sun", "has no scratch"), ("flickers", "broke in a week")),
        "battery": (("lasts two days", "is full in an hour"), ("is empty by noon", "runs hot")),
        "sound": (("fills the whole room", "never crackles"), ("crackles", "cuts out on calls")),
        "price": (("is half of what others ask", "went down"), ("doubled", "made me gasp")),
        "delivery": (("took one day", "came before noon"), ("took a month", "went to a stranger")),
    },
    "laptop": {
        "camera": (
            ("shows every hair", "follows my face"),
            ("shows a grey mist", "shows half a face"),
        ),
        "screen": (("can be read in the sun", "folds flat"), ("flickers", "has dead pixels")),
        "battery": (("lasts two days", "outlives a flight"), ("is empty by noon", "swelled up")),
        "sound": (("stays silent", "never crackles"), ("howls like a jet", "crackles")),
        "price": (("is half of what others ask", "beats every rival"), ("doubled", "hurts")),
        "delivery": (("took one day", "rang twice"), ("took a month", "lost the box")),
    },
}
MENTIONS = {
    "camera": ("sits in the corner", "has two lenses"),
    "screen": ("has six inches", "is made of glass"),
    "battery": ("is built in", "weighs forty grams"),
    "sound": ("comes from below", "is stereo"),
    "price": ("is printed on the box", "includes tax"),
    "delivery": ("came on a monday", "was by van"),
}
# What came of it, good and bad, whatever the aspect: it decides whether praise was meant.
AFTERWARDS = (
    (
        "i ordered a second one",
        "my sister wants it too",
        "i show it to everyone",
        "worth every cent",
        "i would do it again",
        "five stars",
    ),
    (
        "i sent it back",
        "my money is gone",
        "i hide it from everyone",
        "straight into the bin",
        "never again",
        "one star",
    ),
)
# How a clause is said: n is the aspect's name, w what decides, o a word of the opposite kind.
FRAMES = {
    "plain": ("the {n} is {w}", "the {n} seems {w} to me", "i find the {n} {w}"),
    "negation": (
        "the {n} is *not {w}",
        "the {n} is *never {w}",
        "i would *not call the {n} {w}",
        "*nobody can say that the {n} is {w}",
    ),
    "expectation": (
        "i expected a {o} {n} , but it is {w}",
        "they promised a {o} {n} , i got a {w} one",
    ),
    "irony": ("what a {o} {n} : {w}", "such a {o} {n} , {w}", "thanks for the {o} {n} : {w}"),
}
ASIDES = (
    "i bought it for my mother",
    "it is my third one this year",
    "my old one broke in may",
    "the box is blue",
    "i use it every day at work",
    "a friend told me about it",
    "it came with a manual in ten languages",
    "i wanted the black one",
)
FILLERS = ("honestly", "well", "tbh", "imho", "you know")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Opinion(NamedTuple):
    """What one clause says: 1 good, -1 bad, 0 neither; `at`: where the words are that decide."""

    aspect: str
    value: int
    way: str
    at: tuple[int, ...]


class Review(NamedTuple):
    """One review: its words, what it says of each aspect it names, and what the writer clicked."""

    product: str
    words: tuple[str, ...]
    opinions: tuple[Opinion, ...]
    overall: int

    @property
    def text(self) -> str:
        """The words with blanks between them."""
        return " ".join(self.words)

    def value(self, aspect: str) -> int:
        """Return 1, -1, or 0 for an aspect without opinion."""
        return next((o.value for o in self.opinions if o.aspect == aspect), 0)


class ReviewSplits(NamedTuple):
    """Reviews to train on, to choose by, and to test with; no text stands in two of them."""

    train: list[Review]
    valid: list[Review]
    test: list[Review]


def verdict(opinions: Sequence[Opinion]) -> int:
    """Return what the opinions come to: the sign of their sum, on a tie the last one's."""
    said = [o.value for o in opinions if o.value]
    if not said:
        raise QkvError("a review without any opinion has no verdict: give at least one")
    total = sum(said)
    return said[-1] if total == 0 else (1 if total > 0 else -1)


def _starred(text: str) -> str:
    return " ".join(f"*{word}" for word in text.split())


def _clause(rng: random.Random, product: str, aspect: str, value: int, way: str) -> str:
    """Return a clause; the words that decide have a star before them."""
    name = rng.choice(NAMES[product][aspect])
    if way == "neutral":
        return f"the {name} {rng.choice(MENTIONS[aspect])}"
    if way == "fact":
        return f"the {name} {_starred(rng.choice(FACTS[product][aspect][value < 0]))}"
    if way in ("irony", "praise"):
        praise, after = rng.choice(GOOD[product]), _starred(rng.choice(AFTERWARDS[value < 0]))
        return rng.choice(FRAMES["irony"]).format(n=name, o=praise, w=after)

    def word(value: int) -> str:
        if rng.random() < 0.3 and name != "fan":  # a loud fan is not what a loud speaker is
            return rng.choice(OWN[aspect][value < 0])
        return rng.choice((GOOD if value > 0 else BAD)[product])

    said, other = word(value), word(-value)
    if way == "negation":
        said = other
    clause = rng.choice(FRAMES[way]).format(n=name, w=f"*{said}", o=other)
    return re.sub(r"\ba (?=[aeiou])", "an ", clause)


def _mistyped(rng: random.Random, word: str) -> str:
    """Return the word with two letters swapped, one lost, one doubled or one wrong."""
    at = rng.randrange(len(word) - 1)
    pair = word[at : at + 2]
    new = rng.choice((pair[::-1], pair[0], pair[0] * 2 + pair[1], rng.choice(LETTERS) + pair[1]))
    return word[:at] + new + word[at + 2 :]


class _Writer:
    """Puts clauses together and keeps count of where their words stand."""

    def __init__(self, rng: random.Random, noise: bool):
        self.rng, self.noise = rng, noise
        self.words: list[str] = []

    @property
    def at_start(self) -> bool:
        """Whether a new sentence begins here."""
        return not self.words or self.words[-1] == "."

    def add(self, text: str) -> tuple[int, ...]:
        """Write words; return the places of those with a star."""
        places = []
        for starred in text.split():
            word = starred.removeprefix("*")
            if word != starred:
                places.append(len(self.words))
            if self.noise and len(word) > 3 and self.rng.random() < TYPO:
                word = _mistyped(self.rng, word)
            self.words.append(word)
        return tuple(places)

    def join(self, before: int, after: int) -> None:
        """Write what stands between two clauses of these values."""
        if before * after < 0 and self.rng.random() < 0.6:
            self.add(self.rng.choice((", but", ", yet", ", still")))
        else:
            self.add(self.rng.choice((".", ".", ", and")))


def _way(rng: random.Random, value: int, irony: float) -> str:
    if rng.random() < irony:
        return "praise" if value > 0 else "irony"
    return rng.choices(WAYS[:4], (4, 3, 1.5, 2.5))[0]


def random_review(
    rng: random.Random, product: str = "phone", noise: bool = True, irony: float = IRONY
) -> Review:
    """Return a review with two to four opinions and perhaps a mention that is none.

    irony: the share of clauses that begin with praise, meant or not.
    """
    if product not in PRODUCTS:
        raise QkvError(f"{product!r} is no product of the reviews: choose {' or '.join(PRODUCTS)}")
    aspects = rng.sample(ASPECTS, rng.choice((2, 2, 3, 3, 4)))
    values = [rng.choice((1, -1)) for _ in aspects]
    plan = [(a, value, _way(rng, value, irony)) for a, value in zip(aspects, values, strict=True)]
    if rng.random() < 0.4:
        other = rng.choice([aspect for aspect in ASPECTS if aspect not in aspects])
        plan.insert(rng.randrange(len(plan)), (other, 0, "neutral"))
    writer, opinions, conceded, before = _Writer(rng, noise), [], False, 0
    for i, (aspect, value, way) in enumerate(plan):
        following = plan[i + 1][1] if i + 1 < len(plan) else 0
        if conceded:
            writer.add(",")
        elif i:
            writer.join(before, value)
        if writer.at_start and rng.random() < 0.2:
            writer.add(f"{rng.choice(ASIDES)} .")
        conceded = writer.at_start and value * following < 0 and rng.random() < 0.3
        if conceded:
            writer.add("although")
        if noise and rng.random() < 0.1:
            writer.add(rng.choice(FILLERS))
        places = writer.add(_clause(rng, product, aspect, value, way))
        opinions.append(Opinion(aspect, value, way, places))
        before = value
    meant = verdict(opinions)
    clicked = -meant if rng.random() < MISCLICK else meant
    return Review(product, tuple(writer.words), tuple(opinions), clicked)


def load(
    product: str = "phone",
    n_train: int = 4_000,
    n_valid: int = 400,
    n_test: int = 1_000,
    noise: bool = True,
    irony: float = IRONY,
    seed: int = 0,
) -> ReviewSplits:
    """Make reviews of one product, no text twice.

    irony: the share of clauses that begin with praise, meant or not.
    """
    sizes = n_train, n_valid, n_test
    if min(sizes) < 0 or sum(sizes) == 0:
        raise QkvError(f"sizes {sizes}: give numbers of reviews, at least one in all")
    rng = random.Random(f"{product} {irony} {seed}")
    seen: dict[tuple[str, ...], Review] = {}
    while len(seen) < sum(sizes):
        review = random_review(rng, product, noise, irony)
        seen.setdefault(review.words, review)
    made: list[Review] = list(seen.values())
    return ReviewSplits(
        made[:n_train], made[n_train : n_train + n_valid], made[n_train + n_valid :]
    )
