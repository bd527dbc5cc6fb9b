"""What clipping does to a run that explodes: the recall task of chapter 2, with and without it.

As a control, the same without clipping but at a tenth of the learning rate.
"""

import math

from qkv.chapters.recurrent import train_recall

RUNS = {
    "clipped": {"clip": 1.0},
    "free": {"clip": math.inf},
    "small": {"clip": math.inf, "lr": 0.1},
}


def settings():
    """Eight seeds."""
    return [{"seed": seed} for seed in range(8)]


def run(seed):
    """Return the mean loss of each run's last fifty steps, and its longest gradient."""
    result = {}
    for name, how in RUNS.items():
        losses, norms = train_recall(seed, **how)
        result[name] = round(sum(losses[-50:]) / 50, 4)
        result[f"longest_{name}"] = round(max(norms), 2)
    return result
