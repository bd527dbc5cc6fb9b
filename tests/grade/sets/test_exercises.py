"""Exercises are made from solutions, and every set proves that it teaches."""

import json

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator
from tiny_set import CHECK, cells, make_book, make_cell, write_set

from qkv.grade.sets.exercises import (
    STUB_SAYS,
    exercise_sets,
    read_master,
    release,
    tasks_of,
    write_exercises,
)
from qkv.grade.sets.prove import prove

SETS = exercise_sets()
each_set = pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)


# --- the sets of this book


def test_there_is_a_set():
    assert SETS


@each_set
def test_every_stub_solution_and_misconception_of_a_set_does_what_it_should(folder):
    assert prove(folder) == []


@each_set
def test_a_set_has_four_to_six_tasks_and_ten_to_twenty_points(folder):
    cells = [cell.metadata.get("nbgrader", {}) for cell in read_master(folder).cells]
    graded = [meta["points"] for meta in cells if meta.get("grade") or meta.get("task")]
    manual = [meta for meta in cells if meta.get("grade") and meta.get("solution")]
    assert 4 <= len(tasks_of(read_master(folder))) + len(manual) <= 6
    assert 10 <= sum(graded) <= 20


@each_set
def test_nbgrader_accepts_what_students_get(folder):
    notebook = release(folder)
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)
    for cell in notebook.cells:
        assert "checksum" in cell.metadata.get("nbgrader", {"checksum": "not nbgrader's"})


@each_set
def test_students_get_no_line_of_a_solution_or_hidden_test(folder):
    released = {cell.id: cell.source for cell in release(folder).cells}
    regions = 0
    for cell in read_master(folder).cells:
        secret, public, inside = [], [], False
        for line in cell.source.splitlines():
            if line.strip().startswith(("### BEGIN", "### END")):
                inside = "BEGIN" in line
                regions += inside
            else:
                (secret if inside else public).append(line)
        lines = released[cell.id].splitlines()
        assert not set(lines) & (set(secret) - set(public) - {""})
        assert set(public) - {""} <= set(lines)
    assert regions > 2 * len(tasks_of(read_master(folder))) - 1
    for word in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "MARK SCHEME"):
        assert word not in json.dumps(released)


def test_the_committed_exercises_agree_with_the_solutions(capsys):
    assert write_exercises(check=True) == 0, capsys.readouterr().out


# --- making the students' version of a small set


@pytest.fixture
def book(tmp_path, monkeypatch):
    """Return a book with one small set, and make it the current one."""
    monkeypatch.chdir(tmp_path)
    return make_book(tmp_path)


def made(book):
    return book / "exercises/01_double/01_double.ipynb"


def files(book):
    return sorted(p.relative_to(book).as_posix() for p in book.glob("exercises/**/*"))


def test_students_get_stubs_locked_checks_and_no_outputs(book):
    its = cells()
    its[3].outputs = [nbformat.v4.new_output("stream", text="Checking\n")]
    its[3].execution_count = 4
    write_set(book, "01_double", its)
    assert write_exercises() == 0
    _, setup, double, test, why = nbformat.read(made(book), 4).cells
    assert double.source == (
        f'def double(x):\n    # YOUR CODE HERE\n    raise NotImplementedError("{STUB_SAYS}")'
    )
    assert test.source == CHECK[: CHECK.index("\n\n### BEGIN")]
    assert (test.outputs, test.execution_count) == ([], None)
    assert why.source == "YOUR ANSWER HERE"
    for locked in (setup, test):
        assert locked.metadata.editable is locked.metadata.deletable is False
    assert double.metadata.deletable is False
    assert "editable" not in double.metadata


def test_where_and_when_the_solutions_ran_changes_no_byte(book):
    write_exercises()
    before = made(book).read_bytes()
    its = cells()
    its[1].metadata["execution"] = {"iopub.execute_input": "2024-01-01T00:00:00Z"}
    its[1].execution_count = 7
    write_set(
        book, "01_double", its, language_info={"name": "python", "version": "3.99"}, widgets={}
    )
    write_exercises()
    assert made(book).read_bytes() == before


def test_a_picture_in_a_model_answer_stays_with_the_teacher(book):
    its = cells()
    its[4]["attachments"] = {"plot.png": {"image/png": "c2VjcmV0"}}
    write_set(book, "01_double", its)
    write_exercises()
    assert "c2VjcmV0" not in made(book).read_text()


def test_check_names_what_is_missing_different_and_left_over_and_writes_nothing(book, capsys):
    write_exercises()
    write_set(book, "02_new", cells())
    made(book).write_text(made(book).read_text().replace("Checking", "Cheating"))
    (book / "exercises/03_old").mkdir()
    (book / "exercises/03_old/03_old.ipynb").write_text("{}")
    before = files(book)
    capsys.readouterr()
    assert write_exercises(check=True) == 3
    assert capsys.readouterr().out.splitlines() == [
        "exercises/01_double/01_double.ipynb differs from its solution",
        "exercises/02_new/02_new.ipynb is missing",
        "exercises/03_old/03_old.ipynb has no solution any more",
        "run `qkv exercises` and commit what it writes",
    ]
    assert files(book) == before
    assert "Cheating" in made(book).read_text()


