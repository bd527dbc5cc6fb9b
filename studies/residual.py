"""Chapter 08: what the residual sum does in a deep stack, however its weights start.

A stack of feed-forward networks learns which of the eight outputs of a fixed small network is the
largest. Two networks deep or 24, with the sum and without, with PyTorch's first weights and with
those of He et al. (2015), at three learning rates: the page takes the best one of each.
"""

import torch
import torch.nn.functional as F
from torch import nn

from qkv.chapters.transformer import PreNorm
from qkv.chapters.what_each_part_is_worth import NoResidual, Stack

CONNECTIONS = {"added": PreNorm, "not added": NoResidual}
DEPTHS, RATES, STEPS = (2, 24), (1e-4, 3e-4, 1e-3), 200
_random = torch.Generator().manual_seed(99)
TEACHER = torch.randn(16, 32, generator=_random), torch.randn(32, 8, generator=_random)


def settings():
    """Return five seeds of each stack."""
    return [
        {"depth": depth, "joined": name, "weights": weights, "lr": lr, "seed": seed}
        for seed in range(5)
        for depth in DEPTHS
        for name in CONNECTIONS
        for weights in ("PyTorch", "He")
        for lr in RATES
    ]


def questions(n, generator):
    """Return n questions (n, 16) and their answers (n,), from 0 to 7."""
    up, down = TEACHER
    x = torch.randn(n, 16, generator=generator)
    return x, ((x @ up).relu() @ down).argmax(1)


def gradient_below(stack, seed):
    """Return how long a gradient of length 1 at the top of a stack is at its bottom."""
    generator = torch.Generator().manual_seed(seed)
    x, sent = torch.randn(2, 10, 64, generator=generator)
    x.requires_grad_()
    (gradient,) = torch.autograd.grad(stack(x), x, sent / sent.norm())
    return gradient.norm().item()


def run(depth, joined, weights, lr, seed):
    """Train one stack; return its first gradient, and the share of new questions it answers."""
    torch.manual_seed(seed)
    stack = Stack(depth, CONNECTIONS[joined], he=weights == "He")
    model = nn.Sequential(nn.Linear(16, 64), stack, nn.LayerNorm(64), nn.Linear(64, 8))
    below = gradient_below(stack, seed)
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / 20) * (1 - step / STEPS)
    )
    for _ in range(STEPS):
        x, y = questions(64, generator)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    x, y = questions(2000, torch.Generator().manual_seed(10_000 + seed))
    with torch.no_grad():
        right = (model(x).argmax(1) == y).float().mean().item()
    return {"gradient_below": below, "loss": loss.item(), "right": right}
