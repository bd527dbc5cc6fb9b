"""The transformer in the page computes what PyTorch computes: words, and every tensor."""

import copy
import json

import numpy as np
import pytest
import torch
from tiny_transformer import lively

from qkv.chapters.multi_head_attention import MultiHeadAttention
from qkv.chapters.seq2seq import greedy
from qkv.chapters.transformer import RotaryMultiHeadAttention
from qkv.data.phrases import load
from qkv.figures.transformer_flow import TransformerFlow
from qkv.live.bundle import bundle

LOAD = """async ([source, state, sentences, names]) => {
  const { transformer } = await import(
    URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
  const machine = transformer(state);
"""
TRANSLATE = f"""{LOAD}
  return sentences.map((tokens) => machine.translate(tokens).target);
}}"""
# The tensors of one sentence at one step: "name part" -> [shape, numbers].
TENSORS = f"""{LOAD}
  const [tokens, step] = sentences;
  const {{ tensor, target }} = machine.translate(tokens);
  return [target, Object.fromEntries(names.map((key) => {{
    const {{ shape, data }} = tensor(...key.split(" "), step ?? target.length - 1);
    return [key, [shape, Array.from(data)]];
  }}))];
}}"""


@pytest.fixture(scope="module")
def pairs():
    """60 sentences of the grammar, of all lengths."""
    return load(n_train=400, n_valid=1, n_test=60).test


@pytest.fixture(scope="module", params=[MultiHeadAttention, RotaryMultiHeadAttention])
def random_model(request, pairs):
    """A model of the book's size, its vocabularies and the state of its figure."""
    model, both = lively(pairs, attention=request.param)
    shown = TransformerFlow(model, both, ["the cat sleeps"], alt="A model.")
    return model, both, shown.figure_state()


def read(both, pair):
    """Return a source as ids (1, time), and its mask."""
    source = torch.tensor([both[0].encode([*pair.source, "<eos>"])])
    return source, torch.ones_like(source, dtype=torch.bool)


def test_the_page_writes_what_pytorch_writes(page, pairs, random_model):
    model, both, state = random_model
    assert len(json.dumps(state)) < 2_000_000
    found = page.evaluate(TRANSLATE, [bundle("transformer"), state, [p.source for p in pairs]])
    for pair, target in zip(pairs, found, strict=True):
        (row,) = greedy(model, *read(both, pair))
        assert [token for token in target if token != "<eos>"] == both[1].decode(row)
    written = {" ".join(target) for target in found}
    assert len(written) > 40, "the random model no longer writes many different sentences"
    ended = sum(target[-1] == "<eos>" for target in found)
    assert 10 < ended < 60, "the random model no longer does both: end, and run into the limit"


def tensors_of(model, source, mask, target_in):
    """Run a copy with each block's tensors kept: "name part" -> tensor without its batch."""
    model, kept = copy.deepcopy(model), {}

    def keep(name, part):
        def hook(module, inputs, output):
            kept[f"{name} {part}"] = output[0]

        return hook

    def look(name):
        def hook(module, inputs, output):
            x, memory, allowed = inputs
            kept[f"{name} weights"] = module.weights(x, memory, allowed)[0]
            query, key, value = (part[0] for part in module.project(x, memory))
            kept.update({f"{name} query": query, f"{name} key": key, f"{name} value": value})

        return hook

    for name, module in model.named_modules():
        blocks = (".connections.", ".attention", ".cross_attention", ".feed_forward", ".embed")
        if any(block in name for block in blocks) or name.endswith("coder.norm"):
            parts = {"to_output": None, "up": None, "to_query": None, "to_key": None}
            last = name.split(".")[-1]
            if last not in {*parts, "to_value", "down"}:
                module.register_forward_hook(keep(name, "output"))
            if last == "up":
                module.register_forward_hook(keep(name.removesuffix(".up"), "hidden"))
        if isinstance(module, MultiHeadAttention):
            module.register_forward_hook(look(name))
    memory, state = model.encode(source, mask)
    scores, _ = model.decode(memory, state, target_in)
    kept |= {"to_scores output": scores[0], "probabilities output": scores[0].softmax(1)}
    return {key: value.relu() if key.endswith("hidden") else value for key, value in kept.items()}


@pytest.mark.parametrize("at", ["last", 2])
def test_every_tensor_of_every_block_is_pytorchs(page, pairs, random_model, at):
    model, both, state = random_model
    pair = max(pairs, key=lambda pair: len(pair.source))
    source, mask = read(both, pair)
    names = list(tensors_of(model, source, mask, torch.tensor([[1]])))
    step = None if at == "last" else at
    target, found = page.evaluate(
        TENSORS, [bundle("transformer"), state, [pair.source, step], names]
    )
    written = target if step is None else target[: step + 1]
    target_in = torch.tensor([both[1].encode(["<bos>", *written[:-1]])])
    with torch.no_grad():
        expected = tensors_of(model, source, mask, target_in)
    assert len(expected) == len(names) > 60
    for name, tensor in expected.items():
        shape, numbers = found[name]
        assert tuple(shape) == tuple(tensor.shape), name
        np.testing.assert_allclose(
            np.reshape(numbers, -1), joined(name, tensor), rtol=0, atol=1e-4, err_msg=name
        )


def joined(name, tensor):
    """Flatten, the heads of queries, keys and values beside each other as the page keeps them."""
    heads_beside = name.split()[1] in ("query", "key", "value")
    return (tensor.transpose(0, 1) if heads_beside else tensor).flatten().numpy()
