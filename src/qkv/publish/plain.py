"""The text of a chapter, so that it reads right where nobody knows MyST: plain Markdown.

A chapter's Markdown cells hold links where MyST would have roles, and the link's text is what the
reader is to see: the number of the run, the label of a source. In JupyterLab, in an editor or on a
code host it is a sentence like any other; the site's build and `qkv check` read the roles again.

    {glue:text}`share:.1f`           [41.3](glue:share:.1f)
    {term}`keys <key>`               [keys](../book/glossary.md#key)
    {cite}`vaswani2017`              [(Vaswani et al., 2017)](../book/references.bib#vaswani2017)
    {cite:t}`vaswani2017`            [Vaswani et al. (2017)](../book/references.bib#vaswani2017)
    {numref}`fig-lag`                [Fig. 2.4](#fig-lag)
    {eq}`eq-gate`                    [(eq-gate)](#eq-gate)
    {download}`set <../exercises/…>` [set](../exercises/…)

A link to `../book/status.md` gives the chapter's running time. An admonition is a quotation that
begins with its title in bold; a bibliography is the list of what the chapter cites.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from qkv.errors import QkvError
from qkv.figure import FIGURE_MIME
from qkv.notebook.files import read_text
from qkv.notebook.toc import number_of
from qkv.publish.times import roughly, runs

GLOSSARY, SOURCES = "../book/glossary.md", "../book/references.bib"
FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell", "quiz"}

BIBLIOGRAPHY = "```{bibliography}\n:filter: docname in docnames\n:list: bullet\n```"
LIST = "<!-- bibliography -->"

_CODE = re.compile(r"(^(`{3,}|~{3,})(?![{`~]).*?^\2\s*$)", re.M | re.S)
_ROLE = re.compile(r"\{(glue:text|term|cite|cite:p|cite:t|numref|eq|download)\}`([^`]+)`")
_TARGETED = re.compile(r"(.*?)\s*<([^>]+)>", re.S)
_LINK = re.compile(
    r"\[((?:[^\]\\]|\\.)*)\]\("
    r"(glue:|#fig-|#eq-|\.\./book/glossary\.md#|\.\./book/references\.bib#|\.\./exercises/)"
    r"([^)\s]+)\)"
)
_TIME = re.compile(r"\[([^\]]*)\]\(\.\./book/status\.md\)")
_ADMONITION = re.compile(r"^```\{admonition\} (.+)\n:class: note\n\n?((?:.*\n)*?)```[ \t]*$", re.M)
_QUOTATION = re.compile(r"^> \*\*(.+)\*\*\n>((?:\n>.*)+)", re.M)
_LIST = re.compile(rf"^{LIST}(?:\n- .*)*", re.M)


@dataclass
class Facts:
    """What the text of one chapter refers to."""

    number: str  # the chapter's own
    values: dict[str, str] = field(default_factory=dict)  # glued: name → text
    figures: list[str] = field(default_factory=list)  # names of those with a caption, in order
    sources: dict = field(default_factory=dict)  # the entries of the references
    seconds: float | None = None  # of the last run


def facts_of(notebook: dict, path: Path, book: Path, seconds: float | None = None) -> Facts:
    """Return what the stored outputs of the notebook at `path`, and the book, say.

    `seconds` is the processor time of its run, if it is not the one noted in `book/runs.json`.
    """
    number = number_of(path.stem)
    facts = Facts(number=path.stem if number is None else str(number))
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            mark = output.get("metadata", {}).get("scrapbook")
            if mark:
                name = f"{mark.get('mime_prefix', '')}text/plain"
                facts.values[mark["name"]] = output["data"].get(name, "")
            figure = output.get("data", {}).get(FIGURE_MIME, {})
            if figure.get("caption"):
                facts.figures.append(figure.get("name"))
    facts.sources = _sources(book / "book" / "references.bib")
    facts.seconds = runs(book).get(path.stem, {}).get("seconds") if seconds is None else seconds
    return facts


def to_myst(text: str) -> str:
    """Return the text with MyST's roles and directives in the place of the links."""
    return _outside_code(text, _to_myst)


def to_plain(text: str, facts: Facts) -> str:
    """Return the text with a link in the place of each role, filled with what the reader sees.

    Text that is plain already is filled anew: the same facts change nothing.

    Raises `QkvError` for a number that the run did not glue, or a figure that it did not show.
    """
    cited = _cited(to_myst(text))
    return _outside_code(text, lambda part: _to_plain(_to_myst(part), facts, cited))


def fill(notebook: dict, facts: Facts) -> list[int]:
    """Bring the text and the folding of a notebook in line with its outputs, in place.

    Returns the numbers (from 1) of the cells that were not. Raises `QkvError` as `to_plain` does.
    """
    changed = []
    cited = {key for cell in _texts(notebook) for key in _cited(to_myst(cell["source"]))}
    for number, cell in enumerate(notebook["cells"], 1):
        before = cell["source"], dict(cell["metadata"].get("jupyter", {}))
        if cell["cell_type"] == "markdown":
            try:
                cell["source"] = _outside_code(
                    cell["source"], lambda part: _to_plain(_to_myst(part), facts, cited)
                )
            except QkvError as error:
                raise QkvError(f"cell {number}: {error}") from error
        elif FOLDED.intersection(cell["metadata"].get("tags", [])):
            cell["metadata"].setdefault("jupyter", {})["source_hidden"] = True
        if before != (cell["source"], cell["metadata"].get("jupyter", {})):
            changed.append(number)
    return changed


def _texts(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "markdown"]


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    """Return the text with `change` made to all that is no block of code."""
    parts = _CODE.split(text)
    return "".join(
        change(part) if place % 3 == 0 else part * (place % 3 == 1)
        for place, part in enumerate(parts)
    )


