"""Chapter 11: what trading on headlines seems to earn with each mistake, and does, in ten markets.

The page's market is seed 0; here are ten others.
"""

import torch

from qkv.chapters.working_with_language import (
    a_year,
    best_rule,
    held,
    judge,
    judged,
    profits,
    random_rules,
    read_texts,
    said_by_day,
    train_judge,
    vocabulary_of,
)
from qkv.data import headlines

DAYS = 1_500
LEARN, TEST, LATER = slice(0, 500), slice(500, 1_000), slice(1_000, 1_500)
N_RULES = 200


def settings():
    """Return ten markets."""
    return [{"seed": seed} for seed in range(1, 11)]


def run(seed):
    """Return how well two readers read, and profits a year: honest, with each mistake, later."""
    market = headlines.load(DAYS, seed=seed)
    words = [news.words for news in market.headlines]
    answers = [[news.sentiment + 1] for news in market.headlines]
    n = sum(news.day < LEARN.stop for news in market.headlines)
    vocabulary = vocabulary_of(words[:n])
    texts = read_texts(vocabulary, words, answers)
    found = {}
    for kind, name in (("transformer, attention", "transformer_read"), ("bag of words", "read")):
        torch.manual_seed(seed)
        model = judge(kind, len(vocabulary), 1)
        train_judge(model, type(texts)(*(part[:n] for part in texts)), seed, steps=250)
        read = judged(model, texts)[:, 0].argmax(-1) - 1
        found[name] = read.eq(texts.answers[:, 0] - 1)[n:].float().mean().item()
    said = said_by_day(market.headlines, read.tolist(), DAYS)
    true = said_by_day(market.headlines, [news.sentiment for news in market.headlines], DAYS)
    rules = random_rules(N_RULES, seed)

    def earned(days, said=said, lag=1, cost=None):
        more = {} if cost is None else {"cost": cost}
        return a_year(profits(held(said, lag), market.returns, **more)[days])

    found |= {
        "first": earned(LEARN),
        "honest": earned(TEST),
        "true_sentiment": earned(TEST, true),
        "free": earned(TEST, cost=0),
        "ahead": earned(TEST, lag=0),
    }
    best = best_rule(rules, said[TEST], market.returns[TEST])
    ruled = best.applied(said)
    found |= {"tried": earned(TEST, ruled), "tried_later": earned(LATER, ruled)}
    none = headlines.load(DAYS, effect=0, seed=seed).returns
    found["no_effect"] = a_year(profits(held(true), none, 0)[TEST])
    return {key: round(value, 5) for key, value in found.items()}
