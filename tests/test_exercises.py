"""Exercises are made from solutions, and every set proves that it teaches."""

import json

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator

from qkv.grade.exercises import (
    STUB_SAYS,
    exercise_sets,
    read_master,
    release,
    tasks_of,
    write_exercises,
)
from qkv.grade.prove import load_misconceptions, prove

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


# --- a small set, to break


def cell(kind, source, grade_id=None, **changes):
    """Return a cell; `kind` says what nbgrader makes of it."""
    text = kind in ("manual", "task", "text")
    new = nbformat.v4.new_markdown_cell if text else nbformat.v4.new_code_cell
    made = new(source, id=(grade_id or "plain").replace("_", "-"))
    if grade_id:
        made.metadata["nbgrader"] = {
            "grade": kind in ("test", "manual"),
            "solution": kind in ("solution", "manual"),
            "task": kind == "task",
            "locked": kind in ("test", "locked"),
            "grade_id": grade_id,
            "schema_version": 3,
        }
        if kind in ("test", "manual", "task"):
            made.metadata["nbgrader"]["points"] = 5
    made.metadata.get("nbgrader", {}).update(changes)
    return made


DOUBLE = """def double(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION"""

CHECK = """print("Checking")
assert double(2) is not None, "double(2) gives None: return something"
assert double(3) != 9, "double(3) is 9: that is the square"
assert double(3) != 5, "double(3) is 5: 2 was added"
assert double(3) == 6, f"double(3) is {double(3)}, expected 6"
### BEGIN HIDDEN TESTS
for secret in (5, 7):
    assert double(secret) == 2 * secret, "double of another number is wrong"
### END HIDDEN TESTS"""

WRONG = '''"""Wrong answers."""
# %% double | squares | hint: that is the square
def double(x):
    return x * x
# %% double | adds | hint: 2 was added
def double(x):
    return x + 2 if x > 2 else 1
# %% double | no return | hint: return something
def double(x):
    2 * x
# %% double | the example's answer | hidden: another number
def double(x):
    return 6
'''


def cells():
    return [
        cell("text", "# A set"),
        cell("locked", "import math", "setup"),
        cell("solution", DOUBLE, "double"),
        cell("test", CHECK, "test_double"),
        cell("manual", "### BEGIN SOLUTION\nBecause.\n### END SOLUTION", "why"),
    ]


def write_set(base, name, its_cells, wrong=WRONG, **metadata):
    folder = base / "solutions" / name
    folder.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.v4.new_notebook(cells=its_cells, metadata=metadata)
    (folder / f"{name}.ipynb").write_text(nbformat.writes(notebook))
    (folder / "misconceptions.py").write_text(wrong)
    return folder


@pytest.fixture
def book(tmp_path, monkeypatch):
    """Return a book with one set, 01_double, and make it the current one."""
    (tmp_path / "_toc.yml").touch()
    (tmp_path / "chapters").mkdir()
    monkeypatch.chdir(tmp_path)
    write_set(tmp_path, "01_double", cells())
    return tmp_path


def made(book):
    return book / "exercises/01_double/01_double.ipynb"


def files(book):
    return sorted(p.relative_to(book).as_posix() for p in book.glob("exercises/**/*"))


# --- writing


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
    assert test.source == CHECK[: CHECK.index("\n### BEGIN")]
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
    its[4] = cell(
        "task", "Draw it.\n=== BEGIN MARK SCHEME ===\n1 point\n=== END MARK SCHEME ===", "draw"
    )
    write_set(book, "01_double", its)
    write_exercises()
    assert nbformat.read(made(book), 4).cells[4].source == "Draw it."


def test_a_set_without_its_notebook_is_named(book):
    (book / "solutions/02_empty").mkdir()
    with pytest.raises(ValueError, match=r"^solutions/02_empty/02_empty\.ipynb does not exist"):
        write_exercises()


def test_a_file_that_is_no_notebook_is_named(book):
    (book / "solutions/01_double/01_double.ipynb").write_text("<html>")
    with pytest.raises(ValueError, match=r"^solutions/01_double/01_double\.ipynb is not a noteb"):
        write_exercises()


# --- misconceptions


def test_misconceptions_are_read_with_task_hint_and_code(book):
    first, _, _, last = load_misconceptions(book / "solutions/01_double/misconceptions.py")
    assert (first.task, first.name, first.hint) == ("double", "squares", "that is the square")
    assert first.code == "def double(x):\n    return x * x"
    assert (first.hidden, first.line) == (False, 2)
    assert (last.hidden, last.line) == (True, 11)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# %% double | squares\nx = 1", r"line 1: write `# %% task \| what is wrong \| hint: "),
        ("\n# %% double | squares | the square\nx = 1", r"line 2: write `# %% task"),
        ("# %% double | | hint: square\nx = 1", r"line 1: write `# %% task"),
        ("# %% double | squares | hint:\nx = 1", r"line 1: write `# %% task"),
        ("# %% double | squares | hint: square\n\n", r"line 1: no code follows 'squares'"),
        (
            "# %% double | a | hint: same\nx = 1\n# %% double | b | hint: same\nx = 2",
            r"line 3: another misconception has the hint 'same' already",
        ),
    ],
)
def test_a_mistake_in_a_misconceptions_file_is_named_with_its_line(tmp_path, text, says):
    path = tmp_path / "solutions" / "01_double" / "misconceptions.py"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(ValueError, match=r"^solutions/01_double/misconceptions\.py, " + says):
        load_misconceptions(path)


