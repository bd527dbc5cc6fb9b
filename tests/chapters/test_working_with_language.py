import math

import pytest
import torch
from moves import MOVES, moved, same_kind

from qkv.chapters.encodings import Vocabulary
from qkv.chapters.seq2seq import count_parameters
from qkv.chapters.working_with_language import (
    HOLD,
    PAD,
    QUESTIONS,
    SLICE,
    UNK,
    AttentionPooling,
    Summed,
    Texts,
    a_year,
    answers_of,
    batches_of,
    belongs,
    best_rule,
    best_temperature,
    calibration,
    calibration_error,
    frequent,
    held,
    hits,
    judge,
    judged,
    lead,
    looked_at,
    omitted_and_wrong,
    picked,
    profits,
    random_rules,
    read_reviews,
    read_texts,
    right_about,
    right_by_way,
    rouge,
    said_by_day,
    softened,
    trades_to_tell,
    train_judge,
    vocabulary_of,
    without_each,
    worth_of_a_forecast,
)
from qkv.data import headlines, records, reviews
from qkv.data.records import Fact, Record, Sentence
from qkv.data.reviews import ASPECTS, Opinion, Review
from qkv.errors import QkvError

KINDS = (
    "bag of words",
    "words, attention",
    "LSTM, attention",
    "transformer, plain start",
    "transformer, attention",
)


def tiny(kind="transformer, attention", vocab_size=20, n_questions=3):
    torch.manual_seed(0)
    return judge(kind, vocab_size, n_questions).eval()


def texts_of(n=6, time=7, n_questions=3):
    torch.manual_seed(1)
    lengths = torch.randint(2, time + 1, (n,))
    ids = torch.randint(2, 20, (n, time))
    mask = torch.arange(time) < lengths[:, None]
    return Texts(ids * mask, mask, torch.randint(0, 3, (n, n_questions)))


@pytest.mark.parametrize("kind", KINDS)
def test_padding_changes_no_answer(kind):
    model, texts = tiny(kind), texts_of()
    with torch.no_grad():
        whole = model(texts.ids, texts.mask)
        for i, n in enumerate(texts.mask.sum(1)):
            alone = model(texts.ids[i : i + 1, :n], texts.mask[i : i + 1, :n])
            assert torch.allclose(whole[i], alone[0], atol=1e-5), i


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("to", MOVES, ids=str)
def test_judges_can_be_moved(kind, to):
    texts = texts_of()
    model = tiny(kind).to(to)
    scores = model(moved(texts.ids, to), moved(texts.mask, to))
    assert scores.shape == (6, 3, 3)
    assert same_kind(scores, to)


def test_all_kinds_have_about_as_many_parameters_at_the_chapter_s_vocabulary():
    sizes = {kind: count_parameters(judge(kind, 434)) for kind in KINDS}
    assert max(sizes.values()) < 1.15 * min(sizes.values()), sizes


def test_only_the_transformer_and_the_lstm_read_order():
    ids = torch.tensor([[3, 4, 5, 6]])
    mask = torch.ones(1, 4, dtype=torch.bool)
    for kind in KINDS:
        model = tiny(kind)
        with torch.no_grad():
            same = torch.allclose(model(ids, mask), model(ids.flip(1), mask), atol=1e-5)
        assert same == (kind in ("bag of words", "words, attention")), kind


def test_words_look_at_their_neighbours_first_unless_the_start_is_plain():
    x = torch.randn(1, 21, 32, generator=torch.Generator().manual_seed(2))
    shares = {}
    for kind in ("transformer, plain start", "transformer, attention"):
        weights = tiny(kind).reader.blocks[0].attention.weights(x, x)[0].mean(0)
        shares[kind] = weights[10, 8:13].sum().item()
        assert (weights[10, 10] > weights[10, [2, 18]]).all() == (kind == "transformer, attention")
    assert shares["transformer, plain start"] < 0.35 < 0.6 < shares["transformer, attention"]


def test_each_question_looks_with_weights_that_sum_to_one_over_real_words():
    pooling, texts = AttentionPooling(4, 8), texts_of()
    weights = pooling.weights(torch.randn(6, 7, 8), texts.mask)
    assert weights.shape == (6, 4, 7)
    assert torch.allclose(weights.sum(-1), torch.ones(6, 4))
    assert (weights * ~texts.mask[:, None]).eq(0).all()


def test_attention_pooling_is_pytorch_s():
    pooling, x = AttentionPooling(4, 8), torch.randn(6, 7, 8)
    mask = texts_of().mask
    theirs = torch.nn.functional.scaled_dot_product_attention(
        pooling.query.expand(6, 4, 8),
        pooling.to_key(x),
        pooling.to_value(x),
        attn_mask=mask[:, None],
    )
    assert torch.allclose(pooling(x, mask), theirs, atol=1e-6)


