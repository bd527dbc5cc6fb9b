"""Question banks: their format, their mistakes, and the questions that a chapter asks."""

import pytest
from PIL import Image
from weather_book import SAMPLE, write_book, write_notebook

from qkv import quiz
from qkv.errors import QkvError
from qkv.figure import FIGURE_MIME, figure_bundle
from qkv.markup import pieces, plain, readable
from qkv.quiz import BankError, Quiz, load_bank

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
    write_book(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


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
    with pytest.raises(QkvError, match="02_none"):
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
