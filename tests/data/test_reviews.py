import random

import pytest

from qkv.data import reviews
from qkv.data.reviews import Opinion, Review, random_review, verdict
from qkv.errors import QkvError


@pytest.fixture(scope="module")
def some():
    return reviews.load(n_train=1_500, n_valid=100, n_test=400, noise=False, seed=5)


@pytest.fixture(scope="module")
def ironic():
    return reviews.load(n_train=0, n_valid=0, n_test=300, noise=False, irony=1.0, seed=5).test


def decide(review, opinion):
    return " ".join(review.words[i] for i in opinion.at)


def test_no_text_stands_twice_and_the_sizes_are_those_asked_for():
    splits = reviews.load(n_train=700, n_valid=50, n_test=120)
    texts = [review.words for part in splits for review in part]
    assert [len(part) for part in splits] == [700, 50, 120]
    assert len(set(texts)) == len(texts)


def test_the_same_seed_makes_the_same_reviews_and_another_does_not():
    one, again, other = (reviews.load(n_train=20, n_valid=1, n_test=1, seed=s) for s in (1, 1, 2))
    assert one == again
    assert one != other


@pytest.mark.parametrize("product", reviews.PRODUCTS)
def test_each_aspect_is_named_once_and_by_a_name_of_its_own(product):
    rng = random.Random(3)
    for _ in range(200):
        review = random_review(rng, product, noise=False)
        aspects = [opinion.aspect for opinion in review.opinions]
        assert len(set(aspects)) == len(aspects)
        assert 2 <= sum(opinion.value != 0 for opinion in review.opinions) <= 4
        for aspect in aspects:
            assert any(name in review.text for name in reviews.NAMES[product][aspect]), review


def test_the_deciding_words_say_what_the_opinion_says(some):
    seen = set()
    for review in some.train:
        for opinion in review.opinions:
            said = decide(review, opinion)
            if opinion.way == "neutral":
                assert (opinion.at, opinion.value) == ((), 0)
                continue
            seen.add(opinion.way)
            good, bad = reviews.GOOD["phone"], reviews.BAD["phone"]
            own = reviews.OWN[opinion.aspect]
            word, value = said.split()[-1], opinion.value
            if opinion.way in ("plain", "expectation"):
                assert word in ((*good, *own[0]) if value > 0 else (*bad, *own[1])), review
            elif opinion.way == "negation":
                assert said.split()[0] in ("not", "never", "nobody")
                assert word in ((*bad, *own[1]) if value > 0 else (*good, *own[0])), review
            elif opinion.way == "fact":
                assert said in reviews.FACTS["phone"][opinion.aspect][value < 0]
    assert {"plain", "negation", "expectation", "fact"} <= seen


def test_irony_begins_as_praise_does_and_its_end_decides(ironic):
    ways = {"irony": 0, "praise": 0}
    for review in ironic:
        for opinion in review.opinions:
            if opinion.way == "neutral":
                continue
            ways[opinion.way] += 1
            assert opinion.value == (1 if opinion.way == "praise" else -1)
            assert decide(review, opinion) in reviews.AFTERWARDS[opinion.value < 0]
            before = review.words[: opinion.at[0]]
            assert set(before) & set(reviews.GOOD["phone"]), f"no praise before {review}"
    assert abs(ways["irony"] / sum(ways.values()) - 0.5) < 0.06


def test_some_words_are_good_of_one_aspect_and_bad_of_another():
    good = {(word, aspect) for aspect, (words, _) in reviews.OWN.items() for word in words}
    bad = {(word, aspect) for aspect, (_, words) in reviews.OWN.items() for word in words}
    both = {word for word, _ in good} & {word for word, _ in bad}
    assert {"low", "long", "big", "small", "short"} <= both
    assert not good & bad


@pytest.mark.parametrize(
    ("values", "expected"),
    [((1,), 1), ((1, -1), -1), ((-1, 1), 1), ((1, 1, -1), 1), ((1, 0, -1, 0), -1)],
)
def test_the_verdict_is_the_sum_and_on_a_tie_the_last(values, expected):
    opinions = [Opinion("price", value, "plain", ()) for value in values]
    assert verdict(opinions) == expected


def test_one_writer_in_twenty_clicks_wrongly(some):
    everything = [*some.train, *some.test]
    wrong = sum(review.overall != verdict(review.opinions) for review in everything)
    assert abs(wrong / len(everything) - reviews.MISCLICK) < 0.02


def test_noise_changes_words_and_nothing_that_is_true():
    noisy = reviews.load(n_train=600, n_valid=1, n_test=1).train
    known = {word for r in reviews.load(n_train=2_000, noise=False).train for word in r.words}
    strange = [w for r in noisy for w in r.words if w not in known and w not in "honestly well tbh"]
    assert 0.01 < len(strange) / sum(len(r.words) for r in noisy) < 0.04
    for review in noisy:
        for opinion in review.opinions:
            assert all(0 <= i < len(review.words) for i in opinion.at)
            if opinion.value:
                assert opinion.at


def test_a_laptop_has_words_that_no_phone_has(some):
    phones = {word for review in some.train for word in review.words}
    laptops = reviews.load("laptop", 0, 0, 300, noise=False).test
    words = [word for review in laptops for word in review.words]
    strange = sum(word not in phones for word in words) / len(words)
    assert 0.05 < strange < 0.3, f"{strange:.2f} of the words are new"


def test_an_aspect_without_opinion_has_the_value_0():
    review = Review("phone", ("a",), (Opinion("price", -1, "plain", (0,)),), -1)
    assert (review.value("price"), review.value("sound")) == (-1, 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: random_review(random.Random(0), "car"), "'car' is no product"),
        (lambda: reviews.load(n_train=-1), "sizes"),
        (lambda: reviews.load(n_train=0, n_valid=0, n_test=0), "at least one"),
        (lambda: verdict([Opinion("price", 0, "neutral", ())]), "no verdict"),
    ],
)
def test_what_cannot_be_made_is_said(call, message):
    with pytest.raises(QkvError, match=message):
        call()
