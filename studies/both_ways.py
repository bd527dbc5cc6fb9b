"""Chapter 04: is it the attention, or the reading from both sides? The two models in between.

Study `bottleneck` has one vector and reads forwards; study `attention` has attention and reads both
ways. Here are one vector with both ways, and attention forwards.
"""

import torch

from qkv.chapters.attention import AttentionTranslator
from qkv.chapters.seq2seq import (
    Encoder,
    EncoderDecoder,
    count_parameters,
    evaluate,
    train_translator,
    vocabularies,
)
from qkv.data import phrases

DATA = phrases.load()
VOCABULARIES = vocabularies(DATA.train)
N = tuple(map(len, VOCABULARIES))
D_EMBED, D_STATE = 64, 96  # of all four models
MODELS = ("one vector, both ways", "attention, forwards")


def settings():
    """Return the models in between, two seeds each."""
    return [{"model": model, "seed": seed} for model in MODELS for seed in range(2)]


def build(model):
    """Return an untrained translator whose encoder reads as the name says."""
    if model == "attention, forwards":
        translator = AttentionTranslator(*N)
        translator.encoder = Encoder(N[0], D_EMBED, D_STATE)
    else:
        translator = EncoderDecoder(*N)
        translator.encoder = Encoder(N[0], D_EMBED, D_STATE // 2, bidirectional=True)
    return translator


def run(model, seed):
    """Train one seed at the full budget and score it by length."""
    torch.manual_seed(seed)
    translator = build(model)
    history = train_translator(translator, DATA.train, VOCABULARIES, seed)
    return {
        "parameters": count_parameters(translator),
        "loss": history.smooth()[-1],
        **evaluate(translator, DATA.test, VOCABULARIES),
    }
