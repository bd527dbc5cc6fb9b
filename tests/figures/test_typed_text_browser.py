"""Whatever a reader types: it is read as it stands, or what is wrong is said; the page holds."""

import pytest
import tiny_heads
import tiny_transformer
import tiny_translator
from live_page import open_live
from page_checks import says, width_needed

from qkv.chapters.encodings import Vocabulary
from qkv.chapters.seq2seq import SPECIALS
from qkv.data.phrases import tokenize
from qkv.figures.heads import cut
from qkv.figures.tokens import Tokens

SENTENCES = {
    "translator": (tiny_translator.figure, ".qkv-french"),
    "transformer_flow": (tiny_transformer.figure, ".qkv-french"),
    "heads": (tiny_heads.figure, "[role=grid]"),
}


def tokens():
    merges = [("t", "h"), ("th", "e")]
    return Tokens(merges, ["the", "<unk>"], "the cat", alt="Tokens.", name="f", caption="C")


@pytest.fixture(params=SENTENCES)
def shown(request, page, tmp_path):
    """A figure that reads sentences on a phone, and where it shows what it made of them."""
    make, answer = SENTENCES[request.param]
    return open_live(page, tmp_path, make(), width=360), page.locator(answer)


def ask(page, text):
    field = page.get_by_role("textbox", name="English")
    field.fill(text)
    field.press("Enter")


def chips(page):
    return [text.split()[0] for text in page.locator(".qkv-reads li").all_inner_texts()]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("  ", "There is no word yet"),
        ("…!,", "There is no word yet"),
        ("🐱🎉", "There is no word yet"),
        ("cat " * 41, "The sentence has 41 words and the model reads at most 40"),
        ("cat " * 900, "The text has 3599 characters and the field takes at most 2000"),
    ],
)
def test_what_cannot_be_read_is_said_and_no_old_answer_stays(shown, text, complaint):
    page, answer = shown
    assert answer.is_visible()
    ask(page, text)
    says(page, complaint)
    assert page.locator(".qkv-note").inner_text().startswith(complaint)
    assert page.get_by_role("textbox").get_attribute("aria-invalid") == "true"
    assert not answer.is_visible()
    assert width_needed(page) == 360
    ask(page, "the cat")
    assert page.get_by_role("textbox").get_attribute("aria-invalid") == "false"
    assert answer.is_visible()


@pytest.mark.parametrize(
    "text",
    ["x" * 1900, "the " + "w" * 1500, "שלום עולם", "مرحبا cat", "日" * 300, "ch🐱t the"],
    ids=["letters", "word", "hebrew", "arabic", "han", "emoji"],
)
def test_no_text_widens_the_page(shown, text):
    page, answer = shown
    ask(page, text)
    assert answer.is_visible()
    assert width_needed(page) == 360


def test_a_word_of_5000_letters_is_refused_and_widens_nothing(shown):
    page, _ = shown
    ask(page, "x" * 5000)
    says(page, "The text has 5000 characters")
    assert width_needed(page) == 360


def test_html_is_text(shown):
    page, _ = shown
    ask(page, "the <img src=x onerror=document.title='broken'> <b>cat</b>")
    assert page.locator(".qkv-stage img, .qkv-reads b").count() == 0
    assert page.title() == "Live figures"


def test_lines_that_are_pasted_become_one_sentence(shown):
    page, _ = shown
    field = page.get_by_role("textbox", name="English")
    field.fill("")
    field.evaluate(
        """(field) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", "the\\ncat\\r\\n\\nnear");
          field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, cancelable: true }));
        }"""
    )
    assert field.input_value() == "the cat near"
    assert chips(page) == ["the", "cat", "near"]


@pytest.mark.parametrize("apostrophe", "'’ʼ")
def test_a_contraction_is_one_unknown_word_named_as_typed(shown, apostrophe):
    page, _ = shown
    ask(page, f"the cat doesn{apostrophe}t")
    assert chips(page) == ["the", "cat", "doesn't"]
    says(page, "“doesn't” is not in my vocabulary")


def test_a_contraction_becomes_two_words_where_both_are_known(page, tmp_path):
    both = (
        Vocabulary([*tiny_translator.ENGLISH, "not"], specials=SPECIALS),
        Vocabulary(tiny_translator.FRENCH, specials=SPECIALS),
    )
    model = tiny_translator.AttentionTranslator(*map(len, both), d_embed=6, d_hidden=8)
    examples = ["the cat doesn’t sleep", "the cat isn't black"]
    shown = tiny_translator.figure(model=model, vocabularies=both, sentences=examples)
    page = open_live(page, tmp_path, shown)
    assert chips(page) == tokenize(examples[0], both[0].tokens)
    assert chips(page) == ["the", "cat", "does", "not", "sleep"]
    ask(page, examples[1])
    assert chips(page) == ["the", "cat", "isn't", "black"]


def test_heads_cut_signs_and_contractions_as_python_does(page, tmp_path):
    known = tiny_heads.figure().tokens
    page = open_live(page, tmp_path, tiny_heads.figure())
    for text in ("the cat's dogs. doesn’t; l'oiseau!", "e\u0301cole . cat-dog 'the' _a_"):
        ask(page, text)
        assert chips(page) == cut(text, known)


@pytest.mark.parametrize("name", ["translator", "transformer_flow"])
def test_where_the_model_was_stopped_the_figure_says_so(page, tmp_path, name):
    figure = SENTENCES[name][0]()
    figure.limits = [40, 3]
    page = open_live(page, tmp_path, figure)
    stopped = "It stopped after 3 words, the most that it writes here."
    assert page.get_by_text(stopped, exact=True).is_visible()
    says(page, stopped)


@pytest.mark.parametrize("way", ["characters", "words", "byte pairs"])
@pytest.mark.parametrize("text", ["x" * 2500, "a\nb\n" * 900, "<b>cat</b>", "שלום 🐱", ""])
def test_any_text_is_cut_into_tokens_and_the_page_holds(page, tmp_path, way, text):
    page = open_live(page, tmp_path, tokens(), width=360)
    page.get_by_role("radio", name=way).check()
    box = page.get_by_role("textbox")
    # Not `fill`: Chromium inserts a thousand lines one by one, and takes half a minute for it.
    box.evaluate("(b, t) => { b.value = t; b.dispatchEvent(new Event('input')); }", text[:2000])
    assert width_needed(page) == 360
    assert page.locator(".qkv-pieces b").count() == 0
    said = "The box is full: it takes 2000 characters." if len(text) > 2000 else "token"
    says(page, said)
