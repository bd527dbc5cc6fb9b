"""The translator in Python: what it stores and what it refuses."""

import base64
import io
import json

import numpy as np
import pytest
import torch
from live_page import stored
from PIL import Image
from tiny_translator import EXAMPLES, figure, tiny

from qkv.chapters.attention import AttentionTranslator, BahdanauTranslator, DotScore
from qkv.chapters.encodings import Vocabulary
from qkv.chapters.seq2seq import SPECIALS, greedy
from qkv.data.phrases import tokenize
from qkv.figure import FIGURE_MIME
from qkv.figures.translator import translated


def test_the_state_holds_every_weight_in_order():
    model, _ = tiny()
    state = figure().figure_state()
    tensors = stored(state)
    assert set(tensors) == set(model.state_dict())
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(tensor, model.state_dict()[name].numpy())
    assert state["tokens"][0][:4] == list(SPECIALS)
    assert (state["examples"], state["text"]) == (EXAMPLES, EXAMPLES[0])
    assert json.loads(json.dumps(state)) == state


def test_training_on_does_not_change_the_figure():
    model, both = tiny()
    shown = figure(model=model, vocabularies=both)
    before = shown.weights
    with torch.no_grad():
        model.embed.weight.zero_()
    assert shown.weights == before


def test_a_model_of_the_book_s_size_stays_below_two_megabytes():
    both = [Vocabulary([f"w{i}" for i in range(n)], specials=SPECIALS) for n in (171, 252)]
    model = AttentionTranslator(*map(len, both))
    shown = figure(model=model, vocabularies=both, sentences=["w1 w2"])
    assert 1_000_000 < len(json.dumps(shown.figure_state())) < 1_200_000


def test_the_still_picture_shows_the_weights_that_greedy_search_has():
    model, both = tiny()
    words = tokenize(EXAMPLES[0])
    source, target, weights = translated(model, [v.tokens for v in both], words)
    ids = torch.tensor([both[0].encode(source)])
    mask = torch.ones_like(ids, dtype=torch.bool)
    (row,) = greedy(model, ids, mask)
    assert [t for t in target if t != "<eos>"] == both[1].decode(row)
    assert weights.shape == (len(target), len(words) + 1)
    memory, state = model.encode(ids, mask)
    for token, expected in zip(["<bos>", *target], weights, strict=False):
        with torch.no_grad():
            _, state, one = model.steps(memory, state, torch.tensor([[both[1].encode([token])[0]]]))
        np.testing.assert_allclose(one[0, 0], expected, atol=1e-6)
    output = figure()._repr_mimebundle_()[0]
    assert output[FIGURE_MIME]["module"] == "translator"
    assert Image.open(io.BytesIO(base64.b64decode(output["image/png"]))).format == "PNG"


def test_a_sentence_that_ends_has_its_end_marker_and_an_endless_one_stops():
    model, both = tiny()
    tokens = [v.tokens for v in both]
    for bias, target in ((100, ["<eos>"]), (-100, None)):
        with torch.no_grad():
            model.to_scores.bias[2] = bias  # the end marker
        found, weights = translated(model, tokens, ["the", "cat"])[1:]
        assert found == target if target else (len(found) == 60 and "<eos>" not in found)
        assert weights.shape == (len(found), 3)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: BahdanauTranslator(12, 14), "BahdanauTranslator"),
        (lambda: tiny(DotScore)[0], "AttentionTranslator"),
        (lambda: tiny(n_layers=2)[0], "AttentionTranslator"),
    ],
)
def test_another_model_is_refused(make, name):
    with pytest.raises(ValueError, match=f"this {name} has other parts .* one layer"):
        figure(model=make())


def test_vocabularies_of_another_size_are_refused():
    _, (english, _) = tiny()
    with pytest.raises(ValueError, match="target vocabulary has 12 tokens but the model 14"):
        figure(vocabularies=(english, english))


def test_a_vocabulary_without_an_end_is_refused():
    _, (_, french) = tiny()
    english = Vocabulary([f"w{i}" for i in range(11)])
    with pytest.raises(ValueError, match="source vocabulary lacks '<eos>'"):
        figure(vocabularies=(english, french))


@pytest.mark.parametrize(
    ("sentences", "complaint"),
    [
        ([], "sentences is empty: give at least one"),
        (["..."], "has 0 words: give one of 1 to 40"),
        ([" ".join(["cat"] * 41)], "has 41 words: give one of 1 to 40"),
        ([("the", "cat")], "is no text: join its tokens"),
    ],
)
def test_examples_that_cannot_be_translated_are_refused(sentences, complaint):
    with pytest.raises(ValueError, match=complaint):
        figure(sentences=sentences)
