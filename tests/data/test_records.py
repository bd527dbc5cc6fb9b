import random

import pytest

from qkv.data import records
from qkv.data.records import KINDS, Fact, random_record, said
from qkv.errors import QkvError


@pytest.fixture(scope="module")
def some():
    return records.load(n_train=200, n_test=50, seed=3)[0]


def stated(record):
    return [fact for sentence in record.sentences for fact in sentence.facts]


def test_every_fact_of_the_summary_is_stated_once_and_no_other_of_its_kind(some):
    for record in some:
        there = [fact for fact in stated(record) if fact.kind in KINDS]
        assert sorted(there) == sorted(record.facts)
        assert len(set(there)) == len(there)


def test_a_sentence_says_the_facts_that_it_states(some):
    for record in some:
        for sentence in record.sentences:
            for fact in sentence.facts:
                assert fact.what in sentence.text
                if fact.dose:
                    assert f"{fact.dose} mg" in sentence.text


def test_old_doses_differ_from_the_present_one_of_the_same_drug(some):
    n_old = 0
    for record in some:
        now = {fact.what: fact.dose for fact in record.facts if fact.kind == "drug"}
        for fact in stated(record):
            if fact.kind == "old":
                n_old += 1
                assert now[fact.what] != fact.dose
            if fact.kind == "stopped":
                assert fact.what not in now
    assert n_old > len(some), "hardly any dose was copied forward"


def test_raised_means_more_and_lowered_less(some):
    seen = set()
    for record in some:
        for sentence in record.sentences:
            for word in ("raised", "lowered"):
                if word in sentence.words:
                    now, old = sentence.facts
                    assert (now.dose > old.dose) == (word == "raised"), sentence
                    seen.add(word)
    assert seen == {"raised", "lowered"}


def test_what_is_denied_or_the_family_s_is_not_the_patient_s(some):
    for record in some:
        mine = {fact.what for fact in record.facts}
        others = {fact.what for fact in stated(record) if fact.kind in ("denied", "family")}
        assert others
        assert not mine & others


def test_the_summary_says_each_fact_in_order(some):
    record = some[0]
    assert record.summary == " ".join(said(fact) for fact in record.facts)
    assert said(Fact("drug", "metformin", 500)) == "drug metformin 500 mg ."
    assert said(Fact("allergy", "latex")) == "allergy latex ."
    assert record.facts[0].kind == "problem"
    assert record.facts[-1].kind == "plan"


def test_notes_are_long_and_their_sections_stand_in_many_orders(some):
    lengths = [len(record.sentences) for record in some]
    assert 16 <= min(lengths) <= max(lengths) <= 30
    places = {
        next(i for i, s in enumerate(r.sentences) if s.facts and s.facts[0].kind == "family")
        for r in some
    }
    assert len(places) > 8


def test_one_seed_one_note():
    one, again, other = (random_record(random.Random(seed)) for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_sizes_that_make_nothing_are_refused():
    with pytest.raises(QkvError, match="at least one"):
        records.load(0, 0)
