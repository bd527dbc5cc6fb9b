"""What crosses beside plain values: functions of a test, its seeds, and `torch.no_grad`.

A function crosses as its own code with the values that it uses. Only what the test hands over goes
this way, and nothing comes back: the tests run no code of a student's, and keep their own random
numbers.
"""

import dis
import functools
import marshal
import random
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from qkv.grade.codec import Encoder, UnsendableError
from qkv.grade.kinds import Code, Name

_seeded: dict[str, int] = {}  # which generator -> how often a test has seeded it


def function_code(function: types.FunctionType, mine: type) -> Code | Name:
    """Return what rebuilds a function of the test on the student's side.

    mine: the type that stands for objects of the student; such names are looked up there
    Raises `UnsendableError` with one sentence if it uses what cannot cross.
    """
    if _is_installed(function):
        return named(function)
    data = _packed(function, mine, ())
    maker = "__import__('qkv.grade.inside.probe', fromlist=['x']).rebuild"
    return Code(f"{maker}({data!r}, globals())")


def _packed(function, mine, around):
    if function in around[:-1] or len(around) > 5:
        raise UnsendableError("functions of the test call each other in a circle: make one of them")
    around = (*around, function)
    code, used = function.__code__, {}
    for name in sorted(set(_names(code))):
        if name in function.__globals__:
            value = function.__globals__[name]
            if not isinstance(value, mine):
                used[name] = _part(value, name, mine, around)
    closed = []
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        if isinstance(cell.cell_contents, mine):
            raise UnsendableError(
                f"a function of the test uses {name}, an object of the submission"
            )
        closed.append(_part(cell.cell_contents, name, mine, around))
    defaults = ("value", function.__defaults__)
    parts = (
        marshal.dumps(code),
        function.__name__,
        defaults,
        function.__kwdefaults__,
        used,
        closed,
    )
    return Encoder().encode(parts)


def _names(code: types.CodeType) -> Iterator[str]:
    """Yield the names that a function and the functions inside it look up: not attributes."""
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield step.argval
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _part(value, name, mine, around):
    if isinstance(value, types.ModuleType):
        return ("module", value.__name__)
    if value is around[-1]:
        return ("itself", None)
    if isinstance(value, types.FunctionType):
        if not value.__module__ or value.__module__ == "__main__":
            return ("function", _packed(value, mine, around))
        if _is_installed(value):
            return ("value", named(value))
    try:
        Encoder().encode(value)
    except UnsendableError:
        if isinstance(value, type | types.BuiltinFunctionType):
            return ("value", named(value))
        raise UnsendableError(
            f"a function of the test uses {name}, which is no plain value, module or function; "
            "give it to the function as an argument, or make it inside"
        ) from None
    return ("value", value)


def _is_installed(function: types.FunctionType) -> bool:
    """Whether a function is one of an installed module, and none that the test made."""
    module = sys.modules.get(function.__module__ or "__main__")
    here = function.__module__ == "__main__" or module is None
    return not here and getattr(module, function.__name__, None) is function


def named(value: Any) -> Name:
    """Return a function or class of an installed module: the student's side imports it itself."""
    return Name(f"{value.__module__}:{value.__name__}")


def _watch(module: Any, name: str, which: str) -> None:
    """Let a function that seeds leave a note that a test has called it."""
    seed = getattr(module, name)
    if hasattr(seed, "watched"):
        return

    @functools.wraps(seed)
    def seeding(*args, **kwargs):
        _seeded[which] = _seeded.get(which, 0) + 1
        return seed(*args, **kwargs)

    seeding.watched = True  # type: ignore[attr-defined]
    setattr(module, name, seeding)


def _watch_optimisers() -> None:
    """Let an optimiser refuse the copies of a student's parameters."""
    import torch

    add = torch.optim.Optimizer.add_param_group
    if hasattr(add, "watched"):
        return

    @functools.wraps(add)
    def adding(self, group):
        parts = group["params"]
        group["params"] = [parts] if isinstance(parts, torch.Tensor) else list(parts)
        for part in group["params"]:
            if refuse := getattr(part[1] if type(part) is tuple else part, "stepped", None):
                raise refuse()
        return add(self, group)

    adding.watched = True  # type: ignore[attr-defined]
    torch.optim.Optimizer.add_param_group = adding  # type: ignore[assignment, method-assign]


class Settings:
    """What a test has set for all that it calls, and what of it one point knows already."""

    def __init__(self) -> None:
        """Begin with nothing seeded."""
        import torch

        for module, name, which in (
            (torch, "manual_seed", "torch"),
            (torch.random, "manual_seed", "torch"),
            (np.random, "seed", "numpy"),
            (random, "seed", "random"),
        ):
            _watch(module, name, which)
        _watch_optimisers()
        self.known = dict(_seeded)
        self.grad = True

    def news(self) -> dict[str, Any]:
        """Return what the point must be told before the next call; an empty dictionary if nothing.

        Only what the test seeded itself is told: without that the tests' numbers stay unknown.
        """
        import torch

        told: dict[str, Any] = {}
        if torch.is_grad_enabled() != self.grad:
            told["grad"] = self.grad = torch.is_grad_enabled()
        states = {
            "torch": torch.get_rng_state,
            "numpy": np.random.get_state,
            "random": random.getstate,
        }
        for which, count in _seeded.items():
            if count != self.known.get(which, 0):
                told[which] = states[which]()  # type: ignore[operator]
        self.known = dict(_seeded)
        return told
