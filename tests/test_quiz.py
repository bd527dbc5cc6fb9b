"""Question banks, the questions on a page, and what the browser remembers of them."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from live_page import live_page
from qkv import quiz
from qkv.live.figure import FIGURE_MIME, figure_bundle
from qkv.markup import pieces, plain, readable
from qkv.quiz import BankError, Quiz, load_bank

SAMPLE = Path(__file__).with_name("sample_bank.txt")

GOOD = """# Title

## one
Question?

(x) yes
> Because.
( ) no
> Because not.
"""

NUMBER = """# Title

## one
How many?

= 10 ± 1 kg
> Yes.
! 20
> Twice.
! otherwise
> No.
"""

SHAPE = """# Title

## one
Which shape?

= (batch, time)
> Yes.
! (time, batch)
> Turned.
! otherwise
> No.
"""


@pytest.fixture
def bank(tmp_path):
    """A function that writes a bank and reads it."""

    def read(text):
        path = tmp_path / "bank.txt"
        path.write_text(text, "utf-8")
        return load_bank(path)

    return read


# The format


def test_a_bank_holds_questions_of_four_kinds_in_the_order_of_the_file():
    bank = load_bank(SAMPLE)
    assert {key: question.kind for key, question in bank.items()} == {
        "cold-metal": "single",
        "warm-blooded": "multiple",
        "boiling": "number",
        "image-shape": "shape",
    }


def test_each_answer_has_its_mark_and_its_explanation():
    metal = load_bank(SAMPLE)["cold-metal"]
    assert [answer.right for answer in metal.answers] == [True, False, False]
    assert metal.answers[1].why == "Both have the temperature of the room."


def test_a_number_has_a_value_a_tolerance_and_a_unit():
    boiling = load_bank(SAMPLE)["boiling"]
    right, fahrenheit, rest = boiling.answers
    assert (right.value, right.tolerance, boiling.unit) == (100, 0.5, "°C")
    assert (fahrenheit.value, fahrenheit.right, rest.value) == (212, False, None)


def test_a_shape_is_a_list_of_axes():
    assert load_bank(SAMPLE)["image-shape"].answers[0].value == [
        "batch",
        "channel",
        "height",
        "width",
    ]


def test_a_comment_is_left_out_but_not_inside_code():
    text = load_bank(SAMPLE)["warm-blooded"].text
    assert "# not a comment of the bank" in text
    assert "%" not in "".join(question.text for question in load_bank(SAMPLE).values())


def test_an_indented_line_goes_on_with_the_option(bank):
    assert bank(GOOD.replace("(x) yes", "(x) yes\n    and so on"))["one"].answers[0].text == (
        "yes and so on"
    )


@pytest.mark.parametrize(
    ("written", "value"),
    [("10", 10), ("1,000", 1000), ("12,345.5", 12345.5), ("3e-4", 3e-4), ("−2", -2), (".5", 0.5)],
)
def test_numbers_are_read_as_people_write_them(bank, written, value):
    text = NUMBER.replace("= 10 ± 1 kg", f"= {written} +- 0")
    assert bank(text)["one"].answers[0].value == value


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(tmp_path):
    path = tmp_path / "bank.txt"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_bank(path)["one"].answers[0].text == "yes"


def test_the_example_in_the_documentation_is_a_bank_with_every_kind(bank):
    lines = quiz.__doc__.split("The marks decide")[0].split("A complete one:")[1].splitlines()
    found = bank("\n".join(line[4:] for line in lines).strip())
    assert {question.kind for question in found.values()} == {
        "single",
        "multiple",
        "number",
        "shape",
    }


# Mistakes, each with its line

MISTAKES = [
    ("no right answer", GOOD, "(x) yes", "( ) yes", 3, "no right answer"),
    ("two right answers", GOOD, "( ) no", "(x) no", 8, "two right answers"),
    ("an option without explanation", GOOD, "> Because.\n", "", 6, "no explanation for 'yes'"),
    ("an empty explanation", GOOD, "> Because not.", ">", 8, "no explanation for 'no'"),
    ("a duplicate id", GOOD, "( ) no\n", "( ) no\n> No.\n\n## one\n", 11, "line 3"),
    ("an id with spaces", GOOD, "## one", "## Question one", 3, "no id"),
    ("an unknown mark", GOOD, "( ) no", "(y) no", 8, "unknown mark (y)"),
    ("mixed marks", GOOD, "( ) no", "[ ] no", 8, "one kind of mark"),
    ("a question without text", GOOD, "Question?\n", "", 3, "has no text"),
    ("no answers", GOOD, GOOD[GOOD.index("(x)") :], "", 3, "has no answers"),
    ("one option", GOOD, "( ) no\n> Because not.\n", "", 3, "fewer than two options"),
    ("the same option twice", GOOD, "( ) no", "( ) yes", 8, "stands in line 6"),
    ("a mark without an option", GOOD, "( ) no", "( )", 8, "nothing follows"),
    ("a line without a place", GOOD, "> Because.\n", "> Because.\nmore\n", 8, "'more' belongs"),
    ("an explanation too early", GOOD, "(x) yes\n", "", 6, "before the first answer"),
    ("text before the first question", GOOD, "## one\n", "", 3, "before the first question"),
    ("no title", GOOD, "# Title\n", "", 1, "no title"),
    ("two titles", GOOD, "# Title\n", "# Title\n# More\n", 2, "second title"),
    ("an open formula", GOOD, "> Because not.", "> It costs $5.", 8, "$ without its partner"),
    ("an open code", GOOD, "Question?", "What is `x?", 3, "` without its partner"),
    ("code that never ends", GOOD, "Question?\n", "Question?\n```\nx\n", 3, "not closed"),
    ("a word for a number", NUMBER, "= 10 ±", "= ten ±", 6, "'ten' is no number"),
    ("no finite number", NUMBER, "= 10 ±", "= inf ±", 6, "'inf' is no number"),
    ("a word for a tolerance", NUMBER, "± 1 kg", "± one kg", 6, "'one' is no number"),
    ("a tolerance below zero", NUMBER, "± 1 kg", "± -1 kg", 6, "below zero"),
    ("a wrong number that is right", NUMBER, "! 20", "! 10.5", 8, "counts as right"),
    ("no explanation for the rest", NUMBER, "! otherwise\n> No.\n", "", 3, "! otherwise"),
    ("a wrong value first", NUMBER, "= 10 ± 1 kg\n> Yes.\n", "", 6, "before the right one"),
    ("a shape of another length", SHAPE, "(time, batch)", "(time,)", 8, "number of axes"),
    ("an axis without a name", SHAPE, "(time, batch)", "(time, , batch)", 8, "without a name"),
    ("no shape", SHAPE, "(time, batch)", "time, batch", 8, "no shape"),
    ("no wrong shape", SHAPE, "! (time, batch)\n> Turned.\n", "", 3, "names no wrong shape"),
]


@pytest.mark.parametrize(
    ("text", "old", "new", "line", "message"),
    [mistake[1:] for mistake in MISTAKES],
    ids=[mistake[0] for mistake in MISTAKES],
)
def test_a_mistake_is_named_with_file_and_line(bank, tmp_path, text, old, new, line, message):
    bank(text)
    with pytest.raises(BankError) as caught:
        bank(text.replace(old, new, 1))
    assert str(caught.value).startswith(f"{tmp_path / 'bank.txt'}:{line}: ")
    assert message in str(caught.value)


def test_a_file_that_is_no_utf8_is_named(tmp_path):
    (tmp_path / "bank.txt").write_bytes("# Größe".encode("latin-1"))
    with pytest.raises(BankError, match="UTF-8"):
        load_bank(tmp_path / "bank.txt")


# The little Markdown


def test_text_is_cut_into_pieces_that_hold_no_markup():
    assert pieces(r"a *b* `c*d` **e** $f^2$ \$5 <b>") == [
        [
            "p",
            [
                ["text", "a "],
                ["em", "b"],
                ["text", " "],
                ["code", "c*d"],
                ["text", " "],
                ["strong", "e"],
                ["text", " "],
                ["math", "f^2", "f²"],
                ["text", " "],
                ["text", "$"],
                ["text", "5 <b>"],
            ],
        ]
    ]


def test_blocks_are_paragraphs_code_and_formulas():
    assert pieces("a\nb\n\n```python\n# c\n\nd\n```\n\n$$\nx\n$$") == [
        ["p", [["text", "a b"]]],
        ["pre", "# c\n\nd"],
        ["math", "x", "x"],
    ]


@pytest.mark.parametrize(
    ("tex", "words"),
    [
        (r"\sqrt{2}", "√2"),
        (r"\frac{QK^\top}{\sqrt{d_k}}", "QKᵀ/√d_k"),
        (r"\frac{a+b}{2}", "(a+b)/2"),
        (r"\mathbb{R}^{n \times d}", "ℝ^(n × d)"),
        (r"h_{t-1} \in \mathbb{R}", "hₜ₋₁ ∈ ℝ"),
        (r"50{,}000 \approx \text{many}", "50,000 ≈ many"),
        (r"W_{ih}", "W_ih"),
        (r"20\,^\circ", "20 °"),
    ],
)
def test_a_formula_without_mathjax_is_readable(tex, words):
    assert readable(tex) == words


# In the book


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book of one chapter that asks every question of the sample bank."""
    (tmp_path / "_toc.yml").touch()
    (tmp_path / "chapters" / "quiz").mkdir(parents=True)
    shutil.copy(SAMPLE, tmp_path / "chapters" / "quiz" / "01_weather.txt")
    write_notebook(tmp_path, [f'ask("01_weather", "{key}")' for key in load_bank(SAMPLE)])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_notebook(book, sources):
    cells = [{"cell_type": "code", "source": source} for source in sources]
    (book / "chapters" / "01_weather.ipynb").write_text(json.dumps({"cells": cells}))


