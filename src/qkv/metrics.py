"""How good a translation is: BLEU, exact match, both by length, and the alignment error rate."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from qkv.errors import QkvError

LENGTH_BANDS = ((3, 6), (7, 12), (13, 18), (19, 24), (25, 30), (31, 40))


class Band(NamedTuple):
    """A score of the `n` sentences with `low` to `high` source tokens; nan if there is none."""

    low: int
    high: int
    n: int
    score: float


def _ngrams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def bleu(hypotheses: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> float:
    """Return the corpus BLEU of token lists with one reference each, from 0 to 100.

    The geometric mean of the precisions of 1- to 4-grams, times a penalty for brevity (Papineni et
    al., 2002). A precision without any hit is smoothed as sacrebleu does by default: the first
    counts as half a hit, the second as a quarter, and so on.

    Raises `QkvError` for lists of different lengths, empty ones, and strings instead of tokens.
    """
    _same_length(hypotheses, references)
    hits, totals = [0] * 4, [0] * 4
    for hypothesis, reference in zip(hypotheses, references, strict=True):
        for n in range(1, 5):
            found = _ngrams(hypothesis, n)
            hits[n - 1] += sum((found & _ngrams(reference, n)).values())
            totals[n - 1] += sum(found.values())
    if not all(totals) or not any(hits):
        return 0.0
    log_precision, smooth = 0.0, 1.0
    for hit, total in zip(hits, totals, strict=True):
        if hit == 0:
            smooth /= 2
        log_precision += math.log((hit or smooth) / total) / 4
    length, wanted = sum(map(len, hypotheses)), sum(map(len, references))
    brevity = min(0.0, 1 - wanted / length)
    return 100 * math.exp(log_precision + brevity)


def exact_match(hypotheses: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> float:
    """Return the share of hypotheses that equal their reference token by token, from 0 to 1.

    Raises `QkvError` as `bleu` does.
    """
    _same_length(hypotheses, references)
    pairs = zip(hypotheses, references, strict=True)
    return sum(list(h) == list(r) for h, r in pairs) / len(references)


def by_length(
    score: Callable[[Sequence[Sequence[str]], Sequence[Sequence[str]]], float],
    sources: Sequence[Sequence[str]],
    hypotheses: Sequence[Sequence[str]],
    references: Sequence[Sequence[str]],
    bands: Sequence[tuple[int, int]] = LENGTH_BANDS,
) -> list[Band]:
    """Return a score such as `bleu` or `exact_match` for each band of source lengths.

    Raises `QkvError` as `bleu` does.
    """
    _same_length(sources, references)
    _same_length(hypotheses, references)
    result = []
    for low, high in bands:
        inside = [i for i, source in enumerate(sources) if low <= len(source) <= high]
        chosen = [hypotheses[i] for i in inside], [references[i] for i in inside]
        result.append(Band(low, high, len(inside), score(*chosen) if inside else math.nan))
    return result


Links = Collection[tuple[int, int]]


def alignment_error_rate(
    found: Sequence[Links], sure: Sequence[Links], possible: Sequence[Links]
) -> float:
    """Return the alignment error rate of sets of links (source, target), over all sentences.

    found, sure, possible: one set of links a sentence; a sure link is also possible. 0 is perfect:
    every sure link found, and nothing found that is not possible (Och and Ney, 2003).

    Raises `QkvError` for lists of different lengths, empty ones, and when there is no link at all.
    """
    _same_length(found, sure)
    _same_length(possible, sure)
    agree = n_links = 0
    for links, certain, allowed in zip(found, sure, possible, strict=True):
        links, certain, allowed = set(links), set(certain), set(allowed)
        agree += len(links & certain) + len(links & (allowed | certain))
        n_links += len(links) + len(certain)
    if not n_links:
        raise QkvError("no link in any sentence, found or sure: give at least one")
    return 1 - agree / n_links


def _same_length(given: Sequence, expected: Sequence) -> None:
    """Raise `QkvError` unless both are lists of as many sentences, each a list of its own."""
    for sentences in (given, expected):
        for sentence in [sentences] if isinstance(sentences, str) else sentences:
            if isinstance(sentence, str):
                raise QkvError(
                    f"a sentence is the string {sentence[:40]!r}: give its tokens as a list"
                )
    if len(given) != len(expected) or not len(expected):
        raise QkvError(
            f"{len(given)} sentences against {len(expected)}: "
            "give two lists of one length, not empty."
        )
