# ruff: noqa
"""Draft of the models of chapters 03 and 04: encoder, fixed context, attention, greedy decoding."""

import math
from collections import Counter

import torch
from torch import nn

from qkv.data.pairs import BOS, EOS, PAD, tokens_of


class Vocabulary:
    """Stand-in for chapter 01's class."""

    unk = "<unk>"

    def __init__(self, tokens):
        counts = Counter(tokens)
        special = [PAD, BOS, EOS]
        self.tokens = [*special, self.unk, *sorted(t for t in counts if t not in special)]
        self.ids = {t: i for i, t in enumerate(self.tokens)}

    def __len__(self):
        return len(self.tokens)

    def encode(self, tokens):
        return [self.ids.get(t, self.ids[self.unk]) for t in tokens]

    def decode(self, ids):
        return [self.tokens[i] for i in ids]


class Encoder(nn.Module):
    """Source ids → annotations (batch, source_time, d) and the last state (batch, d)."""

    def __init__(self, vocab_size, d_embed, d_hidden, bidirectional=False):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, d_embed)
        self.rnn = nn.LSTM(d_embed, d_hidden, batch_first=True, bidirectional=bidirectional)
        self.d_out = d_hidden * (1 + bidirectional)

    def forward(self, source, source_mask):
        x = self.embed(source)
        if source_mask.all():
            annotations, (h, _) = self.rnn(x)
        else:
            lengths = source_mask.sum(1)
            packed = nn.utils.rnn.pack_padded_sequence(
                x, lengths, batch_first=True, enforce_sorted=False
            )
            annotations, (h, _) = self.rnn(packed)
            annotations, _ = nn.utils.rnn.pad_packed_sequence(annotations, batch_first=True)
        return annotations, h.transpose(0, 1).flatten(1)


class FixedContext(nn.Module):
    """Encoder–decoder whose decoder sees one vector of size d_context."""

    def __init__(self, n_source, n_target, d_embed=64, d_hidden=128, d_context=128, bos=1):
        super().__init__()
        self.encoder = Encoder(n_source, d_embed, d_hidden)
        self.squeeze = nn.Linear(self.encoder.d_out, d_context)
        self.embed = nn.Embedding(n_target, d_embed)
        self.start = nn.Linear(d_context, 2 * d_hidden)
        self.rnn = nn.LSTM(d_embed + d_context, d_hidden, batch_first=True)
        self.out = nn.Linear(d_hidden, n_target)

    def encode(self, source, mask):
        _, last = self.encoder(source, mask)
        context = torch.tanh(self.squeeze(last))
        h, c = self.start(context).chunk(2, -1)
        return context, (torch.tanh(h)[None].contiguous(), c[None].contiguous())

    def decode(self, memory, state, target_in):
        x = self.embed(target_in)
        context = memory[:, None].expand(-1, x.shape[1], -1)
        y, state = self.rnn(torch.cat([x, context], -1), state)
        return self.out(y), state

    def forward(self, batch):
        memory, state = self.encode(batch.source, batch.source_mask)
        return self.decode(memory, state, batch.target_in)[0]


class AdditiveAttention(nn.Module):
    """score = v·tanh(W q + U k) (Bahdanau et al. 2015)."""

    def __init__(self, d_query, d_key, d_attention):
        super().__init__()
        self.query = nn.Linear(d_query, d_attention, bias=False)
        self.key = nn.Linear(d_key, d_attention, bias=False)
        self.v = nn.Linear(d_attention, 1, bias=False)

    def keys(self, annotations):
        return self.key(annotations)

    def scores(self, query, keys):  # (B, T, dq), (B, S, da) -> (B, T, S)
        return self.v(torch.tanh(self.query(query)[:, :, None] + keys[:, None])).squeeze(-1)


class BilinearAttention(nn.Module):
    def __init__(self, d_query, d_key, d_attention):
        super().__init__()
        self.key = nn.Linear(d_key, d_query, bias=False)

    def keys(self, annotations):
        return self.key(annotations)

    def scores(self, query, keys):
        return query @ keys.transpose(1, 2)


class DotAttention(nn.Module):
    def __init__(self, d_query, d_key, d_attention, scaled=False):
        super().__init__()
        assert d_query == d_key
        self.scale = 1 / math.sqrt(d_key) if scaled else 1.0

    def keys(self, annotations):
        return annotations

    def scores(self, query, keys):
        return query @ keys.transpose(1, 2) * self.scale


