"""The site's pages as readers meet them: in a real browser, and with every other host cut off."""

import http.server
import json
import threading
from functools import partial

import pytest
import yaml
from page_checks import barriers, cut_off, drawn, operate_all, width_needed, wrong_and_right

from qkv.paths import root
from qkv.publish.build import build_site

TOC = yaml.safe_load((root() / "_toc.yml").read_text())
PAGES = [TOC["root"], *(c["file"] for part in TOC["parts"] for c in part["chapters"])]
PAGES = [f"{page}.html" for page in PAGES] + ["404.html", "search.html"]
CHAPTERS = [page for page in PAGES if page.startswith("chapters/")]


@pytest.fixture(scope="module")
def site():
    """The folder of the built site."""
    build_site()
    return root() / "_build/html"


@pytest.fixture(scope="module")
def address(site):
    """Where the site is served, on this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def visit(page, address):
    """Open a page of the site and wait until it is alive; requests to other hosts fail the test."""
    strangers = cut_off(page, address)

    def open_page(name, *, theme="light", width=1200, start=None):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.goto(f"{start or address}/{name}", wait_until="load")
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        page.wait_for_function(
            "() => [...document.querySelectorAll('.qkv-live')].every("
            "e => e.matches('.qkv-ready') || e.querySelector('.qkv-failed'))"
        )
        page.wait_for_function("() => !window.MathJax?.startup || MathJax.startup.promise")
        return page

    yield open_page
    assert strangers == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_alive_and_asks_nothing_of_any_other_host(visit, name):
    page = visit(name)
    assert page.locator(".qkv-failed").count() == 0
    assert page.locator("h1:visible").count() >= 1


@pytest.mark.parametrize("name", PAGES)
def test_a_page_works_from_a_file(visit, site, name):
    page = visit(name, start=site.as_uri())
    assert page.locator(".qkv-failed").count() == 0
    assert page.locator("mjx-container").count() >= page.locator(".math").count()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible(visit, name, theme):
    assert barriers(visit(name, theme=theme)) == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_overflows_on_a_phone(visit, name):
    assert width_needed(visit(name, width=360)) <= 360


@pytest.mark.parametrize("name", CHAPTERS)
def test_mathematics_is_set(visit, name):
    page = visit(name)
    assert page.locator("mjx-container").count() > 20
    assert page.locator("mjx-merror").count() == 0


@pytest.mark.parametrize("name", [*CHAPTERS, "book/index.html"])
@pytest.mark.parametrize("how", ["mouse", "keyboard"])
def test_every_control_changes_what_is_drawn(visit, name, how):
    page = visit(name)
    figures = page.locator(".qkv-live:not([data-module=quiz])")
    assert figures.count() >= 1
    idle = [report for i in range(figures.count()) for report in operate_all(figures.nth(i), how)]
    assert idle == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_quick_check_tells_wrong_from_right(visit, name):
    page = visit(name)
    quizzes = page.locator(".qkv-live[data-module=quiz]")
    assert quizzes.count() >= 4
    problems = [p for i in range(quizzes.count()) for p in wrong_and_right(quizzes.nth(i))]
    assert problems == []
    kept = json.loads(page.evaluate("localStorage.getItem('qkv-quiz')"))
    assert len(kept) == quizzes.count()
    assert all(entry["right"] and entry["tries"] == 2 for entry in kept.values())


def test_progress_is_shown_and_cleared(visit, address):
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
