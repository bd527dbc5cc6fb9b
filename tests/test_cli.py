"""What a user can do wrong is told in one sentence; a bug keeps its traceback."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from toy_book import code, make_book, prose, write_notebook

from qkv import cli
from qkv.grade.engine.sandbox import find_bwrap
from qkv.publish import export

QKV = [sys.executable, "-c", "from qkv.cli import main; main()"]
COMMANDS = [["run"], ["check"], ["export"], ["export", "--check"], ["build"]]


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book of one chapter, in a folder whose name has blanks and letters beyond ASCII."""
    book = make_book(tmp_path / "mein Buch ü")
    (book / "_config.yml").write_text("title: Toy\nhtml: {baseurl: ''}\n")
    write_notebook(book / "chapters/01_first.ipynb", prose("# First"), code("1 + 1"))
    monkeypatch.chdir(book)
    return book


def sentence(arguments, status=1):
    """Return what the command says, once it is found to be a mistake told in a few words."""
    done = CliRunner().invoke(cli.main, arguments)
    assert done.exit_code == status, (arguments, done.output, done.exception)
    assert isinstance(done.exception, SystemExit), (arguments, done.exception)
    last = done.output.strip().splitlines()[-1]
    assert last.startswith("Error: "), (arguments, done.output)
    return last


def notebook_with(**changes):
    """Return the text of a notebook with these parts changed, or without those that are None."""
    content = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **changes}
    return json.dumps({name: part for name, part in content.items() if part is not None})


BROKEN = {
    "empty": "",
    "blank": "\n\n",
    "no JSON": "# A chapter",
    "cut": notebook_with()[:-9],
    "a list": "[]",
    "a number": "7",
    "null": "null",
    "no cells": notebook_with(cells=None),
    "cells that are text": notebook_with(cells="x"),
    "a cell without source": notebook_with(cells=[{"cell_type": "code", "metadata": {}}]),
    "a cell without metadata": notebook_with(cells=[{"cell_type": "code", "source": ""}]),
    "a cell of no kind": notebook_with(cells=[{"source": "", "metadata": {}}]),
    "no metadata": notebook_with(metadata=None),
    "no format": notebook_with(nbformat=None),
    "format 3": notebook_with(nbformat=3, cells=None, worksheets=[]),
    "a merge": '{\n<<<<<<< HEAD\n "cells": [],\n=======\n "cells": [],\n>>>>>>> other\n}',
    "Latin-1": '{"cells": "é"}'.encode("latin-1"),
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_notebook_is_named_by_every_command(book, name):
    text = BROKEN[name]
    path = book / "chapters/02_second.ipynb"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    for command in COMMANDS:
        assert "chapters/02_second.ipynb" in sentence(command), command


def test_a_folder_or_a_dead_link_in_the_place_of_a_notebook_is_named(book):
    (book / "chapters/02_second.ipynb").mkdir()
    for command in COMMANDS:
        assert "chapters/02_second.ipynb cannot be read" in sentence(command)
    (book / "chapters/02_second.ipynb").rmdir()
    (book / "chapters/02_second.ipynb").symlink_to("nowhere")
    for command in COMMANDS:
        assert "chapters/02_second.ipynb cannot be read" in sentence(command)


def test_the_line_of_an_unfinished_merge_is_given(book):
    (book / "chapters/02_second.ipynb").write_text(BROKEN["a merge"])
    assert "(line 2: '<<<<<<< HEAD')" in sentence(["run"])


@pytest.mark.parametrize("name", ["01_first-Copy1", "Untitled-1", "1 2", "02_Ünder"])
def test_a_notebook_whose_name_is_no_module_is_not_asked_to_export_to_it(book, name):
    path = book / f"chapters/{name}.ipynb"
    path.write_bytes((book / "chapters/01_first.ipynb").read_bytes())
    said = sentence(["export"])
    assert name in said
    assert "default_exp" not in said


@pytest.mark.parametrize("name", ["_config.yml", "_toc.yml"])
def test_broken_settings_are_named(book, name):
    (book / name).write_text("a: [1\nb: 2")
    assert f"{name} is not YAML" in sentence(["build"])


def test_a_broken_list_of_runs_is_named_before_anything_is_run(book):
    (book / "book/runs.json").write_text("{")
    before = (book / "chapters/01_first.ipynb").read_bytes()
    assert "book/runs.json is not JSON" in sentence(["run"])
    assert (book / "chapters/01_first.ipynb").read_bytes() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve", "--port", "70000"],
        ["serve", "--port", "-1"],
        ["serve", "--port", "eighty"],
        ["serve", "--port", ""],
        ["run", "--jobs", "0"],
        ["run", "--jobs", "two"],
        ["study", "--jobs", "0"],
        ["study", "--jobs", "1.5"],
        ["new", "02"],
        ["nonsense"],
        ["run", "--nonsense"],
    ],
)
def test_an_option_that_cannot_be_meant_is_a_mistake_of_usage(book, arguments):
    sentence(arguments, status=2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "99"], "no chapter '99'"),
        (["run", ""], "no chapter ''"),
        (["run", "x" * 5000], "no chapter"),
        (["run", "../elsewhere.ipynb"], "no chapter"),
        (["study", "nothing"], "no study 'nothing'"),
        (["new", "100", "second"], "no chapter number"),
        (["new", "٢", "second"], "no chapter number"),
        (["new", "2", "Two words"], "no chapter name"),
        (["new", "2", "class"], "no chapter name"),
        (["new", "1", "second"], "chapter 01 exists"),
        (["serve"], "no site"),
    ],
)
def test_an_unknown_or_impossible_name_is_told_with_what_there_is(book, arguments, said):
    assert said in sentence(arguments)


