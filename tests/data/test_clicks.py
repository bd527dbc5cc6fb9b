"""The simulated shop keeps its promises: errands, kinds, seasons, launches, a best guess."""

import collections
import itertools

import numpy as np
import pytest

from qkv.data import clicks
from qkv.data.clicks import Click
from qkv.errors import QkvError


@pytest.fixture(scope="module")
def shop():
    return clicks.load(1_500, seed=4)


def all_clicks(shop):
    return [click for customer in shop for click in customer.clicks]


def test_the_shelves_hold_twelve_products_each_and_no_name_twice():
    assert len(clicks.PRODUCTS) == len(set(clicks.PRODUCTS)) == 124
    assert len(clicks.DEPARTMENT_OF) == 124
    assert all(clicks.DEPARTMENT_OF[:120].count(shelf) == 12 for shelf in range(10))
    assert [clicks.DEPARTMENTS[shelf] for shelf in clicks.DEPARTMENT_OF[120:]] == list(
        clicks.LAUNCHED
    )


def test_three_products_of_each_department_stand_in_two_errands_and_go_on_differently():
    after = collections.defaultdict(set)
    for errand in clicks.ERRANDS:
        assert len({clicks.DEPARTMENT_OF[product] for product in errand}) == 1
        for one, following in itertools.pairwise(errand):
            after[one].add(following)
    twice = [p for p, n in collections.Counter(sum(clicks.ERRANDS, ())).items() if n > 1]
    assert len(twice) == 30
    assert all(len(after[product]) == 2 for product in twice)


def test_the_same_seed_makes_the_same_customers_and_another_seed_others():
    assert clicks.load(20, seed=3) == clicks.load(20, seed=3)
    assert clicks.load(20, seed=3) != clicks.load(20, seed=5)
    assert clicks.load(10, seed=3) == clicks.load(20, seed=3)[:10]


def test_days_go_forward_and_stay_within_the_year(shop):
    for customer in shop:
        days = [click.day for click in customer.clicks]
        assert days == sorted(days)
        assert 0 <= days[0] <= days[-1] < clicks.DAYS
        assert len(customer.on_errand) == len(days)


def test_about_as_many_clicks_belong_to_errands_as_the_rule_says(shop):
    share = np.mean([on for customer in shop for on in customer.on_errand])
    assert abs(share - clicks.ON_ERRAND) < 0.02, f"{share:.3f}"


def test_errands_go_on_in_their_order(shop):
    following = {pair for errand in clicks.ERRANDS for pair in itertools.pairwise(errand)}
    firsts = {errand[0] for errand in clicks.ERRANDS}
    for customer in shop[:300]:
        ids = [c.product for c, on in zip(customer.clicks, customer.on_errand, strict=True) if on]
        assert all(pair in following or pair[1] in firsts for pair in itertools.pairwise(ids))


def test_a_kind_clicks_most_in_its_own_department(shop):
    for kind, (most, _) in enumerate(clicks.KINDS.values()):
        counts = collections.Counter(
            clicks.DEPARTMENT_OF[click.product]
            for customer in shop
            if customer.kind == kind
            for click in customer.clicks
        )
        assert counts.most_common(1)[0][0] == clicks.DEPARTMENTS.index(most)


def test_seasons_have_their_peaks(shop):
    for name, peak in (("garden", 4), ("winter", 11)):
        shelf = clicks.DEPARTMENTS.index(name)
        on_shelf = [
            np.mean(
                [clicks.DEPARTMENT_OF[c.product] == shelf for c in all_clicks(shop) if c.month == m]
            )
            for m in range(clicks.MONTHS)
        ]
        away = abs(int(np.argmax(on_shelf)) - peak)
        assert min(away, 12 - away) <= 1, f"{name}: {on_shelf}"
        assert max(on_shelf) > 2 * min(on_shelf)


def test_what_is_launched_is_clicked_in_the_last_month_alone(shop):
    days = [click.day for click in all_clicks(shop) if click.product >= clicks.N_BEFORE]
    last = [click for click in all_clicks(shop) if click.day >= clicks.DAYS - 30]
    assert min(days) >= clicks.DAYS - 30
    assert 0.05 < len(days) / len(last) < 0.25


def test_the_chances_add_up_and_are_those_of_a_first_click_by_hand():
    click = Click(200, 24)  # the tent: first of an errand
    found = clicks.chances([click])
    assert found.shape == (1, 124)
    assert found.sum() == pytest.approx(1)
    month, errand = 6, clicks.ERRANDS.index((24, 25, 26, 27, 28))
    by_hand = sum(
        share
        * (
            clicks.ON_ERRAND * clicks.new_errands()[kind, month, errand]
            + (1 - clicks.ON_ERRAND) * clicks.looks()[kind, month, 24]
        )
        for kind, share in enumerate(clicks.SHARES)
    )
    assert found[0, 24] == pytest.approx(by_hand)


def test_the_chances_are_right_as_often_as_they_say(shop):
    said, happened = [], []
    for customer in shop[:600]:
        rows = clicks.chances(customer.clicks)
        said.append(rows.max(1))
        happened.append(
            [c.product == p for c, p in zip(customer.clicks, rows.argmax(1), strict=True)]
        )
    said, happened = np.concatenate(said), np.concatenate(happened)
    for low, high in ((0.0, 0.15), (0.15, 0.3), (0.3, 0.45), (0.45, 1.0)):
        inside = (low <= said) & (said < high)
        assert inside.sum() > 200
        assert abs(said[inside].mean() - happened[inside].mean()) < 0.04, f"from {low} to {high}"


def test_nothing_beats_the_chances_not_even_who_counts_pairs_in_the_same_clicks(shop):
    pairs = np.zeros((124, 124))
    for customer in shop:
        ids = [click.product for click in customer.clicks]
        np.add.at(pairs, (ids[:-1], ids[1:]), 1)
    best, counted = [], []
    for customer in shop[:300]:
        rows = clicks.chances(customer.clicks)
        for i, (one, following) in enumerate(itertools.pairwise(customer.clicks)):
            at = following.product
            best.append((rows[i + 1] > rows[i + 1, at]).sum() < 10)
            counted.append((pairs[one.product] > pairs[one.product, at]).sum() < 10)
    assert np.mean(best) > np.mean(counted) + 0.05, f"{np.mean(best):.3f}, {np.mean(counted):.3f}"


def test_to_know_the_kind_helps_at_the_first_click_and_less_later(shop):
    gains = collections.defaultdict(list)
    for customer in shop[:600]:
        ids = [click.product for click in customer.clicks]
        at = np.arange(len(ids)), ids
        told, untold = (clicks.chances(customer.clicks, k)[at] for k in (customer.kind, None))
        for i, gain in enumerate(np.log(told / untold)):
            gains["first" if i == 0 else "later" if i >= 20 else "between"].append(gain)
    assert np.mean(gains["first"]) > np.mean(gains["later"]) + 0.1


def test_an_empty_shop_and_a_click_out_of_time_are_refused():
    with pytest.raises(QkvError, match="n_customers=0"):
        clicks.load(0)
    with pytest.raises(QkvError, match="nobody clicks 'air fryer' on day 12"):
        clicks.chances([Click(12, 120)])
