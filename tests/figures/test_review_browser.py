"""The judge of reviews in the page: it says what PyTorch says, and every reader can work it."""

import numpy as np
import pytest
import torch
from live_page import errors_of, open_live
from page_checks import barriers, small_targets, width_needed
from test_review import figure, tiny

from qkv.chapters.encodings import words
from qkv.chapters.working_with_language import QUESTIONS, looked_at, without_each
from qkv.live.bundle import bundle

LOAD = """const load = (source) =>
  import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));"""


def halved(model):
    """Round a model's weights to what 16 bits can hold."""
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(p.half().float())
    return model


def test_answers_looks_and_worths_agree_with_pytorch(page):
    model = halved(tiny()[0])
    generator = torch.Generator().manual_seed(2)
    rows = [torch.randint(1, 12, (n,), generator=generator) for n in (2, 5, 13, 40)]
    run = f"""async ([source, state, rows]) => {{
      {LOAD}
      const {{ judge, worth }} = await load(source);
      const machine = judge(state);
      return rows.map((ids) => [
        machine.read(ids).map((a) => [[...a.probabilities], [...a.weights]]),
        worth(machine, ids, 2),
      ]);
    }}"""
    state = figure().figure_state()
    found = page.evaluate(run, [bundle("review_model"), state, [r.tolist() for r in rows]])
    for ids, (answers, worths) in zip(rows, found, strict=True):
        with torch.no_grad():
            scores = model(ids[None], torch.ones(1, len(ids), dtype=torch.bool))[0]
        for q, (probabilities, looks) in enumerate(answers):
            np.testing.assert_allclose(probabilities, scores[q].softmax(-1), atol=1e-4)
            np.testing.assert_allclose(looks, looked_at(model, ids, q), atol=1e-4)
        np.testing.assert_allclose(worths, without_each(model, ids, 2), atol=1e-3)


def test_the_page_cuts_words_as_the_chapter_does(page):
    run = f"""async ([source, texts]) => {{
      {LOAD}
      const {{ cut }} = await load(source);
      return texts.map(cut);
    }}"""
    texts = ["The camera's GOOD, but: 2 days?", "isn't it (really) _fine_!", "", "naïve é"]
    assert page.evaluate(run, [bundle("review_model"), texts]) == [words(t) for t in texts]


@pytest.fixture
def show(page, tmp_path):
    """Open a page with the figure of a tiny judge; return it once it is alive."""

    def open_page(shown=None, *, theme="light", width=900):
        return open_live(page, tmp_path, shown or figure(), theme=theme, width=width)

    return open_page


def rows_of(page):
    return page.locator(".qkv-said tbody tr").all_inner_texts()


def test_the_reader_s_own_review_is_read_for_every_question(show):
    page = show()
    errors = errors_of(page)
    assert len(rows_of(page)) == len(QUESTIONS)
    before = rows_of(page)
    page.get_by_label("Review").fill("the battery is not good , but the camera is")
    page.get_by_role("button", name="Read it").click()
    assert rows_of(page) != before
    assert page.locator(".qkv-worth li").count() == 10
    page.get_by_label("Review").press("Enter")
    assert not errors


def test_a_question_shows_its_own_looks_and_says_them(show):
    page = show()
    before = page.locator(".qkv-worth").inner_html()
    page.get_by_label("price", exact=True).check()
    assert page.locator(".qkv-worth").inner_html() != before
    page.wait_for_function(
        "document.querySelector('[role=status]').textContent.startsWith('price:')"
    )
    status = page.locator("[role=status]").inner_text()
    assert "It looks most at" in status
    assert "Taking out" in status
    page.keyboard.press("ArrowRight")
    assert page.get_by_label("delivery", exact=True).is_checked()


def test_an_unknown_word_and_an_empty_field_are_named(show):
    page = show()
    page.get_by_label("Review").fill("the zebra is good")
    page.get_by_role("button", name="Read it").click()
    assert "“zebra” is not in my vocabulary" in page.locator(".qkv-note").first.inner_text()
    page.get_by_label("Review").fill("  ")
    page.get_by_role("button", name="Read it").click()
    assert "There is no word yet" in page.locator(".qkv-note").first.inner_text()
    assert not page.locator(".qkv-worth").is_visible()


def test_words_are_shown_while_they_are_written_and_stand_once_when_they_are_read(show):
    page = show()
    preview = page.get_by_label("What the model reads")
    assert not preview.is_visible()
    page.get_by_label("Review").fill("good zebra")
    assert preview.is_visible()
    assert preview.locator("li").all_inner_texts() == ["good", "zebra unknown"]
    page.get_by_label("Review").press("Enter")
    assert not preview.is_visible()
    assert page.locator(".qkv-worth li").count() == 2


def test_one_word_alone_is_read(show):
    page = show()
    errors = errors_of(page)
    page.get_by_label("Review").fill("good")
    page.get_by_role("button", name="Read it").click()
    assert page.locator(".qkv-worth li").count() == 1
    assert not errors


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_reader_can_work_it(show, theme, width):
    page = show(theme=theme, width=width)
    assert width_needed(page) <= width
    assert not barriers(page)
    assert not small_targets(page, ".qkv-body button, .qkv-body select, .qkv-body input[type=text]")
