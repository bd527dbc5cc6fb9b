"""The GPT in the page: it says what PyTorch says, and every reader can work it."""

import json
import math

import numpy as np
import pytest
import torch
from live_page import errors_of, open_live
from page_checks import barriers, says, small_targets, width_needed
from test_gpt import figure, tiny

from qkv.chapters.generating_text import (
    beam,
    greedy_rule,
    manual_ids,
    min_p,
    nucleus,
    temperature,
    top_k,
    window,
    write,
)
from qkv.figure import FIGURE_MIME
from qkv.live.bundle import bundle
from qkv.paths import root

LOAD = """const load = (source) =>
  import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));"""


def halved(model):
    """Round a model's weights to what 16 bits can hold."""
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(p.half().float())
    return model


def of_the_book():
    """Return the state of the chapter's own figure, and its model rebuilt from that."""
    notebook = json.loads((root() / "chapters/09_generating_text.ipynb").read_text("utf-8"))
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    records = [output["data"].get(FIGURE_MIME) for output in outputs if "data" in output]
    (state,) = [r["state"] for r in records if r and r["name"] == "fig-gpt"]
    model = tiny(d_model=96, n_heads=4, d_ff=384, n_layers=4)[0]
    shapes = dict(state["shapes"])
    model.embed.tokens = torch.nn.Embedding(*shapes["embed.tokens.weight"])
    import base64

    numbers = np.frombuffer(base64.b64decode(state["weights"]), "<f2").astype("f4")
    parts = np.split(numbers, np.cumsum([math.prod(s) for s in shapes.values()])[:-1])
    model.load_state_dict(
        {n: torch.from_numpy(p.reshape(shapes[n])) for n, p in zip(shapes, parts, strict=True)}
    )
    return state, model.eval()


GREEDY = f"""async ([source, state, prompts, n]) => {{
  {LOAD}
  const {{ gpt, reading }} = await load(source);
  const machine = gpt(state);
  const best = (scores) => scores.indexOf(Math.max(...scores));
  return prompts.map((ids) => {{
    const text = reading(machine);
    text.set(ids);
    const first = [...text.steps.at(-1).scores];
    for (let i = 0; i < n; i += 1) text.push(best(text.steps.at(-1).scores));
    return [text.ids, first];
  }});
}}"""


def test_the_book_s_gpt_agrees_with_pytorch_on_200_prompts_token_by_token(page):
    state, model = of_the_book()
    assert len(json.dumps(state)) < 2_000_000
    _, _, held_out = manual_ids()
    lengths = [1 + i % 44 for i in range(200)]
    prompts = [held_out[150 * i : 150 * i + n][None] for i, n in enumerate(lengths)]
    found = page.evaluate(
        GREEDY, [bundle("gpt_model"), state, [p[0].tolist() for p in prompts], 20]
    )
    for prompt, (ids, scores) in zip(prompts, found, strict=True):
        with torch.no_grad():
            expected = model(prompt)[0, -1]
        np.testing.assert_allclose(scores, expected, atol=2e-3)
        assert ids == write(window(model), prompt, 20, greedy_rule)[0].tolist()


def test_a_text_longer_than_the_context_is_read_from_its_last_half(page):
    model, _ = tiny()
    halved(model)
    state = figure().figure_state()
    ids = torch.randint(13, (40,), generator=torch.Generator().manual_seed(3))
    run = f"""async ([source, state, ids]) => {{
      {LOAD}
      const {{ gpt, reading }} = await load(source);
      const text = reading(gpt(state));
      text.set(ids.slice(0, 1));
      const seen = [];
      for (const id of ids.slice(1)) {{
        text.push(id);
        seen.push([text.begin, [...text.steps.at(-1).scores]]);
      }}
      const there = [...seen];
      for (let i = 0; i < 30; i += 1) text.pop();
      return [there, [...text.steps.at(-1).scores], text.ids.length];
    }}"""
    seen, back, n = page.evaluate(run, [bundle("gpt_model"), state, ids.tolist()])
    for time, (begin, scores) in enumerate(seen, start=2):
        assert begin == (0 if time <= 16 else 8 * math.ceil((time - 16) / 8))
        with torch.no_grad():
            expected = model(ids[None, begin:time])[0, -1]
        np.testing.assert_allclose(scores, expected, atol=1e-4)
    assert n == 10
    np.testing.assert_allclose(back, seen[8][1], atol=1e-6)


