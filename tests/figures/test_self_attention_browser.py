"""The figures of chapter 05 in a browser: PyTorch's numbers, and every reader can work them."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from live_page import open_live
from page_checks import barriers, operate_all, says, width_needed
from self_attention_figures import FIGURES, dot_product, mask_painter, randn, trace, waves

from qkv.figures.waves import sinusoids
from qkv.live.bundle import bundle

RUN = """async ([source, body, given]) => {
  const module = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
  const plain = (value) => value instanceof Float32Array ? [...value]
    : Array.isArray(value) ? value.map(plain)
    : value && typeof value === "object"
      ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)])) : value;
  return plain(new Function("module", "given", `return ${body};`)(module, given));
}"""


def near(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("divide", [True, False])
def test_scores_weights_and_sum_in_the_plane_are_pytorchs(page, divide):
    points, query = 2 * randn(6, 2), 2 * randn(2, seed=1)
    given = {"points": points.tolist(), "query": query.tolist(), "d": 32, "temperature": 0.7}
    found = page.evaluate(
        RUN, [bundle("dot_product"), "module.attend(given)", {**given, "divide": divide}]
    )
    scores = points @ query * 16**0.5 / (32**0.5 if divide else 1)
    weights = (scores / 0.7).softmax(0)
    near(found["scores"], scores)
    near(found["weights"], weights)
    near(found["sum"], weights @ points)


@pytest.mark.parametrize("causal", [True, False])
def test_a_traced_head_is_pytorchs_attention(page, causal):
    x = randn(5, 4)
    to_query, to_key, to_value = (randn(3, 4, seed=seed) for seed in (1, 2, 3))
    given = {"x": x, "wQuery": to_query, "wKey": to_key, "wValue": to_value}
    given = {name: tensor.tolist() for name, tensor in given.items()} | {"causal": causal}
    body = "[0, 1, 2, 3, 4].map((i) => module.follow(given, i))"
    found = page.evaluate(RUN, [bundle("trace"), body, given])
    query, key, value = x @ to_query.T, x @ to_key.T, x @ to_value.T
    scores = query @ key.T
    near([each["dots"] for each in found], scores)
    hidden = torch.ones(5, 5).triu(1).bool() & causal
    weights = (scores / 3**0.5).masked_fill(hidden, -torch.inf).softmax(1)
    near([each["weights"] for each in found], weights)
    expected = F.scaled_dot_product_attention(query, key, value, is_causal=causal)
    near([each["output"] for each in found], expected)


def test_painted_weights_are_pytorchs_and_a_blind_row_is_nan(page):
    scores, mask = 3 * randn(6, 6), randn(6, 6, seed=1) > 0
    mask[2] = False
    found = page.evaluate(
        RUN,
        [
            bundle("mask_painter"),
            "module.masked(given.scores, given.mask)",
            {"scores": scores.tolist(), "mask": mask.tolist()},
        ],
    )
    assert np.isnan(found[2]).all()
    near(found, scores.masked_fill(~mask, -torch.inf).softmax(1))


def test_positions_in_the_page_are_the_paper_s(page):
    found = page.evaluate(RUN, [bundle("tensors"), "module.sinusoids(200, 16)", {}])
    near(found, sinusoids(200, 16).flatten())


@pytest.fixture
def show(page, tmp_path):
    """Open a page with the given figures; return it once they are alive."""

    def open_page(*figures, theme="light", width=900):
        return open_live(page, tmp_path, *figures, theme=theme, width=width)

    return open_page


def column(page, place, row="tbody tr"):
    """Return the numbers in a column of the first table."""
    texts = page.locator("table").first.locator(f"{row} td:nth-child({place})").all_inner_texts()
    return np.array([float(text.replace("−", "-")) for text in texts])


def test_a_pulled_query_changes_scores_weights_and_the_sum(show):
    page = show(dot_product())
    sum_before = page.locator(".qkv-sum path").get_attribute("d")
    query = page.get_by_role("slider", name="Query")
    assert query.get_attribute("aria-valuetext") == "x 1.50, y 0.80"
    box = page.locator(".qkv-plane").bounding_box()
    unit = box["width"] / 4  # the plane reaches from −2 to 2
    x, y = box["x"] + 3.5 * unit, box["y"] + 1.2 * unit
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 2.5 * unit, y - 0.7 * unit, steps=5)
    page.mouse.up()
    assert query.get_attribute("aria-valuetext") == "x −1.00, y 1.50"
    keys = torch.tensor([[1.6, 0.5], [0.9, 1.2], [-1.2, 0.9], [0.3, -1.5]])
    scores = keys @ torch.tensor([-1.0, 1.5])
    np.testing.assert_allclose(column(page, 2), scores, atol=0.02)
    np.testing.assert_allclose(column(page, 3), scores.softmax(0), atol=0.01)
    says(page, "“car” has the most weight, 0.81, then “dog” with 0.16")
    assert page.locator(".qkv-sum path").get_attribute("d") != sum_before


def test_arrow_keys_pull_a_key_as_far_as_the_plane_reaches(show):
    page = show(dot_product())
    key = page.get_by_role("slider", name="Key tree")
    key.press("ArrowRight")
    key.press("Shift+ArrowUp")
    assert key.get_attribute("aria-valuetext") == "x 0.40, y −1.00"
    for _ in range(4):
        key.press("Shift+ArrowRight")
    assert key.get_attribute("aria-valuetext") == "x 2.00, y −1.00"
    assert key.evaluate("e => e === document.activeElement")


def test_many_dimensions_saturate_the_softmax_and_the_root_of_d_mends_it(show):
    page = show(dot_product())
    page.get_by_label("Dimensions d").press("End")
    says(page, "“cat” takes more than 0.99 of the weight")
    says(page, "below 0.01, so hardly any gradient gets through. Divide by √512")
    page.get_by_label("divide by √d").check()
    says(page, "“cat” has the most weight, 0.54")
    page.get_by_label("Temperature").press("End")
    says(page, "The weights are nearly equal")
    page.get_by_role("button", name="Start again").click()
    says(page, "“cat” has the most weight, 0.60")
    assert page.get_by_label("Dimensions d").input_value() == "0"


def numbers(page, step):
    """Return the numbers in the cells of a step's grid, row by row."""
    rows = page.get_by_role("grid", name=step).locator("tbody tr").all()
    texts = [row.get_by_role("gridcell").all_inner_texts() for row in rows]
    return [[float(t.replace("−", "-")) for t in row if t != "masked"] for row in texts]


