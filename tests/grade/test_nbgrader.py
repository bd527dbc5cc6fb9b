"""A course graded with nbgrader's own commands: each submission by its own result."""

import nbformat
import pytest
from nbgrader.apps import NbGraderAPI
from nbgrader.preprocessors import SaveAutoGrades

from qkv.grade import example
from qkv.grade.example import ASSIGNMENT as NAME
from qkv.grade.nbgrader import configure
from qkv.notebook.files import write


@pytest.fixture
def api(course, monkeypatch):
    """nbgrader's own interface, which its screens use, for the example course."""
    monkeypatch.chdir(course.root)
    config = course.config()
    configure(config)
    return NbGraderAPI(config=config)


def hand_in(course, student, **changes):
    released = nbformat.read(course.released / NAME / f"{NAME}.ipynb", as_version=4)
    answers = {**example.right_answers(), **changes}
    target = course.submitted / student / NAME / f"{NAME}.ipynb"
    write(target, example.answer(released, answers))


def points(api, student):
    return api.get_submission(NAME, student)["score"]


def test_a_submission_after_one_that_failed_is_graded_by_its_own_result(api, course, monkeypatch):
    """A preprocessor that fails half-way leaves nothing behind for the next conversion."""
    hand_in(course, "ada")

    def fail(self, nb, resources):
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(SaveAutoGrades, "preprocess", fail)
        assert not api.autograde(NAME, "ada")["success"]
    wrong = dict.fromkeys(example.right_answers(), "pass")
    hand_in(course, "ada", **wrong)
    assert api.autograde(NAME, "ada", force=True)["success"]
    assert points(api, "ada") < 5
    hand_in(course, "ada")
    assert api.autograde(NAME, "ada", force=True)["success"]
    assert points(api, "ada") >= 9
