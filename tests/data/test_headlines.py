import random

import pytest
import torch

from qkv.data import headlines
from qkv.data.headlines import COMPANIES, FRAMES, drift, headline
from qkv.errors import QkvError

DAYS = 2_000


@pytest.fixture(scope="module")
def market():
    return headlines.load(DAYS, effect=20.0, seed=3)


def after(market, lag):
    """Return the mean return `lag` days after news, in the news' direction, and its luck."""
    moves = torch.tensor(
        [
            news.sentiment * market.returns[news.day + lag, news.company]
            for news in market.headlines
            if news.sentiment and news.day + lag < DAYS
        ]
    )
    return moves.mean().item(), (moves.std() / len(moves) ** 0.5).item()


def test_news_jumps_on_its_day_and_drifts_for_three_days():
    flat = headlines.load(DAYS, effect=0.0, seed=3)
    jump, luck = after(flat, 0)
    assert abs(jump - headlines.JUMP) < 4 * luck
    for lag in (1, 2, 3):
        mean, luck = after(flat, lag)
        assert abs(mean) < 4 * luck, f"without effect news pays {mean:.4f} after {lag} days"


def test_the_drift_is_what_was_put_in_and_no_more(market):
    plain = headlines.load(DAYS, effect=0.0, seed=3).returns
    put = market.returns - plain
    others = {(n.day, n.company) for n in market.headlines if n.sentiment}
    alone = next(
        n
        for n in market.headlines
        if n.sentiment
        and n.day > 50
        and not any((n.day + k, n.company) in others for k in range(-3, 5) if k)
    )
    shares = put[alone.day : alone.day + 5, alone.company] * alone.sentiment
    whole = 20 * drift(alone.day)
    expected = torch.tensor([0.0, *(whole * s for s in headlines.SHARES), 0.0])
    assert torch.allclose(shares, expected, atol=1e-6)
    total = sum(news.sentiment**2 * 20 * drift(news.day) for news in market.headlines)
    signed = sum(
        news.sentiment * put[news.day + k, news.company].item()
        for news in market.headlines
        for k in (1, 2, 3)
        if news.day + k < DAYS
    )
    assert signed == pytest.approx(total, rel=0.1)


def test_the_drift_halves_every_half_life():
    assert drift(headlines.HALF_LIFE) == pytest.approx(drift(0) / 2)
    assert drift(0) == headlines.DRIFT
    assert sum(headlines.SHARES) == pytest.approx(1)


def test_weekdays_and_companies_have_no_effect_of_their_own():
    flat = headlines.load(DAYS, effect=0.0, seed=4).returns
    total = flat.std() / flat.numel() ** 0.5
    market_luck = headlines.MARKET / DAYS**0.5
    assert abs(flat.mean()) < 4 * (total + market_luck)
    for weekday in range(5):
        assert abs(flat[weekday::5].mean()) < 4 * (total + market_luck) * 5**0.5


def test_the_same_words_say_good_and_bad_in_other_company():
    rng = random.Random(0)
    texts = {s: {headline(rng, 0, 0, s).text for _ in range(3_000)} for s in FRAMES}
    assert not texts[1] & texts[-1]
    assert not texts[0] & (texts[1] | texts[-1])
    words = {s: {word for text in texts[s] for word in text.split()} for s in FRAMES}
    assert {"up", "down", "cuts", "raises", "forecast", "smaller"} <= words[1] & words[-1]


def test_every_day_has_news_of_some_companies(market):
    share = len(market.headlines) / (DAYS * headlines.N_COMPANIES)
    assert abs(share - headlines.RATE) < 0.01
    assert [n.day for n in market.headlines] == sorted(n.day for n in market.headlines)
    assert len({(n.day, n.company) for n in market.headlines}) == len(market.headlines)
    assert len(COMPANIES) == len(set(COMPANIES)) == headlines.N_COMPANIES
    assert all(COMPANIES[n.company] in n.text for n in market.headlines[:500])


def test_one_seed_has_one_luck_whatever_the_effect():
    one, other = headlines.load(100, seed=1), headlines.load(100, effect=0.0, seed=1)
    assert one.headlines == other.headlines
    assert torch.equal(one.returns[0], other.returns[0])
    assert not torch.equal(one.returns, headlines.load(100, seed=2).returns)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: headlines.load(0), "days=0"),
        (lambda: headline(random.Random(0), 0, 0, 2), "sentiment=2"),
    ],
)
def test_what_cannot_be_made_is_said(call, message):
    with pytest.raises(QkvError, match=message):
        call()
