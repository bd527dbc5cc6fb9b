"""Sentence pairs as padded batches of token ids, made in one place for every chapter.

A vocabulary here is any object with `encode(tokens) -> ids` that knows `PAD`, `BOS` and `EOS`;
`tokens_of` lists the tokens to build one from.
"""

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from qkv.errors import QkvError

PAD, BOS, EOS = "<pad>", "<bos>", "<eos>"


class Encoding(Protocol):
    """What a vocabulary must be able to do here."""

    def encode(self, tokens: Sequence[str], /) -> list[int]:
        """Return the ids of the tokens."""
        ...


class Sentences(Protocol):
    """What a pair must have here: a source and its target, as tokens."""

    @property
    def source(self) -> Sequence[str]:
        """The tokens that are read."""
        ...

    @property
    def target(self) -> Sequence[str]:
        """The tokens that are to be written."""
        ...


class Pair(NamedTuple):
    """A source sentence and its translation, both as tokens.

    `sure` and `possible` hold links (source position, target position); every sure link is also
    possible. A sure link joins words that translate each other, a possible one joins grammatical
    helpers such as *does*. `tags` names the constructions, `voice` the first clause's voice.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    sure: frozenset[tuple[int, int]]
    possible: frozenset[tuple[int, int]]
    tags: frozenset[str]
    voice: str
    combinations: frozenset[tuple[str, str]]


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
    index: list[int]  # type: ignore[assignment]  # hides tuple.index, which nobody needs here


def check_tokens(tokens: Sequence[str], name: str) -> None:
    """Raise `QkvError` for a string where a list of tokens belongs: its tokens would be letters."""
    if isinstance(tokens, str):
        raise QkvError(f"{name} is the string {tokens[:40]!r}: give its tokens as a list")


def tokens_of(sentences: Iterable[Sequence[str]]) -> list[str]:
    """Return the special tokens, then every token of the sentences: a vocabulary's raw material.

    Raises `QkvError` when a sentence is a string and not a list of tokens.
    """
    tokens = [PAD, BOS, EOS]
    for sentence in [sentences] if isinstance(sentences, str) else sentences:
        check_tokens(sentence, "a sentence")
        tokens += sentence
    return tokens


def padded(rows: Sequence[Sequence[int]], pad: int) -> tuple[Tensor, Tensor]:
    """Return the rows as one tensor (batch, time) filled with `pad`, and the mask of real ids.

    Raises `QkvError` without a row, and for a row that holds anything but ids.
    """
    if not len(rows):
        raise QkvError("rows is empty: give at least one row of ids")
    lengths = torch.tensor([len(row) for row in rows])
    ids = torch.full((len(rows), int(lengths.max())), pad)
    for i, row in enumerate(rows):
        try:
            ids[i, : len(row)] = torch.as_tensor(row)
        except (TypeError, ValueError, RuntimeError) as error:
            raise QkvError(f"row {i} is {row!r:.60}: give ids, as a vocabulary encodes") from error
    return ids, torch.arange(ids.shape[1]) < lengths[:, None]


def check_mask(mask: Tensor, shape: Sequence[int]) -> None:
    """Raise `QkvError` unless the mask holds booleans and broadcasts to this shape.

    Numbers are refused: PyTorch adds them to the scores, which hides other places than meant.
    """
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
        what = mask.dtype if isinstance(mask, Tensor) else type(mask).__name__
        raise QkvError(f"the mask is of {what}: give a tensor of booleans, true where to look")
    sizes = zip(reversed(mask.shape), reversed(shape), strict=False)
    if mask.dim() > len(shape) or any(size not in (1, whole) for size, whole in sizes):
        raise QkvError(
            f"a mask of shape {tuple(mask.shape)} does not fit {tuple(shape)}: "
            "give one that broadcasts to it"
        )


def empty_rows(mask: Tensor) -> Tensor | None:
    """Return (…, 1), true for each query that may look nowhere; None if there is none.

    On the device "meta", which has no values, there is none.
    """
    empty = ~mask.any(-1, keepdim=True)
    return None if empty.is_meta or not empty.any() else empty


def check_padding(ids: Tensor, mask: Tensor) -> None:
    """Raise `QkvError` unless the mask says of each id whether it is real: tokens, then padding.

    ids, mask: (batch, time). Each row has at least one token. On the device "meta", which has no
    values, only the type and the shape are checked.
    """
    check_mask(mask, ids.shape)
    if ids.dim() != 2 or mask.shape != ids.shape or not ids.numel():
        raise QkvError(
            f"ids of shape {tuple(ids.shape)} and a mask of shape {tuple(mask.shape)}: give both "
            "as (batch, time), with at least one row and one token"
        )
    if mask.is_meta:
        return
    good = mask[:, 0] & (mask[:, 1:] <= mask[:, :-1]).all(1)
    if not good.all():
        row = int(good.long().argmin())
        raise QkvError(
            f"row {row} of the mask has padding before a token, or no token: give the tokens "
            "first (an empty sentence has its end marker), then padding"
        )


def has_padding(ids: Tensor, mask: Tensor) -> bool:
    """Say whether there is padding among the ids; raise as `check_padding` does."""
    check_padding(ids, mask)
    return not mask.is_meta and not bool(mask.all())


class Batches:
    """Batches of pairs of like length, in another order every epoch: `batches(epoch)`.

    Sentences are batched with neighbours in length, so that little time is spent on padding.
    `limits` starts with short sentences: the longest source in epoch 0, in epoch 1, and so on;
    later epochs take all. `reverse` turns the source around, as Sutskever et al. (2014) did.
    Iterating over the object goes through the pairs once, shortest first.
    """

    def __init__(
        self,
        pairs: Sequence[Sentences],
        source_vocabulary: Encoding,
        target_vocabulary: Encoding,
        batch_size: int = 32,
        limits: Sequence[int] = (),
        reverse: bool = False,
        seed: int = 0,
    ):
        """Encode the pairs once.

        Raises `QkvError` without pairs, for a sentence that is a string, and for a batch size
        below 1.
        """
        if not pairs:
            raise QkvError("pairs is empty: there is nothing to batch")
        if batch_size < 1:
            raise QkvError(f"batch_size={batch_size}: a batch needs at least 1 pair")
        self.pad = source_vocabulary.encode([PAD])[0], target_vocabulary.encode([PAD])[0]
        self.batch_size, self.limits, self.seed = batch_size, tuple(limits), seed
        self.source: list[list[int]] = []
        self.target: list[list[int]] = []
        for i, pair in enumerate(pairs):
            check_tokens(pair.source, f"the source of pair {i}")
            check_tokens(pair.target, f"the target of pair {i}")
            source = pair.source[::-1] if reverse else pair.source
            self.source.append(list(source_vocabulary.encode([*source, EOS])))
            self.target.append(list(target_vocabulary.encode([BOS, *pair.target, EOS])))

    def _batch(self, index: list[int]) -> Batch:
        source, source_mask = padded([self.source[i] for i in index], self.pad[0])
        target, mask = padded([self.target[i] for i in index], self.pad[1])
        return Batch(source, source_mask, target[:, :-1], target[:, 1:], mask[:, 1:], index)

    def _cut(self, order: Iterable[int]) -> list[list[int]]:
        order = sorted(order, key=lambda i: (len(self.source[i]), len(self.target[i])))
        return [order[i : i + self.batch_size] for i in range(0, len(order), self.batch_size)]

    def __call__(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of one epoch: the pairs shuffled, then cut by length, then shuffled."""
        rng = random.Random(f"{self.seed} {epoch}")
        limit: float = self.limits[epoch] if epoch < len(self.limits) else math.inf
        # the end marker is no word of the sentence
        order = [i for i, source in enumerate(self.source) if len(source) - 1 <= limit]
        if not order:
            shortest = min(map(len, self.source)) - 1
            raise QkvError(
                f"limits[{epoch}]={limit} leaves out every source: choose at least {shortest}, the "
                "length of the shortest"
            )
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
