"""The GPT's figure in Python: what it stores and what it refuses."""

import base64
import json

import numpy as np
import pytest
import torch

from qkv.chapters.encodings import Vocabulary
from qkv.chapters.generating_text import GPT
from qkv.chapters.multi_head_attention import MultiHeadAttention
from qkv.figure import FIGURE_MIME
from qkv.figures.gpt import GPTFlow

LETTERS = "abcdefghij \n."


def tiny(**sizes):
    """Return an untrained model of a few characters, and its vocabulary."""
    torch.manual_seed(0)
    vocabulary = Vocabulary(LETTERS, specials=())
    sizes = {"d_model": 16, "n_heads": 2, "d_ff": 32, "n_layers": 2, **sizes}
    return GPT(len(vocabulary), **sizes).eval(), vocabulary


def figure(**changes):
    """Return the figure of a tiny model."""
    model, vocabulary = tiny()
    given = {"model": model, "vocabulary": vocabulary, "prompts": ["a bad idea", "fig.\n"]}
    return GPTFlow(**{**given, "context": 16, "alt": "A model.", "name": "fig-gpt", **changes})


def test_the_state_holds_every_weight_as_a_16_bit_number():
    state = figure().figure_state()
    model, vocabulary = tiny()
    numbers = np.frombuffer(base64.b64decode(state["weights"]), "<f2")
    there = torch.cat([p.flatten() for p in model.state_dict().values()])
    np.testing.assert_array_equal(numbers, there.half().numpy())
    assert [name for name, _ in state["shapes"]] == list(model.state_dict())
    assert state["tokens"] == vocabulary.tokens
    assert json.loads(json.dumps(state)) == state


def test_a_model_of_the_book_s_size_stays_below_two_megabytes():
    vocabulary = Vocabulary(map(chr, range(33, 136)), specials=())
    shown = GPTFlow(GPT(103), vocabulary, ["abc"], alt="A model.")
    assert 1_100_000 < len(json.dumps(shown.figure_state())) < 1_300_000


def test_the_still_picture_shows_the_model_s_own_probabilities():
    model, vocabulary = tiny()
    shown = figure()
    ids = torch.tensor([vocabulary.encode("a bad idea")])
    with torch.no_grad():
        expected = model(ids)[0, -1].softmax(-1)
    assert torch.allclose(shown._chances, expected)
    assert shown._repr_mimebundle_()[0][FIGURE_MIME]["still"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"model": tiny(attention=MultiHeadAttention)[0]}, "is no GPT with rotary positions"),
        ({"model": torch.nn.Linear(2, 2)}, "this Linear is no GPT"),
        ({"vocabulary": Vocabulary("ab", specials=())}, "has 2 tokens but the model 13"),
        ({"prompts": []}, "prompts is empty"),
        ({"prompts": [""]}, "has 0 characters: give 1 to 200"),
        ({"prompts": ["a" * 201]}, "has 201 characters"),
        ({"prompts": ["a bad zoo"]}, "has 'o', which the model lacks"),
        ({"context": 7}, "context=7: choose an even number"),
    ],
)
def test_what_cannot_be_shown_is_refused(changes, complaint):
    with pytest.raises(ValueError, match=complaint):
        figure(**changes)


def test_a_vocabulary_of_words_is_refused():
    with pytest.raises(ValueError, match="is no single character"):
        figure(vocabulary=Vocabulary([*LETTERS[:-1], "word"], specials=()))
