"""Text to image in the page: codes and pixels as in PyTorch, for every reader and any sentence."""

import random
import re

import numpy as np
import pytest
import torch
from live_page import errors_of, open_live
from page_checks import barriers, operate_all, says, small_targets, width_needed

from qkv.chapters.generating_images import TextToImage, VQAutoencoder, caption_ids
from qkv.data import scenes
from qkv.errors import QkvError
from qkv.figures.sayer import Sayer, pattern
from qkv.live.bundle import bundle

SAID = "a small green star left of a big red circle in the meadow on a winter night"
BLUE = SAID.replace("green", "blue")
IMAGINE = """async ([source, state, words, guidance]) => {
  const { imaginer } = await import(
    URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
  const machine = imaginer(state);
  const next = machine.go(machine.idsOf(words), guidance);
  const drawn = [];
  const chance = () => (0.37 * drawn.length + 0.1) % 1;
  for (let one = next(1, chance()); one; one = next(1, chance())) drawn.push(one);
  const codes = drawn.map(({ code }) => code);
  return { codes, scores: drawn.map(({ scores }) => [...scores]),
    picture: [...machine.picture(codes)],
    looks: drawn.map(({ looks }) => looks.reduce((sum, x) => sum + x, 0)) };
}"""


@pytest.fixture(scope="module")
def models():
    """Both models with few codes and random weights of some size."""
    torch.manual_seed(3)
    both = TextToImage(24, 16, 2, 32, 2), VQAutoencoder(24, 6, 12)
    for model in both:
        model.eval()
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return both


@pytest.fixture(scope="module")
def figure(models):
    """The figure with those models."""
    return Sayer(
        *models, [SAID, BLUE], name="fig-say", caption="Say it.", alt="A sentence and a picture."
    )


@pytest.mark.parametrize("guidance", [1, 2.5])
def test_the_page_draws_what_pytorch_draws(page, models, figure, guidance):
    model, vq = models
    state = figure.figure_state()
    found = page.evaluate(IMAGINE, [bundle("imaginer"), state, SAID.split(), guidance])
    codes, words = torch.tensor([found["codes"]]), caption_ids([SAID.split()])
    with torch.no_grad():
        with_words, without = model(words, codes), model(torch.zeros_like(words), codes)
    scores = without + guidance * (with_words - without)
    np.testing.assert_allclose(found["scores"], scores[0].numpy(), atol=2e-3)
    picture = vq.decode(codes)[0].permute(1, 2, 0)
    np.testing.assert_allclose(found["picture"], picture.flatten().numpy(), atol=1e-3)
    assert codes.unique().numel() > 5, "the random model draws the same code everywhere"
    assert 0 < min(found["looks"]) <= max(found["looks"]) <= 1.0001


def test_a_caption_is_drawn_and_each_code_can_be_asked(page, tmp_path, figure):
    errors = errors_of(page)
    open_live(page, tmp_path, figure)
    says(page, "drawn from 36 codes")
    page.get_by_label("Caption", exact=True).fill(SAID.replace("green", "blue"))
    page.keyboard.press("Enter")
    says(page, "small blue star")
    assert page.locator(".qkv-said li").count() == 17
    page.locator("td[data-at='0']").focus()
    says(page, "In row 1, column 1 stands code")
    page.keyboard.press("ArrowRight")
    says(page, "In row 1, column 2 stands code")
    assert errors == []


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("a small pink star", "I do not know “pink”"),
        ("a small green star", "not in this order"),
        ("", "There is no word yet"),
    ],
)
def test_what_cannot_be_drawn_is_said(page, tmp_path, figure, text, answer):
    open_live(page, tmp_path, figure)
    page.get_by_label("Caption", exact=True).fill(text)
    page.get_by_role("button", name="Draw it").click()
    says(page, answer)
    assert page.get_by_label("Caption", exact=True).get_attribute("aria-invalid") == "true"


def test_the_pattern_lets_through_what_the_grammar_does_and_nothing_else():
    rng, refused = random.Random(0), 0
    for _ in range(200):
        words = list(scenes.caption(scenes.random_scene(rng)))
        assert re.search(pattern(), " ".join(words))
        i, j = rng.sample(range(len(words)), 2)
        words[i], words[j] = words[j], words[i]
        if re.search(pattern(), " ".join(words)):
            assert len(scenes.parse(" ".join(words)).things) == 2
        else:
            refused += 1
    assert refused > 100


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_sayer_is_for_everyone(page, tmp_path, figure, width, theme):
    open_live(page, tmp_path, figure, theme=theme, width=width)
    assert barriers(page) == []
    assert width_needed(page) <= width
    assert small_targets(page) == []


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
def test_each_control_of_the_sayer_does_something(page, tmp_path, figure, how):
    open_live(page, tmp_path, figure)
    assert operate_all(page.locator("#fig-say"), how) == []


def test_what_does_not_belong_together_is_refused(models):
    model, vq = models
    with pytest.raises(QkvError, match="writes 24 codes and the autoencoder has 9"):
        Sayer(model, VQAutoencoder(9, 6, 12), [SAID], alt="A picture.")
    with pytest.raises(QkvError, match="captions is empty"):
        Sayer(model, vq, [], alt="A picture.")
    with pytest.raises(QkvError, match="'pink' is no word"):
        Sayer(model, vq, ["a pink star"], alt="A picture.")
    three = " ".join(scenes.caption(scenes.random_scene(random.Random(0), 3)))
    with pytest.raises(QkvError, match="has more things than two"):
        Sayer(model, vq, [three], alt="A picture.")
