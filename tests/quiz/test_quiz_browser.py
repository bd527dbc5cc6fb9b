"""Quick checks in a browser, and what the browser remembers of the answers."""

import json
import re
from pathlib import Path

import pytest
from live_page import live_page
from weather_book import SAMPLE, write_book

from qkv import quiz
from qkv.figure import figure_bundle
from qkv.quiz import load_bank

WRONG = "✗ Not right yet. Try again, or show the answer."
PACKAGE = Path(quiz.__file__).parents[1]


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


def test_a_wrong_choice_explains_itself_and_keeps_the_right_one_back(show):
    page = show()
    form = question(page, "cold-metal")
    form.get_by_label("it is colder").check()
    check(form)
    assert form.get_by_role("status").inner_text() == WRONG
    (why,) = form.get_by_role("listitem").all_inner_texts()
    assert why.startswith("✗ Wrong, your answer")
    assert "Both have the temperature" in why
    assert "✓" not in form.inner_text()
    assert "look at k." not in form.inner_text()
    assert kept(page)["01_weather/cold-metal"]["tries"] == 1

    # It is found after another try.
    form.get_by_role("button", name="Try again").click()
    assert form.get_by_role("listitem").count() == 0
    assert form.get_by_role("button", name="Show the answer").count() == 0
    form.get_by_label("it conducts better").check()
    check(form)
    assert form.get_by_role("status").inner_text() == "✓ Right."
    assert form.get_by_role("listitem").count() == 3
    entry = kept(page)["01_weather/cold-metal"]
    assert (entry["right"], entry["tries"]) == (True, 2)


def test_the_right_choice_is_shown_when_it_is_asked_for(show):
    page = show()
    form = question(page, "cold-metal")
    assert form.get_by_role("button", name="Show the answer").count() == 0
    form.get_by_label("it is colder").check()
    check(form)
    form.get_by_role("button", name="Show the answer").press("Enter")
    whys = form.get_by_role("listitem").all_inner_texts()
    assert len(whys) == 3
    assert whys[0].startswith("✗ Wrong, your answer")
    assert sum(why.startswith("✓ Right") for why in whys) == 1
    assert "shown below" in form.get_by_role("status").inner_text()
    assert page.evaluate("document.activeElement.textContent") == "Answer again"
    assert kept(page)["01_weather/cold-metal"] | {"when": ""} == {
        "right": False,
        "tries": 1,
        "when": "",
    }


# The order of the options


def options(form):
    return form.locator(".qkv-quiz-options label").all_inner_texts()


def test_options_come_in_another_order_for_another_visit(browser, show, tmp_path):
    orders = {tuple(options(question(show(), "cold-metal")))}
    for _ in range(12):
        visit = browser.new_page()
        visit.goto((tmp_path / "page.html").as_uri())
        visit.wait_for_selector("details")
        orders.add(tuple(options(question(visit, "cold-metal"))))
        visit.close()
    assert len(orders) > 1
    assert {tuple(sorted(order)) for order in orders} == {tuple(sorted(orders.pop()))}


def test_the_order_stays_throughout_a_visit(show):
    page = show()
    before = {key: options(question(page, key)) for key in ("cold-metal", "warm-blooded")}
    for _ in range(3):
        page.reload()
        page.wait_for_selector("details")
        assert {key: options(question(page, key)) for key in before} == before


def test_a_browser_that_keeps_nothing_shuffles_too_and_keeps_the_order_on_the_page(
    browser, page, show
):
    refused = "Object.defineProperty(window, 'sessionStorage', {get() { throw new Error('no'); }})"
    page.add_init_script(refused)
    orders = set()
    for _ in range(10):
        form = question(show(), "cold-metal")
        order = options(form)
        form.get_by_label("it is colder").check()
        check(form)
        form.get_by_role("button", name="Try again").click()
        assert options(form) == order
        orders.add(tuple(order))
    assert len(orders) > 1


def test_keys_and_explanations_go_through_the_options_as_they_are_seen(show):
    page = show()
    form = question(page, "cold-metal")
    seen = options(form)
    tops = [label.bounding_box()["y"] for label in form.locator(".qkv-quiz-options label").all()]
    assert tops == sorted(tops)
    form.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    for place in range(3):
        assert page.evaluate("document.activeElement.closest('label').innerText") == seen[place]
        page.keyboard.press("ArrowDown")
    form.get_by_label("it conducts better").check()
    check(form)
    told = form.locator(".qkv-quiz-option > span:last-child").all_inner_texts()
    right = next(option for option in seen if option.startswith("it conducts better"))
    assert told == [right, *(option for option in seen if option != right)]


