"""The models' layers in the browser against PyTorch: each function within 1e-5."""

import base64

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from qkv.chapters.self_attention import rotate
from qkv.live.bundle import bundle

TIME, D, D_HIDDEN = 7, 5, 6

RUN = """async ([source, body, given]) => {
  const layers = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
  const arrays = Object.fromEntries(Object.entries(given).map(([name, value]) =>
    [name, Array.isArray(value) ? Float32Array.from(value) : value]));
  const run = new Function("layers", "given", `
    const { ${Object.keys(layers).join(", ")} } = layers;
    const { ${Object.keys(given).join(", ")} } = given;
    return (${body});`);
  const result = run(layers, arrays);
  return result instanceof Float32Array ? [...result] : result;
}"""


@pytest.fixture
def js(page):
    """Evaluate an expression with the module's functions and the given tensors as flat arrays."""

    def evaluate(body, **given):
        flat = {
            name: value.detach().flatten().tolist() if torch.is_tensor(value) else value
            for name, value in given.items()
        }
        return page.evaluate(RUN, [bundle("tensors"), body, flat])

    return evaluate


@pytest.fixture
def randn():
    """Random tensors, the same in every run."""
    generator = torch.Generator().manual_seed(0)
    return lambda *shape: 2 * torch.randn(*shape, generator=generator)


def near(found, expected):
    np.testing.assert_allclose(found, expected.detach().flatten().numpy(), rtol=0, atol=1e-5)


def test_tensors_come_out_of_base64_by_name(js):
    data = base64.b64encode(np.arange(7, dtype="<f4").tobytes()).decode()
    shapes = '[["a", [2, 3]], ["b", [1]]]'
    body = f"Object.entries(readTensors(data, {shapes})).map(([name, x]) => [name, ...x])"
    assert js(body, data=data) == [["a", 0, 1, 2, 3, 4, 5], ["b", 6]]


def test_too_few_weights_are_refused(js):
    data = base64.b64encode(np.arange(7, dtype="<f4").tobytes()).decode()
    body = """(() => { try { readTensors(data, [["a", [2, 3]]]); return "taken"; }
      catch (error) { return error.message; } })()"""
    assert js(body, data=data) == "the weights hold 28 bytes, the shapes 24"


def test_embedding_takes_rows(js, randn):
    table = randn(9, D)
    near(js(f"embedding([3, 0, 3, 8], table, {D})", table=table), table[[3, 0, 3, 8]])


@pytest.mark.parametrize("bias", [True, False])
def test_linear_is_pytorchs(js, randn, bias):
    x, weight = randn(TIME, D), randn(4, D)
    b = randn(4) if bias else None
    near(js(f"linear(x, weight, b, {D})", x=x, weight=weight, b=b), F.linear(x, weight, b))


def test_concat_and_tanh(js, randn):
    x, y = randn(TIME), randn(D)
    near(js("tanh(concat(x, y))", x=x, y=y), torch.tanh(torch.cat([x, y])))


def test_softmax_of_each_row(js, randn):
    x = randn(TIME, D)
    near(js(f"softmax(x, {D})", x=x), x.softmax(1))
    near(js("softmax(x)", x=x[0]), x[0].softmax(0))


def test_softmax_of_huge_scores_does_not_overflow(js):
    near(js("softmax(x)", x=torch.tensor([1e4, 1e4, -1e4])), torch.tensor([0.5, 0.5, 0.0]))


def test_argmax_is_the_first_of_equals_and_largest_is_in_order(js, randn):
    assert js("argmax(x)", x=torch.tensor([1.0, 3.0, 3.0, 2.0])) == 1
    x = randn(20)
    assert js("largest(x, 6)", x=x) == x.topk(6).indices.tolist()
    assert js("argmax(x)", x=x) == x.argmax().item()


def lstm_of(bidirectional=False):
    torch.manual_seed(1)
    lstm = nn.LSTM(D, D_HIDDEN, batch_first=True, bidirectional=bidirectional)
    given = {name: value for name, value in lstm.named_parameters()}
    tensors = ", ".join(f'"m.{name}": {name}' for name in given)
    return lstm, given, f"{{{tensors}}}"


def test_an_lstm_step_is_pytorchs_for_hidden_and_cell(js, randn):
    lstm, given, tensors = lstm_of()
    x, hidden, cell = randn(D), randn(D_HIDDEN), randn(D_HIDDEN)
    found = js(
        f'(({{ hidden, cell }}) => concat(hidden, cell))(lstmStep(x, {{ hidden, cell }}, '
        f'lstmLayer({tensors}, "m")))',
        x=x, hidden=hidden, cell=cell, **given,
    )  # fmt: skip
    _, (last, memory) = lstm(x[None, None], (hidden[None, None], cell[None, None]))
    near(found, torch.cat([last.flatten(), memory.flatten()]))


