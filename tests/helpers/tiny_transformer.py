"""Transformers for the tests: a small one, and a lively one of the book's size."""

import torch
from tiny_translator import ENGLISH, EXAMPLES, FRENCH

from qkv.chapters.encodings import Vocabulary
from qkv.chapters.multi_head_attention import MultiHeadAttention
from qkv.chapters.seq2seq import SPECIALS, vocabularies
from qkv.chapters.transformer import Transformer
from qkv.figures.transformer_flow import TransformerFlow


def tiny(**parts):
    """Return an untrained model of a few numbers and its vocabularies."""
    torch.manual_seed(4)
    both = Vocabulary(ENGLISH, specials=SPECIALS), Vocabulary(FRENCH, specials=SPECIALS)
    model = Transformer(*map(len, both), d_model=8, n_heads=2, d_ff=12, **parts)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(1.5)  # else it writes one word for ever
    return model, both


def figure(attention=MultiHeadAttention, **changes):
    """Return the figure of a tiny model, which stops after six words."""
    model, both = tiny(attention=attention)
    given = {"model": model, "vocabularies": both, "sentences": EXAMPLES, "alt": "A model."}
    shown = TransformerFlow(**{**given, "name": "fig-flow", "caption": "C", **changes})
    shown.limits = [40, 6]
    return shown


def lively(pairs, **parts):
    """Return a model of the book's size whose random weights make its sentences differ.

    They are larger than a model starts with, norms are no longer plain, and the end marker is a
    little more probable: it writes many different words, and about half of its sentences end.
    """
    both = vocabularies(pairs)
    torch.manual_seed(4)
    model = Transformer(*map(len, both), **parts)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" in name:
                weight.add_(0.3 * torch.randn_like(weight))
            elif "embed" not in name:
                weight.mul_(2)
        model.to_scores.bias[2] += 2  # the end marker
    return model, both
