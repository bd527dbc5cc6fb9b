"""Chapter 09: does a control token decide what is written? On the English and French of `phrases`.

Each sentence stands after two tokens: its language, and whether it denies something. One sentence
in four has `<any>` in the place of each. In the control the tokens are shuffled among sentences.
"""

import random

import torch

from qkv.chapters.encodings import Vocabulary
from qkv.chapters.generating_text import GPT, train_gpt, window, write
from qkv.data import phrases

ANY, LANGUAGES, KINDS = "<any>", ("<en>", "<fr>"), ("<says>", "<denies>")
DENIALS = {"not", "never", "pas", "jamais"}
N_TEXTS, LONGEST = 100, 14
PAIRS = [pair for pair in phrases.load().train if len(pair.source) <= 12]
FRENCH = {w for pair in PAIRS for w in pair.target} - {w for pair in PAIRS for w in pair.source}


def settings():
    """Return five seeds with tokens that mean something, and five with shuffled ones."""
    return [{"tokens": t, "seed": s} for s in range(1, 6) for t in ("true", "shuffled")]


def run(tokens, seed):
    """Return, for each prompt of two tokens, the shares of French and of denying sentences."""
    rng = random.Random(seed)
    sentences = stream(rng, shuffled=tokens == "shuffled")
    text = [token for sentence in sentences for token in sentence]
    vocabulary = Vocabulary(text, specials=())
    torch.manual_seed(seed)
    model = GPT(len(vocabulary), d_model=48, d_ff=192, n_layers=2)
    train_gpt(model, torch.tensor(vocabulary.encode(text)), seed, steps=500)
    found = {}
    for language in (*LANGUAGES, ANY):
        for kind in (*KINDS, ANY):
            prompt = torch.tensor([vocabulary.encode([language, kind])] * N_TEXTS)
            ids = write(window(model), prompt, LONGEST, lambda s, w: s, seed)
            texts = [first_sentence(vocabulary.decode(row)) for row in ids.tolist()]
            found[f"{language} {kind}"] = {
                "french": sum(bool(FRENCH & set(t)) for t in texts) / N_TEXTS,
                "denies": sum(bool(DENIALS & set(t)) for t in texts) / N_TEXTS,
            }
    return found


def stream(rng, shuffled):
    """Return sentences, each a list that begins with its two control tokens."""
    sentences = [list(rng.choice([pair.source, pair.target])) for pair in PAIRS]
    rng.shuffle(sentences)
    marks = [marks_of(rng, sentence) for sentence in sentences]
    if shuffled:
        rng.shuffle(marks)
    return [[*mark, *sentence] for mark, sentence in zip(marks, sentences, strict=True)]


def marks_of(rng, sentence):
    """Return a sentence's two control tokens, one in four of each left open."""
    true = LANGUAGES[bool(FRENCH & set(sentence))], KINDS[bool(DENIALS & set(sentence))]
    return [ANY if rng.random() < 0.25 else mark for mark in true]


def first_sentence(tokens):
    """Return the words between the prompt and the next control token."""
    words = []
    for token in tokens[2:]:
        if token in {ANY, *LANGUAGES, *KINDS}:
            break
        words.append(token)
    return words
