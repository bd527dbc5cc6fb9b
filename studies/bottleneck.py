"""Chapter 03: the encoder–decoder with one vector between its halves, at the full budget."""

import time

import torch

from qkv.chapters.encodings import pca
from qkv.chapters.seq2seq import (
    EncoderDecoder,
    count_parameters,
    evaluate,
    gradient_ratio,
    sentence_states,
    train_translator,
    vocabularies,
)
from qkv.data import phrases

DATA = phrases.load()
VOCABULARIES = vocabularies(DATA.train)
LONG = [pair for pair in DATA.test if len(pair.source) >= 25][:100]


def settings():
    """Return five seeds."""
    return [{"seed": seed} for seed in range(5)]


def separation(first, second):
    """Return how well the middle between two groups' centres, on two axes, tells them apart."""
    points = pca(torch.cat([first, second]), 2)[0]
    first, second = points[: len(first)], points[len(first) :]
    centres = torch.stack([first.mean(0), second.mean(0)])
    right = torch.cdist(first, centres).argmin(1) == 0, torch.cdist(second, centres).argmin(1) == 1
    return torch.cat(right).float().mean().item()


def run(seed):
    """Train one seed at the full budget, and look at it from all sides."""
    torch.manual_seed(seed)
    model = EncoderDecoder(*map(len, VOCABULARIES))
    before = gradient_ratio(model, LONG, VOCABULARIES)
    started = time.process_time()
    history = train_translator(model, DATA.train, VOCABULARIES, seed)
    trained = time.process_time() - started

    def states(pairs):
        return sentence_states(model, [pair.source for pair in pairs], VOCABULARIES[0])

    voices = phrases.voice_pairs(200)
    short = [pair for pair in DATA.test if len(pair.source) <= 12]
    questions = [pair for pair in short if pair.source[-1] == "?"]
    statements = [pair for pair in short if pair.source[-1] != "?"]
    return {
        "parameters": count_parameters(model),
        "training": round(trained, 1),
        "loss": history.smooth()[-1],
        **evaluate(model, DATA.test, VOCABULARIES),
        "compositional": evaluate(model, DATA.compositional[:600], VOCABULARIES)["exact"],
        "gradient_before": before,
        "gradient_after": gradient_ratio(model, LONG, VOCABULARIES),
        "voice": separation(states([a for a, _ in voices]), states([p for _, p in voices])),
        "order": separation(states(questions), states(statements)),
    }
