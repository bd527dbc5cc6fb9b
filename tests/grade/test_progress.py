"""What a class found hard, from files that students saved, hostile ones among them."""

import itertools
import json
import os

import pytest
from click.testing import CliRunner
from weather_book import write_book

from qkv.cli import main
from qkv.errors import QkvError
from qkv.grade.progress import MOST_BYTES, class_progress

NUMBERS = itertools.count(1)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder beside a book of four questions."""
    write_book(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def saved(**answers):
    """Return what the page of progress saves: question=(right, tries)."""
    entries = {
        f"01_weather/{key.replace('_', '-')}": {"right": right, "tries": tries}
        for key, (right, tries) in answers.items()
    }
    number = f"{next(NUMBERS):016x}"
    return {"format": "qkv-progress", "version": 1, "file": number, "answers": entries}


def put(folder, name, content):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, "utf-8")


def test_the_hardest_comes_first_and_what_nobody_answered_not_at_all(folder):
    put(folder, "a.json", saved(cold_metal=(True, 1), boiling=(True, 3), warm_blooded=(False, 2)))
    put(folder, "b/c.json", saved(cold_metal=(True, 1), boiling=(True, 1)))
    put(folder, "d.json", saved(boiling=(True, 4), warm_blooded=(True, 1)))
    found = class_progress(folder)
    rows = [(q.key.split("/")[1], q.tried, q.right, q.at_once, q.median) for q in found.questions]
    assert rows == [
        ("warm-blooded", 2, 1, 1, 1.5),
        ("boiling", 3, 3, 1, 3),
        ("cold-metal", 2, 2, 2, 1),
    ]
    assert (found.files, found.left, found.unknown) == (3, [], 0)


def test_the_command_shows_the_table(folder):
    put(folder, "a.json", saved(boiling=(False, 2), cold_metal=(True, 1)))
    done = CliRunner().invoke(main, ["grade", "progress", str(folder), "--most", "1"])
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "2 questions answered in 1 file, the hardest first",
        "tried  right  at once  tries  question",
        "    1     0%       0%      2  01_weather/boiling: At how many degrees does water boil at "
        "sea level?",
    ]


HOSTILE = {
    "no JSON": ("{", "no JSON"),
    "nothing": ("", "no JSON"),
    "no text": ("\udcff", "no JSON"),
    "deep": ("[" * 100_000, "no JSON"),
    "a number of many digits": ('{"a": ' + "9" * 9000 + "}", "no JSON"),
    "huge": (" " * (MOST_BYTES + 1), "larger than 200 kB"),
    "a list": ([1], "not saved by"),
    "another's": ({"answers": {}}, "not saved by"),
    "a number that is none": ({**saved(), "file": "../../x"}, "the number of the file"),
    "no number of the file": ({**saved(), "file": None}, "the number of the file"),
    "of tomorrow": ({**saved(), "version": 2}, "another version"),
    "answers that are a list": ({**saved(), "answers": ["x"]}, "another version"),
    "an answer that is a text": (
        {**saved(), "answers": {"01_weather/boiling": "x"}},
        "01_weather/boiling makes no sense",
    ),
    "no tries": (saved(boiling=(True, 0)), "makes no sense"),
    "many tries": (saved(boiling=(True, 10**9)), "makes no sense"),
    "half a try": (saved(boiling=(True, 1.5)), "makes no sense"),
    "a value that is no number": (saved(boiling=(True, float("nan"))), "makes no sense"),
    "a truth for a number": (saved(boiling=(True, True)), "makes no sense"),
    "a word for a truth": (saved(boiling=("yes", 1)), "makes no sense"),
}


@pytest.mark.parametrize(("content", "why"), HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_makes_no_sense_is_left_out_whole_and_named(folder, content, why):
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "bad.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    put(folder, "good.json", saved(cold_metal=(True, 2)))
    found = class_progress(folder)
    assert [question.key for question in found.questions] == ["01_weather/cold-metal"]
    ((path, said),) = found.left
    assert path.name == "bad.json"
    assert why in said


def test_links_and_pipes_are_not_followed(folder, tmp_path):
    put(tmp_path, "secret.json", saved(boiling=(True, 1)))
    (folder / "link.json").symlink_to(tmp_path / "secret.json")
    os.mkfifo(folder / "pipe.json")
    (folder / "folder.json").mkdir()
    found = class_progress(folder)
    assert found.questions == []
    assert {why for _, why in found.left} == {"it is no plain file"}
    assert len(found.left) == 3


def test_the_same_file_twice_counts_once(folder):
    content = saved(boiling=(True, 1))
    put(folder, "a.json", content)
    put(folder, "b.json", content)
    put(folder, "c.json", saved(boiling=(True, 1)))  # another reader, with the same answers
    found = class_progress(folder)
    assert found.questions[0].tried == 2
    assert [(path.name, why) for path, why in found.left] == [("b.json", "the same file as a.json")]


def test_nothing_that_a_student_wrote_reaches_the_screen(folder):
    bad = {"<script>\x1b[31m/x": {"right": True, "tries": 1}, "\x1b]0;t\x07": "x" * 1000}
    content = saved(boiling=(True, 1))
    content["answers"] |= bad
    content["name"] = "\x1b[31m"
    put(folder, "a.json", content)
    put(folder, "\x1b[31mred\u202e.json", "[]")
    done = CliRunner().invoke(main, ["grade", "progress", str(folder)])
    assert done.exit_code == 0
    assert "2 answers to questions that this book does not have" in done.output
    assert "left out: " in done.output
    for sign in ("\x1b", "\u202e", "<script>", "xxx"):
        assert sign not in done.output


def test_a_folder_that_is_none_or_holds_nothing_is_told_in_a_sentence(folder):
    with pytest.raises(QkvError, match="is no folder"):
        class_progress(folder / "nowhere")
    with pytest.raises(QkvError, match=r"holds no \.json file"):
        class_progress(folder)
