import json
import os
import unicodedata

import nbformat
import pytest
from tests.grade.attacks.target import RIGHT, answered, master

from qkv.grade import intake
from qkv.grade.intake import UnreadableError, check_student, read_file, rebuild


def base():
    return master()


def given():
    """What the students got: the same without hidden tests."""
    notebook = base()
    for cell in notebook.cells:
        cell.source = cell.source.split("\n### BEGIN HIDDEN")[0]
    return notebook


def rebuilt(data):
    known = {c.metadata.nbgrader.grade_id: c.source for c in given().cells}
    return rebuild(base(), data, known)


def handed_in(edit=lambda notebook: None, answers=RIGHT):
    notebook = json.loads(nbformat.writes(answered(given(), answers)))
    edit(notebook)
    return json.dumps(notebook).encode()


def source(submission, grade_id):
    for cell in submission.notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id:
            return cell.source
    return None


def test_answers_are_put_into_the_released_notebook():
    submission = rebuilt(handed_in())
    assert source(submission, "scale") == RIGHT["scale"]
    assert submission.findings == []
    assert len(submission.notebook.cells) == len(base().cells)


def test_brackets_in_what_a_cell_printed_are_no_parts_of_the_notebook():
    def edit(notebook):
        printed = nbformat.v4.new_output("stream", text='[["a\\"], ' * 600_000)
        notebook["cells"][1]["outputs"] = [printed]

    submission = rebuilt(handed_in(edit))
    assert submission.findings == []
    assert source(submission, "scale") == RIGHT["scale"]


@pytest.mark.parametrize("text", [b'"', b'"\\', b'\\"', b'["', b'"\\\\'])
def test_a_file_of_nothing_but_quotes_is_refused_at_once(text):
    found = rebuilt(text * (18_000_000 // len(text)))
    assert not found.readable


def test_a_locked_cell_is_restored_and_reported():
    def edit(notebook):
        notebook["cells"][2]["source"] = "pass"

    submission = rebuilt(handed_in(edit))
    assert source(submission, "test_add") == source(rebuilt(handed_in()), "test_add")
    assert submission.findings == ["The locked cell test_add was changed; it was restored."]


def test_metadata_outputs_and_ids_have_no_way_in():
    def edit(notebook):
        notebook["metadata"] = {"kernelspec": {"name": "evil"}}
        for cell in notebook["cells"]:
            cell["metadata"] |= {"tags": ["skip-execution"], "evil": 1}
            cell["id"] = "evil"
            cell["outputs"] = [{"evil": 1}]

    text = nbformat.writes(rebuilt(handed_in(edit)).notebook)
    assert "evil" not in text
    assert "skip-execution" not in text


def test_a_cell_copied_by_accident_counts_once():
    def edit(notebook):
        notebook["cells"].insert(2, {**notebook["cells"][1], "source": "# YOUR CODE HERE"})

    submission = rebuilt(handed_in(edit))
    assert source(submission, "add") == RIGHT["add"]
    assert "only the first one counts" in submission.findings[0]


def test_of_two_copies_the_one_with_work_counts():
    def edit(notebook):
        notebook["cells"].insert(1, {**notebook["cells"][1], "source": base().cells[1].source})

    assert source(rebuilt(handed_in(edit)), "add") == RIGHT["add"]


def test_cells_that_the_student_added_stay_where_they_were():
    def edit(notebook):
        cell = {"cell_type": "code", "source": "helper = 1", "metadata": {}, "id": "mine"}
        notebook["cells"].insert(3, cell)

    cells = rebuilt(handed_in(edit)).notebook.cells
    assert cells[3].source == "helper = 1"
    assert cells[3].metadata == {"qkv": "added"}


def test_a_cell_that_claims_an_unknown_id_is_left_out():
    def edit(notebook):
        info = {"grade_id": "bonus", "grade": True, "points": 50}
        cell = {"cell_type": "code", "source": "50", "metadata": {"nbgrader": info}}
        notebook["cells"].append(cell)

    submission = rebuilt(handed_in(edit))
    assert len(submission.notebook.cells) == len(base().cells)
    assert "unknown id ('bonus')" in submission.findings[0]


def test_a_missing_answer_is_the_empty_cell_and_a_finding():
    def edit(notebook):
        del notebook["cells"][1]

    submission = rebuilt(handed_in(edit))
    assert source(submission, "add") == base().cells[1].source
    assert submission.findings == ["The cell add is missing; the empty one was put back."]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"{", "no valid JSON"),
        (b"\xff\x00", "no valid JSON"),
        (b"[" * 200_000, "no valid JSON"),
        (b"[" * 500_000, "too many parts"),
        (b"[]", "no notebook"),
        (b'{"cells": {}}', "no notebook"),
        (b'{"cells": [' + b"0," * 600 + b"0]}", "601 cells"),
    ],
)
def test_whatever_arrives_gives_a_sentence(data, said):
    submission = rebuilt(data)
    assert not submission.readable
    assert said in submission.findings[0]
    assert len(submission.notebook.cells) == len(base().cells)


