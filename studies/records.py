"""Chapter 11: which sentences of a note two pickers take, and what they omit and say wrongly.

The page trains seed 0; here are five others.
"""

import torch

from qkv.chapters.working_with_language import (
    belongs,
    judge,
    omitted_and_wrong,
    picked,
    read_texts,
    rouge,
    train_judge,
    vocabulary_of,
)
from qkv.data import records

NOTES, TEST = records.load(seed=0)


def settings():
    """Return five seeds of a bag of words and of a transformer, with few labelled notes."""
    kinds = "bag of words", "transformer, attention"
    return [
        {"kind": kind, "notes": notes, "seed": seed}
        for seed in range(1, 6)
        for kind in kinds
        for notes in (10, 20)
    ]


def run(kind, notes, seed):
    """Return mean ROUGE, the share of facts omitted, and wrong statements a note."""
    rows = [sentence.words for note in NOTES[:notes] for sentence in note.sentences]
    answers = [answer for note in NOTES[:notes] for answer in belongs(note)]
    vocabulary = vocabulary_of(rows)
    torch.manual_seed(seed)
    model = judge(kind, len(vocabulary), n_questions=1)
    train_judge(model, read_texts(vocabulary, rows, answers), seed, steps=150)
    found = []
    for note in TEST:
        chosen = picked(model, vocabulary, note, len(note.facts))
        words = [word for i in chosen for word in note.sentences[i].words]
        found.append(
            (
                rouge(words, note.summary.split()),
                *omitted_and_wrong(note, chosen),
            )
        )
    means = [sum(column) / len(TEST) for column in zip(*found, strict=True)]
    return dict(
        zip(
            ("rouge", "omitted", "wrong"),
            (round(m, 5) for m in means),
            strict=True,
        )
    )
