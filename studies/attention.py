"""Chapter 04: the encoder–decoder with attention, at the budget of study `bottleneck`."""

import time

import torch

from qkv.chapters.attention import (
    AttentionTranslator,
    alignment_error,
    alignments,
    diagonal,
    links,
)
from qkv.chapters.seq2seq import (
    count_parameters,
    evaluate,
    gradient_ratio,
    train_translator,
    vocabularies,
)
from qkv.data import phrases

DATA = phrases.load()
VOCABULARIES = vocabularies(DATA.train)
LONG = [pair for pair in DATA.test if len(pair.source) >= 25][:100]


def settings():
    """Return five seeds."""
    return [{"seed": seed} for seed in range(5)]


def run(seed):
    """Train one seed at the full budget, and look at it from all sides."""
    torch.manual_seed(seed)
    model = AttentionTranslator(*map(len, VOCABULARIES))
    before = gradient_ratio(model, LONG, VOCABULARIES)
    started = time.process_time()
    history = train_translator(model, DATA.train, VOCABULARIES, seed)
    trained = time.process_time() - started
    found = [links(weights) for weights in alignments(model, DATA.test, VOCABULARIES)]
    guessed = [diagonal(len(pair.source), len(pair.target)) for pair in DATA.test]
    return {
        "parameters": count_parameters(model),
        "training": round(trained, 1),
        "loss": history.smooth()[-1],
        **evaluate(model, DATA.test, VOCABULARIES),
        "compositional": evaluate(model, DATA.compositional[:600], VOCABULARIES)["exact"],
        "gradient_before": before,
        "gradient_after": gradient_ratio(model, LONG, VOCABULARIES),
        "alignment_error": alignment_error(DATA.test, found),
        "alignment_error_of_diagonal": alignment_error(DATA.test, guessed),
    }
