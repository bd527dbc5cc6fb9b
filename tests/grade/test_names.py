"""Which names of a cell are the student's, and which modules come from the trusted side."""

import pytest

from qkv.grade.names import binds, imports


def run(source):
    space = {}
    exec(source, space)
    return {name: value for name, value in space.items() if not name.startswith("__")}


@pytest.mark.parametrize(
    "cell",
    [
        "import math as m",
        "try:\n    import math as m\nexcept ImportError:\n    m = None",
        "try:\n    import no_such_module as m\nexcept ImportError:\n    import math as m",
        "if True:\n    with open('x') as f:\n        import math as m",
        "def f():\n    import math as m\n    return m.pi",
        "class A:\n    import math as m",
        "import importlib\nm = importlib.import_module('math')",
        "m = __import__('math')",
    ],
)
def test_a_module_comes_from_the_trusted_side_however_it_is_imported(cell):
    import math

    assert run(imports(cell))["m"] is math
    assert "m" not in binds(cell)


def test_what_is_tried_first_wins():
    cell = "try:\n    from math import pi as x\nexcept ImportError:\n    from math import e as x"
    assert run(imports(cell))["x"] > 3


def test_a_module_of_the_notebooks_folder_stays_the_students(tmp_path, monkeypatch):
    (tmp_path / "my_helper_of_this_folder.py").write_text("f = 1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    cell = "from my_helper_of_this_folder import f\nfrom .near import g\nimport nowhere_at_all"
    assert imports(cell) == ""
    assert binds(cell) == {"f", "g", "nowhere_at_all"}


def test_a_function_of_an_imported_name_is_the_students():
    cell = "try:\n    from math import erf\nexcept ImportError:\n    def erf(x):\n        return x"
    assert binds(cell) == {"erf"}


def test_an_import_inside_a_function_takes_no_name_that_a_cell_binds():
    cell = "def f():\n    from math import pi as data\n    return data"
    assert imports(cell, taken={"data"}) == ""
    assert "data" not in run(imports("data = 3\n" + cell))
