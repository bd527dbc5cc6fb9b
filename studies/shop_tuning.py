"""Chapter 12: what was tried on a sixth shop, its last month but one foreseen, to settle study `shop`."""

import time

import torch

from qkv.chapters.beyond_language import (
    CoOccurrence,
    LSTMRecommender,
    hit_rate,
    histories,
    moments,
    ndcg,
    next_scores,
    popularity,
    ranks,
    sasrec,
    train_recommender,
    wanted,
)
from qkv.data import clicks

N, ASKED = 6_000, 2_000  # customers, and those of them whose clicks are to be foreseen
VALID, TEST = clicks.DAYS - 60, clicks.DAYS - 30  # the first days of the last two months
MODELS = {"self-attention": sasrec, "LSTM": LSTMRecommender}
RATES = (3e-3, 6e-3, 1.2e-2, 2.4e-2)
HALF_LIVES = (2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 1000.0)


def settings():
    """Return the learning rates of the models, and the reaches of co-occurrence."""
    tried = [{"model": model, "lr": lr, "reach": 0} for model in MODELS for lr in RATES]
    tried += [{"model": "co-occurrence", "lr": 0.0, "reach": reach} for reach in (1, 2, 3)]
    return [*tried, {"model": "popularity", "lr": 0.0, "reach": 0}]


def scored(scores, some):
    """Return hit rate and NDCG at 10."""
    found = ranks(scores, wanted(some))
    return [hit_rate(found), ndcg(found)]


def run(model, lr, reach):
    """Return hit rate and NDCG of a model, or of each setting of what only counts."""
    shop = clicks.load(N, 6)
    rows, some = histories(shop, VALID), moments(shop[:ASKED], VALID, TEST)
    if model in MODELS:
        torch.manual_seed(6)
        made, started = MODELS[model](), time.process_time()
        train_recommender(made, rows, 6, lr=lr)
        seconds = round(time.process_time() - started, 1)
        return {"found": {str(lr): scored(next_scores(made, some), some)}, "training": seconds}
    if model == "popularity":
        tried = {
            str(half): popularity(rows, VALID, half).expand(len(some), -1) for half in HALF_LIVES
        }
    else:
        tried = {
            f"{rarity} {memory}": CoOccurrence(rows, reach, rarity, memory).scores(some)
            for rarity in (0.0, 0.3, 0.6)
            for memory in (0.0, 0.4, 0.6, 0.8)
        }
    return {
        "found": {name: scored(scores, some) for name, scores in tried.items()},
        "training": 0.0,
    }
