"""Collect submissions: from a folder, a zip of a learning platform, or nbgrader's exchange.

Nothing is unpacked and no link is followed: notebooks are read as bytes, within limits, and written
under names of our own making. Every file of the source is taken, or named with the reason.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from qkv.grade import clean, sources, which
from qkv.grade.archives import Found, look_through
from qkv.grade.course import Course
from qkv.grade.intake import UnreadableError, read_file
from qkv.grade.people import People, Person, remember, shared_names, student_id
from qkv.grade.platforms import Layout, Origin, custom, is_notebook
from qkv.grade.roster import add_roster, read_sheet
from qkv.grade.sources import Files
from qkv.notebook.files import write

__all__ = ["Collected", "collect", "student_id"]

MAX_FILES = 5_000  # of one student in one collection


@dataclass
class Collected:
    """What a collection brought.

    new, same: students with new or changed work, and with the same as before
    replaced: those whose work of an earlier collection was replaced
    problems: sentences about what a person has to look at
    notes: sentences about how the source was read
    left: (path, student or "", reason) of every file that was not taken
    names: id -> the person's name, for everybody who handed in
    missing: those of the roster who handed in nothing
    """

    new: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left: list[tuple[str, str, str]] = field(default_factory=list)
    taken: list[tuple[str, str, str]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def collect(
    course: Course,
    assignment: str,
    source: Path,
    pattern: str | None = None,
    students: Path | None = None,
    zone: datetime.tzinfo | None = None,
) -> Collected:
    """Bring the submissions in `source` to `submitted/`; safe to do twice.

    pattern: a regular expression with a group `student`, for names of another kind
    students: the class list, a CSV file
    zone: the class's time zone; this machine's by default
    Raises `QkvError` if `source` is nothing to collect from.
    """
    result = Collected()
    patterns = custom(pattern) if pattern else None
    with course.lock():
        people = People(course)
        listed: list[Person] = []
        if students is not None:
            listed = add_roster(people, read_sheet(Path(students), assignment))
        found = look_through(Path(source), zone)
        books = which.wanted(course, assignment)
        names = [book.name for book in books]
        paths = [f.parts for f in found if f.parts and not f.why_not]
        layout = Layout(paths, assignment, course.assignments(), names, patterns)
        hand_ins = sources.whose(found, layout, assignment, zone, result)
        shared = shared_names(origin for files in hand_ins.values() for _, origin, _ in files)
        by_person = _by_person(hand_ins, people, assignment, shared)
        if layout.wrapper and hand_ins:
            around = clean.text("/".join(layout.wrapper), 100)
            result.notes.append(f"The folder {around}/ lies around everything; it is no student.")
        for person, files in by_person.items():
            _take_one(course, assignment, people.all[person], files, books, result)
        _finish(course, assignment, people, listed, by_person, result)
    return result


def _by_person(
    hand_ins: dict[Origin, Files], people: People, assignment: str, shared: set[str]
) -> dict[str, Files]:
    """Return student's id -> files; several names of a platform may be one person's."""
    found: dict[str, Files] = defaultdict(list)
    for key in sorted(hand_ins, key=lambda o: (o.platform, o.name, o.number)):
        person, first = people.whose(key, assignment, shared), hand_ins[key][0][1]
        person.seen.setdefault(assignment, {
            "platform": key.platform, "name": key.name, "number": key.number,
            "label": first.label, "files": {}, "labels": {},
        })  # fmt: skip
        found[person.id] += hand_ins[key]
    return found


def _take_one(
    course: Course, assignment: str, person: Person, files: Files,
    books: list[which.Wanted], result: Collected,
) -> None:  # fmt: skip
    """Take what one student handed in; whatever is wrong with it is a problem of theirs alone."""
    who = person.id
    result.names[who] = person.shown
    if len(files) > MAX_FILES:
        result.problems.append(
            f"{_said(person)} handed in {len(files)} files; {MAX_FILES} are looked at at most, "
            "so none was taken"
        )
        return
    read = _read(person, files, books, result)
    chosen, left = which.sort_out(read, books)
    for file, why in left:
        result.left.append((file.found.path, who, why))
    if not chosen:
        shown = "; ".join(f"{f.path}: {w}" for f, w in _reasons(files, result)[:3])
        if not any(problem.startswith(f"{_said(person)}:") for problem in result.problems):
            result.problems.append(f"{_said(person)}: nothing was taken ({shown or 'no notebook'})")
        return
    for file, why in left:
        if "cannot be told" in why or why.startswith("as new as"):
            result.problems.append(f"{_said(person)}: {file.found.path}: {why}")
    missing = [b.name for b in books if b.name not in chosen]
    if missing and len(books) > 1:
        names = ", ".join(f"{name}.ipynb" for name in missing)
        result.notes.append(f"{_said(person)} handed in no {names}.")
    _store(course, assignment, person, chosen, result)


def _reasons(files: Files, result: Collected) -> list[tuple[Found, str]]:
    why = {path: reason for path, _, reason in result.left}
    return [(found, why[found.path]) for found, _, _ in files if found.path in why]


def _said(person: Person) -> str:
    """A person as problems name them: the id, and the name where the id does not say it."""
    name = clean.text(person.shown, 80)
    return person.id if name == person.id else f"{person.id} ({name})"


def _read(
    person: Person, files: Files, books: list[which.Wanted], result: Collected
) -> list[which.File]:
    """Return a student's notebooks with their bytes; the rest is named with the reason."""
    made: list[which.File] = []
    notebooks = [entry for entry in files if sources.left_out(entry[0]) == ""]
    if len(notebooks) > which.MAX_NOTEBOOKS:
        result.problems.append(
            f"{_said(person)} handed in {len(notebooks)} notebooks; {which.MAX_NOTEBOOKS} are "
            "looked at at most, so none was taken"
        )
        notebooks = []
    bad: list[str] = []
    for found, origin, when in files:
        why = sources.left_out(found)
        if not why and not notebooks:
            why = "one of too many notebooks"
        elif not why:
            try:
                made.append(which.look(which.File(found, origin, when, found.read()), books))
                continue
            except UnreadableError as error:
                why = str(error)
                bad.append(f"{_said(person)}: {why}")
        elif is_notebook(found.parts[-1]) and "folder" not in why:
            bad.append(f"{_said(person)}: {found.path}: {why}")
        result.left.append((found.path, person.id, why))
    result.problems += bad[:5]
    if len(bad) > 5:
        result.problems.append(f"{_said(person)}: {len(bad) - 5} more of this kind")
    return made


