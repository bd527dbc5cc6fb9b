"""Chapter 03: a context whose true size grows, because the encoder behind it grows too.

In study `context_size` the encoder's state has 96 numbers whatever the context has, so that a
context of 256 says no more than 96. Here the state has 256. Otherwise all is as there.
"""

import torch

from qkv.chapters.seq2seq import (
    Encoder,
    EncoderDecoder,
    count_parameters,
    train_translator,
    translate,
    vocabularies,
)
from qkv.data import phrases
from qkv.metrics import by_length, exact_match

LONGEST, SIZE = 12, 256
BANDS = ((3, 4), (5, 6), (7, 8), (9, 10), (11, LONGEST))
DATA = phrases.load()
VOCABULARIES = vocabularies(DATA.train)
TRAIN = [pair for pair in DATA.train if len(pair.source) <= LONGEST]
TEST = [pair for pair in DATA.test if len(pair.source) <= LONGEST]


def settings():
    """Return one seed: it takes more than twice as long as those of `context_size`."""
    return [{"seed": 0}]


def run(seed):
    """Train on short sources and score by length, in the bands of `BANDS`."""
    torch.manual_seed(seed)
    model = EncoderDecoder(*map(len, VOCABULARIES), d_context=SIZE)
    d_embed = model.encoder.embed.embedding_dim
    model.encoder = Encoder(len(VOCABULARIES[0]), d_embed, SIZE)
    model.to_context = torch.nn.Linear(SIZE, SIZE)
    history = train_translator(model, TRAIN, VOCABULARIES, seed, limits=(8,) * 4)
    references = [pair.target for pair in TEST]
    hypotheses = [tuple(row) for row in translate(model, TEST, VOCABULARIES)]
    bands = by_length(exact_match, [p.source for p in TEST], hypotheses, references, BANDS)
    return {
        "parameters": count_parameters(model),
        "loss": history.smooth()[-1],
        "exact": exact_match(hypotheses, references),
        "exact_by_length": [band.score for band in bands],
    }
