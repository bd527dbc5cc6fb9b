"""Labs: the students' notebooks are their masters without answers, and each lab teaches."""

import json
import re
import shutil

import nbformat
import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner
from sklearn.datasets import load_digits

from qkv.cli import main
from qkv.errors import QkvError
from qkv.grade.sets.exercises import STUB_SAYS
from qkv.grade.sets.labs import lab_folders, prove_lab, student_version, write_labs
from qkv.paths import root

LABS = lab_folders()
each_lab = pytest.mark.parametrize("folder", LABS, ids=lambda folder: folder.name)


def sources(notebook, tag=None):
    return [
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and (tag is None or tag in cell.metadata.get("tags", []))
    ]


def test_there_is_a_lab():
    assert LABS


@each_lab
def test_every_answer_gap_and_misconception_of_a_lab_does_what_it_should(folder):
    assert prove_lab(folder) == []


@each_lab
def test_students_get_every_gap_and_no_answer(folder):
    master = nbformat.read(folder / "master.ipynb", 4)
    given = student_version(folder)
    nbformat.validate(given)
    gaps = sources(given, "gap")
    assert len(gaps) == len(sources(master, "gap")) > 3
    for gap, answered in zip(gaps, sources(master, "gap"), strict=True):
        assert gap.count(STUB_SAYS) == 1
        answer = re.search("BEGIN SOLUTION\n(.*?) *### END", answered, re.S)[1].splitlines()
        assert answer
        assert not set(answer) & set(gap.splitlines())
    text = json.dumps(given)
    assert "SOLUTION" not in text
    assert not any(cell.get("outputs") for cell in given.cells)


@each_lab
def test_the_plan_speaks_of_every_prediction_and_of_plan_b(folder):
    plan = (folder / "plan.md").read_text("utf-8")
    assert "## Plan B" in plan
    predicted = "\n".join(sources(nbformat.read(folder / "master.ipynb", 4))).count("mine.predict(")
    told = re.search("## Before each answer\n(.*?)\n## ", plan, re.S)[1]
    assert told.count("\n- *") >= predicted  # a wrong answer to expect, for each
    assert "Mini-project" in plan


def test_the_committed_labs_agree_with_their_masters(capsys):
    assert write_labs(check=True) == 0, capsys.readouterr().out


def test_the_shares_that_the_plan_of_chapter_4_names_are_those_of_a_run():
    digits = load_digits()
    images, labels = torch.tensor(digits.data, dtype=torch.float32), torch.tensor(digits.target)
    upper = images.clone()
    upper[:, 32:] = 0

    def right(keys, queries, count=1500, sharpness=50):
        keys, queries = F.normalize(keys[:count], dim=1), F.normalize(queries[1500:], dim=1)
        values = F.one_hot(labels[:count], 10).float()
        context = (sharpness * queries @ keys.T).softmax(dim=1) @ values
        return float((context.argmax(dim=1) == labels[1500:]).float().mean())

    assert 0.90 < right(images, images) < 0.97
    assert abs(right(images, images, sharpness=1000) - right(images, images)) < 0.02  # level
    assert 0.80 < right(images, images, 100) < 0.87
    assert abs(right(images, images, 100, 1000) - right(images, images, 100)) < 0.02
    assert 0.50 < right(images, upper) < 0.60
    assert 0.80 < right(upper, upper) < 0.90
    assert round(float(torch.tensor([2.0, 1, 0]).softmax(dim=0)[0]), 3) == 0.665


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A book of the book's first lab, to be changed."""
    (tmp_path / "chapters").mkdir()
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: x\n")
    shutil.copytree(LABS[0], tmp_path / "labs" / LABS[0].name)
    monkeypatch.chdir(tmp_path)
    assert root() == tmp_path
    return lab_folders()[0]


def change(lab, name, old, new):
    path = lab / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        ("master.ipynb", "return scores.softmax(dim=-1)", "return scores", "the answers fail"),
        ("master.ipynb", 'mine.predict(\\"largest weight', 'mine.said.get(\\"x', "meets"),
        ("misconceptions.py", "prediction = 2\n", "prediction = 1\n", "expected '2 cannot be'"),
        ("misconceptions.py", "# %% largest | a score", "# %% lagest | a score", "no such gap"),
        ("plan.md", "| 10 ", "| 20 ", "its parts take 100 minutes, a lesson 90"),
    ],
)
def test_a_lab_that_does_not_teach_is_told_why(lab, name, old, new, problem):
    change(lab, name, old, new)
    assert any(problem in found for found in prove_lab(lab)), prove_lab(lab)


def test_a_gap_without_an_answer_is_named(lab):
    change(lab, "master.ipynb", "### BEGIN SOLUTION", "### BEGIN")
    with pytest.raises(QkvError, match=r"master\.ipynb, cell \d+: a gap without an answer"):
        student_version(lab)


def test_a_changed_master_is_noticed_and_written(lab):
    change(lab, "master.ipynb", "Close the book.", "Shut the book.")
    assert CliRunner().invoke(main, ["labs", "--check"]).exit_code == 1
    done = CliRunner().invoke(main, ["labs"])
    assert done.output == f"wrote labs/{lab.name}/{lab.name}_lab.ipynb\n"
    assert CliRunner().invoke(main, ["labs", "--check"]).exit_code == 0
    assert "Shut the book." in (lab / f"{lab.name}_lab.ipynb").read_text("utf-8")
