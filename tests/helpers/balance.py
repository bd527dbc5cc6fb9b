"""Hands out the tests so that two workers end at about the same time.

A file stays together, as do its fixtures; the pages of the site are given out one by one. What
takes long comes first, and what is short fills the gaps at the end.
"""

import re

from xdist.scheduler import LoadFileScheduling

PAGE = re.compile(r"test_pages\.py::.*\[.*?([\w/]+\.html)")
# The first that fits: the longest pieces come first.
ORDER = [
    r"\.ipynb",
    r"test_pages\.py.*chapters/",
    r"test_pages\.py",
    r"tests/grade/",
    r"_browser\.py",
    "",
]


class Balanced(LoadFileScheduling):
    """Gives out files, and single pages, in the order of `sort`."""

    def __init__(self, config, log=None):
        """Keep the order of the tests as it is."""
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid):
        return piece(nodeid)


def piece(nodeid: str) -> str:
    """Return what a test is given out with: its file, or the page that it looks at."""
    page = PAGE.search(nodeid)
    return f"{nodeid.partition('::')[0]} {page[1]}" if page else nodeid.partition("::")[0]


def sort(items: list) -> None:
    """Put the tests in the order in which they are given out, in place; equals stay as they are."""
    items.sort(key=lambda item: next(i for i, p in enumerate(ORDER) if re.search(p, item.nodeid)))
