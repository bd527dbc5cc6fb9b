"""Where readers take a model: other numbers, and another device (one without values, for a GPU)."""

import torch

MOVES = (torch.float64, torch.float16, torch.bfloat16, "meta")


def moved(x, to):
    """Return a tensor where a model is after `.to(to)`; ids and masks keep their type."""
    if to == "meta":
        return x.to("meta")
    return x.to(to) if x.is_floating_point() else x


def same_kind(x, to):
    """Say whether numbers came out as the model's."""
    return x.is_meta if to == "meta" else x.dtype == to