def test_every_step_of_the_chosen_token_is_shown(show):
    figure = trace()
    page = show(figure)
    page.get_by_label("juicy").check()
    x = torch.tensor(figure.x)
    query = x[2] @ torch.tensor(figure.w_query).T
    key, value = x @ torch.tensor(figure.w_key).T, x @ torch.tensor(figure.w_value).T
    dots = key @ query
    weights = (dots / 3**0.5).softmax(0)
    near_shown = {"rtol": 0, "atol": 0.00501}
    asks = numbers(page, "1")
    np.testing.assert_allclose(asks[0], x[2], **near_shown)
    np.testing.assert_allclose(asks[1], query, **near_shown)
    meets = torch.cat([key, torch.stack([dots, dots / 3**0.5, weights], 1)], 1)
    np.testing.assert_allclose(numbers(page, "2"), meets, **near_shown)
    np.testing.assert_allclose(numbers(page, "3"), value, **near_shown)
    added = torch.cat([weights[:, None] * value, (weights @ value)[None]])
    np.testing.assert_allclose(numbers(page, "4"), added, **near_shown)


def test_a_number_says_how_it_came_about_and_shows_what_it_is_made_of(show):
    page = show(trace())
    grid = page.get_by_role("grid", name="2")
    grid.locator("td[tabindex='0']").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    says(page, "Query of “apple₁” times key of “apple₁”: ")
    said = page.get_by_role("status").inner_text()
    terms, total = said.split(": ")[1].rstrip(".").replace("−", "-").split(" = ")
    products = [[float(f) for f in term.split(" × ")] for term in terms.split(" + ")]
    assert sum(a * b for a, b in products) == pytest.approx(float(total), abs=0.05)
    assert page.locator(".qkv-made").count() == 3 + 3  # the query's numbers and the key's
    assert page.locator("td[tabindex='0']").count() == 4  # one stop of the tab key a grid


def test_equal_vectors_get_equal_outputs_until_they_may_only_look_back(show):
    page = show(trace())
    says(page, "“apple₂” starts from the same vector and gets the same output")
    page.get_by_label("causal").check()
    says(page, "“apple₁” sees only itself: its weight is 1, and the output is its own value.")
    says(page, "gets another output: it looks back at more tokens.")
    assert page.get_by_text("masked").count() == 4
    assert [row[-1] for row in numbers(page, "2")] == [1, 0, 0, 0, 0]


