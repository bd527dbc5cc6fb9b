import json
import os
import signal
import subprocess
import sys
from time import sleep
from types import SimpleNamespace

import pytest
from toy_book import EXPORT, code, make_book, prose, write_notebook

QKV = [sys.executable, "-c", "from qkv.cli import main; main()"]

MESSY = """\
import os, sys, warnings
from IPython.display import display
from ipywidgets import IntSlider
from tqdm import tqdm
from tqdm.auto import tqdm as notebook_tqdm

for _ in tqdm(range(3), desc="steps"):
    print("a line")
for _ in notebook_tqdm(range(3)):
    pass
warnings.warn("beware")
display(IntSlider())
print(os.environ["OMP_NUM_THREADS"], hash("seed"), "0x1f600", os.getcwd())
print("10%\\r100%", file=sys.stderr)
object()"""

EDITS_ITSELF = """\
from pathlib import Path
path = Path("04_hasty.ipynb")
path.write_text(path.read_text() + " ")"""


def qkv(book, *arguments):
    """Run the command in `book`; return its exit code, and what it said."""
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "MPLBACKEND": "agg"}
    done = subprocess.run(
        [*QKV, *arguments], cwd=book, env=environment, capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """What `qkv run` made of a book of five notebooks, three of which cannot be stored."""
    book = make_book(tmp_path_factory.mktemp("book"))
    write_notebook(
        book / "chapters/01_first.ipynb",
        prose("# First"),
        code("def double(x):\n    return 2 * x", **EXPORT),
        code(MESSY),
        code(""),
        code("double(4)"),
    )
    write_notebook(
        book / "chapters/02_wrong.ipynb",
        prose("# Wrong"),
        code("import qkv.outer"),
        code("\n".join(f"x = {number}" for number in range(1, 9)) + "\nqkv.outer.pick(x)\n# end"),
    )
    write_notebook(
        book / "chapters/03_third.ipynb",
        prose("# Third"),
        code("from qkv.chapters.first import double\ndouble(21)"),
    )
    write_notebook(book / "chapters/04_hasty.ipynb", prose("# Hasty"), code(EDITS_ITSELF))
    write_notebook(book / "chapters/05_dying.ipynb", code("import os; os.kill(os.getpid(), 9)"))
    before = files(book)
    status, last, said = qkv(book, "run")
    return SimpleNamespace(
        book=book, before=before, after=files(book), status=status, last=last, said=said
    )


def files(book):
    """Return what each notebook's file holds."""
    return {path.stem: path.read_bytes() for path in (book / "chapters").glob("*.ipynb")}


def outputs(ran, name, index):
    """Return the stored outputs of a notebook's cell."""
    return json.loads(ran.after[name])["cells"][index]["outputs"]


def test_a_failing_cell_is_named_with_its_chapter_number_lines_and_error(ran):
    message = """\
failed in code cell 2 of 2, line 9:

      6  x = 6
      7  x = 7
      8  x = 8
  >   9  qkv.outer.pick(x)
     10  # end

  IndexError: list index out of range
  raised in src/qkv/outer.py, line 7, in pick
"""
    where = ran.said.index(message)
    assert ran.said[:where].splitlines()[-1].startswith("02_wrong ")


def test_the_others_finish_and_the_exit_code_is_1(ran):
    assert ran.status == 1
    assert ran.after["01_first"] != ran.before["01_first"]
    assert outputs(ran, "03_third", 1)[0]["data"]["text/plain"] == ["42"]


def test_the_last_line_names_the_notebooks_that_failed(ran):
    assert ran.last.startswith("3 of 5 notebooks failed after ")
    assert ran.last.endswith("; nothing was stored for 02_wrong, 04_hasty, 05_dying\n")


def test_a_failed_notebook_keeps_its_file(ran):
    assert ran.after["02_wrong"] == ran.before["02_wrong"]
    assert ran.after["05_dying"] == ran.before["05_dying"]


def test_a_notebook_whose_process_dies_is_said_so(ran):
    assert "failed in code cell 1 of 1" in ran.said
    assert "its process died" in ran.said


def test_a_notebook_edited_while_it_runs_keeps_the_edit(ran):
    assert ran.after["04_hasty"] == ran.before["04_hasty"] + b" "
    assert "was edited while it ran" in ran.said


def test_each_notebook_has_its_line_of_progress(ran):
    for name, cells in (("01_first", 3), ("03_third", 1)):
        assert any(
            line.startswith(name) and f"{cells} code cells run and stored, " in line
            for line in ran.said.splitlines()
        )


def test_times_and_dates_are_noted_for_what_was_stored(ran):
    runs = json.loads((ran.book / "book/runs.json").read_text())
    assert list(runs) == ["01_first", "03_third"]
    assert runs["01_first"]["cells"] == 3
    assert runs["01_first"]["seconds"] > 0


def test_a_time_is_that_of_the_processor_with_the_processes_that_were_started(tmp_path):
    book = make_book(tmp_path)
    burn = "import time\nwhile time.process_time() < 3: pass"
    write_notebook(book / "chapters/01_asleep.ipynb", code("import time; time.sleep(6)"))
    write_notebook(
        book / "chapters/02_busy.ipynb",
        code(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])"),
    )
    status, _, said = qkv(book, "run")
    assert status == 0, said
    runs = json.loads((book / "book/runs.json").read_text())
    assert 0 < runs["01_asleep"]["seconds"] < 5
    assert runs["02_busy"]["seconds"] >= 3


