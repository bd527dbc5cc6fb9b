"""Chapter 06: eight heads that share keys and values; the study `heads` has those that do not."""

from qkv.chapters.multi_head_attention import behaviour, train_stack
from qkv.chapters.seq2seq import count_parameters


def settings():
    """Return five seeds with a single head of keys and values."""
    return [{"n_kv_heads": 1, "seed": seed} for seed in range(5)]


def run(n_kv_heads, seed):
    """Train two layers of four heads with shared keys and values."""
    model = train_stack(seed, n_kv_heads)
    return {"parameters": count_parameters(model), **behaviour(model)}
