"""Nothing that is empty passes for an answer, and a right answer that is empty loses nothing."""

import pytest
from tests.grade.conftest import said

WANTED = {
    "np": "x = np.ones((4, 5))\nwant = 2 * x",
    "torch": "x = torch.ones(4, 5)\nwant = 2 * x",
}
EMPTY = {
    "np": "import numpy as np\ndef f(x): return np.zeros((0, *x.shape))",
    "torch": "import torch\ndef f(x): return torch.zeros(0, *x.shape)",
}
FORMS = {
    "np": [
        "(f(x) == want).all()",
        "(want == f(x)).all()",
        "not (f(x) != want).any()",
        "np.linalg.norm(f(x) - want) < 1e-6",
        "np.abs(want - f(x)).sum() < 1e-6",
        "((2 * f(x) / 2 - want) ** 2).sum() < 1e-6",
        "np.all(np.abs(f(x)[:] - want) < 1e-6)",
        "np.all(f(x) == 2.0)",
        "np.allclose(f(x), want)",
        "np.isclose(f(x), want).all()",
        "sum(abs(f(x).T.T - want).ravel()) < 1",
    ],
    "torch": [
        "(f(x) == want).all()",
        "torch.all(want == f(x))",
        "not (f(x) != want).any()",
        "(f(x) - want).norm() < 1e-6",
        "(want - f(x)).abs().sum() < 1e-6",
        "torch.nn.functional.mse_loss(f(x), want, reduction='sum') < 1e-6",
        "torch.dist(f(x), want) < 1e-6",
        "(f(x).clone() - want).square().sum() < 1e-6",
        "(f(x) == 2.0).all()",
        "f(x).isclose(want).all()",
        "torch.allclose(f(x), want)",
    ],
}  # fmt: skip
# What a test asks of a function that rightly gives nothing.
HONEST = {
    "np": (
        "import numpy as np\ndef f(x, least): return x[x > least]",
        "x = np.ones((4, 5))\ngot = f(x, 3)\nassert got.shape == (0,) and got.size == 0\n"
        "assert np.array_equal(got, np.zeros(0)) and np.allclose(got, x[x > 3])\n"
        "assert (got > 3).all() and got.sum() == 0 and list(got) == []\n"
        "assert np.concatenate([got, [1.0]]).tolist() == [1.0] and (got * 2).size == 0\n"
        "assert f(got, 1).size == 0 and (got == f(got, 1)).all() and (got.reshape(0, 3) @ "
        "np.ones((3, 2))).shape == (0, 2)",
    ),
    "torch": (
        "import torch\ndef f(x, least): return x[x > least]",
        "x = torch.ones(4, 5)\ngot = f(x, 3)\nassert got.shape == (0,) and got.numel() == 0\n"
        "assert torch.equal(got, torch.zeros(0)) and torch.allclose(got, x[x > 3])\n"
        "assert (got > 3).all() and got.sum() == 0 and got.tolist() == []\n"
        "assert isinstance(got, torch.Tensor)\n"
        "assert torch.cat([got, torch.ones(1)]).tolist() == [1.0]\n"
        "assert f(got, 1).numel() == 0 and (got == f(got, 1)).all() and (got * 2).numel() == 0\n"
        "torch.testing.assert_close(got, torch.zeros(0))",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", FORMS)
def test_no_form_passes_with_an_empty_answer(judge, kind):
    tests = [f"{WANTED[kind]}\nassert {form}" for form in FORMS[kind]]
    results = judge(EMPTY[kind], *tests)
    passed = [form for form, r in zip(FORMS[kind], results, strict=True) if r["ok"] is not False]
    assert passed == []


@pytest.mark.parametrize("kind", FORMS)
def test_every_form_passes_with_the_right_answer(judge, kind):
    tests = [f"{WANTED[kind]}\nassert {form}" for form in FORMS[kind]]
    results = judge("def f(x): return 2 * x", *tests)
    assert [said(r) for r in results if not r["ok"]] == []


@pytest.mark.parametrize("kind", HONEST)
def test_a_right_answer_may_be_empty(judge, kind):
    result = judge(*HONEST[kind])
    assert (result["ok"], said(result)) == (True, "")


def test_an_empty_array_is_close_to_nothing_but_an_empty_array(judge):
    code = "def f(x):\n    return x[:0]"
    numpy, testing, each, torch, empty = judge(
        code,
        "assert np.allclose(f(np.ones(3)), np.ones(1))",
        "np.testing.assert_allclose(actual=f(np.ones(3)), desired=1.0)",
        "assert np.isclose(f(np.ones(3)), 1).all() and (np.isclose(1, f(np.ones(3)))).all()",
        "assert torch.allclose(f(torch.ones(3)), torch.ones(1))",
        "assert np.allclose(f(np.ones(3)), np.ones(0))",
    )
    assert not numpy["ok"]
    assert not testing["ok"]
    assert not each["ok"]
    assert not torch["ok"]
    assert empty["ok"]
