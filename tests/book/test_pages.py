"""The site's pages as readers meet them: in a real browser, and with every other host cut off.

Each is visited twice (`page_visits`), and every test asks for a part of what was seen.
"""

import pytest
import yaml
from page_checks import cut_off, drawn, wrong_and_right
from page_visits import Visits, go

from qkv.paths import root

TOC = yaml.safe_load((root() / "_toc.yml").read_text())
PAGES = [TOC["root"], *(c["file"] for part in TOC["parts"] for c in part["chapters"])]
PAGES = [f"{page}.html" for page in PAGES] + ["404.html", "search.html"]
CHAPTERS = [page for page in PAGES if page.startswith("chapters/")]


@pytest.fixture(scope="module")
def seen(browser, site, address):
    """What is seen of a page: `seen(name, how, what)`."""
    return Visits(browser, site, address).seen


@pytest.fixture
def visit(page, address):
    """Open a page of the site, alive; requests to other hosts fail the test."""
    strangers = cut_off(page, address)
    yield lambda name: go(page, f"{address}/{name}")
    assert strangers == []


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_nothing_of_any_other_host(seen, name, how):
    assert seen(name, how, "strangers") == []


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_no_error(seen, name, how):
    assert seen(name, how, "errors") == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_alive(seen, name):
    assert seen(name, "mouse", "failed") == 0
    assert seen(name, "mouse", "headings") >= 1


@pytest.mark.parametrize("name", PAGES)
def test_a_page_works_from_a_file(seen, name):
    assert seen(name, "keyboard", "failed") == 0
    assert seen(name, "keyboard", "set formulas") >= seen(name, "keyboard", "formulas")


@pytest.mark.parametrize(("theme", "how"), [("light", "mouse"), ("dark", "keyboard")])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible(seen, name, theme, how):
    assert seen(name, how, "barriers") == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_overflows_on_a_phone(seen, name):
    assert seen(name, "keyboard", "width") <= 360


@pytest.mark.parametrize("name", CHAPTERS)
def test_mathematics_is_set(seen, name):
    assert seen(name, "mouse", "set formulas") >= seen(name, "keyboard", "formulas") > 0
    assert seen(name, "mouse", "broken formulas") == 0


@pytest.mark.parametrize("name", [*CHAPTERS, "book/index.html"])
@pytest.mark.parametrize("how", ["mouse", "keyboard"])
def test_every_control_changes_what_is_drawn(seen, name, how):
    assert seen(name, how, "figures") >= 1
    assert seen(name, how, "idle") == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_quick_check_tells_wrong_from_right(seen, name):
    count = seen(name, "mouse", "quizzes")
    assert count >= 4
    assert seen(name, "mouse", "answers") == []
    kept = seen(name, "mouse", "progress")
    assert len(kept) == count
    assert all(entry["right"] and entry["tries"] == 2 for entry in kept)


def test_progress_is_shown_and_cleared(visit):
    page = visit(CHAPTERS[0])
    assert wrong_and_right(page.locator(".qkv-live[data-module=quiz]").first) == []
    page = visit("book/progress.html")
    before = drawn(page.locator(".qkv-live").first)
    assert "1" in page.locator(".qkv-progress-summary").inner_text()
    page.get_by_role("button", name="Clear my answers").click()
    page.get_by_role("button", name="Clear them").click()
    assert page.evaluate("localStorage.getItem('qkv-quiz')") in (None, "{}")
    assert drawn(page.locator(".qkv-live").first) != before


def test_the_search_finds_a_word_of_a_chapter(visit):
    page = visit("search.html?q=skip-gram")
    page.locator("#search-results li").first.wait_for()
    assert page.locator("#search-results a[href*='01_encodings']").count() >= 1


def test_the_reader_can_choose_light_and_dark(visit):
    page = visit("book/index.html")
    background = "getComputedStyle(document.body).backgroundColor"
    seen = set()
    for _ in range(3):
        page.locator(".theme-switch-button:visible").first.click()
        seen.add(page.evaluate(background))
    assert len(seen) == 2
