"""Chapter 03: the bottleneck against the size of the context, and the source reversed."""

import torch

from qkv.chapters.seq2seq import (
    EncoderDecoder,
    count_parameters,
    evaluate,
    train_translator,
    vocabularies,
)
from qkv.data import phrases

DATA = phrases.load()
VOCABULARIES = vocabularies(DATA.train)
STEPS = 2000


def settings():
    """Return three sizes of context, and reversed sources, five seeds each."""
    sizes = [
        {"d_context": d_context, "reverse": False, "seed": seed}
        for seed in range(5)
        for d_context in (16, 64, 256)
    ]
    return sizes + [{"d_context": 64, "reverse": True, "seed": seed} for seed in range(5)]


def run(d_context, reverse, seed):
    """Train with half the steps and score by length."""
    torch.manual_seed(seed)
    model = EncoderDecoder(*map(len, VOCABULARIES), d_context=d_context)
    history = train_translator(model, DATA.train, VOCABULARIES, seed, steps=STEPS, reverse=reverse)
    return {
        "parameters": count_parameters(model),
        "loss": history.smooth()[-1],
        **evaluate(model, DATA.test, VOCABULARIES, reverse),
    }
