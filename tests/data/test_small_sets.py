import pytest

from qkv.data import apples, manual


def test_the_manual_holds_hundreds_of_thousands_of_characters_of_prose():
    assert 300_000 < len(manual.text()) < 600_000
    assert len(manual.topics()) > 60


def test_no_long_paragraph_of_the_manual_stands_twice():
    paragraphs = [" ".join(p.split()) for p in manual.text().split("\n\n")]
    long = [p for p in paragraphs if len(p) >= 60]
    assert len(long) == len(set(long))


def test_one_topic_of_the_manual_can_be_read_alone():
    assert "assert_stmt" in manual.text("assert")
    assert manual.text("assert") in manual.text()


def test_a_topic_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(ValueError, match=r"topic='asert' .* assert, "):
        manual.text("asert")


def test_half_of_the_apple_sentences_are_of_each_sense():
    senses = [sense for _, sense in apples.sentences(200)]
    assert senses.count("fruit") == senses.count("company") == 100


def test_apple_is_in_sentences_of_both_senses_and_no_other_topic_word_is():
    by_sense = {s: set() for s in apples.SENSES}
    for words, sense in apples.sentences(2000):
        by_sense[sense].update(words)
    both = by_sense["fruit"] & by_sense["company"]
    assert "apple" in both
    assert both <= {"apple", "was", "and", "the", "in", "its", "after", "of"}


def test_apple_sentences_follow_the_seed():
    assert apples.sentences(50, seed=1) == apples.sentences(50, seed=1)
    assert apples.sentences(50, seed=1) != apples.sentences(50, seed=2)


@pytest.mark.parametrize("n", [0, -2, 7])
def test_a_wrong_number_of_sentences_is_refused(n):
    with pytest.raises(ValueError, match=f"n={n} must be a positive even number"):
        apples.sentences(n)
