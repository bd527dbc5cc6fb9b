"""The ball in the valley: PyTorch's steps, and every reader can push it."""

import numpy as np
import pytest
import torch
from live_page import open_live
from page_checks import barriers, operate_all, says, small_targets, width_needed
from test_descent import X, Y, descent

from qkv.figures.descent import METHODS
from qkv.live.bundle import bundle
from qkv.train import warmup_cosine

LOAD = """const m = await import(
  URL.createObjectURL(new Blob([source], {type: "text/javascript"})));"""
STEPS = f"""async ([source, x, y, method, rate, n, falls]) => {{
  {LOAD}
  let [knobs, memory, path] = [[1, 8], m.fresh(), []];
  for (let i = 0; i < n; i += 1) {{
    const {{ slopes }} = m.lossAt(knobs, x, y);
    const now = falls ? rate * m.share(i) : rate;
    ({{ knobs, memory }} = m.stepped(method, knobs, slopes, now, memory));
    path.push(knobs);
  }}
  return path;
}}"""


@pytest.mark.parametrize("falls", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_the_steps_are_pytorch_s(page, method, falls):
    found = page.evaluate(STEPS, [bundle("descent_rules"), X, Y, method, 0.05, 60, falls])
    knobs = torch.tensor([1.0, 8.0], dtype=torch.double, requires_grad=True)
    optimizer = {
        "gradient descent": lambda: torch.optim.SGD([knobs], lr=0.05),
        "momentum": lambda: torch.optim.SGD([knobs], lr=0.05, momentum=0.9),
        "AdamW": lambda: torch.optim.AdamW([knobs], lr=0.05),
    }[method]()
    x, y = torch.tensor([X, Y], dtype=torch.double)
    path = []
    for i in range(60):
        optimizer.param_groups[0]["lr"] = 0.05 * (warmup_cosine(i, 100, 5) if falls else 1)
        optimizer.zero_grad()
        ((knobs[0] * x + knobs[1] - y) ** 2).mean().backward()
        optimizer.step()
        path.append(knobs.tolist())
    np.testing.assert_allclose(found, path, atol=1e-6)


def test_contours_join_settings_of_equal_loss_around_the_floor(page):
    run = f"""async ([source, x, y]) => {{
      {LOAD}
      const floor = m.floorOf(x, y);
      const at = (knobs) => m.lossAt(knobs, x, y).loss;
      return {{ ...floor, ring: m.contour(floor, 3).map(at) }};
    }}"""
    found = page.evaluate(run, [bundle("descent_rules"), X, Y])
    w, b = np.polyfit(X, Y, 1)
    np.testing.assert_allclose(found["at"], [w, b], atol=1e-6)
    least = ((w * np.array(X) + b - Y) ** 2).mean()
    assert found["loss"] == pytest.approx(least)
    np.testing.assert_allclose(found["ring"], least + 3, atol=1e-6)


def test_an_epoch_of_batches_goes_once_through_all_points(page):
    run = f"""async ([source]) => {{
      {LOAD}
      return [0, 1, 2, 3].map((i) => m.batchOf(i, 10, 5));
    }}"""
    a, b, c, d = page.evaluate(run, [bundle("descent_rules")])
    assert sorted(a + b) == sorted(c + d) == list(range(10))
    assert a != c


@pytest.fixture
def show(page, tmp_path):
    """Open a page with the figure; return it once it is alive."""

    def open_page(*, theme="light", width=900, motion="reduce", **changes):
        return open_live(
            page, tmp_path, descent(**changes), theme=theme, width=width, motion=motion
        )

    return open_page


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def ball(page):
    return page.get_by_role("slider", name="Ball")


def test_a_step_goes_where_the_arrow_pointed(show):
    page = show(rate=0.1)
    says(page, "The next step would lower the loss")
    told = float(page.locator(".qkv-status").inner_text().split("the loss to ")[1].rstrip("."))
    press(page, "Step")
    w, b = descent(rate=0.1).descend(1)[1]
    says(page, f"Step 1: w = {w:.2f}, b = {b:.2f}, loss {told:g}")
    assert ball(page).get_attribute("aria-valuetext").startswith(f"weight {w:.2f}, bias {b:.2f}")


def test_each_run_takes_a_hundred_steps_and_the_third_reaches_the_floor(show):
    page = show(rate=0.1)
    press(page, "Run")
    w, b = descent(rate=0.1).descend(100)[-1]
    says(page, f"Step 100: w = {w:.2f}, b = {b:.2f}")
    for _ in range(2):
        press(page, "Run")
    w, b = np.polyfit(X, Y, 1)
    says(page, f"Step 300: w = {w:.2f}, b = {b:.2f}")
    assert ball(page).get_attribute("aria-valuetext").startswith(f"weight {w:.2f}, bias {b:.2f}")


def test_a_run_moves_before_the_eyes_and_can_be_stopped(show):
    page = show(rate=0.01, motion="no-preference")
    press(page, "Run")
    page.wait_for_function(
        "() => /Step \\d/.test(document.querySelector('.qkv-counter').textContent)"
    )
    press(page, "Pause")
    counter = page.locator(".qkv-counter").inner_text()
    page.wait_for_timeout(300)
    assert page.locator(".qkv-counter").inner_text() == counter
    assert "Step 100" not in counter


def test_steps_that_are_too_long_are_said_to_be(show):
    page = show(rate=1)
    says(page, "The next step would raise the loss")
    press(page, "Run")
    says(page, "the loss has grown past all bounds")
    before = page.locator(".qkv-counter").inner_text()
    press(page, "Step")
    assert page.locator(".qkv-counter").inner_text() == before
    press(page, "Start again")
    says(page, "The ball is back at its start. w = 0.00, b = 0.00")


def test_the_ball_is_dragged_and_moved_by_arrow_keys(show):
    page = show()
    press(page, "Step")
    box = page.locator(".qkv-plane").bounding_box()
    at = ball(page).locator("circle").first.bounding_box()
    x, y = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.25, steps=5)
    page.mouse.up()
    w, b = (
        float(part.split()[1].replace("−", "-"))
        for part in ball(page).get_attribute("aria-valuetext").split(", ")[:2]
    )
    assert abs(w - 8.5) < 0.2
    assert abs(b - 7) < 0.3
    assert "Not a step yet" in page.locator(".qkv-counter").inner_text()
    ball(page).press("Shift+ArrowLeft")
    ball(page).press("ArrowUp")
    text = ball(page).get_attribute("aria-valuetext")
    assert text.startswith(f"weight {w - 1.4:.2f}, bias {b + 0.2:.2f}")


def test_a_step_that_looks_at_few_points_says_which(show):
    page = show(advanced=True)
    assert page.locator(".qkv-passed").count() == 0
    page.get_by_role("radio", name="2 points").check(force=True)
    says(page, "Each step looks at 2 points.")
    assert page.locator(".qkv-passed").count() == 2
    assert page.locator(".qkv-looked").count() == 2


def test_a_rate_that_fell_to_zero_ends_the_run(show):
    page = show(advanced=True)
    page.get_by_role("radio", name="warm-up, then falling").check(force=True)
    press(page, "Run")
    says(page, "The learning rate has fallen to zero")
    press(page, "Step")
    assert "Step 100" in page.locator(".qkv-counter").inner_text()


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
def test_every_control_changes_what_is_drawn(show, how):
    page = show(advanced=True)
    assert operate_all(page.locator(".qkv-live"), how) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [900, 360])
def test_nobody_is_kept_out(show, theme, width):
    page = show(theme=theme, width=width, advanced=True)
    press(page, "Step")
    assert barriers(page) == []
    assert small_targets(page) == []
    assert width_needed(page) <= width
