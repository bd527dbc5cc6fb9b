"""What clipping does to a run that explodes: the recall task of chapter 2, with and without it."""

import math

from qkv.chapters.recurrent import train_recall


def settings():
    """Eight seeds."""
    return [{"seed": seed} for seed in range(8)]


def run(seed):
    """Return the mean loss of the last fifty steps of both runs, and their longest gradients."""
    result = {}
    for name, clip in (("clipped", 1.0), ("free", math.inf)):
        losses, norms = train_recall(seed, clip)
        result[name] = round(sum(losses[-50:]) / 50, 4)
        result[f"longest_{name}"] = round(max(norms), 2)
    return result
