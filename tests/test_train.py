import math
import random
from typing import NamedTuple

import pytest
import torch
from torch import nn

from qkv.errors import QkvError
from qkv.train import fit, to_device_of, warmup_cosine

DATA = torch.linspace(-1, 1, 64).unsqueeze(1)


def line_loss(model, batch):
    return ((model(batch) - 3 * batch - 1) ** 2).mean()


def shuffled(epoch):
    order = torch.randperm(len(DATA), generator=torch.Generator().manual_seed(epoch))
    return DATA[order].split(16)


def line(seed=0):
    torch.manual_seed(seed)
    return nn.Linear(1, 1)


def fitted(model=None, **settings):
    model = line() if model is None else model
    defaults = {"steps": 60, "lr": 0.1}
    return model, fit(model, line_loss, shuffled, **defaults | settings)


def test_a_line_is_learned():
    model, history = fitted(steps=300, weight_decay=0.0)
    assert model.weight.item() == pytest.approx(3, abs=0.05)
    assert history.loss[-1] < 0.01 < history.loss[0]
    assert history.steps == len(history.lr) == 300


def test_the_learning_rate_warms_up_and_then_falls_to_zero():
    factors = [warmup_cosine(step, steps=100, warmup=10) for step in range(101)]
    assert factors[:10] == pytest.approx([(i + 1) / 10 for i in range(10)])
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[100] == pytest.approx(0)
    _, history = fitted(steps=100, lr=0.5, warmup=0.1)
    assert history.lr == pytest.approx([0.5 * f for f in factors[:100]])


def test_the_same_seed_gives_the_same_training():
    assert fitted(seed=3)[1].loss == fitted(seed=3)[1].loss


def test_the_gradient_is_clipped():
    def steep(model, batch):
        return 1e6 * line_loss(model, batch)

    def norm_left_behind(clip):
        model = line()
        fit(model, steep, shuffled, steps=1, clip=clip)
        return math.hypot(model.weight.grad.item(), model.bias.grad.item())

    assert norm_left_behind(clip=None) > 1000
    assert norm_left_behind(clip=0.5) == pytest.approx(0.5, rel=1e-3)


def test_an_interrupted_training_goes_on_as_if_it_had_never_stopped(tmp_path):
    whole_model, whole = fitted(steps=60)
    calls = 0

    def interrupted(model, batch):
        nonlocal calls
        calls += 1
        if calls == 30:
            raise KeyboardInterrupt
        return line_loss(model, batch)

    path = tmp_path / "run" / "line.pt"
    with pytest.raises(KeyboardInterrupt):
        fit(line(), interrupted, shuffled, steps=60, lr=0.1, checkpoint=path)
    model, history = fitted(line(seed=9), steps=60, checkpoint=path)
    assert history.loss == whole.loss
    assert torch.equal(model.weight, whole_model.weight)


def drawn_whole(epoch):
    """Shuffle with torch's own random numbers, when the epoch begins."""
    return DATA[torch.randperm(len(DATA))].split(16)


def drawn_one_by_one(epoch):
    """Draw each batch with torch's own random numbers, when it is asked for."""
    for _ in range(4):
        yield DATA[torch.randint(len(DATA), (16,))]


def from_one_source():
    """Draw with random numbers that go on from epoch to epoch."""
    rng = random.Random(0)
    return lambda epoch: (DATA[rng.sample(range(len(DATA)), 16)] for _ in range(4))


@pytest.mark.parametrize("interrupted_in", ["loss", "validation"])
@pytest.mark.parametrize("stop", range(1, 12))
@pytest.mark.parametrize("make", [lambda: drawn_whole, lambda: drawn_one_by_one, from_one_source])
def test_an_interrupt_at_any_step_of_an_epoch_changes_nothing(tmp_path, make, stop, interrupted_in):
    def train(stop=None, checkpoint=None):
        model = nn.Sequential(line(), nn.Dropout(0.5))
        seen = {"loss": 0, "validation": 0}

        def count(place):
            seen[place] += 1
            if place == interrupted_in and seen[place] == stop:
                raise KeyboardInterrupt

        def loss(model, batch):
            value = line_loss(model, batch)  # draws the dropout
            count("loss")
            return value

        def validate(model):
            score = torch.rand(()).item()
            count("validation")
            return score

        settings = {"validate": validate, "validate_every": 1, "checkpoint": checkpoint}
        history = fit(model, loss, make(), steps=12, **settings)
        return history.loss, history.valid, model[0].weight.item()

    path = tmp_path / "line.pt"
    with pytest.raises(KeyboardInterrupt):
        train(stop, path)
    assert train(checkpoint=path) == train()


