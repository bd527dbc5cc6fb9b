"""A release says which lines of the tests cannot be graded and how to write them."""

import pytest

from qkv.errors import QkvError
from qkv.grade.course import Course
from qkv.grade.example import ASSIGNMENT, make_course
from qkv.grade.release import release

START = "x = torch.tensor([[0.0, 1.0]"
HIDDEN = "x = 30 * torch.randn(3, 4, 5)"
LATER = "q, k = torch.eye(4), 2 * torch.eye(4)"


def refused(folder, engine, *changes):
    """Return what a release says when texts of the tests are changed."""
    folder = make_course(folder)
    path = folder / "solutions" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    for at, more in changes:
        text = path.read_text()
        assert at in text
        path.write_text(text.replace(at, (more + "\n").replace("\n", "\\n") + at, 1))
    with pytest.raises(QkvError) as raised:
        release(Course.at(folder), ASSIGNMENT, engine)
    return str(raised.value)


def test_a_release_names_the_line_and_what_to_write(tmp_path, engine):
    form = "y = torch.ones(2, requires_grad=True)\nsoftmax(y).sum().backward()"
    said = refused(tmp_path / "course", engine, (START, form))
    assert "- test_softmax, line 2 (softmax(y).sum().backward()): " in said
    assert "it has to say `probe.gradient(f, x)`" in said


def test_a_release_names_all_lines_of_all_tests_and_hidden_ones(tmp_path, engine):
    said = refused(
        tmp_path / "course",
        engine,
        (START, "for n in [1, 2]:\n    len(softmax)\nlost = softmax + 1\nlost.sum()\nsoftmax[0]"),
        (HIDDEN, "assert softmax == 3"),
        (LATER, "assert 1 == 2"),
    )
    lines = said.splitlines()
    assert len(lines) == 6
    assert "so nothing was handed out" in lines[0]
    assert lines[1].startswith("- test_softmax, line 2 (len(softmax)): NotAValue: ")
    assert "probe.call(obj, '__len__')" in lines[1]
    assert lines[2].startswith("- test_softmax, line 3 (lost = softmax + 1): ")
    assert lines[3].startswith("- test_softmax, line 5 (softmax[0]): ")
    assert "(assert softmax == 3): NotAValue" in lines[4]
    assert lines[5] == "- test_scores, line 1 (assert 1 == 2): AssertionError: "


def test_a_form_that_fails_silently_is_named_with_what_to_write(tmp_path, engine):
    form = (
        "import contextlib, io\nheard = io.StringIO()\nwith contextlib.redirect_stdout(heard):\n"
        "    softmax(torch.ones(2))\nassert heard.getvalue()"
    )
    said = refused(tmp_path / "course", engine, (START, form))
    assert "line 5 (assert heard.getvalue()): AssertionError" in said
    assert "line 3 (with contextlib.redirect_stdout(heard):): what is printed is seen by " in said


def test_an_error_of_the_solution_is_named_once(tmp_path, engine):
    said = refused(tmp_path / "course", engine, (START, "scores(1, 2)\nsoftmax(exit)"))
    assert said.count("- test_softmax, line 1 (scores(1, 2)): ") == 1


def test_a_test_whose_last_number_gives_the_solution_less_than_all_is_named(tmp_path, engine):
    folder = make_course(tmp_path / "course")
    path = folder / "solutions" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    end = '### END HIDDEN TESTS"'
    assert end in path.read_text()
    path.write_text(path.read_text().replace(end, '### END HIDDEN TESTS\\n",\n"0.5"', 1))
    with pytest.raises(QkvError) as raised:
        release(Course.at(folder), ASSIGNMENT, engine)
    assert "(0.5): the number that it gives counts as points" in str(raised.value)
    assert "gives the solution 0.5 of 2" in str(raised.value)
