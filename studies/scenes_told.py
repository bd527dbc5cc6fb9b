"""Chapter 10: scenes as codes, captions to scenes, and scenes by day to scenes at night."""

import time

import torch

from qkv.chapters.generating_images import (
    PixelMap,
    Restyler,
    TextToImage,
    VQAutoencoder,
    caption_ids,
    imagine,
    restyling,
    train_restyler,
    train_text_to_image,
    train_vq,
)
from qkv.data import scenes

DATA = scenes.load(4000, 100, 200, 100, seed=10)
GUIDANCE = (1.0, 1.25, 1.5, 2.0)
TEMPERATURE = 0.5
SEEN = {scenes.caption(scene) for scene in DATA.train}
N = 60  # captions of a test


def settings():
    """Return five seeds of each part."""
    parts = ("codes", "codes, none revived", "restyler", "pixel map")
    return [{"part": part, "seed": seed} for seed in range(1, 6) for part in parts]


def run(part, seed):
    """Train one part and measure it."""
    torch.manual_seed(seed)
    started = time.process_time()
    if part in ("restyler", "pixel map"):
        model = Restyler() if part == "restyler" else PixelMap()
        train_restyler(model, DATA.train[:1500], seed)
        return {**restyling(model, DATA.test), "training": round(time.process_time() - started, 1)}
    model = VQAutoencoder()
    pictures = scenes.pictures(DATA.train)
    train_vq(model, pictures, seed, revive=part == "codes")
    test = scenes.pictures(DATA.test)
    codes = model.encode(test)
    found = {
        "error": (model.decode(codes) - test).square().mean().item(),
        "used": len(codes.unique()),
        "reconstructed": shares(model.decode(codes), DATA.test),
        "held_out reconstructed": shares(
            model.decode(model.encode(scenes.pictures(DATA.held_out))), DATA.held_out
        ),
        "training": round(time.process_time() - started, 1),
    }
    return found | (told(model, pictures, seed) if part == "codes" else {})


def shares(pictures, some):
    """Return the share of pictures that show each part of their captions."""
    right = scenes.agreement(pictures, [scenes.claim(scene) for scene in some])
    return {name: sum(row) / len(row) for name, row in right.items()}


def told(vq, pictures, seed):
    """Train captions to codes; return what captions of both kinds give under each guidance."""
    started = time.process_time()
    model = TextToImage()
    words = caption_ids([scenes.caption(scene) for scene in DATA.train])
    history = train_text_to_image(model, words, vq.encode(pictures), seed)
    found = {"t2i_loss": history.smooth(100)[-1], "t2i_training": time.process_time() - started}
    new = [scene for scene in DATA.test if scenes.caption(scene) not in SEEN]
    for name, some in (
        ("to choose by", DATA.valid[:N]),
        ("known", new[:N]),
        ("held_out", DATA.held_out[:N]),
    ):
        words = caption_ids([scenes.caption(scene) for scene in some])
        for guidance in GUIDANCE:
            codes = imagine(
                model, words, torch.Generator().manual_seed(seed), guidance, TEMPERATURE
            )
            found[f"{name} {guidance:g}"] = shares(vq.decode(codes), some)
        codes = imagine(model, words, torch.Generator().manual_seed(seed))
        found[f"{name}, by lot"] = shares(vq.decode(codes), some)
    return found
