"""Chapter 06: who and whom at once, against the number of heads, at equal parameters."""

from qkv.chapters.multi_head_attention import names_found, train_verb
from qkv.chapters.seq2seq import count_parameters

KINDS = {  # heads, heads of keys and values, whether the second noun is marked
    "1": (1, 1, False),
    "2": (2, 2, False),
    "4": (4, 4, False),
    "8": (8, 8, False),
    "1, marked": (1, 1, True),
    "4 on 2": (4, 2, False),
    "4 on 1": (4, 1, False),
}


def settings():
    """Return every kind of `KINDS`, five seeds each."""
    return [{"kind": kind, "seed": seed} for seed in range(5) for kind in KINDS]


def run(kind, seed):
    """Train a reader and ask it about new sentences."""
    n_heads, n_kv_heads, marked = KINDS[kind]
    model = train_verb(n_heads, seed, n_kv_heads, marked)
    return {"parameters": count_parameters(model), **names_found(model, marked)}
