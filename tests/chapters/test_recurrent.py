import math

import pytest
import torch
from moves import MOVES, moved, same_kind
from torch import nn

from qkv.chapters.recurrent import (
    Bidirectional,
    CharacterCounts,
    CharacterModel,
    GRUCell,
    LSTMCell,
    Recurrent,
    RNNCell,
    Stacked,
    bits_per_character,
    draw,
    train_recall,
    truncated_loss,
    windows,
)
from qkv.errors import QkvError
from qkv.train import fit

IDS = torch.tensor([1, 2, 3])


@pytest.fixture
def model():
    torch.manual_seed(0)
    return CharacterModel(7, 4, 8)


@pytest.mark.parametrize("to", MOVES, ids=str)
@pytest.mark.parametrize("cell", [RNNCell, LSTMCell, GRUCell])
def test_recurrent_networks_can_be_moved(cell, to):
    layers = [Bidirectional(cell(3, 4), cell(3, 4)), Recurrent(cell(8, 5))]
    hidden, _ = Stacked(layers).to(to)(moved(torch.randn(2, 6, 3), to))
    assert same_kind(hidden, to)
    assert hidden.shape == (2, 6, 5)


@pytest.mark.parametrize("to", MOVES, ids=str)
def test_the_character_model_can_be_moved(model, to):
    scores, _ = model.to(to)(moved(IDS[None], to))
    assert same_kind(scores, to)
    if to != "meta":
        assert len(model.write(IDS, 5, 0.7)) == 5
        assert math.isfinite(bits_per_character(model, torch.randint(7, (40,)), 2))


def test_a_text_without_a_step_is_refused():
    with pytest.raises(QkvError, match=r"x has shape \(2, 0, 3\)"):
        Recurrent(RNNCell(3, 4))(torch.zeros(2, 0, 3))
    with pytest.raises(QkvError, match=r"x has shape \(2, 3\)"):
        Recurrent(RNNCell(3, 4))(torch.zeros(2, 3))


def test_at_temperature_0_the_best_always_wins(model):
    best, ids = [], IDS
    for _ in range(6):
        best.append(int(model(ids[None])[0][0, -1].argmax()))
        ids = torch.cat([ids, torch.tensor(best[-1:])])
    for temperature in (0, 0.0, 1e-40, 1e-6):
        assert model.write(IDS, 6, temperature) == best


def test_at_a_high_temperature_all_are_drawn():
    generator = torch.Generator().manual_seed(0)
    drawn = {draw(torch.tensor([0.0, 5, 9]), math.inf, generator) for _ in range(50)}
    assert drawn == {0, 1, 2}


@pytest.mark.parametrize("temperature", [-1.0, -1e-9, math.nan])
def test_a_temperature_below_0_is_refused(model, temperature):
    with pytest.raises(QkvError, match=f"temperature={temperature}: choose 0 or more"):
        model.write(IDS, 3, temperature)


def test_half_precision_does_not_overflow_at_a_low_temperature(model):
    assert model.half().write(IDS, 6, 1e-6) == model.write(IDS, 6, 0)


def test_texts_that_are_too_short_are_refused(model):
    with pytest.raises(QkvError, match="3 ids are too short for n_rows=16 rows of 1"):
        bits_per_character(model, IDS)
    with pytest.raises(QkvError, match=r"24 ids are too short for n_rows=4 .*give at least 25"):
        windows(torch.zeros(24, dtype=torch.long), 4, 6)
    with pytest.raises(QkvError, match="ids is empty"):
        model.write(IDS[:0], 3, 1.0)
    with pytest.raises(QkvError, match="the text is empty"):
        CharacterCounts("abc", 2, 5).bits("")
    with pytest.raises(QkvError, match="order=0"):
        CharacterCounts("abc", 0, 5)
    assert len(windows(torch.zeros(25, dtype=torch.long), 4, 6)) == 1


def test_windows_hold_the_text_and_where_it_goes_on():
    ids = torch.arange(25)
    (x, y, start), (x2, _, start2) = windows(ids, 2, 6)
    assert (start, start2) == (0, 6)
    assert torch.equal(y, x + 1)
    assert torch.equal(x2[:, 0], y[:, -1])


def test_the_state_is_carried_through_a_text_and_forgotten_where_it_begins_again(model):
    batches, loss = windows(torch.randint(7, (49,)), 2, 8), truncated_loss()
    whole = torch.cat([x for x, _, _ in batches], 1), torch.cat([y for _, y, _ in batches], 1)
    with torch.no_grad():
        first = [loss(model, batch).item() for batch in batches]
        scores = model(whole[0])[0].flatten(0, 1)
        again = [loss(model, batch).item() for batch in batches]
    expected = nn.functional.cross_entropy(scores, whole[1].flatten()).item()
    assert sum(first) / len(first) == pytest.approx(expected, abs=1e-5)
    assert again == first


@pytest.mark.parametrize("stop", range(1, 8))
def test_a_training_with_a_state_goes_on_as_if_it_had_never_stopped(tmp_path, stop):
    batches, path = windows(torch.randint(7, (4 * 8 * 3 + 1,)), 4, 8), tmp_path / "c.pt"

    def train(stop=None, checkpoint=None):
        torch.manual_seed(1)
        base, seen = truncated_loss(), []

        def loss(model, batch):
            value = base(model, batch)  # the state has moved on when the reader interrupts
            seen.append(1)
            if len(seen) - 1 == stop:
                raise KeyboardInterrupt
            return value

        return fit(CharacterModel(7, 4, 8), loss, batches, steps=8, lr=0.1, checkpoint=checkpoint)

    with pytest.raises(KeyboardInterrupt):
        train(stop, path)
    assert train(checkpoint=path).loss == train().loss


def test_the_rate_says_how_far_a_step_of_the_recall_task_goes():
    at_rest, _ = train_recall(0, math.inf, steps=6, lr=0.0)
    small, _ = train_recall(0, math.inf, steps=6, lr=1e-3)
    large, _ = train_recall(0, math.inf, steps=6)
    assert at_rest[0] == small[0] == large[0]
    moved_little, moved_far = abs(small[1] - at_rest[1]), abs(large[1] - at_rest[1])
    assert 0 < moved_little < 0.1 * moved_far