def test_writing_mends_every_difference(book):
    write_set(book, "02_new", cells())
    for name in ("01_double", "03_old"):
        (book / "exercises" / name).mkdir(parents=True)
        (book / f"exercises/{name}/{name}.ipynb").write_text("{}")
    assert write_exercises() == 0
    assert files(book) == [
        "exercises/01_double",
        "exercises/01_double/01_double.ipynb",
        "exercises/02_new",
        "exercises/02_new/02_new.ipynb",
    ]
    assert write_exercises(check=True) == 0


def test_a_readers_own_notebook_among_the_exercises_is_left_alone(book):
    write_exercises()
    mine = made(book).with_name("my_attempt.ipynb")
    mine.write_text("{}")
    assert write_exercises(check=True) == 0
    write_exercises()
    assert mine.exists()


def with_source(number, source):
    def change(its):
        its[number].source = source

    return change


def with_metadata(number, **changes):
    def change(its):
        its[number].metadata.nbgrader.update(changes)

    return change


def without(number):
    return lambda its: its.pop(number)


def without_points(its):
    del its[3].metadata.nbgrader["points"]


HERE = "solutions/02_broken/02_broken.ipynb"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            with_source(2, "### BEGIN SOLUTION\nx = 1"),
            f"{HERE}, cell 3 (double): BEGIN SOLUTION without END SOLUTION",
        ),
        (
            with_source(2, "x = 1\n### END SOLUTION"),
            f"{HERE}, cell 3 (double): END SOLUTION without BEGIN SOLUTION",
        ),
        (
            with_source(2, "### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION"),
            f"{HERE}, cell 3 (double): BEGIN SOLUTION before END SOLUTION",
        ),
        (
            with_source(3, "### BEGIN SOLUTION\n### END SOLUTION"),
            f"{HERE}, cell 4 (test_double): BEGIN SOLUTION belongs in a solution cell",
        ),
        (
            with_source(2, "### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS"),
            f"{HERE}, cell 3 (double): BEGIN HIDDEN TESTS belongs in an autograded test cell",
        ),
        (
            with_source(0, "=== BEGIN MARK SCHEME ==="),
            f"{HERE}, cell 1: BEGIN MARK SCHEME belongs in a manually graded task cell",
        ),
        (
            with_source(3, "# begin hidden test\nassert double(5) == 10"),
            f"{HERE}, cell 4 (test_double): '# begin hidden test' is no marker; nbgrader knows",
        ),
        (without_points, f"{HERE}, cell 4 (test_double): nbgrader's metadata are wrong: "),
        (with_metadata(3, points=0), f"{HERE}, cell 4 (test_double): a graded cell without points"),
        (
            with_metadata(3, points="two"),
            f"{HERE}, cell 4 (test_double): nbgrader's metadata are wrong: 'two' is not of type",
        ),
        (
            with_metadata(3, schema_version=2),
            f"{HERE}, cell 4 (test_double): nbgrader's metadata are wrong: Outdated schema",
        ),
        (
            with_metadata(3, grade_id="double"),
            f"{HERE}, cell 4 (double): cell 3 has the grade id 'double' too",
        ),
        (without(4), f"{HERE} has no task that is graded by hand"),
        (without(3), f"{HERE}: no autograded test cell follows the solution cell double"),
        (without(2), f"{HERE}: the test cell test_double follows no solution cell"),
        (
            lambda its: its.insert(3, its.pop()),
            f"{HERE}: the test cell test_double follows no solution cell",
        ),
        (
            lambda its: its.__delitem__(slice(2, 4)),
            f"{HERE} has no task that is graded by tests",
        ),
        (
            with_source(2, "def f():\n### BEGIN SOLUTION\n    return 1\n### END SOLUTION"),
            f"{HERE}, cell 3 (double) is not Python once its regions are taken out: expected an",
        ),
    ],
)
def test_a_broken_solution_is_named_and_nothing_is_written(book, change, says):
    its = cells()
    change(its)
    write_set(book, "02_broken", its)
    with pytest.raises(ValueError, match="02_broken") as raised:
        write_exercises()
    assert str(raised.value).startswith(says)
    assert files(book) == []


def test_a_marking_scheme_in_a_task_cell_is_taken_out(book):
    its = cells()
    its[4] = make_cell(
        "task", "Draw it.\n=== BEGIN MARK SCHEME ===\n1 point\n=== END MARK SCHEME ===", "draw"
    )
    write_set(book, "01_double", its)
    write_exercises()
    assert nbformat.read(made(book), 4).cells[4].source == "Draw it."


def test_a_set_without_its_notebook_is_named(book):
    (book / "solutions/02_empty").mkdir()
    with pytest.raises(ValueError, match=r"^solutions/02_empty/02_empty\.ipynb does not exist"):
        write_exercises()


NO_OUTPUTS = '{"id": "a", "cell_type": "code", "metadata": {}, "source": ""}'


@pytest.mark.parametrize(
    "text",
    [
        "<html>",
        f'{{"nbformat": 4, "nbformat_minor": 5, "metadata": {{}}, "cells": [{NO_OUTPUTS}]}}',
    ],
)
def test_a_file_that_is_no_notebook_is_named(book, text):
    (book / "solutions/01_double/01_double.ipynb").write_text(text)
    with pytest.raises(ValueError, match=r"^solutions/01_double/01_double\.ipynb is not a noteb"):
        write_exercises()
