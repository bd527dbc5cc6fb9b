"""The student's objects as the tests see them: values, or handles that can be called.

A handle stands for something that stays in the sandbox: a function, a class, a module. It can be
called, and its methods and attributes asked for by name; whatever comes back is again a value or a
handle. Nothing else is sent there: it has no truth, no length and no items, compares with nothing
and computes nothing, and it is asked nothing that a tensor, an array or a string would be asked. So
no test passes because of what a student's object says about itself, and none hands it the result
that it expects. A test that means such an object asks by name: `qkv.grade.inside.probe.call`.
"""

import functools
import inspect

import numpy as np


class NotAValue(BaseException):
    """A test asked a handle for its truth or compared it; no `except Exception` hides it."""


# Names that tensors and strings have and that classes of students often have as well: to ask them
# hands over no expected result, and what comes back is compared here.
_SHARED = [
    "data", "grad", "backward", "device", "name", "names", "title", "add", "append", "insert",
    "extend", "remove", "pop", "push", "update", "get", "clear", "copy", "encode", "decode",
    "split", "find", "index", "count", "relu", "tanh", "sigmoid", "softmax", "exp", "log",
]  # fmt: skip
# How values of other libraries (a data frame, a symbol, a date) are asked whether they are right.
_COMPARING = [
    "equals", "is_equal", "isequal", "equal_to", "isclose", "is_close", "all_close", "close_to",
    "almost_equals", "almost_equal", "compare", "compare_to", "identical", "same_as", "is_same",
    "matches", "isin", "equals_to", "approx_equal", "assert_equal",
]  # fmt: skip


@functools.cache
def value_names() -> dict[str, bool]:
    """Return the names that only values answer -> whether it is a method of one of them."""
    import torch

    kinds = (torch.Tensor, np.ndarray, str, list, dict, set, float, complex)
    found: dict[str, bool] = {}
    for kind in kinds:
        for name in dir(kind):
            if not name.startswith("_"):
                method = callable(getattr(kind, name, None))
                found[name] = found.get(name, True) and method
    shared = {*_SHARED, *dir(torch.nn.Module), *dir(torch.optim.Optimizer)}
    found = {name: method for name, method in found.items() if name not in shared}
    return found | dict.fromkeys(_COMPARING, True)


class Handle:
    """Stands for an object of the student's program that is no plain value."""

    __slots__ = ("_qkv",)
    __array_ufunc__ = None  # `array - handle` is then asked of the handle, which refuses

    def __init__(self, point, number):
        """Stand for object `number` at `point`."""
        object.__setattr__(self, "_qkv", (point, number))

    def _ask(self, op, *args):
        return object.__getattribute__(self, "_qkv")[0].ask(op, *args)

    def _probe(self, name, args, kwargs):
        return self._ask("probe", name, self, args, kwargs)

    def __call__(self, *args, **kwargs):
        """Call the object with values."""
        return self._ask("call", self, args, kwargs)

    def __getattr__(self, name):
        """Return an attribute.

        Python's own protocols are not passed on: NumPy would take `__array_interface__` from the
        student as an address in this process. Nor is what one asks of values, such as `shape` or
        `allclose`: the object would be the judge of itself. A field that is only named like a
        method (`config.dim`) is given if it is a value.
        """
        if name == "__signature__":
            return _signature(self._probe("parameters", (), {}))
        if name.startswith("__") and name not in ("__name__", "__qualname__", "__annotations__"):
            raise AttributeError(f"{name} of a student's object is not available to tests")
        method = value_names().get(name)
        if method is False:
            raise self._refuse(f"its {name}", f"attribute(obj, {name!r})")
        value = self._ask("getattr", self, name)
        if method and isinstance(value, Handle):
            raise self._refuse(f"its {name}", f"call(obj, {name!r}, …)")
        return value

    def __setattr__(self, name, value):
        """Set an attribute on the student's side."""
        self._ask("setattr", self, name, value)

    def __hash__(self):
        """Refuse to be a key: whether two are the same would be the object's word."""
        text = "an object of the submission cannot be a key or in a set: use a list of pairs"
        raise object.__getattribute__(self, "_qkv")[0].judge.trouble(NotAValue(text))

    def __instancecheck__(self, other):
        """Whether an object of the student's is of this class of the student's."""
        if not isinstance(other, Handle):
            return False  # a plain value: what the student made of it stayed there
        return self._probe("of_class", (other,), {}) is True

    def __copy__(self):
        """Refuse: a copy is made where the object is."""
        raise self._refuse("a copy of it", "run(copy.copy, obj)")

    def __deepcopy__(self, memo):
        """Refuse: a copy is made where the object is."""
        raise self._refuse("a copy of it", "run(copy.deepcopy, obj)")

    def __repr__(self):
        """Say what this is, in words that no student chose."""
        return "<an object of the submission>"

    def _refuse(self, what, instead):
        point = object.__getattribute__(self, "_qkv")[0]
        return point.judge.trouble(
            NotAValue(
                f"the test asked for {what}, but your code gave an object, not a plain value such "
                "as a number, a list or a tensor: is it the right kind of thing? (A test that "
                f"means the object itself says probe.{instead}.)"
            )
        )


def _signature(parameters):
    """Return a signature from `(name, kind, whether it has a default, default)` of each part."""
    made = [
        inspect.Parameter(name, inspect._ParameterKind(kind), default=default)
        if given
        else inspect.Parameter(name, inspect._ParameterKind(kind))
        for name, kind, given, default in parameters
    ]
    return inspect.Signature(made)


def _refusing(name):
    def method(self, *args):
        raise self._refuse(f"its {name}", INSTEAD.get(name, f"call(obj, '__{name}__', …)"))

    return method


# What to write instead, where it is not a plain call of the method.
INSTEAD = {
    "iter": "call(obj, '__iter__'), whose values can be looped over",
    "len": "call(obj, '__len__')",
    "getitem": "call(obj, '__getitem__', key)",
    "contains": "contains(obj, item)",
    "enter": "run(function, obj) with the `with` inside that function",
    "exit": "run(function, obj) with the `with` inside that function",
}
_ARITHMETIC = [
    "add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow", "and", "or",
    "xor", "lshift", "rshift",
]  # fmt: skip
_REFUSED = [
    "bool", "len", "iter", "getitem", "setitem", "delitem", "contains", "neg", "pos", "abs",
    "invert", "round", "enter", "exit", "eq", "ne", "lt", "le", "gt", "ge", "int", "float",
    "complex", "index",
]  # fmt: skip
# What a student wrote about the object; the class's own would be that of `Handle`.
Handle.__doc__ = property(lambda self: self._ask("getattr", self, "__doc__"))  # type: ignore[assignment]
for _name in [*_REFUSED, *_ARITHMETIC, *(f"r{name}" for name in _ARITHMETIC)]:
    setattr(Handle, f"__{_name}__", _refusing(_name))


class Flow(Handle):
    """Stands for a generator or another iterator: its values are fetched one by one, once.

    It is no more than the values it gives: as with any iterator it has no length, and what is
    fetched is compared here.
    """

    __slots__ = ()

    def __len__(self):
        """Fail as every iterator does; `list` asks this first."""
        raise TypeError("an iterator has no length")

    def __iter__(self):
        """Return itself, as iterators do."""
        return self

    def __next__(self):
        """Fetch the next value."""
        answer = self._ask("next", self)
        if type(answer) is not tuple or len(answer) not in (0, 1):
            raise self._refuse("its next value", "call(obj, '__next__')")
        if not answer:
            raise StopIteration
        return answer[0]
