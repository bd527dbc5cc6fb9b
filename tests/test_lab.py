"""Predict first: what a lab keeps of a student's predictions."""

import pytest

from qkv.errors import QkvError
from qkv.lab import Predictions


def test_a_prediction_is_shown_beside_the_answer():
    mine = Predictions()
    mine.predict("low", 0.5, between=(0, 1))
    mine.predict("high", 3)
    mine.predict("word", "up", among=("up", "down"))
    assert mine.reveal("low", 0.75) == "you said 0.5, it is 0.75: 0.25 too low"
    assert mine.reveal("high", 1.0) == "you said 3, it is 1: 2 too high"
    assert mine.reveal("high", 3) == "you said 3, it is 3: exactly right"
    assert mine.reveal("word", "up") == "you said up, it is up: right"
    assert mine.reveal("word", "down") == "you said up, it is down"


def test_the_first_prediction_stays():
    mine = Predictions()
    assert mine.predict("share", 0.5) == "kept: 0.5"
    assert mine.predict("share", 0.9) == "your first prediction stays: 0.5"
    assert mine.predict("share", 0.5) == "kept: 0.5"
    assert mine.reveal("share", 0.9).startswith("you said 0.5")


def test_nothing_is_revealed_to_those_who_did_not_predict():
    with pytest.raises(QkvError, match="predict first: nothing is kept for 'share'"):
        Predictions().reveal("share", 1)


@pytest.mark.parametrize(
    ("value", "limits", "said"),
    [
        (None, {}, "None is no prediction: write a number"),
        (True, {}, "True is no prediction"),
        ("0.5", {}, "'0.5' is no prediction"),
        (float("nan"), {"between": (0, 1)}, "nan cannot be: write a number from 0 to 1"),
        (1.5, {"between": (0, 1)}, "1.5 cannot be"),
        ("left", {"among": ("up", "down")}, "'left' is no prediction: write one of up, down"),
        (["up"], {"among": ("up", "down")}, "is no prediction"),
    ],
)
def test_what_is_no_prediction_is_told_and_not_kept(value, limits, said):
    mine = Predictions()
    with pytest.raises(QkvError, match=said.replace("[", r"\[")):
        mine.predict("share", value, **limits)
    assert mine.said == {}
