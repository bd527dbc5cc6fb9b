"""Chapter 09: what models of the manual's characters reach, against time and against parameters.

All see the same text. The budgets of the GPT are trainings of their own, each cooled to its end.
The page trains seed 0; here are five others.
"""

import time

import torch
from torch.nn import functional as F

from qkv.chapters.attention import AttentionTranslator
from qkv.chapters.generating_text import (
    GPT,
    bits_of_a_name,
    crops,
    manual_ids,
    surprise,
    train_gpt,
)
from qkv.chapters.recurrent import train_characters
from qkv.chapters.seq2seq import count_parameters
from qkv.data.pairs import Batch
from qkv.train import fit

VOCABULARY, IDS, HELD_OUT = manual_ids()
PROMPT = 32  # characters of a prompt, and of what follows it
NAMED = "If {} is not a class, the name {} is used"

# Sizes and steps. Steps of the small and the large GPT take about as long as 450 of the usual one.
GPTS = {
    "GPT": ({}, 900),
    "GPT, half the steps": ({}, 450),
    "GPT, a quarter of the steps": ({}, 225),
    "GPT, 48 wide": ({"d_model": 48, "d_ff": 192}, 900),
    "GPT, 144 wide": ({"d_model": 144, "d_ff": 576}, 260),
    "GPT, AdamW": ({}, 900),
}
LSTMS = {"LSTM": 500, "LSTM, five times the steps": 2500}


def settings():
    """Return five seeds of each model."""
    names = [*GPTS, *LSTMS, "sequence to sequence"]
    return [{"model": name, "seed": seed} for seed in range(1, 6) for name in names]


def run(model, seed):
    """Return bits per character, bits after a prompt of 32, parameters, and seconds of training."""
    start = time.process_time()
    torch.manual_seed(seed)
    if model in GPTS:
        sizes, steps = GPTS[model]
        trained = read = GPT(len(VOCABULARY), **sizes)
        train_gpt(trained, IDS, seed, steps, muon="AdamW" not in model)
    elif model in LSTMS:
        trained, history = train_characters(seed, LSTMS[model])
        read = scores_of(trained)
    else:
        trained = translator(seed)
        read = translated(trained)
    training = time.process_time() - start
    found = {"parameters": count_parameters(trained), "training": round(training, 1)}
    if model in GPTS:
        found["bits"] = round(surprise(trained, HELD_OUT).mean().item(), 4)
    elif model in LSTMS:
        found["bits"] = round(history.valid[-1][1], 4)
    found["after_prompt"] = round(after_prompt(read), 4)
    if model in GPTS or model in LSTMS:
        for key, same in (("name_again", True), ("name_new", False)):
            found[key] = round(bits_of_a_name(read, VOCABULARY, NAMED, same), 4)
    return found


def scores_of(lstm):
    """Return the LSTM as a function of ids alone."""
    return lambda ids: lstm(ids)[0]


def batch_of(ids):
    """Make a batch of stretches (n, 2 · PROMPT): read the first half, write the second."""
    source, target = ids[:, :PROMPT], ids[:, PROMPT:]
    before = ids[:, PROMPT - 1 : -1]
    real = torch.ones_like(source, dtype=torch.bool)
    return Batch(source, real, before, target, real, [])


def translator(seed):
    """Train chapter 4's model to go on with 32 characters, given the 32 before them."""
    model = AttentionTranslator(len(VOCABULARY), len(VOCABULARY), d_hidden=192)
    generator = torch.Generator().manual_seed(seed)

    def loss(model, ids):
        batch = batch_of(ids)
        return F.cross_entropy(model(batch).flatten(0, 1), batch.target_out.flatten())

    fit(
        model,
        loss,
        lambda epoch: (crops(IDS, 32, 2 * PROMPT, generator) for _ in range(100)),
        steps=1000,
        lr=5e-3,
        seed=seed,
    )
    return model


def translated(model):
    """Return the translator as a function of stretches: scores of their second half."""
    return lambda ids: model(batch_of(torch.cat([ids, ids[:, -1:]], dim=1)))


@torch.no_grad()
def after_prompt(read):
    """Return the bits per character of the 32 that follow a prompt of 32, on held-out text."""
    n = len(HELD_OUT) // (2 * PROMPT)
    ids = HELD_OUT[: n * 2 * PROMPT].view(n, -1)
    scores = read(ids[:, :-1])[:, -PROMPT:]
    nats = F.cross_entropy(scores.flatten(0, 1), ids[:, PROMPT:].flatten())
    return nats.item() / torch.log(torch.tensor(2.0)).item()
