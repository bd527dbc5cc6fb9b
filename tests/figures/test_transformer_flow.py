"""The transformer's figure in Python: what it stores and what it refuses."""

import base64
import io
import json

import numpy as np
import pytest
import torch
from live_page import stored
from PIL import Image
from tiny_transformer import figure, tiny
from tiny_translator import EXAMPLES

from qkv.chapters.encodings import Vocabulary
from qkv.chapters.self_attention import LearnedPositions, sinusoids
from qkv.chapters.seq2seq import SPECIALS
from qkv.chapters.transformer import PostNorm, RotaryMultiHeadAttention, Transformer
from qkv.figure import FIGURE_MIME
from qkv.figures.transformer_flow import TransformerFlow


def test_the_state_holds_every_weight_and_the_positions():
    model, _ = tiny()
    state = figure().figure_state()
    expected = {**model.state_dict(), "positions": sinusoids(61, 8)}
    tensors = stored(state)
    assert set(tensors) == set(expected)
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(tensor, expected[name].numpy())
    assert (state["n_heads"], state["examples"], state["text"]) == (2, EXAMPLES, EXAMPLES[0])
    assert json.loads(json.dumps(state)) == state


def test_training_on_does_not_change_the_figure():
    model, both = tiny()
    shown = figure(model=model, vocabularies=both)
    before = shown.weights
    with torch.no_grad():
        model.to_scores.weight.zero_()
    assert shown.weights == before


def test_a_model_of_the_book_s_size_stays_below_two_megabytes():
    both = [Vocabulary([f"w{i}" for i in range(n)], specials=SPECIALS) for n in (171, 252)]
    shown = TransformerFlow(Transformer(*map(len, both)), both, "w1 w2", alt="A model.")
    assert 1_000_000 < len(json.dumps(shown.figure_state())) < 1_300_000


def test_the_still_picture_is_a_png_and_the_module_is_the_flow():
    output = figure()._repr_mimebundle_()[0]
    assert output[FIGURE_MIME]["module"] == "transformer_flow"
    assert Image.open(io.BytesIO(base64.b64decode(output["image/png"]))).format == "PNG"


def learned():
    """A transformer whose positions are parameters."""
    return Transformer(12, 14, d_model=8, n_heads=2, positions=LearnedPositions(61, 8))


def half_rotary():
    """A transformer that turns queries and keys in its first layer alone."""
    model, _ = tiny()
    model.encoder.blocks[0].attention = RotaryMultiHeadAttention(8, 2)
    return model


@pytest.mark.parametrize(
    "make",
    [lambda: tiny(connection=PostNorm)[0], learned, half_rotary, lambda: torch.nn.Linear(2, 2)],
)
def test_a_model_built_in_another_way_is_refused(make):
    with pytest.raises(ValueError, match="built in another way than a Transformer with PreNorm"):
        figure(model=make())


def test_vocabularies_of_another_size_are_refused():
    _, (english, _) = tiny()
    with pytest.raises(ValueError, match="target vocabulary has 12 tokens but the model 14"):
        figure(vocabularies=(english, english))
