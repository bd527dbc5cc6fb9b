"""Translators for the tests: small ones, and one that has learned a little."""

import torch

from qkv.chapters.attention import AdditiveScore, AttentionTranslator
from qkv.chapters.encodings import Vocabulary
from qkv.chapters.seq2seq import SPECIALS, vocabularies
from qkv.live import Translator

EXAMPLES = ["the black cat sleeps", "does the girl sleep?"]
ENGLISH = ["the", "black", "cat", "sleeps", "does", "girl", "sleep", "?"]
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

    Embeddings, and the layers from the hidden state to the scores, are three times as large as
    they start: it writes many words, ends now and then, and does not always write the same.
    """
    both = vocabularies(pairs)
    torch.manual_seed(4)
    model = AttentionTranslator(*map(len, both))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.mul_(1.5 if "lstm" in name else 3)
        model.to_scores.bias[2] += 4  # the end marker
    return model, both
