"""The transformer's figure in the page: its shapes flow, and every reader can work it."""

import numpy as np
import pytest
import torch
from live_page import open_live
from page_checks import barriers, operate_all, says, small_targets, width_needed
from tiny_transformer import figure, tiny

from qkv.chapters.multi_head_attention import MultiHeadAttention, attention_maps
from qkv.chapters.seq2seq import BOS_ID
from qkv.chapters.transformer import RotaryMultiHeadAttention


@pytest.fixture
def show(page, tmp_path):
    """Open a page with the figure of a tiny model; return it once it is alive."""

    def open_page(*, theme="light", width=900, motion="reduce", **model):
        return open_live(page, tmp_path, figure(**model), theme=theme, width=width, motion=motion)

    return open_page


def block(page, name):
    return page.locator(f"[data-id='{name}']")


def shapes(page):
    """The shape on each block's button, by the block's name."""
    pairs = page.locator(".qkv-block").evaluate_all(
        "all => all.map((e) => [e.dataset.id, e.querySelector('.qkv-shape').textContent])"
    )
    return dict(pairs)


def numbers(table):
    """The numbers in a grid's cells, NaN where nothing can be."""
    rows = table.locator("tbody tr").evaluate_all(
        "all => all.map((row) => [...row.querySelectorAll('td')].map((e) => e.textContent))"
    )
    read = [[float(t.replace("−", "-")) if t != "–" else np.nan for t in row] for row in rows]
    return np.array(read)


def computed(step, **parts):
    """A tiny model's memory and head weights for the first example, after `step` more tokens."""
    model, both = tiny(**parts)
    source = torch.tensor([both[0].encode(["the", "black", "cat", "sleeps", "<eos>"])])
    with torch.no_grad():
        memory, state = model.encode(source, torch.ones_like(source, dtype=torch.bool))
        written = torch.tensor([[BOS_ID]])
        for _ in range(step):
            scores, _ = model.decode(memory, state, written)
            written = torch.cat([written, scores[:, -1:].argmax(2)], dim=1)
        maps = attention_maps(model.decoder, written, *memory)
    return memory[0][0].numpy(), {name: weights[0].numpy() for name, weights in maps.items()}


def test_the_shapes_follow_the_sentence_and_the_step(show):
    page = show()
    seen = shapes(page)
    assert len(seen) == 16 + 24
    assert {seen[f"encoder.{part}"] for part in ("embed.tokens", "embed", "norm")} == {"(5, 8)"}
    assert (seen["encoder.words"], seen["decoder.words"]) == ("(5,)", "(6,)")
    assert seen["decoder.blocks.1.feed_forward"] == "(6, 8)"
    assert seen["to_scores"] == seen["probabilities"] == "(6, 14)"
    page.get_by_role("slider", name="Step").press("Home")
    seen = shapes(page)
    assert (seen["encoder.norm"], seen["decoder.norm"]) == ("(5, 8)", "(1, 8)")
    says(page, "Step 1 of 6 reads <bos> and writes est-ce")
    page.get_by_label("Examples").select_option("does the girl sleep?")
    assert shapes(page)["encoder.norm"] == "(6, 8)"


def test_an_opened_block_shows_pytorch_s_numbers(show):
    page = show()
    block(page, "encoder.norm").click()
    memory, _ = computed(0)
    np.testing.assert_allclose(numbers(page.get_by_role("grid")), memory, atol=0.0051)
    heads = page.get_by_role("grid").locator("tbody th").all_inner_texts()
    assert heads == ["the", "black", "cat", "sleeps", "<eos>"]
    assert page.locator(".qkv-tensor-shape").inner_text().split("  ")[0].startswith("(5, 8)")
    cell = page.locator("td[data-r='2'][data-c='3']")
    cell.hover()
    says(page, "“cat”, number 4 of 8: ")
    assert page.locator(".qkv-readout").inner_text().startswith("“cat”, number 4 of 8: ")
    assert cell.evaluate("e => getComputedStyle(e).fontSize") == "0px"
    page.get_by_label("Show the numbers").check()
    assert cell.evaluate("e => parseFloat(getComputedStyle(e).fontSize)") > 12


@pytest.mark.parametrize("name", ["attention", "cross_attention"])
@pytest.mark.parametrize("attention", [MultiHeadAttention, RotaryMultiHeadAttention])
def test_heads_are_tables_of_pytorch_s_weights_at_the_chosen_step(show, attention, name):
    page = show(attention=attention)
    slider = page.get_by_role("slider", name="Step")
    slider.press("Home")
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    block(page, f"decoder.blocks.1.{name}").click()
    _, maps = computed(2, attention=attention)
    expected = maps[f"blocks.1.{name}"]
    if name == "attention":
        expected = np.where(np.tril(np.ones((3, 3))) > 0, expected, np.nan)
    tables = page.get_by_role("grid").all()
    assert len(tables) == 2
    for table, weights in zip(tables, expected, strict=True):
        np.testing.assert_allclose(numbers(table), weights, atol=0.0051)
    rows = tables[0].locator("tbody th").all_inner_texts()
    # A row is the word that asks: in cross-attention the one that is written.
    written = page.locator(".qkv-french [data-r='0']").inner_text().strip()
    assert (rows[0], len(rows)) == ("<bos>" if name == "attention" else written, 3)
    english = ["the", "black", "cat", "sleeps", "<eos>"]
    columns = tables[0].locator("thead th").all_inner_texts()
    assert columns == (rows if name == "attention" else english)


