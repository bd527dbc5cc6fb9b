"""One training loop for the whole book."""

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm


@dataclass
class History:
    """What happened in a training: one entry a step, one entry a validation.

    `loss` and `lr` hold one number a step; `valid` holds pairs (step, score) with lower better;
    `seconds` is the time spent so far. `stopped_early` is true when patience ran out.
    """

    loss: list[float] = field(default_factory=list)
    lr: list[float] = field(default_factory=list)
    valid: list[tuple[int, float]] = field(default_factory=list)
    seconds: float = 0.0
    stopped_early: bool = False

    @property
    def steps(self) -> int:
        """The number of steps taken."""
        return len(self.loss)

    def smooth(self, window: int = 50) -> list[float]:
        """Return the mean loss of the last `window` steps, at every step: a calmer curve."""
        result, total = [], 0.0
        for i, value in enumerate(self.loss):
            total += value - (self.loss[i - window] if i >= window else 0.0)
            result.append(total / min(i + 1, window))
        return result


def warmup_cosine(step: int, steps: int, warmup: int) -> float:
    """Return the factor on the learning rate at `step` (0-based) of `steps`.

    It rises linearly over the first `warmup` steps, then falls along half a cosine towards zero
    (Loshchilov and Hutter, 2017, eq. 5, without restarts).
    """
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return 0.5 * (1 + math.cos(math.pi * progress))


def fit(
    model: nn.Module,
    loss: Callable[[nn.Module, object], Tensor],
    batches: Iterable | Callable[[int], Iterable],
    *,
    steps: int,
    lr: float = 1e-3,
    warmup: float = 0.05,
    weight_decay: float = 0.01,
    clip: float | None = 1.0,
    seed: int = 0,
    validate: Callable[[nn.Module], float] | None = None,
    validate_every: int = 100,
    patience: int | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 200,
    label: str = "training",
) -> History:
    """Train `model` in place with AdamW, linear warm-up and a cosine decay; return the history.

    model: any module. It is in training mode during steps, in evaluation mode afterwards.
    loss: `loss(model, batch)` returns a scalar tensor.
    batches: what one epoch goes through. A callable is called with the epoch's number (0, 1, …)
        and returns that epoch's batches, so that each epoch can be shuffled by its own seed.
    steps: how many updates in all; the data is gone through again as often as needed.
    warmup: the share of the steps over which the learning rate rises to `lr`.
    clip: the largest norm of the gradient (None: unclipped).
    seed: seeds torch before the first step (dropout, for example).
    validate: `validate(model)` returns a score, lower is better, every `validate_every` steps.
        With `patience`, training stops after that many scores in a row without a better one, and
        the model ends with its best weights.
    checkpoint: a file to save to every `checkpoint_every` steps, at the end, and on an interrupt
        (Ctrl-C). When it exists, training goes on from there as if it had never stopped.

    A bar shows the loss and the speed while it runs; afterwards one line stays.

    Raises `ValueError` for settings that make no sense, for data without a batch, and when the
    loss is no longer a finite number.
    """
    if steps < 1:
        raise ValueError(f"steps={steps}: training needs at least one step")
    if not 0 <= warmup < 1:
        raise ValueError(f"warmup={warmup} is a share of the steps: choose 0 ≤ warmup < 1")
    if patience is not None and validate is None:
        raise ValueError(f"patience={patience} needs validate=..., the score it waits for")

    warmup_steps = round(warmup * steps)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: warmup_cosine(step, steps, warmup_steps)
    )
    torch.manual_seed(seed)
    run = _Run(model, optimizer, schedule)
    if checkpoint is not None and Path(checkpoint).exists():
        run.load(Path(checkpoint), steps)

    history = run.history
    stream = _endless(batches, start=history.steps)
    model.train()
    started = time.perf_counter() - history.seconds
    with (
        tqdm(total=steps, initial=history.steps, desc=label, leave=False) as bar,
        run.saved_to(checkpoint),
    ):
        while history.steps < steps and not history.stopped_early:
            value = loss(model, next(stream))
            if not torch.isfinite(value):
                raise ValueError(
                    f"{label}: the loss is {value.item()} at step {history.steps + 1}; "
                    f"try a smaller lr (now {lr}) or a clip (now {clip})"
                )
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            if clip is not None:
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            history.lr.append(schedule.get_last_lr()[0])
            optimizer.step()
            schedule.step()
            history.loss.append(value.item())
            history.seconds = time.perf_counter() - started
            bar.update()
            bar.set_postfix(loss=f"{history.loss[-1]:.3f}", refresh=False)
            if validate is not None and history.steps % validate_every == 0:
                run.judge(_score(model, validate), patience)
            if checkpoint is not None and history.steps % checkpoint_every == 0:
                run.save(Path(checkpoint))
    if run.best_weights is not None:
        model.load_state_dict(run.best_weights)
    model.eval()
    end = "stopped early" if history.stopped_early else "done"
    final = history.smooth()[-1]
    print(f"{label}: {end} after {history.steps:,} steps, loss {final:.3f}")
    return history


