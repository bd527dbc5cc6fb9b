"""Live figures in a browser: every control draws and says something, for every kind of reader."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from live_page import live_page, open_live
from page_checks import says, small_targets

from qkv.live import Heatmap, Scatter, Sweep


def draw(slope, shape):
    fig, ax = plt.subplots(figsize=(3, 2))
    x = np.linspace(0, 1, 20)
    ax.plot(x, slope * x ** (1 if shape == "line" else 2))
    ax.set(ylim=(0, 3))
    return fig


@pytest.fixture(scope="module")
def sweep():
    return Sweep(
        draw,
        {"slope": {"values": [1, 2, 3], "unit": "m"}, "shape": ["line", "curve"]},
        describe=lambda slope, shape: f"A {shape} that rises to {slope}.",
        name="fig-sweep",
        caption="A slope.",
        alt="A line that rises.",
    )


@pytest.fixture(scope="module")
def heatmap():
    weights = np.array([[[0.1, 0.9], [np.nan, 0.4]], [[0.7, 0.3], [0.2, -0.8]]])
    return Heatmap(
        weights,
        ["it", "was"],
        ["cat", "tired"],
        stack={"head": ["one", "two"]},
        row_title="query",
        column_title="key",
        name="fig-heat",
        caption="Weights.",
        alt="A grid.",
    )


@pytest.fixture(scope="module")
def scatter():
    rng = np.random.default_rng(0)
    points = np.concatenate([[[0, 0], [1, 0], [0, 1], [2, 0]], rng.normal(4, 1, (200, 2))])
    labels = ["origin", "east", "north", "far"] + [f"word{i}" for i in range(200)]
    return Scatter(
        points,
        labels,
        groups=["axis"] * 4 + ["cloud"] * 100 + [None] * 100,
        neighbours=[[(i + 1) % 204, (i + 2) % 204] for i in range(204)],
        name="fig-points",
        caption="Points.",
        alt="A cloud.",
    )


@pytest.fixture
def show(page, tmp_path):
    """Open a page from a file with the given figures; return it once they are alive."""

    def open_page(*figures, theme="light", width=900):
        return open_live(page, tmp_path, *figures, theme=theme, width=width, motion=None)

    return open_page


def picture(page):
    """Return what the first canvas shows."""
    return page.evaluate("document.querySelector('canvas').toDataURL()")


def changes(page, before):
    """Wait until the first canvas shows something else."""
    page.wait_for_function(
        "before => document.querySelector('canvas').toDataURL() !== before", arg=before
    )


class TestSweep:
    def test_arrow_keys_on_the_slider_change_the_picture_and_say_so(self, show, sweep):
        page = show(sweep)
        before = picture(page)
        page.get_by_label("slope").press("ArrowRight")
        says(page, "A line that rises to 2.")
        assert picture(page) != before
        assert page.get_by_label("slope").get_attribute("aria-valuetext") == "2 m"
        assert page.get_by_role("img", name="A line that rises to 2.").is_visible()

    def test_dragging_the_slider_changes_the_picture(self, show, sweep):
        page = show(sweep)
        before = picture(page)
        box = page.get_by_label("slope").bounding_box()
        page.mouse.move(box["x"] + 10, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2, steps=5)
        page.mouse.up()
        says(page, "A line that rises to 3.")
        assert picture(page) != before

    def test_a_choice_changes_the_picture_and_back_gives_the_same(self, show, sweep):
        page = show(sweep)
        before = picture(page)
        page.get_by_label("curve").check()
        says(page, "A curve that rises to 1.")
        assert picture(page) != before
        page.get_by_role("radio", name="curve").press("ArrowLeft")
        says(page, "A line that rises to 1.")
        assert picture(page) == before

    def test_without_a_kernel_there_is_no_field_that_would_need_one(self, show, sweep):
        assert show(sweep).locator("input[type=number]").count() == 0


class TestHeatmap:
    def test_arrow_keys_walk_the_cells_and_each_says_its_number(self, show, heatmap):
        page = show(heatmap)
        cells = page.get_by_role("gridcell")
        cells.filter(has_text="0.10").focus()
        page.keyboard.press("ArrowRight")
        says(page, "query “it”, key “tired”: 0.90. This is the row’s highest.")
        page.keyboard.press("ArrowDown")
        says(page, "query “was”, key “tired”: 0.40.")
        page.keyboard.press("Home")
        says(page, "query “was”, key “cat”: masked. The row’s highest is “tired”, 0.40.")

    def test_only_one_cell_is_a_stop_of_the_tab_key(self, show, heatmap):
        page = show(heatmap)
        assert page.locator("td[tabindex='0']").count() == 1

    def test_pointing_at_a_cell_marks_its_row_and_says_its_number(self, show, heatmap):
        page = show(heatmap)
        page.get_by_text("0.90", exact=True).hover()
        says(page, "key “tired”: 0.90.")
        assert page.locator("tbody tr").first.locator("td.qkv-line").count() == 2

    def test_the_stack_s_control_changes_the_numbers(self, show, heatmap):
        page = show(heatmap)
        page.get_by_label("two").check()
        says(page, "Head two")
        assert page.get_by_role("gridcell").filter(has_text="−0.80").is_visible()

    def test_negative_cells_differ_by_more_than_colour(self, show, heatmap):
        page = show(heatmap)
        page.get_by_label("two").check()
        cell = page.get_by_role("gridcell").filter(has_text="−0.80")
        assert "gradient" in cell.evaluate("e => getComputedStyle(e).backgroundImage")


class TestScatter:
    def test_a_word_that_is_typed_is_found_and_said_with_its_neighbours(self, show, scatter):
        page = show(scatter)
        before = picture(page)
        page.get_by_label("Find").fill("Origin")
        says(page, "“origin” (axis) at 0, 0. Nearest: east, north.")
        assert picture(page) != before
        page.get_by_role("button", name="north").click()
        says(page, "“north” (axis) at 0, 1.")

    def test_a_part_of_a_word_goes_to_the_first_that_fits(self, show, scatter):
        page = show(scatter)
        page.get_by_label("Find").fill("nor")
        says(page, "1 name fits; Enter goes to “north”.")
        page.get_by_label("Find").press("Enter")
        says(page, "“north”")

    def test_a_word_that_is_not_there_is_said_to_be_missing(self, show, scatter):
        page = show(scatter)
        page.get_by_label("Find").fill("elephant")
        says(page, "No point is named “elephant”.")

    def test_arrow_keys_walk_from_point_to_point(self, show, scatter):
        page = show(scatter)
        page.get_by_label("Find").fill("origin")
        says(page, "“origin”")
        page.get_by_role("application").press("ArrowRight")
        says(page, "“east”")
        page.get_by_role("application").press("ArrowRight")
        says(page, "“far”")

    def test_zoom_by_button_key_and_wheel_and_back(self, show, scatter):
        page = show(scatter)
        page.emulate_media(reduced_motion="reduce")
        whole = picture(page)
        page.get_by_role("button", name="Zoom in").click()
        says(page, "Zoomed in 1.6 times.")
        by_button = picture(page)
        page.get_by_role("button", name="Show everything").click()
        says(page, "All points are in view.")
        assert picture(page) == whole != by_button
        page.get_by_role("application").press("+")
        says(page, "Zoomed in 1.6 times.")
        assert picture(page) == by_button
        page.get_by_role("application").press("0")
        says(page, "All points are in view.")
        page.get_by_role("application").hover()
        page.mouse.wheel(0, -300)
        page.wait_for_function(
            "old => document.querySelector('canvas').toDataURL() !== old", arg=whole
        )

    def test_the_wheel_scrolls_the_page_until_the_picture_is_chosen(self, show, scatter):
        page = show(scatter)
        page.get_by_role("application").hover()
        page.wait_for_timeout(100)
        before = picture(page)
        page.set_viewport_size({"width": 900, "height": 500})
        page.mouse.wheel(0, 120)
        page.wait_for_function("() => scrollY > 0")
        assert picture(page) == before

    def test_dragging_moves_the_picture_and_a_click_chooses_a_point(self, show, scatter):
        page = show(scatter)
        before = picture(page)
        box = page.get_by_role("application").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y + 40, steps=4)
        page.mouse.up()
        assert picture(page) != before
        page.get_by_label("Find").fill("origin")
        says(page, "“origin”")
        page.wait_for_timeout(600)
        page.mouse.click(x, y)  # the found point lies in the middle
        assert "origin" in page.get_by_role("status").inner_text()

    def test_two_fingers_zoom(self, show, scatter):
        page = show(scatter)
        before = picture(page)
        page.evaluate(
            """() => {
              const map = document.querySelector("canvas");
              map.setPointerCapture = () => {};
              const box = map.getBoundingClientRect();
              const send = (type, id, dx) => map.dispatchEvent(new PointerEvent(type, {
                pointerId: id, pointerType: "touch", bubbles: true,
                clientX: box.x + box.width / 2 + dx, clientY: box.y + box.height / 2 }));
              send("pointerdown", 1, -20); send("pointerdown", 2, 20);
              send("pointermove", 1, -80); send("pointermove", 2, 80);
              send("pointerup", 1, -80); send("pointerup", 2, 80);
            }"""
        )
        assert picture(page) != before
        assert page.locator("canvas.qkv-near").count() == 1

    def test_a_group_in_the_legend_stands_out_when_pressed(self, show, scatter):
        page = show(scatter)
        before = picture(page)
        page.get_by_role("button", name="axis").click()
        says(page, "4 points of “axis” stand out.")
        assert picture(page) != before
        assert page.get_by_role("button", name="axis").get_attribute("aria-pressed") == "true"

    def test_with_reduced_motion_nothing_glides(self, show, scatter):
        page = show(scatter)
        page.emulate_media(reduced_motion="reduce")
        page.get_by_role("button", name="Zoom in").click()
        at_once = picture(page)
        page.wait_for_timeout(500)
        assert picture(page) == at_once

    def test_the_picture_follows_when_the_page_turns_dark(self, show, scatter):
        page = show(scatter)
        before = picture(page)
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        page.wait_for_function(
            "old => document.querySelector('canvas').toDataURL() !== old", arg=before
        )

    def test_the_picture_follows_when_the_window_gets_narrow(self, show, scatter):
        page = show(scatter)
        page.set_viewport_size({"width": 400, "height": 800})
        page.wait_for_function("() => document.querySelector('canvas').clientWidth < 400")


class TestEveryFigure:
    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_is_accessible(self, show, sweep, heatmap, scatter, theme):
        page = show(sweep, heatmap, scatter, theme=theme)
        found = Axe().run(page).response["violations"]
        grave = [f for f in found if f["impact"] in ("serious", "critical")]
        assert grave == [], json.dumps(grave, indent=1)[:3000]

    def test_fits_a_phone_with_targets_for_fingers(self, show, sweep, heatmap, scatter):
        page = show(sweep, heatmap, scatter, width=360)
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert small_targets(page, "button, .qkv-figure input") == []

    def test_prints_as_its_still_picture(self, show, sweep, heatmap, scatter):
        page = show(sweep, heatmap, scatter)
        assert page.locator(".qkv-still:visible").count() == 0
        page.emulate_media(media="print")
        assert page.locator(".qkv-still:visible").count() == 3
        assert page.locator(".qkv-stage:visible").count() == 0

    def test_shows_the_still_picture_and_says_so_when_it_cannot_start(
        self, browser, tmp_path, sweep
    ):
        path = tmp_path / "broken.html"
        path.write_text(live_page(sweep).replace('"frames": ["', '"frames": ["broken'), "utf-8")
        page = browser.new_page()
        page.goto(path.as_uri())
        page.get_by_text("This live figure could not start").wait_for()
        assert page.get_by_role("status").inner_text().endswith("shows how it begins.")
        assert page.locator(".qkv-still").is_visible()
        page.close()

    def test_two_on_one_page_do_not_share_their_state(self, show, sweep):
        page = show(sweep, sweep)
        sliders = page.get_by_label("slope")
        sliders.first.press("ArrowRight")
        says(page, "A line that rises to 2.")
        assert [sliders.nth(i).input_value() for i in range(2)] == ["1", "0"]
