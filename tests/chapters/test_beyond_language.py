import math

import pytest
import torch

from qkv.chapters.beyond_language import (
    N_PRODUCTS,
    START,
    WINDOW,
    CoOccurrence,
    LSTMRecommender,
    Moment,
    crops,
    histories,
    hit_rate,
    introduce,
    known_rules,
    moments,
    ndcg,
    next_click_loss,
    next_scores,
    popularity,
    ranks,
    sasrec,
    train_recommender,
    wanted,
    without_each,
)
from qkv.data import clicks
from qkv.data.clicks import Click
from qkv.errors import QkvError


@pytest.fixture(scope="module")
def shop():
    return clicks.load(120, seed=8)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(2)
    made = sasrec().eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return made


def row(*products, day=0):
    return [Click(day + i, product) for i, product in enumerate(products)]


def test_nothing_fitted_sees_the_test_and_each_click_of_the_test_is_asked_once(shop):
    rows, some = histories(shop, 330), moments(shop, 330, 360)
    assert max(click.day for one in rows for click in one) < 330
    assert len(some) == sum(k.day >= 330 for c in shop for k in c.clicks)
    for moment in some:
        assert 330 <= moment.click.day < 360
        assert all(click.day <= moment.click.day for click in moment.before)
    assert sum(map(len, rows)) + len(some) == sum(len(c.clicks) for c in shop)


def test_a_tie_counts_against_the_scores():
    scores = torch.tensor([[0.0, 2.0, 1.0, 1.0], [5.0, 5.0, 5.0, 5.0]])
    assert ranks(scores, torch.tensor([2, 0])).tolist() == [2, 3]
    assert ranks(scores, torch.tensor([1, 3])).tolist() == [0, 3]


def test_hit_rate_and_ndcg_end_at_the_tenth_place():
    places = torch.tensor([0, 9, 10, 3])
    assert hit_rate(places) == pytest.approx(0.75)
    by_hand = (1 + 1 / math.log2(11) + 1 / math.log2(5)) / 4
    assert ndcg(places) == pytest.approx(by_hand)
    assert hit_rate(places, k=1) == ndcg(places, k=1) == 0.25


def test_popularity_halves_with_each_half_life():
    found = popularity([row(3, day=6), row(3, 4, day=8)], day=10, half_life=2.0)
    assert found[3] == pytest.approx(0.25 + 0.5)
    assert found[4] == pytest.approx(0.5**0.5)
    assert found.sum() == pytest.approx(found[3] + found[4])


def test_cooccurrence_counts_what_came_after_and_forgets_older_clicks():
    counted = CoOccurrence([row(1, 2, 3), row(1, 2, 4)], reach=1, rarity=0.0, memory=0.5)
    scores = counted.scores(
        [Moment(tuple(row(1)), Click(9, 2)), Moment(tuple(row(1, 2)), Click(9, 3))]
    )
    assert scores[0].argmax() == 2
    assert scores[1, 3] == pytest.approx(scores[1, 4].item())
    assert scores[1, 3] == pytest.approx(0.5, abs=0.05)
    assert scores[1, 2] == pytest.approx(0.5, abs=0.05), "the older click counts one half"
    far = CoOccurrence([row(1, 2, 3)], reach=2, rarity=0.0, memory=0.0)
    assert far.scores([Moment(tuple(row(1)), Click(9, 3))])[0].topk(2).indices.tolist() in (
        [2, 3],
        [3, 2],
    )


def test_what_was_never_clicked_is_lifted_by_rarity_alone():
    rows = [row(1, 2, 3, 1, 2, 3)]
    for rarity, least, most in ((0.0, 0.9, 1.1), (0.6, 4, 6)):
        counted = CoOccurrence(rows, 1, rarity, 0.0)
        scores = counted.scores([Moment(tuple(row(1)), Click(9, 2))])[0]
        # neither came after 1; product 3 was clicked, product 120 never
        assert least < scores[120] / scores[3] < most, f"rarity {rarity}"


def test_every_click_is_trained_on_once_an_epoch_in_the_customers_order():
    rows = [row(*range(100)), row(5), row(7, 8)]
    epoch = crops(rows, batch=4, seed=1)
    for number in (0, 1):
        seen = []
        for ids, mask in epoch(number):
            assert (ids[:, 0] == START).all()
            assert ids.shape[1] <= WINDOW + 1
            for one, length in zip(ids, mask.sum(1), strict=True):
                part = one[1:length].tolist()
                assert part == list(range(part[0], part[0] + len(part)))
                seen += part
        assert sorted(seen) == sorted([*range(100), 5, 7, 8])
    first, second = ([ids.tolist() for ids, _ in epoch(n)] for n in (0, 1))
    assert first != second, "the windows lie elsewhere in each epoch"


