import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from moves import MOVES, moved, same_kind
from torch import nn

from qkv.chapters.what_training_is import (
    Net,
    bent_points,
    descend,
    mean_squared_error,
    predict,
    reading_times,
    train,
)
from qkv.train import fit


def test_reading_times_come_again_with_their_seed_and_lie_around_five_minutes_a_thousand_words():
    x, y = reading_times(4_000, seed=3)
    assert torch.equal(reading_times(4_000, seed=3)[1], y)
    assert not torch.equal(reading_times(4_000, seed=4)[1], y)
    assert x.min() >= 0.2
    assert x.max() <= 3
    np.testing.assert_allclose(np.polyfit(x, y, 1), [5, 1], atol=0.15)


def test_the_loss_of_a_line_is_the_mean_of_its_squared_errors():
    x, y = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 6.0])
    assert mean_squared_error(predict(x, 2, 1), y).item() == 2.5  # 3 for 1, and 5 for 6


def test_descent_notes_where_it_was_before_each_step_and_after_the_last():
    x, y = torch.tensor([1.0]), torch.tensor([2.0])
    (w0, b0, loss0), (w1, b1, loss1) = descend(x, y, rate=0.1, steps=1)
    assert (w0, b0, loss0) == (0, 0, 4)
    assert (w1, b1) == pytest.approx((0.4, 0.4))
    assert loss1 == pytest.approx(1.44)
    assert len(descend(x, y, 0.1, steps=7)) == 8


def test_descent_forgets_the_slopes_of_the_step_before():
    x, y = reading_times(24, seed=0)
    losses = [loss for _, _, loss in descend(x, y, rate=0.03, steps=40)]
    assert np.diff(losses).max() < 1e-4
    assert losses[-1] < losses[0] / 50


@pytest.mark.parametrize("to", MOVES, ids=str)
def test_a_network_can_be_moved(to):
    net = Net(3, 4, 2).to(to)
    out = net(moved(torch.randn(5, 3), to))
    assert out.shape == (5, 2)
    assert same_kind(out, to)


def test_a_network_bends_only_between_its_layers():
    net = Net(1, 1, 1)
    for layer, weight in ((net.first, 1.0), (net.second, -2.0)):
        nn.init.constant_(layer.weight, weight)
        nn.init.zeros_(layer.bias)
    x = torch.tensor([[-3.0], [0.0], [3.0]])
    assert net(x).flatten().tolist() == [0, 0, -6]


def test_bent_points_scatter_around_a_v():
    x, y = bent_points(20_000, torch.Generator().manual_seed(0))
    assert x.abs().max() <= 2
    assert (y - (x.abs() - 1)).std().item() == pytest.approx(0.4, rel=0.02)
    assert (y - (x.abs() - 1)).mean().item() == pytest.approx(0, abs=0.02)


def lines(epoch):
    """Three batches of points on a plane, in another order each epoch."""
    generator = torch.Generator().manual_seed(epoch)
    x = torch.randn(12, 2, generator=generator)
    return [(part, part.sum(1, keepdim=True)) for part in x.split(4)]


def squared(model, batch):
    x, y = batch
    return F.mse_loss(model(x), y)


@pytest.mark.parametrize(
    "how", [{}, {"warmup": 0.3}, {"weight_decay": 0.5}, {"clip": 0.01}], ids=str
)
def test_the_loop_of_the_chapter_takes_the_steps_of_fit(how):
    start = nn.Linear(2, 1).state_dict()
    models = [nn.Linear(2, 1), nn.Linear(2, 1)]
    for model in models:
        model.load_state_dict(start)
    ours = train(models[0], squared, lines, steps=10, lr=0.1, **how)
    theirs = fit(models[1], squared, lines, steps=10, lr=0.1, **how)
    assert ours == pytest.approx(theirs.loss, rel=1e-5)
    assert torch.allclose(models[0].weight, models[1].weight, atol=1e-6)
    plain = nn.Linear(2, 1)
    plain.load_state_dict(start)
    train(plain, squared, lines, steps=10, lr=0.1)
    assert torch.allclose(plain.weight, models[0].weight, atol=1e-6) == (not how)


@pytest.mark.parametrize("steps", [1, 3, 4])
def test_the_loop_stops_in_the_middle_of_an_epoch(steps):
    losses = train(nn.Linear(2, 1), squared, lines, steps=steps, lr=0.1)
    assert len(losses) == steps
    assert all(map(math.isfinite, losses))
