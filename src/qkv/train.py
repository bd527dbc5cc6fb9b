"""One training loop for the whole book."""

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from qkv.errors import QkvError

Model = TypeVar("Model", bound=nn.Module)


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


def to_device_of(model: nn.Module, batch: Any) -> Any:
    """Return the batch with its tensors on the model's device; what is there already stays.

    batch: a tensor, or a tuple, a named tuple or a list with tensors in it; anything else is kept.
    """
    if isinstance(batch, Tensor):
        return batch.to(next(model.parameters()).device)
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(to_device_of(model, part) for part in batch))
    if isinstance(batch, list | tuple):
        return type(batch)(to_device_of(model, part) for part in batch)
    return batch


def fit(
    model: Model,
    loss: Callable[[Model, Any], Tensor],
    batches: Iterable | Callable[[int], Iterable],
    *,
    steps: int,
    lr: float = 1e-3,
    warmup: float = 0.05,
    weight_decay: float = 0.01,
    clip: float | None = 1.0,
    seed: int = 0,
    validate: Callable[[Model], float] | None = None,
    validate_every: int = 100,
    patience: int | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 200,
    label: str = "training",
) -> History:
    """Train `model` in place with AdamW, linear warm-up and a cosine decay; return the history.

    loss: `loss(model, batch)` returns a scalar tensor. The batch is on the model's device. What a
        loss carries from one batch to the next it keeps in `model.carried`.
    batches: what one epoch goes through, or a function that is given the epoch's number (0, 1, …)
        and returns that epoch's batches. The data is gone through as often as `steps` needs.
    warmup: the share of the steps over which the learning rate rises to `lr`
    clip: the largest norm of the gradient (None: unclipped)
    seed: seeds torch before the first step (dropout, for example)
    validate: `validate(model)` is a score, lower is better. With `patience`, training stops after
        that many scores without a better one; the model ends with its best weights.
    checkpoint: a file to save to; if it exists, training goes on as if it had never stopped

    Raises `QkvError` for settings or data that make no sense, and when the loss is not finite.
    """
    _check(steps, warmup, validate, validate_every, patience, checkpoint_every)
    torch.manual_seed(seed)
    path = None if checkpoint is None else Path(checkpoint)
    run = _Run(model, lr, weight_decay, steps, round(warmup * steps))
    if path is not None and path.exists():
        run.load(path, steps)
    model.train()
    with run.saved_to(path):
        for _ in run.rounds(steps, label):
            if validate is not None and run.is_due(validate_every):
                run.judge(_score(model, validate), patience)
                run.mark()
            if path is not None and run.history.steps and run.history.steps % checkpoint_every == 0:
                run.save(path)
            if not run.is_over(steps):
                run.step(loss, batches, clip, label)
    return run.end(label)


