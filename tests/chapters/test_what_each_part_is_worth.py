import pytest
import torch
from moves import MOVES, moved, same_kind
from torch import nn

from qkv.chapters.seq2seq import count_parameters
from qkv.chapters.transformer import FeedForward, PreNorm, Transformer
from qkv.chapters.what_each_part_is_worth import NoResidual, Nothing, Stack, nowhere, replaced

SIZES = {"d_model": 8, "n_heads": 2, "d_ff": 16, "n_layers": 2}


def of_kind(model, kind):
    return [name for name, part in model.named_modules() if isinstance(part, kind)]


@pytest.mark.parametrize("to", MOVES, ids=str)
def test_the_parts_can_be_moved(to):
    x = moved(torch.randn(2, 3, 8), to)
    assert same_kind(NoResidual(8).to(to)(x, FeedForward(8, 16).to(to)), to)
    assert same_kind(Nothing().to(to)(x), to)
    assert same_kind(Stack(2, d_model=8).to(to)(x), to)


def test_without_the_residual_nothing_of_what_came_in_is_left():
    x = torch.randn(2, 3, 8)
    assert torch.equal(NoResidual(8)(x, torch.zeros_like), torch.zeros_like(x))
    assert torch.equal(PreNorm(8)(x, torch.zeros_like), x)
    connection = NoResidual(8)
    assert torch.equal(connection(x, lambda y: 2 * y), 2 * connection.norm(x))


def test_replaced_takes_every_part_of_a_kind_and_no_other():
    model = Transformer(9, 9, **SIZES)
    norms, networks = of_kind(model, nn.LayerNorm), of_kind(model, FeedForward)
    assert (len(norms), len(networks)) == (2 * 2 + 2 * 3 + 2, 4)
    assert replaced(model, nn.LayerNorm, nn.Identity) is model
    assert of_kind(model, nn.LayerNorm) == []
    assert of_kind(model, nn.Identity) == norms
    assert of_kind(model, FeedForward) == networks


def test_each_part_gets_a_substitute_of_its_own():
    pair = replaced(nn.Sequential(nn.Tanh(), nn.Tanh()), nn.Tanh, nn.PReLU)
    assert pair[0] is not pair[1]
    assert count_parameters(pair) == 2


def test_a_network_that_is_nothing_leaves_the_stream_as_attention_left_it():
    torch.manual_seed(0)
    model = replaced(Transformer(9, 9, **SIZES), FeedForward, Nothing)
    block, x = model.encoder.blocks[0], torch.randn(1, 3, 8)
    everywhere = torch.ones(3, dtype=torch.bool)
    attended = block.connections[0](x, lambda y: block.attention(y, y, everywhere))
    assert torch.equal(block(x, everywhere), attended)


def test_positions_that_are_nowhere_make_the_encoder_blind_to_order():
    torch.manual_seed(0)
    ids = torch.tensor([[6, 5, 2]])
    for positions, same in ((nowhere, True), (None, False)):
        given = {} if positions is None else {"positions": positions}
        model = Transformer(9, 9, **SIZES, **given).eval()
        one, other = (model.encode(x, x != 0)[0][0] for x in (ids, ids.flip(1)))
        assert torch.allclose(one, other.flip(1), atol=1e-5) == same


def test_a_stack_joins_its_parts_by_its_connection():
    torch.manual_seed(0)
    x = torch.randn(4, 8)
    for connection in (PreNorm, NoResidual):
        stack = Stack(3, connection, d_model=8)
        expected = x
        for part, join in zip(stack.parts, stack.connections, strict=True):
            done = part(join.norm(expected))
            expected = expected + done if connection is PreNorm else done
        assert torch.allclose(stack(x), expected, atol=1e-6)


def test_he_s_weights_keep_the_size_and_pytorch_s_do_not():
    torch.manual_seed(0)
    x = torch.randn(1000, 64)
    sizes = {he: Stack(1, NoResidual, he).parts[0](x).std().item() for he in (True, False)}
    assert 0.8 < sizes[True] < 2
    assert sizes[False] < 0.4
    assert all(p.eq(0).all() for p in Stack(1, he=True).parts.parameters() if p.dim() == 1)
