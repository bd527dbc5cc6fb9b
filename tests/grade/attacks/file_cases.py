"""Attacks that are files: name -> (class, function that fills the submission's folder).

Each function gets the folder, the released notebook and the course's folder.
"""

import copy
import json
import os
import stat

import nbformat
from tests.grade.attacks.target import ASSIGNMENT, RIGHT, answered

NAME = f"{ASSIGNMENT}.ipynb"


def _raw(text):
    def make(folder, released, course):
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        (folder / NAME).write_bytes(data)

    return make


def _edited(edit):
    """Return a case that edits the released notebook as plain JSON."""

    def make(folder, released, course):
        notebook = json.loads(nbformat.writes(copy.deepcopy(released)))
        notebook = edit(notebook) or notebook
        (folder / NAME).write_text(json.dumps(notebook))

    return make


def _answers(answers, extra=()):
    def make(folder, released, course):
        notebook = answered(released, answers)
        notebook.cells += [nbformat.v4.new_markdown_cell(text) for text in extra]
        (folder / NAME).write_text(nbformat.writes(notebook))

    return make


def _cell(notebook, grade_id):
    return next(
        c
        for c in notebook["cells"]
        if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id
    )


def _tests(notebook):
    return [c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("points") == 2
            and c["cell_type"] == "code"]  # fmt: skip


def _pass_tests(notebook):
    for cell in _tests(notebook):
        cell["source"] = "pass"


def _points(notebook):
    for cell in _tests(notebook):
        cell["metadata"]["nbgrader"]["points"] = 1000
        cell["source"] = "1000"


def _skip(notebook):
    for cell in _tests(notebook):
        cell["metadata"]["tags"] = ["skip-execution", "raises-exception"]


def _as_solution(notebook):
    for cell in _tests(notebook):
        cell["metadata"]["nbgrader"] |= {"solution": True, "locked": False}
        cell["source"] = "2.0"


def _swap(notebook):
    for cell in _tests(notebook):
        info = cell["metadata"]["nbgrader"]
        answer = _cell(notebook, info["grade_id"].removeprefix("test_"))
        other = answer["metadata"]["nbgrader"]
        info["grade_id"], other["grade_id"] = other["grade_id"], info["grade_id"]


def _copies(notebook):
    for cell in list(_tests(notebook)):
        twin = copy.deepcopy(cell)
        twin["source"], twin["id"] = "2.0", "twin-" + cell["id"]
        notebook["cells"] += [twin, copy.deepcopy(twin)]


def _copied_answer(notebook):
    """An honest accident: a solution cell copied and pasted, with its metadata."""
    for name, source in RIGHT.items():
        _cell(notebook, name)["source"] = source
    notebook["cells"].append(copy.deepcopy(_cell(notebook, "add")))


def _unknown(notebook):
    info = {"schema_version": 3, "grade_id": "bonus", "grade": True, "solution": False}
    info |= {"locked": True, "points": 50, "task": False, "checksum": "0" * 32}
    cell = {"cell_type": "code", "source": "50", "metadata": {"nbgrader": info}, "id": "bonus"}
    notebook["cells"].append(cell | {"outputs": [], "execution_count": None})


def _to_markdown(notebook):
    for cell in _tests(notebook):
        cell["cell_type"] = "markdown"
        cell.pop("outputs", None)
        cell.pop("execution_count", None)


def _kernel(notebook):
    notebook["metadata"]["kernelspec"] = {
        "name": "bash", "language": "../../x", "display_name": "<script>alert('qkv-live')</script>"
    }  # fmt: skip
    notebook["metadata"]["title"] = "</title><script>alert('qkv-live')</script>"
    notebook["metadata"]["widgets"] = {"<script>": "alert(1)"}


def _delete(notebook):
    notebook["cells"] = [c for c in notebook["cells"] if c not in _tests(notebook)]


def _schema(notebook):
    for cell in notebook["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"] = {"grade_id": ["x"], "schema_version": "99", "points": {}}


def _outputs(notebook):
    for cell in _tests(notebook):
        data = {"text/plain": "2.0", "text/html": "<script>alert('qkv-live')</script>"}
        cell["outputs"] = [
            {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 1}
        ]
        cell["metadata"]["execution"] = {"status": "ok"}


def _cells_of_rubbish(notebook):
    notebook["cells"] = [
        None, 7, [], {}, {"cell_type": "code"}, {"cell_type": [], "source": {}, "metadata": []},
        {"cell_type": "code", "source": [1, None], "metadata": {"nbgrader": 3}},
        {"cell_type": "code", "source": "x" * 10**6, "metadata": {}},
        {"cell_type": "\ud800", "source": "\ud800\x00", "metadata": {"nbgrader": {"grade_id": {}}}},
    ]  # fmt: skip


