"""The engine and the translator in a browser: what PyTorch computes, the page computes too."""

import base64
import json
import random
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from qkv.chapters.attention import AdditiveScore, AttentionTranslator, BilinearScore
from qkv.chapters.encodings import Vocabulary
from qkv.chapters.seq2seq import PAD_ID, SPECIALS, greedy
from qkv.data import phrases
from qkv.data.pairs import BOS, EOS, padded
from qkv.live import Translator
from qkv.live.figure import FIGURE_MIME, bundle
from qkv.paths import root

RUN = """async ([source, body, given]) => {
  const url = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
  const module = await import(url);
  const plain = (x) => x instanceof Float32Array ? Array.from(x)
    : Array.isArray(x) ? x.map(plain)
    : x && typeof x === "object" ? Object.fromEntries(
        Object.entries(x).map(([k, v]) => [k, plain(v)])) : x;
  const f32 = (x) => x === null ? null : Float32Array.from(x);
  return plain(await new Function("m", "g", "f32", `return (${body});`)(module, given, f32));
}"""


@pytest.fixture
def run(page):
    """Evaluate JavaScript with a module as `m`, what is given as `g`; return plain lists."""

    def evaluate(module, body, **given):
        flat = {
            name: value.detach().flatten().tolist() if torch.is_tensor(value) else value
            for name, value in given.items()
        }
        return page.evaluate(RUN, [bundle(module), body, flat])

    return evaluate


def close(found, wanted, atol=1e-5):
    assert np.allclose(found, wanted.detach().flatten().tolist(), atol=atol)


def test_embedding_and_linear_are_those_of_pytorch(run):
    torch.manual_seed(0)
    table, layer = nn.Embedding(7, 5), nn.Linear(5, 3)
    ids = torch.tensor([6, 0, 3])
    x = table(ids)
    close(run("engine", "m.embedding(g.ids, f32(g.t), 5)", ids=ids, t=table.weight), x)
    body = "m.linear(f32(g.x), f32(g.w), f32(g.b), 5)"
    close(run("engine", body, x=x, w=layer.weight, b=layer.bias), layer(x))
    close(run("engine", body, x=x, w=layer.weight, b=None), x @ layer.weight.T)


def test_softmax_and_argmax_are_those_of_pytorch_for_large_numbers_too(run):
    x = torch.tensor([[1000.0, 1001.0, 999.0], [-5.0, 0.0, 5.0]])
    close(run("engine", "m.softmax(f32(g.x), 3)", x=x), x.softmax(1))
    assert run("engine", "m.argmax(f32(g.x))", x=torch.tensor([1.0, 4.0, 4.0])) == 1
    assert run("engine", "m.largest(f32(g.x), 2)", x=torch.tensor([1.0, 4.0, 9.0])) == [2, 1]


@pytest.mark.parametrize("reverse", [False, True])
def test_an_lstm_is_that_of_pytorch_in_both_directions(run, reverse):
    torch.manual_seed(1)
    layer = nn.LSTM(4, 6, batch_first=True, bidirectional=True)
    x = torch.randn(9, 4)
    wanted = layer(x[None])[0][0, :, 6:] if reverse else layer(x[None])[0][0, :, :6]
    suffix = "l0_reverse" if reverse else "l0"
    weights = {f"e.{k}": v.detach().flatten().tolist() for k, v in layer.named_parameters()}
    found = run(
        "engine",
        "m.lstm(f32(g.x), m.lstmLayer(Object.fromEntries(Object.entries(g.w).map("
        "([k, v]) => [k, f32(v)])), 'e', g.suffix), 4, g.reverse)",
        x=x,
        w=weights,
        suffix=suffix,
        reverse=reverse,
    )
    close(np.concatenate(found), wanted)


def test_additive_scores_and_the_weighted_sum_are_those_of_chapter_04(run):
    torch.manual_seed(2)
    score = AdditiveScore(6, 5)
    query, annotations = torch.randn(1, 1, 6), torch.randn(1, 8, 5)
    keys = score.prepare(annotations)
    found = run(
        "engine",
        "m.additiveScores(f32(g.q), f32(g.k), f32(g.v))",
        q=score.from_query(query),
        k=keys,
        v=score.to_score.weight,
    )
    close(found, score(query, keys))
    weights = torch.rand(8)
    body = "m.weightedSum(f32(g.w), f32(g.v))"
    close(run("engine", body, w=weights, v=annotations), weights @ annotations[0])


def sentences(n):
    """Return the sources of n sentences of the grammar that the model was not made for."""
    return [list(pair.source) for pair in phrases.generate(n, random.Random(7))]


def rebuilt(state):
    """Return the PyTorch model and the target tokens that a figure's state holds."""
    data = np.frombuffer(base64.b64decode(state["weights"]), "<f4").copy()
    weights, at = {}, 0
    for name, shape in state["shapes"]:
        size = int(np.prod(shape))
        weights[name] = torch.from_numpy(data[at : at + size].reshape(shape))
        at += size
    n_source, d_embed = weights["encoder.embed.weight"].shape
    d_hidden = weights["to_scores.weight"].shape[1]
    model = AttentionTranslator(
        n_source, len(weights["embed.weight"]), d_embed=d_embed, d_hidden=d_hidden
    )
    model.load_state_dict(weights)
    return model.eval()


