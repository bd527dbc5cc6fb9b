"""The list of a class, as platforms export it: who is in it, and by which ids they are known."""

import csv
import functools
import io
import re
from dataclasses import dataclass
from pathlib import Path

from qkv.errors import QkvError
from qkv.grade.people import People, Person, student_id, words

MAX_ROSTER = 20 * 2**20
# The heads of columns, in the languages in which platforms write them; the first that fits counts.
FIRST = ["first name", "firstname", "given name", "vorname", "prénom", "nombre", "nome", "voornaam"]
LAST = [
    "last name", "lastname", "surname", "family name", "nachname", "nom", "nom de famille",
    "apellido(s)", "apellidos", "cognome", "achternaam",
]  # fmt: skip
NAME = [
    "full name", "name", "student", "student name", "vollständiger name", "nom complet",
    "nombre completo", "volledige naam", "nome completo", "display name",
]  # fmt: skip
EMAIL = [
    "email", "e-mail", "email address", "e-mail address", "e-mail-adresse", "adresse de courriel",
    "dirección de correo", "correo electrónico", "mail", "e-mailadres", "indirizzo email",
]  # fmt: skip
LOGIN = [
    "login", "username", "user name", "sis login id", "anmeldename", "nom d'utilisateur",
    "nombre de usuario", "benutzername",
]  # fmt: skip
OWN = [
    "id", "student id", "sis user id", "id number", "idnumber", "orgdefinedid", "sid",
    "matriculation number", "matrikelnummer", "número de id", "numéro d'identification",
]  # fmt: skip
PARTICIPANT = re.compile(r"^\D+[ _](\d+)$")  # Moodle's worksheet: Participant 31, in any language
CANVAS = {"student", "id", "section"}


@dataclass
class Sheet:
    """A table as it was read: its head, its rows, and whose each row is (None for nobody's)."""

    head: list[str]
    rows: list[list[str]]
    entries: list[Person | None]
    delimiter: str = ","

    def column(self, names: list[str]) -> int | None:
        """Return the number of the first column with one of these heads."""
        return _column(self.head, names)

    @functools.cached_property
    def platform(self) -> str:
        """Whose export this is: canvas, moodle (its grading worksheet), or another's."""
        if {_plain(h) for h in self.head} >= CANVAS:
            return "canvas"
        return "moodle" if _is_worksheet(self.head, self.rows) else "other"


def _plain(head: str) -> str:
    return head.strip().strip("\ufeff\"'#").strip().casefold()


def _column(head: list[str], names: list[str]) -> int | None:
    plain = [_plain(h) for h in head]
    return next((plain.index(name) for name in names if name in plain), None)


def _is_worksheet(head: list[str], rows: list[list[str]]) -> bool:
    """Whether the first column is the identifiers of Moodle's grading worksheet."""
    filled = [row for row in rows if row and row[0].strip()]
    fits = bool(filled) and all(PARTICIPANT.fullmatch(row[0].strip()) for row in filled)
    return fits and len(head) > 3


def read_sheet(path: Path, assignment: str) -> Sheet:
    """Read a class list; `QkvError` if no column says who somebody is.

    assignment: what the numbers of Moodle's grading worksheet belong to
    """
    if not path.is_file():
        raise QkvError(f"{path} does not exist: give the list of the class, a CSV file")
    data = path.read_bytes()
    if len(data) > MAX_ROSTER:
        raise QkvError(f"{path} is larger than {MAX_ROSTER // 2**20} MB: is it a list of a class?")
    text = _decoded(path, data)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        table = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(row)]
    except csv.Error as error:
        raise QkvError(f"{path} is no CSV file ({error}): export the list once more") from None
    if not table:
        raise QkvError(f"{path} is empty: export the list once more")
    sheet = Sheet(table[0], table[1:], [], delimiter)
    sheet.entries = [_entry(sheet, row, assignment) for row in sheet.rows]
    if not any(sheet.entries):
        raise QkvError(
            f"{path} names nobody: it needs a column id, name or email; it has "
            f"{', '.join(sheet.head)[:200]}"
        )
    return sheet


def _decoded(path: Path, data: bytes) -> str:
    kinds = ["utf-16"] if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "cp1252"]
    for kind in kinds:
        try:
            return data.decode(kind)
        except UnicodeDecodeError:
            continue
    raise QkvError(f"{path} is not text: save it as CSV in UTF-8")


def _entry(sheet: Sheet, row: list[str], assignment: str) -> Person | None:
    """Return the person that a row is about; None for totals, points possible and the like."""

    def value(names: list[str]) -> str:
        at = sheet.column(names)
        return row[at].strip().lstrip("#") if at is not None and at < len(row) else ""

    name = " ".join(part for part in (value(FIRST), value(LAST)) if part) or value(NAME)
    if "," in name:
        last, _, given = name.partition(",")
        name = f"{given.strip()} {last.strip()}"
    email = value(EMAIL) or next((v.strip() for v in row if re.fullmatch(r"\S+@\S+\.\S+", v)), "")
    keys = [value([head]) for head in (*LOGIN, *OWN)]
    keys = list(dict.fromkeys(key for key in keys if key))
    if sheet.platform == "canvas" and not value(["id"]):
        return None  # Canvas's second line: the points that are possible
    if sheet.platform == "moodle":
        keys = [f"{assignment}: {m[1]}" for m in [PARTICIPANT.fullmatch(row[0].strip())] if m]
        nobody = row[0].strip().replace(" ", "-")  # names are hidden
        return Person(student_id(email or name or nobody), name or nobody, email, True, keys)
    own = value(LOGIN) or value([h for h in OWN if h != "id"]) or value(["id"]) or email or name
    return Person(student_id(own), name or own, email, True, keys) if own else None


def add_roster(people: People, sheet: Sheet) -> list[Person]:
    """Put a class list into the record; return its people. Who has an id already keeps it."""
    found = []
    for entry in sheet.entries:
        if entry is None:
            continue
        same = _known(people, sheet, entry)
        if same is None:
            people.all[entry.id] = same = entry
        same.name, same.email, same.listed = entry.name, entry.email or same.email, True
        same.keys = list(dict.fromkeys([*same.keys, *entry.keys]))
        found.append(same)
    return found


def _known(people: People, sheet: Sheet, entry: Person) -> Person | None:
    """Return who of the record a row of the list is about."""
    if entry.id in people.all:
        return people.all[entry.id]
    email = entry.email.casefold()
    if email:
        for person in people.all.values():
            if person.email.casefold() == email:
                return person
    for person in people.all.values():
        numbers = {f"{where}: {s['number']}" for where, s in person.seen.items()}
        numbers |= {s["number"] for s in person.seen.values() if s["platform"] != "moodle"}
        if ((numbers | set(person.keys)) - {""}) & set(entry.keys):
            return person
    alike = [p for p in people.all.values() if words(p.name) == words(entry.name) != []]
    rows = [e for e in sheet.entries if e and words(e.name) == words(entry.name)]
    return alike[0] if len(alike) == len(rows) == 1 and not alike[0].listed else None
