"""Chapter 07: chapter 4's translator, trained as the transformer is: is it the model or the care?

The loss, the smoothing, the weight decay and the order of the data are the transformer's; the
number of steps is its own.
"""

import time

import torch

from qkv.chapters.attention import AttentionTranslator, alignment_error, alignments, links
from qkv.chapters.seq2seq import count_parameters, evaluate, vocabularies
from qkv.chapters.transformer import train_transformer
from qkv.data import phrases

DATA = phrases.load()
VOCABULARIES = vocabularies(DATA.train)


def settings():
    """Return five seeds."""
    return [{"seed": seed} for seed in range(5)]


def run(seed):
    """Train one seed at the full budget."""
    torch.manual_seed(seed)
    model = AttentionTranslator(*map(len, VOCABULARIES))
    started = time.process_time()
    history = train_transformer(model, DATA.train, VOCABULARIES, seed, steps=4000)
    trained = time.process_time() - started
    found = [links(weights) for weights in alignments(model, DATA.test, VOCABULARIES)]
    return {
        "parameters": count_parameters(model),
        "training": round(trained, 1),
        "loss": history.smooth()[-1],
        **evaluate(model, DATA.test, VOCABULARIES),
        "compositional": evaluate(model, DATA.compositional[:600], VOCABULARIES)["exact"],
        "alignment_error": alignment_error(DATA.test, found),
    }
