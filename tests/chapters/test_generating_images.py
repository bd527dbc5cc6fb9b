import math
import random

import pytest
import torch
import torch.nn.functional as F

from qkv.chapters.generating_images import (
    N_WORDS,
    Codebook,
    Digits,
    MaskedConv2d,
    PixelCNN,
    PixelMap,
    PixelRNN,
    PixelTransformer,
    Restyler,
    TextToImage,
    VisionTransformer,
    VQAutoencoder,
    bits_per_dimension,
    caption_ids,
    class_beliefs,
    count_scores,
    digit_images,
    frechet_distance,
    free_parameters,
    imagine,
    paint,
    patches,
    restyled,
    restyling,
    train_pixels,
    train_vq,
)
from qkv.data import scenes
from qkv.errors import QkvError

PAINTERS = [PixelTransformer, PixelCNN, PixelRNN]


def lively(model):
    """Give every parameter random numbers of some size, so that nothing is lost in rounding."""
    torch.manual_seed(1)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


def test_no_test_digit_is_trained_on_and_labels_fit():
    train, test = digit_images(1300)
    assert (len(train.pixels), len(test.pixels)) == (1300, 497)
    assert 0 == train.pixels.min() < train.pixels.max() == 16
    assert torch.bincount(train.labels).min() > 100


@pytest.mark.parametrize("kind", PAINTERS)
def test_a_pixel_depends_on_the_class_and_on_earlier_pixels_alone(kind):
    model = lively(kind())
    labels, pixels = torch.tensor([3]), torch.randint(17, (1, 64))
    with torch.no_grad():
        before = model(labels, pixels)
        for at in (0, 13, 63):
            changed = pixels.clone()
            changed[0, at] = (changed[0, at] + 5) % 17
            moved = (model(labels, changed) - before).abs().amax(2)[0] > 1e-5
            assert not moved[: at + 1].any(), f"{kind.__name__}: pixel {at} is seen too early"
            assert at == 63 or moved[at + 1], f"{kind.__name__}: pixel {at} is not seen after it"
        other = model(torch.tensor([4]), pixels)
        assert (other - before).abs().amax(2).min() > 1e-5, "the class is not seen everywhere"


def test_a_masked_convolution_sees_what_is_read_before():
    layer = MaskedConv2d(1, 1, 3, sees_itself=False)
    assert layer.mask.tolist() == [[1, 1, 1], [1, 0, 0], [0, 0, 0]]
    assert MaskedConv2d(1, 1, 3, sees_itself=True).mask[1].tolist() == [1, 1, 0]


def test_masked_weights_are_no_parameters():
    layer = MaskedConv2d(2, 3, 3, sees_itself=True)
    assert free_parameters(layer) == 2 * 3 * 5 + 3


def test_the_three_painters_have_about_as_many_parameters():
    sizes = [free_parameters(kind()) for kind in PAINTERS]
    assert max(sizes) < 1.1 * min(sizes), sizes


def test_bits_per_dimension_of_who_knows_nothing_and_of_who_knows():
    pixels = torch.randint(17, (5, 64))
    assert math.isclose(
        bits_per_dimension(torch.zeros(5, 64, 17), pixels), math.log2(17), rel_tol=1e-5
    )
    sure = 50 * F.one_hot(pixels, 17).float()
    assert bits_per_dimension(sure, pixels) < 1e-6


def test_counting_gives_each_class_and_place_its_own_shares():
    digits = Digits(torch.tensor([[3] * 64, [3] * 64, [5] * 64]), torch.tensor([0, 0, 1]))
    p = count_scores(digits, torch.tensor([0, 1, 2]), extra=0.5).exp()
    assert torch.allclose(p.sum(2), torch.ones(3, 64))
    assert p[0, 0, 3] == pytest.approx(2.5 / (2 + 8.5))
    assert p[1, 9, 5] == pytest.approx(1.5 / (1 + 8.5))
    assert p[2, 0, 0] == pytest.approx(1 / 17)


@pytest.mark.parametrize("kind", PAINTERS)
def test_painting_keeps_what_is_shown_and_follows_the_generator(kind):
    model = lively(kind())
    shown, labels = torch.randint(17, (2, 24)), torch.tensor([1, 7])
    one, same, other = (
        paint(model, labels, torch.Generator().manual_seed(seed), shown) for seed in (0, 0, 1)
    )
    assert torch.equal(one, same)
    assert torch.equal(one[:, :24], shown)
    assert not torch.equal(one, other)


