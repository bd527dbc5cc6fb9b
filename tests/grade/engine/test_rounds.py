"""In which order tests run, what they know of each other, and how long they may take together."""

import time

import pytest
from tests.grade.conftest import said

from qkv.grade.engine.sandbox import Limits, Sandbox
from qkv.grade.engine.worker import Engine

ADD = "def f(x): return x"


def hidden(source):
    return f"\n### BEGIN HIDDEN TESTS\n{source}\n### END HIDDEN TESTS"


@pytest.fixture
def hasty():
    """An engine with little time: two seconds a cell, five for all."""
    engine = Engine(Sandbox(), Limits(cell_seconds=2, total_seconds=5))
    yield engine
    engine.stop()


def test_a_hidden_part_meets_the_names_as_they_stand_where_it_is_written(judge):
    results = judge(
        ADD,
        "x = 7\nassert f(x) == 7" + hidden("x = 5\ny = 6\nassert f(x) == 5"),
        "x = 8\nassert f(x) == 8" + hidden("assert f(x) == 8 and f(y) == 6"),
        "assert f(1) == 1" + hidden("assert x == 8 and y == 6"),
    )
    assert [r["ok"] for r in results] == [True, True, True]


def test_cells_that_each_keep_to_their_time_are_stopped_at_the_bound_for_all(hasty):
    wait = "import time\ntime.sleep(1.5)"
    cells = [{"kind": "student", "source": wait, "binds": [], "imports": ""} for _ in range(6)]
    cells += [{"kind": "test", "source": "assert True", "points": 1.0}]
    hasty.run([], {})  # what starts once is no part of it
    began = time.monotonic()
    result = hasty.run(cells, {})
    assert time.monotonic() - began < 5 + 3
    assert result["stopped"] == "time"


def test_calls_that_each_keep_to_their_time_are_stopped_at_the_bound_for_all(hasty):
    code = "import time\ndef f(x):\n    time.sleep(1.5)\n    return x"
    cells = [{"kind": "student", "source": code, "binds": ["f"], "imports": ""}]
    cells += [{"kind": "test", "source": "assert f(1) == 1", "points": 1.0} for _ in range(8)]
    hasty.run([], {})
    began = time.monotonic()
    result = hasty.run(cells, {})
    assert time.monotonic() - began < 5 + 3
    assert result["stopped"] == "time"
    assert [result["cells"].get(n, {}).get("ok") for n in (1, 2)] == [True, True]
    assert not any(result["cells"].get(n, {}).get("ok") for n in range(4, 9))


def test_one_step_that_never_ends_holds_nobody_up_beyond_its_limit():
    engine = Engine(Sandbox(), Limits(cell_seconds=2, total_seconds=60))
    cells = [{"kind": "student", "source": ADD, "binds": ["f"], "imports": ""}]
    cells += [{"kind": "test", "source": "assert f(1) == 1", "points": 1.0}]
    cells += [{"kind": "test", "source": "sum(range(10**f(12)))", "points": 1.0}]
    try:
        engine.run([], {})
        began = time.monotonic()
        result = engine.run(cells, {})
        took = time.monotonic() - began
        after = engine.run(cells[:2], {})
    finally:
        engine.stop()
    assert took < 15
    assert result["stopped"] == "time"
    assert result["cells"][1]["ok"]
    assert not result["cells"].get(2, {}).get("ok")
    assert after["cells"][1]["ok"]


def test_a_survey_finds_each_line_that_fails_and_none_that_only_lacks_its_name(engine):
    source = (
        "assert f(1) == 2\nlost = f(1) + 'x'\nprint(lost)\nfor n in range(2):\n"
        "    assert n < 9\n    assert f(n) == 0" + hidden("assert f(3) == 4")
    )
    cells = [{"kind": "student", "source": ADD, "binds": ["f"], "imports": ""}]
    cells += [{"kind": "test", "source": source, "points": 1.0}]
    shown = engine.run(cells, {}, survey=True)["cells"][1]
    assert [one["line"] for one in shown["found"]] == [1, 2, 6, 8]
    assert shown["ok"] is False
    usual = engine.run(cells, {})["cells"][1]
    assert "found" not in usual
    assert "assert f(1) == 2" in said(usual)
