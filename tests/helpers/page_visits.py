"""Each page of the site is looked at twice, and what is seen is kept for many tests.

Once as most meet it: served, light, wide, by mouse. Once as few do, and it has to work all the
same: opened from a file, dark, on a phone's width and then wide, by keyboard.
"""

import json
from collections.abc import Callable

from live_page import ALIVE, errors_of
from page_checks import barriers, cut_off, operate_all, width_needed, wrong_and_right

FIGURES = ".qkv-live:not([data-module=quiz])"
QUIZZES = ".qkv-live[data-module=quiz]"
OPEN = "() => document.querySelectorAll('details.qkv-deeper').forEach((d) => { d.open = true; })"
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def go(page, url: str, *, theme: str = "light", width: int = 1200):
    """Open a page, and on it what goes deeper, and wait until it is alive; return it."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.goto(url, wait_until="load")
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    page.evaluate(OPEN)
    page.wait_for_function(ALIVE)
    page.wait_for_function("() => !window.MathJax?.startup || MathJax.startup.promise")
    page.evaluate("scrollTo(0, 0)")
    return page


class Visits:
    """Visits the pages of a site; the second time somebody asks, what was seen is there."""

    def __init__(self, browser, site, address: str):
        """Take the browser, the folder of the site and the address where it is served."""
        self.browser, self.site, self.address = browser, site, address
        self.kept: dict[tuple[str, str], dict] = {}

    def seen(self, name: str, how: str, what: str):
        """Return what was seen of a page; an error on the way is raised for what it hid.

        how: "mouse" or "keyboard", the two visits. what: such as "barriers".
        """
        if (name, how) not in self.kept:
            self.kept[name, how] = self.look(name, how)
        value = self.kept[name, how][what]
        if isinstance(value, Exception):
            raise value
        return value

    def look(self, name: str, how: str) -> dict:
        """Visit a page with a fresh profile and take down all that tests ask for."""
        context = self.browser.new_context()
        page = context.new_page()
        errors, strangers = errors_of(page), cut_off(page, self.address)
        start = self.address if how == "mouse" else self.site.as_uri()
        theme, width = ("light", 1200) if how == "mouse" else ("dark", 360)
        try:
            go(page, f"{start}/{name}", theme=theme, width=width)
            seen = {what: self.attempt(page, look) for what, look in LOOKS[how].items()}
        finally:
            context.close()
        return {**seen, "errors": errors, "strangers": strangers}

    def attempt(self, page, look: Callable):
        """Return what a look finds, or the error that it met: the other looks go on."""
        try:
            return look(page)
        except Exception as error:  # raised again by the test that asks for it
            return error


def count(selector: str) -> Callable:
    """Return a look at how many elements there are."""
    return lambda page: page.locator(selector).count()


def widened(page) -> list[str]:
    """Make a page as wide as a screen, and return its barriers."""
    page.set_viewport_size({"width": 1200, "height": 900})
    page.evaluate(DRAWN)
    return barriers(page)


def worked(how: str) -> Callable:
    """Return a look at which controls of the figures change nothing."""

    def look(page):
        figures = page.locator(FIGURES)
        return [
            report for i in range(figures.count()) for report in operate_all(figures.nth(i), how)
        ]

    return look


def answered(page) -> list[str]:
    """Answer every quick check wrongly and rightly; return what went amiss."""
    quizzes = page.locator(QUIZZES)
    return [problem for i in range(quizzes.count()) for problem in wrong_and_right(quizzes.nth(i))]


def progress(page) -> list[dict]:
    """Return what the browser keeps of the reader's answers."""
    return list(json.loads(page.evaluate("localStorage.getItem('qkv-quiz')") or "{}").values())


COUNTS = {
    "failed": count(".qkv-failed"),
    "headings": count("h1:visible"),
    "set formulas": count("mjx-container"),
    "formulas": count(".math"),
    "broken formulas": count("mjx-merror"),
    "figures": count(FIGURES),
    "quizzes": count(QUIZZES),
}
LOOKS = {  # in this order
    "mouse": {
        **COUNTS,
        "barriers": barriers,
        "idle": worked("mouse"),
        "answers": answered,
        "progress": progress,
    },
    "keyboard": {**COUNTS, "width": width_needed, "barriers": widened, "idle": worked("keyboard")},
}