def test_every_order_is_as_likely_as_another(page, show):
    show()
    counts = page.evaluate(
        """async (source) => {
          const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
          const { shuffled } = await import(url);
          const counts = {};
          for (let i = 0; i < 6000; i += 1) {
            const order = shuffled(3, `chapter/question-${i}`).join("");
            counts[order] = (counts[order] ?? 0) + 1;
          }
          return counts;
        }""",
        (PACKAGE / "quiz" / "shuffle.js").read_text("utf-8"),
    )
    assert set(counts) == {"012", "021", "102", "120", "201", "210"}
    assert all(850 < count < 1150 for count in counts.values()), counts


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
    right = options(form).index(next(o for o in options(form) if o.startswith("it conducts")))
    form.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    for _ in range(right):
        page.keyboard.press("ArrowDown")
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
    assert told == (
        "✗ Not right yet: 1 of your choices is wrong, and 1 right one is missing. "
        "Try again, or show the answer."
    )
    whys = form.get_by_role("listitem").all_inner_texts()
    assert sorted(why.split("\n")[0] for why in whys) == [
        "✓ Right, your answer",
        "✗ Wrong, your answer",
    ]
    form.get_by_role("button", name="Try again").click()
    form.get_by_label("frogs").uncheck()
    check(form)
    told = form.get_by_role("status").inner_text()
    assert told == "✗ Not right yet: 1 right one is missing. Try again, or show the answer."
    assert "hens" not in form.locator(".qkv-quiz-why").inner_text()
    form.get_by_role("button", name="Show the answer").click()
    assert "✓ Right, left out" in form.locator(".qkv-quiz-why").inner_text()
    form.get_by_role("button", name="Answer again").click()
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
        ("99.4", WRONG, "kettle"),
        ("212", WRONG, "Fahrenheit"),
        ("-100", WRONG, "kettle"),
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
    assert (told, "TensorFlow" in why) == (WRONG, True)
    form.get_by_role("button", name="Try again").click()
    told, why = fill("width", "height", "batch", "channel")
    assert (told, "batch comes first" in why) == (WRONG, True)
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


def test_blanks_in_code_are_seen_as_typed(page, show, tmp_path):
    show()
    bank = tmp_path / "chapters" / "quiz" / "01_weather.txt"
    code = "for x in y:\n    if x:\n\tprint('  two  ')"
    lines = code.replace("\n", "\n> ")
    text = f"## a\nWhat is `a  b `?\n\n(x) `  c  d`\n> ```python\n> {lines}\n> ```\n( ) no\n> n\n"
    bank.write_text(f"# T\n\n{text}", "utf-8")
    path = tmp_path / "page.html"
    path.write_text(live_page(quiz.ask("01_weather", "a")), "utf-8")
    page.goto(path.as_uri())
    form = question(page, "a")
    form.get_by_role("radio").and_(form.locator("[value='0']")).check()
    check(form)
    for place, typed in ((".qkv-quiz-why .qkv-pre", code), ("legend code", "a  b ")):
        found = form.locator(place).first
        assert found.text_content() == typed
        assert found.evaluate("e => getComputedStyle(e).whiteSpace").startswith("pre")
    assert form.locator("label code").text_content() == "  c  d"


def test_a_question_is_answered_by_touch_on_a_narrow_screen(browser, show, tmp_path):
    show()
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True)
    page = context.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    form = question(page, "cold-metal")
    form.get_by_text("it is colder").tap()
    form.get_by_role("button", name="Check").tap()
    assert form.get_by_role("status").inner_text() == WRONG
    for name in ("Try again", "Show the answer"):
        box = form.get_by_role("button", name=name).bounding_box()
        assert box["height"] >= 44
        assert box["x"] + box["width"] <= 360
    form.get_by_role("button", name="Show the answer").tap()
    assert form.get_by_role("listitem").count() == 3
    form.get_by_role("button", name="Answer again").tap()
    assert form.get_by_role("listitem").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()


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


def test_the_page_of_progress_numbers_chapters_by_their_files(page, tmp_path):
    names = ["00_start", "09_late", "12_last", "outside"]
    questions = [{"id": "one", "text": "One?"}]
    chapters = [{"name": n, "title": "T", "page": n, "questions": questions} for n in names]
    path = tmp_path / "page.html"
    path.write_text(live_page(Progress({"chapters": chapters})), "utf-8")
    page.goto(path.as_uri())
    page.wait_for_selector("details")
    assert page.locator(".qkv-progress-title").all_inner_texts() == ["0 T", "9 T", "12 T", "T"]


def test_the_progress_is_saved_as_a_file_that_names_nobody(show):
    page = show()
    saving = page.get_by_role("button", name="Save a file for my class")
    assert not saving.is_visible()  # there is nothing to save yet
    stray = {"other/x": {"right": True, "tries": 1}, "01_weather/boiling": {"tries": "many"}}
    page.evaluate("kept => localStorage.setItem('qkv-quiz', JSON.stringify(kept))", stray)
    page.reload()
    page.wait_for_selector("details")
    for label in ("frogs", "cats"):
        form = question(page, "warm-blooded")
        form.get_by_label(label).check()
        check(form)
        form.get_by_role("button", name="Try again").click()
    form = question(page, "cold-metal")
    form.get_by_label("it conducts better").check()
    check(form)
    page.reload()
    page.wait_for_selector("details")
    with page.expect_download() as download:
        saving.focus()
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "qkv-progress.json"
    content = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert re.fullmatch("[0-9a-f]{16}", content.pop("file"))
    assert content == {
        "format": "qkv-progress",
        "version": 1,
        "answers": {
            "01_weather/cold-metal": {"right": True, "tries": 1},
            "01_weather/warm-blooded": {"right": False, "tries": 2},
            "01_weather/boiling": {"right": False, "tries": 1},
        },
    }
    status = page.locator(".qkv-progress").get_by_role("status")
    assert status.inner_text().startswith("Saved qkv-progress.json with 3 questions")


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
