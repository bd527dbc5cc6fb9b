"""The small network that learns in the page: PyTorch's steps, and every reader can work it."""

import numpy as np
import pytest
import torch
from live_page import open_live
from page_checks import barriers, operate_all, says, small_targets, width_needed
from test_bends import POINTS, bends

from qkv.live.bundle import bundle

TRAIN = """async ([source, points, units, rate, n]) => {
  const m = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
  const knobs = m.begin(units, 3, -2, 2);
  const start = [...knobs];
  const slopes = [...m.slopesOf(knobs, points)];
  const step = m.learner(knobs, rate);
  const losses = Array.from({ length: n }, () => (step(points), m.lossOf(knobs, points)));
  return { start, slopes, losses, knobs: [...knobs], again: [...m.begin(units, 3, -2, 2)] };
}"""


@pytest.mark.parametrize("units", [1, 4, 16])
def test_slopes_and_a_training_are_pytorch_s(page, units):
    found = page.evaluate(TRAIN, [bundle("bends_net"), POINTS, units, 0.02, 50])
    assert found["again"] == found["start"]
    knobs = torch.tensor(found["start"], dtype=torch.double, requires_grad=True)
    x, y = torch.tensor(POINTS, dtype=torch.double).T

    def loss_of():
        slope, place, out = knobs[:-1].view(3, units)
        hidden = (x[:, None] * slope + place).relu()
        return ((hidden @ out + knobs[-1] - y) ** 2).mean()

    loss_of().backward()
    np.testing.assert_allclose(found["slopes"], knobs.grad, atol=1e-9)
    optimizer = torch.optim.AdamW([knobs], lr=0.02, weight_decay=0)
    for there in found["losses"]:
        optimizer.zero_grad()
        loss_of().backward()
        optimizer.step()
        assert there == pytest.approx(loss_of().item(), abs=1e-6)
    np.testing.assert_allclose(found["knobs"], knobs.detach(), atol=1e-5)


def test_each_unit_bends_inside_the_plane(page):
    found = page.evaluate(TRAIN, [bundle("bends_net"), POINTS, 64, 0.02, 0])
    slope, place, _ = np.reshape(found["start"][:-1], (3, 64))
    bend = -place / slope
    assert bend.min() >= -2
    assert bend.max() <= 2
    assert bend.std() > 0.5


@pytest.fixture
def show(page, tmp_path):
    """Open a page with the figure; return it once it is alive."""

    def open_page(*, theme="light", width=900, motion="reduce", **changes):
        return open_live(page, tmp_path, bends(**changes), theme=theme, width=width, motion=motion)

    return open_page


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def losses(page):
    """Return the two losses that the chart names: own, held out."""
    names = (".qkv-own-name", ".qkv-held-name")
    return [float(page.locator(name).text_content().split()[-1]) for name in names]


def test_a_run_learns_the_points_and_says_both_losses(show):
    page = show()
    before, _ = losses(page)
    press(page, "Run")
    says(page, "After 1000 epochs: loss 0.0")
    own, held = losses(page)
    assert own < 0.1 * before
    says(page, f"{own:.2f} on the points to learn from, {held:.2f} on those held out")


def test_many_bends_for_points_that_the_others_contradict_are_called_overfitting(show):
    flat = [(x / 10, 0) for x in range(-18, 19)]
    page = show(units=64, held_out=flat)
    press(page, "Run")
    says(page, "and has risen since: overfitting")


def test_a_run_moves_before_the_eyes_and_can_be_stopped(show):
    page = show(motion="no-preference")
    line = page.locator(".qkv-fitted")
    before = line.get_attribute("d")
    press(page, "Run")
    page.wait_for_function(
        "old => document.querySelector('.qkv-fitted').getAttribute('d') !== old", arg=before
    )
    press(page, "Pause")
    says(page, "epochs: loss")
    stopped = line.get_attribute("d")
    page.wait_for_timeout(300)
    assert line.get_attribute("d") == stopped
    assert "After 1000" not in page.locator(".qkv-status").inner_text()


def test_another_number_of_bends_makes_a_new_network(show):
    page = show()
    press(page, "One epoch")
    says(page, "After 1 epochs")
    page.get_by_label("Bends").press("End")
    says(page, "A new network with 64 bends, 193 knobs.")
    page.get_by_label("Bends").press("Home")
    says(page, "A new network with 1 bend, 4 knobs.")


def test_a_point_is_dragged_moved_added_and_taken_away(show):
    page = show()
    point = page.get_by_role("slider", name="Point 2")
    assert point.get_attribute("aria-valuetext") == "x −0.50, y −0.50"
    box = page.locator(".qkv-plane").bounding_box()
    unit = box["width"] / 4.4
    x, y = box["x"] + 1.7 * unit, box["y"] + 2.7 * unit
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + unit, y - 2 * unit, steps=5)
    page.mouse.up()
    assert point.get_attribute("aria-valuetext") == "x 0.50, y 1.50"
    before = losses(page)
    point.press("ArrowDown")
    point.press("Shift+ArrowDown")
    assert point.get_attribute("aria-valuetext") == "x 0.50, y 0.90"
    assert losses(page)[0] != before[0]
    assert losses(page)[1] == before[1]
    press(page, "Add a point")
    says(page, "A new point at x 0, y 1: 5 points.")
    added = page.get_by_role("slider", name="Point 5")
    assert added.evaluate("e => e === document.activeElement")
    added.press("Delete")
    says(page, "One point less: 4 points.")
    for _ in range(3):
        page.get_by_role("slider", name="Point 1").press("Delete")
    says(page, "2 points must stay")
    press(page, "First points")
    assert page.locator(".qkv-plane [role=slider]").count() == 4


def test_a_rate_that_is_too_large_is_said(show):
    page = show(units=64)
    page.get_by_role("radio", name="1", exact=True).check(force=True)
    says(page, "Learning rate 1: a new network.")
    press(page, "Run")
    says(page, "After 1000 epochs")


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
def test_every_control_changes_what_is_drawn(show, how):
    assert operate_all(show().locator(".qkv-live"), how) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [900, 360])
def test_nobody_is_kept_out(show, theme, width):
    page = show(theme=theme, width=width)
    press(page, "One epoch")
    assert barriers(page) == []
    assert small_targets(page) == []
    assert width_needed(page) <= width
