"""Figures with something to drag, under a finger: it follows, and beside it the page scrolls."""

from pathlib import Path

import pytest
from live_page import errors_of, live_page
from self_attention_figures import dot_product
from test_bends import bends
from test_descent import descent

from qkv.figure import figure_bundle

ROOT = Path(__file__).resolve().parents[2]
COVER = (ROOT / "book/site/cover.css").read_text("utf-8")


class Cover:
    """The figure of the welcome page, which no cell makes."""

    def _repr_mimebundle_(self):
        return figure_bundle(
            name="fig-cover", caption="C", alt="Keys.", module="cover", state={}
        ), {}


HANDLES = {
    "cover": (Cover, ".cover-handle"),
    "dot_product": (dot_product, "[role=slider]"),
    "bends": (bends, "[role=slider]"),
    "descent": (descent, "[role=slider]"),
}


@pytest.fixture
def phone(browser, tmp_path):
    """Open a figure on a phone, with page above and below it; return the page and its finger."""
    context = browser.new_context(
        viewport={"width": 390, "height": 700}, has_touch=True, reduced_motion="reduce"
    )
    page = context.new_page()
    errors = errors_of(page)

    def open_page(make):
        path = tmp_path / "page.html"
        path.write_text(live_page(make()), "utf-8")
        page.goto(path.as_uri())
        page.locator(".qkv-ready").wait_for()
        page.add_style_tag(content=f"{COVER} body {{ padding: 300px 16px 1500px !important; }}")
        return page

    yield open_page
    context.close()
    assert errors == []


def drag(page, start, by):
    """Draw a finger over the screen, as a touch screen reports it."""
    wire = page.context.new_cdp_session(page)
    (x, y), (dx, dy) = start, by

    def touch(kind, *points):
        wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [*points]})

    touch("touchStart", {"x": x, "y": y})
    for i in range(1, 11):
        touch("touchMove", {"x": x + dx * i / 10, "y": y + dy * i / 10})
        page.wait_for_timeout(16)
    touch("touchEnd")
    page.wait_for_timeout(100)


def middle(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize("name", HANDLES)
def test_a_handle_follows_the_finger_and_the_page_stays(phone, name):
    make, handle = HANDLES[name]
    page = phone(make)
    page.evaluate("scrollTo(0, 200)")
    dragged = page.locator(handle).first
    before = dragged.get_attribute("aria-valuetext")
    tip = dragged.locator("circle").first
    x, y = middle(tip)
    drag(page, (x, y), (-60, -90))
    assert page.evaluate("scrollY") == 200
    assert dragged.get_attribute("aria-valuetext") != before
    now = middle(tip)
    assert abs(now[0] - (x - 60)) < 30
    assert abs(now[1] - (y - 90)) < 30


@pytest.mark.parametrize("name", HANDLES)
def test_beside_the_handle_a_finger_scrolls_the_page(phone, name):
    make, handle = HANDLES[name]
    page = phone(make)
    page.evaluate("scrollTo(0, 200)")
    dragged = page.locator(handle).first
    before = dragged.get_attribute("aria-valuetext")
    box = page.locator("svg:has([role=slider])").bounding_box()
    drag(page, (box["x"] + 6, box["y"] + box["height"] - 6), (0, -120))
    assert page.evaluate("scrollY") > 250
    assert dragged.get_attribute("aria-valuetext") == before