def cell(page, r, c):
    return page.locator(f"td[data-r='{r}'][data-c='{c}']")


def test_a_mask_is_painted_by_click_by_drag_and_by_space(show):
    page = show(mask_painter(preset="causal"))
    says(page, "No token sees a later one: the future does not leak. Padding takes no weight")
    cell(page, 0, 1).click()
    says(page, "“the” may look at “cat”, which comes later: weight ")
    says(page, "The future leaks: “the” gives ")
    cell(page, 0, 1).press("Space")
    says(page, "“the” may not look at “cat”, which comes later. No token sees a later one")
    boxes = [cell(page, 5, c).bounding_box() for c in (0, 5)]
    centres = [(b["x"] + b["width"] / 2, b["y"] + b["height"] / 2) for b in boxes]
    page.mouse.move(*centres[0])
    page.mouse.down()
    page.mouse.move(*centres[1], steps=12)
    page.mouse.up()
    says(page, "“<pad>₂” may look at nothing: softmax divides 0 by 0, and its weights are nan.")
    assert [cell(page, 5, c).get_attribute("aria-selected") for c in range(6)] == ["false"] * 6
    page.mouse.move(*centres[0])
    assert cell(page, 5, 0).get_attribute("aria-selected") == "false"


def test_weights_are_renewed_over_what_is_left(show):
    figure = mask_painter()
    page = show(figure)
    says(page, "Padding, which says nothing, takes ")
    page.get_by_label("padding").check()
    scores = torch.tensor(figure.scores)[:, :4]
    row = [float(cell(page, 1, c).inner_text()) for c in range(4)]
    np.testing.assert_allclose(row, scores.softmax(1)[1], atol=0.00501)
    cell(page, 1, 1).click()
    assert page.get_by_role("radio", checked=True).count() == 0
    page.get_by_label("window").check()
    assert page.get_by_role("gridcell", selected=True).count() == 16
    says(page, "4 other cells look ahead too")


def test_the_dot_product_of_positions_stays_when_both_move(show):
    page = show(waves())
    total = page.locator("tfoot td").last.inner_text()
    x = sinusoids(40, 8)
    assert float(total) == pytest.approx(x[3] @ x[8], abs=0.00501)
    parts = column(page, 7)
    assert parts.sum() == pytest.approx(float(total), abs=0.02)
    sine, cosine = column(page, 5), column(page, 6)
    np.testing.assert_allclose(np.stack([sine, cosine], 1).flatten(), x[3], atol=0.00501)
    says(page, f"Positions 3 and 8 are 5 apart: dot product {total} of at most 4.")
    page.get_by_label("Position").press("End")
    says(page, f"Positions 39 and 34 are 5 apart: dot product {total} of at most 4.")
    assert page.locator("tfoot td").last.inner_text() == total
    page.get_by_label("Distance").press("Home")
    says(page, "Position 39 with itself")
    assert page.locator("tfoot td").last.inner_text() == "4.00"


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
def test_every_control_changes_what_is_drawn(show, how):
    page = show(*(make() for make in FIGURES.values()))
    for figure in page.locator(".qkv-live").all():
        assert operate_all(figure, how) == []


SMALL = """() => [...document.querySelectorAll("button, input, label, summary, [role=slider]")]
  .map((e) => e.closest("label") ?? e)
  .filter((e) => !e.closest(".qkv-control") || !e.matches("label"))
  .filter((e) => { const box = e.getBoundingClientRect();
    return box.width && (box.height < 40 || box.width < 40); })
  .map((e) => e.outerHTML.slice(0, 120))"""


def test_they_are_accessible_in_both_themes_and_fit_a_phone_and_print_as_stills(show):
    page = show(*(make() for make in FIGURES.values()), width=360)
    page.get_by_text("The vectors and matrices").click()
    cell(page, 0, 3).click()
    page.get_by_label("causal: look back only").check()
    assert barriers(page) == []
    assert width_needed(page) == 360
    assert page.evaluate(SMALL) == []
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert barriers(page) == []
    page.emulate_media(media="print")
    assert page.locator(".qkv-still:visible").count() == 4
    assert page.locator(".qkv-stage:visible").count() == 0
