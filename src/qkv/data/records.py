"""Clinical notes that a grammar wrote, with the facts that a summary must hold. No real person.

A note has some twenty sentences in sections: why the patient came, history, family, allergies, what
is taken, what was found, the plan, and small talk between them. Each sentence says what it states
as facts. Four kinds of facts belong into the summary (`KINDS`): the problem, each drug with its
*present* dose, the allergy, and the plan.

What makes a note hard is what makes real ones hard:

- *copied forward*: an older dose stands in the history, and the present one elsewhere;
- *stopped*: a drug that is no longer taken;
- *negated*: *denies chest pain*, *no known allergy to latex*;
- *somebody else's*: the mother had a stroke.

Such a sentence states facts of kinds that do not belong into a summary (`old`, `stopped`, `denied`,
`family`). A summary that quotes one as if it were the patient's present state is wrong.

What is true of it: names, ages, drugs and doses are drawn by lot, and independently. A dose says
nothing about what is usual, a problem nothing about its drug.

What it is not: medicine. No dose here is one to take.
"""

import random
from typing import NamedTuple

from qkv.errors import QkvError

KINDS = ("problem", "drug", "allergy", "plan")
OTHERS = ("old", "stopped", "denied", "family")
PROBLEMS = (
    *("pneumonia", "asthma", "gout", "migraine", "anaemia", "eczema", "sciatica", "vertigo"),
    *("bronchitis", "arthritis", "cystitis", "tinnitus"),
)
DRUGS = (
    *("metformin", "lisinopril", "atorvastatin", "amlodipine", "omeprazole", "sertraline"),
    *("warfarin", "prednisone", "furosemide", "levothyroxine", "bisoprolol", "ramipril"),
)
DOSES = (2, 5, 10, 20, 25, 40, 50, 75, 100, 200, 250, 500)  # mg
ALLERGIES = ("penicillin", "latex", "aspirin", "peanuts", "iodine", "codeine", "eggs", "bee stings")
PLANS = (
    *("chest x-ray", "blood test", "physiotherapy", "biopsy", "mri of the head", "eye test"),
    *("referral to cardiology", "lung function test", "ultrasound of the liver", "flu vaccination"),
)
SYMPTOMS = ("chest pain", "fever", "nausea", "cough", "weight loss", "dizziness", "a rash")
RELATIVES = ("mother", "father", "sister", "brother", "grandmother", "uncle")
FREQUENCIES = ("once a day", "twice a day", "at night", "before meals")
SMALL_TALK = (
    "lives alone with a cat",
    "works in a bakery",
    "likes to garden",
    "came by bus",
    "has two grown children",
    "plays the violin",
    "does not smoke",
    "sleeps well",
    "walks to work",
    "moved here last spring",
)
FINDINGS = (
    "blood pressure is {a} over {b}",
    "pulse is {b} and regular",
    "temperature is 36.{c}",
    "lungs are clear",
    "heart sounds are normal",
    "weight is {b} kg",
    "abdomen is soft",
)
# How a fact is said; {x}: what, {d}: its dose, {o}: another dose, {f}: how often, {r}: a relative.
FRAMES = {
    "problem": ("presents with {x}", "is seen today for {x}", "was diagnosed with {x} this week"),
    "drug": (
        "takes {x} {d} mg {f}",
        "{x} is continued at {d} mg {f}",
        "current dose of {x} is {d} mg {f}",
    ),
    "changed": (
        "{x} was raised from {o} mg to {d} mg {f}",
        "{x} lowered from {o} mg to {d} mg {f}",
    ),
    "old": ("last year {x} {o} mg was prescribed", "the previous letter lists {x} {o} mg"),
    "stopped": ("{x} {d} mg was stopped in march", "no longer takes {x} {d} mg"),
    "allergy": ("is allergic to {x}", "{x} caused a reaction in the past", "reports {x} allergy"),
    "denied": ("denies {x}", "has had no {x} since the last visit"),
    "family": ("the {r} had {x}", "family history of {x} in the {r}"),
    "plan": ("plan : {x}", "{x} was ordered", "to return after {x}"),
}


class Fact(NamedTuple):
    """One fact: its kind, what it is about, and the dose in mg (0 where there is none)."""

    kind: str
    what: str
    dose: int = 0


