"""Work that is right in a notebook is right in grading, whatever it uses on the way."""

import base64

import pytest
from tests.grade.conftest import said

FILES = {
    "data.csv": base64.b64encode(b"x,y\n1,2\n3,4\n").decode(),
    "helper.py": base64.b64encode(b"def double(x):\n    return 2 * x\n").decode(),
}

# What a student's cells do, and a function f(x) that must give 2 x afterwards.
RIGHT = {
    "torch uses several threads": """
import torch
torch.set_num_threads(4)
big = torch.randn(400, 400) @ torch.randn(400, 400)
---
def f(x):
    (torch.randn(400, 400) @ torch.randn(400, 400)).sum()
    return 2 * x
""",
    "a thread pool of an earlier cell": """
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(4)
once = list(pool.map(abs, range(100)))
---
def f(x):
    return list(pool.map(lambda v: 2 * v, [x]))[0]
""",
    "a thread that has ended": """
import threading
done = []
worker = threading.Thread(target=lambda: done.append(2))
worker.start()
worker.join()
---
def f(x):
    return done[0] * x
""",
    "a thread in the function": """
import threading
---
def f(x):
    found = []
    worker = threading.Thread(target=lambda: found.append(2 * x))
    worker.start()
    worker.join()
    return found[0]
""",
    "a file written by the magic, and its import": """
%%writefile mine.py
def double(x):
    return 2 * x
---
from mine import double
def f(x):
    return double(x)
""",
    "a module that was handed out": """
from helper import double
---
def f(x):
    return double(x)
""",
    "data that was handed out": """
rows = open("data.csv").read().split()
---
def f(x):
    return int(rows[1].split(",")[1]) * x
""",
    "torch.compile": """
import torch
---
@torch.compile
def g(x):
    return 2 * x
def f(x):
    return int(g(torch.tensor(x)))
""",
    "double precision for everything": """
import torch
torch.set_default_dtype(torch.float64)
---
def f(x):
    assert torch.tensor(0.5).dtype == torch.float64
    return 2 * x
""",
    "eight megabytes of printed lists": """
print([[n] for n in range(700_000)])
---
def f(x):
    return 2 * x
""",
}


def run(engine, text, test="assert f(21) == 42"):
    parts = [part.strip("\n") for part in text.split("---\n")]
    cells = [{"kind": "student", "source": part, "binds": [], "imports": ""} for part in parts]
    cells[-1]["binds"] = ["f"]
    cells.append({"kind": "test", "source": test, "points": 2.0})
    # A cell after the test: so the test meets a copy of the program, made at its place.
    cells.append({"kind": "student", "source": "later = 1", "binds": [], "imports": ""})
    shown = engine.run(cells, FILES)
    return shown["cells"].get(len(parts), {"ok": None, "outputs": []}), shown


@pytest.mark.parametrize("name", RIGHT)
def test_right_work_passes(engine, name):
    result, shown = run(engine, RIGHT[name])
    assert result["ok"], (said(result), shown)


def test_tests_are_in_double_precision_where_the_student_works_in_it(engine):
    text = """
import torch
torch.set_default_dtype(torch.float64)
---
def f(n):
    return torch.ones(n)
"""
    test = "import torch\nassert f(3).dtype == torch.ones(3).dtype == torch.float64"
    result, _ = run(engine, text, test)
    assert result["ok"], said(result)
    coarse = text.replace("float64", "float16")
    test = "import torch\nassert torch.ones(3).dtype == torch.float32"
    assert run(engine, coarse, test)[0]["ok"]


def test_a_thread_that_still_waits_is_named_as_the_reason_and_not_as_a_wrong_answer(engine):
    text = """
import queue, threading
asked, told = queue.Queue(), queue.Queue()
def work():
    while True:
        told.put(2 * asked.get())
threading.Thread(target=work, daemon=True).start()
---
def f(x):
    asked.put(x)
    return told.get()
"""
    result, shown = run(engine, text)
    assert not result["ok"]
    assert "threads do not live on in a copy" in said(shown["cells"][0])
