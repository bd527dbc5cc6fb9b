"""Sentence pairs as padded batches of token ids, made in one place for every chapter.

A vocabulary here is any object with `encode(tokens) -> ids` that knows `PAD`, `BOS` and `EOS`;
`tokens_of` lists the tokens to build one from.
"""

import math
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

PAD, BOS, EOS = "<pad>", "<bos>", "<eos>"


class Batch(NamedTuple):
    """A batch of pairs as ids; `index` says which pairs of the data they are.

    source: (batch, source_time), ends with EOS, then PAD.
    source_mask: (batch, source_time), true where the token is real.
    target_in: (batch, target_time), starts with BOS: what the decoder reads.
    target_out: (batch, target_time), ends with EOS, then PAD: what it must say.
    target_mask: (batch, target_time), true where `target_out` is real.
    """

    source: Tensor
    source_mask: Tensor
    target_in: Tensor
    target_out: Tensor
    target_mask: Tensor
    index: list[int]


def tokens_of(sentences) -> list[str]:
    """Return the special tokens, then every token of the sentences: a vocabulary's raw material."""
    return [PAD, BOS, EOS, *(token for sentence in sentences for token in sentence)]


def padded(rows: Sequence[Sequence[int]], pad: int) -> tuple[Tensor, Tensor]:
    """Return the rows as one tensor (batch, time) filled with `pad`, and the mask of real ids."""
    lengths = torch.tensor([len(row) for row in rows])
    ids = torch.full((len(rows), int(lengths.max())), pad)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.as_tensor(row)
    return ids, torch.arange(ids.shape[1]) < lengths[:, None]


class Batches:
    """Batches of pairs of like length, in another order every epoch: `batches(epoch)`.

    Sentences are batched with neighbours in length, so that little time is spent on padding.
    `limits` starts with short sentences: the longest source in epoch 0, in epoch 1, and so on;
    later epochs take all. `reverse` turns the source around, as Sutskever et al. (2014) did.
    Iterating over the object goes through the pairs once, shortest first.
    """

    def __init__(
        self,
        pairs,
        source_vocabulary,
        target_vocabulary,
        batch_size=32,
        limits=(),
        reverse=False,
        seed=0,
    ):
        """Encode the pairs once; an empty list raises `ValueError`."""
        if not pairs:
            raise ValueError("pairs is empty: there is nothing to batch")
        self.pad = source_vocabulary.encode([PAD])[0], target_vocabulary.encode([PAD])[0]
        self.batch_size, self.limits, self.seed = batch_size, tuple(limits), seed
        self.source, self.target = [], []
        for pair in pairs:
            source = pair.source[::-1] if reverse else pair.source
            self.source.append(list(source_vocabulary.encode([*source, EOS])))
            self.target.append(list(target_vocabulary.encode([BOS, *pair.target, EOS])))

    def _batch(self, index):
        source, source_mask = padded([self.source[i] for i in index], self.pad[0])
        target, mask = padded([self.target[i] for i in index], self.pad[1])
        return Batch(source, source_mask, target[:, :-1], target[:, 1:], mask[:, 1:], index)

    def _cut(self, order):
        order = sorted(order, key=lambda i: (len(self.source[i]), len(self.target[i])))
        return [order[i : i + self.batch_size] for i in range(0, len(order), self.batch_size)]

    def __call__(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of one epoch: the pairs shuffled, then cut by length, then shuffled."""
        rng = random.Random(f"{self.seed} {epoch}")
        limit = self.limits[epoch] if epoch < len(self.limits) else math.inf
        # the end marker is no word of the sentence
        order = [i for i, source in enumerate(self.source) if len(source) - 1 <= limit]
        rng.shuffle(order)
        cuts = self._cut(order)
        rng.shuffle(cuts)
        for index in cuts:
            yield self._batch(index)

    def __iter__(self) -> Iterator[Batch]:
        """Yield every pair once, shortest first."""
        for index in self._cut(range(len(self.source))):
            yield self._batch(index)

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-len(self.source) // self.batch_size)