def agree(run, state, sources):
    """Compare the page's translations of `sources` with PyTorch's: same tokens, same weights."""
    model = rebuilt(state)
    source_tokens, target_tokens = state["tokens"]
    ids = {token: i for i, token in enumerate(source_tokens)}
    found = run(
        "translator",
        "(() => { const t = m.translator(g.state); return g.sources.map((s) => {"
        " const r = t.translate(s); return { target: r.target,"
        " weights: r.steps.map((step) => step.weights) }; }); })()",
        state=state,
        sources=sources,
    )
    lengths = set()
    for words, there in zip(sources, found, strict=True):
        row = [ids.get(word, ids["<unk>"]) for word in [*words, EOS]]
        source, mask = padded([row], PAD_ID)
        (here,) = greedy(model, source, mask)
        here = [target_tokens[i] for i in here]
        assert there["target"] == [*here, *[EOS] * (len(there["target"]) - len(here))]
        with torch.no_grad():
            memory, start = model.encode(source, mask)
            read = [target_tokens.index(token) for token in [BOS, *there["target"][:-1]]]
            weights = model.steps(memory, start, torch.tensor([read]))[2][0]
        assert np.abs(np.array(there["weights"]) - weights.numpy()).max() < 1e-3
        lengths.add(len(here))
    return lengths


@pytest.fixture(scope="module")
def figure():
    """A translator that was not trained, with large weights, so that it says many things."""
    torch.manual_seed(0)
    sources = sentences(300)
    pairs = phrases.generate(300, random.Random(7))
    both = [
        Vocabulary((t for row in rows for t in row), specials=SPECIALS)
        for rows in (sources, [pair.target for pair in pairs])
    ]
    model = AttentionTranslator(*map(len, both), d_embed=16, d_hidden=24)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter *= 3
    return Translator(model, both, ["the cat sleeps", "she loves him"], name="t", alt="A grid.")


def test_the_trained_translator_of_chapter_04_translates_200_sentences_as_pytorch_does(run):
    notebook = json.loads((root() / "chapters" / "04_attention.ipynb").read_text("utf-8"))
    states = [
        output["data"][FIGURE_MIME]["state"]
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if output.get("data", {}).get(FIGURE_MIME, {}).get("module") == "translator"
    ]
    (state,) = states
    assert len(json.dumps(state)) < 2_000_000
    assert len(agree(run, state, sentences(200))) > 20


@pytest.mark.parametrize(
    "text",
    ["The cat's small.", "Did SHE sleep?", "l’oiseau, est-ce que  tu dors ?", "", "42 under_score"],
)
def test_a_sentence_is_cut_into_the_same_tokens(run, text):
    assert run("translator", "m.tokenise(g.text)", text=text) == phrases.tokenize(text)


def test_french_tokens_are_joined_as_the_package_joins_them(run):
    for pair in phrases.generate(30, random.Random(3)):
        joined = run("translator", "m.detokenise(g.tokens)", tokens=list(pair.target))
        assert joined == phrases.detokenize(pair.target)


def opened(page, figure, tmp_path, width=900):
    from live_page import live_page

    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(reduced_motion="reduce")
    path = tmp_path / "page.html"
    path.write_text(live_page(figure), "utf-8")
    page.goto(path.as_uri())
    page.wait_for_selector(".qkv-ready")
    return page.locator(".qkv-live")


def test_a_word_that_is_not_known_is_named(page, figure, tmp_path):
    live = opened(page, figure, tmp_path)
    live.locator("input").fill("the zebra sleeps")
    live.locator("input").press("Enter")
    page.wait_for_function(
        "document.querySelector('.qkv-note').textContent.includes('“zebra” is not in my')"
    )


@pytest.mark.parametrize(
    ("text", "said"), [("", "There is no word yet"), ("the cat " * 21, "has 42 words")]
)
def test_a_sentence_that_cannot_be_translated_is_answered_kindly(
    page, figure, tmp_path, text, said
):
    live = opened(page, figure, tmp_path)
    live.locator("input").fill(text)
    live.get_by_role("button", name="Translate").click()
    page.wait_for_function(
        "said => document.querySelector('.qkv-note').textContent.includes(said)", arg=said
    )
    assert live.locator("input").get_attribute("aria-invalid") == "true"


def test_the_arrow_keys_walk_through_the_steps(page, figure, tmp_path):
    live = opened(page, figure, tmp_path)
    cell = live.locator("td[tabindex='0']").first
    cell.focus()
    before = live.locator(".qkv-step-head").inner_text()
    page.keyboard.press("ArrowDown")
    page.wait_for_function(
        "before => document.querySelector('.qkv-step-head').innerText !== before", arg=before
    )
    assert live.locator(".qkv-step-head").inner_text().startswith("Step 2")


def test_the_form_stands_in_one_column_on_a_phone(page, figure, tmp_path):
    live = opened(page, figure, tmp_path, width=360)
    parts = [live.locator(s).bounding_box() for s in ("input", "form button", "form select")]
    for above, below in pairwise(parts):
        assert above["y"] + above["height"] <= below["y"] + 1


def test_another_model_is_refused_in_one_sentence(figure):
    both = [Vocabulary(tokens, specials=()) for tokens in figure.tokens]
    model = AttentionTranslator(*map(len, both), score=BilinearScore)
    with pytest.raises(ValueError, match="AdditiveScore and one layer"):
        Translator(model, both, ["the cat sleeps"], alt="A grid.")


def test_examples_are_needed(figure):
    both = [Vocabulary(tokens, specials=()) for tokens in figure.tokens]
    model = AttentionTranslator(*map(len, both))
    with pytest.raises(ValueError, match="sentences is empty"):
        Translator(model, both, [], alt="A grid.")