def test_the_rules_cut_what_the_chapter_s_rules_cut(page):
    scores = torch.randn(40, 13, generator=torch.Generator().manual_seed(0)) * 2
    cases = [
        *(("temper", t, lambda s, t=t: temperature(s, t)) for t in (0.3, 1.7)),
        *(("topK", k, lambda s, k=k: top_k(s, k)) for k in (1, 4, 13)),
        *(("nucleus", p, lambda s, p=p: nucleus(s, p)) for p in (0.2, 0.75, 1.0)),
        *(("minP", p, lambda s, p=p: min_p(s, p)) for p in (0.0, 0.15, 1.0)),
    ]
    run = f"""async ([source, name, value, rows]) => {{
      {LOAD}
      const rules = await load(source);
      return rows.map((row) =>
        [...rules[name](Float32Array.from(row), value)].map((v) => (v === -Infinity ? null : v)));
    }}"""
    for name, value, rule in cases:
        found = page.evaluate(run, [bundle("gpt_rules"), name, value, scores.tolist()])
        expected = rule(scores)
        there = torch.tensor([[-math.inf if v is None else v for v in row] for row in found])
        assert torch.equal(there.isinf(), expected.isinf()), (name, value)
        assert torch.allclose(there, expected, atol=1e-5), (name, value)


def test_draws_fall_where_the_probabilities_are(page):
    run = f"""async ([source]) => {{
      {LOAD}
      const {{ drawn, lot }} = await load(source);
      const counts = [0, 0, 0, 0];
      for (let i = 0; i < 4000; i += 1) counts[drawn([0.5, 0, 0.3, 0.2], lot(i % 7, i))] += 1;
      return [counts, lot(3, 5) === lot(3, 5), lot(3, 5) === lot(4, 5)];
    }}"""
    counts, again, other = page.evaluate(run, [bundle("gpt_rules")])
    assert again
    assert not other
    assert counts[1] == 0
    np.testing.assert_allclose(np.array(counts) / 4000, [0.5, 0, 0.3, 0.2], atol=0.03)


def test_the_tree_s_beams_are_those_of_the_chapter(page):
    model, _ = tiny()
    halved(model)
    run = f"""async ([source, tree, state, ids]) => {{
      {LOAD}
      const {{ gpt }} = await load(source);
      const {{ beams, grown }} = await load(tree);
      const found = beams(gpt(state), ids, 4, 6);
      const leaves = (node) =>
        node.children.length ? node.children.flatMap((child) => leaves(child)) : [node.count];
      const root = grown(found);
      return [found.beams.map(({{ ids: i, total }}) => [i, total]), root.count, leaves(root)];
    }}"""
    ids = [1, 5, 2, 7]
    found, count, leaves = page.evaluate(
        run, [bundle("gpt_model"), bundle("gpt_tree"), figure().figure_state(), ids]
    )
    expected, total = beam(window(model), torch.tensor(ids), 6, 4)
    assert [row for row, _ in found] == expected[:, 4:].tolist()
    np.testing.assert_allclose([t for _, t in found], total, atol=1e-4)
    assert count == 4
    assert sum(leaves) == 4  # every beam ends in a leaf of its own; what was given up counts 0


@pytest.fixture
def show(page, tmp_path):
    """Open a page with the figure of a tiny model; return it once it is alive."""

    def open_page(shown=None, *, theme="light", width=900):
        return open_live(page, tmp_path, shown or figure(), theme=theme, width=width)

    return open_page


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def written(page):
    return page.locator(".qkv-page").inner_text(), page.locator(".qkv-page").text_content()


def test_one_step_back_and_anew(show):
    page = show()
    prompt = page.locator(".qkv-page").text_content()
    press(page, "One step")
    assert len(page.locator(".qkv-page").text_content()) == len(prompt) + 1
    says(page, "Wrote “")
    press(page, "One step")
    press(page, "Back one")
    assert len(page.locator(".qkv-page").text_content()) == len(prompt) + 1
    says(page, "Took back")
    press(page, "Start anew")
    assert page.locator(".qkv-page").text_content() == prompt
    press(page, "Back one")
    says(page, "nothing to take back")


def test_the_same_seed_writes_the_same_and_another_draw_differs(show):
    page = show()
    for _ in range(12):
        press(page, "One step")
    first = page.locator(".qkv-page").text_content()
    press(page, "Start anew")
    for _ in range(12):
        press(page, "One step")
    assert page.locator(".qkv-page").text_content() == first
    press(page, "Draw again")
    other = page.locator(".qkv-page").text_content()
    assert len(other) == len(first)
    assert other != first