def test_an_lstm_reads_in_both_directions_as_pytorchs(js, randn):
    lstm, given, tensors = lstm_of(bidirectional=True)
    x = randn(TIME, D)
    there = js(f'concat(...lstm(x, lstmLayer({tensors}, "m"), {D}))', x=x, **given)
    back = js(
        f'concat(...lstm(x, lstmLayer({tensors}, "m", "l0_reverse"), {D}, true))', x=x, **given
    )
    hidden = lstm(x[None])[0][0]
    near(there, hidden[:, :D_HIDDEN])
    near(back, hidden[:, D_HIDDEN:])


def test_additive_scores_and_weighted_sum(js, randn):
    query, keys, to_score, values = randn(D), randn(TIME, D), randn(D), randn(TIME, 3)
    scores = torch.tanh(query + keys) @ to_score
    near(js("additiveScores(query, keys, v)", query=query, keys=keys, v=to_score), scores)
    weights = scores.softmax(0)
    near(js("weightedSum(w, values)", w=weights, values=values), weights @ values)


def test_relu_and_add(js, randn):
    x, y = randn(TIME, D), randn(TIME, D)
    near(js("relu(add(x, y))", x=x, y=y), F.relu(x + y))


def test_layer_norm_is_pytorchs(js, randn):
    norm = nn.LayerNorm(D)
    with torch.no_grad():
        norm.weight.copy_(randn(D))
        norm.bias.copy_(randn(D))
    x = 10 + randn(TIME, D)
    near(js("layerNorm(x, w, b)", x=x, w=norm.weight, b=norm.bias), norm(x))
    flat = torch.full((2, D), 3.0)  # no variance: nothing is divided by zero
    near(js("layerNorm(x, w, b)", x=flat, w=norm.weight, b=norm.bias), norm(flat))


HEADS, D_HEAD, D_VALUE = 3, 4, 2


def heads(x):
    """(time, heads * d) -> (heads, time, d), as a transformer cuts its rows."""
    return x.unflatten(1, (HEADS, -1)).transpose(0, 1)


def attend(js, query, key, value, mask=None):
    """Run the module's attention; return its outputs and weights."""
    call = f"attention(q, k, v, {HEADS * D_HEAD}, {{ nHeads: {HEADS}, mask }})"
    given = {"q": query, "k": key, "v": value}
    given["mask"] = None if mask is None else mask.int()
    both = f"(({{ output, weights }}) => [[...output], [...weights]])({call})"
    return js(both, **given)


@pytest.mark.parametrize("masked", [False, True])
def test_attention_in_several_heads_is_pytorchs(js, randn, masked):
    query, key = randn(TIME, HEADS * D_HEAD) / 2, randn(9, HEADS * D_HEAD) / 2
    value = randn(9, HEADS * D_VALUE)
    mask = torch.rand(TIME, 9, generator=torch.Generator().manual_seed(1)) < 0.5 if masked else None
    output, weights = attend(js, query, key, value, mask)
    parts = map(heads, (query, key, value))
    expected = F.scaled_dot_product_attention(*parts, attn_mask=mask)
    near(output, expected.transpose(0, 1))
    scores = heads(query) @ heads(key).transpose(1, 2) / D_HEAD**0.5
    if masked:
        assert 0 < mask.sum() < mask.numel()
        scores = scores.masked_fill(~mask, -torch.inf)
    near(weights, scores.softmax(2))


def test_one_query_beside_a_cache_sees_what_the_last_row_of_all_sees(js, randn):
    query, key, value = (randn(TIME, HEADS * D_HEAD) / 2 for _ in range(3))
    parts = map(heads, (query, key, value))
    expected = F.scaled_dot_product_attention(*parts, is_causal=True).transpose(0, 1).flatten(1)
    mask = torch.tensor(js(f"[...causalMask({TIME})]")).view(TIME, TIME)
    assert torch.equal(mask.bool(), torch.ones(TIME, TIME).tril().bool())
    near(attend(js, query, key, value, mask)[0], expected)
    near(attend(js, query[-1:], key, value)[0], expected[-1])
    mask = torch.tensor(js(f"[...causalMask(2, {TIME})]"))
    near(attend(js, query[-2:], key, value, mask)[0], expected[-2:])


@pytest.mark.parametrize("start", [0, 3])
def test_every_head_is_turned_by_its_place(js, randn, start):
    x = randn(start + TIME, 3, 4)  # (time, heads, d_head)
    expected = rotate(x.transpose(0, 1)).transpose(0, 1)[start:]
    near(js(f"rotate(x, 12, {{ nHeads: 3, start: {start} }})", x=x[start:]), expected)


def test_a_gru_step_is_pytorchs(js, randn):
    torch.manual_seed(1)
    cell = nn.GRUCell(D, D_HIDDEN)
    x, hidden = randn(D), randn(D_HIDDEN)
    found = js(
        "gruStep(x, hidden, { weightIh: weight_ih, weightHh: weight_hh, biasIh: bias_ih, "
        "biasHh: bias_hh })",
        x=x, hidden=hidden, **dict(cell.named_parameters()),
    )  # fmt: skip
    near(found, cell(x[None], hidden[None]))
