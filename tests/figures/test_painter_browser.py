"""The painter in the page: it thinks what PyTorch thinks, and every reader can paint."""

import numpy as np
import pytest
import torch
from live_page import errors_of, open_live
from page_checks import barriers, operate_all, says, small_targets, width_needed

from qkv.chapters.generating_images import PixelTransformer, class_beliefs, digit_images
from qkv.errors import QkvError
from qkv.figures.painter import Painter
from qkv.live.bundle import bundle

THINK = """async ([source, state, label, pixels, k]) => {
  const { pixelModel } = await import(
    URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
  const machine = pixelModel(state);
  const { next } = machine.go(label, pixels.slice(0, k));
  const drawn = [];
  for (let one = next(1, 0.5); one; one = next(1, 0.5)) drawn.push(one);
  return {
    scores: machine.scores(label, pixels).slice(0, 64).map((row) => [...row]),
    beliefs: [...machine.beliefs(pixels.slice(0, k))],
    drawn: drawn.map(({ at, grey, probabilities, looks }) =>
      ({ at, grey, p: [...probabilities], looks: [...looks] })),
  };
}"""


@pytest.fixture(scope="module")
def model():
    """A model of the book's size with random weights of some size."""
    torch.manual_seed(3)
    made = PixelTransformer().eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.25)
    return made


@pytest.fixture(scope="module")
def figure(model):
    """The figure with that model and two real digits."""
    digits = digit_images()[1].pixels[:2].tolist()
    return Painter(model, digits, name="fig-paint", caption="Paint.", alt="A grid to paint on.")


@pytest.mark.parametrize(("label", "k"), [(0, 8), (7, 32), (9, 63)])
def test_the_page_thinks_what_pytorch_thinks(page, model, figure, label, k):
    pixels = digit_images()[1].pixels[5:6]
    state = figure.figure_state()
    found = page.evaluate(THINK, [bundle("pixels"), state, label, pixels[0].tolist(), k])
    with torch.no_grad():
        scores = model(torch.tensor([label]), pixels)[0]
    np.testing.assert_allclose(found["scores"], scores.numpy(), atol=1e-3)
    beliefs = class_beliefs(model, pixels[:, :k])[0]
    np.testing.assert_allclose(found["beliefs"], beliefs.numpy(), atol=1e-3)
    assert [one["at"] for one in found["drawn"]] == list(range(k, 64))
    whole = pixels.clone()
    whole[0, k:] = torch.tensor([one["grey"] for one in found["drawn"]])
    with torch.no_grad():
        p = model(torch.tensor([label]), whole)[0].softmax(1)
    np.testing.assert_allclose([one["p"] for one in found["drawn"]], p[k:].numpy(), atol=1e-3)
    for one in found["drawn"]:
        assert len(one["looks"]) == one["at"] + 1
        assert sum(one["looks"]) == pytest.approx(1, abs=1e-4)
        below = np.cumsum(one["p"])
        assert (
            below[one["grey"]]
            >= 0.5 - 1e-6
            >= (below[one["grey"] - 1] if one["grey"] else 0) - 2e-6
        )


def test_by_keys_one_paints_and_lets_it_finish(page, tmp_path, figure):
    errors = errors_of(page)
    open_live(page, tmp_path, figure)
    page.get_by_role("button", name="Clear").click()
    says(page, "Nothing is painted yet")
    cell = page.locator("td[data-at='3']")
    cell.focus()
    page.keyboard.press("Space")
    says(page, "grey 16, it is yours")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.at") == "11"
    page.keyboard.press("Space")
    says(page, "From 2 rows the model takes it for a")
    page.get_by_role("button", name="Let it finish").click()
    says(page, "It painted a")
    assert page.locator("td.qkv-unpainted").count() == 0
    page.locator("td[data-at='40']").focus()
    says(page, "was drawn, with probability")
    page.locator("td[data-at='3']").focus()
    page.keyboard.press("Space")
    assert page.locator("td.qkv-unpainted").count() == 48, "what stood below was not taken back"
    assert errors == []


def test_by_pointer_a_stroke_paints_several_pixels(page, tmp_path, figure):
    open_live(page, tmp_path, figure)
    page.get_by_role("button", name="Clear").click()
    boxes = [page.locator(f"td[data-at='{at}']").bounding_box() for at in (9, 10, 11)]
    centres = [(b["x"] + b["width"] / 2, b["y"] + b["height"] / 2) for b in boxes]
    page.mouse.move(*centres[0])
    page.mouse.down()
    for centre in centres[1:]:
        page.mouse.move(*centre)
    page.mouse.up()
    for at in (9, 10, 11):
        assert "grey 16, yours" in page.locator(f"td[data-at='{at}']").get_attribute("aria-label")


def test_the_digit_that_is_asked_for_is_painted(page, tmp_path, figure):
    open_live(page, tmp_path, figure)
    page.get_by_label("Paint a").select_option(label="4")
    page.get_by_role("button", name="Let it finish").click()
    says(page, "It painted a 4")


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_painter_is_for_everyone(page, tmp_path, figure, width, theme):
    open_live(page, tmp_path, figure, theme=theme, width=width)
    assert barriers(page) == []
    assert width_needed(page) <= width
    assert small_targets(page) == []


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
def test_each_control_of_the_painter_does_something(page, tmp_path, figure, how):
    open_live(page, tmp_path, figure)
    assert operate_all(page.locator("#fig-paint"), how) == []


def test_what_cannot_be_shown_is_refused(model):
    with pytest.raises(QkvError, match="is no PixelTransformer"):
        Painter(torch.nn.Linear(2, 2), [[0] * 64], alt="A grid.")
    with pytest.raises(QkvError, match="examples is empty"):
        Painter(model, [], alt="A grid.")
    with pytest.raises(QkvError, match="63 pixels from 0 to 0"):
        Painter(model, [[0] * 63], alt="A grid.")
    torch.manual_seed(0)
    broken = PixelTransformer()
    torch.nn.init.constant_(broken.norm.bias, float("nan"))
    with pytest.raises(QkvError, match=r"norm.bias holds numbers that are not finite"):
        Painter(broken, [[0] * 64], alt="A grid.")
