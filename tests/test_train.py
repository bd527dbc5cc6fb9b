import math

import pytest
import torch
from torch import nn

from qkv.train import fit, warmup_cosine

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
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        fit(line(), line_loss, shuffled, **settings)


def test_data_without_a_batch_is_refused():
    with pytest.raises(ValueError, match="epoch 0 of the data holds no batch"):
        fit(line(), line_loss, [], steps=5)


def test_the_smooth_history_is_a_running_mean():
    _, history = fitted(steps=60)
    assert history.smooth(10)[-1] == pytest.approx(sum(history.loss[-10:]) / 10)
    assert history.smooth(10)[3] == pytest.approx(sum(history.loss[:4]) / 4)
