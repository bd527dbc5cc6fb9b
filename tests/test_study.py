import json
import re
import shutil
import subprocess

import pytest
from click.testing import CliRunner

from qkv import study
from qkv.cli import main
from qkv.errors import QkvError

SCRIPT = """
from pathlib import Path

def settings():
    return [{"seed": seed, "size": 3} for seed in range(3)]

def run(seed, size):
    with open("ran.txt", "a") as log:
        print(seed, file=log)
    if Path("broken").exists() and seed == 1:
        raise RuntimeError("out of luck")
    return {"double": 2 * seed, "curve": [0.5, size]}
"""


@pytest.fixture
def book(tmp_path, monkeypatch):
    """An empty book with one study, the current folder."""
    (tmp_path / "_toc.yml").write_text("")
    (tmp_path / "chapters").mkdir()
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "luck.py").write_text(SCRIPT)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    study.sys.modules.pop("qkv_study_luck", None)


def ran(book):
    return sorted((book / "ran.txt").read_text().split())


def test_a_study_stores_its_settings_and_numbers_in_order(book):
    assert study.run_study("luck", jobs=2)
    runs = study.results("luck")
    assert [run["seed"] for run in runs] == [0, 1, 2]
    assert [run["double"] for run in runs] == [0, 2, 4]
    assert all(run["curve"] == [0.5, 3] for run in runs)
    assert all(run["seconds"] >= 0 for run in runs)
    assert study.stale() == []


def test_each_run_has_one_thread(book):
    text = "import torch\n" + SCRIPT.replace("2 * seed", "torch.get_num_threads()")
    (book / "studies" / "luck.py").write_text(text)
    study.run_study("luck", jobs=2)
    assert [run["double"] for run in study.results("luck")] == [1, 1, 1]


def test_a_fresh_study_is_not_run_again_unless_forced(book):
    study.run_study("luck")
    assert not study.run_study("luck")
    assert ran(book) == ["0", "1", "2"]
    assert study.run_study("luck", force=True)
    assert ran(book) == ["0", "0", "1", "1", "2", "2"]


def test_a_failing_run_is_named_and_the_finished_ones_are_kept(book):
    (book / "broken").touch()
    with pytest.raises(study.StudyError, match=r"study luck failed at .*'seed': 1.*out of luck"):
        study.run_study("luck")
    with pytest.raises(QkvError, match="qkv study luck"):
        study.results("luck")
    (book / "broken").unlink()
    (book / "ran.txt").unlink()
    study.run_study("luck")
    assert "0" not in ran(book)
    assert [run["seed"] for run in study.results("luck")] == [0, 1, 2]


def test_changed_code_makes_the_results_stale_and_says_the_command(book):
    assert study.stale() == ["study luck has no results: run  qkv study luck"]
    study.run_study("luck")
    (book / "studies" / "luck.py").write_text(SCRIPT.replace("2 * seed", "3 * seed"))
    (problem,) = study.stale()
    assert problem.startswith("study luck: its code or versions changed: run  qkv study luck")
    study.sys.modules.pop("qkv_study_luck")
    study.run_study("luck")
    assert study.results("luck")[1]["double"] == 3
    assert study.stale() == []


def test_a_module_that_the_study_imports_counts_as_its_code(book):
    package = book / "src" / "qkv"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "coin.py").write_text("SIDES = 2\n")
    (book / "studies" / "luck.py").write_text("from qkv.coin import SIDES\n" + SCRIPT)
    before = study._fingerprint("luck")
    (package / "coin.py").write_text("SIDES = 3\n")
    assert study._fingerprint("luck") != before


def test_results_without_a_study_are_named(book):
    study.run_study("luck")
    shutil.move(book / "studies" / "luck.py", book / "luck.py")
    assert study.stale() == ["studies/results/luck.json belongs to no study: delete it"]


def test_numbers_that_json_cannot_hold_are_an_error(book):
    text = SCRIPT.replace("2 * seed", "float('nan')")
    (book / "studies" / "luck.py").write_text(text)
    with pytest.raises(study.StudyError, match="not JSON compliant"):
        study.run_study("luck")


def test_the_command_names_an_unknown_study(book):
    result = CliRunner().invoke(main, ["study", "fortune"])
    assert result.exit_code == 1
    assert "no study 'fortune'" in result.output
    assert "luck" in result.output


def test_the_command_says_what_it_did(book):
    assert "results stored" in CliRunner().invoke(main, ["study"]).output
    assert "nothing to run" in CliRunner().invoke(main, ["study", "luck"]).output


def test_the_results_file_is_json_with_one_line_a_run(book):
    study.run_study("luck")
    text = (book / "studies" / "results" / "luck.json").read_text()
    assert json.loads(text)["study"] == "luck"
    assert sum('"seed"' in line for line in text.splitlines()) == 3


def change(book, old, new):
    """Change the study's script, as another process finds it."""
    path = book / "studies" / "luck.py"
    assert path.read_text().count(old) == 1
    path.write_text(path.read_text().replace(old, new))
    study.sys.modules.pop("qkv_study_luck", None)


def stored(book):
    return json.loads((book / "studies/results/luck.json").read_text())


