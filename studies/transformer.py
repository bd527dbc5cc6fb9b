"""Chapter 07: the transformer, on the data and the measures of study `attention`."""

import torch

from qkv.chapters.attention import alignment_error, alignments, links
from qkv.chapters.seq2seq import count_parameters, evaluate, vocabularies
from qkv.chapters.transformer import Transformer, train_transformer
from qkv.data import phrases

DATA = phrases.load()
VOCABULARIES = vocabularies(DATA.train)


def settings():
    """Return five seeds."""
    return [{"seed": seed} for seed in range(5)]


def run(seed):
    """Train one seed at the full budget, and look at it from all sides."""
    torch.manual_seed(seed)
    model = Transformer(*map(len, VOCABULARIES))
    history = train_transformer(model, DATA.train, VOCABULARIES, seed)
    found = [links(weights) for weights in alignments(model, DATA.test, VOCABULARIES)]
    return {
        "parameters": count_parameters(model),
        "training": round(history.seconds, 1),
        "loss": history.smooth()[-1],
        **evaluate(model, DATA.test, VOCABULARIES),
        "compositional": evaluate(model, DATA.compositional[:600], VOCABULARIES)["exact"],
        "alignment_error": alignment_error(DATA.test, found),
    }
