"""Translators for the tests: a small one, and a lively one of the book's size."""

import torch

from qkv.chapters.attention import AdditiveScore, AttentionTranslator
from qkv.chapters.encodings import Vocabulary
from qkv.chapters.seq2seq import SPECIALS, vocabularies
from qkv.figures.translator import Translator

EXAMPLES = ["the black cat sleeps", "does the girl sleep?"]
ENGLISH = ["the", "black", "cat", "sleeps", "does", "girl", "sleep", "?", "the"]
FRENCH = ["le", "chat", "noir", "dort", "la", "fille", "l'", "est-ce", "que", "?"]


def tiny(score=AdditiveScore, n_layers=1):
    """Return an untrained model of a few numbers and its vocabularies."""
    torch.manual_seed(0)
    both = Vocabulary(ENGLISH, specials=SPECIALS), Vocabulary(FRENCH, specials=SPECIALS)
    model = AttentionTranslator(*map(len, both), score, n_layers, d_embed=6, d_hidden=8)
    return model, both


def figure(**changes):
    """Return the figure of a tiny model."""
    model, both = tiny()
    given = {"model": model, "vocabularies": both, "sentences": EXAMPLES, "alt": "A grid."}
    return Translator(**{**given, "name": "fig-translator", "caption": "C", **changes})


def lively(pairs):
    """Return a model of the book's size whose random weights make its sentences differ.

    They are larger than a model starts with, and the end marker is a little more probable: it
    writes many different words, and about half of its sentences end.
    """
    both = vocabularies(pairs)
    torch.manual_seed(4)
    model = AttentionTranslator(*map(len, both))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.mul_(1.5 if "lstm" in name else 4)
        model.to_scores.bias[2] += 2  # the end marker
    return model, both
