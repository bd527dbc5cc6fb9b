"""Chapter 06: eight heads that share keys and values; the study `heads` has those that do not."""

from qkv.chapters.multi_head_attention import behaviour, train_stack
from qkv.chapters.seq2seq import count_parameters


def settings():
    """Return two heads of keys and values, and one; five seeds each."""
    return [{"n_kv_heads": n, "seed": seed} for seed in range(5) for n in (2, 1)]


def run(n_kv_heads, seed):
    """Train two layers of four heads with shared keys and values."""
    model = train_stack(seed, n_kv_heads)
    return {"parameters": count_parameters(model), **behaviour(model)}