@pytest.mark.parametrize("build", [sasrec, LSTMRecommender])
def test_the_future_and_the_padding_do_not_leak(build):
    torch.manual_seed(1)
    made = build().eval()
    ids = torch.tensor([[START, 1, 2, 3, 4]])
    other = torch.tensor([[START, 1, 2, 9, START]])
    with torch.no_grad():
        assert torch.allclose(made(ids)[:, :3], made(other)[:, :3], atol=1e-5)
        assert not torch.allclose(made(ids)[:, 3], made(other)[:, 3], atol=1e-3)


def test_the_two_networks_have_about_as_many_parameters():
    sizes = [sum(p.numel() for p in build().parameters()) for build in (sasrec, LSTMRecommender)]
    assert max(sizes) / min(sizes) < 1.1, sizes


def test_the_loss_leaves_padding_out(model):
    short = torch.tensor([[START, 3, 4]])
    long = torch.tensor([[START, 3, 4, START, START]])
    mask = torch.tensor([[True, True, True, False, False]])
    one = next_click_loss(model, (short, mask[:, :3]))
    assert next_click_loss(model, (long, mask)).item() == pytest.approx(one.item(), abs=1e-5)


def test_scores_of_many_moments_are_those_of_each_alone(model):
    some = [Moment(tuple(row(*range(n))), Click(50, 1)) for n in (0, 3, 40)]
    together = next_scores(model, some)
    assert together.shape == (3, N_PRODUCTS)
    for one, scores in zip(some, together, strict=True):
        assert torch.allclose(next_scores(model, [one])[0], scores, atol=1e-4)
        kept = [START, *(c.product for c in one.before[-WINDOW:])]
        with torch.no_grad():
            direct = model(torch.tensor([kept]))[0, -1, :N_PRODUCTS]
        assert torch.allclose(direct, scores, atol=1e-4)


def test_a_short_training_learns_who_follows_whom():
    rows = [row(*[(start + i) % 10 for i in range(12)]) for start in range(10)]
    torch.manual_seed(0)
    made = LSTMRecommender(16)
    train_recommender(made, rows, seed=0, steps=60, lr=2e-2)
    some = [Moment(tuple(row(3, 4)), Click(9, 5)), Moment(tuple(row(8, 9)), Click(9, 0))]
    assert next_scores(made, some).argmax(1).tolist() == [5, 0]


def test_the_known_rules_line_up_with_the_moments(shop):
    some, best = moments(shop, 330, 360), known_rules(shop, 330, 360)
    assert best.shape == (len(some), N_PRODUCTS)
    assert torch.allclose(best.sum(1), torch.ones(len(some)), atol=1e-4)
    mixed = wanted(some)[torch.randperm(len(some), generator=torch.Generator().manual_seed(0))]
    assert hit_rate(ranks(best, wanted(some))) > hit_rate(ranks(best, mixed)) + 0.3


def test_a_new_product_gets_the_mean_of_those_it_is_like():
    torch.manual_seed(0)
    made = sasrec()
    before = made.embed.tokens.weight.detach().clone()
    introduce(made, 120, [0, 2])
    after = made.embed.tokens.weight.detach()
    assert torch.allclose(after[120], (before[0] + before[2]) / 2)
    others = torch.arange(N_PRODUCTS + 1) != 120
    assert torch.equal(after[others], before[others])
    with pytest.raises(QkvError, match="like is empty"):
        introduce(made, 120, [])


def test_each_click_left_out_is_what_the_model_says_of_the_others(model):
    now, without = without_each(model, [4, 9, 7], asked=2)
    assert without.shape == (3,)
    for i, kept in enumerate(([9, 7], [4, 7], [4, 9])):
        with torch.no_grad():
            scores = model(torch.tensor([[START, *kept]]))[0, -1, :N_PRODUCTS]
        assert without[i].item() == pytest.approx(scores.softmax(0)[2].item(), abs=1e-6)
    with torch.no_grad():
        scores = model(torch.tensor([[START, 4, 9, 7]]))[0, -1, :N_PRODUCTS]
    assert now == pytest.approx(scores.softmax(0)[2].item(), abs=1e-6)
