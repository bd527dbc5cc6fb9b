"""The heads in the page: they compute what PyTorch does, and every reader can work them."""

import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from live_page import open_live
from page_checks import barriers, operate_all, says, small_targets, width_needed
from tiny_heads import figure, tiny

from qkv.chapters.multi_head_attention import attention_maps, without_heads
from qkv.live.bundle import bundle

RUN = """async ([source, state, ids, removed]) => {
  const url = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
  const { stack } = await import(url);
  const { maps, next } = stack(state).run(ids, removed);
  return { maps: maps.map((heads) => heads.map((x) => [...x])), next: next.map((x) => [...x]) };
}"""


@pytest.mark.parametrize("n_kv_heads", [4, 2, 1])
@pytest.mark.parametrize("removed", [[], [[0, 2]], [[0, 0], [0, 3], [1, 1]]])
def test_weights_and_probabilities_are_pytorch_s_with_and_without_heads(page, n_kv_heads, removed):
    model, vocabulary = tiny(n_kv_heads=n_kv_heads)
    state = figure(model, vocabulary).figure_state()
    ids = torch.randint(len(vocabulary), (1, 9), generator=torch.Generator().manual_seed(1))
    found = page.evaluate(RUN, [bundle("stack"), state, ids[0].tolist(), removed])
    heads = {f"layers.{i}": [head for layer, head in removed if layer == i] for i in range(2)}
    with torch.no_grad(), without_heads(model, heads):
        maps, probabilities = attention_maps(model, ids), model(ids)[0].softmax(1)
    for i, layer in enumerate(found["maps"]):
        expected = maps[f"layers.{i}"][0].flatten(1).numpy()
        np.testing.assert_allclose(layer, expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found["next"], probabilities.numpy(), rtol=0, atol=1e-5)


@pytest.fixture
def show(page, tmp_path):
    """Open a page with the figure of a tiny model; return it once it is alive."""

    def open_page(shown=None, *, theme="light", width=900):
        return open_live(page, tmp_path, shown or figure(), theme=theme, width=width)

    return open_page


def read(page, text):
    field = page.get_by_role("textbox", name="English")
    field.fill(text)
    field.press("Enter")


def off(page, head):
    return page.get_by_role("checkbox", name=f"head {head} off")


def queries(page):
    return page.get_by_role("grid").get_by_role("rowheader").all_inner_texts()


def weights(page):
    """The large table's numbers below its diagonal, one list a query."""
    rows = page.locator(".qkv-align tbody tr").all()
    texts = [row.get_by_role("gridcell").all_text_contents() for row in rows]
    assert all(set(line[r + 1 :]) <= {"masked"} for r, line in enumerate(texts))
    return [[float(text) for text in line[: r + 1]] for r, line in enumerate(texts)]


def expected(words, removed=(), layer=0, head=0):
    """What PyTorch gives for tokens: the weights of one head, and probabilities by position."""
    model, vocabulary = tiny()
    ids = torch.tensor([vocabulary.encode(words)])
    heads = {f"layers.{i}": [k for at, k in removed if at == i] for i in range(2)}
    with torch.no_grad(), without_heads(model, heads):
        maps, scores = attention_maps(model, ids), model(ids)[0]
    return vocabulary, maps[f"layers.{layer}"][0, head], scores


WORDS = [".", "the", "cats", "near", "the", "dog"]


def test_a_head_that_is_chosen_stands_there_in_numbers(show):
    page = show()
    page.get_by_role("button", name="head 1.3 agreement").click()
    says(page, "Head 1.3, agreement. Token 6, “dog”, looks at")
    assert page.get_by_role("button", pressed=True).count() == 1
    assert page.get_by_role("grid").get_attribute("aria-label").startswith("head 1.3, agreement:")
    assert queries(page) == WORDS
    _, map_, _ = expected(WORDS, layer=1, head=3)
    for r, line in enumerate(weights(page)):
        np.testing.assert_allclose(line, map_[r, : r + 1], atol=0.0051)


def test_a_head_that_is_off_changes_later_maps_and_predictions_and_says_so(show):
    page = show()
    page.get_by_role("button", name="head 1.3").click()
    before = [part.get_attribute("d") for part in page.locator(".qkv-ink").all()]
    off(page, "0.1").press("Space")
    vocabulary, map_, scores = expected(WORDS, [(0, 1)], 1, 3)
    was, now = expected(WORDS)[2][-1].softmax(0), scores[-1].softmax(0)
    top, best = was.argmax().item(), now.argmax().item()
    name = vocabulary.tokens[top]
    verb = "falls" if now[top] < was[top] else "rises"
    sentence = (
        f"Without head 0.1 the probability of “{name}” after “dog” {verb} "
        f"from {was[top]:.2f} to {now[top]:.2f}."
    )
    says(page, sentence)
    changed = page.locator(".qkv-change").inner_text()
    assert changed.startswith(sentence)
    assert ("Most probable is now" in changed) == (best != top)
    for r, line in enumerate(weights(page)):
        np.testing.assert_allclose(line, map_[r, : r + 1], atol=0.0051)
    after = [part.get_attribute("d") for part in page.locator(".qkv-ink").all()]
    assert (after[:4], [a != b for a, b in zip(after[4:], before[4:], strict=True)]) == (
        before[:4],
        [True] * 4,
    )
    targets = torch.tensor(vocabulary.encode(WORDS[1:]))
    losses = [F.cross_entropy(s[:-1], targets).item() for s in (expected(WORDS)[2], scores)]
    said = re.findall(r"\d\.\d\d", page.locator(".qkv-loss").inner_text())
    np.testing.assert_allclose([float(x) for x in said], losses, atol=0.0051)
    page.get_by_role("button", name="All heads").click()
    says(page, "With all heads the probability of")
    assert not off(page, "0.1").is_checked()
    assert [part.get_attribute("d") for part in page.locator(".qkv-ink").all()] == before