def test_a_cold_painter_takes_the_likeliest_grey_at_each_place():
    model = lively(PixelTransformer())
    labels = torch.tensor([2])
    drawn = paint(model, labels, torch.Generator().manual_seed(0), temperature=1e-4)
    with torch.no_grad():
        assert torch.equal(model(labels, drawn).argmax(2), drawn)


def test_a_temperature_of_nothing_is_refused():
    with pytest.raises(QkvError, match="temperature=0"):
        paint(PixelTransformer(), torch.tensor([0]), torch.Generator(), temperature=0)


def test_beliefs_are_bayes_rule():
    model = lively(PixelTransformer())
    shown = torch.randint(17, (1, 16))
    joint = []
    for label in range(10):
        pixels = torch.zeros(1, 64, dtype=torch.long)
        pixels[:, :16] = shown
        with torch.no_grad():
            p = model(torch.tensor([label]), pixels).log_softmax(2)[0]
        joint.append(sum(p[t, shown[0, t]] for t in range(16)))
    assert torch.allclose(class_beliefs(model, shown)[0], torch.stack(joint).softmax(0), atol=1e-5)


def test_a_short_training_beats_counting_nothing():
    train, test = digit_images()
    torch.manual_seed(0)
    model = PixelTransformer(16, 2, 32, 1)
    train_pixels(model, train, seed=0, steps=40, lr=1e-2)
    with torch.no_grad():
        bits = bits_per_dimension(model(test.labels[:50], test.pixels[:50]), test.pixels[:50])
    assert bits < 3.3, f"{bits:.2f} bits"


def test_patches_are_cut_row_by_row_and_hold_whole_squares():
    image = torch.arange(36.0).view(1, 1, 6, 6)
    cut = patches(image, 3)
    assert cut.shape == (1, 4, 9)
    assert torch.equal(cut[0, 1], image[0, 0, :3, 3:].flatten())


def test_patches_that_do_not_fit_are_refused():
    with pytest.raises(QkvError, match="size=5 does not divide the side 8"):
        patches(torch.zeros(1, 1, 8, 8), 5)


def test_a_vision_transformer_sees_where_a_patch_stands():
    model = lively(VisionTransformer(8, 4, 1, 3))
    image = torch.zeros(1, 1, 8, 8)
    image[..., :4, :4] = torch.rand(4, 4)
    with torch.no_grad():
        gap = (model(image) - model(image.roll(4, -1))).abs().max()
    assert gap > 1e-3, "moving a patch changes nothing"


def test_the_codebook_takes_the_nearest_and_passes_the_gradient_by():
    torch.manual_seed(0)
    book, z = Codebook(6, 4), torch.randn(3, 5, 4, requires_grad=True)
    coded, loss = book(z)
    nearest = (z.detach()[:, :, None] - book.codes.detach()).norm(dim=3).argmin(2)
    assert torch.equal(book.nearest(z), nearest)
    assert torch.allclose(coded, book.codes[nearest], atol=1e-6)
    (coded * torch.arange(4.0)).sum().backward(retain_graph=True)
    assert torch.equal(z.grad, torch.arange(4.0).expand(3, 5, 4))
    assert book.codes.grad is None
    loss.backward()
    assert book.codes.grad.abs().sum() > 0


def test_commitment_weighs_the_pull_on_the_encoder_alone():
    z = torch.randn(1, 8, 4)
    pulls = []
    for commitment in (0.25, 1.0):
        torch.manual_seed(0)
        book, moved = Codebook(3, 4, commitment), z.clone().requires_grad_()
        book(moved)[1].backward()
        pulls.append((moved.grad, book.codes.grad))
    assert torch.allclose(4 * pulls[0][0], pulls[1][0])
    assert torch.allclose(pulls[0][1], pulls[1][1])


def test_dead_codes_come_back_to_life_where_they_are_needed():
    torch.manual_seed(0)
    book = Codebook(8, 2)
    with torch.no_grad():
        book.codes.fill_(100.0)
        book.codes[0] = 0.0
    z = torch.randn(400, 2) + torch.tensor([5.0, 0.0]) * torch.randint(2, (400, 1))
    for _ in range(200):
        book(z)
    assert len(book.nearest(z).unique()) == 1
    book.revive(z)
    assert len(book.nearest(z).unique()) > 4
    assert torch.equal(book.codes[0], torch.zeros(2)), "a code in use was moved"


