"""The words of the phrase grammar: what they mean together and how each form is written.

A French noun carries its gender; adjectives list their four forms and their place; verbs list only
the forms that the grammar needs. Kinds (`person`, `animal`, `thing`, `place`) keep the sentences
from saying nonsense: only people buy, only what lives is tired.
"""

from typing import NamedTuple


class Noun(NamedTuple):
    """One noun in both languages; `gender` is "m" or "f"."""

    kind: str
    en: tuple[str, str]  # singular, plural
    fr: tuple[str, str]
    gender: str


class Adjective(NamedTuple):
    """One adjective; French forms are m.sg, f.sg, m.pl, f.pl.

    `rank` orders adjectives in English (small old black), `before` says that the French one stands
    before its noun, `liaison` is the m.sg form before a vowel (bel, vieil) or None.
    """

    en: str
    fr: tuple[str, str, str, str]
    rank: int
    before: bool
    liaison: str | None = None


class Verb(NamedTuple):
    """One verb; English forms are base, third person, past, participle; French 3.sg, 3.pl and
    the participle's m.sg. `by_etre` verbs build their past with être and agree with the subject.
    """

    en: tuple[str, str, str, str]
    fr: tuple[str, str, str]
    subjects: tuple[str, ...]
    objects: tuple[str, ...] = ()
    by_etre: bool = False


def _nouns(kind: str, rows: str) -> tuple[Noun, ...]:
    nouns = []
    for row in rows.strip().splitlines():
        en, ens, fr, frs, gender = row.split()
        nouns.append(Noun(kind, (en, ens), (fr, frs), gender))
    return tuple(nouns)


NOUNS = {
    "person": _nouns(
        "person",
        """
        man men homme hommes m
        woman women femme femmes f
        boy boys garçon garçons m
        girl girls fille filles f
        king kings roi rois m
        queen queens reine reines f
        actor actors acteur acteurs m
        actress actresses actrice actrices f
        uncle uncles oncle oncles m
        aunt aunts tante tantes f
        """,
    ),
    "animal": _nouns(
        "animal",
        """
        cat cats chat chats m
        dog dogs chien chiens m
        mouse mice souris souris f
        bird birds oiseau oiseaux m
        horse horses cheval chevaux m
        cow cows vache vaches f
        owl owls hibou hiboux m
        bee bees abeille abeilles f
        """,
    ),
    "thing": _nouns(
        "thing",
        """
        apple apples pomme pommes f
        book books livre livres m
        letter letters lettre lettres f
        scarf scarves écharpe écharpes f
        car cars voiture voitures f
        boat boats bateau bateaux m
        tree trees arbre arbres m
        """,
    ),
    "place": _nouns(
        "place",
        """
        house houses maison maisons f
        garden gardens jardin jardins m
        castle castles château châteaux m
        church churches église églises f
        school schools école écoles f
        hotel hotels hôtel hôtels m
        """,
    ),
}

SMALL = Adjective("small", ("petit", "petite", "petits", "petites"), 2, True)
BIG = Adjective("big", ("grand", "grande", "grands", "grandes"), 2, True)
OLD = Adjective("old", ("vieux", "vieille", "vieux", "vieilles"), 3, True, "vieil")
YOUNG = Adjective("young", ("jeune", "jeune", "jeunes", "jeunes"), 3, True)
BEAUTIFUL = Adjective("beautiful", ("beau", "belle", "beaux", "belles"), 0, True, "bel")
HAPPY = Adjective("happy", ("heureux", "heureuse", "heureux", "heureuses"), 1, False)
SAD = Adjective("sad", ("triste", "triste", "tristes", "tristes"), 1, False)
TIRED = Adjective("tired", ("fatigué", "fatiguée", "fatigués", "fatiguées"), 1, False)
BLACK = Adjective("black", ("noir", "noire", "noirs", "noires"), 4, False)
WHITE = Adjective("white", ("blanc", "blanche", "blancs", "blanches"), 4, False)
RED = Adjective("red", ("rouge", "rouge", "rouges", "rouges"), 4, False)
BLUE = Adjective("blue", ("bleu", "bleue", "bleus", "bleues"), 4, False)
GREEN = Adjective("green", ("vert", "verte", "verts", "vertes"), 4, False)