# Opens every block and each of its tensors: [[name, sentence, formula, shape, cells], …].
OPEN_ALL = """() => [...document.querySelectorAll(".qkv-block")].flatMap((button) => {
  button.click();
  const text = (part) => document.querySelector(part).textContent;
  const inputs = [...document.querySelectorAll(".qkv-parts input")];
  return (inputs.length ? inputs : [null]).map((input) => {
    input?.click();
    return [button.dataset.id, text(".qkv-about"), text(".qkv-formula"),
      text(".qkv-tensor-shape b"),
      document.querySelectorAll(".qkv-view :is([role=gridcell], .qkv-ids li)").length];
  });
})"""


def test_every_block_opens_each_of_its_tensors_and_says_what_it_does(show):
    opened = show().evaluate(OPEN_ALL)
    for name, sentence, formula, shape, cells in opened:
        assert sentence, name
        assert formula, name
        assert cells == np.prod([int(n) for n in shape.strip("(),").split(", ")]), (name, shape)
    assert len({name for name, *_ in opened}) == 40
    assert len({sentence for _, sentence, *_ in opened}) == 14
    ends, attend, feed = 1 + 2 + 2 + 2, 2 + 6 + 3, 2 + 2 + 3
    assert len(opened) == ends + 2 * (attend + feed) + ends + 2 * (2 * attend + feed) + 2


def test_arrow_keys_walk_the_diagram_and_enter_opens(show):
    page = show()
    assert page.locator(".qkv-block[tabindex='0']").count() == 1
    page.locator(".qkv-block[tabindex='0']").focus()
    page.keyboard.press("Home")
    for key in ("ArrowRight", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    here = page.locator(".qkv-block:focus")
    assert here.get_attribute("data-id") == "encoder.blocks.0.feed_forward"
    page.keyboard.press("Enter")
    says(page, "Encoder, block 0, Feed-forward: the 12 inside, 5 tokens, 12 numbers each.")
    assert here.get_attribute("aria-current") == "true"
    page.get_by_role("button", name="The next block").press("Enter")
    assert page.locator("[aria-current=true]").get_attribute("data-id") == (
        "encoder.blocks.0.connections.1"
    )
    assert page.get_by_role("button", name="The next block").evaluate(
        "e => e === document.activeElement"
    )


def test_the_french_comes_word_by_word_and_is_said_once(show):
    page = show(motion="no-preference")
    page.evaluate("""() => {
      window.said = [];
      const region = document.querySelector("[role=status]");
      new MutationObserver(() => said.push(region.textContent))
        .observe(region, { childList: true });
    }""")
    page.get_by_label("Examples").select_option("does the girl sleep?")
    assert page.locator(".qkv-coming .qkv-later").count() > 0
    page.wait_for_function("() => said.length > 0")
    page.wait_for_timeout(300)
    (said,) = page.evaluate("said")
    assert said.startswith("French: est-ce")
    assert page.locator(".qkv-later").count() == 0


def test_words_it_does_not_know_are_named_and_no_words_are_refused(show):
    page = show()
    field = page.get_by_role("textbox", name="English")
    field.fill("the Zebra sleeps")
    field.press("Enter")
    note = "“zebra” is not in my vocabulary of 8 words; I read it as unknown."
    assert page.locator(".qkv-note").inner_text() == note
    assert shapes(page)["encoder.words"] == "(4,)"
    field.fill("...")
    field.press("Enter")
    says(page, "There is no word yet")
    assert shapes(page)["encoder.words"] == "(4,)"


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
def test_every_control_changes_what_is_drawn(show, how):
    assert operate_all(show().locator(".qkv-live"), how) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible(show, theme):
    page = show(theme=theme)
    page.get_by_label("Show the numbers").check()
    for name in ("decoder.blocks.0.attention", "decoder.words", "probabilities"):
        block(page, name).click()
        assert barriers(page) == []


def test_on_a_phone_a_block_opens_below_its_row_and_nothing_overflows(show):
    page = show(width=360)
    page.get_by_role("textbox", name="English").fill("cat " * 40)
    page.keyboard.press("Enter")
    for name in ("encoder.blocks.1.attention", "decoder.blocks.0.feed_forward", "probabilities"):
        block(page, name).click()
        button, panel = block(page, name).bounding_box(), page.locator(".qkv-panel").bounding_box()
        assert 0 < panel["y"] - button["y"] - button["height"] < 30
        assert width_needed(page) == 360
    assert (
        small_targets(page, "button, input:not([type=checkbox]), select, summary, .qkv-tick") == []
    )


def test_it_prints_as_its_still_picture(show):
    page = show()
    assert page.locator(".qkv-still:visible").count() == 0
    page.emulate_media(media="print")
    assert page.locator(".qkv-still:visible").count() == 1
    assert page.locator(".qkv-stage:visible").count() == 0
