"""Drawn scenes: coloured shapes under a sky, with a caption, boxes, and a reader of pixels.

A scene has two or three things (a small or big star, circle, square or triangle in one of four
colours), side by side or one above the other, in a meadow or by the sea, in summer or winter, by
day or by night. By day the sun stands somewhere in the sky; at night the moon stands where the
mirror puts it, so that who turns day into night must move something. `draw` makes the picture,
`caption` the sentence, and `read` tells from pixels alone what is in a picture: it tries which
drawing explains it best. Things stand on a grid of four pixels, which a model of patches may use.
"""

import random
from collections.abc import Collection, Sequence
from functools import cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from qkv.errors import QkvError

SIDE = 24  # pixels
HORIZON = 16  # the row where the ground begins
SIZES = {"small": 4, "big": 8}  # pixels
COLOURS = {
    "red": (0.85, 0.10, 0.12),
    "green": (0.00, 0.50, 0.22),
    "blue": (0.10, 0.22, 0.85),
    "yellow": (0.98, 0.85, 0.10),
}
SHAPES = ("star", "circle", "square", "triangle")
RELATIONS = ("left of", "above")
SEASONS, DAYTIMES, PLACES = ("summer", "winter"), ("day", "night"), ("meadow", "sea")
SKY = {"day": (0.74, 0.87, 0.97), "night": (0.07, 0.08, 0.22)}
SUN = {"day": (1.00, 0.94, 0.60), "night": (0.92, 0.92, 0.98)}
GROUND = {
    ("meadow", "summer", "day"): (0.66, 0.84, 0.50),
    ("meadow", "winter", "day"): (0.95, 0.96, 0.98),
    ("sea", "summer", "day"): (0.36, 0.68, 0.80),
    ("sea", "winter", "day"): (0.72, 0.78, 0.82),
    ("meadow", "summer", "night"): (0.15, 0.26, 0.14),
    ("meadow", "winter", "night"): (0.42, 0.44, 0.56),
    ("sea", "summer", "night"): (0.06, 0.18, 0.30),
    ("sea", "winter", "night"): (0.26, 0.32, 0.42),
}
NIGHT_LIGHT = 0.8  # what is left of a thing's colour at night
STEP = 4  # pixels: the boxes of things begin at its multiples, which keeps patches few
SUNS = range(0, SIDE, STEP)  # columns where the sun may begin
LEAST = 0.5  # of what a thing would explain if it were all there: below that, there is none
# sky and ground have so many settings, each a picture without things
SETTINGS = [(place, season, time) for place in PLACES for season in SEASONS for time in DAYTIMES]
WORDS = (
    *("a", "in", "the", "by", "left", "of", "above", "on", "small", "big"),
    *(*COLOURS, *SHAPES, *SEASONS, *DAYTIMES, *PLACES),
)


class Thing(NamedTuple):
    """One shape, and the row and column of its first pixel."""

    size: str
    colour: str
    shape: str
    row: int
    column: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        """The first row and column, and those after the last: top, left, bottom, right."""
        side = SIZES[self.size]
        return self.row, self.column, self.row + side, self.column + side


class Scene(NamedTuple):
    """What is in a picture. `things` stand from left to right or from top to bottom.

    sun: the first column of the sun by day. The moon's is where the mirror puts it, `mirrored`.
    """

    things: tuple[Thing, ...]
    relation: str
    place: str
    season: str
    daytime: str
    sun: int


class SceneSplits(NamedTuple):
    """Scenes to train on, to choose by and to test with; `held_out` are of other combinations."""

    train: list[Scene]
    valid: list[Scene]
    test: list[Scene]
    held_out: list[Scene]


@cache
def mask(shape: str, size: str) -> Tensor:
    """Return which pixels of its box a shape covers: (side, side) of ones and zeros."""
    side = SIZES[size]
    at = torch.arange(side)
    off = (at - (side - 1) / 2).abs()
    rows, columns = off[:, None], off[None]
    covered = {
        "square": torch.ones(side, side, dtype=torch.bool),
        "circle": rows**2 + columns**2 <= (side / 2) ** 2,
        "triangle": columns <= (at[:, None] + 1) / 2,
        "star": (rows == columns) | (rows + columns <= side / 2 - 1),
    }
    if shape not in covered:
        raise QkvError(f"{shape!r} is no shape of the scenes: choose one of {', '.join(SHAPES)}")
    return covered[shape].float()


