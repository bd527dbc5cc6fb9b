"""The heads in Python: what they store, draw and refuse."""

import base64
import io
import json

import numpy as np
import pytest
import torch
from live_page import stored
from PIL import Image
from tiny_heads import EXAMPLES, figure, tiny
from tiny_translator import tiny as translator

from qkv.chapters.attention import DotScore
from qkv.chapters.encodings import Vocabulary
from qkv.chapters.multi_head_attention import AttentionStack, attention_maps
from qkv.figure import FIGURE_MIME
from qkv.figures.heads import _maps, cut


def test_the_state_holds_every_weight_in_order_and_survives_training_on():
    model, vocabulary = tiny(n_kv_heads=2)
    state = figure(model, vocabulary).figure_state()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    with torch.no_grad():
        model.embed.weight.zero_()
    tensors = stored(state)
    assert set(tensors) == set(before)
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(tensor, before[name].numpy())
    assert state["sizes"] == [[4, 2], [4, 2]]
    assert state["labels"] == [[0, 1, "previous token"], [1, 3, "agreement"]]
    assert (state["text"], state["chosen"], state["removed"]) == (EXAMPLES[0], [0, 0], [])
    assert json.loads(json.dumps(state)) == state


def test_a_model_of_the_book_s_size_stays_below_two_megabytes():
    vocabulary = Vocabulary([f"w{i}" for i in range(250)])
    shown = figure(
        AttentionStack(251, 128, 8, 4), vocabulary, sentences="w1", labels={}, start=None
    )
    assert 1_000_000 < len(json.dumps(shown.figure_state())) < 2_000_000


def test_the_still_picture_shows_the_model_s_own_weights_and_leaves_no_hook():
    model, vocabulary = tiny()
    words = [".", "the", "cats", "zebra"]
    ids = torch.tensor([[vocabulary.ids.get(word, vocabulary.ids["<unk>"]) for word in words]])
    expected = attention_maps(model, ids)
    found = _maps(model, vocabulary.tokens, words)
    np.testing.assert_array_equal(found, [expected[f"layers.{i}"][0].numpy() for i in range(2)])
    assert not any(module._forward_pre_hooks for module in model.modules())
    output = figure(model, vocabulary)._repr_mimebundle_()[0]
    assert output[FIGURE_MIME]["module"] == "heads"
    assert Image.open(io.BytesIO(base64.b64decode(output["image/png"]))).format == "PNG"


def test_another_model_or_vocabulary_is_refused():
    _, vocabulary = tiny()
    with pytest.raises(ValueError, match="this AttentionTranslator has other parts"):
        figure(translator(DotScore)[0], vocabulary)
    with pytest.raises(ValueError, match="has other parts than an AttentionStack"):
        figure(AttentionStack(12, 16, 4, 0), vocabulary)
    with pytest.raises(ValueError, match="the vocabulary has 12 tokens but the model 9"):
        figure(AttentionStack(9, 16, 4, 1), vocabulary)
    with pytest.raises(ValueError, match="the vocabulary lacks '<unk>'"):
        figure(AttentionStack(1, 16, 4, 1), Vocabulary(["cat"], specials=()))
    with pytest.raises(ValueError, match="start='<go>' is not in the vocabulary"):
        figure(start="<go>")


@pytest.mark.parametrize("change", [{"labels": {(1, 4): "x"}}, {"chosen": (2, 0)}])
def test_a_head_that_is_not_there_is_refused(change):
    with pytest.raises(ValueError, match=r"no head .* layers 0 to 1 with heads 0 to 3"):
        figure(**change)


@pytest.mark.parametrize(
    ("sentences", "complaint"),
    [
        ([], "sentences is empty: give at least one"),
        (["?!"], "has 0 words: give one of 1 to 40"),
        ([" ".join(["cat"] * 41)], "has 41 words: give one of 1 to 40"),
        ([("the", "cat")], "is no text: join its tokens"),
    ],
)
def test_examples_that_cannot_be_shown_are_refused(sentences, complaint):
    with pytest.raises(ValueError, match=complaint):
        figure(sentences=sentences)


def test_a_text_is_cut_into_words_and_the_signs_that_the_model_knows():
    assert cut("The cat’s OLD, now? The-end.", ["."]) == [
        "the",
        "cat's",
        "old",
        "now",
        "the-end",
        ".",
    ]
