"""One sandbox for all tests of a run: starting it takes longer than most of them."""

import sys
from pathlib import Path

import pytest

from qkv.grade.engine.sandbox import Limits, Sandbox
from qkv.grade.engine.worker import Engine

# The attack suite is a package that `python -m tests.grade.attacks` runs as well.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


@pytest.fixture(scope="session")
def engine():
    """An engine whose sandbox stays warm from test to test."""
    engine = Engine(Sandbox(), Limits(cell_seconds=10, total_seconds=60))
    yield engine
    engine.stop()


@pytest.fixture
def judge(engine):
    """Run a student's code and a test on it; return what the test showed."""

    def run(code, *tests, before="", binds=("f",)):
        cells = [{"kind": "teacher", "source": "import numpy as np\nimport torch\n" + before}]
        cells.append({"kind": "student", "source": code, "binds": list(binds), "imports": ""})
        cells += [{"kind": "test", "source": source, "points": 2.0} for source in tests]
        shown = engine.run(cells, {})["cells"]
        results = [shown.get(2 + n, {"ok": None, "outputs": []}) for n in range(len(tests))]
        return results if len(tests) > 1 else results[0]

    return run


def said(result):
    """Return all text that a test's result shows."""
    keys = ("value", "text", "trace")
    return " ".join(str(o.get(k, "")) for o in result["outputs"] for k in keys)


@pytest.fixture(scope="session")
def released(tmp_path_factory):
    """The example course, released; tests copy it."""
    from qkv.grade.course import Course
    from qkv.grade.example import ASSIGNMENT, make_course
    from qkv.grade.release import release

    folder = make_course(tmp_path_factory.mktemp("course") / "course")
    release(Course.at(folder), ASSIGNMENT, None)
    return folder


@pytest.fixture
def course(released, tmp_path):
    """A released example course of one's own."""
    import shutil

    from qkv.grade.course import Course

    shutil.copytree(released, tmp_path / "course")
    return Course.at(tmp_path / "course")
