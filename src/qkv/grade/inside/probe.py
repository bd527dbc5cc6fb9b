"""What a test can only do beside the student's function.

A test's arguments reach the student's function as copies, and a result comes back as a copy. So a
test that asks for a gradient, for a change made in place or for what was printed uses these
helpers. In a notebook they act on the function itself; when a class is graded, the same call is
carried out on the student's side, and the test receives the values.

    from qkv.grade.inside import probe
    assert torch.allclose(probe.gradient(my_softmax, x), expected)
"""

import contextlib
import importlib
import inspect
import io
import marshal
import types

from qkv.grade.decoder import Decoder
from qkv.grade.kinds import Code


def _remote(name, function, args, kwargs):
    """Carry out the helper on the other side if the function is there, else return None."""
    ask = getattr(type(function), "_probe", None)
    return None if ask is None else (ask(function, name, args, kwargs),)


def gradient(function, *args, **kwargs):
    """Return the gradient of the sum of `function(*args)` for each floating point tensor in `args`.

    One tensor if there is one such argument, otherwise a list; None where nothing flows.
    """
    if answer := _remote("gradient", function, args, kwargs):
        return answer[0]
    import torch

    leaves = [
        a.detach().clone().requires_grad_()
        if isinstance(a, torch.Tensor) and a.is_floating_point()
        else a
        for a in args
    ]
    function(*leaves, **kwargs).sum().backward()
    found = [a.grad for a in leaves if isinstance(a, torch.Tensor) and a.requires_grad]
    return found[0] if len(found) == 1 else found


def in_place(function, *args, **kwargs):
    """Return `(result, args)`: what the function returns, and its arguments after the call."""
    if answer := _remote("in_place", function, args, kwargs):
        return answer[0]
    result = function(*args, **kwargs)
    return result, list(args)


def printed(function, *args, **kwargs):
    """Return what a call prints."""
    if answer := _remote("printed", function, args, kwargs):
        return answer[0]
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        function(*args, **kwargs)
    return text.getvalue()


def call(thing, method, *args, **kwargs):
    """Return what a method of a student's object gives, any method: `call(v, "__add__", w)`.

    A test may not use operators, `len`, items or a tensor's methods on such an object, since it
    would be the judge of itself; it asks by name for what the task is to write.
    """
    if answer := _remote("call", thing, (method, *args), kwargs):
        return answer[0]
    return getattr(thing, method)(*args, **kwargs)


def attribute(thing, name):
    """Return an attribute of a student's object, also one that tensors have, such as `shape`."""
    if answer := _remote("attribute", thing, (name,), {}):
        return answer[0]
    return getattr(thing, name)


def contains(thing, item):
    """Return what an object of the student's says to `item in thing`: True or False.

    A test may not ask `in` of such an object, since it could say yes to everything; ask this for
    items that are there and for items that are not.
    """
    if answer := _remote("contains", thing, (item,), {}):
        return answer[0]
    return item in thing


def run(function, *args, **kwargs):
    """Return what a function of the test gives, carried out beside the student's objects.

    For what needs the objects themselves: an optimiser's step on a model, a mock, a context
    manager, recorded warnings. What it returns comes back as a plain value and is judged by the
    test; it sees no expected result unless it is handed one.

        def step(model, x):
            optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
            ...
            return before.item(), after.item()

        before, after = probe.run(step, model, x)
    """
    for thing in (*args, *kwargs.values()):
        if answer := _remote("run_there", thing, (function, args, kwargs), {}):
            return answer[0]
    return function(*args, **kwargs)


def run_there(thing, function, args, kwargs):
    """Call `function` on the student's side; `thing` only says where that is."""
    return function(*args, **kwargs)


def function(source):
    """Return the function that a source text such as `"lambda x: x ** 2"` describes.

    Hand it to the student's function where a function is wanted and the test's own `def` or
    `lambda` uses something that cannot cross.
    """
    return Sendable(source)


def of_class(kind, thing):
    """Whether an object is of a class."""
    return isinstance(thing, kind)


def parameters(function):
    """Return `(name, kind, whether there is a default, default)` of each of its parameters."""
    found = inspect.signature(function).parameters.values()
    return [
        (p.name, int(p.kind), p.default is not p.empty, None if p.default is p.empty else p.default)
        for p in found
    ]


def rebuild(data, space):
    """Return a function of the test from its code, its defaults and the values that it uses."""
    code, name, defaults, keywords, used, closed = Decoder(data, None, _known).decode()
    used = {key: _restored(value, space) for key, value in used.items()}
    cells = tuple(types.CellType(_restored(value, space)) for value in closed)
    made = types.FunctionType(
        marshal.loads(code), {**space, **used}, name, _restored(defaults, space), cells
    )
    made.__kwdefaults__ = keywords
    for cell in cells:  # a function that calls itself
        if isinstance(cell.cell_contents, Itself):
            cell.cell_contents = made
    for key, value in used.items():
        if isinstance(value, Itself):
            made.__globals__[key] = made
    return made


class Itself:
    """Stands for the function that is being rebuilt."""


def _known(what):
    module, _, path = what.path.partition(":")
    return getattr(importlib.import_module(module), path)


def _restored(value, space):
    """Return a value that a function of the test uses; modules and functions are marked pairs."""
    if type(value) is not tuple or len(value) != 2:
        return value
    mark, inside = value
    if mark == "module":
        return importlib.import_module(inside)
    if mark == "function":
        return rebuild(inside, space)
    return Itself() if mark == "itself" else inside


def settle(news):
    """Take over seeds (the states of generators) and whether gradients are kept."""
    import random

    import numpy as np
    import torch

    if "grad" in news:
        torch.set_grad_enabled(news["grad"])
    if "torch" in news:
        torch.set_rng_state(news["torch"])
    if "numpy" in news:
        np.random.set_state(news["numpy"])
    if "random" in news:
        random.setstate(news["random"])


class Sendable(Code):
    """A function given by its source: it can be called here and sent to the student's side."""

    def __init__(self, source):
        """Keep the source and what it describes."""
        super().__init__(source)
        self.function = eval(source, {})

    def __call__(self, *args, **kwargs):
        """Call the function here."""
        return self.function(*args, **kwargs)


def torch_generator(state):
    """Return a PyTorch generator in the given state (bytes)."""
    import torch

    made = torch.Generator()
    made.set_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))
    return made


def numpy_generator(state):
    """Return a NumPy generator in the given state (what `bit_generator.state` gives)."""
    import numpy as np

    made = np.random.default_rng()
    made.bit_generator.state = state
    return made
