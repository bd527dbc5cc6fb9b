import random

import pytest
import torch

from qkv.data.dates import DatePair as Words
from qkv.data.pairs import (
    BOS,
    EOS,
    PAD,
    Batches,
    check_mask,
    check_padding,
    empty_rows,
    has_padding,
    padded,
    tokens_of,
)
from qkv.errors import QkvError


class Ids:
    """A vocabulary of the tokens in order of appearance."""

    def __init__(self, tokens):
        self.tokens = list(dict.fromkeys(tokens))

    def encode(self, tokens):
        return [self.tokens.index(token) for token in tokens]


@pytest.fixture
def data():
    rng = random.Random(0)
    pairs = [
        Words(tuple("abc"[i % 3] for i in range(n)), ("x",) * rng.randint(1, 9))
        for n in range(1, 61)
    ]
    vocabularies = Ids(tokens_of(p.source for p in pairs)), Ids(tokens_of(p.target for p in pairs))
    return pairs, vocabularies


def test_rows_are_filled_up_and_the_mask_says_where():
    ids, mask = padded([[5, 6], [7]], 9)
    assert ids.tolist() == [[5, 6], [7, 9]]
    assert mask.tolist() == [[True, True], [True, False]]


def test_the_decoder_reads_what_it_said_one_step_before(data):
    pairs, (source, target) = data
    batch = next(iter(Batches(pairs, source, target, batch_size=4)))
    assert torch.equal(batch.target_in[:, 1:], batch.target_out[:, :-1])
    assert (batch.target_in[:, 0] == target.encode([BOS])[0]).all()
    last = batch.target_mask.sum(1) - 1
    ends = batch.target_out[torch.arange(4), last]
    assert (ends == target.encode([EOS])[0]).all()
    assert (batch.target_out[~batch.target_mask] == target.encode([PAD])[0]).all()


def test_a_row_is_its_pair_and_an_end_marker(data):
    pairs, (source, target) = data
    for batch in Batches(pairs, source, target, batch_size=7)(0):
        for row, mask, i in zip(batch.source, batch.source_mask, batch.index, strict=True):
            assert row[mask].tolist() == source.encode([*pairs[i].source, EOS])


def test_every_pair_comes_once_an_epoch_and_in_another_order_each_time(data):
    pairs, vocabularies = data
    batches = Batches(pairs, *vocabularies, batch_size=7)
    epochs = [[i for batch in batches(epoch) for i in batch.index] for epoch in (0, 1, 0)]
    assert all(sorted(epoch) == list(range(60)) for epoch in epochs)
    assert epochs[0] == epochs[2] != epochs[1]
    assert len(list(batches)) == len(batches) == 9


def test_another_seed_gives_another_order(data):
    pairs, vocabularies = data
    first = [b.index for b in Batches(pairs, *vocabularies, 7, seed=0)(0)]
    assert first != [b.index for b in Batches(pairs, *vocabularies, 7, seed=1)(0)]


def test_neighbours_in_length_share_a_batch(data):
    pairs, vocabularies = data
    for batch in Batches(pairs, *vocabularies, batch_size=6)(3):
        lengths = [len(pairs[i].source) for i in batch.index]
        assert max(lengths) - min(lengths) <= 5


def test_the_first_epochs_may_be_limited_to_short_sentences(data):
    pairs, vocabularies = data
    batches = Batches(pairs, *vocabularies, limits=(10, 20))
    longest = [
        max(len(pairs[i].source) for b in batches(epoch) for i in b.index) for epoch in range(3)
    ]
    assert longest == [10, 20, 60]


def test_the_source_can_be_turned_around_and_the_end_marker_stays_last(data):
    pairs, (source, target) = data
    batch = next(iter(Batches(pairs[5:], source, target, batch_size=1, reverse=True)))
    assert batch.source[0].tolist() == source.encode([*reversed(pairs[5].source), EOS])


def test_no_pairs_are_an_error():
    with pytest.raises(ValueError, match="nothing to batch"):
        Batches([], None, None)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "rows is empty: give at least one row"),
        (["ab"], "row 0 is 'ab': give ids"),
        ([[1, 2], ["a"]], r"row 1 is \['a'\]: give ids"),
    ],
)
def test_rows_that_are_no_ids_are_refused(rows, message):
    with pytest.raises(QkvError, match=message):
        padded(rows, 0)


def test_strings_where_sentences_belong_are_refused(data):
    _, vocabularies = data
    for sentences in ("the cat", ["the cat"]):
        with pytest.raises(QkvError, match="a sentence is the string 'the cat': give its tokens"):
            tokens_of(sentences)
    with pytest.raises(QkvError, match="the source of pair 1 is the string 'a b'"):
        Batches([Words(("a",), ("x",)), Words("a b", ("x",))], *vocabularies)
    with pytest.raises(QkvError, match="the target of pair 0 is the string 'x'"):
        Batches([Words(("a",), "x")], *vocabularies)


def test_a_batch_of_no_pair_and_an_epoch_of_no_sentence_are_refused(data):
    pairs, vocabularies = data
    with pytest.raises(QkvError, match="batch_size=0"):
        Batches(pairs, *vocabularies, batch_size=0)
    batches = Batches(pairs[4:], *vocabularies, limits=(4, 60))
    with pytest.raises(QkvError, match=r"limits\[0\]=4 .* choose at least 5"):
        next(batches(0))
    assert len(list(batches(1))) > 0


def test_a_mask_is_of_booleans_and_broadcasts():
    mask = torch.ones(2, 1, 3, dtype=torch.bool)
    check_mask(mask, (2, 5, 3))
    check_mask(mask[0, 0], (2, 5, 3))
    for wrong in (mask.float(), mask.long(), [True], None):
        with pytest.raises(QkvError, match=r"the mask is of .*: give a tensor of booleans"):
            check_mask(wrong, (2, 5, 3))
    for shape in ((2, 5, 4), (3, 5, 3), (2, 3)):
        with pytest.raises(QkvError, match="does not fit"):
            check_mask(mask, shape)


def test_padding_stands_after_the_tokens():
    ids, mask = padded([[5, 6], [7]], 0)
    assert has_padding(ids, mask)
    assert not has_padding(ids[:, :1], mask[:, :1])
    assert not has_padding(ids.to("meta"), mask.to("meta"))  # its values are nowhere
    for wrong in (mask.flip(1), ~mask):
        with pytest.raises(QkvError, match="padding before a token, or no token"):
            check_padding(ids, wrong)


def test_empty_rows_are_those_without_a_place_to_look_at():
    mask = torch.tensor([[True, False], [False, False]])
    assert empty_rows(mask).tolist() == [[False], [True]]
    assert empty_rows(mask[:1]) is None
    assert empty_rows(mask.to("meta")) is None