def test_a_file_is_read_without_following_links(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "a" / "n.ipynb").symlink_to(tmp_path / "secret")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    os.mkfifo(tmp_path / "a" / "pipe.ipynb")
    os.link(tmp_path / "secret", tmp_path / "a" / "hard.ipynb")
    for names, said in [
        (("a", "n.ipynb"), "a link"),
        (("b", "n.ipynb"), "no folder or a link"),
        (("a", "pipe.ipynb"), "a pipe"),
        (("a", "hard.ipynb"), "second name"),
        (("a", "none.ipynb"), "nothing was handed in"),
        (("none", "n.ipynb"), "nothing was handed in"),
        (("secret", "n.ipynb"), "no folder or a link"),
    ]:
        with pytest.raises(UnreadableError, match=said):
            read_file(tmp_path, *names)


@pytest.mark.parametrize("name", ["ada", "a.lovelace@uni.example", "u-1_2", "2024"])
def test_a_plain_name_is_a_student_id(name):
    assert check_student(name) == name


@pytest.mark.parametrize("name", ["", "..", "a/b", "-rf", ".ada", "a b", "*", "a\n", "é", "x" * 99])
def test_a_name_that_could_be_something_else_is_refused(name):
    with pytest.raises(ValueError, match="student id"):
        check_student(name)


def resaved(change):
    """The hand-in as another program would have saved it: every cell's source changed."""

    def edit(notebook):
        for cell in notebook["cells"]:
            cell["source"] = change("".join(cell["source"]))

    return handed_in(edit)


@pytest.mark.parametrize(
    "change",
    [
        lambda source: source.replace("\n", "\r\n"),
        lambda source: source.replace("\n", "\r"),
        lambda source: "\n".join(line + "  \t" for line in source.split("\n")),
        lambda source: source + "\n\n",
        lambda source: "\ufeff" + source,
        lambda source: unicodedata.normalize("NFD", source),
    ],
    ids=["CRLF", "CR", "blanks", "empty lines", "byte order mark", "decomposed"],
)
def test_what_a_program_changes_on_saving_is_no_change_of_the_students(change):
    submission = rebuilt(resaved(change))
    assert submission.findings == []
    assert len(submission.notebook.cells) == len(base().cells)
    assert "\r" not in nbformat.writes(submission.notebook)


@pytest.mark.parametrize("old", ["  return", "add"])
def test_what_is_typed_into_a_locked_cell_is_told(old):
    def edit(notebook):
        cell = next(c for c in notebook["cells"] if "test_add" in str(c["metadata"]))
        cell["source"] = " " + "".join(cell["source"]).replace("assert", "  assert", 1) + "x"

    assert "test_add was changed" in rebuilt(handed_in(edit)).findings[0]


def test_cells_without_ids_are_the_same_notebook():
    def edit(notebook):
        notebook["nbformat_minor"] = 2
        for cell in notebook["cells"]:
            cell.pop("id", None)

    submission = rebuilt(handed_in(edit))
    assert (submission.findings, source(submission, "scale")) == ([], RIGHT["scale"])


def test_a_notebook_saved_in_version_3_is_read():
    def edit(notebook):
        cells = notebook.pop("cells")
        for cell in cells:
            if cell["cell_type"] == "code":
                cell["input"] = cell.pop("source")
        heading = {"cell_type": "heading", "level": 2, "source": ["Mine"], "metadata": {}}
        notebook |= {"nbformat": 3, "worksheets": [{"cells": [*cells, heading]}]}

    submission = rebuilt(handed_in(edit))
    assert (submission.findings, source(submission, "scale")) == ([], RIGHT["scale"])
    assert submission.notebook.cells[-1].source == "## Mine"


def test_a_cell_whose_metadata_a_program_lost_is_known_by_its_id():
    released = base()
    handed = json.loads(nbformat.writes(answered(released, RIGHT)))
    for cell in handed["cells"]:
        cell["metadata"] = {}
    known = {c.metadata.nbgrader.grade_id: c.source for c in given().cells}
    submission = rebuild(released, json.dumps(handed).encode(), known)
    assert source(submission, "scale") == RIGHT["scale"]
    assert not any("missing" in finding for finding in submission.findings)


def test_files_are_read_as_safely_where_folders_cannot_be_held_open(tmp_path, monkeypatch):
    """Windows has no O_NOFOLLOW, and opens nothing relative to a folder."""
    monkeypatch.setattr(os, "supports_dir_fd", set())
    for name in ("O_NOFOLLOW", "O_DIRECTORY", "O_NONBLOCK"):
        monkeypatch.delattr(os, name)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "n.ipynb").write_text("x")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "link.ipynb").symlink_to(tmp_path / "a" / "n.ipynb")
    assert read_file(tmp_path, "a", "n.ipynb") == b"x"
    for names in (("b", "n.ipynb"), ("a", "link.ipynb"), ("a", "none.ipynb"), ("c", "n.ipynb")):
        with pytest.raises(UnreadableError):
            intake.read_file(tmp_path, *names)


def test_a_given_cell_of_text_with_other_line_ends_is_not_added_once_more():
    released = base()
    released.cells.insert(1, nbformat.v4.new_markdown_cell("## A title\n\nand two lines"))
    handed = json.loads(nbformat.writes(answered(released, RIGHT)))
    handed["cells"][1] |= {"source": "## A title\r\n\r\nand two lines \r\n", "id": "other"}
    known = {c.metadata.nbgrader.grade_id: c.source for c in given().cells}
    submission = rebuild(released, json.dumps(handed).encode(), known)
    assert len(submission.notebook.cells) == len(released.cells)