def _surrogates(notebook):
    _cell(notebook, "add")["source"] = "def add(a, b):\n    return '\ud800\x00\u202e'\n"
    _cell(notebook, "why")["source"] = "\ud800 \x00 \u202e because"


def _link_to_solution(folder, released, course):
    os.symlink(course / "solutions" / ASSIGNMENT / NAME, folder / NAME)


def _link_to_folder(folder, released, course):
    folder.rmdir()
    os.symlink(course / "solutions" / ASSIGNMENT, folder)


def _hard_link(folder, released, course):
    os.link(course / "solutions" / ASSIGNMENT / NAME, folder / NAME)


def _link_beside(folder, released, course):
    _raw(nbformat.writes(released))(folder, released, course)
    os.symlink(course / "gradebook.db", folder / "data.csv")
    os.symlink("/", folder / "root")
    os.mkfifo(folder / "pipe.txt")
    (folder / "timestamp.txt").symlink_to(course / "gradebook.db")


def _pipe(folder, released, course):
    os.mkfifo(folder / NAME)


def _folder(folder, released, course):
    (folder / NAME).mkdir()


def _file_for_folder(folder, released, course):
    folder.rmdir()
    folder.write_text("not a folder")


def _many_cells(notebook):
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    notebook["cells"] += [cell | {"source": f"{n}", "id": f"c{n}"} for n in range(20_000)]


def _added(source, count):
    """Return what adds so many cells: each is more work for a page than it looks."""

    def edit(notebook):
        notebook["cells"] += [nbformat.v4.new_code_cell(source) for _ in range(count)]

    return edit


def _timestamp(folder, released, course):
    _raw(nbformat.writes(released))(folder, released, course)
    (folder / "timestamp.txt").write_text("9999999999-99-99 \ud800".encode("utf-8", "replace")
                                          .decode())  # fmt: skip


def _special(kind):
    def make(folder, released, course):
        try:
            os.mknod(folder / NAME, kind | 0o666, os.makedev(1, 5))
        except PermissionError:  # only root makes a device
            os.mkfifo(folder / NAME)

    return make


def _sparse(folder, released, course):
    (folder / NAME).touch()
    os.truncate(folder / NAME, 2**40)


def _link_to(target):
    return lambda folder, released, course: os.symlink(target, folder / NAME)


