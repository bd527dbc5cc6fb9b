"""Chapter 09: how good and how varied a text is, for each rule of choosing and its range.

A GPT writes after prompts of held-out text. A second GPT, of another seed and half as long
trained, judges: it has written none of it. People's own continuations are the control.
"""

import math

import torch
import torch.nn.functional as F

from qkv.chapters.encodings import words
from qkv.chapters.generating_text import (
    CONTEXT,
    GPT,
    Cache,
    beam,
    distinct,
    known_words,
    longest_copy,
    manual_ids,
    min_p,
    nucleus,
    repeated,
    repetition_penalty,
    temperature,
    top_k,
    train_gpt,
    window,
    write,
)
from qkv.chapters.recurrent import split_manual

VOCABULARY, IDS, HELD_OUT = manual_ids()
TEXT = split_manual()[0]
PROMPT, LENGTH, N_TEXTS, N_BEAMS = 32, 161, 48, 8

RULES = {
    "temperature": ([0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5], lambda t: lambda s, w: temperature(s, t)),
    "top-k": ([1, 2, 4, 8, 16, 103], lambda k: lambda s, w: top_k(s, k)),
    "nucleus": ([0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0], lambda p: lambda s, w: nucleus(s, p)),
    "min-p": ([0.02, 0.05, 0.1, 0.2, 0.5], lambda p: lambda s, w: min_p(s, p)),
    "greedy, penalty": ([1.0, 1.1, 1.2, 1.4], lambda a: lambda s, w: penalised(s, w, a)),
}


def penalised(scores, written, penalty):
    """Keep the best score after a penalty on the last 32 characters."""
    return top_k(repetition_penalty(scores, written[:, -32:], penalty), 1)


def settings():
    """Return five seeds; each run tries every rule."""
    return [{"seed": seed} for seed in range(1, 6)]


def run(seed):
    """Return the measures of each rule at each value, and of people's text."""
    writer, judge = trained(seed, 900), trained(100 + seed, 450)
    starts = torch.linspace(0, len(HELD_OUT) - PROMPT - LENGTH - 1, N_TEXTS).long()
    people = HELD_OUT[starts[:, None] + torch.arange(PROMPT + LENGTH)]
    prompts = people[:, :PROMPT]
    found = {"people": measures(judge, people)}
    for name, (values, rule) in RULES.items():
        found[name] = [
            {
                "value": value,
                **measures(judge, write(reader(writer), prompts, LENGTH, rule(value), seed)),
            }
            for value in values
        ]
    beams = [beam(window(writer), row, LENGTH, 4)[0][0] for row in prompts[:N_BEAMS]]
    found["beam"] = measures(judge, torch.stack(beams))
    return found


def trained(seed, steps):
    """Return a GPT of this seed."""
    torch.manual_seed(seed)
    model = GPT(len(VOCABULARY))
    train_gpt(model, IDS, seed, steps)
    return model


def reader(model):
    """Return a reader with a cache that begins anew on half a context when it is full."""
    cache, begin = Cache(model), 0

    def read(ids):
        nonlocal cache, begin
        if ids.shape[1] - begin > CONTEXT:
            cache, begin = Cache(model), ids.shape[1] - CONTEXT // 2
        return cache.read(ids[:, begin:])

    return read


@torch.no_grad()
def measures(judge, ids):
    """Return what is said of the texts (n, PROMPT + LENGTH) without their prompts."""
    texts = ["".join(VOCABULARY.decode(row)) for row in ids[:, PROMPT:].tolist()]
    # each character but the last is judged with 32 to 63 before it
    pieces = ids.unfold(1, 65, 32).flatten(0, 1)
    scores = judge(pieces[:, :-1])[:, 32:].flatten(0, 1)
    bits = F.cross_entropy(scores, pieces[:, 33:].flatten()).item() / math.log(2)
    return {
        "repeated": round(sum(map(repeated, texts)) / len(texts), 4),
        "distinct": round(distinct(texts), 4),
        "known": round(known_words(texts, set(words(TEXT))), 4),
        "bits": round(bits, 4),
        "copied": round(sum(len(longest_copy(t, TEXT)) for t in texts) / len(texts), 2),
    }
