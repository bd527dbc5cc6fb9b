"""Data that nobody loses: in forced colours it keeps its own, on a phone what is wide says so."""

import numpy as np
import pytest
import tiny_heads
import tiny_transformer
import tiny_translator
from live_page import open_live
from page_checks import width_needed
from self_attention_figures import mask_painter, trace, waves
from test_bends import bends
from test_descent import descent

from qkv.live import Heatmap


def heatmap(n_columns=3):
    weights = np.linspace(-1, 1, 2 * n_columns).reshape(2, n_columns)
    columns = [f"column {i}" for i in range(n_columns)]
    return Heatmap(weights, ["it", "was"], columns, name="fig-heat", caption="C", alt="A grid.")


# How many different colours the data has, by what carries it.
INK = """(selector) => new Set([...document.querySelectorAll(selector)].map((e) => {
  const [own, before] = [getComputedStyle(e), getComputedStyle(e, "::before")];
  return [own.backgroundColor, before.width, before.backgroundColor].join();
})).size"""
FIGURES = {
    "heatmap": (heatmap, "td[data-r]"),
    "heads": (tiny_heads.figure, "td[data-r]"),
    "mask_painter": (mask_painter, "td[data-r]"),
    "translator": (tiny_translator.figure, "td[data-r]"),
    "transformer_flow": (tiny_transformer.figure, ".qkv-tensor td[data-r]"),
    "trace": (trace, "td.qkv-number"),
}
GROUND = """(selector) => [...document.querySelectorAll(selector)].every((e) => {
  const { forcedColorAdjust, backgroundColor } = getComputedStyle(e);
  return forcedColorAdjust === "none" && backgroundColor !== "rgba(0, 0, 0, 0)";
})"""


@pytest.fixture
def forced(page, tmp_path):
    """Open a figure in a page whose reader has chosen all colours."""

    def open_page(figure, theme="light"):
        open_live(page, tmp_path, figure, theme=theme)
        page.emulate_media(forced_colors="active", reduced_motion="reduce")
        return page

    return open_page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", FIGURES)
def test_in_forced_colours_different_numbers_look_different(forced, name, theme):
    make, data = FIGURES[name]
    page = forced(make(), theme)
    if name == "transformer_flow":
        page.locator("[data-id='encoder.norm']").click()
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    assert page.evaluate(INK, data) > 2


@pytest.mark.parametrize("name", ["translator", "heads", "waves", "bends", "descent"])
def test_in_forced_colours_data_stands_on_its_own_ground(forced, name):
    make, part = {
        "translator": (tiny_translator.figure, "td[data-r]"),
        "heads": (tiny_heads.figure, "td[data-r]:not(.qkv-later)"),
        "waves": (waves, ".qkv-wave"),
        "bends": (bends, ".qkv-plane, .qkv-plot, .qkv-signs-of .qkv-own"),
        "descent": (descent, ".qkv-plane, .qkv-plot"),
    }[name]
    assert forced(make()).evaluate(GROUND, part)


def test_what_is_wider_than_a_phone_says_so_and_scrolls_by_keyboard(page, tmp_path):
    page = open_live(page, tmp_path, heatmap(40), width=360)
    region = page.get_by_role("region", name="scrolls sideways")
    assert width_needed(page) == 360
    assert region.evaluate("e => e.scrollWidth > e.clientWidth")
    fade = "e => getComputedStyle(e).maskImage"
    assert "gradient" in region.evaluate(fade)
    region.focus()
    region.press("ArrowRight")
    region.and_(page.locator(".qkv-more-left")).wait_for()
    region.evaluate("e => { e.scrollLeft = e.scrollWidth; }")
    region.and_(page.locator(".qkv-scroll:not(.qkv-more-right)")).wait_for()
    assert region.evaluate(fade) == "none"


def test_what_fits_takes_no_stop_of_the_tab_key(page, tmp_path):
    page = open_live(page, tmp_path, heatmap(3), width=900)
    page.wait_for_timeout(200)
    assert page.locator(".qkv-scroll").get_attribute("tabindex") is None
    assert page.get_by_role("region", name="scrolls sideways").count() == 0
