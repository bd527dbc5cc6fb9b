"""A release says which line of a test cannot be graded and how to write it."""

import pytest

from qkv.grade.course import Course
from qkv.grade.example import ASSIGNMENT, make_course
from qkv.grade.release import release


def test_a_release_names_the_line_and_what_to_write(tmp_path, engine):
    folder = make_course(tmp_path / "course")
    path = folder / "solutions" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    form = "y = torch.ones(2, requires_grad=True)\\nsoftmax(y).sum().backward()\\n"
    start = "x = torch.tensor([[0.0, 1.0]"
    assert start in path.read_text()
    path.write_text(path.read_text().replace(start, form + start, 1))
    with pytest.raises(ValueError, match="backward") as raised:
        release(Course.at(folder), ASSIGNMENT, engine)
    said = str(raised.value)
    assert "test_softmax, line 2 (softmax(y).sum().backward())" in said
    assert "it has to say `probe.gradient(f, x)`" in said