def test_the_sum_does_not_grow_with_the_text_s_length_squared():
    summed, x = Summed(2, 3), torch.ones(2, 4, 3)
    mask = torch.tensor([[True, False, False, False], [True] * 4])
    assert torch.allclose(summed.pool(x, mask), torch.tensor([[1.0] * 3, [2.0] * 3]))


def review(words, *opinions, overall=1):
    return Review("phone", tuple(words.split()), tuple(opinions), overall)


def test_answers_follow_the_questions():
    said = review("x", Opinion("screen", -1, "plain", ()), Opinion("price", 1, "plain", ()))
    answers = dict(zip(QUESTIONS, answers_of(said), strict=True))
    assert answers == {a: 1 for a in ASPECTS} | {"screen": 0, "price": 2, "overall": 2}


def test_rare_words_are_unknown_and_padding_has_an_id_of_its_own():
    vocabulary = vocabulary_of([["a", "b"], ["a", "b"], ["a", "c"]])
    assert vocabulary.tokens == [PAD, UNK, "a"]
    texts = read_texts(vocabulary, [["a"], ["a", "c"]], [[0], [2]])
    assert texts.ids.tolist() == [[2, 0], [2, 1]]
    assert texts.answers.tolist() == [[0], [2]]
    with pytest.raises(QkvError, match="2 texts and 1 answers"):
        read_texts(vocabulary, [["a"], ["a"]], [[0]])


def test_an_epoch_has_every_text_once_in_an_order_of_its_own():
    texts = texts_of(n=70)
    epoch = batches_of(texts, seed=1, size=8)
    first, second = (list(epoch(number)) for number in (0, 1))
    for batches in (first, second):
        rows = [
            tuple(row[m].tolist()) for b in batches for row, m in zip(b.ids, b.mask, strict=True)
        ]
        there = [tuple(row[m].tolist()) for row, m in zip(texts.ids, texts.mask, strict=True)]
        assert sorted(rows) == sorted(there)
        assert all(b.mask.any(0).all() for b in batches), "a batch has a column of padding"
    assert any(
        a.ids.shape != b.ids.shape or not torch.equal(a.ids, b.ids)
        for a, b in zip(first, second, strict=True)
    )
    assert torch.equal(first[0].ids, next(iter(epoch(0))).ids)


def test_a_trained_judge_reads_negation_and_a_bag_cannot():
    made = [
        review(f"the {n} is {w}") for n in "abcd" for w in ("good", "bad", "not good", "not bad")
    ]
    made = [
        r._replace(
            opinions=(
                Opinion("price", (-1) ** (("bad" in r.words) + ("not" in r.words)), "plain", ()),
            )
        )
        for r in made
    ]
    other = [review("never mind ."), review("so it is .")]
    vocabulary = Vocabulary((w for r in made + other for w in r.words), specials=(PAD, UNK))
    texts = read_reviews(vocabulary, made)
    price = QUESTIONS.index("price")

    def right(kind):
        torch.manual_seed(0)
        model = judge(kind, len(vocabulary))
        train_judge(model, texts, seed=0, steps=120)
        return judged(model, texts)[:, price].argmax(-1).eq(texts.answers[:, price]).float().mean()

    assert right("transformer, attention") == 1
    assert right("words, attention") < 1


def test_shares_are_counted_by_way():
    said = [
        review("a", Opinion("price", 1, "plain", ()), Opinion("sound", -1, "irony", ())),
        review(
            "b", Opinion("price", -1, "plain", ()), Opinion("screen", 0, "neutral", ()), overall=-1
        ),
    ]
    shares = torch.zeros(2, 7, 3)
    shares[:, :, 1] = 1
    shares[0, QUESTIONS.index("price")] = torch.tensor([0, 0, 2.0])
    shares[1, QUESTIONS.index("overall")] = torch.tensor([2.0, 0, 0])
    assert right_by_way(said, shares) == {"plain": (1, 2), "irony": (0, 1), "neutral": (1, 1)}
    about = right_about(said, shares)
    assert about == {"said": pytest.approx(1 / 3), "review": 0, "overall": 0.5}


def test_a_word_s_worth_is_what_the_answer_loses_without_it():
    model, ids = tiny(), torch.tensor([3, 4, 5, 6])
    worth = without_each(model, ids, 1)

    def ones(n):
        return torch.ones(1, n, dtype=torch.bool)

    with torch.no_grad():
        whole = model(ids[None], ones(4))[0, 1].log_softmax(-1)
        left = model(ids[None, [0, 1, 3]], ones(3))[0, 1].log_softmax(-1)
    best = whole.argmax()
    assert worth.shape == (4,)
    assert worth[2] == pytest.approx((whole[best] - left[best]).item(), abs=1e-5)
    with pytest.raises(QkvError, match="two or more"):
        without_each(model, ids[:1], 0)


