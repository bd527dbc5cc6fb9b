"""Bits per character of chapter 2's character model on held-out topics of the manual."""

from qkv.chapters.recurrent import train_characters


def settings():
    """Ten seeds: they differ by more than a tenth of a bit, which five would hide."""
    return [{"seed": seed} for seed in range(10)]


def run(seed):
    """Return the bits per character after every hundred steps, and at the end."""
    _, history = train_characters(seed)
    stages = [round(bits, 4) for _, bits in history.valid]
    return {"bits": stages[-1], "stages": stages}
