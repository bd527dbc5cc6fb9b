"""The check that exercises share tells a student what is wrong."""

import numpy as np
import pytest
import torch

from qkv.grade.checks import check

WANT = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (WANT + 1e-6, WANT),
        (WANT.astype(np.float32), WANT),
        (torch.ones(2, requires_grad=True), torch.ones(2)),
        (torch.tensor(3.0), torch.tensor(3.0)),
        (("a", [1]), ("a", [1])),
        (0.1 + 0.2, 0.3),
        ([0.1 + 0.2, {"a": (1, 2.00001)}], [0.3, {"a": (1, 2.0)}]),
        (float("nan"), float("nan")),
        ((1, torch.tensor(2.00001)), (1, torch.tensor(2.0))),
        (np.array([np.inf, np.nan]), np.array([np.inf, np.nan])),
        (None, None),
    ],
)
def test_a_right_result_passes(got, want):
    check("f()", got, want, {"wrong": "something else"})


@pytest.mark.parametrize(
    ("got", "says"),
    [
        (None, "f() gives None: does your function end with `return`?"),
        (WANT.tolist(), "f() is of type list, expected ndarray"),
        (torch.tensor(WANT), "f() is of type Tensor, expected ndarray"),
        (WANT[:2], "f() has shape (2, 2), expected (3, 2)"),
        (WANT.astype(int), "f() has numbers of type int64, expected float64"),
        (WANT + np.eye(3, 2) / 2, "f() is 0.5 at position (0, 0), expected 0.0"),
        (WANT * np.nan, "f() is nan at position (0, 0), expected 0.0"),
        (WANT.T, "f(): rows and columns are swapped"),
    ],
)
def test_a_wrong_array_is_told_what_is_wrong(got, says):
    with pytest.raises(AssertionError) as raised:
        check("f()", got, WANT, {"rows and columns are swapped": WANT.T})
    assert str(raised.value) == says


def test_a_wrong_single_number_is_named_with_the_right_one():
    with pytest.raises(AssertionError, match=r"^loss is 1\.5, expected 2\.0$"):
        check("loss", torch.tensor(1.5), torch.tensor(2.0))


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (0.31, 0.3),
        (1, 1.0),
        ([0.3], [0.3, 0.3]),
        ([0.3, 0.3], [0.3]),
        ({"a": 0.31}, {"a": 0.3}),
        ({"b": 0.3}, {"a": 0.3}),
        ([100001], [100000]),
    ],
)
def test_a_plain_value_that_is_not_near_enough_is_wrong(got, want):
    with pytest.raises(AssertionError, match="expected"):
        check("f()", got, want)


def test_large_whole_numbers_must_be_equal_exactly():
    with pytest.raises(AssertionError, match="is 100001 at position \\(0,\\), expected 100000"):
        check("ids", np.array([100001]), np.array([100000]))


def test_a_wrong_plain_value_is_shown_beside_the_right_one():
    with pytest.raises(AssertionError, match=r"^f\(\) is \['a'\], expected \('a',\)$"):
        check("f()", ["a"], ("a",))
    with pytest.raises(AssertionError, match="is True, expected 1"):
        check("f()", True, 1)


def test_a_mistake_is_recognised_within_the_tolerance():
    with pytest.raises(AssertionError, match="forgot the root"):
        check(
            "f()", torch.tensor(4.00001), torch.tensor(2.0), {"forgot the root": torch.tensor(4.0)}
        )
