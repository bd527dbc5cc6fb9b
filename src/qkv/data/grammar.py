"""The feature grammar behind `phrases`: it writes an English sentence and its translation at once.

Both grow from the same choices, so every French word knows the English words that it renders.
"""

import random
from collections.abc import Collection, Sequence
from typing import Any

from qkv.data import french
from qkv.data import lexicon as lex
from qkv.data.french import Phrase, Word
from qkv.data.pairs import Pair

CONJUNCTIONS = list(lex.CONJUNCTIONS)
Words = list[Word]
Kinds = Sequence[str]
Name = str | None  # of an adverb or a question word


class Writer:
    """Writes one sentence towards a target length, without the combinations in `avoid`."""

    def __init__(
        self, rng: random.Random, target: int, avoid: Collection[tuple[str, str]] = frozenset()
    ):
        """Start an empty sentence with a `random.Random` and a target length in words."""
        self.rng, self.target, self.avoid = rng, target, avoid
        self.written = 0
        self.combinations: set[tuple[str, str]] = set()
        self.tags: set[str] = set()

    def en(self, text: str) -> Word:
        """Write an English word; its identity is what French words refer to."""
        self.written += 1
        return Word(text)

    def chance(self, p: float, cost: int = 1) -> bool:
        """Say yes with probability `p`, while there is room for `cost` more words."""
        return self.target - self.written >= cost and self.rng.random() < p

    def noun(self, kinds: Sequence[str], verb: lex.Verb | None = None) -> lex.Noun:
        """Choose a noun of these kinds, as the object of `verb` if given."""
        while True:
            noun = self.rng.choice(lex.NOUNS[self.rng.choice(kinds)])
            if verb is None:
                return noun
            if (verb.en[0], noun.en[0]) not in self.avoid:
                self.combinations.add((verb.en[0], noun.en[0]))
                return noun

    def adjectives(self, noun: lex.Noun) -> tuple[lex.Adjective, ...]:
        """Choose none, one or two; of two, one stands before the French noun and one after."""
        if not self.chance(0.5):
            return ()
        fitting = [a for a in lex.FITTING[noun] if (a.en, noun.en[0]) not in self.avoid]
        chosen = [self.rng.choice(fitting)]
        partners = [a for a in fitting if a.before != chosen[0].before]
        if partners and self.chance(0.3, 2):
            chosen.append(self.rng.choice(partners))
        self.combinations.update((a.en, noun.en[0]) for a in chosen)
        return tuple(sorted(chosen, key=lambda a: a.rank))

    def determiner(self, noun: lex.Noun, plural: bool, indefinite: bool) -> str:
        """Choose an English determiner that fits the noun."""
        if plural:
            return self.rng.choices(["the", "these", "two", "three", "my"], [8, 2, 1, 1, 1])[0]
        owned = noun.kind != "person" or noun.en[0] in ("uncle", "aunt")
        weights = [8, 4 if indefinite else 0, 2, 2 if owned else 0]
        return self.rng.choices(["the", "a", "this", "my"], weights)[0]

    def noun_phrase(
        self, kinds: Kinds, verb: lex.Verb | None = None, depth: int = 0, indefinite: bool = True
    ) -> Phrase:
        """Write a determiner, adjectives, a noun, and perhaps an owner or a relative clause."""
        noun = self.noun(kinds, verb)
        plural = self.rng.random() < 0.35
        determiner = self.determiner(noun, plural, indefinite)
        if determiner == "my" and noun.kind == "person" and noun.en[0] not in ("uncle", "aunt"):
            determiner = "the"  # ma femme is my wife, ma fille my daughter
        adjectives = self.adjectives(noun)
        en_adjectives = [self.en(a.en) for a in adjectives]
        en_noun = self.en(noun.en[plural])
        following = (en_adjectives or [en_noun])[0].text
        en_article = self.en("an" if determiner == "a" and following[0] in "aeiou" else determiner)

        column = 2 * plural + (noun.gender == "f")
        before: Words = []
        after: Words = []
        for adjective, source in zip(adjectives, en_adjectives, strict=True):
            form = adjective.fr[column]
            if adjective.liaison and column == 0 and french.elides(noun.fr[0]):
                form = adjective.liaison
            (before if adjective.before else after).append(Word(form, source))
        fr = [*before, Word(noun.fr[plural], en_noun), *after]
        article = french.determiner(determiner, noun.gender, plural, french.elides(fr[0].text))
        fr = [Word(article, en_article), *fr]
        en = [en_article, *en_adjectives, en_noun]

        if noun.kind != "person" and determiner == "the" and self.chance(0.15, 3):
            self.tags.add("of")
            owner = self.noun_phrase(("person",), depth=2)
            of = self.en("of")
            en, fr = [*en, of, *owner.en], [*fr, Word("de", of), *owner.fr]
        elif depth < 2 and self.chance(0.3, 4):
            head = Phrase(en, fr, noun.gender, plural, noun, adjectives)
            more_en, more_fr = self.relative(head, noun, depth + 1)
            en, fr = en + more_en, fr + more_fr
        return Phrase(en, fr, noun.gender, plural, noun, adjectives)

    def pronoun(self) -> Phrase:
        """Write he or she."""
        text, french, gender = self.rng.choice([("he", "il", "m"), ("she", "elle", "f")])
        source = self.en(text)
        return Phrase([source], [Word(french, source)], gender, False, None)

    def relative(self, head: Phrase, noun: lex.Noun, depth: int) -> tuple[Words, Words]:
        """Write "that …" about `head`, the subject (qui) or the object (que) of its clause.

        noun: that of the head.
        """
        verbs = [
            v
            for v in lex.TRANSITIVE
            if noun.kind in v.objects and (v.en[0], noun.en[0]) not in self.avoid
        ]
        if verbs and self.rng.random() < 0.45:
            self.tags.add("relative-object")
            verb, past = self.rng.choice(verbs), self.rng.random() < 0.4
            self.combinations.add((verb.en[0], noun.en[0]))
            that = self.en("that")
            if self.rng.random() < 0.2:
                subject = self.pronoun()
            else:
                subject = self.noun_phrase(verb.subjects, depth=2)
            _, en, fr = self.active(subject, verb, past, moved=head)
            return [that, *subject.en, *en], [Word("que", that), *subject.fr, *fr]
        self.tags.add("relative-subject")
        that = self.en("who" if noun.kind == "person" else "that")
        _, en, fr = self.predicate(head, self.kind_for(noun), depth)
        return [that, *en], [Word("qui", that), *fr]

    def kind_for(self, noun: lex.Noun | None) -> str:
        """Choose what to say about a noun: only what lives acts, only people give."""
        kinds = {"passive": 3, "copula": 2}
        if noun is None or noun.kind in lex.ALIVE:
            kinds |= {"intransitive": 3, "transitive": 6, "clitic": 2, "motion": 2}
        if noun is None or noun.kind == "person":
            kinds |= {"giving": 1}
        return self.rng.choices(list(kinds), list(kinds.values()))[0]

    def predicate(
        self,
        subject: Phrase,
        kind: str,
        depth: int,
        question: Name = None,
        past: bool | None = None,
    ) -> tuple[Words, Words, Words]:
        """Write what follows the subject.

        Returns (English words moved before the subject in a question, English, French).
        """
        self.tags.add(kind)
        past = self.rng.random() < 0.4 if past is None else past
        adverb = self.adverb(question)
        if kind == "passive":
            verb = self.passive_verb(subject.noun)
            return self.passive(subject, verb, past, depth, adverb, question)
        if kind == "copula":
            return self.copula(subject, past, adverb, question)
        verb, after_en, after_fr, clitic = self.objects(subject, kind, depth, past, adverb)
        front, en, fr = self.active(subject, verb, past, adverb, clitic, question)
        if question != "where" and kind not in ("motion", "giving") and self.chance(0.25, 3):
            place_en, place_fr = self.place(depth)
            after_en, after_fr = after_en + place_en, after_fr + place_fr
        return front, en + after_en, fr + after_fr

    def objects(
        self, subject: Phrase, kind: str, depth: int, past: bool, adverb: str | None
    ) -> tuple[Any, Words, Words, tuple[Word, str] | None]:
        """Choose a verb of a kind, and what it acts on or goes to.

        Returns (verb, English after it, French after it, the pronoun before it in French).
        """
        people = subject.noun is None or subject.noun.kind == "person"
        indefinite = adverb not in ("not", "never")  # ne … pas un chat would become pas de chat
        clitic: tuple[Word, str] | None = None
        after_en: Words = []
        after_fr: Words = []
        if kind == "intransitive":
            verb = self.rng.choice(lex.INTRANSITIVE)
        elif kind == "motion":
            verb, text, a = self.rng.choice([(lex.GO, "to", "à"), (lex.COME, "from", "de")])
            place = self.noun_phrase(("place",), depth=depth)
            to = self.en(text)
            after_en, after_fr = [to, *place.en], [Word(a, to), *place.fr]
        elif kind == "giving":
            verb = self.rng.choice(lex.GIVING)
            gift = self.noun_phrase(verb.objects, depth=2, indefinite=indefinite)
            to, receiver = self.en("to"), self.noun_phrase(lex.ALIVE, depth=depth)
            after_en = [*gift.en, to, *receiver.en]
            after_fr = [*gift.fr, Word("à", to), *receiver.fr]
        else:
            verb = self.rng.choice([v for v in lex.TRANSITIVE if people or "animal" in v.subjects])
            if kind == "clitic":
                pronouns = [("him", "le", "m"), ("her", "la", "f")]
                if not past:  # "saw them" would be vus or vues: the English does not say
                    pronouns.append(("them", "les", "m"))
                text, french, gender = self.rng.choice(pronouns)
                source = self.en(text)
                after_en, clitic = [source], (Word(french, source), gender)
            else:
                patient = self.noun_phrase(verb.objects, verb, depth, indefinite)
                after_en, after_fr = patient.en, patient.fr
        return verb, after_en, after_fr, clitic

    def adverb(self, question: Name = None) -> str | None:
        """Choose not, never, often, always or nothing."""
        if question:
            return self.rng.choices([None, "often", "always"], [8, 1, 1])[0]
        choices = [None, "not", "never", "often", "always"]
        adverb = self.rng.choices(choices, [12, 4, 1, 1, 1])[0]
        self.tags.update({"negation"} if adverb in ("not", "never") else ())
        return adverb

    def place(self, depth: int) -> tuple[Words, Words]:
        """Write where something happens: (English, French)."""
        self.tags.add("place")
        name = self.rng.choice(list(lex.PLACES))
        preposition, where = self.en(name), self.noun_phrase(("place",), depth=depth + 1)
        fr = [Word(word, preposition) for word in lex.PLACES[name]]
        return [preposition, *where.en], [*fr, *where.fr]

    def active(
        self,
        subject: Phrase,
        verb: lex.Verb,
        past: bool,
        adverb: Name = None,
        clitic: tuple[Word, str] | None = None,
        question: Name = None,
        moved: Phrase | None = None,
    ) -> tuple[Words, Words, Words]:
        """Write the verb with its helpers; `moved` is an object that stands before it (que)."""
        sung = past and not verb.by_etre
        source_adverb = self.en(adverb) if adverb else None
        front: Words = []
        do = None
        if question or adverb == "not":
            do = self.en("did" if past else "do" if subject.plural else "does")
            source = self.en(verb.en[0])
            en = [source_adverb, source] if source_adverb else [source]
            front, en = ([do], en) if question else ([], [do, *en])
        else:
            source = self.en(verb.en[2] if past else verb.en[0 if subject.plural else 1])
            en = [source_adverb, source] if source_adverb else [source]

        helper = (do,) if do else ()
        participle = None
        if past:
            agrees = subject if verb.by_etre else moved
            gender, plural = (agrees.gender, agrees.plural) if agrees else ("m", False)
            if clitic:
                gender = clitic[1]
            text = ("ont" if subject.plural else "a") if sung else french.be(subject, False)
            finite = Word(text, *(helper or (source,)), possible=(source,))
            participle = Word(french.agree(verb.fr[2], gender, plural), source, possible=helper)
        else:
            finite = Word(verb.fr[1 if subject.plural else 0], source, possible=helper)
        fr = french.verb_group(finite, adverb, source_adverb, clitic and clitic[0], [participle])
        return front, en, fr

    def be(
        self, subject: Phrase, past: bool, adverb: Name, question: Name
    ) -> tuple[Words, Words, Word, Word | None]:
        """Write a form of *to be*: (English before the subject, English after it, be, adverb)."""
        text = ("were" if subject.plural else "was") if past else "are" if subject.plural else "is"
        be = self.en(text)
        source_adverb = self.en(adverb) if adverb else None
        en = [source_adverb] if source_adverb else []
        return (*(([be], en) if question else ([], [be, *en])), be, source_adverb)

    def copula(
        self, subject: Phrase, past: bool, adverb: Name, question: Name
    ) -> tuple[Words, Words, Words]:
        """Write *is* and an adjective or a place."""
        front, en, be, source_adverb = self.be(subject, past, adverb, question)
        noun = subject.noun
        finite = Word(french.be(subject, past), be)
        if question != "where" and noun and noun.kind != "place" and self.rng.random() < 0.3:
            place_en, place_fr = self.place(1)
            return front, en + place_en, french.verb_group(finite, adverb, source_adverb) + place_fr
        fitting = list(lex.FITTING[noun] if noun else (*lex.MOODS, lex.OLD, lex.YOUNG))
        if noun:
            fitting = [a for a in fitting if (a.en, noun.en[0]) not in self.avoid]
            said = {a.rank for a in subject.adjectives}  # a green school is not green or red again
            fitting = [a for a in fitting if a.rank not in said] or fitting
        adjective = self.rng.choice(fitting)
        if noun:
            self.combinations.add((adjective.en, noun.en[0]))
        source = self.en(adjective.en)
        form = Word(adjective.fr[2 * subject.plural + (subject.gender == "f")], source)
        return front, [*en, source], french.verb_group(finite, adverb, source_adverb, None, [form])

    def passive_verb(self, noun: lex.Noun | None) -> lex.Verb:
        """Choose a verb that can be done to the noun."""
        kind = noun.kind if noun else "person"
        verbs = [v for v in lex.TRANSITIVE if kind in v.objects]
        if noun:
            verbs = [v for v in verbs if (v.en[0], noun.en[0]) not in self.avoid]
        verb = self.rng.choice(verbs)
        if noun:
            self.combinations.add((verb.en[0], noun.en[0]))
        return verb

    def passive(
        self,
        subject: Phrase,
        verb: lex.Verb,
        past: bool,
        depth: int,
        adverb: Name = None,
        question: Name = None,
        agent: Phrase | None = None,
    ) -> tuple[Words, Words, Words]:
        """Write *is seen by* and the agent."""
        front, en, be, source_adverb = self.be(subject, past, adverb, question)
        source, by = self.en(verb.en[3]), self.en("by")
        agent = agent or self.noun_phrase(verb.subjects, depth=depth)
        participle = Word(french.agree(verb.fr[2], subject.gender, subject.plural), source)
        if past:
            finite = Word("ont" if subject.plural else "a", be)
            rest = [Word("été", be), participle]
        else:
            finite, rest = Word(french.be(subject, False), be), [participle]
        fr = french.verb_group(finite, adverb, source_adverb, None, rest)
        return front, [*en, source, by, *agent.en], [*fr, Word("par", by), *agent.fr]

    def clause(self, past: bool, question: Name = None) -> tuple[Words, Words, str]:
        """Write a subject and what it does: (English, French, voice)."""
        if self.chance(0.2) or self.target - self.written < 3:
            subject = self.pronoun()
            kind = self.kind_for(None)
        else:
            kinds = ("person", "person", "animal", "animal", "thing", "place")
            subject = self.noun_phrase(kinds)
            kind = self.kind_for(subject.noun)
        if question in ("where", "why"):
            while kind not in ("intransitive", "transitive", "clitic", "passive"):
                kind = self.kind_for(subject.noun)
        front, en, fr = self.predicate(subject, kind, 0, question, past)
        voice = "passive" if kind == "passive" else "active"
        if not question:
            return subject.en + en, subject.fr + fr, voice
        asks = [] if question == "yes" else [self.en(question)]
        helper = {"sure": front} if front[0].text in ("do", "does", "did") else {"possible": front}
        fr_asks = [Word("où" if question == "where" else "pourquoi", *asks)] if asks else []
        est_ce = [Word(t, *helper.get("sure", ()), possible=front) for t in ("est-ce", "que")]
        return [*asks, *front, *subject.en, *en], [*fr_asks, *est_ce, *subject.fr, *fr], voice

    def sentence(self) -> Pair:
        """Write one sentence: a first clause, conjunctions while there is room, a question mark."""
        question = None
        if self.rng.random() < 0.18:
            # "where … because …" would be odd, so long questions are yes-or-no questions
            weights = [6, 2, 2] if self.target <= 18 else [1, 0, 0]
            question = self.rng.choices(["yes", "where", "why"], weights)[0]
            self.tags.add("question")
        past, name = self.rng.random() < 0.4, None
        en, fr, voice = self.clause(past, question)
        while self.target - self.written >= 4:
            names = {None: CONJUNCTIONS, "yes": ["because", "when"]}.get(question, ["when"])
            names = [n for n in names if n != name]
            if not names:
                break
            name = self.rng.choice(names)
            if name != "when":  # what happens at one time is told in one tense
                past = self.rng.random() < 0.4
            self.tags.add("conjunction")
            conjunction = self.en(name)
            more_en, more_fr, _ = self.clause(past)
            en = [*en, conjunction, *more_en]
            fr = [*fr, *(Word(w, conjunction) for w in lex.CONJUNCTIONS[name]), *more_fr]
        if question:
            mark = self.en("?")
            en, fr = [*en, mark], [*fr, Word("?", mark)]
        return self.pair(en, fr, voice)

    def pair(self, en: Words, fr: Words, voice: str) -> Pair:
        """Turn the words into a `Pair`, with links as positions."""
        position = {id(word): i for i, word in enumerate(en)}
        fr = french.contracted(fr)
        sure = {(position[id(s)], j) for j, word in enumerate(fr) for s in word.sure}
        possible = {(position[id(s)], j) for j, word in enumerate(fr) for s in word.possible}
        return Pair(
            tuple(word.text for word in en),
            tuple(word.text for word in fr),
            frozenset(sure),
            frozenset(sure | possible),
            frozenset(self.tags),
            voice,
            frozenset(self.combinations),
        )