def test_a_set_without_misconceptions_is_named(book):
    (book / "solutions/01_double/misconceptions.py").unlink()
    with pytest.raises(FileNotFoundError, match=r"^solutions/01_double/misconceptions\.py does no"):
        prove(book / "solutions/01_double")


# --- the proof


def proof(book, its_cells=None, wrong=WRONG):
    return prove(write_set(book, "01_double", its_cells or cells(), wrong))


def test_a_sound_set_is_proved(book):
    assert proof(book) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "return x * x",
            "return 2 * x",
            "double, squares (misconceptions.py, line 2): passes",
        ),
        (
            "return x * x",
            "return 7",
            "double, squares (misconceptions.py, line 2): meets AssertionError: double(3) is 7, "
            "expected 6, expected 'that is the square'",
        ),
        (
            "return x * x",
            "raise TypeError('that is the square')",
            "double, squares (misconceptions.py, line 2): meets TypeError: that is the square, "
            "expected 'that is the square'",
        ),
        (
            "hint: 2 was added",
            "hint: double(3)",
            "double, squares (misconceptions.py, line 2): meets another's hint too, 'double(3)'",
        ),
        (
            "# %% double | adds | hint: 2 was added\n",
            "",
            "double: 2 misconceptions with a hint, not three",
        ),
        (
            "# %% double | squares",
            "# %% triple | squares",
            "triple, squares (misconceptions.py, line 2): no such task; the tasks are double",
        ),
        (
            "return 6",
            "return 5",
            "double, the example's answer (misconceptions.py, line 11): fails before the hidden "
            "tests: AssertionError: double(3) is 5: 2 was added",
        ),
        (
            "return 6",
            "return x + x",
            "double, the example's answer (misconceptions.py, line 11): passes",
        ),
        (
            "hidden: another number",
            "hidden: a third number",
            "double, the example's answer (misconceptions.py, line 11): meets AssertionError: "
            "double of another number is wrong, expected 'a third number'",
        ),
        (
            WRONG[WRONG.index("# %% double | the example") :],
            "",
            "double: no answer marked `hidden:` shows what the hidden tests catch",
        ),
    ],
)
def test_a_misconception_that_proves_nothing_is_named(book, old, new, says):
    assert old in WRONG
    assert says in proof(book, wrong=WRONG.replace(old, new))


def test_a_solution_that_fails_is_named(book):
    its = cells()
    its[2].source = DOUBLE.replace("2 * x", "3 * x")
    assert (
        "test_double: the solution fails: AssertionError: double(3) is 9: that is the square"
        in (proof(book, its))
    )


def test_a_solution_that_only_the_hidden_tests_catch_is_named(book):
    its = cells()
    its[2].source = DOUBLE.replace("2 * x", "min(2 * x, 12)")
    problems = proof(book, its)
    assert problems == [
        "test_double: the solution fails: AssertionError: double of another number is wrong"
    ]


def test_a_setup_cell_that_fails_is_named(book):
    its = cells()
    its[1].source = "import a_module_that_nobody_has"
    assert any(p.startswith("setup: the solution fails: ModuleNotFound") for p in proof(book, its))


def test_a_task_that_passes_unanswered_is_named(book):
    its = cells()
    its[3].source = "assert True"
    assert "test_double: passes although nothing has been answered" in proof(book, its)


def test_a_stub_that_does_not_say_what_to_do_is_named(book):
    its = cells()
    its[
        2
    ].source = f"### BEGIN SOLUTION\n{DOUBLE.splitlines()[0]}\n    return 2 * x\n### END SOLUTION"
    problems = proof(book, its)
    assert problems == [
        "test_double: does not say that the task is empty: NameError: name 'double' is not defined"
    ]


def test_the_tests_of_one_task_do_not_count_for_another(book):
    its = cells()
    its[4:4] = [
        cell(
            "solution",
            "def triple(x):\n    ### BEGIN SOLUTION\n    return 3 * x\n    ### END SOLUTION",
            "triple",
        ),
        cell("test", "assert triple(double(1)) == 6, 'triple is wrong'", "test_triple"),
    ]
    problems = proof(book, its)
    assert problems == [
        "triple: 0 misconceptions with a hint, not three",
        "triple: no answer marked `hidden:` shows what the hidden tests catch",
    ]
