"""The translator in the page: it says what PyTorch says, and every reader can work it."""

import json
from itertools import pairwise

import numpy as np
import pytest
import torch
from live_page import open_live, stored
from page_checks import barriers, operate_all, says, small_targets, width_needed
from tiny_translator import figure, lively

from qkv.chapters.attention import AttentionTranslator
from qkv.chapters.encodings import Vocabulary
from qkv.chapters.seq2seq import greedy
from qkv.data.phrases import detokenize, load, tokenize
from qkv.figure import FIGURE_MIME
from qkv.figures.translator import Translator
from qkv.live.bundle import bundle
from qkv.paths import root

LOAD = """const load = (source) =>
  import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));"""
TRANSLATE = f"""async ([source, state, sentences]) => {{
  {LOAD}
  const {{ translator }} = await load(source);
  const machine = translator(state);
  return sentences.map((tokens) => {{
    const {{ target, steps }} = machine.translate(tokens);
    return {{ target, weights: steps.map(({{ weights }}) => [...weights]) }};
  }});
}}"""


@pytest.fixture(scope="module")
def pairs():
    """200 sentences of the grammar, of all lengths."""
    return load(n_train=400, n_valid=1, n_test=200).test


def agree(page, state, model, both, pairs):
    """Assert that page and PyTorch write the same and look at the same; return what is written."""
    sentences = [pair.source for pair in pairs]
    found = page.evaluate(TRANSLATE, [bundle("translator"), state, sentences])
    assert len(found) == len(pairs) == 200
    for pair, there in zip(pairs, found, strict=True):
        source = torch.tensor([both[0].encode([*pair.source, "<eos>"])])
        mask = torch.ones_like(source, dtype=torch.bool)
        (row,) = greedy(model, source, mask)
        assert [t for t in there["target"] if t != "<eos>"] == both[1].decode(row)
        memory, start = model.encode(source, mask)
        read = both[1].encode(["<bos>", *there["target"][:-1]])
        with torch.no_grad():
            weights = model.steps(memory, start, torch.tensor([read]))[2][0]
        np.testing.assert_allclose(there["weights"], weights.numpy(), rtol=0, atol=1e-3)
    return [" ".join(there["target"]) for there in found]


def test_the_page_agrees_with_pytorch_on_200_sentences(page, pairs):
    model, both = lively(pairs)
    shown = Translator(model, both, ["the cat sleeps"], alt="A grid.")
    written = agree(page, shown.figure_state(), model, both, pairs)
    assert len(set(written)) > 150
    ended = sum(text.endswith("<eos>") for text in written)
    assert 20 < ended < 200, "the random model no longer does both: end, and run into the limit"


def translator_of_the_book():
    """The state of the chapter's own figure, and its model and vocabularies rebuilt from that."""
    notebook = json.loads((root() / "chapters/04_attention.ipynb").read_text("utf-8"))
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    records = [output["data"].get(FIGURE_MIME) for output in outputs if "data" in output]
    (state,) = [r["state"] for r in records if r and r["name"] == "fig-translator"]
    both = [Vocabulary([], specials=tuple(tokens)) for tokens in state["tokens"]]
    shapes = dict(state["shapes"])
    d_embed, d_hidden = shapes["embed.weight"][1], shapes["mix.weight"][0]
    model = AttentionTranslator(*map(len, both), d_embed=d_embed, d_hidden=d_hidden)
    tensors = stored(state)
    model.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in tensors.items()})
    return state, model, both


def test_the_book_s_own_translator_agrees_with_pytorch_on_200_sentences(page, pairs):
    state, model, both = translator_of_the_book()
    assert len(json.dumps(state)) < 2_000_000
    written = agree(page, state, model, both, pairs)
    right = sum(
        text == " ".join([*pair.target, "<eos>"]) for text, pair in zip(written, pairs, strict=True)
    )
    assert right > 100, f"only {right} of 200 translations are right: is this the trained model?"


def test_the_page_cuts_and_joins_words_as_python_does(page, pairs):
    texts = [
        *(detokenize(pair.source, french=False) for pair in pairs[:50]),
        *(detokenize(pair.target) for pair in pairs[:50]),
        "Est-ce que l’oiseau dort ?",
        "L'oiseau qu'il n'a d'amis, aujourd'hui ‘the cat’s dogs'’ rock'n'roll 'quoted'",
        "naïve  _x_ ½ 漢字, a.b!c? 'tis don't  e\u0301 ÉCOLE İs Σς",
        "",
    ]
    found = page.evaluate(
        "async ([source, texts]) => {"
        + LOAD
        + """const { tokenise, detokenise } = await load(source);
          return texts.map((text) => [tokenise(text), detokenise(tokenise(text))]);
        }""",
        [bundle("sentence"), texts],
    )
    assert found == [[tokenize(text), detokenize(tokenize(text))] for text in texts]


