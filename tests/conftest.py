"""What the tests share: one browser for each file, with a fresh profile for every page."""

from pathlib import Path

import balance
import pytest
from live_page import errors_of
from playwright.sync_api import sync_playwright

DEBIAN = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items):
    """Begin with what takes long."""
    balance.sort(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With `--dist loadfile`, spread the pages too."""
    return balance.Balanced(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="module")
def browser():
    """Chromium: Debian's where it is installed, else Playwright's own.

    It ends with the file: while Playwright is on, no test of the same process can run a loop of
    its own with `asyncio.run`.
    """
    with sync_playwright() as playwright:
        path = str(DEBIAN) if DEBIAN.is_file() else None
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    """A page with a fresh profile; an error on it fails the test."""
    context = browser.new_context()
    page = context.new_page()
    errors = errors_of(page)
    yield page
    context.close()
    assert errors == []
