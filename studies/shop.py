"""Chapter 12: recommendation in five simulated shops, with settings found by `shop_tuning`."""

import time

import torch

from qkv.chapters.beyond_language import (
    N_PRODUCTS,
    CoOccurrence,
    LSTMRecommender,
    histories,
    hit_rate,
    introduce,
    known_rules,
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

N, ASKED = 6_000, 1_000  # customers, and those of them whose clicks are to be foreseen
TEST = clicks.DAYS - 30  # the first day of the last month
MODELS = {"LSTM": LSTMRecommender, "self-attention": sasrec}
CHOSEN = {"LSTM": 1.2e-2, "self-attention": 1.2e-2}  # learning rates, as found by `shop_tuning`
TUNED = {"reach": 1, "rarity": 0.6, "memory": 0.6}  # co-occurrence's, likewise
HALF_LIFE = 4.0
SEEN = ((0, 0), (1, 2), (3, 6), (7, 15), (16, 1000))  # clicks before, from and to
NEW = range(clicks.N_BEFORE, N_PRODUCTS)


def settings():
    """Return five shops, none of them the one that the settings were found in."""
    return [{"seed": seed} for seed in range(1, 6)]


def scored(scores, some):
    """Return hit rate and NDCG at 10."""
    found = ranks(scores, wanted(some))
    return {"hit": hit_rate(found), "ndcg": ndcg(found)}


def trained(model, rows, seed, lr):
    """Return a trained model and the processor seconds that it took."""
    torch.manual_seed(seed)
    made, started = MODELS[model](), time.process_time()
    train_recommender(made, rows, seed, lr=lr)
    return made, round(time.process_time() - started, 1)


def by_experience(scores, some):
    """Return the hit rate by how many clicks of the customer came before, with their number."""
    found, hits = [], ranks(scores, wanted(some))
    n = torch.tensor([len(moment.before) for moment in some])
    for low, high in SEEN:
        inside = (low <= n) & (n <= high)
        found.append([hit_rate(hits[inside]), int(inside.sum())])
    return found


def of_new(scores, some):
    """Return the hit rate among clicks on new products, and among the others."""
    hits, new = ranks(scores, wanted(some)), wanted(some) >= clicks.N_BEFORE
    return [hit_rate(hits[new]), hit_rate(hits[~new])]


def introduced(model, some, moved):
    """Return `of_new` after each new product got its department's mean, or that of another one."""
    kept = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    for product in NEW:
        department = (clicks.DEPARTMENT_OF[product] + moved) % len(clicks.DEPARTMENTS)
        introduce(model, product, range(12 * department, 12 * department + 12))
    found = of_new(next_scores(model, some), some)
    model.load_state_dict(kept)
    return found


def run(seed):
    """Return what was measured in one shop, of all recommenders."""
    shop = clicks.load(N, seed)
    rows, some = histories(shop, TEST), moments(shop[:ASKED], TEST, clicks.DAYS)
    scores = {
        "popularity": popularity(rows, TEST, HALF_LIFE).expand(len(some), -1),
        "popularity of the year": popularity(rows, TEST, 1e6).expand(len(some), -1),
        "co-occurrence": CoOccurrence(rows, **TUNED).scores(some),
        "known rules": known_rules(shop[:ASKED], TEST, clicks.DAYS),
    }
    found = {"training": {}, "parameters": {}}
    for name in MODELS:
        made, found["training"][name] = trained(name, rows, seed, CHOSEN[name])
        found["parameters"][name] = sum(p.numel() for p in made.parameters())
        scores[name] = next_scores(made, some)
        if name == "self-attention":
            found["introduced"] = introduced(made, some, 0)
            found["introduced elsewhere"] = introduced(made, some, 5)
    found["scores"] = {name: scored(s, some) for name, s in scores.items()}
    found["experience"] = {name: by_experience(s, some) for name, s in scores.items()}
    found["new"] = {name: of_new(s, some) for name, s in scores.items()}
    return found
