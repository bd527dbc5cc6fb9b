"""Codes as a palette: what is painted is decoded as in PyTorch, by mouse, touch and keys."""

import numpy as np
import pytest
import torch
from live_page import errors_of, open_live
from page_checks import barriers, operate_all, says, small_targets, width_needed

from qkv.chapters.generating_images import VQAutoencoder
from qkv.data import scenes
from qkv.errors import QkvError
from qkv.figures.palette import Palette

SHOWN = """(canvas) => [...canvas.getContext("2d").getImageData(0, 0, 24, 24).data]"""


@pytest.fixture(scope="module")
def pictures():
    """A few scenes."""
    return scenes.pictures(scenes.load(12, 1, 1, 1, seed=2).train)


@pytest.fixture(scope="module")
def vq(pictures):
    """An autoencoder with random weights of some size, and few codes."""
    torch.manual_seed(3)
    model = VQAutoencoder(40, 6, 12).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    with torch.no_grad():  # codes that are all in use
        model.codebook.codes.copy_(model.vectors(pictures).flatten(0, 2)[:: 432 // 40][:40])
    return model


@pytest.fixture(scope="module")
def figure(vq, pictures):
    """The figure with scenes."""
    return Palette(vq, pictures, name="fig-palette", caption="Paint.", alt="A picture of codes.")


def pixels(page):
    """Return the picture's pixels (24, 24, 3) as the page shows them, 0 to 1."""
    data = page.locator(".qkv-canvas canvas").evaluate(SHOWN)
    return np.array(data).reshape(24, 24, 4)[..., :3] / 255


def decoded(vq, codes):
    return vq.decode(torch.tensor([codes]))[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize("how", ["click", "Enter", " "])
def test_a_code_that_is_put_is_decoded_as_in_pytorch(page, tmp_path, vq, figure, how):
    errors = errors_of(page)
    open_live(page, tmp_path, figure)
    codes = list(figure.examples[0])
    np.testing.assert_allclose(pixels(page), decoded(vq, codes), atol=0.003)
    new = next(code for code in figure.tiles if code != codes[14])
    page.get_by_role("radio", name=f"code {new}", exact=True).check()
    cell = page.locator("td[data-at='14']")
    if how == "click":
        cell.click()
    else:
        cell.focus()
        page.keyboard.press(how)
    says(page, f"Code {new} in row 3, column 3, in place of {codes[14]}.")
    changed = [*codes[:14], new, *codes[15:]]
    np.testing.assert_allclose(pixels(page), decoded(vq, changed), atol=0.003)
    page.get_by_role("button", name="Take back").click()
    says(page, f"In row 3, column 3 stands code {codes[14]} again.")
    np.testing.assert_allclose(pixels(page), decoded(vq, codes), atol=0.003)
    assert page.get_by_role("button", name="Take back").is_disabled()
    assert errors == []


def test_the_palette_offers_what_the_pictures_use_most(vq, figure, pictures):
    counts = vq.encode(pictures).flatten().bincount(minlength=40)
    offered = counts[figure.tiles]
    assert (offered[:-1] >= offered[1:]).all()
    assert offered.min() > 0
    rest = [i for i in range(40) if i not in figure.tiles]
    assert not rest or counts[rest].max() <= offered.min()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_palette_is_for_everyone(page, tmp_path, figure, width, theme):
    open_live(page, tmp_path, figure, theme=theme, width=width)
    assert barriers(page) == []
    assert width_needed(page) <= width
    assert small_targets(page) == []


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
def test_each_control_of_the_palette_does_something(page, tmp_path, figure, how):
    open_live(page, tmp_path, figure)
    assert operate_all(page.locator("#fig-palette"), how) == []


def test_no_pictures_are_refused(vq):
    with pytest.raises(QkvError, match="pictures is empty"):
        Palette(vq, torch.zeros(0, 3, 24, 24), alt="None.")
