"""An exercise set of one small task, to break in tests."""

import nbformat


def make_cell(kind, source, grade_id=None, **changes):
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
        make_cell("text", "# A set"),
        make_cell("locked", "import math", "setup"),
        make_cell("solution", DOUBLE, "double"),
        make_cell("test", CHECK, "test_double"),
        make_cell("manual", "### BEGIN SOLUTION\nBecause.\n### END SOLUTION", "why"),
    ]


def write_set(base, name, its_cells, wrong=WRONG, **metadata):
    folder = base / "solutions" / name
    folder.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.v4.new_notebook(cells=its_cells, metadata=metadata)
    (folder / f"{name}.ipynb").write_text(nbformat.writes(notebook))
    (folder / "misconceptions.py").write_text(wrong)
    return folder


def make_book(folder):
    """Make `folder` a book with one set, 01_double, and return it."""
    (folder / "_toc.yml").touch()
    (folder / "chapters").mkdir()
    write_set(folder, "01_double", cells())
    return folder