class Sentence(NamedTuple):
    """One sentence of a note: its words, and the facts that it states."""

    words: tuple[str, ...]
    facts: tuple[Fact, ...]

    @property
    def text(self) -> str:
        """The words with blanks between them."""
        return " ".join(self.words)


class Record(NamedTuple):
    """A note: its sentences in order, the facts a summary must hold, and such a summary."""

    sentences: tuple[Sentence, ...]
    facts: tuple[Fact, ...]
    summary: str


def said(fact: Fact) -> str:
    """Return a fact as a summary says it."""
    dose = f" {fact.dose} mg" if fact.dose else ""
    return f"{fact.kind} {fact.what}{dose} ."


def _sentence(rng: random.Random, frame: str, facts: tuple[Fact, ...], other: int = 0) -> Sentence:
    fact = facts[0]
    text = rng.choice(FRAMES[frame]).format(
        x=fact.what,
        d=fact.dose,
        o=other,
        f=rng.choice(FREQUENCIES),
        r=rng.choice(RELATIVES),
    )
    return Sentence(tuple(text.split()), facts)


def _drugs(rng: random.Random) -> tuple[list[Sentence], list[Sentence], list[Fact]]:
    """Return sentences of the history, of what is taken, and the facts about drugs."""
    history, taken, facts = [], [], []
    names = rng.sample(DRUGS, rng.randint(3, 5))
    for name in names[:-1]:
        dose, other = rng.sample(DOSES, 2)
        fact = Fact("drug", name, dose)
        facts.append(fact)
        if rng.random() < 0.4:
            history.append(_sentence(rng, "old", (Fact("old", name, other),), other))
        if rng.random() < 0.3:
            frame = FRAMES["changed"][dose < other]
            text = frame.format(x=name, o=other, d=dose, f=rng.choice(FREQUENCIES))
            taken.append(Sentence(tuple(text.split()), (fact, Fact("old", name, other))))
        else:
            taken.append(_sentence(rng, "drug", (fact,)))
    history.append(_sentence(rng, "stopped", (Fact("stopped", names[-1], rng.choice(DOSES)),)))
    return history, taken, facts


def random_record(rng: random.Random) -> Record:
    """Return one note with its facts and its summary."""
    mine, others = rng.sample(PROBLEMS, 2)
    problem, plan = Fact("problem", mine), Fact("plan", rng.choice(PLANS))
    history, taken, facts = _drugs(rng)
    allergic, not_allergic = rng.sample(ALLERGIES, 2)
    family = [_sentence(rng, "family", (Fact("family", others),))]
    denied = [_sentence(rng, "denied", (Fact("denied", what),)) for what in rng.sample(SYMPTOMS, 2)]
    allergies = [
        Sentence(
            ("no", "known", "allergy", "to", *not_allergic.split()), (Fact("denied", not_allergic),)
        )
    ]
    needed = [problem, *facts]
    if rng.random() < 0.7:
        allergy = Fact("allergy", allergic)
        allergies.append(_sentence(rng, "allergy", (allergy,)))
        needed.append(allergy)
    found = [
        frame.format(a=rng.randint(100, 160), b=rng.randint(60, 95), c=rng.randint(1, 9))
        for frame in rng.sample(FINDINGS, 4)
    ]
    talk = [Sentence(tuple(text.split()), ()) for text in rng.sample(SMALL_TALK, 5)]
    sections = [
        [_sentence(rng, "problem", (problem,)), *denied],
        [*talk[:2], *history],
        family,
        allergies,
        [*taken, talk[2]],
        [Sentence(tuple(text.split()), ()) for text in found],
    ]
    for section in sections:
        rng.shuffle(section)
    middle = sections[1:]
    rng.shuffle(middle)
    sentences = [s for section in (sections[0], *middle) for s in section]
    end = [_sentence(rng, "plan", (plan,)), *talk[3:]]
    rng.shuffle(end)
    needed.append(plan)
    summary = " ".join(said(fact) for fact in needed)
    return Record((*sentences, *end), tuple(needed), summary)


def load(n_train: int = 1_500, n_test: int = 300, seed: int = 0) -> tuple[list, list]:
    """Make notes to train on and to test with."""
    if min(n_train, n_test) < 0 or n_train + n_test == 0:
        raise QkvError(f"sizes {n_train}, {n_test}: give numbers of notes, at least one in all")
    rng = random.Random(seed)
    made = [random_record(rng) for _ in range(n_train + n_test)]
    return made[:n_train], made[n_train:]
