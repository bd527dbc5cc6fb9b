import math

import pytest
import torch
from moves import MOVES, moved, same_kind

from qkv.chapters.encodings import Vocabulary
from qkv.chapters.generating_text import (
    GPT,
    Cache,
    Muon,
    beam,
    bits_of_a_name,
    crops,
    distinct,
    invented,
    known_words,
    longest_copy,
    min_p,
    next_token_loss,
    nucleus,
    orthogonal,
    repeated,
    repetition_penalty,
    surprise,
    temperature,
    top_k,
    train_gpt,
    window,
    write,
)
from qkv.chapters.multi_head_attention import MultiHeadAttention
from qkv.chapters.self_attention import sinusoids
from qkv.errors import QkvError

SIZES = {"d_model": 8, "n_heads": 2, "d_ff": 16, "n_layers": 2}
SCORES = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log()


def tiny(vocab_size=9, **changes):
    torch.manual_seed(0)
    return GPT(vocab_size, **{**SIZES, **changes}).eval()


@pytest.mark.parametrize("to", MOVES, ids=str)
def test_the_model_can_be_moved(to):
    ids = moved(torch.tensor([[1, 2, 3]]), to)
    assert same_kind(tiny().to(to)(ids), to)


def test_the_future_does_not_leak():
    model, ids = tiny(), torch.tensor([[1, 2, 3, 4, 5]])
    other = torch.tensor([[1, 2, 3, 8, 5]])
    with torch.no_grad():
        moved_by = (model(ids) - model(other)).abs().amax(2)[0]
    assert moved_by[:3].eq(0).all()
    assert moved_by[3:].gt(1e-4).all()


def test_one_table_embeds_and_scores():
    model = tiny()
    names = dict(model.named_parameters())
    assert sum(p.shape[0] == 9 for p in names.values()) == 1
    ids = torch.tensor([[1, 2]])
    before = model(ids)[0, -1, 7].item()
    with torch.no_grad():
        model.embed.tokens.weight[7] += 1  # a token that is not read: only its score may move
        after = model(ids)
    assert after[0, -1, 7].item() != before
    with torch.no_grad():
        model.embed.tokens.weight[7] -= 1
    assert model(ids)[0, -1, 7].item() == pytest.approx(before, abs=1e-5)


def test_crops_come_from_everywhere_and_are_stretches_of_the_text():
    text = torch.arange(40)
    rows = crops(text, 500, 5, torch.Generator().manual_seed(0))
    assert rows.shape == (500, 5)
    assert (rows.diff(dim=1) == 1).all()
    assert set(rows[:, 0].tolist()) == set(range(36))
    with pytest.raises(QkvError, match="a text of 40 ids has no stretch of 41"):
        crops(text, 1, 41, torch.Generator())


