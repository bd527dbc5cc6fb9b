"""The small network that learns in the page, in Python."""

import pytest

from qkv.figures.bends import COUNTS, Bends

POINTS = [(-1.5, 0.5), (-0.5, -0.5), (0.5, -0.5), (1.5, 0.5)]


def bends(**changes):
    given = {"points": POINTS, "held_out": [(-1, 0), (1, 0)], "units": 4, "alt": "A network."}
    return Bends(**{**given, "name": "fig-bends", "caption": "C", **changes})


def test_points_are_kept_as_plain_numbers_and_there_is_a_still_picture():
    figure = bends(points=[(1 / 3, -1), (0, 2)])
    assert figure.points == [[0.33, -1.0], [0.0, 2.0]]
    assert figure.still().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points": [(0, 0)]}, r"points has the shape \(1, 2\): give two or more"),
        ({"held_out": [1, 2, 3]}, r"held_out has the shape \(3,\)"),
        ({"points": [(0, 0), (2.5, 0)]}, "a point of points lies outside of −2 to 2"),
        ({"held_out": [(0, 0), (0, float("nan"))]}, "a point of held_out lies outside"),
        ({"units": 5}, f"units=5: choose one of {COUNTS}".replace("[", r"\[")),
    ],
)
def test_what_cannot_be_shown_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        bends(**changes)
