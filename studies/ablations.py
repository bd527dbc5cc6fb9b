"""Chapter 08: what the transformer loses without one of its parts.

On sentences of at most 18 words and with half of the steps, so that 65 runs are done in 25 minutes.
"""

import torch
from torch import nn

from qkv.chapters.multi_head_attention import MultiHeadAttention
from qkv.chapters.seq2seq import evaluate, vocabularies
from qkv.chapters.transformer import (
    FeedForward,
    PostNorm,
    RotaryMultiHeadAttention,
    Transformer,
    train_transformer,
)
from qkv.chapters.what_each_part_is_worth import NoResidual, Nothing, nowhere, replaced
from qkv.data import phrases

DATA = phrases.load()
VOCABULARIES = vocabularies(DATA.train)
TRAIN, TEST = (
    [pair for pair in pairs if len(pair.source) <= 18] for pairs in (DATA.train, DATA.test)
)
STEPS = 1200


# What is changed in the model, and what in its training.
VARIANTS = {
    "as it is": ({}, {}),
    "no rotation": ({"attention": MultiHeadAttention}, {}),
    "no sinusoids": ({"positions": nowhere}, {}),
    "no positions at all": ({"attention": MultiHeadAttention, "positions": nowhere}, {}),
    "no residual": ({"connection": NoResidual}, {}),
    "no norm": ({}, {}),
    "no feed-forward": ({}, {}),
    "one head": ({"n_heads": 1}, {}),
    "post-norm": ({"connection": PostNorm}, {}),
    "no warm-up": ({}, {"warmup": 0.0}),
    "post-norm, no warm-up": ({"connection": PostNorm}, {"warmup": 0.0}),
    "no label smoothing": ({}, {"smoothing": 0.0}),
    "weight decay 0.01": ({}, {"weight_decay": 0.01}),
}
REPLACED = {  # what stands in the place of what, in the finished model
    "no norm": (nn.LayerNorm, nn.Identity),
    "no feed-forward": (FeedForward, Nothing),
}


def settings():
    """Return five seeds of each variant."""
    return [{"variant": variant, "seed": seed} for seed in range(5) for variant in VARIANTS]


def run(variant, seed):
    """Train one variant, and score it on the test sentences."""
    parts, training = VARIANTS[variant]
    torch.manual_seed(seed)
    parts = {"attention": RotaryMultiHeadAttention, **parts}
    model = Transformer(*map(len, VOCABULARIES), **parts)
    if variant in REPLACED:
        replaced(model, *REPLACED[variant])
    history = train_transformer(model, TRAIN, VOCABULARIES, seed, steps=STEPS, **training)
    scores = evaluate(model, TEST, VOCABULARIES)
    return {
        "training": round(history.seconds, 1),
        "loss": history.smooth()[-1],
        "loss_curve": [round(value, 4) for value in history.smooth()[49::50]],
        "exact": scores["exact"],
        "exact_by_length": scores["exact_by_length"][:3],
        "bleu": scores["bleu"],
    }
