"""Quick checks in a browser, and what the browser remembers of the answers."""

import json

import pytest
from live_page import live_page
from weather_book import SAMPLE, write_book

from qkv import quiz
from qkv.figure import figure_bundle
from qkv.quiz import load_bank


class Progress:
    """The page of progress, in the shape that `live_page` wants a figure."""

    def __init__(self, state):
        self.state = state

    def _repr_mimebundle_(self):
        return [figure_bundle(name=None, caption="", alt="x", module="progress", state=self.state)]


@pytest.fixture
def show(page, tmp_path, monkeypatch):
    """A function that opens a page with every question of the sample bank, and the progress."""
    write_book(tmp_path)
    monkeypatch.chdir(tmp_path)

    def open_page():
        quizzes = [quiz.ask("01_weather", key) for key in load_bank(SAMPLE)]
        path = tmp_path / "page.html"
        path.write_text(live_page(*quizzes, Progress(quiz.progress_state())), "utf-8")
        page.goto(path.as_uri())
        page.wait_for_selector("details")
        return page

    return open_page


def question(page, key):
    return page.locator(f"#quiz-{key}")


def check(form):
    form.get_by_role("button", name="Check").click()


def kept(page):
    return json.loads(page.evaluate("localStorage.getItem('qkv-quiz')") or "{}")


def test_a_right_answer_is_called_right_and_every_option_explains_itself(show):
    form = question(show(), "cold-metal")
    form.get_by_label("it conducts better").check()
    check(form)
    assert form.get_by_role("status").inner_text() == "✓ Right."
    whys = form.get_by_role("listitem").all_inner_texts()
    assert len(whys) == 3
    assert whys[0].startswith("✓ Right, your answer")
    assert "look at k." in whys[0]
    assert all(why.startswith("✗ Wrong") for why in whys[1:])


def test_a_wrong_answer_comes_first_and_is_marked_in_words(show):
    form = question(show(), "cold-metal")
    form.get_by_label("it is colder").check()
    check(form)
    assert form.get_by_role("status").inner_text() == "✗ Not right yet."
    whys = form.get_by_role("listitem").all_inner_texts()
    assert whys[0].startswith("✗ Wrong, your answer")
    assert "Both have the temperature" in whys[0]
    assert whys[1].startswith("✓ Right")


def test_moving_over_the_options_by_keyboard_reveals_nothing(show):
    page = show()
    form = question(page, "cold-metal")
    form.get_by_role("radio").first.focus()
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    assert form.get_by_role("status").inner_text() == ""
    assert form.get_by_role("listitem").count() == 0
    assert kept(page) == {}


def test_a_question_is_answered_by_keyboard_alone_and_keeps_the_focus(show):
    page = show()
    form = question(page, "cold-metal")
    form.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    assert form.get_by_role("status").inner_text() == "✓ Right."
    assert page.evaluate("document.activeElement.textContent") == "Answer again"
    page.keyboard.press("Enter")
    assert form.get_by_role("status").inner_text() == ""
    assert page.evaluate("document.activeElement.type") == "radio"


def test_nothing_chosen_is_no_try(show):
    page = show()
    for key in load_bank(SAMPLE):
        form = question(page, key)
        check(form)
        assert "first" in form.get_by_role("status").inner_text()
    assert kept(page) == {}


def test_several_answers_must_be_neither_missing_nor_too_many(show):
    form = question(show(), "warm-blooded")
    form.get_by_label("cats").check()
    form.get_by_label("frogs").check()
    check(form)
    told = form.get_by_role("status").inner_text()
    assert told == "✗ Not right yet: 1 of your choices is wrong, and 1 right one is missing."
    assert "✓ Right, left out" in form.get_by_role("listitem").last.inner_text()
    form.get_by_role("button", name="Try again").click()
    form.get_by_label("frogs").uncheck()
    check(form)
    assert form.get_by_role("status").inner_text() == "✗ Not right yet: 1 right one is missing."
    form.get_by_role("button", name="Try again").click()
    form.get_by_label("hens").check()
    check(form)
    assert form.get_by_role("status").inner_text() == "✓ Right."


@pytest.mark.parametrize(
    ("typed", "told", "why"),
    [
        ("100", "✓ Right.", "definition"),
        ("99.5", "✓ Right.", "definition"),
        ("99,6", "✓ Right.", "definition"),
        ("1e2", "✓ Right.", "definition"),
        ("99.4", "✗ Not right yet.", "kettle"),
        ("212", "✗ Not right yet.", "Fahrenheit"),
        ("-100", "✗ Not right yet.", "kettle"),
    ],
)
def test_a_number_counts_within_its_tolerance(show, typed, told, why):
    form = question(show(), "boiling")
    form.get_by_label("Your answer").fill(typed)
    check(form)
    assert form.get_by_role("status").inner_text() == told
    assert why in form.get_by_role("listitem").first.inner_text()


def test_a_word_instead_of_a_number_is_no_try(show):
    page = show()
    form = question(page, "boiling")
    form.get_by_label("Your answer").fill("hot")
    check(form)
    assert "“hot” is no number" in form.get_by_role("status").inner_text()
    assert kept(page) == {}


def test_a_wrong_number_keeps_the_answer_back_until_asked(show):
    form = question(show(), "boiling")
    form.get_by_label("Your answer").fill("212")
    check(form)
    assert form.get_by_role("listitem").count() == 1
    assert "definition" not in form.inner_text()
    form.get_by_role("button", name="Show the answer").click()
    assert form.get_by_role("listitem").count() == 3
    assert "definition" in form.inner_text()


