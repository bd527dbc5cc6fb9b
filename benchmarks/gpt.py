"""Chapter 09's GPT against the field's recipe for a small one: seconds to the same held-out loss.

The rival is the published recipe for a character GPT on a laptop: 4 blocks, 4 heads, 128 numbers a
vector, 64 characters of context, 12 stretches a step, 2,000 steps, AdamW from 1e-3 to 1e-4 with
β₂ 0.99 and 100 steps of warm-up, built here from `torch.nn`'s own modules. Both learn the same text
with the same split, in this process, on one thread, in processor seconds. Both have the same size.
"""

import json
import math
import time

import torch
import torch.nn.functional as F
from torch import nn

from qkv.chapters.generating_text import (
    CONTEXT,
    GPT,
    crops,
    manual_ids,
    next_token_loss,
    surprise,
    train_gpt,
)

STEPS, ROWS = 2000, 12
OURS = (150, 200, 250, 300, 400, 500)  # trainings of ours, each cooled to its end


class Rival(nn.Module):
    """A stack of `nn.TransformerEncoderLayer` with learned positions and a tied output."""

    def __init__(self, vocab_size, d_model=128, n_heads=4, n_layers=4):
        super().__init__()
        self.tokens = nn.Embedding(vocab_size, d_model)
        self.places = nn.Embedding(CONTEXT, d_model)
        layer = nn.TransformerEncoderLayer(
            d_model,
            n_heads,
            4 * d_model,
            dropout=0.0,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.blocks = nn.TransformerEncoder(layer, n_layers, nn.LayerNorm(d_model))
        for p in self.parameters():
            if p.ndim == 2:
                nn.init.normal_(p, std=0.02)

    def forward(self, ids):
        """Return scores (batch, time, vocab_size) of ids (batch, time)."""
        time_ = ids.shape[1]
        x = self.tokens(ids) + self.places.weight[:time_]
        mask = nn.Transformer.generate_square_subsequent_mask(time_)
        return F.linear(self.blocks(x, mask=mask, is_causal=True), self.tokens.weight)


def rate(step):
    """Return the rival's learning rate at a step."""
    if step < 100:
        return 1e-3 * (step + 1) / 100
    share = (step - 100) / (STEPS - 100)
    return 1e-4 + 0.5 * (1 + math.cos(math.pi * share)) * 9e-4


def train_rival(model, ids, seed=0):
    """Train by the published recipe."""
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.99), weight_decay=0.1)
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = rate(step)
        loss = next_token_loss(model, crops(ids, ROWS, CONTEXT + 1, generator))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


def timed(train):
    """Return the processor seconds of a training."""
    start = time.process_time()
    train()
    return time.process_time() - start


def main():
    """Print, as JSON, both losses and the ratio of seconds to the rival's final loss."""
    torch.set_num_threads(1)
    vocabulary, ids, held_out = manual_ids()
    torch.manual_seed(0)
    rival = Rival(len(vocabulary)).train()
    rival_seconds = timed(lambda: train_rival(rival, ids))
    goal = surprise(rival.eval(), held_out).mean().item()
    found = {"rival": {"bits": goal, "seconds": rival_seconds}, "ours": []}
    for steps in OURS:
        torch.manual_seed(0)
        model = GPT(len(vocabulary), d_model=128, d_ff=512)
        seconds = timed(lambda m=model, n=steps: train_gpt(m, ids, 0, n))
        bits = surprise(model, held_out).mean().item()
        found["ours"].append({"steps": steps, "bits": bits, "seconds": seconds})
        if bits <= goal:
            found["ratio"] = seconds / rival_seconds
            break
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
