"""What a test can be told to write instead of a form that sees nothing of the sandbox."""

import pytest

from qkv.grade import forms
from qkv.grade.forms import instead

THEIRS = {"f", "Net", "TooLong"}
CASES = {
    "with contextlib.redirect_stdout(io.StringIO()) as out:\n    f()": [(1, forms.PRINTED)],
    "x = 1\nsys.stdout = io.StringIO()": [(2, forms.PRINTED)],
    "with warnings.catch_warnings(record=True) as w: f()": [(1, forms.WARNED)],
    "with pytest.warns(UserWarning): f()": [(1, forms.WARNED)],
    "with mock.patch('builtins.input', return_value='3'): f()": [(1, forms.MOCKED)],
    "with mock.patch.object(Net, 'forward'): f()": [(1, forms.MOCKED)],
    "assert type(f()).__name__ == 'Net'": [(1, forms.TYPE)],
    "assert model.a is model.b": [(1, forms.SAME)],
    "assert isinstance(Net(), torch.nn.Module)": [(1, forms.CLASS)],
    "assert issubclass(Net, torch.nn.Module)": [(1, forms.CLASS)],
    "f()\nassert open('out.txt').read()": [(2, forms.FILES)],
    "assert f(1) is None and f(2) is not True": [],
    "assert isinstance(f(), Net)": [],
    "assert f(x) == 2\nprint(f(x))": [],
    "with pytest.raises(ValueError): f()": [],
}


@pytest.mark.parametrize("source", CASES)
def test_a_form_is_found_in_its_line(source):
    assert instead(source, THEIRS) == CASES[source]


def test_a_change_in_place_is_written_with_the_names_at_hand():
    ((line, said),) = instead("x = [3, 1]\nf(x, 2)\nassert x == [1, 3]", THEIRS)
    assert line == 2
    assert said.startswith("what becomes of x is seen by `_, args = probe.in_place(f, x, 2)`")


@pytest.mark.parametrize(
    "source",
    ["with pytest.raises(TooLong):\n    f()", "try:\n    f()\nexcept (KeyError, TooLong):\n    x"],
)
def test_an_exception_of_the_submission_is_named(source):
    ((_, said),) = instead(source, THEIRS)
    assert said.startswith("TooLong arrives as the built-in exception that it extends")


def test_a_cell_that_is_no_python_has_no_forms():
    assert instead("x = = 3", THEIRS) == []
