"""Chapter 05: who chases whom, asked of the verb, with positions and without."""

from qkv.chapters.self_attention import CHASED, CHASER, Sinusoids, train_to_answer

MODELS = {
    "chaser": (CHASER, Sinusoids),
    "chased": (CHASED, Sinusoids),
    "chaser, no positions": (CHASER, lambda: None),
}


def settings():
    """Return every question of `MODELS`, five seeds each."""
    return [{"question": question, "seed": seed} for seed in range(5) for question in MODELS]


def run(question, seed):
    """Return the share of right answers, and the verb's mean weights."""
    answer, positions = MODELS[question]
    found = train_to_answer(answer, positions(), seed)
    return {"right": found["right"], "weights": [round(w, 4) for w in found["weights"].tolist()]}
