"""Chapter 06: what eight heads do, and what breaks without each."""

from qkv.chapters.multi_head_attention import (
    behaviour,
    head_scores,
    losses_without,
    train_stack,
)


def settings():
    """Return five seeds."""
    return [{"seed": seed} for seed in range(5)]


def run(seed):
    """Train two layers of four heads, score each, and remove each."""
    model = train_stack(seed)
    scores = {name: s.tolist() for name, s in head_scores(model).items()}
    return {"all": behaviour(model), "scores": scores, "without": losses_without(model)}
