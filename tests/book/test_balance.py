"""Tests are handed to the workers in pieces that keep what belongs together."""

from types import SimpleNamespace

import pytest
from balance import piece, sort


@pytest.mark.parametrize(
    ("nodeid", "together"),
    [
        ("chapters/01_a.ipynb::Cell 3", "chapters/01_a.ipynb"),
        ("tests/test_train.py::test_x[a.html]", "tests/test_train.py"),
        ("tests/book/test_pages.py::test_x", "tests/book/test_pages.py"),
        ("tests/book/test_pages.py::test_x[404.html]", "tests/book/test_pages.py 404.html"),
        (
            "tests/book/test_pages.py::test_x[book/a.html-dark]",
            "tests/book/test_pages.py book/a.html",
        ),
        (
            "tests/book/test_pages.py::test_y[mouse-book/a.html]",
            "tests/book/test_pages.py book/a.html",
        ),
    ],
)
def test_the_tests_of_a_file_or_page_stay_together(nodeid, together):
    assert piece(nodeid) == together


def test_what_takes_long_comes_first_and_the_rest_keeps_its_order():
    names = [
        "tests/test_b.py::t",
        "tests/test_a.py::t",
        "tests/book/test_pages.py::t[chapters/1.html]",
    ]
    items = [SimpleNamespace(nodeid=name) for name in [*names, "chapters/01_a.ipynb::Cell 0"]]
    sort(items)
    assert [item.nodeid for item in items] == ["chapters/01_a.ipynb::Cell 0", names[2], *names[:2]]