@cache
def backdrop(place: str, season: str, daytime: str) -> Tensor:
    """Return a picture with sky and ground alone: (3, SIDE, SIDE)."""
    picture = torch.tensor(SKY[daytime])[:, None, None].repeat(1, SIDE, SIDE)
    picture[:, HORIZON:] = torch.tensor(GROUND[place, season, daytime])[:, None, None]
    if place == "sea":  # waves
        picture[:, HORIZON + 1 :: 3] *= 0.88
    return picture


def _light(colour: str, daytime: str) -> Tensor:
    """Return a thing's colour as it looks by day or by night: (3,)."""
    return torch.tensor(COLOURS[colour]) * (NIGHT_LIGHT if daytime == "night" else 1)


def mirrored(sun: int) -> int:
    """Return the moon's first column for the sun's, and the other way round."""
    return SIDE - STEP - sun


def draw(scene: Scene) -> Tensor:
    """Return the picture of a scene: (3, SIDE, SIDE), red, green and blue from 0 to 1."""
    picture = backdrop(scene.place, scene.season, scene.daytime).clone()
    column = scene.sun if scene.daytime == "day" else mirrored(scene.sun)
    _paint(picture, 0, column, mask("circle", "small"), torch.tensor(SUN[scene.daytime]))
    for thing in scene.things:
        top, left, *_ = thing.box
        _paint(
            picture, top, left, mask(thing.shape, thing.size), _light(thing.colour, scene.daytime)
        )
    return picture


def _paint(picture: Tensor, top: int, left: int, covered: Tensor, colour: Tensor) -> None:
    part = picture[:, top : top + len(covered), left : left + len(covered)]
    part.copy_(torch.where(covered.bool(), colour[:, None, None], part))


def pictures(scenes: Sequence[Scene]) -> Tensor:
    """Return the pictures of some scenes: (n, 3, SIDE, SIDE)."""
    if not scenes:
        raise QkvError("there are no scenes to draw: give at least one")
    return torch.stack([draw(scene) for scene in scenes])


def caption(scene: Scene) -> tuple[str, ...]:
    """Return the words, as in *a small green star … in the meadow on a winter night*."""
    named = [("a", thing.size, thing.colour, thing.shape) for thing in scene.things]
    between = scene.relation.split()
    words = list(named[0])
    for thing in named[1:]:
        words += [*between, *thing]
    where = ("in", "the", "meadow") if scene.place == "meadow" else ("by", "the", "sea")
    return (*words, *where, "on", "a", scene.season, scene.daytime)


class Claim(NamedTuple):
    """What a caption says: things as (size, colour, shape), and how and where they stand."""

    things: tuple[tuple[str, str, str], ...]
    relation: str
    place: str
    season: str
    daytime: str


def claim(scene: Scene) -> Claim:
    """Return what the caption of a scene says."""
    return Claim(tuple(thing[:3] for thing in scene.things), *scene[1:5])


def parse(text: str) -> Claim:
    """Return what a caption in words says; the opposite of `caption`.

    Raises `QkvError` that names a word outside the grammar, or says that this is no caption.
    """
    words = text.lower().split()
    for word in words:
        if word not in WORDS:
            raise QkvError(f"{word!r} is no word of the captions: they have {', '.join(WORDS)}")
    kinds = {"place": PLACES, "season": SEASONS, "daytime": DAYTIMES}
    of_thing: tuple[Collection[str], ...] = (SIZES, COLOURS, SHAPES)
    rest = [word for word in words if word not in ("a", "of", "in", "by", "the", "on")]
    things: list[tuple[str, str, str]] = []
    relations = []
    while len(rest) >= 3 and all(
        word in known for word, known in zip(rest, of_thing, strict=False)
    ):
        things.append((rest[0], rest[1], rest[2]))
        rest = rest[3:]
        if rest and rest[0] in ("left", "above"):
            relations.append("left of" if rest.pop(0) == "left" else "above")
    found = {
        kind: word
        for (kind, known), word in zip(kinds.items(), rest, strict=False)
        if word in known
    }
    whole = len(rest) == len(found) == 3 and len(things) == len(relations) + 1
    if not whole or not 2 <= len(things) <= 3 or len(set(relations)) != 1:
        raise QkvError(
            f"{text!r} is no caption: write one like 'a small green star left of a big red circle "
            "in the meadow on a winter night'"
        )
    return Claim(tuple(things), relations[0], **found)