class _Run:
    """The state of one training: what a checkpoint must hold to go on."""

    def __init__(self, model, optimizer, schedule):
        self.model, self.optimizer, self.schedule = model, optimizer, schedule
        self.history = History()
        self.best_score, self.best_weights, self.waited = math.inf, None, 0

    def judge(self, score: float, patience: int | None) -> None:
        """Note a validation score; keep the best weights when someone is waiting for them."""
        self.history.valid.append((self.history.steps, score))
        if patience is None:
            return
        if score < self.best_score:
            self.best_score, self.waited = score, 0
            self.best_weights = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
        else:
            self.waited += 1
            self.history.stopped_early = self.waited >= patience

    def save(self, path: Path) -> None:
        """Write the checkpoint beside its place, then move it there: never half a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".tmp")
        torch.save(
            {
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "schedule": self.schedule.state_dict(),
                "history": vars(self.history),
                "best": (self.best_score, self.best_weights, self.waited),
                "random": torch.get_rng_state(),
            },
            part,
        )
        os.replace(part, path)

    def load(self, path: Path, steps: int) -> None:
        """Go on from a checkpoint; raise `ValueError` when it does not fit."""
        try:
            state = torch.load(path, weights_only=True)
            self.model.load_state_dict(state["model"])
        except Exception as error:  # a broken pickle can raise almost anything
            raise ValueError(
                f"{path} does not hold this model's training: delete it to start again"
            ) from error
        history = History(**state["history"])
        if history.steps > steps:
            raise ValueError(
                f"{path} holds {history.steps} steps, more than steps={steps}: delete it to start "
                "again"
            )
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.history = history
        self.best_score, self.best_weights, self.waited = state["best"]
        torch.set_rng_state(state["random"])

    @contextmanager
    def saved_to(self, checkpoint: str | Path | None) -> Iterator[None]:
        """Save when the training ends, and when the reader interrupts it between two steps."""
        try:
            yield
        except KeyboardInterrupt:
            if checkpoint is not None and len(self.history.lr) == self.history.steps:
                self.save(Path(checkpoint))
            raise
        if checkpoint is not None:
            self.save(Path(checkpoint))


def _endless(batches, start: int) -> Iterator:
    """Yield batches epoch after epoch, leaving out the first `start` (already trained on)."""
    skipped = 0
    for epoch in range(10**9):
        empty = True
        for batch in batches(epoch) if callable(batches) else batches:
            empty = False
            if skipped < start:
                skipped += 1
                continue
            yield batch
        if empty:
            raise ValueError(f"epoch {epoch} of the data holds no batch")


def _score(model: nn.Module, validate: Callable[[nn.Module], float]) -> float:
    """Return the validation score, without gradients and in evaluation mode."""
    model.eval()
    with torch.no_grad():
        score = float(validate(model))
    model.train()
    return score
