"""Chapter 04: dates written out in English, brought to year-month-day, character by character."""

import torch

from qkv.chapters.attention import AttentionTranslator
from qkv.chapters.seq2seq import count_parameters, evaluate, train_translator, vocabularies
from qkv.data import dates

DATA = dates.load()
VOCABULARIES = vocabularies(DATA.train)


def settings():
    """Return five seeds."""
    return [{"seed": seed} for seed in range(5)]


def run(seed):
    """Train one seed and score it."""
    torch.manual_seed(seed)
    model = AttentionTranslator(*map(len, VOCABULARIES))
    history = train_translator(model, DATA.train, VOCABULARIES, seed, steps=1000, limits=())
    return {
        "parameters": count_parameters(model),
        "training": round(history.seconds, 1),
        "exact": evaluate(model, DATA.test, VOCABULARIES)["exact"],
    }
