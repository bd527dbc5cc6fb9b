"""Who is who: the ids of students, and a record of whose each id is.

The record is `people.json` in the course, beside the gradebook that holds the ids. An id is made
once and then kept, so a second student of the same name who comes later gets another.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from anyascii import anyascii

from qkv.errors import QkvError
from qkv.grade.course import Course
from qkv.grade.intake import STUDENT
from qkv.grade.platforms import Origin, normal
from qkv.notebook.files import write

RECORD = "people.json"
# What in a course's folder is about students.
PERSONAL = [
    f"/{RECORD}", "/gradebook.db", "/.qkv/", "/submitted/", "/autograded/", "/feedback/",
    "/reports/", "/inbox/",
]  # fmt: skip
# The ends of the ids that we make, and names that are no folder on Windows: nobody can choose them.
_RESERVED = re.compile(r".*--[0-9a-f]{6,}|(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def student_id(name: str) -> str:
    """Return a student id for any name: itself if it is fit, else its sound in ASCII and a hash.

    The hash keeps two names apart whose plain forms are the same. A name that looks like an id of
    this kind gets a hash of its own, so nobody can choose the id of somebody else.
    """
    name = unicodedata.normalize("NFC", name)
    fit = STUDENT.fullmatch(name) and ".." not in name and not name.endswith(".")
    if fit and not _RESERVED.fullmatch(name):
        return name
    return f"{_plain(name)}--{_digest(name)}"


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", anyascii(name)).strip("-").lower()[:40] or "student"


def _digest(text: str, length: int = 6) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]


@dataclass
class Person:
    """A student: the id, who that is, and how platforms know them.

    listed: whether the roster names them
    keys: other ids of theirs: the platform's number, a login, a matriculation number
    seen: assignment -> what they handed in under (platform, name, number, label, files)
    """

    id: str
    name: str
    email: str = ""
    listed: bool = False
    keys: list[str] = field(default_factory=list)
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The name, with the platform's number behind it where there is one."""
        number = next((s["number"] for s in reversed(self.seen.values()) if s["number"]), "")
        return f"{self.name} ({number})" if number else self.name

    def numbers(self, platform: str, assignment: str) -> set[str]:
        """Return the numbers a platform knows them by; Moodle's hold for one assignment."""
        return {
            seen["number"]
            for where, seen in self.seen.items()
            if seen["platform"] == platform
            and seen["number"]
            and (where == assignment or platform not in PER_ASSIGNMENT)
        }


# Platforms that number people anew in each assignment.
PER_ASSIGNMENT = {"moodle"}