def test_the_loss_and_the_surprise_of_a_model_that_knows_nothing():
    class Even(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.p = torch.nn.Parameter(torch.zeros(()))

        def forward(self, ids):
            return torch.zeros(*ids.shape, 8) + self.p

    ids = torch.randint(8, (300,))
    assert next_token_loss(Even(), ids[None]).item() == pytest.approx(math.log(8))
    found = surprise(Even(), ids, context=16)
    assert torch.allclose(found, torch.full_like(found, 3.0))
    assert len(found) == 8 * ((299 - 8) // 8)  # all but the first half window and the rest
    with pytest.raises(QkvError, match="9 ids: give at least 17"):
        surprise(Even(), ids[:9], context=16)


def test_the_surprise_of_a_token_has_half_a_context_before_it():
    model, ids = tiny(), torch.randint(9, (60,))
    found = surprise(model, ids, context=16)
    for at in (0, 3, 8, 20):
        start = 8 * (at // 8)
        with torch.no_grad():
            scores = model(ids[None, start : start + 16])[0, 8 + at % 8]
        bits = -scores.log_softmax(0)[ids[9 + at]].item() / math.log(2)
        assert found[at].item() == pytest.approx(bits, abs=1e-4)


@pytest.mark.parametrize("shape", [(3, 6, 6), (2, 4, 20), (2, 20, 4)])
def test_orthogonal_brings_singular_values_near_one_and_keeps_directions(shape):
    torch.manual_seed(1)
    x = torch.randn(shape)
    made = orthogonal(x)
    values = torch.linalg.svdvals(made)
    assert values.min() > 0.2
    assert values.max() < 1.3
    u, _, v = torch.linalg.svd(x, full_matrices=False)
    along = (made * (u @ v)).sum((1, 2)) / min(shape[1:])
    assert along.min() > 0.7


def test_muon_is_pytorch_s_to_what_sixteen_bits_can_hold():
    torch.manual_seed(0)
    ours = [torch.nn.Parameter(torch.randn(6, 12)), torch.nn.Parameter(torch.randn(12, 6))]
    theirs = [torch.nn.Parameter(p.detach().clone()) for p in ours]
    start = [p.detach().clone() for p in ours]
    settings = {"lr": 0.02, "momentum": 0.95, "weight_decay": 0.1}
    both = Muon(ours, **settings), torch.optim.Muon(theirs, nesterov=True, **settings)
    for _ in range(5):
        for mine, other in zip(ours, theirs, strict=True):
            mine.grad = torch.randn_like(mine)
            other.grad = mine.grad.clone()
        for optimizer in both:
            optimizer.step()
    for mine, other, first in zip(ours, theirs, start, strict=True):
        gone, apart = (mine - first).norm(), (mine - other).norm()
        assert apart < 0.05 * gone, f"{apart} of {gone}"


@pytest.mark.parametrize("muon", [True, False])
def test_a_model_learns_a_text_that_repeats_itself(muon):
    ids = torch.arange(7).repeat(60)
    model = tiny(7)
    losses = train_gpt(model, ids, seed=0, steps=60, batch=4, muon=muon)
    assert len(losses) == 60
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (lambda s: temperature(s, 2.0), [0.379, 0.294, 0.208, 0.120]),
        (lambda s: top_k(s, 1), [1, 0, 0, 0]),
        (lambda s: top_k(s, 9), [0.5, 0.3, 0.15, 0.05]),
        (lambda s: nucleus(s, 0.5), [1, 0, 0, 0]),
        (lambda s: nucleus(s, 0.51), [0.625, 0.375, 0, 0]),
        (lambda s: nucleus(s, 1.0), [0.5, 0.3, 0.15, 0.05]),
        (lambda s: min_p(s, 0.0), [0.5, 0.3, 0.15, 0.05]),
        (lambda s: min_p(s, 0.5), [0.625, 0.375, 0, 0]),
        (lambda s: min_p(s, 1.0), [1, 0, 0, 0]),
    ],
)
def test_the_rules_leave_what_was_worked_out_by_hand(rule, expected):
    order = torch.tensor([2, 0, 3, 1])  # the best need not come first
    found = rule(SCORES[:, order]).softmax(-1)[0]
    assert torch.allclose(found, torch.tensor(expected, dtype=torch.float)[order], atol=1e-3)


def test_the_rules_choose_what_a_trusted_library_does():
    from transformers.generation import logits_process as theirs  # slow to import

    torch.manual_seed(0)
    scores = 3 * torch.randn(50, 40)
    written = torch.randint(40, (50, 12))
    for value in (0.1, 0.5, 0.9):
        k = round(40 * value)
        for ours, rule in (
            (temperature(scores, value), theirs.TemperatureLogitsWarper(value)),
            (top_k(scores, k), theirs.TopKLogitsWarper(k)),
            (nucleus(scores, value), theirs.TopPLogitsWarper(value)),
            (min_p(scores, value), theirs.MinPLogitsWarper(value)),
            (
                repetition_penalty(scores, written, 1 + value),
                theirs.RepetitionPenaltyLogitsProcessor(1 + value),
            ),
        ):
            expected = rule(written, scores).softmax(-1)
            assert torch.allclose(ours.softmax(-1), expected, atol=1e-6), type(rule).__name__


def test_a_penalty_makes_what_was_written_less_likely_on_either_side_of_zero():
    scores = torch.tensor([[2.0, -1.0, 3.0], [2.0, -1.0, 3.0]])
    written = torch.tensor([[0, 1, 1], [2, 2, 2]])
    found = repetition_penalty(scores, written, 2.0)
    assert torch.equal(found, torch.tensor([[1.0, -2.0, 3.0], [2.0, -1.0, 1.5]]))
    assert torch.equal(repetition_penalty(scores, written, 1.0), scores)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (lambda: temperature(SCORES, 0.0), "temperature 0.0: choose more than 0"),
        (lambda: temperature(SCORES, math.nan), "temperature nan"),
        (lambda: top_k(SCORES, 0), "k=0: keep at least 1"),
        (lambda: nucleus(SCORES, 0.0), "p=0.0: choose a share"),
        (lambda: nucleus(SCORES, 1.1), "p=1.1: choose a share"),
        (lambda: min_p(SCORES, -0.1), "share=-0.1"),
        (lambda: repetition_penalty(SCORES, torch.tensor([[0]]), 0), "penalty=0"),
        (
            lambda: write(window(tiny()), torch.tensor([1, 2]), 1),
            r"ids \(2,\): give \(batch, time\)",
        ),
        (lambda: write(window(tiny()), torch.zeros(1, 0).long(), 1), "with at least one"),
        (lambda: beam(window(tiny()), torch.tensor([1]), 2, 0), "width=0: keep at least 1"),
        (lambda: repeated("short"), "5 characters: give at least 10"),
    ],
)
def test_settings_that_make_no_sense_are_refused_in_a_sentence(wrong, complaint):
    with pytest.raises(QkvError, match=complaint):
        wrong()


