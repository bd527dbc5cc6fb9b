"""A training step of our transformer against `nn.Transformer`, our attention against PyTorch's.

Both do the same sums on the same batch, of the book's size: time is the shortest of many turns,
memory what is kept between forward and backward pass (each piece of storage once).
"""

import torch
from steps import seconds_a_step
from torch import nn
from tqdm import tqdm

from qkv.chapters.multi_head_attention import MultiHeadAttention
from qkv.chapters.self_attention import attention, causal_mask, sinusoids
from qkv.chapters.seq2seq import token_loss
from qkv.chapters.transformer import Embeddings, RotaryMultiHeadAttention, Transformer
from qkv.data.pairs import Batch

BATCH, D_MODEL, N_HEADS, D_FF, N_LAYERS = 32, 64, 4, 128, 2
N_SOURCE, N_TARGET = 175, 256
LAYERS = {"transformer": MultiHeadAttention, "rotary transformer": RotaryMultiHeadAttention}


class Reference(nn.Module):
    """The same model around `nn.Transformer`."""

    def __init__(self):
        super().__init__()
        self.source, self.target = Embeddings(N_SOURCE, D_MODEL), Embeddings(N_TARGET, D_MODEL)
        self.transformer = nn.Transformer(
            D_MODEL, N_HEADS, N_LAYERS, N_LAYERS, D_FF, 0.0, batch_first=True, norm_first=True
        )
        self.to_scores = nn.Linear(D_MODEL, N_TARGET)

    def forward(self, batch):
        """Return scores (batch, target_time, n_target)."""
        time = batch.target_in.shape[1]
        hidden = self.transformer(
            self.source(batch.source),
            self.target(batch.target_in),
            tgt_mask=nn.Transformer.generate_square_subsequent_mask(time),
            src_key_padding_mask=~batch.source_mask,
            memory_key_padding_mask=~batch.source_mask,
            tgt_is_causal=True,
        )
        return self.to_scores(hidden)


class Kept(nn.Module):
    """Multi-head attention that keeps its weights: `attention` of chapter 5 inside."""

    def __init__(self):
        super().__init__()
        self.inner = MultiHeadAttention(D_MODEL, N_HEADS)

    def forward(self, x, memory, mask):
        """Return (batch, time, d_model)."""
        found, _ = attention(*self.inner.project(x, memory), mask)
        return self.inner.to_output(found.transpose(1, 2).flatten(2))


class Theirs(nn.Module):
    """`nn.MultiheadAttention`, called as ours is."""

    def __init__(self):
        super().__init__()
        self.inner = nn.MultiheadAttention(D_MODEL, N_HEADS, batch_first=True)

    def forward(self, x, memory, mask):
        """Return (batch, time, d_model)."""
        return self.inner(x, memory, memory, attn_mask=~mask, need_weights=False)[0]


def kept_bytes(loss, model):
    """Return how many bytes a forward pass keeps for the backward pass."""
    kept = {}

    def note(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes(), tensor  # alive: no address is used twice
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        loss(model)
    return sum(size for size, _ in kept.values())


def against(ours, reference, loss):
    """Return time and memory of a step of `ours`, as numbers and as ratios to the reference's."""
    mine, theirs = seconds_a_step((ours, loss), (reference, loss))
    bytes_mine, bytes_theirs = kept_bytes(loss, ours), kept_bytes(loss, reference)
    return {
        "ms a step": round(1e3 * mine, 2),
        "ratio": round(mine / theirs, 2),
        "MB kept": round(bytes_mine / 1e6, 2),
        "ratio of memory": round(bytes_mine / bytes_theirs, 2),
    }


def attention_costs():
    """Return the ratios for both transformers and for one layer, at three lengths."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    result = {}
    for time in tqdm((10, 20, 40), desc="attention"):
        real = torch.ones(BATCH, time, dtype=torch.bool)
        real[: BATCH // 2, -2:] = False
        source, target = torch.randint(4, N_SOURCE, (2, BATCH, time))
        batch = Batch(source, real, target, target, real, list(range(BATCH)))
        sizes = N_SOURCE, N_TARGET, D_MODEL, N_HEADS, D_FF, N_LAYERS
        for name, layer in LAYERS.items():
            result[f"{name}, {time} tokens"] = against(
                Transformer(*sizes, attention=layer),
                Reference(),
                lambda model, batch=batch: token_loss(model, batch),
            )
        x, mask = sinusoids(time, D_MODEL).expand(BATCH, -1, -1), causal_mask(time)

        def squares(model, x=x, mask=mask):
            return model(x, x, mask).square().mean()

        ours = MultiHeadAttention(D_MODEL, N_HEADS)
        result[f"attention that keeps weights, {time} tokens"] = against(Kept(), ours, squares)
        result[f"multi-head attention, {time} tokens"] = against(ours, Theirs(), squares)
    return result
