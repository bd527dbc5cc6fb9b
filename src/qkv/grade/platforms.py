"""Whose a file is, by the path under which a learning platform hands it over.

The names that Moodle, Canvas, Blackboard, Brightspace, Gradescope and nbgrader's exchange give are
known, with any number of folders around them. Where none of them fits, a folder is a student.

What each form rests on:

- Moodle: the sources of `mod_assign` (`download_submissions`, and `importziplib.php`, which takes
  such names back). `NAME_NUMBER_assignsubmission_PLUGIN`, before 4.1 with `_` behind it, as a
  folder (since 3.1) or before each file's name; no `_` is left in NAME. In groups NAME begins with
  the group's, and a hyphen. The number is the participant's of one assignment. Blanks or hyphens
  for the `_` are taken as well: they are no form of Moodle's, but of what unpacked the archive.
- Canvas: `lib/content_zipper.rb`. `NAME[_LATE]_USER_FILE_name`, NAME without anything but letters,
  digits and `_`, and never with a number between two `_`; under anonymous marking
  `[LATE_]anon_ID_FILE_name`; `_text.html` and `_link.html` for what was typed.
- Blackboard: what ten public unpackers expect; its own pages show no name:
  `ASSIGNMENT_LOGIN_attempt_YYYY-MM-DD-HH-MM-SS[_name]`, and a `.txt` of that name for each attempt.
- Brightspace: public unpackers, some of which read `13 September 2025 310 PM`; no description was
  found. `A-B - NAME - DATE TIME`, with an `index.html` beside. Which of the two numbers is the
  person's is told by which one varies.
- Gradescope: public scripts that read its export: a folder `submission_N` each, and
  `submission_metadata.yml` with Ruby's keys (`:submitters`, of `:name`, `:sid`, `:email`).
- nbgrader: its own `Exchange` classes: `LOGIN+ASSIGNMENT+TIME`, or with a random part:
  `+XYZ`.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

from qkv.errors import QkvError

NOTEBOOK = re.compile(r"(?P<stem>.+)\.ipynb(\.txt|\.json)?", re.IGNORECASE)
CHECKPOINTS = ".ipynb_checkpoints"


@dataclass(frozen=True)
class Origin:
    """Where a file is from: the person as the platform writes them, and what its name says.

    number: the platform's id of the person, which keeps two of one name apart
    label: what the name of a page of feedback must begin with for the platform to take it back
    when: the time written in the name, as text
    order: a number that is larger for what was handed in later, if the platform gives one
    """

    platform: str
    name: str
    number: str = ""
    email: str = ""
    label: str = ""
    assignment: str = ""
    when: str = ""
    late: bool = False
    anonymous: bool = False
    order: int = 0
    file: str = ""


# A pattern fits a whole folder's or file's name. Group `file` is the name that the student gave.
PATTERNS = {
    "moodle": (
        r"(?P<name>.+?)[_ -](?P<number>\d+)[_ -]assign(?:submission|feedback)"
        r"[_ -](?:file|onlinetext|comments|[a-z]+?)(?:[_ -](?P<file>.*))?"
    ),
    "canvas anonymous": (
        r"(?P<late>(?i:LATE)_)?anon_(?P<late2>(?i:LATE)_)?(?P<number>[A-Za-z0-9]{3,12})_"
        r"(?:(?P<order>\d+)_(?P<file>.+)|(?:text|link)\.html)"
    ),
    "canvas": (
        r"(?P<late>(?i:LATE)_)?(?P<name>[^+/]+?)_(?P<late2>(?i:LATE)_)?(?P<number>\d+)_"
        r"(?:(?P<order>\d+)_(?P<file>.+)|(?:text|link)\.html)"
    ),
    "blackboard": (
        r"(?P<name>.+)_attempt_(?P<when>\d{4}(?:-\d\d){5})"
        r"(?:_(?P<file>.+)|\.\w+)?"
    ),
    "brightspace": (
        r"(?P<number>\d+)-(?P<second>\d+) - (?P<name>.+?) - "
        r"(?P<when>[^-/]*\d{4}[^-/]*?)(?: - (?P<file>.+))?"
    ),
    "gradescope": r"submission_(?P<number>\d+)",
    "exchange": r"(?P<name>[^+]+)\+(?P<assignment>[^+]+)\+(?P<when>[^+]+)(?:\+.*)?",
}
COMPILED = {platform: re.compile(pattern) for platform, pattern in PATTERNS.items()}
# What Moodle calls somebody whose name is hidden, in the languages of most of its sites.
NOBODY = {
    "participant", "teilnehmer", "teilnehmerin", "teilnehmer in", "teilnehmende", "participante",
    "participant e", "participante e", "partecipante", "deelnemer", "deltaker", "deltager",
    "deltagare", "osallistuja", "uczestnik", "účastník", "résztvevő", "katılımcı", "учасник",
    "участник", "συμμετέχων", "משתתף", "مشارك", "参加者", "参与者", "參與者", "참가자", "peserta",
    "sodelujoči", "udeleženec", "účastníci", "sudionik", "dalībnieks", "osaleja", "participant a",
}  # fmt: skip


def is_notebook(name: str) -> bool:
    """Whether a file's name is a notebook's, in capitals or with .txt or .json behind it too."""
    return NOTEBOOK.fullmatch(name) is not None and not name.startswith("._")


def stem(name: str) -> str:
    """Return a notebook's name without its ending."""
    match = NOTEBOOK.fullmatch(name)
    return match["stem"] if match else name


