import random

import pytest
import torch

from qkv.data import scenes
from qkv.errors import QkvError


@pytest.fixture(scope="module", params=[2, 3], ids=["two things", "three things"])
def some(request):
    return scenes.load(150, 10, 10, 40, n_things=request.param, seed=5)


def test_the_reader_finds_everything_that_was_drawn_to_the_pixel(some):
    assert [tuple(scenes.read(scenes.draw(scene))) for scene in some.train] == [
        tuple(scene) for scene in some.train
    ]


def test_the_reader_bears_noise_and_gives_up_slowly(some):
    claims = [scenes.claim(scene) for scene in some.train]
    clean, generator = scenes.pictures(some.train), torch.Generator().manual_seed(0)
    noise = torch.randn(clean.shape, generator=generator)
    light, heavy = (
        sum(scenes.agreement((clean + size * noise).clamp(0, 1), claims)["all"]) / len(claims)
        for size in (0.1, 0.4)
    )
    assert light > 0.97, f"light noise: {light:.2f} read right"
    assert heavy < 0.7, f"heavy noise changes nothing: {heavy:.2f} read right"


def test_the_reader_sees_nothing_where_nothing_is():
    empty = scenes.backdrop("sea", "winter", "night")
    reading = scenes.read(empty)
    assert reading.things == ()
    assert reading[2:5] == ("sea", "winter", "night")


def test_a_caption_can_be_parsed_back_and_says_nothing_outside_the_grammar(some):
    for scene in some.train:
        words = scenes.caption(scene)
        assert set(words) <= set(scenes.WORDS)
        assert scenes.parse(" ".join(words)) == scenes.claim(scene)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a small pink star left of a big red circle in the meadow on a winter night", "'pink'"),
        ("a small green star in the meadow on a winter night", "is no caption"),
        ("a small green star left of a big red circle on a winter night", "is no caption"),
        (
            "a small green star left of a big red circle by the sea on a night winter",
            "is no caption",
        ),
        ("", "is no caption"),
        (
            " left of ".join(["a small green star"] * 4) + " by the sea on a winter night",
            "is no caption",
        ),
    ],
)
def test_a_sentence_that_is_no_caption_is_refused(text, message):
    with pytest.raises(QkvError, match=message):
        scenes.parse(text)


def test_things_stand_inside_the_picture_below_the_sun_and_apart(some):
    for scene in some.train:
        covered = torch.zeros(scenes.SIDE, scenes.SIDE)
        for thing in scene.things:
            top, left, bottom, right = thing.box
            assert top >= 4
            assert left >= 0
            assert max(bottom, right) <= scenes.SIDE
            covered[top:bottom, left:right] += 1
        assert covered.max() == 1, scene


def test_training_never_shows_a_held_out_combination_but_each_of_its_parts():
    some = scenes.load(3000, 10, 10, 200, seed=1)
    kinds = [
        [tuple(thing[1:3] for thing in scene.things) for scene in part]
        for part in (some.train, some.held_out)
    ]
    together = [{frozenset(pair) for pair in part} for part in kinds]  # in whichever order
    assert not together[0] & together[1]
    for place in (0, 1):
        assert {pair[place] for pair in kinds[1]} <= {pair[place] for pair in kinds[0]}
    colours = [{tuple(colour for colour, _ in pair) for pair in part} for part in kinds]
    assert colours[1] <= colours[0]


def test_a_scene_that_chance_brings_twice_is_kept_once(monkeypatch):
    made = scenes.random_scene
    rngs = [random.Random(i // 2) for i in range(400)]
    monkeypatch.setattr(scenes, "random_scene", lambda _rng, n: made(rngs.pop(0), n))
    every = [scene for part in scenes.load(20, 5, 5, 3) for scene in part]
    assert len(every) == len(set(every)) == 33


def test_scenes_follow_the_seed():
    assert scenes.load(20, 1, 1, 1, seed=3) == scenes.load(20, 1, 1, 1, seed=3)
    assert scenes.load(20, 1, 1, 1, seed=3) != scenes.load(20, 1, 1, 1, seed=4)


def test_the_moon_stands_where_the_mirror_puts_the_sun():
    scene = scenes.random_scene(random.Random(0))._replace(sun=8)
    day, night = (scenes.draw(scene._replace(daytime=time)) for time in scenes.DAYTIMES)
    for picture, time, column in ((day, "day", 9), (night, "night", scenes.SIDE - 10)):
        assert torch.equal(picture[:, 2, column], torch.tensor(scenes.SUN[time]))


def test_agreement_says_which_part_of_a_caption_a_picture_shows():
    scene = scenes.random_scene(random.Random(3))
    first, second = scene.things
    other = {"star": "circle"}.get(first.shape, "star")
    wrong = {
        "shape": scene._replace(things=(first._replace(shape=other), second)),
        "colour": scene._replace(
            things=(first, second._replace(colour={"red": "blue"}.get(second.colour, "red")))
        ),
        "setting": scene._replace(season={"summer": "winter"}.get(scene.season, "summer")),
    }
    for part, changed in wrong.items():
        right = scenes.agreement(scenes.draw(scene)[None], [scenes.claim(changed)])
        assert {name for name, (value,) in right.items() if not value} == {part, "all"}


def test_one_thing_too_few_is_not_right():
    scene = scenes.random_scene(random.Random(3))
    lonely = scenes.draw(scene._replace(things=scene.things[:1]))
    assert scenes.agreement(lonely[None], [scenes.claim(scene)])["all"] == [False]


@pytest.mark.parametrize("call", [
    lambda: scenes.load(0),
    lambda: scenes.random_scene(random.Random(0), 4),
    lambda: scenes.read(torch.zeros(24, 24)),
    lambda: scenes.pictures([]),
    lambda: scenes.mask("moon", "big"),
    lambda: scenes.agreement(torch.zeros(2, 3, 24, 24), []),
])  # fmt: skip
def test_what_makes_no_sense_is_refused_in_a_sentence(call):
    with pytest.raises(QkvError, match=r"\w+: |choose|give"):
        call()
