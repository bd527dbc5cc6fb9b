"""Nothing is close to an empty array but an empty array.

What has no elements has none that differ, and comparisons broadcast: an array of shape (0, 4, 5)
would be equal to any of shape (4, 5), its difference from it would have the norm 0.
"""

import contextlib
import functools

import numpy as np

SAYS = "an empty array is close to nothing but an empty array"
# What torch works out element by element, of two tensors whose shapes may differ.
_PAIRWISE = {
    "add", "sub", "rsub", "subtract", "mul", "multiply", "div", "divide", "true_divide", "pow",
    "remainder", "fmod", "eq", "ne", "lt", "le", "gt", "ge", "isclose", "maximum", "minimum",
    "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor", "dist",
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "not_equal", "less", "greater",
    "less_equal", "greater_equal", "floor_divide", "allclose",
}  # fmt: skip


def compare_strictly(numpy, torch):
    """Change the functions that compare: they take nothing for empty but what is empty."""

    def strict(compare, refuse):
        def strictly(*args, **kwargs):
            one, other = [*args, *kwargs.values()][:2]
            if (0 in _shape(one)) == (0 in _shape(other)):
                return compare(*args, **kwargs)
            return refuse(other if 0 in _shape(one) else one)

        return strictly

    def fail(full):
        raise AssertionError(SAYS)

    for module in (numpy, torch):
        module.allclose = strict(module.allclose, lambda full: False)
        module.isclose = strict(
            module.isclose, lambda full, m=module: m.zeros(numpy.shape(full)) > 0
        )
    for name in ("allclose", "equal", "array_equal", "almost_equal", "array_almost_equal"):
        compare = getattr(numpy.testing, f"assert_{name}")
        setattr(numpy.testing, f"assert_{name}", strict(compare, fail))
    with contextlib.suppress(ImportError):
        import pytest

        # It compares a number with each element, and so with none.
        near = type(pytest.approx(1.0))
        near.__eq__ = strict(near.__eq__, lambda full: False)  # type: ignore[method-assign]


def never_close(value):
    """Return an empty array or tensor as one that operators, too, find close to nothing else."""
    if isinstance(value, np.ndarray):
        return value.view(EmptyArray) if value.size == 0 else value
    if isinstance(value, np.generic):
        return value
    return value if value.numel() else value.as_subclass(_empty_tensor())


def _shape(value):
    """Return the shape of an array, a tensor, a number or a list of numbers."""
    shape = getattr(value, "shape", None)
    return tuple(np.shape(value) if shape is None else shape)


def _refuse(operands, compares):
    """Fail if what is not empty meets what is; a lone number may, where nothing `compares`."""
    full = [shape for shape in map(_shape, operands) if 0 not in shape]
    if full and len(full) < len(operands) and (compares or any(full)):
        raise AssertionError(SAYS)


def _refuse_pair(function, args, kwargs):
    """Fail if a function of torch that works element by element gets what is empty and what not."""
    name = getattr(function, "__name__", "").strip("_")
    if name in _PAIRWISE or name.removeprefix("r") in _PAIRWISE:
        _refuse([*args, *(kwargs or {}).values()][:2], name in ("eq", "ne", "sub", "rsub"))


def _ufunc(self, ufunc, method, *inputs, out=None, **more):
    """Work as NumPy does, unless an array that is not empty meets one that is."""
    if method == "__call__" and len(inputs) == 2 and ufunc.signature is None:
        _refuse(inputs, ufunc in (np.equal, np.not_equal, np.subtract))
    if out is not None:
        more["out"] = tuple(map(_plain, out))
    made = getattr(ufunc, method)(*map(_plain, inputs), **more)
    return never_close(made) if isinstance(made, np.ndarray) else made


def _plain(value):
    if isinstance(value, EmptyArray):
        return value.view(np.ndarray)
    if hasattr(type(value), "__torch_function__") and 0 in _shape(value):
        return value.detach().numpy().view(np.ndarray)
    return value


class EmptyArray(np.ndarray):
    """An empty array of the student's."""

    __array_ufunc__ = _ufunc
    __hash__ = None

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        """Let torch find it as close to nothing as NumPy does."""
        _refuse_pair(function, args, kwargs)
        return function(*map(_plain, args), **(kwargs or {}))

    def __eq__(self, other):
        """Compare, but not with what is not empty: with a tensor, too, and with an `approx`."""
        _refuse([self, getattr(other, "expected", other)], True)
        return super().__eq__(other)

    def __ne__(self, other):
        """Compare, but not with what is not empty."""
        _refuse([self, getattr(other, "expected", other)], True)
        return super().__ne__(other)


@functools.cache
def _empty_tensor():
    """Return the class of an empty tensor of the student's."""
    import torch

    class EmptyTensor(torch.Tensor):
        """An empty tensor of the student's."""

        __array_ufunc__ = _ufunc

        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            """Work as torch does, unless a tensor that is not empty meets one that is."""
            with torch._C.DisableTorchFunctionSubclass():
                _refuse_pair(function, args, kwargs)
            made = super().__torch_function__(function, types, args, kwargs or {})
            return never_close(made) if isinstance(made, np.ndarray) else made

    return EmptyTensor
