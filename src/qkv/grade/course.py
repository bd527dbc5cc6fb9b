"""A course in nbgrader's format: where its folders are, and what an assignment consists of."""

import base64
import contextlib
import hashlib
import json
import logging
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from filelock import FileLock, Timeout
from traitlets.config import Config, PyFileConfigLoader

from qkv.errors import QkvError
from qkv.grade.names import binds, bound, imports, parse
from qkv.grade.sets.exercises import STUB

STATE = ".qkv"
# In the instructor's folder beside the notebook, and not for students.
PRIVATE = ["misconceptions.py", "*.tmp"]
MAX_FILES = 20 * 2**20  # bytes of what is handed out beside the notebooks


@dataclass(frozen=True)
class Course:
    """A folder with `solutions/`, `exercises/` and `submitted/` (or nbgrader's own names)."""

    root: Path
    database: str

    @classmethod
    def at(cls, folder: str | Path, database: str | None = None) -> "Course":
        """Return the course in a folder; `QkvError` if it has no solutions.

        database: a URL such as postgresql://…; the default is `gradebook.db` in the folder
        """
        root = Path(folder).resolve()
        # nbgrader makes a new gradebook with the command `alembic`, which it looks for by name.
        beside = str(Path(sys.executable).parent)
        if beside not in os.environ.get("PATH", "").split(os.pathsep):
            os.environ["PATH"] = beside + os.pathsep + os.environ.get("PATH", "")
        if not (root / "solutions").is_dir() and not (root / "source").is_dir():
            raise QkvError(f"{folder} has no folder solutions/: is it a course?")
        database = database or _own_config(root).CourseDirectory.get("db_url")
        if database and database.startswith("postgresql://"):
            # Without a driver's name SQLAlchemy would look for psycopg2, the one before ours.
            database = database.replace("postgresql://", "postgresql+psycopg://", 1)
        if database and not database.startswith("sqlite:"):
            _must_answer(database)
        return cls(root, database or f"sqlite:///{root / 'gradebook.db'}")

    @property
    def solutions(self) -> Path:
        """Where the instructor's notebooks are."""
        ours = self.root / "solutions"
        return ours if ours.is_dir() else self.root / "source"

    @property
    def released(self) -> Path:
        """Where the students' notebooks are."""
        return self.root / ("exercises" if self.solutions.name == "solutions" else "release")

    @property
    def submitted(self) -> Path:
        """Where what students handed in is."""
        return self.root / "submitted"

    @property
    def state(self) -> Path:
        """Where grading keeps its records."""
        return self.root / STATE

    def assignments(self) -> list[str]:
        """Return the names of the assignments that have an instructor's notebook."""
        return sorted({path.parent.name for path in self.solutions.glob("*/*.ipynb")})

    def assignment(self, name: str) -> str:
        """Return the full name of an assignment given by name or number (`04`)."""
        names = self.assignments()
        found = [n for n in names if n == name] or [n for n in names if n.startswith(f"{name}_")]
        if len(found) != 1:
            raise QkvError(f"no assignment {name!r} in {self.solutions}: {', '.join(names)}")
        return found[0]

    def config(self) -> Config:
        """Return nbgrader's configuration for this course."""
        config = Config()
        config.ClearSolutions.code_stub = {"python": STUB}
        config.merge(_own_config(self.root))
        config.CourseDirectory.root = str(self.root)
        config.CourseDirectory.db_url = self.database
        if not self.database.startswith("sqlite:"):
            # The name that nbgrader's gradebook gives a course. A server insists that it is there.
            config.CourseDirectory.course_id = "default_course"
        config.CourseDirectory.source_directory = self.solutions.name
        config.CourseDirectory.release_directory = self.released.name
        config.CourseDirectory.ignore = [
            ".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", *PRIVATE
        ]  # fmt: skip
        return config

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep others from changing grades meanwhile; `QkvError` if somebody does already."""
        self.state.mkdir(mode=0o700, exist_ok=True)
        try:
            with FileLock(self.state / "lock", timeout=0):
                yield
        except Timeout:
            raise QkvError(
                f"another qkv grade command is at work in {self.root}: wait for it to end"
            ) from None


def _own_config(root):
    """Return what the course's own `nbgrader_config.py` says, if there is one."""
    if not (root / "nbgrader_config.py").is_file():
        return Config()
    try:
        config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    except Exception as error:  # it is a program, and may fail like one
        raise QkvError(f"{root / 'nbgrader_config.py'} fails: {error}") from error
    if any("delimeter" in name for name in config.ClearHiddenTests):
        raise QkvError(
            f"{root / 'nbgrader_config.py'} has marks of its own for hidden tests; grading knows "
            "### BEGIN HIDDEN TESTS and ### END HIDDEN TESTS only"
        )
    return config


