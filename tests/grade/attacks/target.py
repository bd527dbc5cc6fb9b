"""The assignment that is attacked: five small tasks, twelve points, tests with random inputs."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ASSIGNMENT = "01_target"
CANARY = "canary-7f3a9"  # written into whatever no student may see
SECRET = "secret-9b1c4"  # in a file of the course that is not about tests
FULL = 10  # points for what tests judge; two more are given by hand
SENT = "sent-by-an-attack"


def _cell(kind, grade_id, source, points=None, make=new_code_cell):
    info = {"schema_version": 3, "grade_id": grade_id, "task": False}
    info |= {"solution": kind in ("solution", "manual"), "grade": kind in ("test", "manual")}
    info |= {"locked": kind in ("test", "locked")} | ({"points": points} if points else {})
    return make(source, metadata={"nbgrader": info})


RIGHT = {
    "add": "def add(a, b):\n    return a + b",
    "count": "def count(words):\n    return {w: words.count(w) for w in words}",
    # The only import of NumPy, which the tests name as well.
    "scale": (
        "try:\n    import numpy as np\nexcept ImportError:\n    np = None\n"
        "def scale(x):\n    return 2 * x"
    ),
    "stack": (
        "class Stack:\n    def __init__(self):\n        self.items = []\n"
        "    def push(self, x):\n        self.items.append(x)\n"
        "    def pop(self):\n        return self.items.pop()"
    ),
    "mean": "def mean(x):\n    return sum(x) / len(x)",
    "why": "Because it is so.",
}
TESTS = {
    "add": (
        "assert add(1, 2) == 3, 'add(1, 2) is 3'",
        "a, b = random.randint(5, 9**9), random.randint(5, 9**9)\n"
        f"assert add(a, b) == a + b, 'add works for any two numbers'  # {CANARY}",
    ),
    "count": (
        "assert count(['a', 'b', 'a']) == {'a': 2, 'b': 1}, 'count how often each word is there'",
        "words = [random.choice('abcde') for _ in range(30)]\n"
        "assert count(words) == dict(collections.Counter(words)), 'count any list of words'",
    ),
    "scale": (
        "assert abs(scale(np.ones(3)) - 2 * np.ones(3)).max() < 1e-9, 'each number is doubled'",
        "x = np.random.randn(4, 5)\n"
        "assert abs(scale(x) - 2 * x).max() < 1e-9, 'any array of numbers is doubled'",
    ),
    "stack": (
        "s = Stack()\ns.push(4)\nassert s.pop() == 4, 'what was pushed comes back'",
        "s, items = Stack(), [random.random() for _ in range(5)]\n"
        "for item in items:\n    s.push(item)\n"
        "assert [s.pop() for _ in items] == items[::-1], 'the last one in is the first one out'",
    ),
    "mean": (
        "assert abs(mean([1, 3]) - 2) < 1e-9, 'the mean of 1 and 3 is 2'",
        "x = [random.randint(10, 9**9) for _ in range(7)]\n"
        "assert abs(mean(x) - sum(x) / 7) < 1e-6, 'the mean of any numbers'",
    ),
}


def master() -> nbformat.NotebookNode:
    """Return the instructor's notebook."""
    cells = [_cell("locked", "setup", "import collections\nimport random")]
    for name, (visible, hidden) in TESTS.items():
        answer = f"### BEGIN SOLUTION\n{RIGHT[name]}\n### END SOLUTION"
        cells.append(_cell("solution", name, answer))
        test = f"{visible}\n### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS"
        cells.append(_cell("test", f"test_{name}", test, 2))
    cells.append(_cell("manual", "why", RIGHT["why"], 2, new_markdown_cell))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return new_notebook(cells=cells)


def answered(released, answers) -> nbformat.NotebookNode:
    """Return the released notebook with sources put into its solution cells."""
    notebook = nbformat.from_dict(released)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in answers:
            cell.source = answers[name]
    return notebook
