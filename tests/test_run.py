import asyncio
import io
import json
import os
import re
import signal
import subprocess
import sys
from time import sleep
from types import SimpleNamespace

import pytest

from qkv.publish import progress, stale, store
from qkv.publish.normalise import normalise, on_a_terminal
from qkv.publish.run import run_notebooks
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
  raised in src/qkv/outer.py, line 5, in pick
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
            line.startswith(name) and line.endswith(f"{cells} code cells run and stored")
            for line in ran.said.splitlines()
        )


def test_times_and_dates_are_noted_for_what_was_stored(ran):
    runs = json.loads((ran.book / "book/runs.json").read_text())
    assert list(runs) == ["01_first", "03_third"]
    assert runs["01_first"]["cells"] == 3
    assert runs["01_first"]["seconds"] > 0


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
    process = subprocess.Popen([*QKV, "run"], cwd=book, stderr=subprocess.PIPE, text=True)
    while not (book / "chapters/pid").exists():
        assert process.poll() is None, process.stderr.read()
        sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert said.endswith("stopped: 0 of 1 notebook stored, every other file is as it was\n")
    assert files(book) == before
    assert not list(book.rglob("*.tmp"))
    with pytest.raises(ProcessLookupError):
        os.kill(int((book / "chapters/pid").read_text()), 0)


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """A function that says whether a notebook, stored as fresh, still is; and its book."""
    book = make_book(tmp_path)
    monkeypatch.chdir(book)
    path = write_notebook(
        book / "chapters/01_first.ipynb",
        prose("# First"),
        code("%matplotlib inline\nimport numpy as np, yaml"),
        code("if True:\n    from qkv.outer import pick\n    !echo"),
        code("from qkv.live import Sweep\nfrom qkv.quiz import ask"),
        code("1 + 1"),
    )
    notebook = store.load(path)
    mark = {"key": stale.key(notebook, path, book), "outputs": stale.outputs_key(notebook)}
    notebook["metadata"]["qkv"] = mark
    path.write_text(json.dumps(notebook))

    def is_fresh():
        return stale.is_fresh(store.load(path), path, book)

    assert is_fresh()
    return SimpleNamespace(book=book, path=path, is_fresh=is_fresh)


def edit(path, old, new):
    """Replace the one `old` in a file."""
    text = path.read_text()
    assert text.count(old) == 1, text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("chapters/01_first.ipynb", "1 + 1", "1 + 2"),
        ("src/qkv/outer.py", "def pick", "def  pick"),
        ("src/qkv/inner.py", "10", "11"),
        ("src/qkv/live/sweep.py", "pass", "size = 1"),
        ("src/qkv/live/js/sweep.js", "{}", "{render}"),
        ("chapters/quiz/01_first.txt", "First", "Second"),
    ],
)
def test_a_notebook_is_stale_once_what_it_runs_has_changed(stored, file, old, new):
    edit(stored.book / file, old, new)
    assert not stored.is_fresh()


@pytest.mark.parametrize("package", ["numpy", "PyYAML", "click"])
def test_a_notebook_is_stale_once_an_imported_package_has_another_version(
    stored, monkeypatch, package
):
    version = stale.version
    monkeypatch.setattr(stale, "version", lambda name: "99" if name == package else version(name))
    assert not stored.is_fresh()


def test_the_version_of_a_package_that_is_not_imported_does_not_matter(stored, monkeypatch):
    version = stale.version
    monkeypatch.setattr(stale, "version", lambda name: "99" if name == "torch" else version(name))
    assert stored.is_fresh()


def test_the_kind_of_build_of_a_package_does_not_matter(stored, monkeypatch):
    version = stale.version
    monkeypatch.setattr(stale, "version", lambda name: version(name) + "+cpu")
    assert stored.is_fresh()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("chapters/01_first.ipynb", "# First", "# The first, in other words"),
        ("src/qkv/unused.py", "1", "2"),
    ],
)
def test_prose_and_modules_that_are_not_imported_make_nothing_stale(stored, file, old, new):
    edit(stored.book / file, old, new)
    assert stored.is_fresh()


def change_last_cell(stored, **changes):
    """Set fields of a notebook's last cell."""
    notebook = store.load(stored.path)
    notebook["cells"][-1].update(changes)
    stored.path.write_text(json.dumps(notebook))


def test_only_tags_that_change_the_run_make_a_notebook_stale(stored):
    change_last_cell(stored, metadata={"tags": ["claim", "hide-input"]})
    assert stored.is_fresh()
    change_last_cell(stored, metadata={"tags": ["raises-exception"]})
    assert not stored.is_fresh()


def test_outputs_changed_by_hand_make_a_notebook_stale(stored):
    output = {"output_type": "stream", "name": "stdout", "text": "2\n"}
    change_last_cell(stored, outputs=[output])
    assert not stored.is_fresh()


def test_an_unknown_chapter_is_named_with_those_that_exist(stored):
    with pytest.raises(ValueError, match="no chapter '07': chapters/ holds 01_first"):
        run_notebooks(["07"])


