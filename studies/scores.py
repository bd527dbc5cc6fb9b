"""Chapter 04: four scores, the deep variant and Bahdanau's loop, at half the budget."""

import torch

from qkv.chapters.attention import (
    AdditiveScore,
    AttentionTranslator,
    BahdanauTranslator,
    BilinearScore,
    DotScore,
    ScaledDotScore,
    alignment_error,
    alignments,
    links,
)
from qkv.chapters.seq2seq import (
    count_parameters,
    evaluate,
    train_translator,
    vocabularies,
)
from qkv.data import phrases

DATA = phrases.load()
VOCABULARIES = vocabularies(DATA.train)
STEPS = 2000
N = tuple(map(len, VOCABULARIES))
MODELS = {
    "additive": lambda: AttentionTranslator(*N, AdditiveScore),
    "bilinear": lambda: AttentionTranslator(*N, BilinearScore),
    "dot": lambda: AttentionTranslator(*N, DotScore),
    "scaled dot": lambda: AttentionTranslator(*N, ScaledDotScore),
    "deep": lambda: AttentionTranslator(*N, AdditiveScore, n_layers=2),
    "Bahdanau": lambda: BahdanauTranslator(*N),
}


def settings():
    """Return every model of `MODELS`, five seeds each."""
    return [{"model": model, "seed": seed} for seed in range(5) for model in MODELS]


def run(model, seed):
    """Train with half the steps and score by length."""
    torch.manual_seed(seed)
    translator = MODELS[model]()
    history = train_translator(translator, DATA.train, VOCABULARIES, seed, steps=STEPS)
    found = [links(weights) for weights in alignments(translator, DATA.test, VOCABULARIES)]
    return {
        "parameters": count_parameters(translator),
        "training": round(history.seconds, 1),
        "loss": history.smooth()[-1],
        **evaluate(translator, DATA.test, VOCABULARIES),
        "alignment_error": alignment_error(DATA.test, found),
    }