def test_a_book_whose_questions_are_all_asked_has_no_problems(book):
    assert quiz.check_banks() == []


def test_a_question_that_no_bank_holds_is_named_with_its_cell(book):
    write_notebook(book, [f'ask("01_weather", "{key}")' for key in [*load_bank(SAMPLE), "boilin"]])
    (problem,) = quiz.check_banks()
    assert problem.startswith("chapters/01_weather.ipynb: cell 5: asks 'boilin'")
    assert "did you mean 'boiling'?" in problem


def test_a_question_that_no_chapter_asks_is_named_with_its_line(book):
    keys = list(load_bank(SAMPLE))
    write_notebook(book, [f'ask("01_weather", "{key}")' for key in keys[1:]])
    (problem,) = quiz.check_banks()
    assert problem.startswith("chapters/quiz/01_weather.txt:4: no chapter asks 'cold-metal'")


def test_a_commented_call_does_not_ask(book):
    write_notebook(book, [f'# ask("01_weather", "{key}")' for key in load_bank(SAMPLE)])
    assert len(quiz.check_banks()) == 4


def test_every_bank_with_a_mistake_is_named(book):
    folder = book / "chapters" / "quiz"
    (folder / "01_weather.txt").write_text(GOOD.replace("(x)", "( )"))
    (folder / "02_more.txt").write_text(GOOD.replace("## one\n", ""))
    first, second = quiz.check_banks()
    assert first.startswith("chapters/quiz/01_weather.txt:3: ")
    assert second.startswith("chapters/quiz/02_more.txt:3: ")


