"""Chapter 09: the time of each new token with and without the key–value cache, by length.

Processor time, the least of several, so that what else the machine does matters little. The weights
are random: what a token costs does not depend on what the model knows.
"""

import time

import torch

from qkv.chapters.generating_text import GPT, Cache

LENGTHS = (16, 32, 64, 128, 256, 512, 1024)
VOCAB_SIZE, REPEATS = 103, 5


def settings():
    """Return five repetitions of the whole measurement."""
    return [{"seed": seed} for seed in range(5)]


@torch.no_grad()
def run(seed):
    """Return the milliseconds of the token after each length, and the cache's numbers."""
    torch.manual_seed(seed)
    model = GPT(VOCAB_SIZE).eval()
    took = {"with": [], "without": []}
    for length in LENGTHS:
        ids = torch.randint(VOCAB_SIZE, (1, length + 1))
        best = dict.fromkeys(took, float("inf"))
        for _ in range(REPEATS):  # in turns, so that a disturbance hits both
            cache = Cache(model)
            cache.read(ids[:, :-1])
            best["with"] = min(best["with"], seconds(cache.read, ids))
            best["without"] = min(best["without"], seconds(model, ids))
        for name in took:
            took[name].append(round(1000 * best[name], 4))
    kept = sum(part.numel() for pair in cache.kept for part in pair)
    return {"lengths": list(LENGTHS), "milliseconds": took, "kept": kept}


def seconds(read, ids):
    """Return the processor time of reading."""
    start = time.process_time()
    read(ids)
    return time.process_time() - start
