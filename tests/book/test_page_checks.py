"""A test of the tests: each check of the pages sees what is broken on purpose."""

import re

import pytest
from live_page import errors_of, live_page
from page_checks import barriers, cut_off, operate_all, width_needed, wrong_and_right

from qkv.live import Heatmap
from qkv.quiz import Quiz, load_bank

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>T</title>
<link rel="icon" href="data:,"></head><body><main><h1>T</h1>{}</main></body></html>"""

FIGURE = """<div class="qkv-live" data-module="demo"><div class="qkv-stage">
<div class="qkv-controls"><label>Size <input type="range" max="9" value="1"></label>
<label><input type="radio" name="kind">square</label> <button>More</button></div>
<canvas width="40" height="40"></canvas></div></div>
<script>
const paint = (n) => document.querySelector("canvas").getContext("2d").fillRect(0, 0, n, n);
const [size, kind] = document.querySelectorAll("input");
{script}
</script>"""
ALIVE = """size.oninput = () => paint(size.value); kind.onchange = () => paint(20);
document.querySelector("button").onclick = (event) => { paint(30); event.target.after("!"); };"""


@pytest.fixture
def show(page, tmp_path):
    """Open a page with the given body."""

    def open_page(body):
        path = tmp_path / "page.html"
        path.write_text(body if body.startswith("<!doctype") else PAGE.format(body), "utf-8")
        page.goto(path.as_uri())
        return page

    return open_page


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
def test_a_figure_whose_controls_all_draw_passes(show, how):
    page = show(FIGURE.replace("{script}", ALIVE))
    assert operate_all(page.locator(".qkv-live"), how) == []


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
@pytest.mark.parametrize(
    ("handler", "idle"),
    [
        ("size.oninput", "the range 'Size'"),
        ("kind.onchange", "the radio 'square'"),
        ('document.querySelector("button").onclick', "the button 'More'"),
    ],
)
def test_a_control_that_draws_nothing_is_named(show, how, handler, idle):
    page = show(FIGURE.replace("{script}", ALIVE.replace(handler, "window.nothing")))
    (report,) = operate_all(page.locator(".qkv-live"), how)
    assert idle in report
    assert report.endswith(f"changes nothing by {how}")


def test_a_slider_that_only_changes_its_own_number_counts_as_idle(show):
    script = "size.oninput = () => { size.after(size.value); };"
    page = show(FIGURE.replace("{script}", script))
    assert any("the range" in report for report in operate_all(page.locator(".qkv-live"), "mouse"))


def test_a_live_figure_of_the_book_passes_until_its_module_is_broken(show):
    heatmap = Heatmap([[0.1, 0.9]], ["it"], ["cat", "dog"], name="f", caption="C", alt="A")
    whole = live_page(heatmap)
    page = show(whole)
    page.locator(".qkv-ready").wait_for()
    assert operate_all(page.locator(".qkv-live"), "keyboard") == []
    broken = re.sub(r"(?<!\.)\btable\.addEventListener", "(() => {})", whole)
    assert broken != whole
    page = show(broken)
    page.locator(".qkv-ready").wait_for()
    assert operate_all(page.locator(".qkv-live"), "keyboard") != []


def quiz_page(tmp_path, solution):
    """Return a page with one quick check whose solution is the given option."""
    marks = {True: "(x)", False: "( )"}
    bank = tmp_path / "01_sums.txt"
    bank.write_text(
        f"# Sums\n\n## two\nWhat is 1 + 1?\n\n{marks[solution == 2]} 2\n> Yes.\n"
        f"{marks[solution == 3]} 3\n> One more.\n"
    )
    return live_page(Quiz("01_sums", load_bank(bank)["two"]))


def test_a_quick_check_that_calls_wrong_right_is_named(show, tmp_path):
    page = show(quiz_page(tmp_path, 2))
    page.locator(".qkv-ready").wait_for()
    assert wrong_and_right(page.locator(".qkv-live")) == []
    lying = quiz_page(tmp_path, 2).replace("given.includes(i))", "!given.includes(i))")
    page = show(lying)
    page.locator(".qkv-ready").wait_for()
    assert len(wrong_and_right(page.locator(".qkv-live"))) == 2


def test_a_request_to_another_host_is_noted_and_stopped(browser, tmp_path):
    page = browser.new_page()
    strangers = cut_off(page, "http://127.0.0.1")
    path = tmp_path / "page.html"
    path.write_text(PAGE.format('<img alt="" src="https://example.org/x.png">'))
    page.goto(path.as_uri())
    assert strangers == ["https://example.org/x.png"]
    page.close()


def test_a_page_wider_than_a_phone_is_seen(show):
    page = show('<div style="width: 500px">wide</div>')
    page.set_viewport_size({"width": 360, "height": 600})
    assert width_needed(page) > 360


def test_a_barrier_is_found(show):
    assert barriers(show("<p>fine</p>")) == []
    page = show('<p style="color: #ccc; background: #fff">pale</p><input type="text">')
    assert {text.split(":")[0] for text in barriers(page)} == {"color-contrast", "label"}


@pytest.mark.parametrize("body", ["<script>fail()</script>", "<script>console.error(1)</script>"])
def test_an_error_in_the_console_fails_the_page(complaints, body):
    assert complaints(body) != []


@pytest.fixture
def complaints(browser, tmp_path):
    """Open a page and return what the `page` fixture would complain about."""
    page = browser.new_page()
    errors = errors_of(page)

    def open_page(body):
        path = tmp_path / "page.html"
        path.write_text(PAGE.format(body))
        page.goto(path.as_uri())
        page.wait_for_timeout(100)
        return errors

    yield open_page
    page.close()