def test_arrow_keys_walk_the_large_table_and_predictions_follow_the_row(show):
    page = show()
    page.locator("td[tabindex='0']").focus()
    page.keyboard.press("Control+Home")
    page.keyboard.press("ArrowDown")
    _, map_, scores = expected(WORDS)
    says(page, f"Token 2, “the”, looks at token 1, the full stop: weight {map_[1, 0]:.2f}.")
    listed = page.locator(".qkv-nexts tbody tr")
    probabilities = scores[1].softmax(0)
    assert listed.locator("td:nth-child(2)").all_inner_texts()[:5] == [
        f"{p:.2f}" for p in probabilities.topk(5).values
    ]
    comes = listed.filter(has_text="comes next")
    cats = probabilities[expected(WORDS)[0].encode(["cats"])[0]]
    assert comes.locator("th span").inner_text() == "cats"
    assert comes.locator("td:nth-child(2)").inner_text() == f"{cats:.2f}"
    page.keyboard.press("End")
    says(page, "Token 2, “the”, may not look at token 6, “dog”, which stands later.")
    assert page.locator("td[tabindex='0']").count() == 1


def test_pointing_reads_a_weight_and_a_click_chooses_the_position(show):
    page = show()
    nexts = page.locator(".qkv-nexts").inner_text()
    cell = page.locator("td[data-r='2'][data-c='1']")
    cell.hover()
    assert page.locator(".qkv-reading").inner_text().startswith("Token 3, “cats”, looks at token 2")
    assert page.locator(".qkv-nexts").inner_text() == nexts
    cell.click()
    assert page.locator(".qkv-nexts caption").inner_text() == "After cats, token 3 of 6"


def test_the_reader_s_own_sentence_is_read_and_unknown_words_are_named(show):
    page = show()
    off(page, "1.0").press("Space")
    read(page, "The old zébu, now.")
    assert queries(page) == [".", "the", "old", "zébu", "now", "."]
    note = "“zébu” is not in my vocabulary of 11 words; I read it as unknown."
    assert page.locator(".qkv-note").inner_text() == note
    says(page, f"{note} Read 6 tokens. Without head 1.0 the probability of")
    ids = [".", "the", "old", "<unk>", "now", "."]
    _, map_, _ = expected(ids, [(1, 0)])
    for r, line in enumerate(weights(page)):
        np.testing.assert_allclose(line, map_[r, : r + 1], atol=0.0051)
    page.get_by_label("Examples").select_option("the cat sleeps. the old dog")
    assert queries(page) == [".", "the", "cat", "sleeps", ".", "the", "old", "dog"]


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
def test_every_control_changes_what_is_drawn(show, how):
    assert operate_all(show(figure(*tiny(2, 2), labels={})).locator(".qkv-live"), how) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible(show, theme):
    page = show(theme=theme)
    page.get_by_text("The 11 words it knows").click()
    off(page, "0.1").press("Space")
    read(page, "the zébu sleeps.")
    assert barriers(page) == []


IN_VIEW = """(cell) => {
  const box = cell.closest(".qkv-scroll").getBoundingClientRect();
  const here = cell.getBoundingClientRect();
  return here.left >= box.left - 1 && here.right <= box.right + 1
    && here.top >= box.top - 1 && here.bottom <= box.bottom + 1;
}"""


def test_it_fits_a_phone_with_targets_for_fingers(show):
    page = show(figure(*tiny(8, 2)), width=360)
    read(page, "cat " * 40)
    assert width_needed(page) == 360
    assert small_targets(page) == []
    assert page.locator("td[tabindex='0']").evaluate(IN_VIEW)  # before anything is done
    page.locator("td[tabindex='0']").focus()
    page.keyboard.press("Control+Home")
    assert page.locator("td:focus").evaluate(IN_VIEW)


def test_it_prints_as_its_still_picture(show):
    page = show()
    page.emulate_media(media="print")
    assert page.locator(".qkv-still:visible").count() == 1
    assert page.locator(".qkv-stage:visible").count() == 0
