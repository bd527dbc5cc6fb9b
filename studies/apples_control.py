"""Chapter 05: what tells the apples apart? The controls of study `apples`.

One reader is not trained; one is trained like the others but looks at all words alike.
"""

import torch

from qkv.chapters.encodings import Vocabulary
from qkv.chapters.self_attention import (
    SPECIALS,
    EvenAttention,
    Reader,
    sense_scores,
    split_apples,
    train_reader,
    vectors_of,
)
from qkv.data import apples


def settings():
    """Return ten seeds untrained, which cost nothing, and five with even weights."""
    return [{"reader": "untrained", "seed": seed} for seed in range(10)] + [
        {"reader": "even", "seed": seed} for seed in range(5)
    ]


def run(reader, seed):
    """Return the scores of study `apples` for one control."""
    talk, new = split_apples(apples.sentences(2_000, seed=1))
    vocabulary = Vocabulary((word for words, _ in talk for word in words), specials=SPECIALS)
    rows = [vocabulary.encode(words) for words, _ in talk]
    if reader == "untrained":
        torch.manual_seed(seed)
        model = Reader(len(vocabulary), d_model=32)
    else:
        model = train_reader(
            rows, len(vocabulary), vocabulary.ids["apple"], seed, look=EvenAttention
        )
    known = [t for t in talk if "apple" in t[0]]
    return sense_scores(
        vectors_of(model, vocabulary, known, "apple"),
        [sense for _, sense in known],
        vectors_of(model, vocabulary, new, "apple"),
        [sense for _, sense in new],
    )
