"""Short sentences in which one word has two meanings: *apple* the fruit, and *Apple* the company.

Half of the sentences are about food, half about the market. Both kinds share their function words
and the word `apple`; nothing but the company it keeps tells one apple from the other.
"""

import random

from qkv.errors import QkvError

SENSES = ("fruit", "company")

_WORDS = {
    "fruit": {
        "other": ["pear", "plum", "cherry", "peach", "banana"],
        "quality": ["juicy", "ripe", "sweet", "sour", "fresh"],
        "event": ["fell from the tree", "tasted of honey", "ripened in the sun", "went into a pie"],
        "owner": ["the cook", "the gardener", "the child"],
        "did": ["peeled", "ate", "picked", "sliced"],
    },
    "company": {
        "other": ["microsoft", "nvidia", "intel", "oracle", "tesla"],
        "quality": ["profitable", "overvalued", "volatile", "cheap", "expensive"],
        "event": [
            "stock crashed today",
            "shares rose after the report",
            "reported record earnings",
            "raised its dividend",
        ],
        "owner": ["the analyst", "the investor", "the fund"],
        "did": ["bought", "sold", "downgraded", "praised"],
    },
}


def sentences(n: int, seed: int = 0) -> list[tuple[list[str], str]]:
    """Return `n` sentences as (words, sense), half of each sense, in random order.

    About one sentence in three is about apples; the others are about another fruit or company.

    Raises `QkvError` unless `n` is a positive even number.
    """
    if n < 2 or n % 2:
        raise QkvError(f"n={n} must be a positive even number: half of the sentences a sense")
    rng = random.Random(seed)
    result = [(_sentence(sense, rng), sense) for sense in SENSES for _ in range(n // 2)]
    rng.shuffle(result)
    return result


def _sentence(sense: str, rng: random.Random) -> list[str]:
    """Return one sentence of this sense as a list of words."""
    words = _WORDS[sense]
    thing = "apple" if rng.random() < 1 / 3 else rng.choice(words["other"])
    pattern = rng.choice(["was", "event", "did"])
    if pattern == "was":
        text = f"{thing} was {rng.choice(words['quality'])} and {rng.choice(words['quality'])}"
    elif pattern == "event":
        text = f"{thing} {rng.choice(words['event'])}"
    else:
        text = f"{rng.choice(words['owner'])} {rng.choice(words['did'])} {thing}"
    return text.split()
