"""Whose a file is, in the form of each platform: from a zip or a folder, under any folders."""

import pytest
from tests.helpers.handed_in import NAME, as_folder, as_zip, course_at, kept

from qkv.grade.collect import collect, student_id
from qkv.grade.platforms import copy_number, copyless

METADATA = """---
submission_11:
  :submitters:
  - :name: Jane Doe
    :sid: '771'
    :email: jane@uni.example
  :created_at: !ruby/object:Time 2026-01-02 10:00:00.000000000 Z
submission_12:
  :submitters:
  - :name: Jane Doe
    :sid: '772'
    :email: doe@uni.example
  - :name: Bo Li
    :sid: '773'
    :email: bo@uni.example
  :created_at: 2026-01-02 11:30:00.000000000 Z
"""

FORMS = {
    "Moodle, in folders": (
        {
            "Jane Doe_31_assignsubmission_file/work.ipynb": "a",
            "Jane Doe_32_assignsubmission_file/work.ipynb": "b",
            "Bo Li_33_assignsubmission_file/sub/work.ipynb": "c",
            "Bo Li_33_assignsubmission_onlinetext/onlinetext.html": "text",
        },
        {"jane-doe-31": "a", "jane-doe-32": "b", student_id("Bo Li"): "c"},
    ),
    "Moodle before 4.1, in folders": (
        {
            "Jane Doe_31_assignsubmission_file_/work.ipynb": "a",
            "Jane Doe_32_assignsubmission_file_/work.ipynb": "b",
        },
        {"jane-doe-31": "a", "jane-doe-32": "b"},
    ),
    "Moodle, without folders": (
        {
            f"Jane Doe_31_assignsubmission_file_{NAME}.ipynb": "a",
            "Jane Doe_32_assignsubmission_file_my_work_2_3.ipynb": "b",
        },
        {"jane-doe-31": "a", "jane-doe-32": "b"},
    ),
    "Moodle, blanks for underscores": (
        {
            "Jane Doe 31 assignsubmission file/work.ipynb": "a",
            "Jane-Doe-32-assignsubmission-file/work.ipynb": "b",
        },
        {student_id("Jane Doe"): "a", "Jane-Doe": "b"},
    ),
    "Moodle, anonymous": (
        {
            "Participant_31_assignsubmission_file/work.ipynb": "a",
            "Participant_32_assignsubmission_file/work.ipynb": "b",
        },
        {"Participant-31": "a", "Participant-32": "b"},
    ),
    "Moodle, anonymous, in German": (
        {"Teilnehmerin_31_assignsubmission_file_work.ipynb": "a"},
        {"Teilnehmerin-31": "a"},
    ),
    "Moodle, anonymous, in groups": (
        {
            "G 1-Participant_31_assignsubmission_file/work.ipynb": "a",
            "G 2-Participant_32_assignsubmission_file/work.ipynb": "b",
            "全班-參與者_33_assignsubmission_file/work.ipynb": "c",
        },
        {"g-1-participant-31": "a", "g-2-participant-32": "b", "quanban-canyuzhe-33": "c"},
    ),
    "Canvas": (
        {
            f"doejane_1111_901_{NAME}.ipynb": "a",
            f"doejane_LATE_2222_902_{NAME}-1.ipynb": "b",
            "libo_late_3333_903_my_work_1_2.ipynb": "c",
            "libo_3333_text.html": "text",
            f"von_ada_4444_904_{NAME}.ipynb": "d",
        },
        {"doejane-1111": "a", "doejane-2222": "b", "libo": "c", "von_ada": "d"},
    ),
    "Canvas, anonymous": (
        {
            f"anon_xY3Zq_902_{NAME}.ipynb": "a",
            f"anon_LATE_Bb1Cc_903_{NAME}.ipynb": "b",
            f"LATE_anon_7777Q_904_{NAME}.ipynb": "c",
        },
        {"anon-xY3Zq": "a", "anon-Bb1Cc": "b", "anon-7777Q": "c"},
    ),
    "Blackboard": (
        {
            "Homework 1_jdoe_attempt_2026-01-02-09-00-00_work.ipynb": "old",
            "Homework 1_jdoe_attempt_2026-01-02-10-00-00_work.ipynb": "a",
            "Homework 1_jdoe_attempt_2026-01-02-10-00-00.txt": "Name: Jane Doe (jdoe)",
            "Homework 1_bli_attempt_2026-01-02-10-00-00_work.ipynb": "b",
            "Homework 1_cto_attempt_2026-01-02-10-00-00.ipynb": "c",
        },
        {"jdoe": "a", "bli": "b", "cto": "c"},
    ),
    "Blackboard, underscores in logins": (
        {
            "HW_1_j_doe_attempt_2026-01-02-10-00-00_work.ipynb": "a",
            "HW_1_b_doe_attempt_2026-01-02-10-00-00_work.ipynb": "b",
        },
        {"j_doe": "a", "b_doe": "b"},
    ),
    "Brightspace": (
        {
            "116-9001 - Jane Doe - Jan 2, 2026 304 AM/work.ipynb": "old",
            "116-9001 - Jane Doe - Jan 2, 2026 1125 AM/work.ipynb": "a",
            "117-9001 - Jane Doe - Jan 2, 2026 305 AM/work.ipynb": "b",
            "118-9001 - Bo Li - 2 January, 2026 305 AM/work.ipynb": "c",
            "index.html": "list",
        },
        {"jane-doe-116": "a", "jane-doe-117": "b", student_id("Bo Li"): "c"},
    ),
    "Brightspace, the other number is the person's": (
        {
            "116-9001 - Jane Doe - Jan 2, 2026 304 AM - work.ipynb": "a",
            "116-9002 - Jane Doe - Jan 2, 2026 304 AM - work.ipynb": "b",
        },
        {"jane-doe-9001": "a", "jane-doe-9002": "b"},
    ),
    "Gradescope": (
        {
            "assignment_5_export/submission_11/work.ipynb": "a",
            "assignment_5_export/submission_12/work.ipynb": "b",
            "assignment_5_export/submission_metadata.yml": METADATA,
        },
        {"jane-doe-771": "a", "jane-doe-772": "b", student_id("Bo Li"): "b"},
    ),
    "nbgrader's exchange": (
        {
            f"jdoe+{NAME}+2026-01-02 10:00:00.5 UTC/{NAME}.ipynb": "a",
            f"jdoe+{NAME}+2026-01-01 10:00:00.5 UTC/{NAME}.ipynb": "old",
            f"bli+{NAME}+2026-01-02 10:00:00 UTC+bX9/{NAME}.ipynb": "b",
            f"bli+02_other+2026-01-02 10:00:00 UTC/{NAME}.ipynb": "other",
        },
        {"jdoe": "a", "bli": "b"},
    ),
    "a folder for each": (
        {f"jdoe/{NAME}.ipynb": "a", f"bli/code/{NAME}.ipynb": "b", "bli/notes.txt": "text"},
        {"jdoe": "a", "bli": "b"},
    ),
    "as nbgrader keeps them": (
        {f"jdoe/{NAME}/work.ipynb": "a", f"bli/{NAME}/work.ipynb": "b", "bli/02_x/y.ipynb": "no"},
        {"jdoe": "a", "bli": "b"},
    ),
    "a file for each": ({"jdoe.ipynb": "a", "Bo Li.ipynb": "b"}, {
        "jdoe": "a", student_id("Bo Li"): "b",
    }),
}  # fmt: skip


