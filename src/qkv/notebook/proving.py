"""A plugin of pytest that proves the notebooks that have to be, and puts on record those that pass.

    pytest -p qkv.notebook.proving --nbval-lax chapters          every notebook
    pytest -p qkv.notebook.proving --nbval-lax --due chapters    those not on record, and one more

With pytest-xdist, the process that hands out the tests decides and writes; the others are told.
"""

from collections import defaultdict
from pathlib import Path

import pytest

from qkv.notebook.files import read_notebook
from qkv.notebook.proof import code_cells, due, note, notebooks, proof_key
from qkv.paths import root


def pytest_addoption(parser):
    """Add the option `--due`."""
    help_ = "prove only the notebooks that changed since their proof, and one more in its turn"
    parser.getgroup("nbval").addoption("--due", action="store_true", help=help_)


def pytest_configure(config):
    """Decide what is to be proved."""
    if config.getoption("nbval", False) or config.getoption("nbval_lax", False):
        config.pluginmanager.register(Proving(config), "qkv-proving")


class Proving:
    """Leaves out what need not be proved, watches the rest, and notes what passed whole."""

    def __init__(self, config: pytest.Config):
        """Find out which notebooks are due, or take it from the process that has."""
        self.book = root()
        self.told = getattr(config, "workerinput", None)
        self.passed: dict[str, set[str]] = defaultdict(set)
        if self.told is not None:
            self.chosen = self.told["qkv_due"]
            return
        self.keys = {path.stem: proof_key(path, self.book) for path in notebooks(self.book)}
        self.new, self.again = due(self.book)
        every = not config.getoption("due")
        self.chosen = list(self.keys) if every else [*self.new, *filter(None, [self.again])]

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node):
        """Tell a worker which notebooks are due."""
        node.workerinput["qkv_due"] = self.chosen

    def pytest_report_header(self):
        """Say what is proved, and why."""
        if self.told is None:
            return f"notebooks to prove: {', '.join(self.chosen) or 'none'}"
        return None

    def pytest_ignore_collect(self, collection_path: Path):
        """Leave out a notebook whose proof is on record."""
        return True if self.is_ours(collection_path) and not self.is_due(collection_path) else None

    def is_ours(self, path: Path) -> bool:
        """Return whether a file is a notebook of the book."""
        return path.suffix == ".ipynb" and path.parent == self.book / "chapters"

    def is_due(self, path: Path) -> bool:
        """Return whether a notebook is to be proved."""
        return path.stem in self.chosen

    def pytest_runtest_logreport(self, report):
        """Take down which cells pass."""
        file = Path(report.nodeid.partition("::")[0])
        if file.suffix == ".ipynb" and report.when == "call" and report.outcome == "passed":
            self.passed[file.stem].add(report.nodeid)

    def pytest_sessionfinish(self):
        """Put on record, under the key it had at the start, what passed in all its cells."""
        if self.told is not None:
            return
        whole = {
            path.stem: self.keys[path.stem]
            for path in notebooks(self.book)
            if path.stem in self.keys.keys() & self.passed.keys()
            if len(self.passed[path.stem]) == len(code_cells(read_notebook(path)))
        }
        if whole:
            note(self.book, whole)