def held_out(scene: Scene) -> bool:
    """Say whether training never shows the first two things' colours and shapes together.

    In neither order. 14 of 120 pairs are kept back, with equal colours as often as in the others;
    each coloured shape is seen in many.
    """
    one, other = sorted(
        len(SHAPES) * list(COLOURS).index(thing.colour) + SHAPES.index(thing.shape)
        for thing in scene.things[:2]
    )
    return (one + 2 * other) % 9 == 4


def random_scene(rng: random.Random, n_things: int = 2) -> Scene:
    """Return a scene of two or three things. No two of them share both colour and shape."""
    if n_things not in (2, 3):
        raise QkvError(f"n_things={n_things}: a scene has 2 or 3 things")
    relation = rng.choice(RELATIONS) if n_things == 2 else "left of"
    kinds = rng.sample([(colour, shape) for colour in COLOURS for shape in SHAPES], n_things)
    if n_things == 3:
        along = [0, 8, 16]
    elif relation == "left of":
        along = [rng.choice((0, 4)), rng.choice((12, 16))]
    else:
        along = rng.choice(([4, 12], [4, 16], [8, 16]))
    across = rng.choice((4, 8, 12) if relation == "left of" else (0, 4, 8, 12))
    things = []
    for (colour, shape), place in zip(kinds, along, strict=True):
        size, near = rng.choice(list(SIZES)), across + rng.choice((0, STEP))
        top, left = (near, place) if relation == "left of" else (place, near)
        things.append(Thing(size, colour, shape, top, left))
    setting = rng.choice(PLACES), rng.choice(SEASONS), rng.choice(DAYTIMES)
    return Scene(tuple(things), relation, *setting, rng.choice(SUNS))


def load(
    n_train: int = 4_000,
    n_valid: int = 200,
    n_test: int = 400,
    n_held_out: int = 200,
    n_things: int = 2,
    seed: int = 0,
) -> SceneSplits:
    """Make scenes, none of them twice; `held_out` are of combinations that the others lack."""
    sizes = n_train + n_valid + n_test, n_held_out
    if min(n_train, n_valid, n_test, n_held_out) < 1:
        raise QkvError(
            f"sizes {n_train}, {n_valid}, {n_test}, {n_held_out}: each must be at least 1"
        )
    rng, seen = random.Random(seed), set()
    kept: tuple[list[Scene], list[Scene]] = ([], [])
    while any(len(part) < size for part, size in zip(kept, sizes, strict=True)):
        scene = random_scene(rng, n_things)
        part = held_out(scene)
        if scene not in seen and len(kept[part]) < sizes[part]:
            seen.add(scene)
            kept[part].append(scene)
    end = n_train + n_valid
    return SceneSplits(kept[0][:n_train], kept[0][n_train:end], kept[0][end:], kept[1])


class Reading(NamedTuple):
    """What `read` finds in a picture, in the order of `Scene`; things may be missing."""

    things: tuple[Thing, ...]
    relation: str
    place: str
    season: str
    daytime: str
    sun: int


