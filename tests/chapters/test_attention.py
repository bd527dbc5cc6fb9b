import pytest
import torch
from moves import MOVES, moved, same_kind

from qkv.chapters.attention import (
    AdditiveScore,
    AttentionTranslator,
    BahdanauTranslator,
    BilinearScore,
    DotScore,
    ScaledDotScore,
    attend,
)
from qkv.chapters.self_attention import ProjectedScore
from qkv.errors import QkvError

SCORES, VALUES = torch.randn(2, 3, 4), torch.randn(2, 4, 5)


@pytest.mark.parametrize("to", MOVES, ids=str)
@pytest.mark.parametrize(
    "score", [AdditiveScore, BilinearScore, DotScore, ScaledDotScore, ProjectedScore]
)
def test_scores_can_be_moved(score, to):
    layer, query = score(6, 6).to(to), moved(torch.randn(2, 3, 6), to)
    scores = layer(query, layer.prepare(moved(torch.randn(2, 4, 6), to)))
    mask = moved(torch.ones(2, 4, dtype=torch.bool), to)
    context, weights = attend(scores, moved(VALUES, to), mask)
    assert same_kind(context, to)
    assert same_kind(weights, to)


def test_where_nothing_is_real_weights_and_context_are_0_and_gradients_finite():
    mask = torch.tensor([[True, True, False, False], [False] * 4])
    scores, values = SCORES.clone().requires_grad_(), VALUES.clone().requires_grad_()
    context, weights = attend(scores, values, mask)
    assert not weights[1].any()
    assert not context[1].any()
    assert torch.allclose(weights[0].sum(1), torch.ones(3))
    context.sum().backward()
    assert scores.grad.isfinite().all()
    assert values.grad.isfinite().all()


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (torch.ones(2, 4), "the mask is of torch.float32"),
        (torch.ones(2, 3, dtype=torch.bool), r"shape \(2, 3\) does not fit \(2, 4\)"),
        (torch.ones(2, 1, 4, dtype=torch.bool), r"shape \(2, 1, 4\) does not fit \(2, 4\)"),
        (None, "the mask is of NoneType"),
    ],
)
def test_masks_of_another_type_or_shape_are_refused(mask, message):
    with pytest.raises(QkvError, match=message):
        attend(SCORES, VALUES, mask)


@pytest.mark.parametrize("kind", [BahdanauTranslator, AttentionTranslator])
def test_an_odd_state_is_named_as_the_caller_gave_it(kind):
    with pytest.raises(QkvError, match="d_hidden=97 is odd: choose an even number"):
        kind(8, 9, d_hidden=97)


def test_a_dot_product_of_different_sizes_is_refused():
    with pytest.raises(QkvError, match="d_query=4 and d_key=6 must be equal"):
        DotScore(4, 6)
