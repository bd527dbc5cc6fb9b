"""The shop in the page: it recommends what PyTorch recommends, and says what each click did."""

import numpy as np
import pytest
import torch
from live_page import errors_of, open_live
from page_checks import barriers, operate_all, says, small_targets, width_needed

from qkv.chapters.beyond_language import N_PRODUCTS, START, sasrec, without_each
from qkv.chapters.multi_head_attention import attention_maps
from qkv.data import clicks
from qkv.errors import QkvError
from qkv.figures.shop import Shop
from qkv.live.bundle import bundle

THINK = """async ([source, state, clicks, asked]) => {
  const { shopModel } = await import(
    URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
  const machine = shopModel(state);
  const { chances, looks } = machine.read(clicks);
  return { chances: [...chances], looks: [...looks], without: machine.without(clicks, asked) };
}"""
EXAMPLES = {"a camper": [24, 25, 0, 26], "a cook": [12, 13], "nobody": []}


@pytest.fixture(scope="module")
def model():
    """A model of the book's size with random weights of some size, in 16 bits."""
    torch.manual_seed(3)
    made = sasrec().eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.25)
        parameter.data = parameter.data.half().float()
    return made


def shop(model, **changes):
    given = {
        "products": clicks.PRODUCTS,
        "departments": clicks.DEPARTMENTS,
        "shelf_of": clicks.DEPARTMENT_OF,
        "examples": EXAMPLES,
        "name": "fig-try-shop",
        "caption": "Click.",
        "alt": "A shop.",
    }
    return Shop(model, **(given | changes))


@pytest.fixture(scope="module")
def figure(model):
    return shop(model)


@pytest.mark.parametrize("some", [[24, 25, 0, 26], [5], list(range(0, 120, 10))])
def test_the_page_recommends_what_pytorch_recommends(page, model, figure, some):
    found = page.evaluate(THINK, [bundle("shop_model"), figure.figure_state(), some, 26])
    ids = torch.tensor([[START, *some]])
    with torch.no_grad():
        chances = model(ids)[0, -1, :N_PRODUCTS].softmax(0)
    looks = attention_maps(model, ids)["blocks.1.attention"][0, :, -1, 1:].mean(0)
    now, without = without_each(model, some, 26)
    np.testing.assert_allclose(found["chances"], chances.numpy(), atol=1e-4)
    np.testing.assert_allclose(found["looks"], looks.detach().numpy(), atol=1e-4)
    np.testing.assert_allclose(found["without"], without.numpy(), atol=1e-4)
    assert found["chances"][26] == pytest.approx(now, abs=1e-4)


def test_what_is_clicked_counts_and_can_be_taken_back(page, tmp_path, figure):
    errors = errors_of(page)
    open_live(page, tmp_path, figure)
    says(page, "After ground sheet, spade, lantern")
    before = page.locator(".qkv-offers").inner_text()
    page.get_by_label("Shelf", exact=True).select_option(label="music")
    page.get_by_role("button", name="guitar strings").first.click()
    says(page, "After spade, lantern, guitar strings")
    assert page.locator(".qkv-clicks tbody tr").count() == 5
    assert page.locator(".qkv-offers").inner_text() != before
    page.get_by_role("button", name="Take back guitar strings").click()
    says(page, "After ground sheet, spade, lantern")
    assert page.locator(".qkv-offers").inner_text() == before
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Take back lantern"
    assert errors == []


def test_by_keys_one_asks_why_and_clicks_what_is_recommended(page, tmp_path, model, figure):
    open_live(page, tmp_path, figure)
    third = page.locator(".qkv-offers button").nth(2)
    asked = int(third.get_attribute("data-id"))
    third.focus()
    page.keyboard.press("Enter")
    says(page, f"lantern: {clicks.PRODUCTS[asked]}")
    now, without = without_each(model, EXAMPLES["a camper"], asked)
    cells = page.locator(".qkv-clicks td:last-child").all_inner_texts()
    assert cells == [f"{now:.2f} → {left:.2f}" for left in without.tolist()]
    page.get_by_role("button", name="Click the chosen one").focus()
    page.keyboard.press("Enter")
    rows = page.locator(".qkv-clicks tbody th").all_inner_texts()
    assert rows[-1] == clicks.PRODUCTS[asked]


def test_a_shop_without_clicks_recommends_too_and_keeps_twelve(page, tmp_path, figure):
    open_live(page, tmp_path, figure)
    page.get_by_role("button", name="Take all back").click()
    says(page, "Nothing is clicked yet. Most probable")
    assert page.locator(".qkv-offers li").count() == 10
    for _ in range(14):
        page.get_by_role("button", name="tent", exact=True).first.click()
    assert page.locator(".qkv-clicks tbody tr").count() == 12


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_shop_is_open_to_everyone(page, tmp_path, figure, width, theme):
    open_live(page, tmp_path, figure, theme=theme, width=width)
    assert barriers(page) == []
    assert width_needed(page) <= width
    assert small_targets(page) == []


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
def test_each_control_of_the_shop_does_something(page, tmp_path, figure, how):
    open_live(page, tmp_path, figure)
    assert operate_all(page.locator("#fig-try-shop"), how) == []


def test_a_shop_that_does_not_fit_its_model_is_refused(model):
    with pytest.raises(QkvError, match="is no GPT with rotary positions"):
        shop(torch.nn.Linear(2, 2))
    with pytest.raises(QkvError, match="3 products for a model of 125 tokens: give 124 names"):
        shop(model, products=["a", "b", "c"])
    with pytest.raises(QkvError, match="shelf_of has 2 places for 124 products"):
        shop(model, shelf_of=[0, 1])
    with pytest.raises(QkvError, match="examples is empty"):
        shop(model, examples={})
    with pytest.raises(QkvError, match=r"'x' holds \[124\]"):
        shop(model, examples={"x": [124]})


def test_the_shop_is_small(figure):
    assert len(figure.weights) < 500_000
