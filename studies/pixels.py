"""Chapter 10: a transformer, masked convolutions and an LSTM over the pixels of digits.

The same digits, steps and number of parameters. Painted digits are judged by the real ones nearest
to them; real test digits are the ceiling, shuffled labels the floor.
"""

import time

import torch
from sklearn.neighbors import KNeighborsClassifier

from qkv.chapters.generating_images import (
    PixelCNN,
    PixelRNN,
    PixelTransformer,
    bits_per_dimension,
    class_beliefs,
    digit_images,
    free_parameters,
    paint,
    train_pixels,
)

TRAIN, TEST = digit_images()
MODELS = {
    "transformer": (PixelTransformer, {}, 4e-3),
    "CNN": (PixelCNN, {}, 5e-3),
    "LSTM": (PixelRNN, {}, 6e-3),
    "LSTM, reminded": (PixelRNN, {"reminded": True}, 6e-3),
}
ROWS = (1, 2, 3, 4, 5, 6, 7)  # how many are shown before the class is guessed


def settings():
    """Return five seeds of each model; the page trains seed 0."""
    return [{"model": name, "seed": seed} for seed in range(1, 6) for name in MODELS]


def run(model, seed):
    """Return bits per dimension, what the judge says of 100 samples, and guesses by rows shown."""
    kind, sizes, lr = MODELS[model]
    torch.manual_seed(seed)
    trained = kind(**sizes)
    started = time.process_time()
    history = train_pixels(trained, TRAIN, seed, lr=lr)
    seconds = time.process_time() - started
    with torch.no_grad():
        bits = bits_per_dimension(trained(TEST.labels, TEST.pixels), TEST.pixels)
    judge = KNeighborsClassifier(3).fit(TRAIN.pixels, TRAIN.labels)
    labels = torch.arange(10).repeat(10)
    drawn = paint(trained, labels, torch.Generator().manual_seed(seed))
    said = torch.tensor(judge.predict(drawn))
    mixed = labels[torch.randperm(100, generator=torch.Generator().manual_seed(seed))]
    guessed = {
        rows: (class_beliefs(trained, TEST.pixels[:200, : 8 * rows]).argmax(1) == TEST.labels[:200])
        for rows in ROWS
    }
    return {
        "parameters": free_parameters(trained),
        "bits": bits,
        "train_bits": history.smooth(100)[-1] / 0.6931,
        "recognised": (said == labels).float().mean().item(),
        "floor": (said == mixed).float().mean().item(),
        "ceiling": float(judge.score(TEST.pixels, TEST.labels)),
        "nearest": distance(judge, drawn),
        "nearest_real": distance(judge, TEST.pixels[:100]),
        "guessed": [right.float().mean().item() for right in guessed.values()],
        "training": round(seconds, 1),
    }


def distance(judge, pixels):
    """Return the mean distance to the nearest digit of the training data, in greys."""
    return float(judge.kneighbors(pixels, 1)[0].mean())