def _store(
    course: Course, assignment: str, person: Person, chosen: dict[str, which.File],
    result: Collected,
) -> None:  # fmt: skip
    """Write what counts to the student's folder; keep what is there if it is newer."""
    folder = course.submitted / person.id / assignment
    if folder.is_symlink() or folder.parent.is_symlink() or course.submitted.is_symlink():
        result.problems.append(f"{_said(person)}: {folder} is a link; nothing was written there")
        return
    files = person.seen[assignment]["files"]
    changed = False
    for name, file in sorted(chosen.items()):
        try:
            before = read_file(course.submitted, person.id, assignment, f"{name}.ipynb")
        except (UnreadableError, FileNotFoundError):
            before = None
        known = files.get(name)
        if before is not None and before != file.data and known and (file.when or known) < known:
            why = f"older than what was collected before ({_moment(known)})"
            result.left.append((file.found.path, person.id, why))
            result.notes.append(f"{_said(person)}: {file.found.path} is {why}; that stays.")
            continue
        result.taken.append((file.found.path, person.id, f"{name}.ipynb"))
        remember(person, assignment, file.origin)
        files[name] = file.when
        person.seen[assignment]["labels"][name] = file.origin.label
        if before == file.data:
            continue
        changed = True
        write(folder / f"{name}.ipynb", file.data)
        if before is not None:
            result.replaced.append(person.id)
    if changed:
        _stamp(folder / "timestamp.txt", files.values())
    (result.new if changed else result.same).append(person.id)


def _stamp(path: Path, times: Iterable[float | None]) -> None:
    """Write when the last of a student's notebooks was handed in, or nothing if nobody knows."""
    known = [when for when in times if when]
    if known:
        write(path, _moment(max(known)))
    else:
        path.unlink(missing_ok=True)


def _moment(when: float) -> str:
    moment = datetime.datetime.fromtimestamp(when, datetime.UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _finish(
    course: Course, assignment: str, people: People, listed: list[Person],
    by_person: dict[str, Files], result: Collected,
) -> None:  # fmt: skip
    """Say what was not taken and who is missing; write the record and the list."""
    for name in ("new", "same", "replaced"):
        setattr(result, name, sorted(set(getattr(result, name))))
    if not result.taken and not result.left:
        result.problems.append("There is nothing to collect: no file at all was found.")
    elif not result.taken:
        result.problems.append(
            f"There is nothing to collect: none of the {len(result.left)} files is a notebook "
            "that could be taken."
        )
    if any(person.listed for person in people.all.values()):
        known = listed or [person for person in people.all.values() if person.listed]
        result.missing = [_said(p) for p in known if assignment not in p.seen]
        for student in by_person:
            if not people.all[student].listed:
                result.problems.append(f"{_said(people.all[student])} is not in the class list")
    for student in list(by_person):
        if not people.all[student].seen[assignment]["files"]:
            del people.all[student].seen[assignment]
    for person in list(people.all.values()):
        if not person.seen and not person.listed and person.id not in result.names:
            del people.all[person.id]
    if not course.submitted.is_symlink():
        people.save()
    _write_list(course, assignment, result)


def _write_list(course: Course, assignment: str, result: Collected) -> None:
    """Write `reports/ASSIGNMENT/collected.csv`: every file, whose it is, and what became of it."""
    names = result.names
    rows = [[path, who, names.get(who, ""), f"taken as {name}"] for path, who, name in result.taken]
    rows += [[path, who, names.get(who, ""), f"left out: {why}"] for path, who, why in result.left]
    text = clean.table(["file", "student", "name", "what became of it"], rows)
    write(course.root / "reports" / assignment / "collected.csv", text)
