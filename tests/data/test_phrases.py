import random
import re
from collections import Counter

import pytest

from qkv.data import french, lexicon, phrases
from qkv.data.phrases import detokenize, tokenize
from qkv.errors import QkvError


@pytest.fixture(scope="module")
def splits():
    return phrases.load(n_train=4000, n_valid=200, n_test=800)


@pytest.fixture(scope="module")
def pairs(splits):
    return [pair for split in splits for pair in split]


def test_the_same_seed_gives_the_same_data_and_another_seed_other_data():
    sizes = {"n_train": 60, "n_valid": 5, "n_test": 20}
    assert phrases.load(**sizes) == phrases.load(**sizes)
    assert phrases.load(**sizes) != phrases.load(**sizes, seed=1)


def test_no_source_is_shared_or_has_two_translations(pairs):
    assert len({pair.source for pair in pairs}) == len(pairs)
    rng, seen = random.Random(5), {}
    for pair in phrases.generate(3000, rng) + phrases.generate(3000, random.Random(6)):
        assert seen.setdefault(pair.source, pair.target) == pair.target


def test_sentences_have_3_to_40_words_and_long_ones_are_well_represented(splits):
    for split, shares in ((splits.train, phrases.BANDS), (splits.test, phrases.EQUAL)):
        lengths = [len(pair.source) for pair in split]
        assert min(lengths) >= 3
        assert max(lengths) <= 40
        for high, share in shares.items():
            low = max([b for b in shares if b < high], default=2)
            measured = sum(low < n <= high for n in lengths) / len(lengths)
            assert measured == pytest.approx(share, abs=0.05), f"{low + 1} to {high} words"


def test_the_vocabulary_has_about_two_hundred_words(pairs):
    english = {word for pair in pairs for word in pair.source}
    french_words = {word for pair in pairs for word in pair.target}
    assert 150 <= len(english) <= 200
    assert 200 <= len(french_words) <= 260


def test_only_the_compositional_split_uses_held_out_combinations(splits):
    held_out = phrases.held_out_combinations()
    for split in splits[:3]:
        assert not any(pair.combinations & held_out for pair in split)
    assert all(pair.combinations & held_out for pair in splits.compositional)


def test_the_words_of_held_out_combinations_are_in_the_training_set(splits):
    known = {word for pair in splits.train for word in pair.source}
    assert {word for pair in splits.compositional for word in pair.source} <= known


def test_a_held_out_combination_is_not_said_with_other_words_either(splits):
    """Verb and object are held out in every construction: active, passive and relative."""
    adjectives = {a for a, noun in phrases.held_out_combinations()}
    for pair in splits.train:
        for first, second in zip(pair.source, pair.source[1:], strict=False):
            if first in adjectives:
                assert (first, second) not in phrases.held_out_combinations()


def test_every_sure_link_is_possible_and_inside_the_sentence(pairs):
    for pair in pairs:
        assert pair.sure <= pair.possible
        assert all(i < len(pair.source) and j < len(pair.target) for i, j in pair.possible)


def test_every_word_of_both_sentences_is_linked(pairs):
    for pair in pairs:
        assert {i for i, _ in pair.possible} == set(range(len(pair.source))), pair
        assert {j for _, j in pair.possible} == set(range(len(pair.target))), pair


def test_nouns_are_linked_to_their_own_translation(pairs):
    nouns = [noun for kind in lexicon.NOUNS.values() for noun in kind]
    translation = {noun.en[k]: noun.fr[k] for noun in nouns for k in (0, 1)}
    links = [(p.source[i], p.target[j]) for p in pairs for i, j in p.sure]
    checked = [translation[english] == word for english, word in links if english in translation]
    assert len(checked) > 10_000
    assert all(checked)


def test_a_colour_changes_places_with_its_noun_and_the_alignment_knows(pairs):
    singular = {noun.en[0] for kind in lexicon.NOUNS.values() for noun in kind}
    crossed = 0
    for pair in pairs:
        for i in range(len(pair.source) - 1):
            if pair.source[i] == "white" and pair.source[i + 1] in singular:
                (colour,) = [j for k, j in pair.sure if k == i]
                assert pair.target[colour] in ("blanc", "blanche")
                assert (i + 1, colour - 1) in pair.sure
                crossed += 1
    assert crossed > 50


