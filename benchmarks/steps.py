"""How long a training step takes."""

import time

import torch


def seconds_a_step(*trainings, steps=60):
    """Return the shortest time of an AdamW step of each (model, loss).

    They take turns, and the shortest counts, so that other work on the machine hits none of them.
    """
    optimizers = [torch.optim.AdamW(model.parameters(), lr=1e-3) for model, _ in trainings]
    best = [float("inf")] * len(trainings)
    for _ in range(steps):
        for i, (model, loss) in enumerate(trainings):
            started = time.perf_counter()
            optimizers[i].zero_grad()
            loss(model).backward()
            optimizers[i].step()
            best[i] = min(best[i], time.perf_counter() - started)
    return best
