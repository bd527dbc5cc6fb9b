"""Chapter 07: what a training step costs the translators, against the length of the sentences.

Every batch holds the same number of tokens, in few long sentences or in many short ones. Processor
time of loss, gradient and update, the least of several, so that what else the machine does matters
little; and the longest chain of operations in which each waits for the one before it.
"""

import time
from functools import partial

import torch

from qkv.chapters.attention import AttentionTranslator, BahdanauTranslator
from qkv.chapters.seq2seq import EncoderDecoder, count_parameters, token_loss
from qkv.chapters.transformer import RotaryMultiHeadAttention, Transformer
from qkv.data.pairs import Batch

LENGTHS = (10, 20, 40, 80, 160)
TOKENS, REPEATS = 1280, 4
VOCABULARIES = 175, 256  # those of `phrases`
MODELS = {
    "one vector": EncoderDecoder,
    "attention, step first": AttentionTranslator,
    "attention, Bahdanau's loop": BahdanauTranslator,
    "transformer": partial(Transformer, attention=RotaryMultiHeadAttention),
}


def settings():
    """Return five repetitions of the whole measurement."""
    return [{"seed": seed} for seed in range(5)]


def batch_of(length):
    """Return a batch of random ids, all sentences of this length, on both sides."""
    sentences = TOKENS // length
    source = torch.randint(4, VOCABULARIES[0], (sentences, length))
    target_in, target_out = torch.randint(4, VOCABULARIES[1], (2, sentences, length))
    real = torch.ones(sentences, length, dtype=torch.bool)
    return Batch(source, real, target_in, target_out, real, list(range(sentences)))


def chain(result):
    """Return the longest chain of operations behind a result: each waits for the one before it."""
    longest, waiting = {}, [result.grad_fn]
    while waiting:
        node = waiting[-1]
        before = [n for n, _ in node.next_functions if n is not None]
        unknown = [n for n in before if n not in longest]
        if unknown:
            waiting += unknown
        else:
            longest[waiting.pop()] = 1 + max((longest[n] for n in before), default=0)
    return longest[result.grad_fn]


def step(model, optimizer, batch):
    """Take one training step, and return its processor seconds."""
    start = time.process_time()
    optimizer.zero_grad()
    token_loss(model, batch).backward()
    optimizer.step()
    return time.process_time() - start


def run(seed):
    """Return milliseconds a step and the chain, by model and length."""
    torch.manual_seed(seed)
    models = {name: kind(*VOCABULARIES) for name, kind in MODELS.items()}
    optimizers = {n: torch.optim.AdamW(m.parameters()) for n, m in models.items()}
    took, chains = {name: [] for name in models}, {name: [] for name in models}
    for length in LENGTHS:
        batch = batch_of(length)
        best = dict.fromkeys(models, float("inf"))
        for _ in range(REPEATS):  # in turns, so that a disturbance hits all
            for name, model in models.items():
                best[name] = min(best[name], step(model, optimizers[name], batch))
        short = batch._replace(**{k: v[:2] for k, v in batch._asdict().items()})
        for name, model in models.items():
            took[name].append(round(1000 * best[name], 2))
            with torch.backends.mkldnn.flags(enabled=False):  # it would hide an LSTM's steps
                chains[name].append(chain(token_loss(model, short)))
    return {
        "lengths": list(LENGTHS),
        "parameters": {name: count_parameters(model) for name, model in models.items()},
        "milliseconds": took,
        "chain": chains,
    }