def test_drawing_follows_the_probabilities_and_the_seed():
    def read(ids):
        return SCORES.expand(len(ids), 4)[:, None]

    start = torch.zeros(4000, 1).long()
    found = write(read, start, 1, lambda s, w: s, seed=1)
    shares = torch.bincount(found[:, 1], minlength=4) / 4000
    assert torch.allclose(shares, SCORES[0].exp(), atol=0.03)
    assert torch.equal(found, write(read, start, 1, lambda s, w: s, seed=1))
    assert not torch.equal(found, write(read, start, 1, lambda s, w: s, seed=2))


def test_a_window_shows_the_last_ids_alone():
    seen = []
    read = window(lambda ids: seen.append(ids.tolist()), context=3)
    read(torch.tensor([[1, 2, 3, 4, 5]]))
    assert seen == [[[3, 4, 5]]]


def test_the_widest_beam_finds_the_likeliest_continuation():
    model, start = tiny(5, n_layers=1), torch.tensor([0, 3])
    found, total = beam(window(model), start, n=3, width=25)
    every = torch.cartesian_prod(*[torch.arange(5)] * 3)
    rows = torch.cat([start.expand(125, 2), every], dim=1)
    with torch.no_grad():
        logs = model(rows[:, :-1]).log_softmax(-1)[:, 1:]
    exact = logs.gather(2, every[..., None]).sum((1, 2))
    assert torch.equal(found[0], rows[exact.argmax()])
    assert torch.allclose(total[0], exact.max(), atol=1e-5)
    assert (total.diff() <= 0).all()


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("prompt", [1, 2, 15])
def test_the_cache_changes_nothing_that_is_written(batch, prompt):
    model = tiny()
    start = torch.randint(9, (batch, prompt), generator=torch.Generator().manual_seed(7))
    plain = write(window(model), start, 20)
    assert torch.equal(plain, write(Cache(model).read, start, 20))


def test_the_cache_reads_in_pieces_as_at_once_and_keeps_two_vectors_a_block():
    model, ids = tiny(), torch.randint(9, (2, 12))
    cache = Cache(model)
    pieces = [cache.read(ids[:, :stop]) for stop in (1, 5, 6, 12)]
    with torch.no_grad():
        assert torch.allclose(torch.cat(pieces, 1), model(ids), atol=1e-5)
    assert cache.time == 12
    assert sum(part.numel() for pair in cache.kept for part in pair) == 2 * 2 * 8 * 12 * 2
    with pytest.raises(QkvError, match="all 12 ids were read before"):
        cache.read(ids)
    with pytest.raises(QkvError, match="no rotary positions"):
        Cache(tiny(attention=MultiHeadAttention, positions=sinusoids))


def test_measures_of_a_text_by_hand():
    assert repeated("abcdefghij" * 3) == pytest.approx(1 - 10 / 21)
    assert repeated("abcdefghijklm") == 0
    assert distinct(["the cat the cat", "the cat"]) == pytest.approx(2 / 4)
    assert known_words(["xx the zat cat yy"], {"the", "cat"}) == pytest.approx(2 / 3)
    assert longest_copy("a cat sat here", "the cat sat on") == " cat sat "
    assert longest_copy("xyz", "abc") == ""


def test_a_name_that_stands_again_costs_a_copier_nothing():
    vocabulary = Vocabulary("abcdefghijklmnopqrstuvwxyz ", specials=())
    assert len(set(invented(100))) > 95
    assert invented(5) == invented(5) != invented(5, seed=1)

    def copier(ids):
        scores = torch.zeros(*ids.shape, len(vocabulary))
        for t in range(10, ids.shape[1]):
            scores[torch.arange(len(ids)), t, ids[:, t - 10 + 1]] = 50.0
        return scores

    sentence = "{}  {} is"  # ten places apart
    again = bits_of_a_name(copier, vocabulary, sentence, same=True)
    assert again == pytest.approx(0, abs=1e-3)
    assert bits_of_a_name(copier, vocabulary, sentence, same=False) > 10
