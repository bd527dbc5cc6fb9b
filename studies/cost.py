"""Chapter 05: the time that an RNN, a convolution and self-attention take, by length.

Processor time of one forward pass, the least of several, so that what else the machine does
matters little.
"""

import time

import torch

from qkv.chapters.self_attention import sequence_layers

LENGTHS = (64, 128, 256, 512, 1024, 2048, 4096)
D, REPEATS = 64, 5


def settings():
    """Return five repetitions of the whole measurement."""
    return [{"seed": seed} for seed in range(5)]


def run(seed):
    """Return milliseconds by layer and length."""
    torch.manual_seed(seed)
    layers = sequence_layers(D)
    took = {name: [] for name in layers}
    with torch.no_grad():
        for length in LENGTHS:
            x = torch.randn(1, length, D)
            best = dict.fromkeys(layers, float("inf"))
            for _ in range(REPEATS):  # in turns, so that a disturbance hits all
                for name, layer in layers.items():
                    start = time.process_time()
                    layer(x)
                    best[name] = min(best[name], time.process_time() - start)
            for name in layers:
                took[name].append(round(1000 * best[name], 4))
    return {"lengths": list(LENGTHS), "milliseconds": took}