def test_a_site_goes_into_no_file_no_other_folder_and_nothing_below_a_file(book):
    (book / "full").mkdir()
    for name in ("full/file", "file"):
        (book / name).write_text("mine")
    for out in ("file", "full", ".", "/", "file/below", "/proc/nothing", "/dev/null"):
        said = sentence(["build", "--out", out])
        assert "choose another --out" in said or "nothing can be stored" in said, said
    assert (book / "file").read_text() == "mine"


def test_more_jobs_than_notebooks_are_no_mistake(book):
    done = CliRunner().invoke(cli.main, ["run", "--jobs", "1000"])
    assert done.exit_code == 0, done.output
    assert json.loads((book / "chapters/01_first.ipynb").read_text())["cells"][1]["outputs"]


def test_a_port_that_is_taken_or_forbidden_is_told_with_another_one(book):
    (book / "_build/html").mkdir(parents=True)
    (book / "_build/html/.qkv-site").write_text("a site")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"port {port} is taken: try `qkv serve --port" in sentence(
            ["serve", "--port", str(port)]
        )


@pytest.mark.parametrize("arguments", [["run"], ["new", "05", "third"], ["export"]])
def test_in_a_book_that_can_only_be_read_a_command_says_so_at_once(book, arguments):
    said = in_a_read_only_book(book, *arguments)
    assert "Read-only file system" in said
    assert "Traceback" not in said
    assert said.startswith("Error: ")
    assert len(said.splitlines()) == 1


def test_a_book_that_can_only_be_read_is_still_checked(book):
    assert "Traceback" not in in_a_read_only_book(book, "check")
    write_notebook(book / "chapters/01_first.ipynb", prose("# First"))
    subprocess.run([*QKV, "export"], cwd=book, check=True, capture_output=True)
    assert in_a_read_only_book(book, "export", "--check").endswith("are up to date\n")


def in_a_read_only_book(book, *arguments):
    """Return what `qkv` says where the book's folder cannot be written to, not even by root."""
    box = [find_bwrap(), "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    box += ["--ro-bind", str(book), str(book), "--chdir", str(book)]
    done = subprocess.run([*box, *QKV, *arguments], cwd=book, capture_output=True, text=True)
    return done.stderr + done.stdout


def test_two_runs_at_once_do_the_work_once(book):
    write_notebook(book / "chapters/01_first.ipynb", code("import time; time.sleep(1)"))
    both = [
        subprocess.Popen([*QKV, "run"], cwd=book, stdout=-1, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]
    said = sorted(process.communicate(timeout=60)[0] for process in both)
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("1 notebook run and stored" in words for words in said) == 1
    waiting = next(words for words in said if "1 notebook run" not in words)
    assert waiting.splitlines() == [
        "waiting for another `qkv run` of this book to end …",
        "nothing to run: the outputs of 1 notebook are fresh",
    ]


def test_a_run_that_was_killed_holds_nobody_up(book):
    (book / "_build").mkdir()
    (book / "_build/.run.lock").touch()
    done = CliRunner().invoke(cli.main, ["run"])
    assert done.exit_code == 0, done.output
    assert "waiting" not in done.output


def test_a_bug_keeps_its_traceback(book, monkeypatch):
    for bug in (ValueError("a bug"), FileNotFoundError("a bug"), KeyError("a bug")):

        def broken(bug=bug, **options):
            raise bug

        monkeypatch.setattr(export, "export_chapters", broken)
        done = CliRunner().invoke(cli.main, ["export"])
        assert done.exception is bug


def test_outside_of_a_book_the_one_of_the_checkout_is_meant(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])}
    script = "from qkv.paths import root; print(root())"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == str(Path(cli.__file__).parents[2])
