"""Start a chapter: its notebook, question bank, exercise set and line in the table of contents."""

import keyword
import re
import shutil
from pathlib import Path

import nbformat

from qkv.errors import QkvError
from qkv.notebook.files import read_text, write
from qkv.paths import notebooks, require_writable, root

ENTRY = re.compile(r"^(\s*)- file: chapters/(\d\d)_\w+\s*(?:#.*)?$")

# The cells of a new notebook: ("text", Markdown), or ("code" and its tags, Python). It runs as it
# is; what `qkv check` still asks for afterwards is what the author has to write.
CELLS = [
    (
        "text",
        """# {title}

What could the last chapter not do? Say it in one paragraph, with a number.

**Reading time:** … minutes · **Running time:** [](../book/status.md) on one core
**What to know before:** …

## You will be able to

- do the first thing that one can check;
- do the second;
- do the third.""",
    ),
    (
        "code",
        """import matplotlib.pyplot as plt

from qkv.live import Sweep
from qkv.quiz import ask""",
    ),
    (
        "text",
        """## The first idea

Words, then a picture, then mathematics, then the smallest code that shows it, then the code we
keep. Refer to a figure by its name: {{numref}}`fig-{slug}-line`.""",
    ),
    (
        "code export",
        '''def line(x: float, slope: float) -> float:
    """Return the height at `x` of a line through the origin. Replace me."""
    return slope * x''',
    ),
    (
        "code figure",
        """def draw(slope):
    fig, ax = plt.subplots(figsize=(5, 3))
    ax.plot([0, 1], [line(0, slope), line(1, slope)])
    ax.set(xlabel="input", ylabel="output", ylim=(0, 3))
    return fig


Sweep(
    draw,
    {{"slope": [1, 2, 3]}},
    describe=lambda slope: f"The line ends at {{line(1, slope)}}.",
    name="fig-{slug}-line",
    caption="A line, and what its slope does to it.",
    alt="A line from the origin that ends at 1 when the slope is 1.",
)""",
    ),
    (
        "code claim hide-input",
        """end = line(1, slope=2)
assert end == 2, f"the line ends at {{end}}, not at 2\"""",
    ),
    ("code quiz remove-input", 'ask("{stem}", "first-question")'),
    (
        "text",
        """## Measure it

The experiment, its figure, and the claim as an assertion with a margin.""",
    ),
    (
        "text",
        """## What we have now

The row of the scoreboard, what to take along, and what is still wrong.""",
    ),
    (
        "text",
        """## Exercises

The {{download}}`tasks of this chapter <../exercises/{stem}/{stem}.ipynb>` are a notebook whose
checks say what is wrong, and where.""",
    ),
    ("text", "## Further reading\n\nThe papers, each with a word on why to read it."),
]

BANK = """# {title}
% Edit me. The format is described in `python -m pydoc qkv.quiz`.

## first-question
Where does a line through the origin with slope $2$ stand at $1$?

(x) at $2$
> Yes: the slope is the height at one.
( ) at $1$
> That is where you are, not how high; multiply it by the slope.
"""

# The cells of a new exercise set: (kind, grade id, points, source).
TASKS = [
    (
        "locked",
        "welcome",
        0,
        "# Exercises {number}: {title}\n\nSay what students can do when they are done, and how "
        "long it takes.\n\n**Points:** 4.",
    ),
    ("locked", "about_double", 0, "## Task 1: Double (2 points)\n\nReplace this task."),
    (
        "solution",
        "double",
        0,
        '''def double(x):
    """Return twice the number x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION''',
    ),
    (
        "test",
        "test_double",
        2,
        """from qkv.grade.checks import check

check(
    "double(3)",
    double(3),
    6,
    mistakes={{
        "this is the square: add the number to itself": 9,
        "this is the half: multiply, do not divide": 1.5,
        "the number came back unchanged": 3,
    }},
)
### BEGIN HIDDEN TESTS
check("double of another number", double(-5), -10)
### END HIDDEN TESTS""",
    ),
    ("locked", "about_why", 0, "## Task 2: Why? (2 points)\n\nAsk for something that needs words."),
    (
        "manual",
        "why",
        2,
        "### BEGIN SOLUTION\nWhat a good answer says, and what earns each point.\n### END SOLUTION",
    ),
]

MISCONCEPTIONS = '''"""Wrong answers to the exercises of chapter {number}, and their hints.

A cell starts with `# %% task | what is wrong | hint: piece of the message` and holds the code that
takes the place of the task's solution cell. `hidden:` in place of `hint:` marks an answer that the
visible checks let pass and the hidden tests must not.
"""

# ruff: noqa: D103, F811, F821

# %% double | the square | hint: this is the square


def double(x):
    return x * x


# %% double | the half | hint: this is the half


def double(x):
    return x / 2


# %% double | unchanged | hint: came back unchanged


def double(x):
    return x


# %% double | the example's answer | hidden: double of another number


def double(x):
    return 6
'''


