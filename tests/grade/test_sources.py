"""Who owns what is in a shared exchange, and what platforms send along."""

import datetime
import os
from dataclasses import replace

import pytest
from tests.helpers.handed_in import NAME, as_folder, as_zip, course_at, kept

from qkv.grade import collect as collecting
from qkv.grade import sources
from qkv.grade.collect import collect
from qkv.grade.sources import moment

CHANGED = 1_767_400_000  # 2026-01-03 00:26:40 UTC
USERS = {2001: "ada", 2002: "bo", 2003: "cy"}


def exchange(names):
    return {f"{name}+{NAME}+2026-01-02 10:00:00 UTC/{NAME}.ipynb": name for name in names}


@pytest.fixture
def owned(monkeypatch):
    """Let the file below each folder belong to somebody: part of a path -> the user's number."""

    def give(owners, users=None):
        real = collecting.look_through

        def look(source, zone=None):
            made = []
            for found in real(source, zone):
                owner = next((n for part, n in owners.items() if part in found.path), os.geteuid())
                made.append(replace(found, owner=owner, changed=CHANGED))
            return made

        monkeypatch.setattr(collecting, "look_through", look)
        monkeypatch.setattr(sources, "_login", (USERS if users is None else users).get)

    return give


def collected(tmp_path, names):
    course = course_at(tmp_path / "course")
    result = collect(course, NAME, as_folder(tmp_path, exchange(names)))
    stamps = {
        path.parent.parent.name: path.read_text()
        for path in course.submitted.glob(f"*/{NAME}/timestamp.txt")
    }
    return kept(course), stamps, result


def test_the_owner_of_a_file_handed_it_in_at_the_file_systems_time(tmp_path, owned):
    owned({"ada": 2001, "bo": 2002})
    work, stamps, result = collected(tmp_path, ["ada", "bo"])
    assert work == {"ada": "ada", "bo": "bo"}
    assert set(stamps.values()) == {"2026-01-03 00:26:40 UTC"}
    assert result.problems == []


def test_a_folder_named_after_another_student_is_its_owners(tmp_path, owned):
    owned({"ada": 2002, "bo": 2002, "cy": 2003})
    work, _, result = collected(tmp_path, ["ada", "cy"])
    assert work == {"bo": "ada", "cy": "cy"}
    assert "bo owns" in result.problems[0]
    assert "named after ada" in result.problems[0]


def test_the_only_hand_in_is_its_owners_too(tmp_path, owned):
    owned({"ada": 2002})
    assert collected(tmp_path, ["ada"])[0] == {"bo": "ada"}


def test_a_copy_that_belongs_to_the_teacher_keeps_names_and_times_and_says_so(tmp_path, owned):
    owned({})
    work, stamps, result = collected(tmp_path, ["ada", "bo"])
    assert work == {"ada": "ada", "bo": "bo"}
    assert set(stamps.values()) == {"2026-01-02 10:00:00 UTC"}
    assert "one owner, who is no student" in result.notes[0]


def test_where_one_user_stands_for_all_the_names_count_and_that_is_said(tmp_path, owned):
    owned({"ada": 1000, "bo": 1000}, {1000: "jovyan"})
    work, _, result = collected(tmp_path, ["ada", "bo"])
    assert work == {"ada": "ada", "bo": "bo"}
    assert "one owner" in result.notes[0]


def test_owners_whom_the_machine_does_not_know_keep_their_names_apart(tmp_path, owned):
    owned({"ada": 1, "bo": 2}, {})
    assert collected(tmp_path, ["ada", "bo"])[0] == {"ada": "ada", "bo": "bo"}


def test_an_unknown_owner_of_two_names_is_nobody(tmp_path, owned):
    owned({"ada": 1, "bo": 1, "cy": 3}, {3: "cy"})
    work, _, result = collected(tmp_path, ["ada", "bo", "cy"])
    assert work == {"cy": "cy"}
    assert sum("not known on this machine" in problem for problem in result.problems) == 2


def test_an_export_of_gradescope_without_its_list_is_a_problem(tmp_path):
    course = course_at(tmp_path / "course")
    members = {f"submission_{n}/a.ipynb": str(n) for n in (11, 12)}
    result = collect(course, NAME, as_zip(tmp_path, members))
    assert kept(course) == {"submission_11": "11", "submission_12": "12"}
    assert "submission_metadata.yml is missing" in result.problems[0]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("2026-01-02 10:00:00 UTC", 1_767_348_000),
        ("2026-01-02 10:00:00.123456789 UTC", 1_767_348_000.123456),
        ("2026-01-02-10-00-00", 1_767_348_000),
        ("Jan 2, 2026 1000 AM", 1_767_348_000),
        ("2 January, 2026 10:00", 1_767_348_000),
        ("Jan 2, 2026 112 PM", 1_767_348_000 + 3 * 3600 + 12 * 60),
        ("Jan 2, 2026 1205 AM", 1_767_348_000 - 10 * 3600 + 5 * 60),
        ("Jan 2, 2026", None),
        ("2026-13-02 10:00:00 UTC", None),
        ("", None),
        ("9999999999", None),
    ],
)
def test_the_times_in_names_are_read(text, want):
    assert moment(text, datetime.UTC) == want