def test_running_again_changes_no_byte(ran):
    status, _, said = qkv(ran.book, "run", "01", "--force")
    assert status == 0, said
    assert files(ran.book)["01_first"] == ran.after["01_first"]


def test_fresh_notebooks_are_not_run_again(ran):
    status, said, _ = qkv(ran.book, "run", "1", "01_first", "chapters/03_third.ipynb")
    assert (status, said) == (0, "nothing to run: the outputs of 2 notebooks are fresh\n")


def test_bars_widgets_and_addresses_are_not_stored(ran):
    shown = outputs(ran, "01_first", 2)
    stdout = next(output["text"] for output in shown if output.get("name") == "stdout")
    assert stdout == ["a line\n"] * 3
    assert "".join(outputs_text(shown)).count("it/s") == 0
    assert b"widget" not in ran.after["01_first"].replace(b"ipywidgets", b"")
    assert shown[-1]["data"]["text/plain"] == ["<object at 0x…>"]


def outputs_text(shown):
    """Return every line of text in a cell's outputs."""
    return [
        line
        for output in shown
        for line in output.get("text", output.get("data", {}).get("text/plain", []))
    ]


def test_warnings_name_no_file_of_this_run(ran):
    lines = outputs_text(outputs(ran, "01_first", 2))
    assert "cell:11: UserWarning: beware\n" in lines


def test_a_kernel_has_one_thread_one_hash_seed_and_the_chapters_folder(ran):
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    hashed = subprocess.run(
        [sys.executable, "-c", "print(hash('seed'))"], env=environment, capture_output=True
    )
    line = f"1 {hashed.stdout.decode().strip()} 0x1f600 chapters\n"
    assert line in outputs_text(outputs(ran, "01_first", 2))


def test_code_cells_are_numbered_from_1_and_empty_ones_not_at_all(ran):
    cells = json.loads(ran.after["01_first"])["cells"]
    assert [cell.get("execution_count") for cell in cells] == [None, 1, 2, None, 3]


def test_ctrl_c_stops_the_kernel_and_leaves_the_file_as_it_was(tmp_path):
    book = make_book(tmp_path)
    write_notebook(
        book / "chapters/01_slow.ipynb",
        code("x = 1"),
        code("import os\nprint(os.getpid(), file=open('pid.part', 'w'))"),
        code("os.replace('pid.part', 'pid')\nimport time\ntime.sleep(600)"),
    )
    before = files(book)
    process = subprocess.Popen(
        [*QKV, "run"],
        cwd=book,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever started these tests in the background made them, and their children, deaf to it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not (book / "chapters/pid").exists():
        assert process.poll() is None, process.stderr.read()
        sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.endswith("stopped: 0 of 1 notebook stored, every other file is as it was\n")
    assert files(book) == before
    assert not list(book.rglob("*.tmp"))
    with pytest.raises(ProcessLookupError):
        os.kill(int((book / "chapters/pid").read_text()), 0)