def test_a_recheck_runs_one_setting_and_keeps_the_others_under_the_new_code(book):
    study.run_study("luck")
    results, before = study.results("luck"), stored(book)["fingerprint"]
    change(book, "2 * seed", "seed * 2")
    result = CliRunner().invoke(main, ["study", "luck", "--recheck"])
    assert "came out as it was (largest difference 0)" in result.output
    assert len(ran(book)) == 4
    assert study.stale() == []
    assert study.results("luck") == results
    file = stored(book)
    (checked,) = file["rechecked"]
    assert file["measured"] == before
    assert checked["fingerprint"] == file["fingerprint"] != before
    assert checked["setting"] in [run["setting"] for run in file["runs"]]


def test_the_setting_that_is_rechecked_is_the_quickest(book):
    study.run_study("luck")
    path = book / "studies/results/luck.json"
    text = re.sub(r'("seed": 1.*"seconds": )[\d.]+', r"\1-1", path.read_text())
    path.write_text(text)
    change(book, "2 * seed", "seed * 2")
    study.recheck("luck")
    assert stored(book)["rechecked"][0]["setting"] == {"seed": 1, "size": 3}


def test_every_recheck_is_noted_with_the_code_of_the_measurement(book):
    study.run_study("luck")
    before = stored(book)["fingerprint"]
    for old, new in [("2 * seed", "seed * 2"), ("seed * 2", "seed + seed")]:
        change(book, old, new)
        study.recheck("luck")
    file = stored(book)
    assert (len(file["rechecked"]), file["measured"]) == (2, before)
    change(book, "seed + seed", "3 * seed")
    study.run_study("luck")
    assert set(stored(book)) == {"study", "fingerprint", "runs"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2 * seed", "2 * seed + 0.001", "'double' differs by"),
        ("[0.5, size]", "[0.5, size * 1.00001]", r"'curve'\[1\] differs by 1e-05"),
        ("[0.5, size]", "[0.5]", "'curve' differs"),
        ('"curve"', '"bend"', "the result differs"),
        ("[0.5, size]", "[0.5, None]", r"'curve'\[1\] differs"),
        ("range(3)]", "range(4)]", "other settings than its results"),
        ("2 * seed", "2 / 0", "study luck failed at .* division by zero"),
    ],
)
def test_a_recheck_that_finds_other_numbers_changes_nothing(book, old, new, words):
    study.run_study("luck")
    before = stored(book)
    change(book, old, new)
    with pytest.raises((QkvError, study.StudyError), match=words):
        study.recheck("luck")
    assert stored(book) == before
    assert len(study.stale()) == 1


def test_the_smallest_differences_pass_and_are_told(book):
    study.run_study("luck")
    change(book, "[0.5, size]", "[0.5, size * (1 + 1e-8)]")
    assert "largest difference 1e-08" in study.recheck("luck")


def test_times_beside_the_result_are_not_compared(book):
    change(book, '"curve"', '"training": __import__("time").time_ns() % 10**6, "curve"')
    study.run_study("luck")
    change(book, "2 * seed", "seed * 2")
    assert study.recheck("luck")


def in_git(book):
    for words in ("init -q", "add -A", "-c user.name=a -c user.email=a@b commit -qm one"):
        subprocess.run(["git", *words.split()], cwd=book, check=True)


def from_another_processor(book):
    """The stored numbers are a little others than this machine's."""
    path = book / "studies/results/luck.json"
    path.write_text(re.sub(r'"double": (\d+)', r'"double": 1\1', path.read_text()))


def test_numbers_of_another_processor_are_rechecked_against_the_code_that_gave_them(book):
    study.run_study("luck")
    from_another_processor(book)
    in_git(book)
    change(book, "2 * seed", "seed * 2")
    results = study.results("luck")
    with pytest.raises(QkvError, match="'double' differs by"):
        study.recheck("luck")
    assert "came out as it was" in study.recheck("luck", against="HEAD")
    assert study.results("luck") == results
    assert stored(book)["rechecked"][0]["against"] == "HEAD"
    listed = subprocess.run(["git", "worktree", "list"], cwd=book, capture_output=True, text=True)
    assert len(listed.stdout.splitlines()) == 1


def test_against_a_revision_other_numbers_or_results_change_nothing(book):
    study.run_study("luck")
    in_git(book)
    change(book, "2 * seed", "3 * seed + 1")
    before = stored(book)
    with pytest.raises(QkvError, match="'double' differs by"):
        study.recheck("luck", against="HEAD")
    from_another_processor(book)
    with pytest.raises(QkvError, match="HEAD holds other results"):
        study.recheck("luck", against="HEAD")
    with pytest.raises(QkvError, match="git worktree failed"):
        study.recheck("luck", against="nowhere")
    assert stored(book)["fingerprint"] == before["fingerprint"]


def test_a_study_of_the_machine_is_not_rechecked_but_run(book):
    change(book, '"curve"', '"milliseconds": 1, "curve"')
    study.run_study("luck")
    change(book, "2 * seed", "seed * 2")
    with pytest.raises(QkvError, match=r"measures the machine.* run  qkv study luck"):
        study.recheck("luck")


def test_a_study_that_is_fresh_or_has_no_results_is_not_rechecked(book):
    with pytest.raises(QkvError, match="no results to recheck: run  qkv study luck"):
        study.recheck("luck")
    study.run_study("luck")
    assert "nothing to recheck" in CliRunner().invoke(main, ["study", "--recheck"]).output
    assert ran(book) == ["0", "1", "2"]
