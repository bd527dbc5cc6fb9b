import math
import random

import pytest
import sacrebleu

from qkv.errors import QkvError
from qkv.metrics import alignment_error_rate, bleu, by_length, exact_match


def sacre(hypotheses, references):
    texts = [" ".join(h) for h in hypotheses], [[" ".join(r) for r in references]]
    return sacrebleu.corpus_bleu(*texts, tokenize="none", force=True).score


@pytest.mark.parametrize("seed", range(8))
def test_bleu_is_what_sacrebleu_says(seed):
    rng = random.Random(seed)
    references = [[rng.choice("abcdef") for _ in range(rng.randint(3, 15))] for _ in range(20)]
    hypotheses = [
        [t if rng.random() < 0.7 else "x" for t in r][: rng.randint(2, 15)] for r in references
    ]
    assert bleu(hypotheses, references) == pytest.approx(sacre(hypotheses, references), abs=1e-9)


def test_bleu_smooths_missing_ngrams_as_sacrebleu_does():
    hypotheses, references = [list("abxcdxefx")], [list("abycdyefy")]
    assert 0 < bleu(hypotheses, references) == pytest.approx(sacre(hypotheses, references))


def test_bleu_of_a_perfect_translation_is_100_and_of_a_silent_one_0():
    references = [list("abcde")]
    assert bleu(references, references) == pytest.approx(100)
    assert bleu([[]], references) == 0
    assert bleu([list("vwxyz")], references) == 0


def test_short_translations_are_penalised():
    reference = [list("abcdefgh")]
    assert bleu([list("abcdef")], reference) < bleu([list("abcdefgx")], reference)


def test_exact_match_counts_whole_sentences_in_order():
    assert exact_match([["a", "b"], ["b", "a"], ("c",)], [["a", "b"], ["a", "b"], ["c"]]) == 2 / 3


def test_scores_by_length_look_at_the_source_and_name_empty_bands():
    sources = [["x"] * 3, ["x"] * 6, ["x"] * 7]
    bands = by_length(exact_match, sources, [["a"], ["b"], ["c"]], [["a"], ["a"], ["c"]])
    assert [(b.low, b.high, b.n, b.score) for b in bands[:2]] == [(3, 6, 2, 0.5), (7, 12, 1, 1.0)]
    assert bands[2].n == 0
    assert math.isnan(bands[2].score)


def test_alignment_error_rate_forgives_possible_links_only():
    sure, possible = [{(0, 0), (1, 1)}], [{(0, 0), (1, 1), (1, 2)}]
    assert alignment_error_rate([{(0, 0), (1, 1)}], sure, possible) == 0
    assert alignment_error_rate([{(0, 0), (1, 1), (1, 2)}], sure, possible) == 0
    assert alignment_error_rate([{(0, 0), (1, 1), (2, 2)}], sure, possible) == pytest.approx(1 / 5)
    assert alignment_error_rate([{(0, 0)}], sure, possible) == pytest.approx(1 / 3)


def test_lists_of_different_lengths_are_an_error():
    with pytest.raises(ValueError, match="1 sentences against 2"):
        bleu([["a"]], [["a"], ["b"]])
    with pytest.raises(ValueError, match="not empty"):
        exact_match([], [])


@pytest.mark.parametrize("score", [bleu, exact_match, lambda h, r: by_length(bleu, h, h, r)])
def test_strings_where_tokens_belong_are_refused(score):
    for hypotheses, references in ((["le chat"], [["le"]]), ([["le"]], ["le chat"])):
        with pytest.raises(QkvError, match="a sentence is the string 'le chat': give its tokens"):
            score(hypotheses, references)
    with pytest.raises(QkvError, match="a sentence is the string 'le chat'"):
        score("le chat", "le chat")


def test_without_a_link_there_is_no_alignment_error_rate():
    with pytest.raises(QkvError, match="no link in any sentence"):
        alignment_error_rate([set(), []], [set(), ()], [{(0, 0)}, set()])
