"""A small course with a whole class in it, to try grading on: made by one command."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from qkv.errors import QkvError
from qkv.grade.people import keep_private
from qkv.notebook.files import write

ASSIGNMENT = "01_attention"


def _cell(kind, grade_id, source, points=None, make=new_code_cell):
    info = {"schema_version": 3, "grade_id": grade_id, "task": False}
    info |= {"solution": kind in ("solution", "manual"), "grade": kind in ("test", "manual")}
    info["locked"] = kind in ("test", "locked")
    if points:
        info["points"] = points
    return make(source, metadata={"nbgrader": info})


def _solution(grade_id, head, body):
    lines = ["    ### BEGIN SOLUTION", *(f"    {line}" for line in body), "    ### END SOLUTION"]
    return _cell("solution", grade_id, "\n".join([*head, *lines]))


def _test(grade_id, points, visible, hidden):
    lines = [visible, "### BEGIN HIDDEN TESTS", hidden, "### END HIDDEN TESTS"]
    return _cell("test", grade_id, "\n".join(lines), points)


TASKS = {
    "softmax": (
        ["def softmax(x):", '    """Softmax over the last axis."""'],
        ["e = torch.exp(x - x.max(-1, keepdim=True).values)", "return e / e.sum(-1, keepdim=True)"],
        "x = torch.tensor([[0.0, 1.0], [2.0, 2.0]])\n"
        "assert softmax(x).shape == (2, 2), 'the shape stays as it is'\n"
        "assert torch.allclose(softmax(x).sum(-1), torch.ones(2)), 'each row must sum to 1'",
        "x = 30 * torch.randn(3, 4, 5)\n"
        "assert torch.allclose(softmax(x), torch.softmax(x, -1), atol=1e-5), "
        "'is it the last axis, whatever the number of axes?'",
    ),
    "scores": (
        ["def scores(query, key):", '    """Scaled dot products: (queries, d), (keys, d)."""'],
        ["return query @ key.mT / query.shape[-1] ** 0.5"],
        "q, k = torch.eye(4), 2 * torch.eye(4)\n"
        "assert scores(q, k).shape == (4, 4), 'one row per query, one column per key'",
        "q, k = torch.randn(3, 16), torch.randn(5, 16)\n"
        "assert torch.allclose(scores(q, k), q @ k.T / 4, atol=1e-5), "
        "'did you divide by the square root of d?'",
    ),
    "mask": (
        ["def causal_mask(time):", '    """True where a position may look: (time, time)."""'],
        ["return torch.ones(time, time).tril().bool()"],
        "assert causal_mask(3).dtype == torch.bool, 'a mask is made of True and False'",
        "import random\nn = random.randint(4, 9)\n"
        "assert torch.equal(causal_mask(n), torch.tril(torch.ones(n, n)) > 0), "
        "'a position sees itself and what came before it'",
    ),
    "attention": (
        ["def attention(query, key, value, mask):", '    """Masked attention."""'],
        [
            "s = scores(query, key).masked_fill(~mask, float('-inf'))",
            "return softmax(s) @ value",
        ],
        "x = torch.ones(3, 4)\n"
        "assert torch.allclose(attention(x, x, x, torch.ones(3, 3).bool()), x), "
        "'the mean of equal values is that value'",
        "q, k, v = torch.randn(3, 6, 8).unbind()\nm = torch.tril(torch.ones(6, 6)).bool()\n"
        "want = torch.nn.functional.scaled_dot_product_attention(q, k, v, m)\n"
        "assert torch.allclose(attention(q, k, v, m), want, atol=1e-5), "
        "'the mask comes before the softmax'",
    ),
    "heads": (
        ["def split_heads(x, n_heads):", '    """(time, d_model) -> (heads, time, d_head)."""'],
        ["return x.reshape(x.shape[0], n_heads, -1).transpose(0, 1)"],
        "assert split_heads(torch.zeros(5, 6), 2).shape == (2, 5, 3), 'heads, time, d_head'",
        "x = torch.randn(4, 12)\nh = split_heads(x, 3)\n"
        "assert torch.equal(h[1], x[:, 4:8]), 'head 1 is the second slice of the features'",
    ),
}

WRONG = {
    "softmax": "def softmax(x):\n    return torch.softmax(x, 0) if x.dim() > 2 else x.softmax(-1)",
    "scores": "def scores(query, key):\n    return query @ key.mT",
    "mask": "def causal_mask(time):\n    return torch.ones(time, time).triu().bool()",
    "attention": (
        "def attention(query, key, value, mask):\n"
        "    return (softmax(scores(query, key)) * mask) @ value"
    ),
    "heads": "def split_heads(x, n_heads):\n    return x.reshape(n_heads, x.shape[0], -1)",
}


def solution() -> nbformat.NotebookNode:
    """Return the instructor's notebook: five tested tasks and one graded by hand."""
    cells = [
        new_markdown_cell("# Attention in five steps"),
        _cell("locked", "imports", "import torch"),
    ]
    for name, (head, body, visible, hidden) in TASKS.items():
        cells.append(new_markdown_cell(f"## {name.capitalize()}"))
        cells.append(_solution(name, head, body))
        cells.append(_test(f"test_{name}", 2, visible, hidden))
    text = "Because dot products of independent vectors grow with d."
    why = _cell("manual", "why", text, 4, new_markdown_cell)
    cells += [new_markdown_cell("## In your words\n\nWhy is there a square root of d?"), why]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return new_notebook(cells=cells)


def answer(released: nbformat.NotebookNode, answers: dict[str, str]) -> str:
    """Return a student's notebook: the released one with sources put into solution cells."""
    notebook = nbformat.from_dict(released)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in answers:
            cell.source = answers[name]
    return nbformat.writes(notebook)


def right_answers() -> dict[str, str]:
    """Return a right answer for every task: grade id -> source."""
    return {name: "\n".join([*t[0], *(f"    {li}" for li in t[1])]) for name, t in TASKS.items()}


def make_course(folder: Path) -> Path:
    """Write the course without students; raise `QkvError` if the folder is not empty."""
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()):
        raise QkvError(f"{folder} is not empty: name a new folder")
    text = nbformat.writes(solution())
    write(folder / "solutions" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb", text)
    keep_private(folder)
    return folder


def make_class(course_folder: Path, into: Path) -> list[str]:
    """Write a class's submissions as a folder to collect from; return the students' ids.

    Some are right, some hold one misconception each, and some are what a teacher meets: nothing
    written, a broken file, a loop without end, a program that ends itself, a cell copied twice.
    """
    path = course_folder / "exercises" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    released = nbformat.read(path, as_version=4)
    right = {**right_answers(), "why": "Without it the softmax saturates: $q^T k$ grows with d."}
    work = {"ada": answer(released, right), "bo": answer(released, right)}
    work |= {f"cem-{n}": answer(released, {**right, n: wrong}) for n, wrong in WRONG.items()}
    work["dora"] = answer(released, {})
    work["emil"] = '{"cells": [{"cell_type": "co'
    work["fay"] = answer(released, {**right, "mask": "while True:\n    pass"})
    work["gus"] = answer(released, {**right, "heads": "import os\nos._exit(0)"})
    work["hana"] = answer(released, {**right, "why": "<script>alert(1)</script> **because**"})
    copied = nbformat.reads(answer(released, right), as_version=4)
    copied.cells.append(nbformat.from_dict({**copied.cells[3], "id": "copied"}))
    work["ines"] = nbformat.writes(copied)
    for student, text in work.items():
        write(into / student / f"{ASSIGNMENT}.ipynb", text)
    return list(work)
