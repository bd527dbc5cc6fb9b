"""The record of proofs: written by a proof alone, and held by nothing but what was proved."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from toy_book import code, make_book, prose, write_notebook

from qkv.notebook import files, proof, stale
from qkv.paths import root

FIRST = "chapters/01_first.ipynb"
SOURCES = ("from qkv.outer import pick\nfrom click import echo\npick(0)", "1 + 1")


@pytest.fixture
def proven(tmp_path, monkeypatch):
    """A book of three notebooks that are on record as proved."""
    book = make_book(tmp_path)
    monkeypatch.chdir(book)
    for name in ("01_first", "02_second", "03_third"):
        write_notebook(book / f"chapters/{name}.ipynb", prose("# T"), *map(code, SOURCES))
    for path in proof.notebooks(book):
        proof.note(book, {path.stem: proof.proof_key(path, book)})
    assert proof.due(book) == ([], "01_first")
    record = book / "tests/proofs.json"
    return SimpleNamespace(book=book, record=record, first=book / "chapters/01_first.ipynb")


def edit_record(proven, change):
    """Change the record by hand."""
    entries = json.loads(proven.record.read_text())
    change(entries)
    proven.record.write_text(json.dumps(entries))


def edit_cell(proven, **changes):
    """Change the last cell of the first notebook."""
    notebook = files.read_notebook(proven.first)
    notebook["cells"][-1].update(changes)
    proven.first.write_text(json.dumps(notebook))


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "1 + 2"},
        {"outputs": [{"output_type": "stream", "name": "stdout", "text": "2\n"}]},
        {"execution_count": 9},
        {"metadata": {"tags": ["nbval-check-output"]}},
        {"metadata": {"tags": ["raises-exception"]}},
    ],
)
def test_a_changed_cell_has_to_be_proved(proven, changes):
    edit_cell(proven, **changes)
    assert proof.due(proven.book) == (["01_first"], "02_second")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [("outer", "[index]", "[-index]"), ("inner", "10", "11"), ("tools", "return 0", "return 1")],
)
def test_what_the_cells_reach_has_to_be_proved(proven, file, old, new):
    path = proven.book / f"src/qkv/{file}.py"
    path.write_text(path.read_text().replace(old, new))
    assert proof.due(proven.book)[0] == ["01_first", "02_second", "03_third"]


@pytest.mark.parametrize(("module", "package"), [(stale, "click"), (proof, "nbval")])
def test_another_version_has_to_be_proved(proven, monkeypatch, module, package):
    version = module.version
    monkeypatch.setattr(module, "version", lambda name: "9" if name == package else version(name))
    assert len(proof.due(proven.book)[0]) == 3


def test_another_python_has_to_be_proved(proven, monkeypatch):
    monkeypatch.setattr(proof.sys, "version_info", SimpleNamespace(major=3, minor=99))
    assert len(proof.due(proven.book)[0]) == 3


def test_prose_tags_for_the_page_and_what_is_not_reached_need_no_proof(proven):
    edit_cell(proven, metadata={"tags": ["claim", "hide-input"]})
    (proven.book / "src/qkv/unused.py").write_text("NUMBER = 2")
    notebook = files.read_notebook(proven.first)
    notebook["cells"][0]["source"] = "# Another title"
    proven.first.write_text(json.dumps(notebook))
    assert proof.due(proven.book) == ([], "01_first")


@pytest.mark.parametrize(
    "change",
    [
        lambda entries: entries["01_first"].update(key="0" * 64),
        lambda entries: entries["01_first"].update(turn=2),
        lambda entries: entries["01_first"].pop("check"),
        lambda entries: entries["01_first"].pop("turn"),
        lambda entries: entries.update({"01_first": entries["02_second"]}),
        lambda entries: entries.update({"01_first": "proved"}),
        lambda entries: entries.pop("01_first"),
    ],
)
def test_an_entry_that_was_edited_by_hand_is_none(proven, change):
    edit_record(proven, change)
    assert proof.due(proven.book)[0] == ["01_first"]


def test_an_entry_made_by_hand_for_a_notebook_that_never_passed_is_none(proven):
    path = write_notebook(proven.book / "chapters/04_fourth.ipynb", code("1 / 0"))
    made = {"key": proof.proof_key(path, proven.book), "turn": 1, "check": ""}
    edit_record(proven, lambda entries: entries.update({"04_fourth": made}))
    assert proof.due(proven.book)[0] == ["04_fourth"]


def test_a_proof_does_not_hold_for_what_was_proved_before_it(proven):
    old = proven.record.read_text()
    edit_cell(proven, source="1 + 2")
    proof.note(proven.book, {"01_first": proof.proof_key(proven.first, proven.book)})
    assert proof.due(proven.book)[0] == []
    proven.record.write_text(old)
    assert proof.due(proven.book)[0] == ["01_first"]


def test_all_take_their_turn_and_the_oldest_proof_comes_first(proven):
    seen = []
    for _ in range(6):
        _, again = proof.due(proven.book)
        seen.append(again)
        proof.note(
            proven.book, {again: proof.proof_key(proven.first.with_stem(again), proven.book)}
        )
    assert seen == 2 * ["01_first", "02_second", "03_third"]


def test_a_notebook_that_is_gone_leaves_the_record(proven):
    proven.first.unlink()
    proof.note(proven.book, {})
    assert list(json.loads(proven.record.read_text())) == ["02_second", "03_third"]


# --- the plugin, which writes the record


@pytest.fixture
def prove(proven):
    """A function that runs pytest on the book's notebooks; returns what it said."""
    source = os.pathsep.join([str(root.__globals__["__file__"]).rsplit("/qkv/", 1)[0]])

    def run(*arguments, what="chapters", fails=False):
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "qkv.notebook.proving",
            "-p",
            "no:cacheprovider",
        ]
        result = subprocess.run(
            [*command, "--nbval-lax", *arguments, what],
            cwd=proven.book,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": source},
            check=False,
        )
        assert (result.returncode != 0) == fails, result.stdout
        return result.stdout

    for path in proof.notebooks(proven.book):
        write_notebook(path, code("print(1)"), code("2"))
    proven.record.unlink()
    return run