class Attentive(nn.Module):
    """Bahdanau's: bidirectional annotations, attention before each decoder step."""

    def __init__(
        self, n_source, n_target, d_embed=64, d_hidden=128, d_attention=64, score="additive"
    ):
        super().__init__()
        self.encoder = Encoder(n_source, d_embed, d_hidden // 2, bidirectional=True)
        d = self.encoder.d_out
        self.embed = nn.Embedding(n_target, d_embed)
        self.start = nn.Linear(d, 2 * d_hidden)
        self.cell = nn.LSTMCell(d_embed + d, d_hidden)
        self.attention = make_score(score, d_hidden, d, d_attention)
        self.out = nn.Linear(d_hidden, n_target)

    def encode(self, source, mask):
        annotations, last = self.encoder(source, mask)
        h, c = self.start(last).chunk(2, -1)
        bias = torch.zeros(mask.shape).masked_fill(~mask, -1e9)[:, None]
        return (annotations, self.attention.keys(annotations), bias), (torch.tanh(h), c)

    def decode(self, memory, state, target_in, weights=None):
        annotations, keys, bias = memory
        outputs = []
        h, c = state
        embedded = self.embed(target_in)
        # the part of the gates that does not wait for the context, for all steps at once
        d_embed = embedded.shape[-1]
        W = self.cell.weight_ih
        gates_x = embedded @ W[:, :d_embed].T + self.cell.bias_ih + self.cell.bias_hh
        W_ch = torch.cat([W[:, d_embed:], self.cell.weight_hh], 1).T
        for t in range(target_in.shape[1]):
            a = torch.softmax(self.attention.scores(h[:, None], keys) + bias, -1)
            if weights is not None:
                weights.append(a[:, 0].detach())
            context = (a @ annotations)[:, 0]
            gates = gates_x[:, t] + torch.cat([context, h], 1) @ W_ch
            i, f, g, o = gates.chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return self.out(torch.stack(outputs, 1)), (h, c)

    def forward(self, batch):
        memory, state = self.encode(batch.source, batch.source_mask)
        return self.decode(memory, state, batch.target_in)[0]


class LuongStyle(nn.Module):
    """Attention after the decoder's step: all target steps at once (Luong et al. 2015)."""

    def __init__(
        self, n_source, n_target, d_embed=64, d_hidden=128, d_attention=64, score="additive"
    ):
        super().__init__()
        self.encoder = Encoder(n_source, d_embed, d_hidden // 2, bidirectional=True)
        d = self.encoder.d_out
        self.embed = nn.Embedding(n_target, d_embed)
        self.start = nn.Linear(d, 2 * d_hidden)
        self.rnn = nn.LSTM(d_embed, d_hidden, batch_first=True)
        self.attention = make_score(score, d_hidden, d, d_attention)
        self.mix = nn.Linear(d_hidden + d, d_hidden)
        self.out = nn.Linear(d_hidden, n_target)

    encode = Attentive.encode

    def decode(self, memory, state, target_in, weights=None):
        annotations, keys, bias = memory
        if state[0].dim() == 2:
            state = (state[0][None].contiguous(), state[1][None].contiguous())
        y, state = self.rnn(self.embed(target_in), state)
        a = torch.softmax(self.attention.scores(y, keys) + bias, -1)
        if weights is not None:
            weights.extend(a.detach().unbind(1))
        y = torch.tanh(self.mix(torch.cat([y, a @ annotations], -1)))
        return self.out(y), state

    forward = Attentive.forward


def make_score(score, d_query, d_key, d_attention):
    if score == "additive":
        return AdditiveAttention(d_query, d_key, d_attention)
    if score == "bilinear":
        return BilinearAttention(d_query, d_key, d_attention)
    return DotAttention(d_query, d_key, d_attention, scaled=score == "scaled dot")


def loss(model, batch):
    logits = model(batch)
    return nn.functional.cross_entropy(
        logits.flatten(0, 1), batch.target_out.flatten(), ignore_index=0
    )


@torch.no_grad()
def greedy(model, batch, bos=1, eos=2, limit=60):
    """Return a list of id lists, without the end marker."""
    memory, state = model.encode(batch.source, batch.source_mask)
    n = len(batch.source)
    token = torch.full((n, 1), bos)
    done = torch.zeros(n, dtype=torch.bool)
    out = []
    for _ in range(limit):
        logits, state = model.decode(memory, state, token)
        token = logits.argmax(-1)
        out.append(token)
        done |= token[:, 0] == eos
        if done.all():
            break
    rows = torch.cat(out, 1).tolist()
    return [row[: row.index(eos)] if eos in row else row for row in rows]


def count(model):
    return sum(p.numel() for p in model.parameters())
