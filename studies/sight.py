"""Chapter 10: a vision transformer, a small CNN and logistic regression over the amount of data."""

import time

import torch
from torch import nn

from qkv.chapters.generating_images import (
    SmallCNN,
    VisionTransformer,
    accuracy,
    as_images,
    digit_images,
    free_parameters,
    train_classifier,
)
from qkv.data import scenes

AMOUNTS = {"digits": (50, 200, 1300), "scenes": (500, 1500, 4000)}
KINDS = ("ViT", "CNN", "logistic regression")
DIGITS = digit_images()
SCENES = scenes.load(4000, 1, 500, 1, seed=11)


def settings():
    """Return five seeds of each model at each amount."""
    return [
        {"data": data, "model": kind, "n": n, "seed": seed}
        for seed in range(1, 6)
        for data, amounts in AMOUNTS.items()
        for n in amounts
        for kind in KINDS
    ]


def first_shape(some):
    """Return the number of the shape of the thing that the caption names first."""
    return torch.tensor([scenes.SHAPES.index(scene.things[0].shape) for scene in some])


def data_of(name, n, seed):
    """Return n images and labels to train on, drawn by the seed, and those to test with."""
    if name == "digits":
        train, test = ((as_images(part.pixels), part.labels) for part in DIGITS)
    else:
        train, test = (
            (scenes.pictures(part), first_shape(part)) for part in (SCENES.train, SCENES.test)
        )
    rows = torch.randperm(len(train[0]), generator=torch.Generator().manual_seed(seed))[:n]
    return [part[rows] for part in train], test


def built(name, data):
    """Return an untrained model."""
    side, size, channels, classes = (8, 2, 1, 10) if data == "digits" else (24, 4, 3, 4)
    if name == "ViT":
        return VisionTransformer(side, size, channels, classes)
    if name == "CNN":
        return SmallCNN(channels, classes, stride=1 if data == "digits" else 2)
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * side**2, classes))


def run(data, model, n, seed):
    """Return the share of test images told right, and the training's seconds."""
    (images, labels), test = data_of(data, n, seed)
    torch.manual_seed(seed)
    trained = built(model, data)
    started = time.process_time()
    steps, lr = (600, 3e-3) if data == "digits" else (1000, 4e-3)
    train_classifier(trained, images, labels, seed, steps, lr if model != KINDS[2] else 1e-2)
    return {
        "parameters": free_parameters(trained),
        "right": accuracy(trained, *test),
        "training": round(time.process_time() - started, 1),
    }