def test_where_it_looks_is_what_the_pooling_used():
    model, ids = tiny(), torch.tensor([3, 4, 5, 6])
    look = looked_at(model, ids, 2)
    assert look.shape == (4,)
    assert look.sum() == pytest.approx(1)
    with torch.no_grad():
        x = model.reader(ids[None], torch.ones(1, 4, dtype=torch.bool))
        found = look @ model.pooling.to_value(x)[0]
        scores = found @ model.weight[2].T + model.bias[2]
        expected = model(ids[None], torch.ones(1, 4, dtype=torch.bool))[0, 2]
    assert torch.allclose(scores, expected, atol=1e-5)


def test_hits_counts_only_what_is_read_rightly_and_chance_is_the_share_of_deciding_words():
    made = reviews.load(n_train=0, n_valid=0, n_test=80, noise=False).test
    vocabulary = vocabulary_of([r.words for r in made])
    found = hits(tiny(vocab_size=len(vocabulary), n_questions=7), vocabulary, made, n=10_000)
    assert set(found) == {"attention", "removal", "chance", "flips", "negation"}
    assert 0.02 < found["chance"] < 0.25
    assert all(0 <= value <= 1 for value in found.values())


def test_calibration_of_answers_that_are_right_as_often_as_they_say():
    sure = torch.tensor([[0.75, 0.25, 0.0]]).repeat(8, 1)
    answers = torch.tensor([0, 0, 0, 1, 0, 0, 0, 1])
    assert calibration(sure, answers) == [(pytest.approx(0.75), 0.75, 8)]
    assert calibration_error(sure, answers) == pytest.approx(0, abs=1e-6)
    assert calibration_error(sure, torch.zeros(8, dtype=torch.long)) == pytest.approx(0.25)


def test_a_sure_answer_stays_in_the_last_bin():
    rows = calibration(torch.tensor([[1.0, 0.0], [0.55, 0.45]]), torch.tensor([0, 1]))
    assert [(right, n) for _, right, n in rows] == [(0.0, 1), (1.0, 1)]


def test_the_best_temperature_undoes_what_was_sharpened():
    torch.manual_seed(0)
    honest = torch.randn(4_000, 3).softmax(-1)
    answers = torch.multinomial(honest, 1)[:, 0]
    sharp = softened(honest, 0.5)
    assert best_temperature(sharp, answers) == pytest.approx(2, rel=0.15)
    assert calibration_error(softened(sharp, 2), answers) < calibration_error(sharp, answers) / 2
    assert torch.allclose(softened(honest, 1), honest, atol=1e-5)


def test_no_judge_of_another_kind():
    with pytest.raises(QkvError, match="'parrot'"):
        judge("parrot", 10)


def test_what_is_said_is_held_from_the_next_day_on_for_three_days():
    said = torch.zeros(7, headlines.N_COMPANIES)
    said[1, 4], said[2, 4] = 1, -1
    assert (held(said)[:, 4] / SLICE).tolist() == [0, 0, 1, 0, 0, -1, 0]
    assert (held(said, lag=0)[:, 4] / SLICE).tolist() == [0, 1, 0, 0, -1, 0, 0]
    assert HOLD == 3
    with pytest.raises(QkvError, match="lag=-1"):
        held(said, lag=-1)


def test_an_honest_book_knows_nothing_of_the_future():
    torch.manual_seed(0)
    said = torch.randint(-1, 2, (30, headlines.N_COMPANIES)).float()
    other = said.clone()
    other[12:] = 0
    assert torch.equal(held(said)[:13], held(other)[:13])
    assert not torch.equal(held(said, lag=0)[:13], held(other, lag=0)[:13])


def test_profit_is_what_is_held_times_what_it_moves_less_every_change():
    book, returns = torch.tensor([[0.5], [0.5], [-0.5]]), torch.tensor([[0.1], [-0.2], [-0.1]])
    assert profits(book, returns, 0).tolist() == pytest.approx([0.05, -0.1, 0.05])
    paid = profits(book, returns, 0).sub(profits(book, returns, 0.01))
    assert paid.tolist() == pytest.approx([0.005, 0, 0.01])
    assert a_year(torch.tensor([0.01, 0.03])) == pytest.approx(5)


def test_headlines_become_what_is_said():
    market = headlines.load(20)
    said = said_by_day(market.headlines, [n.sentiment for n in market.headlines], 20)
    for news in market.headlines:
        assert said[news.day, news.company] == news.sentiment
    assert said.abs().sum() == sum(n.sentiment != 0 for n in market.headlines)


