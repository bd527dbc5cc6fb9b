import random

import pytest
import torch
from moves import MOVES, moved, same_kind

from qkv.chapters.encodings import Vocabulary
from qkv.chapters.self_attention import (
    EvenAttention,
    LearnedPositions,
    Reader,
    RotaryAttention,
    SelfAttention,
    Sinusoids,
    attention,
    causal_mask,
    hide_one,
    rotate,
    sinusoids,
    vectors_of,
)
from qkv.errors import QkvError

READERS = {
    "none": lambda: Reader(9, 8),
    "sinusoids": lambda: Reader(9, 8, Sinusoids()),
    "learned": lambda: Reader(9, 8, LearnedPositions(5, 8)),
    "rotary": lambda: Reader(9, 8, look=RotaryAttention),
}


@pytest.mark.parametrize("to", MOVES, ids=str)
@pytest.mark.parametrize("kind", READERS)
def test_readers_can_be_moved(kind, to):
    ids, mask = moved(torch.tensor([[1, 2, 3]]), to), moved(causal_mask(3), to)
    reader = READERS[kind]().to(to)
    assert same_kind(reader(ids, mask), to)
    assert same_kind(reader.vectors(ids)[1], to)


@pytest.mark.parametrize("layer", [SelfAttention(8, 4), RotaryAttention(8, 4)])
def test_a_word_that_may_look_nowhere_finds_0_and_leaves_gradients_finite(layer):
    x, mask = torch.randn(2, 3, 8, requires_grad=True), causal_mask(3)
    mask[1] = False
    found, weights = layer(x, mask)
    assert not found[:, 1].any()
    assert not weights[:, 1].any()
    assert torch.allclose(weights[:, 2].sum(1), torch.ones(2))
    found.sum().backward()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (torch.ones(3, 3).tril(), "the mask is of torch.float32: give a tensor of booleans"),
        (torch.ones(3, 3).tril().long(), "the mask is of torch.int64"),
        ([[True] * 3] * 3, "the mask is of list"),
        (causal_mask(4), r"a mask of shape \(4, 4\) does not fit \(2, 3, 3\)"),
        (causal_mask(3)[None, None], r"shape \(1, 1, 3, 3\) does not fit \(2, 3, 3\)"),
    ],
)
def test_masks_of_another_type_or_shape_are_refused(mask, message):
    x = torch.randn(2, 3, 8)
    for look in (
        lambda: attention(x, x, x, mask),
        lambda: SelfAttention(8, 4)(x, mask),
        lambda: RotaryAttention(8, 4)(x, mask),
        lambda: Reader(9, 8)(torch.ones(2, 3, dtype=torch.long), mask),
    ):
        with pytest.raises(QkvError, match=message):
            look()


def test_odd_sizes_are_named_as_the_caller_gave_them():
    with pytest.raises(QkvError, match="d_model=7 is odd"):
        sinusoids(4, 7)
    with pytest.raises(QkvError, match="d_model=7 is odd"):
        Reader(9, 7, Sinusoids())(torch.tensor([[1, 2]]))
    with pytest.raises(QkvError, match=r"vectors of 5 numbers .* choose an even d_head"):
        RotaryAttention(8, 5)(torch.randn(1, 3, 8))
    with pytest.raises(QkvError, match="vectors of 3 numbers"):
        rotate(torch.randn(4, 3))


def test_a_row_in_which_nothing_can_be_hidden_is_refused():
    rng = random.Random(0)
    with pytest.raises(QkvError, match="a row has no word but 3: leave it out"):
        hide_one([[3, 4], [3]], 3, rng)
    with pytest.raises(QkvError, match="a row has no word but 3"):
        hide_one([[4], []], 3, rng)
    with pytest.raises(QkvError, match="rows is empty"):
        hide_one([], 3, rng)


def test_a_word_that_no_sentence_has_is_refused():
    with pytest.raises(QkvError, match="no sentence has the word 'pear'"):
        vectors_of(Reader(3, 4), Vocabulary(["apple"]), [(["apple"], "fruit")], "pear")


def test_more_positions_than_were_learned_are_refused():
    with pytest.raises(QkvError, match="6 positions, but only 5 were learned"):
        LearnedPositions(5, 8)(torch.randn(1, 6, 8))


def test_even_attention_looks_at_all_that_it_may_see_alike():
    torch.manual_seed(0)
    look, x = EvenAttention(8, 4), torch.randn(5, 8)
    found, weights = look(x, causal_mask(5))
    for t in range(5):
        torch.testing.assert_close(weights[t, : t + 1], torch.full((t + 1,), 1 / (t + 1)))
        torch.testing.assert_close(found[t], look.to_value(x)[: t + 1].mean(0))
    assert weights.triu(1).abs().max() == 0
