"""Who handed in each file of a source, and when: names, owners, lists that platforms send along."""

import datetime
import os
import re
from collections import defaultdict
from dataclasses import replace
from typing import Any, Protocol

import yaml

from qkv.grade import clean
from qkv.grade.archives import Found
from qkv.grade.intake import UnreadableError
from qkv.grade.platforms import Layout, Origin, is_notebook

Files = list[tuple[Found, Origin, float | None]]
ARCHIVE = re.compile(r".+\.(zip|7z|rar|tar|tgz|gz|bz2|xz)", re.IGNORECASE)
OWN = re.compile(r"index\.html|submission_metadata\.ya?ml|timestamp\.txt|.+_attempt_[\d-]+\.txt")
EMPTY = "an empty folder"
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
METADATA = re.compile(r"submission_metadata\.ya?ml")


class Result(Protocol):
    """What is written to here of `qkv.grade.collect.Collected`."""

    problems: list[str]
    notes: list[str]
    left: list[tuple[str, str, str]]


def left_out(found: Found) -> str:
    """Return why something is no notebook that can be taken; "" if it is one."""
    name = found.parts[-1] if found.parts else ""
    if found.why_not:
        return found.why_not
    if is_notebook(name):
        return ""
    if name.startswith("._"):
        return "a Mac's side file, no notebook"
    if ARCHIVE.fullmatch(name):
        return "an archive inside the archive: unpack it, or ask for the notebook itself"
    if OWN.fullmatch(name):
        return "a list or page that the platform adds"
    return "no notebook (its name does not end in .ipynb)"


def whose(
    found: list[Found], layout: Layout, assignment: str, zone: datetime.tzinfo | None,
    result: Result,
) -> dict[Origin, Files]:  # fmt: skip
    """Return what each person handed in: person as the platform names them -> files.

    What is nobody's, or belongs to another assignment, is named in `result.left` with the reason.
    """
    entries: list[tuple[Found, Origin]] = []
    for one in found:
        folder = one.why_not and not is_notebook(one.parts[-1] if one.parts else "")
        outside = not one.parts or ".." in one.parts or "out of the archive" in one.why_not
        origin = None if outside else layout.whose((*one.parts, "") if folder else one.parts)
        why = left_out(one)
        if outside:
            result.problems.append(f"{clean.text(one.path, 100) or 'A file'}: {why}")
        if origin and origin.assignment not in ("", assignment):
            why, origin = f"it belongs to the assignment {origin.assignment}", None
        elif why == EMPTY or one.why_not.startswith("a program's"):
            origin = None
        elif origin is None and not why:
            why = "nothing says whose it is"
            result.problems.append(f"{clean.text(one.path, 100)}: {why}; put it into a folder")
        if origin is None:
            result.left.append((one.path, "", why))
        else:
            entries.append((one, origin))
    entries = _gradescope(found, entries, result)
    entries = _of_owners(entries, result)
    made: dict[Origin, Files] = defaultdict(list)
    for one, origin in entries:
        made[person(origin)].append((one, origin, _when(one, origin, zone)))
    _say_times(made, result)
    return made


def person(origin: Origin) -> Origin:
    """Return the part of an origin that says who somebody is."""
    return replace(origin, label="", assignment="", when="", late=False, order=0, file="")


def _when(found: Found, origin: Origin, zone: datetime.tzinfo | None) -> float | None:
    """Return when a file was handed in: by its name where the platform writes it there."""
    if origin.platform == "canvas":
        return None  # its archive carries the time of the download
    if origin.platform == "owner":
        return found.changed
    return moment(origin.when, zone) or found.when


def moment(text: str, zone: datetime.tzinfo | None) -> float | None:
    """Return the time that a platform wrote into a name (in the class's zone), or None."""
    try:
        if match := re.match(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d{1,6})?", text):
            utc = datetime.datetime.fromisoformat(match[1] + (match[2] or ".").ljust(7, "0")[:7])
            return utc.replace(tzinfo=datetime.UTC).timestamp()
        if re.fullmatch(r"\d{4}(-\d\d){5}", text):
            local = datetime.datetime.strptime(text, "%Y-%m-%d-%H-%M-%S")
            return local.replace(tzinfo=zone).timestamp()
        return _written_out(text, zone)
    except (ValueError, OverflowError):
        return None


def _written_out(text: str, zone: datetime.tzinfo | None) -> float | None:
    """Read `Jan 2, 2026 304 AM` and `2 January, 2026 15:04`."""
    month = next((m for m in re.findall(r"[a-z]{3,}", text.lower()) if m[:3] in MONTHS), None)
    numbers = re.findall(r"\d+", text)
    if month is None or len(numbers) < 3:
        return None
    day, year, clock = int(numbers[0]), int(numbers[1]), "".join(numbers[2:4]).zfill(4)
    hour, minute = int(clock[:-2]), int(clock[-2:])
    if half := re.search(r"\b([ap])\.?m\b", text.lower()):
        hour = hour % 12 + (12 if half[1] == "p" else 0)
    number = MONTHS.index(month[:3]) + 1
    return datetime.datetime(year, number, day, hour, minute, tzinfo=zone).timestamp()