@pytest.fixture
def show(page, tmp_path):
    """Open a page with the figure of a tiny model; return it once it is alive."""

    def open_page(shown=None, *, theme="light", width=900, motion="reduce"):
        return open_live(page, tmp_path, shown or figure(), theme=theme, width=width, motion=motion)

    return open_page


def field(page):
    return page.get_by_role("textbox", name="English")


def heads(page):
    return page.get_by_role("grid").locator("thead th:not(.qkv-axis)").all_inner_texts()


def test_the_first_example_is_translated_before_anything_is_done(show):
    page = show()
    assert field(page).input_value() == "the black cat sleeps"
    assert heads(page) == ["the", "black", "cat", "sleeps", "<eos>"]
    assert page.locator(".qkv-french span").count() > 0


@pytest.mark.parametrize("how", ["enter", "button"])
def test_a_sentence_is_translated_by_enter_and_by_the_button(show, how):
    page = show()
    field(page).fill("The girl sleeps?")
    assert len(heads(page)) == 5
    if how == "enter":
        field(page).press("Enter")
    else:
        page.get_by_role("button", name="Translate").click()
    assert heads(page) == ["the", "girl", "sleeps", "?", "<eos>"]
    says(page, f"French: {page.locator('.qkv-french').inner_text()}.")
    assert page.get_by_label("Examples").input_value() == ""


def test_an_example_is_translated_when_it_is_chosen(show):
    page = show()
    page.get_by_label("Examples").select_option("does the girl sleep?")
    assert field(page).input_value() == "does the girl sleep?"
    assert heads(page) == ["does", "the", "girl", "sleep", "?", "<eos>"]


# Notes all that the live region holds, as it comes.
LISTEN = """() => {
  window.said = [];
  const region = document.querySelector("[role=status]");
  new MutationObserver(() => said.push(region.textContent))
    .observe(region, { childList: true, characterData: true, subtree: true });
}"""


def test_the_french_comes_word_by_word_and_is_said_once(show):
    shown = figure()
    shown.limits = [40, 6]  # six words come slowly enough to be said one by one
    page = show(shown, motion="no-preference")
    page.evaluate(LISTEN)
    page.get_by_label("Examples").select_option("does the girl sleep?")
    count = "() => document.querySelectorAll('.qkv-french .qkv-wait').length"
    waiting = page.evaluate(count)
    assert waiting > 1
    page.wait_for_function(f"n => ({count})() < n && ({count})() > 0", arg=waiting)
    assert page.evaluate("said") == []
    page.wait_for_function("() => said.length > 0")
    page.wait_for_timeout(400)
    (said,) = page.evaluate("said")
    assert said.startswith("French: ")
    assert page.evaluate(count) == 0


def test_with_reduced_motion_the_french_is_there_at_once(show):
    page = show()
    page.get_by_label("Examples").select_option("does the girl sleep?")
    assert page.locator(".qkv-wait").count() == 0


def test_arrow_keys_go_through_steps_and_words(show):
    page = show()
    page.locator("td[tabindex='0']").focus()
    page.keyboard.press("Control+Home")
    before = page.locator(".qkv-step").inner_text()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    here = page.locator("td:focus")
    assert (here.get_attribute("data-r"), here.get_attribute("data-c")) == ("1", "1")
    assert page.locator("td[tabindex='0']").count() == 1
    says(page, "Step 2")
    says(page, "looking at “black”: score")
    assert page.locator(".qkv-step").inner_text() != before
    assert page.locator(".qkv-step-head").inner_text().startswith("Step 2 of ")
    page.keyboard.press("Control+End")
    assert here.get_attribute("data-c") == "4"
    page.keyboard.press("ArrowRight")
    assert here.get_attribute("data-c") == "4"