def _must_answer(database):
    """Raise `QkvError` with one sentence if a database server cannot be used."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError

    try:
        create_engine(database).connect().close()
    except ModuleNotFoundError as error:
        raise QkvError(
            f"the gradebook needs the package {error.name}: pip install 'qkv[postgres]'"
        ) from None
    except SQLAlchemyError as error:
        said = str(error).splitlines()[0][:200]
        raise QkvError(f"the gradebook cannot be opened: {said}") from None


@dataclass(frozen=True)
class Plan:
    """What grading must know of one notebook of an assignment.

    base: the released notebook with the tests in full, as the gradebook knows them
    given: grade id -> source, as the students got it: without hidden tests
    solved: the instructor's notebook
    """

    name: str
    base: nbformat.NotebookNode
    given: dict[str, str]
    solved: nbformat.NotebookNode

    def fingerprint(self) -> str:
        """Return a text that changes when anything changes that grades depend on."""
        text = nbformat.writes(self.base) + json.dumps([c.source for c in self.solved.cells])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def cells(self, notebook: nbformat.NotebookNode) -> dict[int, dict]:
        """Return what `Engine.run` takes, for a rebuilt notebook: position -> cell."""
        answers = {
            c.metadata.nbgrader.grade_id: c.source for c in self.solved.cells if _is(c, "solution")
        }
        ours = [c for c in self.solved.cells if c.cell_type == "code" and not _is(c, "grade")]
        taken = {name for cell in ours for name in bound(parse(cell.source))}
        found: dict[int, dict] = {}
        for number, cell in enumerate(notebook.cells):
            if cell.cell_type != "code":
                continue
            if _is(cell, "solution"):
                answer = answers.get(cell.metadata.nbgrader.grade_id, "")
                found[number] = {
                    "kind": "student",
                    "binds": sorted(binds(answer, taken)),
                    "imports": imports(answer, taken),
                }
            elif cell.metadata.get("qkv") == "added":
                found[number] = {"kind": "student", "binds": [], "imports": ""}
            elif _is(cell, "grade"):
                found[number] = {"kind": "test", "points": float(cell.metadata.nbgrader.points)}
            else:
                found[number] = {"kind": "teacher"}
            found[number]["source"] = cell.source
        return found


def _is(cell, kind):
    return bool(cell.metadata.get("nbgrader", {}).get(kind))


def plans(course: Course, assignment: str) -> list[Plan]:
    """Return the plans of an assignment's notebooks; `QkvError` if it was not released."""
    from nbgrader.api import Gradebook, MissingEntry

    made = []
    with Gradebook(course.database) as gradebook:
        for path in sorted((course.solutions / assignment).glob("*.ipynb")):
            released = course.released / assignment / path.name
            try:
                known = gradebook.find_notebook(path.stem, assignment)
            except MissingEntry:
                known = None
            if known is None or not released.is_file():
                raise QkvError(f"{assignment} is not released yet: qkv grade release {assignment}")
            sources = {cell.name: cell.source for cell in known.source_cells}
            base, given = nbformat.read(released, as_version=4), {}
            for cell in base.cells:
                name = cell.metadata.get("nbgrader", {}).get("grade_id")
                given[name] = cell.source
                if name in sources and not _is(cell, "solution"):
                    cell.source = sources[name]
            made.append(Plan(path.stem, base, given, nbformat.read(path, as_version=4)))
    return made


def files_of(course: Course, assignment: str) -> dict[str, str]:
    """Return the files handed out beside the notebooks: name -> base64."""
    folder = course.released / assignment
    return packed(folder, [p for p in folder.rglob("*") if p.name not in PRIVATE])


def packed(folder: Path, paths: Iterable[Path]) -> dict[str, str]:
    """Return the files among the paths that are no notebooks: name below the folder -> base64.

    Raises `QkvError` when they are larger than a sandbox takes in.
    """
    found, size = {}, 0
    for path in sorted(paths):
        if path.is_file() and path.suffix != ".ipynb":
            size += path.stat().st_size
            if size > MAX_FILES:
                raise QkvError(f"the files in {folder} are larger than {MAX_FILES // 2**20} MB")
            found[str(path.relative_to(folder))] = base64.b64encode(path.read_bytes()).decode()
    return found


class Log(logging.Handler):
    """Collects what nbgrader says, to show it only when something failed."""

    def __init__(self):
        """Collect nothing yet."""
        super().__init__()
        self.lines = []

    def emit(self, record):
        """Keep a message."""
        self.lines.append(record.getMessage())
        del self.lines[:-50]


@contextlib.contextmanager
def nbgrader_says():
    """Keep nbgrader quiet; yield the lines that it would have shown."""
    logger, log = logging.getLogger("traitlets"), Log()
    before = logger.handlers, logger.propagate, logger.level
    logger.handlers, logger.propagate = [log], False
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield log.lines
    finally:
        logger.handlers, logger.propagate = before[0], before[1]
        logger.setLevel(before[2])


def why(lines: list[str], error: Exception) -> str:
    """Return the sentence in what nbgrader said that names the cause."""
    traces = [line for line in lines if line.startswith("Traceback")]
    said = traces[-1].strip().splitlines()[-1] if traces else (lines or [str(error)])[-1]
    return said[:300]
