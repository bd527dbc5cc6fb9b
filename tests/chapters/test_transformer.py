import pytest
import torch
from moves import MOVES, moved, same_kind

from qkv.chapters.self_attention import causal_mask, rotate
from qkv.chapters.transformer import (
    DecoderBlock,
    Embeddings,
    EncoderBlock,
    LayerNorm,
    PostNorm,
    PreNorm,
    RotaryMultiHeadAttention,
    Transformer,
)
from qkv.errors import QkvError

SIZES = {"d_model": 8, "n_heads": 2, "d_ff": 16, "n_layers": 2}


@pytest.mark.parametrize("to", MOVES, ids=str)
def test_the_parts_can_be_moved(to):
    x, ids = moved(torch.randn(2, 3, 8), to), moved(torch.tensor([[1, 2, 3]]), to)
    mask = moved(causal_mask(3), to)
    assert same_kind(Embeddings(5, 8).to(to)(ids), to)
    assert same_kind(LayerNorm(8).to(to)(x), to)
    for connection in (PreNorm, PostNorm):
        assert same_kind(EncoderBlock(8, 2, 16, connection).to(to)(x, mask), to)
        assert same_kind(DecoderBlock(8, 2, 16, connection).to(to)(x, mask, x, mask), to)


@pytest.mark.parametrize("to", MOVES, ids=str)
def test_turning_by_complex_numbers_is_rotating(to):
    x = moved(torch.randn(2, 3, 8), to)
    turned = RotaryMultiHeadAttention.turned(x)
    assert same_kind(turned, to)
    if to != "meta":
        tolerance = 1e-6 if to == torch.float64 else 0.1
        assert torch.allclose(turned, rotate(x), atol=tolerance)


def test_the_decoder_refuses_a_mask_that_is_not_the_sources():
    model, ids = Transformer(9, 9, **SIZES), torch.tensor([[6, 5, 2]])
    (memory, mask), state = model.encode(ids, ids != 0)
    for wrong, message in (
        (mask.float(), "the mask is of torch.float32"),
        (mask[:, :2], r"a mask of shape \(1, 2\) does not fit \(1, 3\)"),
        (mask.expand(3, -1), r"a mask of shape \(3, 3\) does not fit \(1, 3\)"),
    ):
        with pytest.raises(QkvError, match=message):
            model.decode((memory, wrong), state, ids)


def test_odd_sizes_are_named_as_the_caller_gave_them():
    with pytest.raises(QkvError, match="d_model=100 is not divisible by n_heads=8"):
        Transformer(9, 9, 100, 8)
    with pytest.raises(QkvError, match="d_model=20 and n_heads=4 make heads of 5 numbers"):
        Transformer(9, 9, 20, 4, attention=RotaryMultiHeadAttention)
    ids = torch.tensor([[6, 5, 2]])
    with pytest.raises(QkvError, match="d_model=9 is odd"):
        Transformer(9, 9, 9, 3).encode(ids, ids != 0)