def test_a_file_that_is_no_notebook_is_named(stored):
    stored.path.write_text("<<<<<<< HEAD")
    with pytest.raises(ValueError, match=r"chapters/01_first\.ipynb is not a notebook"):
        run_notebooks([])


def test_a_crash_while_storing_leaves_the_old_file_alone(tmp_path, monkeypatch):
    path = tmp_path / "a.ipynb"
    path.write_text("old")

    def crash(*_):
        raise OSError("no space left")

    monkeypatch.setattr(store.os, "replace", crash)
    with pytest.raises(OSError, match="no space left"):
        store.store(path, "new")
    assert [file.name for file in tmp_path.iterdir()] == ["a.ipynb"]
    assert path.read_text() == "old"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("10%\r100%\n", "100%\n"),
        ("abc\rx\n", "xbc\n"),
        ("a long line\r\x1b[Kx", "x"),
        ("one\r\ntwo", "one\ntwo"),
    ],
)
def test_carriage_returns_are_resolved_as_a_terminal_does(written, shown):
    assert on_a_terminal(written) == shown


def normal(tmp_path, *outputs):
    """Return the outputs of one cell once they are normalised."""
    cell = {**code("x"), "outputs": list(outputs)}
    normalise({"cells": [cell], "metadata": {}}, tmp_path)
    return cell["outputs"]


def stream(name, text):
    return {"output_type": "stream", "name": name, "text": text}


def test_streams_are_merged_up_to_the_next_figure(tmp_path):
    figure = {"output_type": "display_data", "data": {"image/png": "AAAA"}, "metadata": {}}
    pieces = [stream("stderr", "1"), stream("stdout", "a"), stream("stderr", "2")]
    assert normal(tmp_path, *pieces, figure, stream("stdout", "b")) == [
        stream("stdout", "a"),
        stream("stderr", "12"),
        figure,
        stream("stdout", "b"),
    ]


@pytest.mark.parametrize(
    "bar",
    [
        "loss 0.31:  45%|████▌     | 45/100 [00:01<00:01, 31.2it/s]",
        "100%|██████████| 1.20k/1.20k [1:00:00<00:00, 3.4kB/s, loss=2]",
        "45it [00:01, 44.1it/s]",
    ],
)
def test_progress_bars_leave_what_else_was_said(tmp_path, bar):
    text = f"before\n\r{bar}\nafter\n"
    assert normal(tmp_path, stream("stderr", text)) == [stream("stderr", "before\nafter\n")]
    assert normal(tmp_path, stream("stderr", f"\r{bar}\n")) == []


def test_folders_of_this_machine_are_not_stored(tmp_path):
    text = f"{tmp_path}/src/qkv/a.py and /usr/lib/python3/site-packages/torch/nn.py"
    shown = normal(tmp_path, stream("stdout", text))
    assert shown == [stream("stdout", "src/qkv/a.py and site-packages/torch/nn.py")]


class Terminal(io.StringIO):
    """A terminal that knows the codes that the progress lines use."""

    def isatty(self):
        return True

    def screen(self):
        """Return the lines that are seen in the end."""
        lines, row = [""], 0
        for token in re.findall(r"\x1b\[\d*[FJ]|\n|[^\x1b\n]+", self.getvalue()):
            if token.endswith("F") and token.startswith("\x1b"):
                row -= int(token[2:-1])
            elif token == "\x1b[J":
                lines[row:] = [""]
            elif token == "\n":
                row += 1
                lines += [""] * (row == len(lines))
            else:
                lines[row] += token
        return [" ".join(line.split()) for line in lines if line]


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand; the progress lines go by it."""
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(progress, "monotonic", lambda: now.seconds)
    return now


def draw(lines):
    """Let the progress lines be redrawn once or more."""

    async def a_moment():
        drawing = asyncio.create_task(lines.keep_drawing())
        await asyncio.sleep(0.02)
        drawing.cancel()

    asyncio.run(a_moment())


def test_on_a_terminal_the_lines_are_updated_in_place(monkeypatch, clock):
    monkeypatch.setattr(progress, "REDRAW_SECONDS", 0)
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    lines = progress.Progress(["01_first", "02_second"])
    lines.start("01_first", 3)
    lines.start("02_second", 5)
    lines.step("02_second", 4)
    clock.seconds = 65
    draw(lines)
    assert terminal.screen() == [
        "01_first 1 min 05 s starting",
        "02_second 1 min 05 s cell 4 of 5",
    ]
    lines.finish("02_second", "done")
    clock.seconds = 66.5
    draw(lines)
    assert terminal.screen() == ["02_second 1 min 05 s done", "01_first 1 min 06 s starting"]


def test_in_a_log_a_notebook_says_now_and_then_where_it_is(monkeypatch, clock, capsys):
    monkeypatch.setattr(progress, "REDRAW_SECONDS", 0)
    lines = progress.Progress(["01_first"])
    lines.start("01_first", 3)
    lines.step("01_first", 2)
    clock.seconds = 29
    draw(lines)
    clock.seconds = 31
    draw(lines)
    said = [" ".join(line.split()) for line in capsys.readouterr().err.splitlines()]
    assert said == ["01_first running 3 code cells", "01_first 31.0 s cell 2 of 3"]
