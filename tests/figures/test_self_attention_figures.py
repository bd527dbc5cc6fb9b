"""The figures of chapter 05 in Python: what they store, and what they refuse."""

import io
import json

import numpy as np
import pytest
import torch
from PIL import Image
from self_attention_figures import FIGURES, PADDED, dot_product, mask_painter, trace, waves

from qkv.figure import FIGURE_MIME
from qkv.figures.dot_product import DotProduct
from qkv.figures.mask_painter import MaskPainter, preset_mask
from qkv.figures.trace import Trace
from qkv.figures.waves import Waves, sinusoids


@pytest.mark.parametrize("module", FIGURES)
def test_each_leaves_a_small_record_with_its_still_picture(module):
    make = FIGURES[module]
    record = make()._repr_mimebundle_()[0][FIGURE_MIME]
    assert record["module"] == module
    assert json.loads(json.dumps(record["state"], allow_nan=False)) == record["state"]
    assert len(json.dumps(record["state"])) < 20_000
    assert record == make()._repr_mimebundle_()[0][FIGURE_MIME]
    width, _ = Image.open(io.BytesIO(make().still())).size
    assert width == 5.2 * 200
    with pytest.raises(ValueError, match="say in a sentence what it shows"):
        make(alt="")


@pytest.mark.parametrize("divide", [True, False])
def test_the_weights_of_the_still_are_pytorchs(divide):
    figure = dot_product(d=32, temperature=3, divide=divide)
    scores = torch.tensor(figure.points) @ torch.tensor(figure.query) * 16**0.5
    scores = scores / 32**0.5 if divide else scores
    expected = torch.stack([scores, (scores / 3).softmax(0)])
    np.testing.assert_allclose(figure.weights(), expected, atol=1e-5)


def test_the_plane_leaves_room_to_pull_an_arrow_farther():
    assert dot_product(keys={"a": (3, 0), "b": (0, 1)}).reach > 3.5
    assert dot_product(keys={"a": (0.01, 0), "b": (0, 0)}, query=(0, 0)).reach == 1


def test_trace_takes_tensors_with_gradients_and_keeps_single_precision():
    x = torch.full((5, 4), 0.1, requires_grad=True)
    assert trace(x=x).x[0][0] == float(np.float32(0.1))


def test_presets_hide_the_future_the_padding_and_what_is_far_away():
    time = len(PADDED)
    causal = torch.ones(time, time).tril().bool().tolist()
    assert preset_mask("causal", PADDED, 1).tolist() == causal
    hidden = ~preset_mask("padding", PADDED, 1)
    assert hidden.any(0).tolist() == hidden.all(0).tolist() == [t == "<pad>" for t in PADDED]
    window = preset_mask("window", PADDED, 2)
    assert [row.sum() for row in window] == [3, 4, 5, 5, 4, 3]
    assert preset_mask("none", PADDED, 1).all()


def test_padding_is_offered_only_where_there_is_some():
    assert [name for name, _ in mask_painter().presets] == ["none", "causal", "padding", "window"]
    figure = mask_painter(tokens=["a", "b"], scores=np.zeros((2, 2)))
    assert [name for name, _ in figure.presets] == ["none", "causal", "window"]


def test_sinusoids_are_those_of_the_paper():
    x = sinusoids(50, 6)
    for position, place in [(0, 0), (1, 1), (17, 2), (49, 5)]:
        angle = position / 10000 ** (2 * (place // 2) / 6)
        wanted = np.cos(angle) if place % 2 else np.sin(angle)
        assert x[position, place] == pytest.approx(wanted)


KEYS = {"a": (1, 0), "b": (0, 1)}
EYE = np.eye(4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DotProduct({"a": (1, 0)}, (1, 1), alt="A"), "there are 1 keys: give two to 8"),
        (
            lambda: DotProduct({**KEYS, "b": (1, 2, 3)}, (1, 1), alt="A"),
            r"key .b. is \[1.0, 2",
        ),
        (lambda: DotProduct(KEYS, (1, np.nan), alt="A"), "the query is .*: give two finite"),
        (lambda: DotProduct(KEYS, (1, 1), d=3, alt="A"), r"d=3: choose one of \[2, 4"),
        (lambda: DotProduct(KEYS, (1, 1), temperature=0, alt="A"), "temperature=0: choose"),
        (lambda: trace(x=np.ones((3, 4))), "5 tokens but x has 3 rows"),
        (lambda: trace(w_key=np.ones((4, 3))), r"w_key has the shape \(4, 3\) but x \(5, 4\)"),
        (lambda: trace(w_key=np.ones((2, 4))), "queries have 3 numbers and keys 2"),
        (lambda: trace(w_value=np.ones((9, 4))), "more than 8 numbers cannot be read"),
        (lambda: trace(x=np.full((5, 4), np.inf)), "x holds numbers that are not finite"),
        (lambda: trace(token=5), "token=5 is no place among 5 tokens"),
        (
            lambda: Trace(["a"] * 11, np.ones((11, 4)), EYE, EYE, EYE, alt="A"),
            "11 tokens: show",
        ),
        (lambda: MaskPainter(["a", "b"], EYE, alt="A"), r"shape \(4, 4\) but there are 2 tokens"),
        (lambda: mask_painter(preset="square"), "preset='square': choose one of none, causal"),
        (lambda: mask_painter(window=6), "window=6: give a number of places from 0 to 5"),
        (lambda: mask_painter(scores=np.full((6, 6), -np.inf)), "give them without a mask"),
        (lambda: Waves(7, 20, alt="A"), "d_model=7: give an even number"),
        (lambda: Waves(8, 300, alt="A"), "n_positions=300: give 2 to 256"),
        (lambda: waves(position=40), "position=40: positions go from 0 to 39"),
        (lambda: waves(distance=20), "distance=20: give 0 to 19"),
    ],
)
def test_what_cannot_be_shown_is_named_with_its_value(make, message):
    with pytest.raises(ValueError, match=message):
        make()
