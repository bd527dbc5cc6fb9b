"""The live figures of chapter 05, small, for the tests."""

import torch

from qkv.figures.dot_product import DotProduct
from qkv.figures.mask_painter import MaskPainter
from qkv.figures.trace import Trace
from qkv.figures.waves import Waves

TOKENS = ["apple", "was", "juicy", "apple", "fell"]
PADDED = ["the", "cat", "sat", "down", "<pad>", "<pad>"]


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def dot_product(**changes):
    keys = {"cat": (1.6, 0.5), "dog": (0.9, 1.2), "car": (-1.2, 0.9), "tree": (0.3, -1.5)}
    given = {"keys": keys, "query": (1.5, 0.8), "alt": "Arrows.", "name": "fig-dot", "caption": "A"}
    return DotProduct(**{**given, **changes})


def trace(**changes):
    """One head with d_model = 4, d_head = 3 and values of 2; both apples are the same vector."""
    x = randn(5, 4)
    x[3] = x[0]
    given = {
        "tokens": TOKENS,
        "x": x,
        "w_query": randn(3, 4, seed=1),
        "w_key": randn(3, 4, seed=2),
        "w_value": randn(2, 4, seed=3),
        "alt": "A token and its output.",
        "name": "fig-trace",
        "caption": "B",
    }
    return Trace(**{**given, **changes})


def mask_painter(**changes):
    given = {"tokens": PADDED, "scores": randn(6, 6), "alt": "A grid of weights."}
    return MaskPainter(**{**given, "name": "fig-mask", "caption": "C", **changes})


def waves(**changes):
    given = {"d_model": 8, "n_positions": 40, "position": 3, "distance": 5, "alt": "Waves."}
    return Waves(**{**given, "name": "fig-waves", "caption": "D", **changes})


FIGURES = {"dot_product": dot_product, "trace": trace, "mask_painter": mask_painter, "waves": waves}