def normal(name: str) -> str:
    """Return a person's name with composed accents and single blanks: equal names are one text."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def custom(pattern: str) -> dict[str, re.Pattern[str]]:
    """Return the patterns for names of another kind; `QkvError` if it has no group `student`."""
    try:
        made = re.compile(pattern)
    except re.error as error:
        raise QkvError(f"{pattern!r} is no regular expression: {error}") from None
    if "student" not in made.groupindex:
        raise QkvError(f"{pattern!r} has no group for the student: write (?P<student>…)")
    return {"pattern": made}


def _parse(part: str, patterns: dict[str, re.Pattern[str]], is_file: bool) -> Origin | None:
    """Return what a folder's or file's name says, or None if no platform gives such names."""
    for platform, pattern in patterns.items():
        if is_file and platform in ("gradescope", "exchange"):
            continue
        if not is_file and platform.startswith("canvas"):
            continue
        if match := pattern.fullmatch(part):
            return _origin(platform.split(" ")[0], match, part, is_file)
    return None


def _origin(platform: str, match: re.Match[str], part: str, is_file: bool) -> Origin:
    said = {key: value or "" for key, value in match.groupdict().items()}
    name = normal(said.get("student") or said.get("name") or "")
    number, file = said.get("number", ""), said.get("file", "")
    # A group's name comes before the person's.
    hidden = platform == "moodle" and bool({_plain(name), _plain(name.split("-")[-1])} & NOBODY)
    if platform == "canvas" and not name:
        name, hidden = "anon", True
    if platform == "brightspace":
        number = f"{number}-{said['second']}"
    return Origin(
        platform, name or f"submission_{number}", number,
        label=part[: len(part) - len(file)] if is_file else f"{part}/",
        assignment=said.get("assignment", ""), when=said.get("when", ""),
        late=bool(said.get("late") or said.get("late2")), anonymous=hidden,
        order=int(said.get("order") or 0) if platform == "canvas" else 0,
        file=file if is_file else "",
    )  # fmt: skip


def _plain(name: str) -> str:
    return " ".join(re.split(r"[\W_]+", name.casefold())).strip()


class Layout:
    """How one source is arranged; decides for each of its files whose it is.

    A student chooses the names of files and of folders within theirs. So a platform's name counts
    at the top of the source, or under folders that lie around everything; deeper down only where
    every notebook has one.
    """

    def __init__(
        self, paths: Iterable[tuple[str, ...]], assignment: str, others: Iterable[str],
        notebooks: Iterable[str], patterns: dict[str, re.Pattern[str]] | None = None,
    ):  # fmt: skip
        """Look at all paths of a source, each a tuple of folders and a file's name."""
        self.patterns = patterns or COMPILED
        self.assignment, self.others = assignment, set(others) - {assignment}
        self.notebooks = [name.casefold() for name in notebooks]
        paths = list(paths)
        books = [path for path in paths if is_notebook(path[-1])] or paths
        inner = _common([self._folders(path) for path in books])
        # A list or a page beside the students' folders lies around nothing.
        others_at = [at for path in paths if (at := self._folders(path)) != inner[: len(at)]]
        self.around = _common([inner, *others_at])
        matched = [self._match(path) for path in books]
        self.everywhere = bool(books) and all(matched)
        plain = [p for p, m in zip(books, matched, strict=True) if not m or not self._holds(m[1])]
        self.level, self.flat = self._student_level(plain)
        self.wrapper = self.around[: self.level] if plain else self.around
        self.second = self._brightspace_varies(matched)
        self.logins = _logins([m[0].name for m in matched if m and m[0].platform == "blackboard"])

    def _folders(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """Return the folders of a path but for those that are named after an assignment."""
        known = {self.assignment, *self.others, CHECKPOINTS}
        return tuple(part for part in path[:-1] if part not in known)

    def _match(self, path: tuple[str, ...]) -> tuple[Origin, int] | None:
        parts = (*self._folders(path), path[-1])
        for depth, part in enumerate(parts):
            if origin := _parse(part, self.patterns, depth == len(parts) - 1):
                return origin, depth
        return None

    def _holds(self, depth: int) -> bool:
        return depth <= len(self.around) or self.everywhere

    def _student_level(self, plain: list[tuple[str, ...]]) -> tuple[int, bool]:
        """Return at which depth a plain folder is a student, and whether files are students."""
        if not plain:
            return len(self.around), False
        around = _common([self._folders(path) for path in plain])
        here = [path for path in plain if len(self._folders(path)) == len(around)]
        if not here:
            return len(around), False
        names = {copyless(stem(path[-1])) for path in here}
        own = any(self._like_ours(name) for name in names)
        if len(here) == len(plain) and around and len(names) > 1 and not own:
            return len(around), True
        return max(0, len(around) - 1), not around

    def _like_ours(self, name: str) -> bool:
        return any(name.casefold().startswith(book) for book in self.notebooks)

    @staticmethod
    def _brightspace_varies(matched: list[tuple[Origin, int] | None]) -> bool:
        """Whether the second number of Brightspace's names is the one that tells students apart."""
        numbers = {m[0].number for m in matched if m and m[0].platform == "brightspace"}
        return len(numbers) > 1 and len({n.split("-")[0] for n in numbers}) == 1

    def whose(self, path: tuple[str, ...]) -> Origin | None:
        """Return whose a file is; None if nothing in its path says that."""
        match = self._match(path)
        if match and self._holds(match[1]):
            origin = match[0]
            if origin.platform == "brightspace":
                number = origin.number.split("-")[1 if self.second else 0]
                origin = replace(origin, number=number)
            if origin.platform == "blackboard":
                origin = replace(origin, name=self.logins.get(origin.name, origin.name))
            return replace(origin, file=origin.file or path[-1])
        folders = self._folders(path)
        if len(folders) > self.level:
            name = folders[self.level]
        elif self.flat and is_notebook(path[-1]):
            name = copyless(stem(path[-1]))
            if self._like_ours(name):
                return None
        else:
            return None
        other = next((part for part in path[:-1] if part in self.others), "")
        if not other and (rest := folders[self.level + 1 :]) and re.match(r"\d+_", rest[0]):
            other = rest[0]
        if self.assignment in path[:-1]:
            other = ""
        return Origin("plain", normal(name), label=f"{name}/", assignment=other, file=path[-1])


def _common(folders: list[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the folders that all these begin with."""
    if not folders:
        return ()
    first, last = min(folders), max(folders)
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    return first[:same]


def _logins(heads: list[str]) -> dict[str, str]:
    """Return the login in each of Blackboard's ASSIGNMENT_LOGIN; both may hold underscores."""
    found = {head: head.rsplit("_", 1)[-1] for head in heads}
    if len(set(found.values())) == len(found):
        return found
    around = _common([tuple(head.split("_")) for head in found])
    return {head: "_".join(head.split("_")[len(around) :]) for head in found}


_COPY = re.compile(
    r"(?P<name>.+?)(?P<copy>[ _]?\(\d{1,3}\)|[ _-]+(?:copy|kopie|copie|copia)\d*"
    r"|-checkpoint|-\d{1,3})",
    re.IGNORECASE,
)


def copyless(name: str) -> str:
    """Return a file's name without what browsers and platforms add to copies: ` (1)`, `-1`."""
    while match := _COPY.fullmatch(name):
        name = match["name"]
    return name.strip()


def copy_number(name: str) -> int:
    """Return the number that a browser or platform gave to a copy; 0 for a first file."""
    match = _COPY.fullmatch(name)
    return int("".join(filter(str.isdigit, match["copy"])) or 1) if match else 0
