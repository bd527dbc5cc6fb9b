"""How French words change beside each other: agreement, elision, contraction, order in the verb."""

from collections.abc import Sequence
from typing import NamedTuple

from qkv.data import lexicon as lex

# A French h is silent and elides unless it is "aspirated"; hibou is the only such word here.
VOWELS = frozenset("aeiouyàâéèêîïôœ")
ASPIRATED = frozenset({"hibou", "hiboux"})


def elides(word: str) -> bool:
    """Say whether a French word makes the one before it lose its vowel: *le* + *ami* → *l'ami*."""
    return word[0] in VOWELS or (word[0] == "h" and word not in ASPIRATED)


def agree(participle: str, gender: str, plural: bool) -> str:
    """Return a participle in -é, -i or -u with the ending of its gender and number."""
    return participle + ("e" if gender == "f" else "") + ("s" if plural else "")


ADVERBS = {"not": "pas", "never": "jamais", "often": "souvent", "always": "toujours"}


class Word:
    """A word and the source words that it translates: surely, or possibly as a mere helper."""

    __slots__ = ("possible", "sure", "text")

    def __init__(self, text: str, *sure: "Word", possible: Sequence["Word"] = ()):
        """Keep the text and the source words behind it."""
        self.text, self.sure, self.possible = text, sure, tuple(possible)


class Phrase(NamedTuple):
    """A noun phrase or a pronoun in both languages, with what others must agree with."""

    en: list[Word]
    fr: list[Word]
    gender: str
    plural: bool
    noun: lex.Noun | None  # None for a pronoun
    adjectives: tuple[lex.Adjective, ...] = ()


def be(subject: Phrase, past: bool) -> str:
    """Return est, sont, était or étaient."""
    if past:
        return "étaient" if subject.plural else "était"
    return "sont" if subject.plural else "est"


def determiner(english: str, gender: str, plural: bool, before_vowel: bool) -> str:
    """Return the French of the, a, this, these, my, two or three; *le* and *la* not yet elided."""
    feminine = gender == "f"
    if plural:
        return {"the": "les", "these": "ces", "my": "mes", "two": "deux", "three": "trois"}[english]
    if english == "this":
        return "cette" if feminine else "cet" if before_vowel else "ce"
    if english == "my":
        return "ma" if feminine and not before_vowel else "mon"
    return {"the": ("le", "la"), "a": ("un", "une")}[english][feminine]


def verb_group(
    finite: Word,
    adverb: str | None,
    source_adverb: Word | None,
    clitic: Word | None = None,
    rest: Sequence[Word | None] = (),
) -> list[Word]:
    """Order a French verb: ne, pronoun, finite verb, adverb, what follows it."""
    group = [finite]
    if clitic:
        group.insert(0, clitic)
    if adverb and source_adverb:
        if adverb in ("not", "never"):
            group.insert(0, Word("ne", source_adverb))
        group.append(Word(ADVERBS[adverb], source_adverb))
    return group + [word for word in rest if word]


CONTRACTIONS = {("de", "le"): "du", ("de", "les"): "des", ("à", "le"): "au", ("à", "les"): "aux"}


def contracted(words: list[Word]) -> list[Word]:
    """Elide (le + arbre → l'arbre) and contract (de + le → du, à + les → aux)."""
    written: list[Word] = []
    for word, following in zip(words, [*words[1:], None], strict=True):
        text = word.text
        if following and text in ("le", "la", "de", "que", "ne") and elides(following.text):
            word = Word(text[:-1] + "'", *word.sure, possible=word.possible)
        elif text in ("le", "les") and written and written[-1].text in ("de", "à"):
            before = written.pop()
            text = CONTRACTIONS[before.text, text]
            word = Word(text, *before.sure, *word.sure, possible=before.possible + word.possible)
        written.append(word)
    return written
