"""Chapter 09: does a GPT copy names when half of its training text repeats itself?

The head that does it is found by chapter 6's score, on letters in random order that are read twice.
The control without repetitions is the GPT of the study `generators`.
"""

import torch
from torch import nn

from qkv.chapters.generating_text import (
    CONTEXT,
    GPT,
    bits_of_a_name,
    crops,
    manual_ids,
    next_token_loss,
    optimizers,
    surprise,
)
from qkv.chapters.multi_head_attention import attention_maps, without_heads
from qkv.train import warmup_cosine

VOCABULARY, IDS, HELD_OUT = manual_ids()
STEPS, ROWS, REPEATING = 900, 16, 8
NAMED = "If {} is not a class, the name {} is used"
N_LETTERS = 20


def settings():
    """Return five seeds."""
    return [{"seed": seed} for seed in range(1, 6)]


def run(seed):
    """Return bits a letter of a name with and without the copying head, and the head's score."""
    model = trained(seed)
    scores = induction(model)  # (layers, heads)
    layer, head = divmod(int(scores.argmax()), scores.shape[1])
    without = {
        (i, j): name_bits(model, {f"blocks.{i}.attention": [j]})
        for i in range(scores.shape[0])
        for j in range(scores.shape[1])
    }
    best = without.pop((layer, head))
    found = {
        "score": scores.max(),
        "name_again": name_bits(model),
        "name_new": bits_of_a_name(model, VOCABULARY, NAMED, same=False),
        "without_best": best,
        "without_others": sum(without.values()) / len(without),
        "without_next": max(without.values()),
        "bits": surprise(model, HELD_OUT).mean(),
    }
    names = {"head": f"{layer}.{head}", "repeating": REPEATING}
    return names | {k: round(float(v), 4) for k, v in found.items()}


def trained(seed):
    """Train as `train_gpt` does; half of each batch says one piece again and again."""
    torch.manual_seed(seed)
    model = GPT(len(VOCABULARY))
    generator = torch.Generator().manual_seed(seed)
    both = optimizers(model)
    for step in range(STEPS):
        for optimizer in both:
            rate = optimizer.defaults["lr"] * warmup_cosine(step, STEPS, STEPS // 20)
            for group in optimizer.param_groups:
                group["lr"] = rate
        loss = next_token_loss(model, rows(generator))
        model.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in both:
            optimizer.step()
    return model.eval()


def rows(generator):
    """Return stretches of the text; the first ones repeat their first 8 to 32 characters."""
    ids = crops(IDS, ROWS, CONTEXT + 1, generator)
    for row in ids[:REPEATING]:
        n = int(torch.randint(8, 33, (1,), generator=generator))
        row[:] = row[:n].repeat(len(row) // n + 1)[: len(row)]
    return ids


def name_bits(model, heads=None):
    """Return the bits a letter of a name that stood before, without some heads."""
    with without_heads(model, heads or {}):
        return bits_of_a_name(model, VOCABULARY, NAMED, same=True)


@torch.no_grad()
def induction(model):
    """Return how much each head looks at what followed the same letter before: (layers, heads)."""
    letters = torch.tensor(VOCABULARY.encode("abcdefghijklmnopqrstuvwxyz"))
    generator = torch.Generator().manual_seed(0)
    once = letters[torch.rand(64, 26, generator=generator).argsort(1)[:, :N_LETTERS]]
    maps = attention_maps(model, torch.cat([once, once], dim=1))
    again = torch.arange(N_LETTERS + 1, 2 * N_LETTERS)
    looks = torch.stack(list(maps.values()), 1)  # (batch, layers, heads, time, time)
    return looks[..., again, again - N_LETTERS + 1].mean((0, 3))