def _to_myst(text: str) -> str:
    text = _LIST.sub(lambda match: BIBLIOGRAPHY, text)
    text = _QUOTATION.sub(
        lambda match: (
            f"```{{admonition}} {match[1]}\n:class: note\n"
            + re.sub(r"^> ?", "", match[2], flags=re.M)
            + "\n```"
        ),
        text,
    )
    return _LINK.sub(_role, text)


def _role(link: re.Match[str]) -> str:
    """Return the role that a link stands for."""
    text, kind, rest = link.groups()
    if kind == "glue:":
        return f"{{glue:text}}`{rest}`"
    if kind.startswith("#"):
        return f"{{{'numref' if kind == '#fig-' else 'eq'}}}`{kind[1:]}{rest}`"
    if kind == f"{SOURCES}#":
        return f"{{{'cite' if text.startswith('(') else 'cite:t'}}}`{rest}`"
    if kind == f"{GLOSSARY}#":
        term = unquote(rest)
        return f"{{term}}`{text}`" if term == text else f"{{term}}`{text} <{term}>`"
    return f"{{download}}`{text} <{kind}{rest}>`"


def _to_plain(text: str, facts: Facts, cited: set[str]) -> str:
    text = _ROLE.sub(lambda match: _link(match[1], match[2], facts), text)
    text = _ADMONITION.sub(
        lambda match: "\n".join(
            [f"> **{match[1]}**", ">", *(f"> {line}".rstrip() for line in match[2].splitlines())]
        ),
        text,
    )
    seconds = facts.seconds
    if seconds is not None:
        text = _TIME.sub(lambda match: f"[{roughly(seconds, match[1])}](../book/status.md)", text)
    return text.replace(BIBLIOGRAPHY, "\n".join([LIST, *_entries(cited, facts.sources)]))


def _link(role: str, content: str, facts: Facts) -> str:
    """Return the link that stands for a role."""
    if role == "glue:text":
        return f"[{_value(content, facts.values)}](glue:{content})"
    if role == "numref":
        return f"[{_figure(content, facts)}](#{content})"
    if role == "eq":
        return f"[({content})](#{content})"
    if role.startswith("cite"):
        keys = [key.strip() for key in content.split(",")]
        if role != "cite:t":
            label = f"({'; '.join(_label(key, facts.sources, '{}, {}') for key in keys)})"
        else:
            label = ", ".join(_label(key, facts.sources, "{} ({})") for key in keys)
        return f"[{label}]({SOURCES}#{','.join(keys)})"
    targeted = _TARGETED.fullmatch(content)
    text, target = targeted.groups() if targeted else (content, " ".join(content.split()))
    return f"[{text}]({target})" if role == "download" else f"[{text}]({GLOSSARY}#{quote(target)})"


def _value(content: str, values: dict[str, str]) -> str:
    """Return a glued value as the site shows it."""
    from myst_nb.core.variables import format_plain_text

    name, _, form = content.partition(":")
    if name not in values:
        raise QkvError(f'the text asks for {name!r}: no cell has glue("{name}", …)')
    try:
        shown = format_plain_text(values[name], form)
    except ValueError as error:
        raise QkvError(
            f"{name!r} is {values[name]}, which {form!r} cannot form: {error}"
        ) from error
    return re.sub(r"([\\\[\]*_`<$|])", r"\\\1", shown)


def _figure(name: str, facts: Facts) -> str:
    if name not in facts.figures:
        raise QkvError(f"the text refers to the figure {name!r}, which no cell shows")
    return f"Fig. {facts.number}.{facts.figures.index(name) + 1}"


def _cited(text: str) -> set[str]:
    """Return the keys of the sources that a text with roles cites."""
    found = (match[2] for match in _ROLE.finditer(text) if match[1].startswith("cite"))
    return {key.strip() for keys in found for key in keys.split(",")}


def _sources(path: Path) -> dict:
    """Return the entries of a BibTeX file by their key."""
    return _parsed(read_text(path)) if path.is_file() else {}


@cache
def _parsed(text: str) -> dict:
    from pybtex.database import parse_string
    from pybtex.exceptions import PybtexError

    try:
        return dict(parse_string(text, "bibtex").entries.items())
    except PybtexError as error:
        raise QkvError(f"book/references.bib is not BibTeX: {error}") from error


def _names(entry: Any) -> list[str]:
    people = entry.persons.get("author", []) or entry.persons.get("editor", [])
    return [_clean(" ".join([*one.prelast_names, *one.last_names])) for one in people]


def _label(key: str, sources: dict, form: str) -> str:
    """Return the names and the year of a source; an unknown one keeps its key."""
    if key not in sources:
        return key
    names = _names(sources[key])
    who = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
    return form.format(who or key, sources[key].fields.get("year", "n.d."))


def _entries(keys: set[str], sources: dict) -> list[str]:
    """Return a line for each source, in the order of the names."""
    lines = []
    for key in sorted(keys & sources.keys(), key=lambda key: _label(key, sources, "{} {}").lower()):
        fields = sources[key].fields
        names = ", ".join(
            _clean(
                " ".join([*one.first_names, *one.middle_names, *one.prelast_names, *one.last_names])
            )
            for one in sources[key].persons.get("author", [])
        )
        where = fields.get("journal") or fields.get("booktitle") or fields.get("publisher") or ""
        parts = [f"*{_clean(fields.get('title', key))}*", _clean(where), fields.get("year", "")]
        lines.append(f"- {names}: {', '.join(part for part in parts if part)}.")
    return lines


def _clean(text: str) -> str:
    """Return BibTeX's text without its braces, with its accents."""
    from pybtex.richtext import Text

    return " ".join(str(Text.from_latex(text)).replace("\xa0", " ").split())