def test_each_step_shows_scores_weights_next_words_and_the_context(show):
    page = show()
    looks, nexts = page.locator("table.qkv-bars").all()
    rows = looks.locator("tbody tr")
    assert rows.count() == 5
    numbers = [[float(t.replace("−", "-")) for t in row.locator("td").all_inner_texts()[:2]]
               for row in rows.all()]  # fmt: skip
    scores, weights = np.array(numbers).T
    np.testing.assert_allclose(np.exp(scores) / np.exp(scores).sum(), weights, atol=0.02)
    bars = rows.locator(".qkv-bar").evaluate_all("all => all.map((e) => parseFloat(e.style.width))")
    np.testing.assert_allclose(np.array(bars) / 100, weights, atol=0.006)
    shown = page.locator("tbody tr:first-child td[data-r='0']").all_inner_texts()
    assert shown == [f"{weight:.2f}" for weight in weights]
    likely = [float(t) for t in nexts.locator("td:nth-child(2)").all_inner_texts()]
    assert len(likely) == 5
    assert likely == sorted(likely, reverse=True)
    word = page.locator(".qkv-step-head b").first.inner_text()
    assert nexts.locator("tbody th").first.inner_text() == word
    assert page.locator(".qkv-context rect").count() == 8
    assert "Context: 8 numbers" in page.locator(".qkv-context").inner_text()
    assert page.locator(".qkv-context").inner_text().count("context[") == 3


def test_pointing_at_a_cell_or_a_french_word_shows_its_step(show):
    page = show()
    page.locator("td[data-r='2'][data-c='3']").hover()
    says(page, "Step 3")
    says(page, "looking at “sleeps”")
    page.locator(".qkv-french span").nth(1).hover()
    says(page, "Step 2")


def test_words_it_does_not_know_are_named(show):
    page = show()
    field(page).fill("the Zebra sleeps")
    assert page.locator(".qkv-reads .qkv-unknown").inner_text().split() == ["zebra", "unknown"]
    field(page).press("Enter")
    note = "“zebra” is not in my vocabulary of 8 words; I read it as unknown."
    assert page.locator(".qkv-note").inner_text() == note
    says(page, f"{note} French: ")
    assert heads(page) == ["the", "zebra", "sleeps", "<eos>"]
    field(page).fill("a zebra, a yak")
    field(page).press("Enter")
    says(
        page, "“a”, “zebra” and “yak” are not in my vocabulary of 8 words; I read them as unknown."
    )


def test_the_words_it_knows_can_be_seen(show):
    page = show()
    page.get_by_text("The 8 words it knows").click()
    words = page.locator(".qkv-known p").inner_text().split(" · ")
    assert words == sorted(["the", "black", "cat", "sleeps", "does", "girl", "sleep", "?"])


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
def test_every_control_changes_what_is_drawn(show, how):
    assert operate_all(show().locator(".qkv-live"), how) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible(show, theme):
    page = show(theme=theme)
    page.get_by_text("The 8 words it knows").click()
    field(page).fill("the zebra " * 18)
    field(page).press("Enter")
    assert barriers(page) == []
    field(page).fill("")
    field(page).press("Enter")
    assert barriers(page) == []


def test_a_long_sentence_scrolls_in_its_own_box_on_a_phone(show):
    page = show(width=360)
    field(page).fill("cat " * 40)
    field(page).press("Enter")
    assert width_needed(page) == 360
    box = page.locator(".qkv-alignment")
    assert box.evaluate("e => e.scrollWidth > e.clientWidth && e.clientHeight <= 400")
    assert small_targets(page) == []
    page.locator("td[tabindex='0']").focus()
    page.keyboard.press("Control+End")
    hidden = """(cell) => {
      const box = cell.closest(".qkv-alignment").getBoundingClientRect();
      const here = cell.getBoundingClientRect();
      return here.right > box.right + 1 || here.bottom > box.bottom + 1;
    }"""
    assert not page.locator("td:focus").evaluate(hidden)


def test_the_form_stands_in_one_column_on_a_phone(show):
    page = show(width=360)
    boxes = [
        page.locator(f".qkv-ask {part}").bounding_box() for part in ("input", "button", "select")
    ]
    for above, below in pairwise(boxes):
        assert above["y"] + above["height"] <= below["y"]
        assert (above["x"], above["width"]) == (below["x"], below["width"])


def test_it_prints_as_its_still_picture(show):
    page = show()
    assert page.locator(".qkv-still:visible").count() == 0
    page.emulate_media(media="print")
    assert page.locator(".qkv-still:visible").count() == 1
    assert page.locator(".qkv-stage:visible").count() == 0