def test_it_writes_until_it_is_stopped(show):
    page = show()
    press(page, "Let it write")
    page.wait_for_function("document.querySelector('.qkv-page').textContent.length > 14")
    press(page, "Stop")
    now = page.locator(".qkv-page").text_content()
    page.wait_for_timeout(300)
    assert page.locator(".qkv-page").text_content() == now
    says(page, "It has written: ")


def test_another_character_can_be_chosen_and_it_goes_on_from_there(show):
    page = show()
    third = page.locator(".qkv-bar-button").nth(2)
    token = third.locator("b").inner_text()
    third.focus()
    page.keyboard.press("Enter")
    assert page.locator(".qkv-page mark").text_content() == {"␣": " ", "⏎": "\n"}.get(token, token)
    press(page, "One step")
    assert len(page.locator(".qkv-page").text_content()) == len("a bad idea") + 2


def test_the_rules_cut_bars_off(show):
    page = show()
    assert page.locator(".qkv-gone").count() == 0
    slider = page.get_by_role("slider", name="Top-k")
    slider.focus()
    slider.press("Home")
    assert page.locator(".qkv-bar-button:not(.qkv-gone)").count() == 1
    says(page, "Top-k 1: 1 of 13 characters may be drawn.")
    press(page, "One step")
    greedy = page.locator(".qkv-page").text_content()
    model, vocabulary = tiny()
    ids = torch.tensor([vocabulary.encode("a bad idea")])
    expected = write(window(halved(model), 16), ids, 1)[0].tolist()
    assert greedy == "".join(vocabulary.decode(expected))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", "There is no character yet"),
        ("a zoo", "“z”, “o” are not among the 13 characters"),
        ("a" * 201, "has 201 characters and the figure takes 200"),
    ],
)
def test_a_prompt_that_cannot_be_read_is_answered_in_a_sentence(show, text, answer):
    page = show()
    before = page.locator(".qkv-page").text_content()
    page.get_by_role("textbox", name="Prompt").fill(text)
    press(page, "Read it")
    assert answer in page.locator(".qkv-note").inner_text()
    says(page, answer)
    assert page.locator(".qkv-page").text_content() == before


def test_each_of_the_seven_steps_shows_its_own_and_each_head_its_map(show):
    page = show()
    errors = errors_of(page)
    seen = set()
    for step in ("Tokenise", "Embed", "Place", "Attend", "Process", "Predict", "Repeat"):
        page.get_by_role("radio", name=step).check(force=True)
        seen.add(page.locator(".qkv-view").inner_html())
        page.locator(".qkv-panel").screenshot()
    assert len(seen) == 7
    page.get_by_role("radio", name="Attend").check(force=True)
    before = page.locator(".qkv-view").inner_html()
    page.locator("fieldset", has_text="Head").get_by_role("radio", name="1").check(force=True)
    assert page.locator(".qkv-view").inner_html() != before
    rows = page.locator(".qkv-view tbody tr").all()
    for row in rows[-3:]:
        shares = [float(t) for t in row.locator("td").all_text_contents() if t != "–"]
        assert sum(shares) == pytest.approx(1, abs=0.06)  # of rounded numbers
    assert errors == []


def test_the_tree_is_walked_with_the_arrow_keys(show):
    page = show()
    page.locator("summary", has_text="What might have been").click()
    items = page.get_by_role("treeitem")
    assert items.count() > 4
    items.first.focus()
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "treeitem"
    last = page.evaluate("document.activeElement.ariaLabel")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.ariaLabel") != last
    page.get_by_role("radio", name="12 draws").check(force=True)
    counts = page.locator(".qkv-tree > ul > li > .qkv-twig > span:last-child").all_inner_texts()
    assert sum(int(text.split()[0]) for text in counts) == 12


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [900, 360])
def test_nobody_is_kept_out(show, theme, width):
    page = show(theme=theme, width=width)
    page.locator("summary", has_text="What might have been").click()
    assert barriers(page) == []
    seen = ".qkv-tools button, .qkv-next li:nth-child(-n + 8) button, select, summary, textarea"
    assert small_targets(page, seen) == []
    assert width_needed(page) <= width


def test_every_slider_changes_the_bars(show):
    for name, key in (("Temperature", "Home"), ("Nucleus", "Home"), ("Min-p", "End")):
        page = show()
        before = page.locator(".qkv-next").inner_html()
        slider = page.get_by_role("slider", name=name)
        slider.focus()
        slider.press(key)
        assert page.locator(".qkv-next").inner_html() != before, name