def _say_times(made: dict[Origin, Files], result: Result) -> None:
    """Say where no time is known, and who is marked as late by the platform."""
    notebooks = [f for files in made.values() for f in files if not left_out(f[0])]
    if any(origin.platform == "canvas" for _, origin, _ in notebooks):
        late = {f"{o.name} ({o.number})" for _, o, _ in notebooks if o.late}
        said = f"; it marks as late: {', '.join(sorted(late))}" if late else ""
        result.notes.append(f"Canvas's archive does not say when something was handed in{said}.")
    without = sum(w is None and o.platform != "canvas" for _, o, w in notebooks)
    if without:
        result.notes.append(
            f"{without} of {len(notebooks)} notebooks carry no time, so nothing says whether they "
            "are late."
        )


def _gradescope(
    found: list[Found], entries: list[tuple[Found, Origin]], result: Result
) -> list[tuple[Found, Origin]]:
    """Put people in place of Gradescope's numbers of submissions; a group's work is each one's."""
    if not any(origin.platform == "gradescope" for _, origin in entries):
        return entries
    known: dict[str, Any] = {}
    for one in found:
        if one.parts and METADATA.fullmatch(one.parts[-1]) and not one.why_not:
            known |= _metadata(one, result)
    if not known:
        result.problems.append(
            "Gradescope's submission_metadata.yml is missing or unreadable, so nothing says whose "
            "the submissions are: collect from the whole export"
        )
    made: list[tuple[Found, Origin]] = []
    for one, origin in entries:
        info = known.get(f"submission_{origin.number}")
        if origin.platform != "gradescope" or not isinstance(info, dict):
            made.append((one, origin))
            continue
        when = _field(info, "created_at")
        if isinstance(when, datetime.datetime):
            aware = when if when.tzinfo else when.replace(tzinfo=datetime.UTC)
            when = f"{aware.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S}"
        people = _field(info, "submitters")
        for who in people if isinstance(people, list) else []:
            name, number, email = (str(_field(who, k) or "") for k in ("name", "sid", "email"))
            named = replace(origin, name=name or email or origin.name, number=number, email=email)
            made.append((one, replace(named, when=str(when or ""))))
    return made


def _field(info: Any, name: str) -> Any:
    return info.get(f":{name}", info.get(name)) if isinstance(info, dict) else None


class _Loader(yaml.SafeLoader):
    """Reads Ruby's YAML: an object of an unknown kind is a plain value."""


def _anything(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_Loader.add_multi_constructor("!", _anything)


def _metadata(found: Found, result: Result) -> dict[str, Any]:
    try:
        content = yaml.load(found.read(), _Loader)
    except (UnreadableError, yaml.YAMLError, ValueError, RecursionError) as error:
        result.problems.append(f"{found.path} cannot be read ({type(error).__name__})")
        return {}
    return content if isinstance(content, dict) else {}


def _of_owners(entries: list[tuple[Found, Origin]], result: Result) -> list[tuple[Found, Origin]]:
    """In a shared exchange, who owns a file is who handed it in, whatever its folder's name says.

    A folder's name is written by whoever makes it. Its owner and the time of its last change are
    the file system's. Where these say nothing (a copy, a hub with one user for all), names count.
    """
    shared = [(f, o) for f, o in entries if o.platform == "exchange"]
    if not shared:
        return entries
    claims: dict[int | None, set[str]] = defaultdict(set)
    for one, origin in shared:
        claims[one.owner].add(origin.name)
    trusted = {None, 0, os.geteuid()} if hasattr(os, "geteuid") else set(claims)
    students = {owner: _login(owner) for owner in claims if owner not in trusted}
    one_for_all = len(claims) == 1 and len(set().union(*claims.values())) > 1
    if one_for_all and not any(login in claims[owner] for owner, login in students.items()):
        students = {}
    if not students:
        result.notes.append(
            "The files of the exchange have one owner, who is no student, so names and times were "
            "taken as the folders give them: whoever could write there could choose them."
        )
        return entries
    made: list[tuple[Found, Origin]] = [e for e in entries if e[1].platform != "exchange"]
    for one, origin in shared:
        if one.owner not in students:
            made.append((one, origin))
            continue
        name = students[one.owner] or _only_claim(claims, one.owner)
        if name is None:
            why = f"its owner, user {one.owner}, is not known on this machine"
            result.left.append((one.path, "", why))
            result.problems.append(f"{clean.text(one.path, 100)}: {why}")
            continue
        if name != origin.name:
            result.problems.append(
                f"{name} owns {clean.text(one.parts[0], 100)}, which is named after "
                f"{clean.text(origin.name, 40)}: it was taken as {name}'s"
            )
        made.append((one, replace(origin, platform="owner", name=name, when="")))
    return made


def _login(owner: int | None) -> str | None:
    try:
        import pwd

        return pwd.getpwuid(owner or 0).pw_name
    except (ImportError, KeyError):
        return None


def _only_claim(claims: dict[int | None, set[str]], owner: int | None) -> str | None:
    """Return the one name that an unknown owner uses, if nobody else uses it."""
    if len(claims[owner]) != 1:
        return None
    name = next(iter(claims[owner]))
    return name if sum(name in names for names in claims.values()) == 1 else None
