import pytest
import torch
from moves import MOVES, moved, same_kind

from qkv.chapters.multi_head_attention import (
    AttentionStack,
    MultiHeadAttention,
    VerbReader,
    attention_maps,
    without_heads,
)
from qkv.chapters.self_attention import causal_mask
from qkv.chapters.transformer import RotaryMultiHeadAttention
from qkv.errors import QkvError

KINDS = (MultiHeadAttention, RotaryMultiHeadAttention)
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


@pytest.mark.parametrize("to", MOVES, ids=str)
@pytest.mark.parametrize("n_kv_heads", [None, 1])
def test_readers_and_stacks_can_be_moved(n_kv_heads, to):
    ids, verb = moved(torch.tensor([[1, 2, 3], [3, 2, 1]]), to), moved(torch.tensor([1, 0]), to)
    assert same_kind(VerbReader(2, n_kv_heads).to(to)(ids, verb), to)
    stack = AttentionStack(9, 8, 2, 2, n_kv_heads).to(to)
    assert same_kind(stack(ids), to)
    assert all(same_kind(weights, to) for weights in attention_maps(stack, ids).values())


@kinds
@pytest.mark.parametrize("to", MOVES, ids=str)
def test_layers_can_be_moved(kind, to):
    layer, x = kind(8, 2).to(to), moved(torch.randn(2, 3, 8), to)
    mask = moved(causal_mask(3), to)
    assert same_kind(layer(x, x, mask), to)
    assert same_kind(layer.weights(x, x, mask), to)


@kinds
def test_a_query_that_may_look_nowhere_finds_0_in_both_ways(kind):
    torch.manual_seed(0)
    layer, x, mask = kind(8, 2), torch.randn(2, 3, 8, requires_grad=True), causal_mask(3)
    mask[1] = False
    found, weights = layer(x, x, mask), layer.weights(x, x, mask)
    assert torch.equal(found[:, 1], layer.to_output.bias.expand(2, -1))
    assert not weights[:, :, 1].any()
    heads = (weights @ layer.project(x, x)[2]).transpose(1, 2).flatten(2)
    assert torch.allclose(layer.to_output(heads), found, atol=1e-6)
    found.sum().backward()
    assert x.grad.isfinite().all()
    assert all(p.grad.isfinite().all() for p in layer.parameters())


@kinds
def test_an_empty_row_is_0_whatever_pytorch_makes_of_it(kind, monkeypatch):
    def as_pytorch_2_4(query, key, value, attn_mask):
        scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
        return scores.masked_fill(~attn_mask, -torch.inf).softmax(-1) @ value

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", as_pytorch_2_4)
    test_a_query_that_may_look_nowhere_finds_0_in_both_ways(kind)


@kinds
@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (torch.ones(3, 3).tril(), "the mask is of torch.float32: give a tensor of booleans"),
        (torch.zeros(3, 3).masked_fill(~causal_mask(3), -torch.inf), "torch.float32"),
        (torch.ones(3, 3).tril().to(torch.uint8), "the mask is of torch.uint8"),
        (causal_mask(4), r"a mask of shape \(4, 4\) does not fit \(2, 2, 3, 3\)"),
        (torch.ones(2, 3, dtype=torch.bool), r"\(2, 3\) does not fit \(2, 2, 3, 3\)"),
        (torch.ones(1, 1, 1, 3, 3, dtype=torch.bool), "does not fit"),
    ],
)
def test_masks_of_another_type_or_shape_are_refused_in_both_ways(kind, mask, message):
    layer, x = kind(8, 2), torch.randn(2, 3, 8)
    with pytest.raises(QkvError, match=message):
        layer(x, x, mask)
    with pytest.raises(QkvError, match=message):
        layer.weights(x, x, mask)


@kinds
def test_masks_may_be_as_small_as_broadcasting_allows(kind):
    layer, x = kind(8, 2), torch.randn(2, 3, 8)
    real = torch.tensor([[True, True, False], [True, True, True]])
    full = real[:, None, None].expand(2, 2, 3, 3)
    assert torch.allclose(layer(x, x, real[:, None, None]), layer(x, x, full), atol=1e-6)
    assert torch.allclose(layer(x[:1], x[:1], real[0]), layer(x[:1], x[:1], full[:1]), atol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: MultiHeadAttention(100, 8),
        lambda: AttentionStack(9, 100, 8, 1),
        lambda: RotaryMultiHeadAttention(100, 8),
    ],
)
def test_sizes_that_do_not_divide_are_named_as_the_caller_gave_them(make):
    with pytest.raises(QkvError, match="d_model=100 is not divisible by n_heads=8"):
        make()


def test_a_head_that_is_not_there_is_refused():
    stack = AttentionStack(9, 8, 2, 1)
    before = stack.layers[0].to_output.weight.clone()
    with (
        pytest.raises(QkvError, match=r"layers\.0 has no head 2: its heads are 0 to 1"),
        without_heads(stack, {"layers.0": [1, 2]}),
    ):
        pass
    assert torch.equal(stack.layers[0].to_output.weight, before)


def test_a_layer_without_heads_is_refused():
    with (
        pytest.raises(QkvError, match="embed is no layer with heads"),
        without_heads(AttentionStack(9, 8, 2, 1), {"embed": [0]}),
    ):
        pass