def test_asking_makes_the_same_bundle_as_any_figure(book):
    bundle = quiz.ask("01_weather", "boiling")._repr_mimebundle_()[0]
    record = bundle[FIGURE_MIME]
    assert set(record) == set(figure_bundle(name=None, caption="", alt="x")[FIGURE_MIME])
    assert (record["module"], record["name"], record["caption"] or "") == ("quiz", None, "")
    assert record["state"]["question"]["id"] == "boiling"


def test_asking_for_a_question_that_is_not_there_says_what_is(book):
    with pytest.raises(ValueError, match="did you mean 'cold-metal'"):
        quiz.ask("01_weather", "cold-metals")
    with pytest.raises(FileNotFoundError, match="02_none"):
        quiz.ask("02_none", "x")


def test_the_words_of_a_question_give_no_answer_away():
    for question in load_bank(SAMPLE).values():
        words = quiz.in_words(question)
        assert plain(question.text) in words
        assert not any(plain(answer.why) in words for answer in question.answers)
    bank = load_bank(SAMPLE)
    assert "○ it conducts better" in quiz.in_words(bank["cold-metal"])
    assert "100" not in quiz.in_words(bank["boiling"])
    assert "(batch, channel" not in quiz.in_words(bank["image-shape"])
    assert "batch, channel, height, width" in quiz.in_words(bank["image-shape"])  # sorted


def test_the_still_picture_is_small_and_grows_with_the_question(tmp_path):
    heights = {}
    for key, question in load_bank(SAMPLE).items():
        (tmp_path / "still.png").write_bytes(Quiz("01_weather", question).still())
        assert (tmp_path / "still.png").stat().st_size < 20_000
        with Image.open(tmp_path / "still.png") as picture:
            heights[key] = picture.height
    assert heights["warm-blooded"] > heights["boiling"]


def test_the_progress_page_lists_every_chapter_with_its_questions(book):
    (chapter,) = quiz.progress_state()["chapters"]
    assert (chapter["name"], chapter["title"]) == ("01_weather", "Weather")
    assert chapter["page"] == "../chapters/01_weather.html"
    assert [question["id"] for question in chapter["questions"]] == list(load_bank(SAMPLE))


# In the browser


class Progress:
    """The page of progress, in the shape that `live_page` wants a figure."""

    def __init__(self, state):
        self.state = state

    def _repr_mimebundle_(self):
        return [figure_bundle(name=None, caption="", alt="x", module="progress", state=self.state)]


@pytest.fixture
def show(page, book, tmp_path):
    """A function that opens a page with every question of the sample bank, and the progress."""

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
