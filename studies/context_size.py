"""Chapter 03: short sources against the size of the context, and read from right to left."""

import torch

from qkv.chapters.seq2seq import (
    EncoderDecoder,
    count_parameters,
    train_translator,
    translate,
    vocabularies,
)
from qkv.data import phrases
from qkv.metrics import bleu, by_length, exact_match

LONGEST = 12
BANDS = ((3, 4), (5, 6), (7, 8), (9, 10), (11, LONGEST))
DATA = phrases.load()
VOCABULARIES = vocabularies(DATA.train)
TRAIN = [pair for pair in DATA.train if len(pair.source) <= LONGEST]
TEST = [pair for pair in DATA.test if len(pair.source) <= LONGEST]


def settings():
    """Return three sizes of context, and reversed sources, five seeds each."""
    variants = [(16, False), (64, False), (256, False), (64, True)]
    return [
        {"d_context": d_context, "reverse": reverse, "seed": seed}
        for seed in range(5)
        for d_context, reverse in variants
    ]


def run(d_context, reverse, seed):
    """Train on short sources and score by length, in the bands of `BANDS`."""
    torch.manual_seed(seed)
    model = EncoderDecoder(*map(len, VOCABULARIES), d_context=d_context)
    history = train_translator(model, TRAIN, VOCABULARIES, seed, limits=(8,) * 4, reverse=reverse)
    sources = [pair.source for pair in TEST]
    references = [pair.target for pair in TEST]
    hypotheses = [tuple(row) for row in translate(model, TEST, VOCABULARIES, reverse)]
    result = {
        "parameters": count_parameters(model),
        "training": round(history.seconds, 1),
        "loss": history.smooth()[-1],
    }
    for name, score in (("exact", exact_match), ("bleu", bleu)):
        bands = by_length(score, sources, hypotheses, references, BANDS)
        result[name] = score(hypotheses, references)
        result[f"{name}_by_length"] = [band.score for band in bands]
    return result