def test_what_passes_is_on_record_and_what_fails_is_not(proven, prove):
    write_notebook(proven.first, code("1"), code("1 / 0"))
    assert "1 failed, 5 passed" in prove("--due", fails=True)
    assert proof.due(proven.book) == (["01_first"], "02_second")


def test_what_is_due_is_proved_and_one_more_in_its_turn(proven, prove):
    keys = {path.stem: proof.proof_key(path, proven.book) for path in proof.notebooks(proven.book)}
    del keys["03_third"]
    proof.note(proven.book, keys)
    said = prove("--due", "--numprocesses", "2", "--dist", "loadfile")
    assert "4 passed" in said
    assert proof.due(proven.book) == ([], "02_second")


def test_a_proof_of_some_cells_is_none(proven, prove):
    prove("--deselect", f"{FIRST}::Cell 1", what=FIRST)
    assert "01_first" in proof.due(proven.book)[0]


def test_a_notebook_that_passes_alone_is_proved_alone(proven, prove):
    prove(what=FIRST)
    assert proof.due(proven.book)[0] == ["02_second", "03_third"]


def test_a_notebook_with_a_cell_that_is_skipped_is_not_proved(proven, prove):
    write_notebook(proven.first, code("# NBVAL_SKIP\n1 / 0"), code("2"))
    prove(what=FIRST)
    assert "01_first" in proof.due(proven.book)[0]


def test_a_notebook_that_changes_while_it_is_proved_is_not_proved(proven, prove):
    source = "from pathlib import Path\np = Path('01_first.ipynb')\n"
    write_notebook(
        proven.first, code(f"{source}p.write_text(p.read_text().replace('2', '3'))"), code("2")
    )
    prove(what=FIRST)
    assert "01_first" in proof.due(proven.book)[0]


def test_outputs_that_come_out_otherwise_are_not_proved(proven, prove):
    cell = code("print(1)", tags=["nbval-check-output"])
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "2\n"}]
    write_notebook(proven.first, cell)
    prove(what=FIRST, fails=True)
    assert "01_first" in proof.due(proven.book)[0]