def new_chapter(number: str, name: str) -> list[Path]:
    """Write the skeleton of chapter `number`, called `name`; return the files written or changed.

    `number` is 0 to 99 (`5` and `05` are the same); `name` becomes a module of `qkv.chapters`, so
    it is written in small letters, digits and underscores.

    Raises `QkvError` for a number or name that cannot be one or is taken, and where
    nothing can be stored. Either all files are written or none.
    """
    book = root()
    stem = f"{_number(number)}_{_name(name)}"
    _refuse_taken(book, stem)
    for folder in (book, book / "chapters", book / "solutions"):
        require_writable(folder)
    toc = book / "_toc.yml"
    before = read_text(toc)
    words = {
        "stem": stem,
        "number": stem[:2],
        "title": name.replace("_", " ").capitalize(),
        "slug": name.replace("_", "-"),
    }
    texts = {
        book / f"chapters/{stem}.ipynb": _notebook(words, name),
        book / f"chapters/quiz/{stem}.txt": BANK.format(**words),
        book / f"solutions/{stem}/{stem}.ipynb": _exercises(words),
        book / f"solutions/{stem}/misconceptions.py": MISCONCEPTIONS.format(**words),
        toc: with_entry(before, stem),
    }
    try:
        for path, text in texts.items():
            write(path, text)
    except BaseException:
        for path in texts.keys() - {toc}:
            path.unlink(missing_ok=True)
        shutil.rmtree(book / f"solutions/{stem}", ignore_errors=True)
        write(toc, before)
        raise
    return [path.relative_to(book) for path in texts]


def _number(number):
    if not re.fullmatch(r"[0-9]{1,2}", number):
        raise QkvError(f"{number!r} is no chapter number: give 00 to 99")
    return number.zfill(2)


def _name(name):
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise QkvError(
            f"{name!r} is no chapter name: use small letters, digits and single underscores, "
            "as in self_attention"
        )
    return name


def _refuse_taken(book, stem):
    """Raise `QkvError` when a chapter or anything of one has this number or name."""
    for path in notebooks(book):
        if path.stem[:2] == stem[:2]:
            raise QkvError(f"chapter {stem[:2]} exists: chapters/{path.name}")
        if path.stem[3:] == stem[3:]:
            raise QkvError(
                f"the name {stem[3:]!r} belongs to chapters/{path.name}: two chapters of one name "
                "would write the same module"
            )
    for path in (book / f"chapters/quiz/{stem}.txt", book / f"solutions/{stem}"):
        if path.exists():
            raise QkvError(f"{path.relative_to(book)} exists: move it away first")


def with_entry(toc: str, stem: str) -> str:
    """Return the table of contents with a line for `stem` after the chapters of lower number.

    The file is changed as text, since a YAML writer would lose its comments. Raises `QkvError`
    when it lists no chapter yet, or this one already.
    """
    lines = toc.splitlines()
    entries = [(at, match) for at, line in enumerate(lines) if (match := ENTRY.match(line))]
    if not entries:
        raise QkvError(
            "_toc.yml lists no chapter (`- file: chapters/01_…`): write the first one by hand"
        )
    if any(f"chapters/{stem}" in line.split() for line in lines):
        raise QkvError(f"_toc.yml lists chapters/{stem} already")
    lower = [(at, match) for at, match in entries if match[2] < stem[:2]]
    at, match = max(lower, key=lambda entry: entry[1][2]) if lower else entries[0]
    indent = match[1]
    if lower:  # go past what belongs to the entry: the lines that are indented more
        at += 1
        while at < len(lines) and lines[at].startswith(indent + "  "):
            at += 1
    return "\n".join([*lines[:at], f"{indent}- file: chapters/{stem}", *lines[at:]]) + "\n"


def _notebook(words, name):
    cells = []
    for number, (kind, source) in enumerate(CELLS, 1):
        source = source.format(**words)
        if kind == "text":
            cell = nbformat.v4.new_markdown_cell(source)
        else:
            cell = nbformat.v4.new_code_cell(source)
            tags = kind.split()[1:]
            if "export" in tags:
                cell.metadata["nbdev"] = {"export": "true"}
            elif tags:
                cell.metadata["tags"] = tags
        cells.append({**cell, "id": f"cell-{number}"})
    return _text(cells, {"nbdev": {"default_exp": name}})


def _exercises(words):
    cells = []
    for kind, grade_id, points, source in TASKS:
        grade = {
            "schema_version": 3,
            "grade_id": grade_id,
            "grade": kind in ("test", "manual"),
            "solution": kind in ("solution", "manual"),
            "locked": kind in ("test", "locked"),
            "task": False,
        }
        if grade["grade"]:
            grade["points"] = points
        make = "new_code_cell" if kind in ("solution", "test") else "new_markdown_cell"
        source = source.format(**words)
        cell = getattr(nbformat.v4, make)(source, id=grade_id, metadata={"nbgrader": grade})
        cells.append(cell)
    return _text(cells, {})


def _text(cells, metadata):
    """Return the text of a notebook with these cells."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel, **metadata})
    return nbformat.v4.writes(nbformat.from_dict(notebook)) + "\n"
