"""A chapter's number is that of its file: `chapters/09_x` is chapter 9, wherever it stands.

Sphinx counts what a table of contents lists, so a chapter that is still to be written would shift
the numbers of all that follow it, and those in the stored text would be wrong.
"""

from docutils import nodes
from sphinx.addnodes import compact_paragraph
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.environment.collectors.toctree import TocTreeCollector

from qkv.notebook.toc import number_of

DEPTH = 2  # 9 and 9.1; what stands below is found by its heading


def number_chapters(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Number every chapter, its sections and its figures by its file; return what has changed."""
    before = {name: env.toc_fignumbers.get(name) for name in env.found_docs}
    changed = []
    for name, toc in env.tocs.items():
        number = number_of(name.removeprefix("chapters/"))
        if number is None or not name.startswith("chapters/"):
            continue
        numbers = dict[str, tuple[int, ...]]()
        _number(toc, (), number, numbers)
        if env.toc_secnumbers.get(name) != numbers:
            changed.append(name)
        env.toc_secnumbers[name] = numbers
        env.titles[name]["secnumber"] = (number,)
    TocTreeCollector().assign_figure_numbers(env)
    return changed + [name for name in before if env.toc_fignumbers.get(name) != before[name]]


def _number(
    entries: nodes.Element, above: tuple[int, ...], first: int, numbers: dict[str, tuple[int, ...]]
) -> None:
    """Number a list of headings from `first` on, and the lists inside it from 1; note them all.

    Sphinx keeps a heading's number twice: beside its page's name, and in the table of contents.
    """
    items = [item for item in entries if isinstance(item, nodes.list_item)]
    for number, item in enumerate(items, first):
        path = (*above, number)
        for part in item:
            if isinstance(part, compact_paragraph):
                shown = path if len(path) <= DEPTH else ()
                link = part[0]
                assert isinstance(link, nodes.reference)
                link["secnumber"] = shown or None
                numbers[link["anchorname"]] = shown
            elif isinstance(part, nodes.bullet_list):
                _number(part, path, 1, numbers)