def test_an_interrupt_in_the_middle_of_an_update_goes_back_to_the_last_checkpoint(
    tmp_path, monkeypatch
):
    path, steps = tmp_path / "line.pt", 0
    whole = fitted(steps=12)[1].loss
    update = torch.optim.AdamW.step

    def interrupted(self, *args, **kwargs):
        nonlocal steps
        steps += 1
        update(self, *args, **kwargs)
        if steps == 7:
            raise KeyboardInterrupt

    monkeypatch.setattr(torch.optim.AdamW, "step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fitted(steps=12, checkpoint=path, checkpoint_every=5)
    monkeypatch.undo()
    assert fitted(line(9), steps=12, checkpoint=path)[1].loss == whole


def test_what_a_loss_carries_is_kept(tmp_path):
    def loss(model, batch):
        before = 0.0 if model.carried is None else model.carried
        model.carried = line_loss(model, batch).detach()
        return line_loss(model, batch) + before * model.bias.square().sum()

    def train(steps, **settings):
        model = line()
        model.carried = None
        return fit(model, loss, shuffled, steps=steps, lr=0.01, **settings).loss

    path = tmp_path / "line.pt"
    calls, whole = 0, train(9)

    def interrupted(model, batch):
        nonlocal calls
        calls += 1
        value = loss(model, batch)
        if calls == 6:
            raise KeyboardInterrupt
        return value

    model = line()
    model.carried = None
    with pytest.raises(KeyboardInterrupt):
        fit(model, interrupted, shuffled, steps=9, lr=0.01, checkpoint=path)
    assert train(9, checkpoint=path) == whole


def test_batches_come_to_the_device_of_the_model():
    class Two(NamedTuple):
        x: torch.Tensor
        name: str

    model = nn.Linear(1, 1, device="meta")
    moved = to_device_of(model, (DATA, [Two(DATA, "a")], 3))
    assert moved[0].is_meta
    assert moved[1][0].x.is_meta
    assert (moved[1][0].name, moved[2]) == ("a", 3)
    assert to_device_of(line(), DATA) is DATA


def test_a_crash_while_saving_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "line.pt"
    fitted(steps=20, checkpoint=path)
    before = path.read_bytes()

    def half_a_file(state, part):
        part.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", half_a_file)
    with pytest.raises(OSError, match="disk full"):
        fitted(steps=40, checkpoint=path)
    assert path.read_bytes() == before


def test_a_checkpoint_of_another_model_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "line.pt"
    fitted(steps=5, checkpoint=path)
    with pytest.raises(ValueError, match=r"line\.pt does not hold this model's training"):
        fit(nn.Linear(2, 2), line_loss, shuffled, steps=5, checkpoint=path)
    path.write_bytes(b"junk")
    with pytest.raises(ValueError, match=r"line\.pt does not hold"):
        fitted(steps=5, checkpoint=path)


def test_training_stops_when_patience_runs_out_and_keeps_the_best_weights():
    scores = iter([3.0, 1.0, 2.0, 2.0, 2.0, 0.0])
    weights = []

    def validate(model):
        assert not model.training
        weights.append(model.weight.item())
        return next(scores)

    model, history = fitted(validate=validate, validate_every=5, patience=3, steps=1000)
    assert history.stopped_early
    assert history.valid == [(5, 3.0), (10, 1.0), (15, 2.0), (20, 2.0), (25, 2.0)]
    assert model.weight.item() == weights[1]


def test_one_clean_line_stays(capsys):
    fitted(steps=60, label="line")
    out = capsys.readouterr().out
    assert out.startswith("line: done after 60 steps, loss ")
    assert out.count("\n") == 1


def test_a_loss_that_is_not_finite_stops_training_with_advice():
    def broken(model, batch):
        return line_loss(model, batch) * math.nan

    with pytest.raises(ValueError, match=r"the loss is nan at step 1; try a smaller lr"):
        fit(line(), broken, shuffled, steps=5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps=0: training needs"),
        ({"steps": 5, "warmup": 1.0}, "warmup=1.0 is a share"),
        ({"steps": 5, "patience": 2}, "patience=2 needs validate"),
        ({"steps": 5, "validate_every": 0}, "validate_every=0 is no number of steps"),
        ({"steps": 5, "checkpoint_every": -1}, "checkpoint_every=-1 is no number of steps"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        fit(line(), line_loss, shuffled, **settings)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (lambda model, batch: 0.5, "the loss is 0.5: return a tensor of one number"),
        (lambda model, batch: model(batch), r"the loss is of shape \(16, 1\): return a tensor"),
    ],
)
def test_a_loss_that_is_not_one_number_is_refused(loss, message):
    with pytest.raises(QkvError, match=message):
        fit(line(), loss, shuffled, steps=5)


def test_an_old_checkpoint_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "line.pt"
    fitted(steps=5, checkpoint=path)
    torch.save({k: v for k, v in torch.load(path).items() if k != "between"}, path)
    with pytest.raises(QkvError, match=r"line\.pt does not hold"):
        fitted(steps=5, checkpoint=path)


def test_data_without_a_batch_is_refused():
    with pytest.raises(ValueError, match="epoch 0 of the data holds no batch"):
        fit(line(), line_loss, [], steps=5)


def test_the_smooth_history_is_a_running_mean():
    _, history = fitted(steps=60)
    assert history.smooth(10)[-1] == pytest.approx(sum(history.loss[-10:]) / 10)
    assert history.smooth(10)[3] == pytest.approx(sum(history.loss[:4]) / 4)