def _graded_solution(notebook):
    for cell in notebook["cells"]:
        info = cell["metadata"].get("nbgrader", {})
        if info.get("solution"):
            info |= {"grade": True, "points": 100, "locked": False, "checksum": "0" * 32}
            cell["source"] = "100"
            cell["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "100"}}]


def _task_cells(notebook):
    for n in range(3):
        info = {"schema_version": 3, "grade_id": f"task{n}", "grade": False, "solution": False}
        info |= {"locked": False, "points": 50, "task": True}
        notebook["cells"].append(
            {"cell_type": "markdown", "source": "50", "metadata": {"nbgrader": info}, "id": f"t{n}"}
        )


def _look_alike(notebook):
    answer = _cell(notebook, "test_add")
    answer["metadata"]["nbgrader"]["grade_id"] = "test_\u0430dd"
    answer["source"] = "2.0"


def _right(notebook):
    for name, source in RIGHT.items():
        _cell(notebook, name)["source"] = source
    return notebook


def _large_output(notebook):
    data = {"image/png": "iVBORw0KGgo" * 10**6, "text/plain": "x"}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    _cell(_right(notebook), "add")["outputs"] = [output]


def _newer_format(notebook):
    _right(notebook).update(nbformat=99, nbformat_minor=99)


def _attachments(notebook):
    why = _cell(notebook, "why")
    why["source"] = "![x](attachment:x.svg)"
    why["attachments"] = {"x.svg": {"image/svg+xml": f"<svg>{LIVE}</svg>", "text/html": LIVE}}


def _with_mark(folder, released, course):
    notebook = _right(json.loads(nbformat.writes(released)))
    (folder / NAME).write_bytes(b"\xef\xbb\xbf" + json.dumps(notebook).encode())


def _twice(folder, released, course):
    text = json.dumps(_right(json.loads(nbformat.writes(released))))
    (folder / NAME).write_text('{"cells": [{"cell_type": "code", "source": "2.0"}], ' + text[1:])


def _time(text):
    def make(folder, released, course):
        _raw(nbformat.writes(answered(released, RIGHT)))(folder, released, course)
        (folder / "timestamp.txt").write_text(text)

    return make


LIVE = "<script>alert('qkv-live')</script>"

CASES = {
    "nothing": ("malformed", lambda folder, released, course: None),
    "empty": ("malformed", _raw("")),
    "broken_json": ("malformed", _raw('{"cells": [{"cell_type": "code", "sour')),
    "not_utf8": ("malformed", _raw(b"\xff\xfe\x00{" * 50)),
    "null": ("malformed", _raw("null")),
    "list": ("malformed", _raw("[" * 100 + "]" * 100)),
    "deep": ("malformed", _raw('{"cells":' + "[" * 10**5 + "]" * 10**5 + "}")),
    "deep_metadata": ("malformed", _raw('{"metadata":' + '{"a":' * 50_000 + "1" + "}" * 50_001)),
    "version_3": ("malformed", _raw('{"worksheets": [{"cells": []}], "nbformat": 3}')),
    "huge": ("malformed", _raw('{"cells": [], "x": "' + "y" * 25_000_000 + '"}')),
    "huge_number": ("malformed", _raw('{"cells": [], "nbformat": ' + "9" * 10**6 + "}")),
    "many_parts": ("malformed", _raw('{"cells": [' + "[]," * 10**6 + "[]]}")),
    "many_cells": ("malformed", _edited(_many_cells)),
    "rubbish_cells": ("malformed", _edited(_cells_of_rubbish)),
    "surrogates": ("malformed", _edited(_surrogates)),
    "schema": ("malformed", _edited(_schema)),
    "a_folder": ("malformed", _folder),
    "a_pipe": ("malformed", _pipe),
    "a_file_for_folder": ("malformed", _file_for_folder),
    "strange_time": ("malformed", _timestamp),
    "not_finite": ("malformed", _raw('{"cells": NaN, "nbformat": Infinity, "x": -Infinity}')),
    "a_socket": ("malformed", _special(stat.S_IFSOCK)),
    "a_device": ("malformed", _special(stat.S_IFCHR)),
    "a_terabyte": ("malformed", _sparse),
    "cells_of_ten_megabytes": ("exhausting", _edited(_added("x = 1  #\n" * 11_000, 100))),
    "cells_of_blanks": ("exhausting", _edited(_added(" \n" * 25_000 + "x", 20))),
    "cells_of_quotes": ("exhausting", _edited(_added("'" * 50_000 + '"' * 50_000, 3))),
    "impossible_time": ("accident", _time("2026-99-99 99:99:99 UTC")),
    "time_beyond": ("accident", _time("9999-12-31 23:59:59 -9959")),
    "byte_order_mark": ("accident", _with_mark),
    "keys_twice": ("accident", _twice),
    "large_output": ("accident", _edited(_large_output)),
    "newer_format": ("accident", _edited(_newer_format)),
    "tests_emptied": ("tampering", _edited(_pass_tests)),
    "points_raised": ("tampering", _edited(_points)),
    "tests_skipped": ("tampering", _edited(_skip)),
    "tests_as_solutions": ("tampering", _edited(_as_solution)),
    "ids_swapped": ("tampering", _edited(_swap)),
    "tests_copied": ("tampering", _edited(_copies)),
    "unknown_test": ("tampering", _edited(_unknown)),
    "tests_to_text": ("tampering", _edited(_to_markdown)),
    "other_kernel": ("tampering", _edited(_kernel)),
    "tests_deleted": ("tampering", _edited(_delete)),
    "outputs_forged": ("tampering", _edited(_outputs)),
    "copied_cell": ("accident", _edited(_copied_answer)),
    "solutions_graded": ("tampering", _edited(_graded_solution)),
    "task_cells": ("tampering", _edited(_task_cells)),
    "look_alike_id": ("tampering", _edited(_look_alike)),
    "link_to_itself": ("links", _link_to(NAME)),
    "link_to_zeros": ("links", _link_to("/dev/zero")),
    "link_to_stdin": ("links", _link_to("/proc/self/fd/0")),
    "attachments": ("injection", _edited(_attachments)),
    "link_to_solution": ("links", _link_to_solution),
    "link_to_folder": ("links", _link_to_folder),
    "hard_link": ("links", _hard_link),
    "links_beside": ("links", _link_beside),
    "markdown_script": ("injection", _answers({"why": LIVE + "<img src=x onerror=alert(1)>"})),
    "markdown_link": (
        "injection",
        _answers(
            {"why": "[x](javascript:alert(1)) ![y](https://evil.example/p.png) <u onclick=a>"}
        ),
    ),
    "markdown_formula": (
        "injection",
        _answers({"why": r"$\href{javascript:alert(1)}{x}$ $$\unicode{<script>}$$ </pre>" + LIVE}),
    ),
    "markdown_added": ("injection", _answers({}, [LIVE, f"</pre></div>\n\n{LIVE}", "<style>*{}"])),
    "markdown_fence": (
        "injection",
        _answers({"why": f"```\n</code></pre>{LIVE}\n```\n\n\n    {LIVE}\n\n&lt;script&gt;"}),
    ),
}
