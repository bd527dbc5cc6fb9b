"""The class list in the forms that platforms export, and who of it handed in."""

import json

import pytest
from tests.helpers.handed_in import NAME, as_zip, course_at, kept

from qkv.errors import QkvError
from qkv.grade.collect import collect
from qkv.grade.people import People
from qkv.grade.roster import read_sheet

LISTS = {
    "plain": "id,name,email\njd12,Jane Doe,jd12@uni.example\nbl34,Bo Li,bl34@uni.example\n",
    "with semicolons": "id;name;email\njd12;Doe, Jane;jd12@uni.example\nbl34;Li, Bo;b@u.example\n",
    "Canvas": (
        "Student,ID,SIS User ID,SIS Login ID,Section,HW1 (55)\n"
        "    Points Possible,,,,,14\n"
        '"Doe, Jane",1111,m-1,jd12,A,\n"Li, Bo",3333,m-2,bl34,A,\n'
    ),
    "Moodle, participants": (
        "\ufeffFirst name,Last name,ID number,Email address,Groups\n"
        "Jane,Doe,jd12,jane@uni.example,\nBo,Li,bl34,bo@uni.example,\n"
    ),
    "Moodle, in German": (
        "Vorname,Nachname,Anmeldename,E-Mail-Adresse\nJane,Doe,jd12,j@u.example\nBo,Li,bl34,b@u.example\n"
    ),
    "Blackboard": (
        '"Last Name"\t"First Name"\t"Username"\t"Student ID"\n'
        "Doe\tJane\tjd12\t1\nLi\tBo\tbl34\t2\n"
    ),
    "Brightspace": (
        "OrgDefinedId,Username,Last Name,First Name,Email,End-of-Line Indicator\n"
        "#1,#jd12,Doe,Jane,j@u.example,#\n#2,#bl34,Li,Bo,b@u.example,#\n"
    ),
    "Gradescope": (
        "First Name,Last Name,SID,Email\nJane,Doe,jd12,j@u.example\nBo,Li,bl34,b@u.example\n"
    ),
}  # fmt: skip
FORMS = {
    "Moodle": "{name}_{n}_assignsubmission_file/a.ipynb",
    "folders": "{name}/a.ipynb",
    "logins": "{login}/a.ipynb",
    "Blackboard": "HW_{login}_attempt_2026-01-02-10-00-00_a.ipynb",
    "Canvas": "{canvas}_{canvas_number}_9{n}_a.ipynb",
}
JANE = {"name": "Jane Doe", "n": 31, "login": "jd12", "canvas": "doejane", "canvas_number": 1111}
BO = {"name": "Bo Li", "n": 32, "login": "bl34", "canvas": "libo", "canvas_number": 3333}


def listed(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "class.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", LISTS)
def test_what_was_handed_in_is_mapped_to_who_is_in_the_class(tmp_path, kind, form):
    course = course_at(tmp_path / "course")
    members = {FORMS[form].format(**who): who["login"] for who in (JANE, BO)}
    students = listed(tmp_path, LISTS[kind])
    result = collect(course, NAME, as_zip(tmp_path, members), students=students)
    assert kept(course) == {"jd12": "jd12", "bl34": "bl34"}
    assert (result.missing, result.problems) == ([], [])
    again = collect(course, NAME, as_zip(tmp_path, members))
    assert again.same == ["bl34", "jd12"]


def test_moodles_grading_worksheet_knows_its_numbers(tmp_path):
    course = course_at(tmp_path / "course")
    sheet = (
        "Identifier,Full name,Email address,Status,Grade,Maximum grade\n"
        "Participant 31,Jane Doe,one@uni.example,,,14\n"
        "Participant 32,Jane Doe,two@uni.example,,,14\n"
    )
    members = {f"Jane Doe_{n}_assignsubmission_file/a.ipynb": str(n) for n in (31, 32)}
    collect(course, NAME, as_zip(tmp_path, members), students=listed(tmp_path, sheet))
    assert kept(course) == {"one@uni.example": "31", "two@uni.example": "32"}


def test_a_worksheet_without_names_keeps_people_apart(tmp_path):
    course = course_at(tmp_path / "course")
    sheet = "Identifier,Status,Grade,Maximum grade\nParticipant 31,,,14\nParticipant 32,,,14\n"
    members = {f"Participant_{n}_assignsubmission_file/a.ipynb": str(n) for n in (31, 32)}
    result = collect(course, NAME, as_zip(tmp_path, members), students=listed(tmp_path, sheet))
    assert kept(course) == {"Participant-31": "31", "Participant-32": "32"}
    assert (result.problems, result.missing) == ([], [])


def test_who_is_missing_and_who_is_unknown_is_said(tmp_path):
    course = course_at(tmp_path / "course")
    students = listed(tmp_path, LISTS["plain"])
    members = {"Jane Doe/a.ipynb": "x", "Max Nobody/a.ipynb": "y"}
    result = collect(course, NAME, as_zip(tmp_path, members), students=students)
    assert result.missing == ["bl34 (Bo Li)"]
    assert len(result.problems) == 1
    assert "Max Nobody" in result.problems[0]
    assert "not in the class list" in result.problems[0]
    assert "y" in kept(course).values()


def test_of_two_in_the_class_with_one_name_nobody_is_guessed(tmp_path):
    course = course_at(tmp_path / "course")
    text = "id,name,email\na1,Jane Doe,a@u.example\na2,Jane Doe,b@u.example\n"
    members = {"Jane Doe_31_assignsubmission_file/a.ipynb": "x"}
    result = collect(course, NAME, as_zip(tmp_path, members), students=listed(tmp_path, text))
    assert not {"a1", "a2"} & kept(course).keys()
    assert len(result.missing) == 2
    assert "not in the class list" in result.problems[0]


def test_who_had_an_id_before_the_list_came_keeps_it(tmp_path):
    course = course_at(tmp_path / "course")
    members = {
        "Jane Doe_31_assignsubmission_file/a.ipynb": "x",
        "Bo Li_32_assignsubmission_file/a.ipynb": "",
    }
    before = collect(course, NAME, as_zip(tmp_path, members)).new
    result = collect(
        course, NAME, as_zip(tmp_path, members), students=listed(tmp_path, LISTS["plain"])
    )
    assert result.same == before
    assert result.problems == []
    emails = {p["name"]: p["email"] for p in json.loads((course.root / "people.json").read_text())}
    assert emails["Jane Doe"] == "jd12@uni.example"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_list_is_read_in_the_encodings_of_spreadsheets(tmp_path, encoding):
    path = listed(tmp_path, "id,name\nzn,Zoë Ng\n", encoding)
    assert [entry.name for entry in read_sheet(path, NAME).entries] == ["Zoë Ng"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "is empty"), ("a,b\n1,2\n", "names nobody"), ("id,name\n", "names nobody")],
)
def test_a_list_that_names_nobody_is_a_mistake_in_one_sentence(tmp_path, text, said):
    with pytest.raises(QkvError, match=said):
        read_sheet(listed(tmp_path, text), NAME)
    with pytest.raises(QkvError, match="does not exist"):
        read_sheet(tmp_path / "none.csv", NAME)


def test_a_record_names_everybody_of_the_list(tmp_path):
    course = course_at(tmp_path / "course")
    members = {"Jane Doe/a.ipynb": "x", "Bo Li/a.ipynb": "y"}
    collect(course, NAME, as_zip(tmp_path, members), students=listed(tmp_path, LISTS["Canvas"]))
    assert People(course).shown("jd12") == "Jane Doe"
