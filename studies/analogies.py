"""Chapter 01: do skip-gram's differences solve analogies, or would the nearest words do?"""

import torch

from qkv.chapters.encodings import (
    SkipGram,
    Vocabulary,
    analogy_scores,
    negative_sampling_loss,
    skipgram_batches,
    words,
)
from qkv.data import manual
from qkv.train import fit


def settings():
    """Return five seeds."""
    return [{"seed": seed} for seed in range(1, 6)]


def run(seed):
    """Train as the chapter does, and ask for the plurals with the step and without it."""
    texts = [[w for w in words(manual.text(t)) if w.isidentifier()] for t in manual.topics()]
    vocabulary = Vocabulary((w for text in texts for w in text), min_count=5, specials=())
    documents = [torch.tensor(vocabulary.encode([w for w in d if w in vocabulary])) for d in texts]
    counts = torch.tensor([vocabulary.counts[w] for w in vocabulary.tokens], dtype=torch.float)
    torch.manual_seed(seed)
    model = SkipGram(len(vocabulary), d_embed=64)
    fit(
        model,
        lambda model, batch: negative_sampling_loss(model(*batch)),
        skipgram_batches(documents, counts, window=8, k=5, batch_size=2_048, seed=seed),
        steps=1_500,
        lr=0.01,
        weight_decay=0.5,
        seed=seed,
        label="skip-gram",
    )
    pairs = [(w, w + "s") for w in vocabulary.tokens if w + "s" in vocabulary and len(w) > 2]
    first, second = torch.tensor([vocabulary.encode(pair) for pair in pairs]).T
    with_step, without_step = analogy_scores(model.vectors, first, second)
    return {"with_step": with_step, "without_step": without_step}