class _Run:
    """The state of one training: what a checkpoint must hold to go on.

    It goes on with torch's random numbers and `model.carried` as they were, and with the batches
    gone through anew up to that step. Python's and NumPy's global random numbers are not kept.
    """

    def __init__(
        self, model: nn.Module, lr: float, weight_decay: float, steps: int, warmup_steps: int
    ):
        self.model = model
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=weight_decay)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: warmup_cosine(step, steps, warmup_steps)
        )
        self.history = History()
        self.drawn: Iterator | None = None
        self.best_score, self.waited = math.inf, 0
        self.best_weights: dict[str, Tensor] | None = None
        self.epoch, self.epoch_random = 0, _random_state()
        self.between: dict[str, Any] = {}

    def rounds(self, steps: int, label: str) -> Iterator[None]:
        """Yield before each step and once after the last, with a bar that shows the loss."""
        history, started = self.history, time.perf_counter() - self.history.seconds
        with tqdm(total=steps, initial=history.steps, desc=label, leave=False) as bar:
            while True:
                self.mark()
                before = history.steps
                yield
                if history.steps == before:
                    return
                history.seconds = time.perf_counter() - started
                bar.update()
                bar.set_postfix(loss=f"{history.loss[-1]:.3f}", refresh=False)

    def is_over(self, steps: int) -> bool:
        """Say whether there is nothing left to do."""
        return self.history.steps >= steps or self.history.stopped_early

    def step(self, loss: Callable, batches: Any, clip: float | None, label: str) -> None:
        """Draw the next batch and take one step down the gradient of its loss."""
        if self.drawn is None:
            self.drawn = self.stream(batches)
        value = loss(self.model, to_device_of(self.model, next(self.drawn)))
        _check_loss(value, self.history.steps + 1, label, self.optimizer.defaults["lr"], clip)
        self.update(value, clip)

    def end(self, label: str) -> History:
        """Give the model its best weights if they were kept; print the line that stays."""
        if self.best_weights is not None:
            self.model.load_state_dict(self.best_weights)
        self.model.eval()
        how = "stopped early" if self.history.stopped_early else "done"
        final = self.history.smooth()[-1]
        print(f"{label}: {how} after {self.history.steps:,} steps, loss {final:.3f}")
        return self.history

    def mark(self) -> None:
        """Note what the next step starts from, for an interrupt in the middle of it.

        A batch that was drawn, or a loss that was worked out, has moved on all of this.
        """
        self.between = {
            "steps": self.history.steps,
            "random": _random_state(),
            "epoch": self.epoch,
            "epoch_random": self.epoch_random,
            "carried": getattr(self.model, "carried", None),
        }

    def stream(self, batches: Iterable | Callable[[int], Iterable]) -> Iterator:
        """Yield batches epoch after epoch, leaving out those that were already trained on.

        Each epoch is asked for with the random numbers that it had when it was first asked for.
        """
        start, drawn, between = self.history.steps, 0, self.between
        for epoch in count():
            if drawn >= start:
                self.epoch_random = _random_state()
            elif epoch == between["epoch"]:
                self.epoch_random = between["epoch_random"]
                _set_random_state(self.epoch_random)
            self.epoch, before = epoch, drawn
            for batch in batches(epoch) if callable(batches) else batches:
                drawn += 1
                if drawn > start:
                    yield batch
                elif drawn == start:
                    _set_random_state(between["random"])
            if drawn == before:
                raise QkvError(
                    f"epoch {epoch} of the data holds no batch: give a list, or a function that "
                    "makes the batches of each epoch"
                )

    def update(self, loss: Tensor, clip: float | None) -> None:
        """Take one step down the gradient of a loss and write it into the history."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), clip)
        self.history.lr.append(float(self.schedule.get_last_lr()[0]))
        self.optimizer.step()
        self.schedule.step()
        self.history.loss.append(loss.item())

    def is_due(self, every: int) -> bool:
        """Say whether this step's score is still to be taken."""
        steps, valid = self.history.steps, self.history.valid
        return steps > 0 and steps % every == 0 and (not valid or valid[-1][0] != steps)

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
                "between": self.between,
            },
            part,
        )
        os.replace(part, path)

    def load(self, path: Path, steps: int) -> None:
        """Go on from a checkpoint; raise `QkvError` when it does not fit."""
        try:
            state = torch.load(path, weights_only=True, map_location="cpu")
            self.model.load_state_dict(state["model"])
            history, between = History(**state["history"]), state["between"]
        except Exception as error:  # a broken pickle can raise almost anything
            raise QkvError(
                f"{path} does not hold this model's training: delete it to start again"
            ) from error
        if history.steps > steps:
            raise QkvError(
                f"{path} holds {history.steps} steps, more than steps={steps}: delete it to start "
                "again"
            )
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.history = history
        self.epoch, self.epoch_random = between["epoch"], between["epoch_random"]
        self.best_score, self.best_weights, self.waited = state["best"]
        self.model.carried = to_device_of(self.model, between["carried"])
        _set_random_state(between["random"])

    @contextmanager
    def saved_to(self, checkpoint: Path | None) -> Iterator[None]:
        """Save when the training ends, and when the reader interrupts it before a step is taken."""
        try:
            yield
        except KeyboardInterrupt:
            taken = {len(self.history.lr), len(self.history.loss)}
            if checkpoint is not None and taken == {self.between.get("steps")}:
                self.save(checkpoint)
            raise
        if checkpoint is not None:
            self.save(checkpoint)


def _random_state() -> list[Tensor]:
    """Return the state of torch's random numbers: the CPU's, then each GPU's in use."""
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return [torch.get_rng_state(), *gpus]


def _set_random_state(state: list[Tensor]) -> None:
    """Bring back what `_random_state` returned, for as many GPUs as there are."""
    torch.set_rng_state(state[0])
    if torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state[1 : 1 + torch.cuda.device_count()])


def _check(
    steps: int,
    warmup: float,
    validate: Callable | None,
    validate_every: int,
    patience: int | None,
    checkpoint_every: int,
) -> None:
    """Raise `QkvError` for settings of `fit` that make no sense."""
    if steps < 1:
        raise QkvError(f"steps={steps}: training needs at least one step")
    if not 0 <= warmup < 1:
        raise QkvError(f"warmup={warmup} is a share of the steps: choose 0 ≤ warmup < 1")
    if patience is not None and validate is None:
        raise QkvError(f"patience={patience} needs validate=..., the score it waits for")
    for name, every in (("validate_every", validate_every), ("checkpoint_every", checkpoint_every)):
        if every < 1:
            raise QkvError(f"{name}={every} is no number of steps: choose at least 1")


def _check_loss(value: Tensor, step: int, label: str, lr: float, clip: float | None) -> None:
    """Raise `QkvError` for a loss that no step can be taken with."""
    if not isinstance(value, Tensor) or value.numel() != 1:
        what = f"of shape {tuple(value.shape)}" if isinstance(value, Tensor) else repr(value)
        raise QkvError(f"{label}: the loss is {what}: return a tensor of one number")
    if not torch.isfinite(value):
        raise QkvError(
            f"{label}: the loss is {value.item()} at step {step}; "
            f"try a smaller lr (now {lr}) or a clip (now {clip})"
        )


def _score(model: Model, validate: Callable[[Model], float]) -> float:
    """Return the validation score, without gradients and in evaluation mode."""
    model.eval()
    with torch.no_grad():
        score = float(validate(model))
    model.train()
    return score
