"""Collect submissions: from a folder, a zip of a learning platform, or nbgrader's exchange.

Nothing is unpacked and no link is followed: notebooks are read as bytes, within limits, and written
under names of our own making.
"""

import datetime
import hashlib
import os
import re
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from qkv.grade.course import Course
from qkv.grade.intake import MAX_FILE, STUDENT, UnreadableError, read_file
from qkv.notebook.files import write

MAX_MEMBERS = 50_000
MAX_DEPTH = 6
# How platforms name a student's folder or file; the group `student` is the id.
PATTERNS = [
    r"(?P<student>.+)_\d+_assignsubmission_\w+",  # Moodle: a folder per student
    r"(?P<student>[^_+]+)(_LATE)?_\d+_\d+_.+\.ipynb",  # Canvas: name_number_number_file
    r"(?P<student>[^+]+)\+(?P<assignment>[^+]+)\+(?P<when>[^+]+)(\+.*)?",  # nbgrader's exchange
]


@dataclass
class Collected:
    """What a collection brought: students with new work, with the same as before, and problems."""

    new: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass
class Found:
    """A notebook in the source: its path there, its time, and how to read its bytes."""

    path: PurePosixPath
    when: float
    read: Callable[[], bytes]


def student_id(name: str) -> str:
    """Return a student id for any name: itself if it is fit, else a plain form of it and a hash.

    The hash keeps two names apart whose plain forms are the same.
    """
    if STUDENT.fullmatch(name) and ".." not in name and not name.endswith("."):
        return name
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:40]
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{plain or 'student'}-{digest}"


def collect(course: Course, assignment: str, source: Path, pattern=None) -> Collected:
    """Bring the submissions in `source` to `submitted/`; safe to do twice.

    pattern: a regular expression with a group `student`, for names of another kind
    Raises `FileNotFoundError` or `ValueError` if `source` is nothing to collect from.
    """
    names = [p.stem for p in (course.solutions / assignment).glob("*.ipynb")]
    patterns = [_compiled(p) for p in ([pattern] if pattern else PATTERNS)]
    result, newest = Collected(), {}
    with course.lock():
        for found in _walk(Path(source)):
            who, when = _whose(found, assignment, patterns)
            if who is None:
                continue
            name = _which(found.path, names)
            kept = newest.get((who, name))
            if kept and kept[0] == when:
                result.problems.append(f"{who} handed in {name} more than once; one was taken")
            if not kept or kept[0] < when:
                newest[who, name] = (when, found.path)
        chosen = {path: (who, name, when) for (who, name), (when, path) in newest.items()}
        for found in _walk(Path(source)):
            if found.path in chosen:
                who, name, when = chosen.pop(found.path)
                try:
                    _store(course, assignment, who, name, when, found.read(), result)
                except UnreadableError as error:
                    result.problems.append(f"{who}: {error}")
    result.new = sorted(set(result.new))
    result.same = sorted(set(result.same) - set(result.new))
    return result


def _compiled(pattern):
    try:
        made = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
    if "student" not in made.groupindex:
        raise ValueError(f"{pattern!r} has no group for the student: write (?P<student>…)")
    return made


def _walk(source) -> Iterator[Found]:
    if source.is_symlink() or not source.exists():
        raise FileNotFoundError(f"{source} does not exist (or is a link)")
    if source.is_dir():
        yield from _walk_folder(source)
    elif zipfile.is_zipfile(source):
        yield from _walk_zip(source)
    else:
        raise ValueError(f"{source} is neither a folder nor a zip file")


def _walk_folder(top) -> Iterator[Found]:
    count = 0
    for at, folders, files in os.walk(top, followlinks=False):
        here = Path(at).relative_to(top)
        if len(here.parts) >= MAX_DEPTH:
            folders.clear()
        folders[:] = sorted(f for f in folders if not f.startswith((".", "__")))
        for name in sorted([*files, *(f for f in folders if (Path(at) / f).is_symlink())]):
            path = here / name
            count += 1
            if count > MAX_MEMBERS:
                raise ValueError(f"{top} holds more than {MAX_MEMBERS} files")
            link = (Path(at) / name).is_symlink()
            if not name.endswith(".ipynb") and not link:
                continue
            when = os.lstat(top / path).st_mtime
            yield Found(PurePosixPath(path), when, partial(read_file, top, *path.parts))


def _walk_zip(path) -> Iterator[Found]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise ValueError(f"{path} cannot be read as a zip file: {error}") from None
    with archive:
        members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise ValueError(f"{path} holds more than {MAX_MEMBERS} files")
        for member in members:
            name = PurePosixPath(member.filename.replace("\\", "/"))
            if member.is_dir() or not name.name.endswith(".ipynb"):
                continue
            if name.is_absolute() or ".." in name.parts or name.parts[0] == "__MACOSX":
                continue
            yield Found(name, _zip_time(member), partial(_read_member, archive, member))


def _read_member(archive, member):
    """Return the bytes of a member, never more than a notebook may have."""
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        raise UnreadableError("the notebook in the zip file is a link or no regular file")
    try:
        with archive.open(member) as file:
            data = file.read(MAX_FILE + 1)
    except Exception as error:  # damaged, encrypted, an unknown method: each has its own error
        kind = type(error).__name__
        raise UnreadableError(f"the notebook in the zip file cannot be unpacked ({kind})") from None
    if len(data) > MAX_FILE:
        raise UnreadableError(f"the notebook in the zip file is larger than {MAX_FILE // 2**20} MB")
    return data


def _zip_time(member):
    try:
        return datetime.datetime(*member.date_time, tzinfo=datetime.UTC).timestamp()
    except ValueError:
        return 0.0


def _whose(found, assignment, patterns):
    """Return the student whose a file is, and when it was handed in; (None, 0) for another's."""
    first = found.path.parts[0]
    for pattern in patterns:
        if match := pattern.fullmatch(first):
            groups = match.groupdict()
            if groups.get("assignment", assignment) != assignment:
                return None, 0.0
            when = _exchange_time(groups.get("when")) or found.when
            return student_id(groups["student"]), when
    others = found.path.parts[1:-1]
    if len(others) == 1 and others[0] != assignment and re.match(r"\d+_", others[0]):
        return None, 0.0  # STUDENT/another assignment/…
    return student_id(first if len(found.path.parts) > 1 else found.path.stem), found.when


def _exchange_time(text):
    match = re.match(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d+)?", text or "")
    if not match:
        return None
    try:
        when = datetime.datetime.fromisoformat(match.group()[:26])
    except ValueError:
        return None
    return when.replace(tzinfo=datetime.UTC).timestamp()


def _which(path, names):
    """Return the notebook of the assignment that a file is: by name, or the only one there is."""
    for name in names:
        if path.stem == name or path.stem.endswith(f"_{name}"):
            return name
    return names[0] if len(names) == 1 else path.stem[:60]


def _store(course, assignment, who, name, when, data, result):
    folder = course.submitted / who / assignment
    if folder.is_symlink() or folder.parent.is_symlink() or course.submitted.is_symlink():
        result.problems.append(f"{who}: {folder} is a link; nothing was written there")
        return
    try:
        before = read_file(course.submitted, who, assignment, f"{name}.ipynb")
    except (UnreadableError, FileNotFoundError):
        before = None
    if before == data:
        result.same.append(who)
        return
    moment = datetime.datetime.fromtimestamp(when, datetime.UTC)
    write(folder / "timestamp.txt", f"{moment:%Y-%m-%d %H:%M:%S} UTC")
    write(folder / f"{name}.ipynb", data)
    result.new.append(who)
