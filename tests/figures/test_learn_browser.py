"""A GPT that trains in the page: its gradients are PyTorch's, and every reader can work it."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from live_page import errors_of, open_live
from page_checks import barriers, says, small_targets, width_needed
from test_learn import TEXT, make

from qkv.chapters.generating_text import GPT
from qkv.figures.learn import Learn
from qkv.live.bundle import bundle

LOAD = """const load = (source) =>
  import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));"""
TRAIN = f"""async ([kernels, source, params, ids, targets, sizes, batch, time, n]) => {{
  {LOAD}
  const {{ training }} = await load(source);
  const m = training((await load(kernels)).kernels()).create({{ ...sizes, seed: 1 }});
  for (const [name] of m.shapes) m.parameters[name].set(params[name]);
  const {{ loss, gradients }} = m.gradients(ids, targets, batch, time);
  const g = Object.fromEntries(Object.entries(gradients).map(([k, v]) => [k, [...v]]));
  const losses = Array.from({{ length: n }}, () => m.learn(ids, targets, batch, time, 0.01));
  return {{ loss, g, losses, names: m.shapes.map(([name]) => name) }};
}}"""


@pytest.mark.parametrize("heads", [1, 2, 8])
def test_gradients_and_a_training_of_50_steps_are_pytorch_s(page, heads):
    torch.manual_seed(heads)
    model = GPT(19, 32, heads, 64, 2)
    ids, targets = torch.randint(19, (2, 3, 7)).unbind()
    numbers = {name: p.flatten().tolist() for name, p in model.state_dict().items()}
    sizes = {"vocab": 19, "d": 32, "dFf": 64, "layers": 2, "heads": heads}
    flat = ids.flatten().tolist(), targets.flatten().tolist()
    sources = bundle("learn_kernels"), bundle("learn_training")
    found = page.evaluate(TRAIN, [*sources, numbers, *flat, sizes, 3, 7, 50])
    assert found["names"] == list(model.state_dict())

    def loss_of():
        return F.cross_entropy(model(ids).flatten(0, 1), targets.flatten())

    loss = loss_of()
    loss.backward()
    assert found["loss"] == pytest.approx(loss.item(), abs=1e-4)
    for name, p in model.named_parameters():
        np.testing.assert_allclose(found["g"][name], p.grad.flatten(), atol=1e-4, err_msg=name)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for there in found["losses"]:
        loss = loss_of()
        assert there == pytest.approx(loss.item(), abs=5e-3)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert found["losses"][-1] < found["losses"][0] / 4


def test_the_future_does_not_leak(page):
    run = f"""async ([kernels, source]) => {{
      {LOAD}
      const {{ training }} = await load(source);
      const sizes = {{ vocab: 9, d: 16, dFf: 32, layers: 2, heads: 2, seed: 0 }};
      const m = training((await load(kernels)).kernels()).create(sizes);
      const ids = [1, 2, 3, 4, 5, 6];
      const before = m.forward(ids, 1, 6).scores;
      const after = m.forward([1, 2, 3, 8, 5, 6], 1, 6).scores;
      return [0, 1, 2, 3].map((t) =>
        Math.max(...before.slice(9 * t, 9 * t + 9).map((v, i) => Math.abs(v - after[9 * t + i]))));
    }}"""
    moved = page.evaluate(run, [bundle("learn_kernels"), bundle("learn_training")])
    assert moved[:3] == [0, 0, 0]
    assert moved[3] > 1e-3


@pytest.fixture
def show(page, tmp_path):
    """Open a page with the figure; return it once it is alive."""

    def open_page(*, theme="light", width=900):
        shown = Learn(TEXT, make, alt="A model that learns.", name="fig-learn")
        return open_live(page, tmp_path, shown, theme=theme, width=width)

    return open_page


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


STEPS = """() => Number(
  document.querySelector(".qkv-counter").textContent.match(/After (\\d+) steps/)?.[1] ?? 0)"""


def after(page, n):
    """Wait until at least n steps are taken; return how many."""
    page.wait_for_function(f"({STEPS})() >= {n}")
    return page.evaluate(STEPS)


def test_nothing_is_trained_before_it_is_asked_for(show, page):
    made = []
    page.on("worker", lambda worker: made.append(worker.url))
    show()
    page.wait_for_timeout(300)
    assert made == []
    assert "Nothing learned yet" in page.locator(".qkv-counter").inner_text()


def test_one_step_start_pause_and_reset(show):
    page = show()
    errors = errors_of(page)
    press(page, "One step")
    after(page, 1)
    says(page, "After 1 steps")
    press(page, "Start")
    after(page, 3)
    press(page, "Pause")
    says(page, "Paused. After")
    page.wait_for_timeout(600)
    stopped = page.evaluate(STEPS)
    page.wait_for_timeout(500)
    assert page.evaluate(STEPS) == stopped
    assert page.locator(".qkv-page").text_content()
    press(page, "Reset")
    assert page.evaluate(STEPS) == 0
    assert page.locator(".qkv-page").text_content() == ""
    assert errors == []


def test_it_learns_and_the_page_stays_free(show):
    page = show()
    press(page, "Start")
    after(page, 1)
    # a frame in which the page could not draw would be as long as a round of the training
    longest = page.evaluate(
        """() => new Promise((done) => {
          let [last, longest, left] = [performance.now(), 0, 40];
          const tick = (now) => {
            longest = Math.max(longest, now - last);
            last = now;
            if ((left -= 1)) requestAnimationFrame(tick); else done(longest);
          };
          requestAnimationFrame(tick);
        })"""
    )
    assert longest < 1000
    after(page, 40)
    press(page, "Pause")
    text = page.locator(".qkv-counter").inner_text()
    assert float(text.split()[3]) < 3.4, text  # eleven letters: guessing costs 3.46 bits


def test_a_rate_that_is_too_large_is_said(show):
    page = show()
    page.get_by_role("radio", name="0.1", exact=True).check(force=True)
    says(page, "Learning rate 0.1: a new model.")
    press(page, "One step")
    after(page, 1)


def test_heads_can_be_chosen_and_each_has_its_map(show):
    page = show()
    page.locator("fieldset", has_text="Heads").get_by_role("radio", name="2").check(force=True)
    press(page, "One step")
    after(page, 1)
    maps = page.locator("fieldset", has=page.get_by_text("Head", exact=True))
    assert maps.get_by_role("radio").count() == 2
    before = page.get_by_role("grid").inner_html()
    maps.get_by_role("radio", name="1").check(force=True)
    assert page.get_by_role("grid").inner_html() != before


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("short", "has 5 characters: give at least 500"),
        ("ab" * 400, "has only 2 different characters"),
        ("x" * 100_001, "has 100001 characters"),
    ],
)
def test_a_text_of_one_s_own_is_refused_in_a_sentence(show, text, answer):
    page = show()
    page.locator("summary").click()
    page.get_by_label("A text of your own").fill(text)
    press(page, "Learn from this")
    assert answer in page.locator(".qkv-note").inner_text()
    says(page, answer)


def test_a_text_of_one_s_own_is_learned(show):
    page = show()
    page.locator("summary").click()
    page.get_by_label("A text of your own").fill("Ünder der Brücke stehn zwei Kähne. " * 30)
    press(page, "Learn from this")
    says(page, "It will learn from 945 characters")
    press(page, "One step")
    after(page, 1)
    assert set(page.locator(".qkv-page").text_content()) <= set(
        "Ünder der Brücke stehn zwei Kähne. "
    )


def test_without_workers_it_says_so(page, tmp_path):
    page.add_init_script("window.Worker = class { constructor() { throw new Error('no'); } };")
    shown = Learn(TEXT, make, alt="A model that learns.", name="fig-learn")
    open_live(page, tmp_path, shown)
    press(page, "One step")
    says(page, "lets the page have no worker")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [900, 360])
def test_nobody_is_kept_out(show, theme, width):
    page = show(theme=theme, width=width)
    press(page, "One step")
    after(page, 1)
    page.locator("summary").click()
    assert barriers(page) == []
    assert small_targets(page, "button, summary, textarea") == []
    assert width_needed(page) <= width