def words(name: str) -> list[str]:
    """Return a name's words without accents and punctuation, sorted: *Doe, Jané* is *jane doe*."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(c for c in letters if not unicodedata.combining(c))
    return sorted(re.findall(r"\w+", letters))


def _joined(name: str) -> set[str]:
    """Return the forms of a name that Canvas writes: all words in one, the last name first."""
    parts = re.findall(r"\w+", name.casefold())
    return {"".join(parts[n:] + parts[:n]) for n in range(len(parts))}


def keep_private(root: Path) -> None:
    """Have git leave alone what holds students' names and work: it stands in `.gitignore`.

    Lines that somebody wrote there stay as they are.
    """
    path = root / ".gitignore"
    if path.is_symlink():
        return
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    known = {line.strip().strip("/") for line in lines}
    missing = [name for name in PERSONAL if name.strip("/") not in known]
    if missing:
        write(path, "\n".join([*lines, "# Students' names, work and marks", *missing]) + "\n")


class People:
    """The record of a course's students."""

    def __init__(self, course: Course):
        """Read the record; `QkvError` if it is damaged."""
        self.path = course.root / RECORD
        self.all: dict[str, Person] = {}
        if not self.path.is_file() or self.path.is_symlink():
            return
        try:
            made = [Person(**person) for person in json.loads(self.path.read_text("utf-8"))]
        except (ValueError, TypeError) as error:
            raise QkvError(
                f"{self.path} is no record of students ({error}): bring back an older copy of it"
            ) from None
        self.all = {person.id: person for person in made}

    def save(self) -> None:
        """Write the record."""
        content = [asdict(person) for person in self.all.values()]
        write(self.path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
        keep_private(self.path.parent)

    def shown(self, student: str) -> str:
        """Return the name behind an id; the id itself if nothing more is known."""
        person = self.all.get(student)
        return person.shown if person else student

    def whose(self, origin: Origin, assignment: str, shared: set[str]) -> Person:
        """Return the person that something is from, made if need be.

        shared: the names that several people of this collection have
        """
        found = self._by_key(origin, assignment) or self._by_name(origin, assignment, shared)
        return found or self._new(origin, shared)

    def _by_key(self, origin: Origin, assignment: str) -> Person | None:
        """Return who is known by the platform's number, a login or an address."""
        for person in self.all.values():
            if origin.number and origin.number in person.numbers(origin.platform, assignment):
                return person
        wanted = {origin.email.casefold()} - {""}
        if origin.platform in PER_ASSIGNMENT:
            wanted |= {f"{assignment}: {origin.number}"}
        elif origin.number:
            wanted |= {origin.number.casefold()}
        else:
            wanted |= {origin.name.casefold()}
        found = [person for person in self.all.values() if person.listed and wanted & _keys(person)]
        return found[0] if len(found) == 1 else None

    def _by_name(self, origin: Origin, assignment: str, shared: set[str]) -> Person | None:
        if origin.anonymous or origin.name in shared:
            return None
        found = [person for person in self.all.values() if _same_name(person, origin)]
        if len(found) != 1:
            return None
        numbers = found[0].numbers(origin.platform, assignment)
        return None if origin.number and numbers - {origin.number} else found[0]

    def _new(self, origin: Origin, shared: set[str]) -> Person:
        taken = {student.casefold() for student in self.all}
        several = origin.anonymous or origin.name in shared
        name = student_id(origin.name)
        if origin.number and (several or name.casefold() in taken):
            name = student_id(f"{_plain_or_itself(origin.name)}-{origin.number}")
        length = 6
        while name.casefold() in taken:
            unique = f"{origin.platform}/{origin.name}/{origin.number}"
            name, length = f"{_plain(origin.name)}--{_digest(unique, length)}", length + 2
        self.all[name] = Person(name, origin.name, origin.email)
        return self.all[name]


def _plain_or_itself(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9]+", name) else _plain(name)


def _keys(person: Person) -> set[str]:
    keys = {person.id, person.email, *person.keys}
    return {key.casefold() for key in keys if key}


def _same_name(person: Person, origin: Origin) -> bool:
    if origin.platform == "canvas":
        known = any(seen["platform"] == "canvas" for seen in person.seen.values())
        return (
            person.name == origin.name if known else origin.name.casefold() in _joined(person.name)
        )
    if person.listed:
        return bool(words(origin.name)) and words(person.name) == words(origin.name)
    return normal(person.name) == origin.name


def remember(person: Person, assignment: str, origin: Origin) -> None:
    """Note that a person handed in under a name of a platform."""
    before = person.seen.get(assignment, {})
    person.seen[assignment] = {
        "platform": origin.platform, "name": origin.name, "number": origin.number,
        "label": origin.label, "files": before.get("files", {}),
        "labels": before.get("labels", {}),
    }  # fmt: skip
    person.email = person.email or origin.email


def shared_names(origins: Iterable[Origin]) -> set[str]:
    """Return the names that more than one person has, as the platform's numbers tell."""
    numbers: dict[tuple[str, str], set[str]] = {}
    for origin in origins:
        numbers.setdefault((origin.platform, origin.name), set()).add(origin.number)
    return {name for (_, name), found in numbers.items() if len(found) > 1}
