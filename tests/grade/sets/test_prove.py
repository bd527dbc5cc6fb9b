"""The proof that a set teaches finds every kind of gap in it."""

import pytest
from tiny_set import DOUBLE, WRONG, cells, make_book, make_cell, write_set

from qkv.grade.sets.prove import load_misconceptions, prove


@pytest.fixture
def book(tmp_path, monkeypatch):
    """Return a book with one small set, and make it the current one."""
    monkeypatch.chdir(tmp_path)
    return make_book(tmp_path)


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
    with pytest.raises(ValueError, match=r"^solutions/01_double/misconceptions\.py does no"):
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


@pytest.fixture
def by_lot():
    """A set whose hidden test sometimes asks nothing."""
    its = cells()
    old = "    assert double(secret) == 2 * secret"
    assert old in its[3].source
    new = old.replace("double(secret)", "random.random() < 0.7 or double(secret)")
    its[3].source = its[3].source.replace(old, f"    import random\n{new}")
    return its


def test_a_wrong_answer_that_passes_by_luck_is_named(book, by_lot):
    (problem,) = proof(book, by_lot)
    assert (
        "the example's answer (misconceptions.py, line 11): passes the hidden tests by lu"
        in problem
    )


def test_a_solution_that_fails_once_in_a_while_is_named(book, by_lot):
    by_lot[2].source = DOUBLE.replace("2 * x", "2 * x if x == 3 else 0")
    assert (
        "test_double: the solution fails: AssertionError: double of another"
        in proof(book, by_lot)[0]
    )


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
        make_cell(
            "solution",
            "def triple(x):\n    ### BEGIN SOLUTION\n    return 3 * x\n    ### END SOLUTION",
            "triple",
        ),
        make_cell("test", "assert triple(double(1)) == 6, 'triple is wrong'", "test_triple"),
    ]
    problems = proof(book, its)
    assert problems == [
        "triple: 0 misconceptions with a hint, not three",
        "triple: no answer marked `hidden:` shows what the hidden tests catch",
    ]
