"""English sentences and their French translations, made by a feature grammar.

The grammar builds both sentences from one meaning, so it knows which word came from which: every
pair carries its true alignment. Sentences have 3 to 40 words. The English past is always the
passé composé, except for *was* and *were* before an adjective or a place, which are the imparfait.
One source has one reference.
"""

import random
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple

from qkv.data import lexicon as lex
from qkv.data.grammar import Writer
from qkv.data.pairs import Pair, check_tokens
from qkv.errors import QkvError

MAX_LENGTH = 40
# Upper ends of the length bands, and the share of the training sentences in each: short ones are
# more frequent, as in any corpus, but every band has enough. The tests have equal shares.
BANDS = {6: 0.18, 12: 0.28, 18: 0.20, 24: 0.14, 30: 0.11, MAX_LENGTH: 0.09}
EQUAL = dict.fromkeys(BANDS, 1 / len(BANDS))
HELD_OUT_SHARE = 0.1


def _combinations() -> Iterator[tuple[str, str]]:
    for kind in lex.NOUNS:
        for noun in lex.NOUNS[kind]:
            for adjective in lex.FITTING[noun]:
                yield adjective.en, noun.en[0]
            for verb in lex.TRANSITIVE:
                if kind in verb.objects:
                    yield verb.en[0], noun.en[0]


def held_out_combinations() -> frozenset[tuple[str, str]]:
    """Return the (adjective, noun) and (verb, object) pairs that only the last split contains.

    The choice is fixed: one combination in ten, the same for every seed of the data.
    """
    combinations = sorted(_combinations())
    return frozenset(
        random.Random(2014).sample(combinations, int(HELD_OUT_SHARE * len(combinations)))
    )


def _sentence(rng: random.Random, target: int, avoid: Collection[tuple[str, str]]) -> Pair:
    while True:
        pair = Writer(rng, target, avoid).sentence()
        if len(pair.source) <= MAX_LENGTH:
            return pair


def generate(
    n: int,
    rng: random.Random,
    avoid: Collection[tuple[str, str]] = frozenset(),
    taken: Collection[tuple[str, ...]] = (),
    keep: Callable[[Pair], Any] | None = None,
    shares: dict[int, float] = BANDS,
) -> list[Pair]:
    """Return `n` pairs with different sources, none of them in `taken`, in bands by `shares`.

    No sentence uses a combination in `avoid`; `keep(pair)` may turn sentences down.
    """
    bands = list(shares)
    left = {band: round(n * share) for band, share in shares.items()}
    left[bands[-1]] += n - sum(left.values())
    sources = set(taken)
    pairs: list[Pair] = []
    targets = [length for band in bands for length in [band - 1] * left[band]]
    rng.shuffle(targets)
    while len(pairs) < n:
        target = targets[len(pairs)]
        band = next(b for b in bands if target <= b)
        floor = max([b for b in bands if b < band], default=2) + 1
        pair = _sentence(rng, rng.randint(floor - 1, band), avoid)
        fits = floor <= len(pair.source) <= band and pair.source not in sources
        if fits and (keep is None or keep(pair)):
            sources.add(pair.source)
            pairs.append(pair)
    return pairs


class Splits(NamedTuple):
    """The four parts of the data; no two share a source."""

    train: list[Pair]
    valid: list[Pair]
    test: list[Pair]
    compositional: list[Pair]


def load(n_train: int = 20_000, n_valid: int = 500, n_test: int = 2_000, seed: int = 0) -> Splits:
    """Make the data: training, validation and test sets, and the compositional test set.

    The first three never use the combinations of `held_out_combinations`; every sentence of the
    last, which has `n_test` pairs too, uses at least one. The same arguments give the same data.
    """
    for name, n in (("n_train", n_train), ("n_valid", n_valid), ("n_test", n_test)):
        if n < 1:
            raise QkvError(f"{name}={n} is no size of a data set: ask for at least 1 pair.")
    rng, held_out = random.Random(seed), held_out_combinations()
    test = generate(n_valid + n_test, rng, avoid=held_out, shares=EQUAL)
    taken = {pair.source for pair in test}
    train = generate(n_train, rng, avoid=held_out, taken=taken)
    new = generate(n_test, rng, keep=lambda pair: pair.combinations & held_out, shares=EQUAL)
    return Splits(train, test[:n_valid], test[n_valid:], new)


def voice_pairs(n: int, seed: int = 0) -> list[tuple[Pair, Pair]]:
    """Return `n` events, each told in the active and in the passive voice with the same words."""
    rng = random.Random(seed)
    seen: set[tuple[str, ...]] = set()
    pairs: list[tuple[Pair, Pair]] = []
    while len(pairs) < n:
        writer = Writer(rng, 9)
        verb, past = rng.choice(lex.TRANSITIVE), rng.random() < 0.5
        agent = writer.noun_phrase(verb.subjects, depth=2)
        patient = writer.noun_phrase(verb.objects, verb, depth=2)
        _, en, fr = writer.active(agent, verb, past)
        active = writer.pair([*agent.en, *en, *patient.en], [*agent.fr, *fr, *patient.fr], "active")
        _, en, fr = writer.passive(patient, verb, past, 2, agent=agent)
        passive = writer.pair([*patient.en, *en], [*patient.fr, *fr], "passive")
        if agent.noun != patient.noun and active.source not in seen:
            seen.add(active.source)
            pairs.append((active, passive))
    return pairs


# What an apostrophe ends in French: l', d', qu' … Any other stands inside its word, as in doesn't.
WORD = r"\b(?:[cdjlmnst]|(?:jus|lors|puis)?qu)'|[\w-]+(?:'[\w-]+)*"
APOSTROPHES = re.compile("[’‘ʼ＇]")


def tokenize(text: str, known=(), word: str = rf"{WORD}|\?") -> list[str]:
    """Split a sentence as the grammar does: lower case, *?* alone, *l'* on its own.

    A word with *n't* becomes two, *doesn't* → *does*, *not*, where both are among the `known`
    tokens; else it stays one. `word` is the regular expression of what counts as a token.

    >>> tokenize("Est-ce que l'oiseau dort ?")
    ['est-ce', 'que', "l'", 'oiseau', 'dort', '?']
    """
    found = re.findall(word, APOSTROPHES.sub("'", unicodedata.normalize("NFC", text).lower()))
    tokens = []
    for token in found:
        short = [token.removesuffix("n't"), "not"]
        whole = token in known or not token.endswith("n't") or not all(t in known for t in short)
        tokens += [token] if whole else short
    return tokens


def detokenize(tokens: Sequence[str], french: bool = True) -> str:
    """Join tokens into a sentence; French sets a space before the question mark.

    Raises `QkvError` for a string, whose tokens would be its letters.
    """
    check_tokens(tokens, "the sentence")
    text = re.sub(r"' ", "'", " ".join(tokens))
    return text if french else text.replace(" ?", "?")
