"""Chapter 05: does the vector of *apple* tell the fruit from the company, in new sentences?"""

from qkv.chapters.encodings import Vocabulary
from qkv.chapters.self_attention import (
    SPECIALS,
    sense_scores,
    split_apples,
    train_reader,
    vectors_of,
)
from qkv.data import apples


def settings():
    """Return five seeds."""
    return [{"seed": seed} for seed in range(5)]


def run(seed):
    """Train a reader on talk without some apple sentences, and ask it about those."""
    talk, new = split_apples(apples.sentences(2_000, seed=1))
    vocabulary = Vocabulary((word for words, _ in talk for word in words), specials=SPECIALS)
    rows = [vocabulary.encode(words) for words, _ in talk]
    model = train_reader(rows, len(vocabulary), vocabulary.ids["apple"], seed)
    known = [t for t in talk if "apple" in t[0]]
    return {
        "n_new": len(new),
        **sense_scores(
            vectors_of(model, vocabulary, known, "apple"),
            [sense for _, sense in known],
            vectors_of(model, vocabulary, new, "apple"),
            [sense for _, sense in new],
        ),
    }
