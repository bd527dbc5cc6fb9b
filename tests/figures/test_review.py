"""The judge of reviews in Python: what its figure stores and what it refuses."""

import base64
import json

import numpy as np
import pytest
import torch

from qkv.chapters.working_with_language import ANSWERS, PAD, QUESTIONS, UNK, Vocabulary, judge
from qkv.figure import FIGURE_MIME
from qkv.figures.review import ReviewJudge

WORDS = "the battery camera is good bad not , . but".split()  # noqa: SIM905


def tiny(kind="transformer, attention"):
    """Return an untrained judge of a few words, and its vocabulary."""
    torch.manual_seed(0)
    vocabulary = Vocabulary(WORDS, specials=(PAD, UNK))
    return judge(kind, len(vocabulary)).eval(), vocabulary


def figure(**changes):
    """Return the figure of a tiny judge."""
    model, vocabulary = tiny()
    given = {
        "model": model,
        "vocabulary": vocabulary,
        "questions": QUESTIONS,
        "answers": ANSWERS,
        "examples": ["the camera is good , but the battery is bad", "not bad ."],
    }
    return ReviewJudge(**{**given, "alt": "A review.", "name": "fig-review", **changes})


def test_the_state_holds_every_weight_as_a_16_bit_number():
    state = figure().figure_state()
    model, vocabulary = tiny()
    numbers = np.frombuffer(base64.b64decode(state["weights"]), "<f2")
    there = torch.cat([p.flatten() for p in model.state_dict().values()])
    np.testing.assert_array_equal(numbers, there.half().numpy())
    assert [name for name, _ in state["shapes"]] == list(model.state_dict())
    assert state["tokens"] == vocabulary.tokens
    assert json.loads(json.dumps(state)) == state


def test_a_model_of_the_book_s_size_stays_far_below_a_megabyte():
    vocabulary = Vocabulary([f"w{i}" for i in range(328)], specials=(PAD, UNK))
    shown = figure(
        model=judge("transformer, attention", 330), vocabulary=vocabulary, examples=["w1 w2"]
    )
    assert 60_000 < len(json.dumps(shown.figure_state())) < 200_000


def test_the_still_picture_shows_the_judge_s_own_probabilities():
    shown, (model, vocabulary) = figure(), tiny()
    ids = torch.tensor([vocabulary.encode(shown.text.split())])
    with torch.no_grad():
        expected = model(ids, torch.ones_like(ids, dtype=torch.bool))[0].softmax(-1)
    assert torch.allclose(torch.tensor(shown._chances), expected)
    assert shown._repr_mimebundle_()[0][FIGURE_MIME]["still"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": tiny("LSTM, attention")[0]}, "no judge with a rotary encoder"),
        ({"vocabulary": Vocabulary(["a"])}, "vocabulary has 2 words"),
        ({"questions": ["price"]}, "1 questions and 3 answers"),
        ({"examples": []}, "examples is empty"),
        ({"question": "smell"}, "'smell' is no question"),
    ],
)
def test_what_the_figure_cannot_show_is_said(changes, message):
    with pytest.raises(ValueError, match=message):
        figure(**changes)
