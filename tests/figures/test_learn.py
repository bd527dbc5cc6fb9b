"""The figure of a model that learns in the page, in Python."""

import pytest
import torch

from qkv.chapters.generating_text import GPT
from qkv.figures.learn import Learn, trained

TEXT = "the cat sat on the mat. " * 60


def make(vocab_size):
    return GPT(vocab_size, d_model=8, n_heads=2, d_ff=16, n_layers=1)


def test_the_picture_shows_a_training_that_learns():
    torch.manual_seed(5)
    before = torch.rand(1)
    losses, held_out, counting = trained(TEXT, make, steps=120)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(1), before), "the page's own random numbers were moved"
    assert len(losses) == 120
    assert losses[0] > counting > 2  # eleven letters, some of them frequent
    assert held_out[-1][1] < counting - 1
    assert trained(TEXT, make, steps=120)[0] == losses


@pytest.mark.parametrize("text", ["too short", "x" * 100_001])
def test_a_text_that_is_too_short_or_too_long_is_refused(text):
    with pytest.raises(ValueError, match=f"has {len(text):,} characters: give 500 to 100,000"):
        Learn(text, make, alt="A model.")