MOODS = (HAPPY, SAD, TIRED)
COLOURS = (BLACK, WHITE, RED, BLUE, GREEN)


def adjectives_for(noun: Noun) -> tuple[Adjective, ...]:
    """Return the adjectives that may describe `noun`.

    A few pairs are left out because their French means something else: *un grand homme* is a great
    man, not a tall one.
    """
    name = noun.en[0]
    fitting = [SMALL]
    if noun.kind != "person":
        fitting.append(BIG)
    if name not in ("boy", "girl", "apple"):
        fitting.append(OLD)
    if noun.kind in ("person", "animal"):
        fitting += [YOUNG, *MOODS]
    if noun.kind != "person" or noun.gender == "f":
        fitting.append(BEAUTIFUL)
    if noun.kind in ("thing", "place") or name == "bird":
        fitting += COLOURS
    if noun.kind == "animal" and name != "bird":
        fitting += [BLACK, WHITE]
    return tuple(fitting)


FITTING = {noun: adjectives_for(noun) for nouns in NOUNS.values() for noun in nouns}

ALIVE = ("person", "animal")
GOODS = ("thing", "animal")
EVERYTHING = ("person", "animal", "thing", "place")

TRANSITIVE = (
    Verb(("see", "sees", "saw", "seen"), ("voit", "voient", "vu"), ALIVE, EVERYTHING),
    Verb(
        ("chase", "chases", "chased", "chased"),
        ("poursuit", "poursuivent", "poursuivi"),
        ALIVE,
        ALIVE,
    ),
    Verb(("love", "loves", "loved", "loved"), ("aime", "aiment", "aimé"), ALIVE, EVERYTHING),
    Verb(
        ("watch", "watches", "watched", "watched"),
        ("regarde", "regardent", "regardé"),
        ALIVE,
        EVERYTHING,
    ),
    Verb(("hear", "hears", "heard", "heard"), ("entend", "entendent", "entendu"), ALIVE, ALIVE),
    Verb(("find", "finds", "found", "found"), ("trouve", "trouvent", "trouvé"), ALIVE, EVERYTHING),
    Verb(
        ("admire", "admires", "admired", "admired"),
        ("admire", "admirent", "admiré"),
        ALIVE,
        EVERYTHING,
    ),
    Verb(("help", "helps", "helped", "helped"), ("aide", "aident", "aidé"), ALIVE, ALIVE),
    Verb(("buy", "buys", "bought", "bought"), ("achète", "achètent", "acheté"), ("person",), GOODS),
    Verb(
        ("draw", "draws", "drew", "drawn"),
        ("dessine", "dessinent", "dessiné"),
        ("person",),
        EVERYTHING,
    ),
)
INTRANSITIVE = (
    Verb(("sleep", "sleeps", "slept", "slept"), ("dort", "dorment", "dormi"), ALIVE),
    Verb(("sing", "sings", "sang", "sung"), ("chante", "chantent", "chanté"), ALIVE),
    Verb(("dance", "dances", "danced", "danced"), ("danse", "dansent", "dansé"), ALIVE),
    Verb(
        ("arrive", "arrives", "arrived", "arrived"),
        ("arrive", "arrivent", "arrivé"),
        ALIVE,
        by_etre=True,
    ),
)
GIVING = (
    Verb(("give", "gives", "gave", "given"), ("donne", "donnent", "donné"), ("person",), GOODS),
    Verb(
        ("show", "shows", "showed", "shown"), ("montre", "montrent", "montré"), ("person",), GOODS
    ),
)
GO = Verb(("go", "goes", "went", "gone"), ("va", "vont", "allé"), ALIVE, by_etre=True)
COME = Verb(("come", "comes", "came", "come"), ("vient", "viennent", "venu"), ALIVE, by_etre=True)

CONJUNCTIONS = {  # the French words of each
    "and": ("et",),
    "but": ("mais",),
    "because": ("parce", "que"),
    "when": ("quand",),
}
PLACES = {"in": ("dans",), "near": ("près", "de"), "behind": ("derrière",)}
