"""Chapter 05: chapter 4's translator with the scaled dot product of learned projections.

The same budget as the study `scores`, so that the runs of both can be compared.
"""

import torch

from qkv.chapters.attention import AttentionTranslator
from qkv.chapters.self_attention import ProjectedScore
from qkv.chapters.seq2seq import count_parameters, evaluate, train_translator, vocabularies
from qkv.data import phrases

DATA = phrases.load()
VOCABULARIES = vocabularies(DATA.train)
STEPS = 2000


def settings():
    """Return five seeds."""
    return [{"seed": seed} for seed in range(5)]


def run(seed):
    """Train with half the steps and score by length."""
    torch.manual_seed(seed)
    model = AttentionTranslator(*map(len, VOCABULARIES), ProjectedScore)
    history = train_translator(model, DATA.train, VOCABULARIES, seed, steps=STEPS)
    return {
        "parameters": count_parameters(model),
        "training": round(history.seconds, 1),
        "loss": history.smooth()[-1],
        **evaluate(model, DATA.test, VOCABULARIES),
    }