def test_an_autoencoder_learns_to_draw_scenes_from_codes():
    some = scenes.pictures(scenes.load(200, 1, 1, 1).train)
    torch.manual_seed(0)
    model = VQAutoencoder(64, 8, 16)
    before = (model.decode(model.encode(some)) - some).square().mean()
    train_vq(model, some, seed=0, steps=80, warm=20)
    codes = model.encode(some)
    after = (model.decode(codes) - some).square().mean()
    assert codes.shape == (200, 36)
    assert after < before / 4, f"{before:.3f} became {after:.3f}"


def test_captions_become_ids_and_foreign_words_are_named():
    words = scenes.caption(scenes.random_scene(random.Random(0)))
    ids = caption_ids([words])
    assert ids.shape == (1, N_WORDS)
    assert [scenes.WORDS[i - 1] for i in ids[0] if i] == list(words)
    with pytest.raises(QkvError, match="'pink' is no word"):
        caption_ids([("a", "pink", "star")])
    with pytest.raises(QkvError, match="a caption of 30 words"):
        caption_ids([("a",) * 30])


def test_codes_see_the_caption_and_earlier_codes_alone():
    model = lively(TextToImage(20, 16, 2, 16, 1))
    words, codes = torch.randint(1, 20, (1, N_WORDS)), torch.randint(20, (1, 36))
    with torch.no_grad():
        before = model(words, codes)
        assert before.shape == (1, 36, 20)
        assert torch.allclose(model(words, codes[:, :5]), before[:, :6], atol=1e-5)
        for at in (0, 20):
            changed = codes.clone()
            changed[0, at] = (changed[0, at] + 3) % 20
            moved = (model(words, changed) - before).abs().amax(2)[0] > 1e-5
            assert not moved[: at + 1].any()
            assert moved[at + 1]
        changed = words.clone()
        changed[0, -1] += 1
        assert ((model(changed, codes) - before).abs().amax(2) > 1e-5).all()


@pytest.mark.parametrize("guidance", [1, 3.0])
def test_guidance_moves_the_scores_away_from_those_without_caption(guidance):
    model = lively(TextToImage(20, 16, 2, 16, 1))
    words = torch.randint(1, 20, (30, N_WORDS))
    codes = imagine(model, words, torch.Generator().manual_seed(0), guidance, temperature=1e-4)
    with torch.no_grad():
        scores, without = model(words, codes), model(0 * words, codes)

    def short_of_the_best(some):
        """Return how far below the best score a drawn code's is, at most."""
        return (some.amax(2) - some.gather(2, codes[:, :, None])[:, :, 0]).max()

    assert short_of_the_best(without + guidance * (scores - without)) < 2e-3
    assert (guidance == 1) == (short_of_the_best(scores) < 2e-3)


@pytest.mark.parametrize("kind", [Restyler, PixelMap])
def test_a_restyler_minds_the_style_and_keeps_the_size(kind):
    model = lively(kind())
    pictures = torch.rand(2, 3, 24, 24)
    with torch.no_grad():
        one, other = (model(pictures, torch.tensor([s, s])) for s in (0, 3))
    assert one.shape == pictures.shape
    assert (one - other).abs().max() > 1e-3


def test_a_pixel_map_cannot_move_anything():
    model = lively(PixelMap())
    pictures, changed = torch.zeros(1, 3, 24, 24), torch.zeros(1, 3, 24, 24)
    changed[..., 3, 5] = 1.0
    style = torch.tensor([1])
    with torch.no_grad():
        moved = (model(changed, style) - model(pictures, style)).abs().sum(1)[0] > 1e-6
    assert moved.nonzero().tolist() == [[3, 5]]


def test_restyling_is_right_for_who_knows_the_truth_and_wrong_for_who_copies():
    some = scenes.load(30, 1, 1, 1).train

    class Knows:
        def __call__(self, pictures, styles):
            found = [scenes.read(picture) for picture in pictures]
            return scenes.pictures([restyled(f, s) for f, s in zip(found, styles, strict=True)])

    assert restyling(Knows(), some) == {"things": 1, "setting": 1, "moon": 1}
    assert restyling(lambda pictures, styles: pictures, some)["setting"] == 0


def test_the_frechet_distance_of_known_clouds():
    torch.manual_seed(0)
    x = torch.randn(500, 4)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(x, x + 2) == pytest.approx(16, rel=1e-5)
    spread = torch.cov(x.double().T).trace().item()
    assert frechet_distance(x - x.mean(0), 3 * (x - x.mean(0))) == pytest.approx(
        4 * spread, rel=1e-4
    )
    with pytest.raises(QkvError, match="a covariance needs two"):
        frechet_distance(x, x[:1])
