"""The valley of a line's loss, in Python."""

import numpy as np
import pytest

from qkv.figures.descent import RATES, Descent

X, Y = [0.5, 1.0, 2.0, 3.0], [3.0, 7.0, 10.0, 17.0]


def descent(**changes):
    given = {
        "x": X,
        "y": Y,
        "names": ["thousand words", "minutes"],
        "extent": (-2, 12, -8, 12),
        "batch": 2,
        "alt": "A valley.",
        "name": "fig-descent",
        "caption": "C",
    }
    return Descent(**{**given, **changes})


def test_the_still_picture_steps_down_to_the_line_that_fits_best():
    path = descent(rate=0.1).descend(400)
    assert path[0].tolist() == [0, 0]
    np.testing.assert_allclose(path[-1], np.polyfit(X, Y, 1), atol=1e-3)
    assert descent().still().startswith(b"\x89PNG")


def test_a_step_goes_against_the_slope_by_the_learning_rate():
    start, first = descent(rate=0.03, start=(1, 2)).descend(1)
    error = np.array(X) * 1 + 2 - Y
    slopes = np.array([2 * (error * X).mean(), 2 * error.mean()])
    np.testing.assert_allclose(start - first, 0.03 * slopes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": [1.0, 1.0], "y": [2.0, 3.0], "batch": 1}, "give two or more points"),
        ({"x": X[:3]}, r"x has the shape \(3,\), y \(4,\)"),
        ({"y": [1, 2, 3, np.nan]}, "a point is not finite"),
        ({"rate": 0.07}, f"rate=0.07: choose one of {RATES}".replace("[", r"\[")),
        ({"method": "Newton"}, "method='Newton': choose one of"),
        ({"start": (20, 0)}, r"start=\(20, 0\) lies outside"),
        ({"batch": 5}, "batch=5 of 4 points: choose 1 to 4"),
    ],
)
def test_what_cannot_be_shown_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        descent(**changes)
