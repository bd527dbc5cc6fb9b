"""A small stack of attention for the tests, and its figure."""

import torch

from qkv.chapters.encodings import Vocabulary
from qkv.chapters.multi_head_attention import AttentionStack
from qkv.figures.heads import Heads

WORDS = [".", "the", "old", "cat", "cats", "dog", "dogs", "near", "sleeps", "sleep", "now"]
EXAMPLES = ["the cats near the dog", "the cat sleeps. the old dog"]
LABELS = {(0, 1): "previous token", (1, 3): "agreement"}


def tiny(n_heads=4, n_layers=2, n_kv_heads=None):
    """Return an untrained model whose heads are far from even, and its vocabulary."""
    torch.manual_seed(0)
    vocabulary = Vocabulary(WORDS)
    model = AttentionStack(len(vocabulary), 16, n_heads, n_layers, n_kv_heads)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(1.6)
    return model, vocabulary


def figure(model=None, vocabulary=None, **changes):
    """Return the figure of a tiny model."""
    if model is None:
        model, vocabulary = tiny()
    given = {"sentences": EXAMPLES, "labels": LABELS, "start": ".", "alt": "Maps.", **changes}
    return Heads(model, vocabulary, **{"name": "fig-heads", "caption": "C", **given})
