import pytest
import torch
from moves import MOVES, moved, same_kind

from qkv.chapters.encodings import (
    GloVe,
    SkipGram,
    Vocabulary,
    analogy_scores,
    bag_of_words,
    nearest,
    negative_sampling_loss,
    one_hot,
    skipgram_pairs,
)
from qkv.errors import QkvError


@pytest.mark.parametrize("to", MOVES, ids=str)
def test_word_vectors_can_be_moved(to):
    center, context = moved(torch.tensor([1, 2]), to), moved(torch.tensor([[3, 4], [0, 1]]), to)
    scores = SkipGram(5, 4).to(to)(center, context)
    assert same_kind(negative_sampling_loss(scores), to)
    assert same_kind(GloVe(5, 4).to(to)(center, center), to)


def test_one_hot_vectors_stay_on_the_device_of_their_ids():
    ids = torch.empty(0, dtype=torch.long, device="meta")
    assert one_hot(ids, 3).is_meta
    assert bag_of_words(ids, 3).is_meta


def test_an_id_outside_the_vocabulary_is_refused():
    with pytest.raises(QkvError, match="ids from 1 to 3 do not fit vocab_size=3"):
        one_hot(torch.tensor([1, 3]), 3)


def test_a_string_is_no_list_of_words():
    known = Vocabulary(["the", "cat", "a"])
    with pytest.raises(QkvError, match="'the cat' is a string: give its tokens"):
        known.encode("the cat")
    assert known.encode(["the", "cat"]) == [known.ids["the"], known.ids["cat"]]


def test_a_string_is_a_list_of_characters():
    assert Vocabulary("abca", specials=()).encode("cab") == [2, 0, 1]
    assert Vocabulary("abca", specials=("<unk>",)).encode("ax") == [1, 0]


@pytest.mark.parametrize("k", [0, 3, 5])
def test_nearest_names_how_many_words_there_are(k):
    with pytest.raises(QkvError, match=f"k={k} of 2 words: choose 1 to 2"):
        nearest(torch.eye(3), torch.ones(3), k, exclude=[0, 0])
    assert len(nearest(torch.eye(3), torch.ones(3), 2, exclude=[0])[0]) == 2


@pytest.mark.parametrize("documents", [[], [torch.tensor([1])]])
def test_texts_without_a_pair_are_refused(documents):
    generator = torch.Generator().manual_seed(0)
    with pytest.raises(QkvError, match="within window=2: give longer texts"):
        skipgram_pairs(documents, 2, torch.ones(3), generator)


def test_an_analogy_is_scored_with_its_step_and_without_it():
    singular = torch.eye(4)[:3]
    plural = singular + 5 * torch.eye(4)[3]  # one step up for each
    alike = singular + 0.1 * torch.eye(4)[3]  # nearest to a singular, and no plural
    first, second = torch.arange(3), torch.arange(3, 6)
    only_the_step_finds_them = torch.cat([singular, plural, alike])
    assert analogy_scores(only_the_step_finds_them, first, second, top=1) == (1.0, 0.0)

    beside_their_singulars = torch.cat([singular, alike, -singular])
    assert analogy_scores(beside_their_singulars, first, second, top=1)[1] == 1.0