def test_a_shape_is_filled_in_axis_by_axis(show):
    form = question(show(), "image-shape")

    def fill(*axes):
        for i, axis in enumerate(axes):
            form.get_by_label(f"axis {i}").select_option(axis)
        check(form)
        return form.get_by_role("status").inner_text(), form.get_by_role(
            "listitem"
        ).first.inner_text()

    told, why = fill("batch", "height", "width", "channel")
    assert (told, "TensorFlow" in why) == ("✗ Not right yet.", True)
    form.get_by_role("button", name="Try again").click()
    told, why = fill("width", "height", "batch", "channel")
    assert (told, "batch comes first" in why) == ("✗ Not right yet.", True)
    assert "(width, height, batch, channel)" in why
    form.get_by_role("button", name="Try again").click()
    assert fill("batch", "channel", "height", "width")[0] == "✓ Right."


def test_the_text_of_a_bank_never_becomes_markup(show):
    form = question(show(), "cold-metal")
    assert form.get_by_label("it is <b>heavier</b>, by a factor of √2").count() == 1
    assert form.locator("b").count() == 0
    assert form.locator("legend em").inner_text() == "feels"


def test_code_in_a_question_keeps_its_lines(show):
    code = question(show(), "warm-blooded").locator("legend .qkv-pre")
    assert code.inner_text().splitlines() == [
        "# not a comment of the bank",
        'animals = ["cat", "hen"]',
    ]


def test_a_formula_is_typeset_where_the_page_has_mathjax(page, show):
    page.add_init_script(
        """window.MathJax = {startup: {promise: Promise.resolve()}, typesetPromise: async (nodes) =>
        nodes.forEach((node) => { node.innerHTML = `<i class="set">${node.textContent}</i>`; })};"""
    )
    form = question(show(), "cold-metal")
    form.locator("label .set").wait_for()
    assert form.locator("label .set").inner_text() == "\\(\\sqrt{2}\\)"


def test_a_formula_that_mathjax_refuses_stays_readable(page, show):
    page.add_init_script(
        """window.MathJax = {startup: {promise: Promise.resolve()},
        typesetPromise: () => Promise.reject(new Error("no"))};"""
    )
    form = question(show(), "cold-metal")
    page.evaluate("MathJax.startup.promise")
    assert form.get_by_label("by a factor of √2").count() == 1


def test_answers_stay_in_the_browser_and_are_shown_as_answered(show):
    page = show()
    form = question(page, "cold-metal")
    form.get_by_label("it is colder").check()
    check(form)
    form.get_by_role("button", name="Try again").click()
    form.get_by_label("it conducts better").check()
    check(form)
    entry = kept(page)["01_weather/cold-metal"]
    assert (entry["right"], entry["tries"]) == (True, 2)
    assert entry["when"].endswith("Z")
    page.reload()
    form = question(page, "cold-metal")
    form.get_by_text("✓ answered, 2 tries").wait_for()
    assert form.get_by_role("status").inner_text() == ""
    assert form.get_by_role("listitem").count() == 0


def test_what_was_right_once_stays_right(show):
    page = show()
    form = question(page, "cold-metal")
    form.get_by_label("it conducts better").check()
    check(form)
    form.get_by_role("button", name="Answer again").click()
    form.get_by_label("it is colder").check()
    check(form)
    assert kept(page)["01_weather/cold-metal"]["right"] is True


@pytest.mark.parametrize(
    "broken",
    [
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('refused'); }})",
        "Storage.prototype.setItem = () => { throw new Error('full'); }",
        "localStorage.setItem('qkv-quiz', 'no json')",
        "localStorage.setItem('qkv-quiz', '[1]')",
    ],
)
def test_a_browser_that_keeps_nothing_still_asks(page, show, broken):
    page.add_init_script(broken)
    form = question(show(), "cold-metal")
    form.get_by_label("it conducts better").check()
    check(form)
    assert form.get_by_role("status").inner_text() == "✓ Right."


def test_what_is_no_record_of_answers_is_replaced_by_one(page, show):
    page.add_init_script("localStorage.setItem('qkv-quiz', '[1]')")
    form = question(show(), "cold-metal")
    form.get_by_label("it conducts better").check()
    check(form)
    assert list(kept(page)) == ["01_weather/cold-metal"]


def test_print_shows_the_question_without_answers(show):
    page = show()
    form = question(page, "cold-metal")
    form.get_by_label("it conducts better").check()
    check(form)
    page.emulate_media(media="print")
    assert not form.is_visible()
    assert page.get_by_role("img", name="Quick check. At 20 °").is_visible()


def test_the_page_of_progress_counts_and_clears_after_asking_twice(show):
    page = show()
    for key, label in [("cold-metal", "it conducts better"), ("warm-blooded", "frogs")]:
        question(page, key).get_by_label(label).check()
        check(question(page, key))
    page.reload()
    page.get_by_text("1 of 4 questions answered right, 1 more tried.").wait_for()
    page.locator("summary").click()
    items = page.locator("details li").all_inner_texts()
    assert [item.split("(")[-1] for item in items] == [
        "right)",
        "tried, not right yet)",
        "not answered)",
        "not answered)",
    ]
    link = page.get_by_role("link", name="At how many degrees")
    assert link.get_attribute("href") == "../chapters/01_weather.html#quiz-boiling"
    status = page.locator(".qkv-progress").get_by_role("status")

    page.get_by_role("button", name="Clear my answers").click()
    assert "Forget all 2 answers" in page.get_by_role("group", name="Forget").inner_text()
    page.keyboard.press("Escape")
    assert status.inner_text() == "Nothing was cleared."
    assert len(kept(page)) == 2

    page.get_by_role("button", name="Clear my answers").click()
    page.get_by_role("button", name="Clear them").click()
    assert status.inner_text() == "All answers are cleared."
    assert kept(page) == {}
    assert page.get_by_text("0 of 4 questions answered right.").is_visible()