def test_the_best_of_many_rules_earns_where_it_was_chosen_and_means_nothing_there():
    """There is no effect at all in these markets."""
    here, later = [], []
    for seed in range(4):
        market = headlines.load(300, effect=0, seed=seed)
        said = said_by_day(market.headlines, [n.sentiment for n in market.headlines], 300)
        first = slice(0, 150)
        rule = best_rule(random_rules(100, seed), said[first], market.returns[first], cost=0)
        daily = profits(held(rule.applied(said)), market.returns, 0)
        here.append(a_year(daily[first]))
        later.append(a_year(daily[150:]))
    assert min(here) > 0.02, here
    assert sum(later) < sum(here) / 2, (here, later)


def test_a_rule_keeps_its_days_and_companies_and_its_sign():
    (rule,) = random_rules(1, seed=3)
    left = rule.applied(torch.ones(10, headlines.N_COMPANIES))
    days = [day for day in range(10) if left[day].abs().sum()]
    assert {day % 5 for day in days} == set(rule.weekdays)
    assert left[days[0]].nonzero().flatten().tolist() == sorted(rule.companies)
    assert left[days[0]].sum().sign() == rule.sign
    assert random_rules(3, 1) == random_rules(3, 1) != random_rules(3, 2)


def test_what_a_forecast_is_worth_is_what_many_such_trades_earn():
    generator = torch.Generator().manual_seed(0)
    n, right, move, cost = 400_000, 0.54, 0.02, 0.0003
    good = torch.rand(n, generator=generator) < right
    earned = torch.where(good, move, -move) - 2 * cost
    assert worth_of_a_forecast(right, move, cost) == pytest.approx(earned.mean().item(), abs=1e-4)
    with pytest.raises(QkvError, match=r"right=1\.2"):
        worth_of_a_forecast(1.2, 0.01)


def test_after_so_many_trades_the_share_stands_two_sigmas_from_half():
    n = trades_to_tell(0.52)
    assert 1.96 * math.sqrt(0.25 / n) == pytest.approx(0.02, rel=1e-3)
    assert trades_to_tell(0.48) == n
    with pytest.raises(QkvError, match="luck itself"):
        trades_to_tell(0.5)


def note():
    """Return a note of four sentences, of which the second and the last are to be reported."""
    old, now, plan = (
        Fact("old", "ramipril", 5),
        Fact("drug", "ramipril", 10),
        Fact("plan", "biopsy"),
    )
    rows = [
        ("denies fever", (Fact("denied", "fever"),)),
        ("senna was raised from 5 mg to 10 mg", (now, old)),
        ("fever fever fever", ()),
        ("plan : biopsy", (plan,)),
    ]
    sentences = tuple(Sentence(tuple(text.split()), facts) for text, facts in rows)
    return Record(sentences, (now, plan), "drug senna 10 mg . plan biopsy .")


def test_a_sentence_belongs_into_the_summary_if_it_states_what_is_to_be_reported():
    assert belongs(note()) == [[0], [2], [0], [2]]


def test_lead_takes_the_first_and_frequency_the_commonest_words():
    assert lead(note(), 2) == [0, 1]
    assert lead(note(), 9) == [0, 1, 2, 3]
    assert frequent(note(), 1) == [2]
    assert frequent(note(), 2) == [0, 2], "in the order of the note"


def test_omitted_facts_and_wrong_statements_are_counted():
    assert omitted_and_wrong(note(), [0, 2]) == (1.0, 1)
    assert omitted_and_wrong(note(), [1, 3]) == (0.0, 1), "the old dose comes along"
    assert omitted_and_wrong(note(), [3]) == (0.5, 0)


def test_rouge_counts_the_words_in_common():
    assert rouge(list("abbc"), list("babd")) == pytest.approx(6 / 8)
    assert rouge(["x"], ["y"]) == 0
    assert rouge(list("aaa"), ["a"]) == pytest.approx(2 / 4)
    with pytest.raises(QkvError, match="no words"):
        rouge([], ["a"])


def test_a_judge_trained_on_a_few_notes_picks_what_belongs():
    train, test = records.load(12, 5, seed=7)
    rows = [s.words for n in train for s in n.sentences]
    vocabulary = vocabulary_of(rows)
    torch.manual_seed(0)
    model = judge("bag of words", len(vocabulary), n_questions=1)
    answers = [answer for n in train for answer in belongs(n)]
    untrained = [omitted_and_wrong(n, picked(model, vocabulary, n, len(n.facts)))[0] for n in test]
    train_judge(model, read_texts(vocabulary, rows, answers), seed=0, steps=80)
    trained = [omitted_and_wrong(n, picked(model, vocabulary, n, len(n.facts)))[0] for n in test]
    assert sum(trained) / 5 < 0.1 < 0.3 < sum(untrained) / 5, (trained, untrained)
    chosen = picked(model, vocabulary, test[0], 4)
    assert chosen == sorted(set(chosen))
    assert len(picked(model, vocabulary, test[0], 99)) == len(test[0].sentences)