def test_a_word_that_elides_never_stands_whole_before_a_vowel(pairs):
    for pair in pairs:
        for word, following in zip(pair.target, pair.target[1:], strict=False):
            if word in ("le", "la", "de", "que", "ne", "ce", "ma"):
                assert not french.elides(following), pair.target
            if word.endswith("'"):
                assert french.elides(following), pair.target


def test_beau_and_vieux_have_their_own_form_before_a_vowel(pairs):
    text = " ".join(" ".join(pair.target) for pair in pairs)
    assert "bel hôtel" in text
    assert "vieil oncle" in text
    assert not re.search(r"\b(beau|vieux) (hôtel|oncle|homme|arbre|oiseau|acteur)\b", text)


def test_an_aspirated_h_does_not_elide(pairs):
    words = Counter(
        (a, b) for p in pairs for a, b in zip(p.target, p.target[1:], strict=False) if "hibou" in b
    )
    assert ("le", "hibou") in words
    assert ("l'", "hibou") not in words


def test_prepositions_contract_with_the_article(pairs):
    text = [" ".join(p.target) + " " for p in pairs]
    for wrong in (" de le ", " de les ", " à le ", " à les "):
        assert not any(wrong in t for t in text), wrong
    for right in (" du ", " des ", " au ", " aux ", " de l' ", " à la "):
        assert any(right in t for t in text), right


@pytest.mark.parametrize(
    ("english", "expected"),
    [
        ("does not", {"ne", "n'"}),
        ("never", {"jamais"}),
        ("who", {"qui"}),
        ("by", {"par"}),
        ("because", {"parce"}),
    ],
)
def test_a_construction_brings_its_words(pairs, english, expected):
    found = [pair for pair in pairs if f" {english} " in f" {' '.join(pair.source)} "]
    assert found
    assert all(set(pair.target) & expected for pair in found)


@pytest.mark.parametrize(
    ("gender", "k", "ending"), [("m", 0, ""), ("f", 0, "e"), ("m", 1, "s"), ("f", 1, "es")]
)
def test_a_participle_agrees_with_an_object_that_stands_before_it(pairs, gender, k, ending):
    """La reine que le chat a vue: the queen was seen, so *vue*; le roi que le chat a vu."""
    nouns = [noun for kind in lexicon.NOUNS.values() for noun in kind]
    antecedents = [n.fr[k] for n in nouns if n.gender == gender and n.fr[0] != n.fr[1]]
    subjects = "|".join(n.fr[0] for n in nouns)
    subjects = (
        rf"(?:e l'|e (?:le|la|ce|cette|mon|ma) |'une? )(?:{'|'.join(n.fr[0] for n in nouns)})"
    )
    pattern = re.compile(rf"\b(?:{'|'.join(antecedents)}) qu{subjects} a (\S+)")
    participles = {agreed for p in pairs for agreed in pattern.findall(detokenize(p.target))}
    stems = {verb.fr[2] for verb in lexicon.TRANSITIVE}
    assert participles
    assert participles <= {stem + ending for stem in stems}


def test_voice_pairs_tell_one_event_twice():
    for active, passive in phrases.voice_pairs(50):
        assert (active.voice, passive.voice) == ("active", "passive")
        assert "par" in passive.target
        assert "by" in passive.source
        nouns = {n.en[k] for ns in lexicon.NOUNS.values() for n in ns for k in (0, 1)}
        assert sorted(set(active.source) & nouns) == sorted(set(passive.source) & nouns)


def test_tokenize_and_detokenize_undo_each_other(pairs):
    for pair in pairs[:500]:
        assert tuple(tokenize(detokenize(pair.target))) == pair.target
        assert tuple(tokenize(detokenize(pair.source, french=False))) == pair.source


def test_what_a_person_types_is_read_as_the_grammar_writes_it():
    assert tokenize("Does the cat sleep?") == ["does", "the", "cat", "sleep", "?"]
    assert detokenize(["est-ce", "qu'", "elle", "dort", "?"]) == "est-ce qu'elle dort ?"


def test_a_wrong_size_is_named():
    with pytest.raises(ValueError, match="n_train=0"):
        phrases.load(n_train=0)


def test_a_string_is_no_list_of_tokens():
    with pytest.raises(QkvError, match="the sentence is the string 'le chat': give its tokens"):
        detokenize("le chat")