@pytest.mark.parametrize("around", ["", "HW1/", "Downloads/HW 1/"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("make", [as_zip, as_folder])
def test_each_form_gives_each_person_their_own_work(tmp_path, make, form, around):
    members, want = FORMS[form]
    course = course_at(tmp_path / "course")
    source = make(tmp_path, {around + name: text for name, text in members.items()})
    result = collect(course, NAME, source)
    assert kept(course) == want
    assert set(result.names) == set(want)
    again = collect(course, NAME, source)
    assert (again.new, again.same) == ([], sorted(want))


@pytest.mark.parametrize("form", FORMS)
def test_every_file_of_each_form_is_taken_or_named(tmp_path, form):
    members, _ = FORMS[form]
    course = course_at(tmp_path / "course")
    result = collect(course, NAME, as_zip(tmp_path, members))
    assert {p for p, *_ in result.taken} | {p for p, *_ in result.left} == set(members)
    listed = (course.root / "reports" / NAME / "collected.csv").read_text()
    assert all(name.replace('"', '""') in listed for name in members)


def test_the_number_of_a_platform_is_shown_with_the_name(tmp_path):
    course = course_at(tmp_path / "course")
    members = {f"Jane Doe_{n}_assignsubmission_file/a.ipynb": str(n) for n in (31, 32)}
    result = collect(course, NAME, as_zip(tmp_path, members))
    assert result.names == {"jane-doe-31": "Jane Doe (31)", "jane-doe-32": "Jane Doe (32)"}


def test_who_has_an_id_keeps_it_when_a_second_of_the_name_comes_later(tmp_path):
    course = course_at(tmp_path / "course")
    one = {"Jane Doe_31_assignsubmission_file/a.ipynb": "one"}
    collect(course, NAME, as_zip(tmp_path / "1", one))
    two = {"Jane Doe_32_assignsubmission_file/a.ipynb": "two"}
    collect(course, NAME, as_zip(tmp_path / "2", two))
    want = {student_id("Jane Doe"): "one", "jane-doe-32": "two"}
    assert kept(course) == want
    collect(course, NAME, as_zip(tmp_path / "3", two | one))
    assert kept(course) == want


def test_moodles_new_number_in_the_next_assignment_is_no_new_student(tmp_path):
    course = course_at(tmp_path / "course")
    other = course.solutions / "02_next"
    other.mkdir()
    (other / "02_next.ipynb").write_text("{}")
    members = {"Jane Doe_31_assignsubmission_file/a.ipynb": "one"}
    first = collect(course, NAME, as_zip(tmp_path / "1", members))
    members = {"Jane Doe_97_assignsubmission_file/a.ipynb": "two"}
    second = collect(course, "02_next", as_zip(tmp_path / "2", members))
    assert first.new == second.new == [student_id("Jane Doe")]


def test_nobody_can_choose_the_id_of_somebody_else(tmp_path):
    for name in ("Ada Lovelace", "王小明"):
        assert student_id(student_id(name)) != student_id(name)
    course = course_at(tmp_path / "course")
    hers = {"Ada Lovelace_1_assignsubmission_file/a.ipynb": "hers"}
    collect(course, NAME, as_zip(tmp_path / "1", hers))
    theirs = {f"{student_id('Ada Lovelace')}.ipynb": "theirs", "ada-lovelace-767402.ipynb": "x"}
    collect(course, NAME, as_zip(tmp_path / "2", theirs))
    assert kept(course)[student_id("Ada Lovelace")] == "hers"
    assert len(kept(course)) == 3


def test_a_computed_id_that_is_taken_is_given_to_nobody_else(tmp_path):
    course = course_at(tmp_path / "course")
    collect(course, NAME, as_zip(tmp_path / "1", {"jane-doe-32/a.ipynb": "hers", "bo/a.ipynb": ""}))
    members = {f"Jane Doe_{n}_assignsubmission_file/a.ipynb": str(n) for n in (31, 32)}
    collect(course, NAME, as_zip(tmp_path / "2", members))
    assert kept(course)["jane-doe-32"] == "hers"
    assert sorted(kept(course).values()) == ["", "31", "32", "hers"]


@pytest.mark.parametrize("name", ["bo_1_2_x.ipynb", "Bo_1_assignsubmission_file_x.ipynb"])
def test_a_file_that_a_student_names_like_a_platforms_stays_the_students(tmp_path, name):
    course = course_at(tmp_path / "course")
    members = {f"ada/{name}": "mine", f"ada/Bo_1_assignsubmission_file/{NAME}.ipynb": "mine"}
    collect(course, NAME, as_zip(tmp_path, members | {f"bo/{NAME}.ipynb": "his"}))
    assert kept(course) == {"ada": "mine", "bo": "his"}


def test_two_names_that_differ_in_capitals_are_two_folders_on_every_system(tmp_path):
    course = course_at(tmp_path / "course")
    collect(course, NAME, as_zip(tmp_path, {"Ada/a.ipynb": "one", "ada/a.ipynb": "two"}))
    assert len({name.casefold() for name in kept(course)}) == 2
    assert student_id("con") != "con"


@pytest.mark.parametrize(("one", "other"), [("José", "Jose\u0301"), ("김민준", "\u1100\u1175ᆷ민준")])
def test_composed_and_decomposed_accents_are_one_person(tmp_path, one, other):
    assert student_id(one) == student_id(other)
    course = course_at(tmp_path / "course")
    for n, name in enumerate((one, other)):
        members = {f"{name}_7_assignsubmission_file/a.ipynb": str(n)}
        collect(course, NAME, as_zip(tmp_path / str(n), members))
    assert list(kept(course).values()) == ["1"]


@pytest.mark.parametrize(
    ("name", "sound"),
    [("王小明", "wangxiaoming"), ("Анна Петрова", "anna-petrova"), ("김민준", "gimminjun")],
)
def test_an_id_can_be_read_aloud_whatever_the_script(name, sound):
    assert student_id(name).rsplit("--", 1)[0] == sound


def test_a_zip_that_does_not_say_its_encoding_keeps_the_names(tmp_path):
    import zipfile

    course = course_at(tmp_path / "course")
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("Zoë Ng_4_assignsubmission_file/a.ipynb", "x")
    data = (tmp_path / "in.zip").read_bytes()
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.index(mark) + at
        data = data[: start + 1] + bytes([data[start + 1] & ~0x8]) + data[start + 2 :]
    (tmp_path / "in.zip").write_bytes(data)
    result = collect(course, NAME, tmp_path / "in.zip")
    assert list(result.names.values()) == ["Zoë Ng (4)"]


def test_a_file_that_nothing_says_whose_it_is_is_a_problem(tmp_path):
    course = course_at(tmp_path / "course")
    result = collect(course, NAME, as_zip(tmp_path, {f"{NAME}.ipynb": "x"}))
    assert kept(course) == {}
    assert "nothing says whose it is" in result.problems[0]


@pytest.mark.parametrize(
    ("name", "plain", "number"),
    [
        ("part1", "part1", 0),
        ("part1-1", "part1", 1),
        ("part1 (2)", "part1", 2),
        ("part1 - Copy", "part1", 1),
        ("part1-checkpoint", "part1", 1),
        ("part1-1 (3)", "part1", 3),
        ("Jane Doe", "Jane Doe", 0),
        ("jcopie", "jcopie", 0),
    ],
)
def test_what_copying_adds_to_a_name_is_known(name, plain, number):
    assert (copyless(name), copy_number(name)) == (plain, number)


def test_of_two_with_one_name_in_the_next_assignment_nobody_is_guessed(tmp_path):
    course = course_at(tmp_path / "course")
    (course.solutions / "02_next").mkdir()
    (course.solutions / "02_next" / "02_next.ipynb").write_text("{}")
    members = {"Jane Doe_31_assignsubmission_file/a.ipynb": "one"}
    collect(course, NAME, as_zip(tmp_path / "1", members))
    members = {f"Jane Doe_{n}_assignsubmission_file/a.ipynb": "two" for n in (97, 98)}
    second = collect(course, "02_next", as_zip(tmp_path / "2", members))
    assert second.new == ["jane-doe-97", "jane-doe-98"]
