"""Wrong answers to the exercises of chapter 12, and the hint that each of them must meet.

A cell starts with `# %% task | what is wrong | hint: piece of the message` and holds the code that
takes the place of the task's solution cell. `hidden:` in place of `hint:` marks an answer that the
visible checks let pass and the hidden tests must not. What the notebook imports is there.
"""

# ruff: noqa: D103, F811, F821

# %% ndcg_of_set | divided by k gains | hint: it has only as many right ones as there are


def ndcg_of_set(ranked, right, k):
    gains = [1 / math.log2(place + 2) for place in range(k)]
    return torch.tensor(
        sum(g for g, one in zip(gains, ranked, strict=False) if one in right) / sum(gains)
    )


# %% ndcg_of_set | not divided | hint: is not divided by the best possible


def ndcg_of_set(ranked, right, k):
    gains = [1 / math.log2(place + 2) for place in range(k)]
    return torch.tensor(sum(g for g, one in zip(gains, ranked, strict=False) if one in right))


# %% ndcg_of_set | places from 1 | hint: the first place counts 1


def ndcg_of_set(ranked, right, k):
    gains = [1 / math.log2(place + 3) for place in range(k)]
    found = sum(g for g, one in zip(gains, ranked, strict=False) if one in right)
    return torch.tensor(found / sum(gains[: len(right)]))


# %% ndcg_of_set | the recall | hint: NDCG also asks where


def ndcg_of_set(ranked, right, k):
    return torch.tensor(sum(one in right for one in ranked[:k]) / len(right))


# %% ndcg_of_set | divided by the number of right ones | hint: the best possible sum is smaller


def ndcg_of_set(ranked, right, k):
    gains = [1 / math.log2(place + 2) for place in range(k)]
    return torch.tensor(
        sum(g for g, one in zip(gains, ranked, strict=False) if one in right) / len(right)
    )


# %% ndcg_of_set | more right ones than places | hidden: ndcg_of_set with nine right ones


def ndcg_of_set(ranked, right, k):
    gains = [1 / math.log2(place + 2) for place in range(max(k, len(right)))]
    found = sum(g for g, one in zip(gains, ranked[:k], strict=False) if one in right)
    return torch.tensor(found / sum(gains[: len(right)]))


# %% popular_on | the day itself counted | hint: in the morning they are not known


def popular_on(clicks, day, half_life, n_products):
    counts = torch.zeros(n_products)
    for when, product in clicks:
        if when <= day:
            counts[product] += 0.5 ** ((day - when) / half_life)
    return counts


# %% popular_on | the future counted | hint: leave out what lies ahead


def popular_on(clicks, day, half_life, n_products):
    counts = torch.zeros(n_products)
    for when, product in clicks:
        counts[product] += 0.5 ** ((day - when) / half_life)
    return counts


# %% popular_on | no forgetting | hint: an older one counts less


def popular_on(clicks, day, half_life, n_products):
    counts = torch.zeros(n_products)
    for when, product in clicks:
        counts[product] += when < day
    return counts


# %% popular_on | the oldest count most | hint: turn the sign of the exponent


def popular_on(clicks, day, half_life, n_products):
    counts = torch.zeros(n_products)
    for when, product in clicks:
        if when < day:
            counts[product] += 0.5 ** ((when - day) / half_life)
    return counts


# %% popular_on | an exponential with e | hint: after that many days a click counts one half


def popular_on(clicks, day, half_life, n_products):
    counts = torch.zeros(n_products)
    for when, product in clicks:
        if when < day:
            counts[product] += math.exp(-(day - when) / half_life)
    return counts


# %% popular_on | the latest click of each alone | hidden: popular_on with clicks in any order


def popular_on(clicks, day, half_life, n_products):
    counts = torch.zeros(n_products)
    seen = {}
    for when, product in clicks:
        if when < day and len(seen.setdefault(product, [])) < 2:
            seen[product].append(when)
            counts[product] += 0.5 ** ((day - when) / half_life)
    return counts


# %% offers | clicked ones offered | hint: leave them out


def offers(scores, clicked, k):
    return scores.topk(k).indices


# %% offers | the worst first | hint: these are the worst


def offers(scores, clicked, k):
    left = scores.clone()
    left[clicked] = float("inf")
    return left.topk(k, largest=False).indices


# %% offers | 0 for what is clicked | hint: 0 is no low score


def offers(scores, clicked, k):
    left = scores.clone()
    left[clicked] = 0.0
    return left.topk(k).indices.sort().values


# %% offers | the order turned round | hint: the order is turned round


def offers(scores, clicked, k):
    left = scores.clone()
    left[clicked] = float("-inf")
    return left.topk(k).indices.flip(0)


# %% offers | left out too late | hint: leave out first


def offers(scores, clicked, k):
    best = [i for i in scores.topk(k).indices.tolist() if i not in clicked]
    return torch.tensor(best)


# %% offers | the scores changed | hidden: scores after offers, which must not change


def offers(scores, clicked, k):
    scores[clicked] = float("-inf")
    return scores.topk(k).indices


# %% next_product | no prior | hint: the prior is missing


def next_product(rates, prior, clicked):
    if not clicked:
        return prior @ rates
    return rates.log()[:, clicked].sum(1).softmax(0) @ rates


# %% next_product | the latest click alone | hint: every click counts


def next_product(rates, prior, clicked):
    belief = prior * rates[:, clicked[-1:]].prod(1)
    return belief / belief.sum() @ rates


# %% next_product | clicks not used | hint: the clicks were not used


def next_product(rates, prior, clicked):
    return prior @ rates


# %% next_product | beliefs handed back | hint: mix the kinds' rates by them


def next_product(rates, prior, clicked):
    return (prior.log() + rates.log()[:, clicked].sum(1)).softmax(0)


# %% next_product | beliefs that do not add up | hint: the beliefs must


def next_product(rates, prior, clicked):
    return (prior * rates[:, clicked].prod(1)) @ rates


# %% next_product | a product too small for the computer | hidden: next_product after 300 clicks


def next_product(rates, prior, clicked):
    belief = prior * rates[:, clicked].prod(1)
    return belief / belief.sum() @ rates