def read(picture: Tensor, most: int = 3) -> Reading:
    """Tell what is in a picture (3, SIDE, SIDE) from its pixels alone.

    First the sky and ground that fit best; then the thing that explains most of what is left,
    as long as it explains enough, beside those found before. It errs about once in a thousand
    clean pictures, where two things of one colour touch.
    """
    if picture.shape != (3, SIDE, SIDE):
        raise QkvError(
            f"the picture has the shape {tuple(picture.shape)}: give (3, {SIDE}, {SIDE})"
        )
    grounds = torch.stack([backdrop(*setting) for setting in SETTINGS])
    off = (picture - grounds).square().sum(1)  # (settings, SIDE, SIDE)
    best = int(off.clamp(max=0.05).sum((1, 2)).argmin())  # what things cover counts little
    place, season, daytime = SETTINGS[best]
    things = _things(picture, grounds[best], daytime, most)
    sun = _sun(picture, off[best], daytime)
    spread = [[getattr(t, axis) for t in things] for axis in ("column", "row")]
    wide, high = (max(values) - min(values) if values else 0 for values in spread)
    relation = RELATIONS[int(high > wide)]
    things.sort(key=lambda thing: thing.row if relation == "above" else thing.column)
    return Reading(tuple(things), relation, place, season, daytime, sun)


def _things(picture: Tensor, ground: Tensor, daytime: str, most: int) -> list[Thing]:
    light = torch.stack([_light(colour, daytime) for colour in COLOURS])
    before = (picture - ground).square().sum(0)
    after = (picture - light[:, :, None, None]).square().sum(1)  # (colours, SIDE, SIDE)
    whole = (ground - light[:, :, None, None]).square().sum(1)
    found: list[Thing] = []
    gains = []
    for size in SIZES:
        masks = torch.stack([mask(shape, size) for shape in SHAPES])[:, None]
        explained = F.conv2d((before - after)[:, None], masks)  # (colours, shapes, rows, columns)
        full = F.conv2d(whole[:, None], masks)
        explained[:, :, :STEP] = 0  # up there stands the sun
        gains.append(torch.where(explained > LEAST * full, explained, 0.0))
    while len(found) < most:
        tops = [float(gain.max()) for gain in gains]
        which = tops.index(max(tops))
        if tops[which] <= 0:
            break
        at = torch.unravel_index(gains[which].argmax(), gains[which].shape)
        colour, shape, row, column = (int(i) for i in at)
        size = list(SIZES)[which]
        thing = Thing(size, list(COLOURS)[colour], SHAPES[shape], row, column)
        found.append(thing)
        top, left, bottom, right = thing.box
        for side, gain in zip(SIZES.values(), gains, strict=True):  # none may overlap it
            gain[:, :, max(0, top - side + 1) : bottom, max(0, left - side + 1) : right] = 0
    return found


def _sun(picture: Tensor, off: Tensor, daytime: str) -> int:
    near = (picture - torch.tensor(SUN[daytime])[:, None, None]).square().sum(0)
    gain = F.conv2d((off - near)[None, None, :STEP], mask("circle", "small")[None, None])
    column = int(gain.argmax())
    return column if daytime == "day" else mirrored(column)


PARTS = ("shape", "colour", "size", "relation", "setting", "all")


def agreement(pictures: Tensor, claims: Sequence[Claim]) -> dict[str, list[bool]]:
    """Say for each picture (n, 3, SIDE, SIDE) which parts of its caption it shows.

    shape, colour and size: those of all things, in the caption's order. relation: side by side
    or above. setting: place, season and daytime. all: everything, and nothing else.
    """
    if len(pictures) != len(claims):
        raise QkvError(f"{len(pictures)} pictures and {len(claims)} captions: give one for each")
    right: dict[str, list[bool]] = {part: [] for part in PARTS}
    for picture, said in zip(pictures, claims, strict=True):
        seen = read(picture)
        columns = list(zip(*(thing[:3] for thing in seen.things), strict=True)) or [()] * 3
        told = list(zip(*said.things, strict=True))
        now = {part: columns[i] == told[i] for i, part in enumerate(("size", "colour", "shape"))}
        now["relation"] = seen.relation == said.relation and len(seen.things) == len(said.things)
        now["setting"] = seen[2:5] == said[2:5]
        now["all"] = all(now.values())
        for part in PARTS:
            right[part].append(now[part])
    return right
