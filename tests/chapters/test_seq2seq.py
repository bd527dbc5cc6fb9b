import math

import pytest
import torch
from moves import MOVES, moved, same_kind

from qkv.chapters.attention import AttentionTranslator, BahdanauTranslator, DotScore
from qkv.chapters.self_attention import ProjectedScore
from qkv.chapters.seq2seq import (
    EOS_ID,
    Encoder,
    EncoderDecoder,
    beam_search,
    evaluate,
    greedy,
    sentence_states,
    translate,
    vocabularies,
)
from qkv.chapters.transformer import RotaryMultiHeadAttention, Transformer
from qkv.data.dates import DatePair as Words
from qkv.errors import QkvError

SMALL = {"d_model": 8, "n_heads": 2, "d_ff": 16, "n_layers": 1}
TRANSLATORS = {
    "one vector": lambda: EncoderDecoder(8, 12),
    "look, then step": lambda: BahdanauTranslator(8, 12),
    "step, then look": lambda: AttentionTranslator(8, 12, n_layers=2),
    "dot product": lambda: AttentionTranslator(8, 12, DotScore),
    "projected": lambda: AttentionTranslator(8, 12, ProjectedScore),
    "transformer": lambda: Transformer(8, 12, **SMALL),
    "rotary": lambda: Transformer(8, 12, **SMALL, attention=RotaryMultiHeadAttention),
}
SOURCE = torch.tensor([[4, 5, 6, 2], [7, 2, 0, 0]])
PAIRS = [Words(("a", "b", "c"), ("x", "y")), Words(("b",), ("y",))]


@pytest.fixture(params=TRANSLATORS)
def model(request):
    torch.manual_seed(0)
    return TRANSLATORS[request.param]().eval()


@pytest.fixture
def endless(model):
    """Return a translator that hardly ever says that it has ended."""
    model.to_scores.bias.data[EOS_ID] = -20
    return model


@pytest.mark.parametrize("to", MOVES, ids=str)
def test_translators_can_be_moved(model, to):
    source = moved(SOURCE, to)
    memory, state = model.to(to).encode(source, source != 0)
    scores, _ = model.decode(memory, state, moved(torch.tensor([[1, 3], [1, 4]]), to))
    assert same_kind(scores, to)
    assert scores.shape == (2, 2, 12)
    if hasattr(model, "steps"):
        assert same_kind(model.steps(memory, state, source[:, :2])[2], to)
    if to != "meta":
        assert len(greedy(model, source, source != 0, limit=3)) == 2
        assert math.isfinite(beam_search(model, [4, 5, 2], 3, limit=3)[1])


def test_padding_at_the_end_changes_nothing(model):
    with torch.no_grad():
        both = model.decode(*model.encode(SOURCE, SOURCE != 0), torch.tensor([[1, 3]] * 2))[0][1]
        short = SOURCE[1:, :2]
        alone = model.decode(*model.encode(short, short != 0), torch.tensor([[1, 3]]))[0][0]
    assert torch.allclose(both, alone, atol=1e-5)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ((SOURCE != 0).float(), r"the mask is of torch.float32: give a tensor of booleans"),
        ((SOURCE != 0).long(), r"the mask is of torch.int64"),
        ([[True] * 4] * 2, "the mask is of list"),
        (None, "the mask is of NoneType"),
        (torch.ones(2, 3, dtype=torch.bool), r"a mask of shape \(2, 3\) does not fit \(2, 4\)"),
        (torch.ones(1, 4, dtype=torch.bool), r"ids of shape \(2, 4\) and a mask of shape \(1, 4\)"),
        (torch.tensor([[1, 1, 1, 1], [0, 0, 1, 1]]).bool(), "row 1 .* padding before a token"),
        (torch.tensor([[1, 0, 1, 1], [1, 1, 0, 0]]).bool(), "row 0 .* padding before a token"),
        (torch.tensor([[1, 1, 1, 1], [0, 0, 0, 0]]).bool(), "row 1 .* or no token"),
    ],
)
def test_masks_that_do_not_say_what_is_real_are_refused(model, mask, message):
    with pytest.raises(QkvError, match=message):
        model.encode(SOURCE, mask)


def test_an_empty_batch_and_an_empty_sentence_are_refused(model):
    for shape in ((0, 4), (2, 0)):
        ids = torch.empty(shape, dtype=torch.long)
        with pytest.raises(QkvError, match="at least one row and one token"):
            greedy(model, ids, ids != 0)
    with pytest.raises(QkvError, match="at least one row and one token"):
        beam_search(model, [])


@pytest.mark.parametrize("width", [1, 4])
def test_a_beam_that_meets_its_limit_returns_its_best_beginning(endless, width):
    best, total = beam_search(endless, [4, 5, 2], width, limit=6)
    assert len(best) == 6
    written = torch.tensor([[1, *best]])
    ids = torch.tensor([[4, 5, 2]])
    with torch.no_grad():
        scores, _ = endless.decode(*endless.encode(ids, ids != 0), written[:, :-1])
    said = scores.log_softmax(2).gather(2, written[:, 1:, None]).sum()
    assert total == pytest.approx(said.item(), abs=1e-4)
    if width == 1:
        assert best == greedy(endless, ids, ids != 0, limit=6)[0]


def test_a_finished_translation_comes_before_a_likelier_beginning():
    torch.manual_seed(0)
    model = EncoderDecoder(8, 12)
    model.to_scores.bias.data[EOS_ID] = -3
    best, _ = beam_search(model, [4, 5, 2], 12, limit=2)
    assert len(best) < 2


@pytest.mark.parametrize(("width", "limit"), [(0, 9), (-1, 9), (4, 0)])
def test_a_beam_of_no_width_and_a_translation_of_no_length_are_refused(model, width, limit):
    with pytest.raises(QkvError, match=f"width={width}, limit={limit}: choose at least 1"):
        beam_search(model, [4, 2], width, limit)
    with pytest.raises(QkvError, match="limit=0: ask for at least 1 token"):
        greedy(model, SOURCE, SOURCE != 0, limit=0)


def test_strings_where_tokens_belong_are_refused():
    both = vocabularies(PAIRS)
    model = EncoderDecoder(*map(len, both))
    with pytest.raises(QkvError, match="a source is the string 'a b': give its tokens"):
        sentence_states(model, ["a b"], both[0])
    with pytest.raises(QkvError, match="the source of pair 0 is the string 'a b'"):
        translate(model, [Words("a b", ("x",))], both)
    with pytest.raises(QkvError, match=r"row 0 is \['a', 'b'\]: give ids"):
        beam_search(model, ["a", "b"])
    with pytest.raises(QkvError, match="nothing to batch"):
        evaluate(model, [], both)


def test_a_long_padding_is_read_by_both_directions_up_to_the_last_token():
    torch.manual_seed(0)
    encoder = Encoder(8, 4, 6, bidirectional=True)
    hidden, last = encoder(SOURCE, SOURCE != 0)
    alone, end = encoder(SOURCE[1:, :2], SOURCE[1:, :2] != 0)
    assert torch.allclose(last[1], end[0], atol=1e-6)
    assert torch.allclose(hidden[1, :2], alone[0], atol=1e-6)
