"""The one check that the exercises' test cells share: it says what is wrong, not only that it is.

A test cell gives the right result and the results of typical mistakes, each with its hint:

    check("one_hot([2, 0], 3)", one_hot(np.array([2, 0]), 3), want, {"each row is …": want.T})
"""

import math

import numpy as np


def check(call, got, want, mistakes=None, tolerance=1e-4):
    """Pass if `got` is `want`; otherwise raise `AssertionError` with a sentence that helps.

    call: what was computed, in the words of the student
    got, want: the student's result and the right one; a NumPy array or a PyTorch tensor is compared
        by type, shape, kind of number (float or whole) and value; floats, alone or in lists, tuples
        and dicts, within the tolerance; everything else with `==`
    mistakes: hint -> the result to which that mistake leads
    tolerance: the largest difference between two floats that count as equal, absolute and relative
    """
    if got is None and want is not None:
        raise AssertionError(f"{call} gives None: does your function end with `return`?")
    for hint, wrong in (mistakes or {}).items():
        if _difference(got, wrong, tolerance) is None:
            error = AssertionError(f"{call}: {hint}")
            error.hint = hint  # type: ignore[attr-defined]  # grading reads it, never the text
            raise error
    difference = _difference(got, want, tolerance)
    if difference:
        raise AssertionError(f"{call} {difference}")


def _difference(got, want, tolerance):
    """Return what sets `got` apart from `want`, in words, or None if nothing does."""
    if not hasattr(want, "shape"):
        return None if _equal(got, want, tolerance) else f"is {got!r}, expected {want!r}"
    if not isinstance(got, type(want)):
        return f"is of type {type(got).__name__}, expected {type(want).__name__}"
    got, want = (np.asarray(x.detach() if hasattr(x, "detach") else x) for x in (got, want))
    if got.shape != want.shape:
        return f"has shape {got.shape}, expected {want.shape}"
    if got.dtype.kind != want.dtype.kind:
        return f"has numbers of type {got.dtype}, expected {want.dtype}"
    if want.dtype.kind in "fc":
        wrong = ~np.isclose(got, want, rtol=tolerance, atol=tolerance, equal_nan=True)
    else:
        wrong = got != want
    if not wrong.any():
        return None
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    place = f" at position {at}" if at else ""
    return f"is {got[at]}{place}, expected {want[at]}"


def _equal(got, want, tolerance):
    """Return whether two values are of one type and the same, floats nearly so."""
    if hasattr(want, "shape"):
        return _difference(got, want, tolerance) is None
    if type(got) is not type(want):
        return False
    if isinstance(want, float):
        near = math.isclose(got, want, rel_tol=tolerance, abs_tol=tolerance)
        return near or (math.isnan(got) and math.isnan(want))
    if isinstance(want, list | tuple):
        pairs = zip(got, want, strict=False)
        return len(got) == len(want) and all(_equal(a, b, tolerance) for a, b in pairs)
    if isinstance(want, dict):
        known = got.keys() == want.keys()
        return known and all(_equal(got[key], want[key], tolerance) for key in want)
    return got == want
