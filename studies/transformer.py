"""Chapter 07: the transformer, on the data and the measures of study `attention`.

Once with the positions of 2017, sinusoids added at the bottom; once with queries and keys turned
by their positions as well, and that also in fewer steps.
"""

import time
from itertools import groupby

import torch

from qkv.chapters.attention import alignment_error, alignments, links
from qkv.chapters.multi_head_attention import MultiHeadAttention
from qkv.chapters.seq2seq import count_parameters, evaluate, translate, vocabularies
from qkv.chapters.transformer import RotaryMultiHeadAttention, Transformer, train_transformer
from qkv.data import phrases
from qkv.data.lexicon import CONJUNCTIONS

DATA = phrases.load()
VOCABULARIES = vocabularies(DATA.train)
MODELS = {  # the layer that looks, and the steps
    "sinusoidal": (MultiHeadAttention, 2600),
    "rotary": (RotaryMultiHeadAttention, 2600),
    "rotary, fewer steps": (RotaryMultiHeadAttention, 1800),
}


def settings():
    """Return five seeds of each model."""
    return [{"model": name, "seed": seed} for seed in range(5) for name in MODELS]


def clauses(sentence):
    """Return the parts of an English or French sentence between its conjunctions."""
    joins = {*CONJUNCTIONS, *(word for words in CONJUNCTIONS.values() for word in words[:1])}
    parts = [tuple(part) for joint, part in groupby(sentence, lambda w: w in joins) if not joint]
    return [part[part[0] in ("que", "qu'") :] for part in parts]  # of "parce que"


def alone_and_together(model):
    """Return the share of long sentences that are right, and whose clauses are, each by itself."""
    long = [p for p in DATA.test if len(p.source) > 30 and p.source[-1] != "?"]
    parts = [
        pair._replace(source=source, target=target)
        for pair in long
        for source, target in zip(clauses(pair.source), clauses(pair.target), strict=True)
    ]
    right = iter(are_right(model, parts))
    alone = [all([next(right) for _ in clauses(pair.source)]) for pair in long]
    return {
        "alone": sum(alone) / len(long),
        "together": sum(are_right(model, long)) / len(long),
    }


def are_right(model, pairs):
    """Return for each pair whether the model's translation has no mistake."""
    found = translate(model, pairs, VOCABULARIES)
    return [tokens == list(pair.target) for tokens, pair in zip(found, pairs, strict=True)]


def run(model, seed):
    """Train one seed, and look at it from all sides."""
    attention, steps = MODELS[model]
    torch.manual_seed(seed)
    model = Transformer(*map(len, VOCABULARIES), attention=attention)
    started = time.process_time()
    history = train_transformer(model, DATA.train, VOCABULARIES, seed, steps=steps)
    trained = time.process_time() - started
    found = [links(weights) for weights in alignments(model, DATA.test, VOCABULARIES)]
    return {
        "parameters": count_parameters(model),
        "steps": steps,
        "training": round(trained, 1),
        "loss": history.smooth()[-1],
        **evaluate(model, DATA.test, VOCABULARIES),
        "compositional": evaluate(model, DATA.compositional[:600], VOCABULARIES)["exact"],
        "alignment_error": alignment_error(DATA.test, found),
        **alone_and_together(model),
    }
