"""One notebook, tried with what will grade it."""

import nbformat
import pytest
from click.testing import CliRunner

from qkv.cli import main
from qkv.errors import QkvError
from qkv.grade import example
from qkv.grade.example import ASSIGNMENT as NAME
from qkv.grade.trial import try_notebook


@pytest.fixture
def mine(course, tmp_path):
    """A function that writes a student's notebook into a folder of their own."""

    def write(**answers):
        released = nbformat.read(course.released / NAME / f"{NAME}.ipynb", as_version=4)
        path = tmp_path / "mine" / f"{NAME}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(example.answer(released, {**example.right_answers(), **answers}))
        return path

    return write


def test_right_work_gets_the_points_that_grading_will_give(mine, engine, course):
    alone, with_course = try_notebook(mine(), engine), try_notebook(mine(), engine, course)
    for trial in (alone, with_course):
        assert [points for _, points, _, _ in trial.tests] == [2.0] * 5
        assert trial.notes == []


def test_what_only_a_hidden_test_finds_needs_the_course(mine, engine, course):
    name, wrong = next(iter(example.WRONG.items()))
    path = mine(**{name: wrong})
    with_course = {test: points for test, points, _, _ in try_notebook(path, engine, course).tests}
    assert with_course[f"test_{name}"] < 2


def test_a_module_beside_the_notebook_is_there(mine, engine):
    path = mine(mask="from helper import causal_mask")
    right = example.right_answers()["mask"]
    path.with_name("helper.py").write_text(f"import torch\nimport numpy as np\n{right}\n")
    trial = {name: points for name, points, _, _ in try_notebook(path, engine).tests}
    assert trial["test_mask"] == 2.0


def test_what_keeps_right_work_from_being_graded_is_said_before_it_is_handed_in(mine, engine):
    waiting = "from threading import *\nThread(target=Event().wait, daemon=True).start()\n"
    path = mine(mask=waiting + example.right_answers()["mask"])
    assert any("threads do not live on" in note for note in try_notebook(path, engine).notes)


def test_the_command_says_points_and_what_the_tests_say(mine):
    result = CliRunner().invoke(main, ["grade", "try", str(mine(mask="def mask(*a): return 0"))])
    assert result.exit_code == 1
    assert "test_mask" in result.output
    assert "0 of 2" in result.output
    assert CliRunner().invoke(main, ["grade", "try", str(mine())]).exit_code == 0


def test_a_file_that_is_no_notebook_of_an_assignment_is_answered_with_a_sentence(tmp_path, engine):
    path = tmp_path / "notes.ipynb"
    with pytest.raises(QkvError, match="there is no notebook"):
        try_notebook(path, engine)
    path.write_text("{")
    with pytest.raises(QkvError, match="not a notebook"):
        try_notebook(path, engine)
    path.write_text(nbformat.writes(nbformat.v4.new_notebook()))
    with pytest.raises(QkvError, match="has no tests"):
        try_notebook(path, engine)


def test_a_cell_that_did_not_end_is_named_with_the_reason(mine, engine):
    right = example.right_answers()["mask"]
    stopped, broken = (
        try_notebook(mine(mask=f"{right}\n{end}"), engine).notes
        for end in ("import os\nos._exit(0)", "1 / 0")
    )
    assert ["`def causal_mask(time):` did not end: Stopped:" in note for note in stopped] == [True]
    assert ["did not end: ZeroDivisionError:" in note for note in broken] == [True]


@pytest.mark.parametrize("command", ["try", "release"])
def test_a_sandbox_that_does_not_start_is_told_in_a_sentence(mine, course, monkeypatch, command):
    monkeypatch.setattr("qkv.grade.engine.worker.START_SECONDS", 0)
    what = [str(mine())] if command == "try" else [NAME, "--course", str(course.root)]
    result = CliRunner().invoke(main, ["grade", command, *what])
    assert result.exit_code == 1
    assert "does not answer in 0 seconds" in result.output
    assert "says nothing about the notebook" in result.output
    assert not isinstance(result.exception, RuntimeError)
