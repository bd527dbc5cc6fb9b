"""Wrong answers to the exercises of chapter 11, and the hint that each of them must meet.

A cell starts with `# %% task | what is wrong | hint: piece of the message` and holds the code that
takes the place of the task's solution cell. `hidden:` in place of `hint:` marks an answer that the
visible checks let pass and the hidden tests must not. What the notebook imports is there.
"""

# ruff: noqa: D103, F811, F821

# %% pool_or_nothing | nothing takes no part | hint: nothing has a weight, too


def pool_or_nothing(scores, values, real, nothing):
    return scores.masked_fill(~real, -torch.inf).softmax(dim=0) @ values


# %% pool_or_nothing | looks at padding | hint: padding is looked at


def pool_or_nothing(scores, values, real, nothing):
    weights = torch.cat([scores, torch.tensor([nothing])]).softmax(dim=0)
    return weights[:-1] @ values


# %% pool_or_nothing | hides padding after the softmax | hint: padding still takes its share


def pool_or_nothing(scores, values, real, nothing):
    weights = torch.cat([scores, torch.tensor([nothing])]).softmax(dim=0)
    return (weights[:-1] * real) @ values


# %% pool_or_nothing | the score of nothing is always 0 | hint: is a score, and 100 a very large one


def pool_or_nothing(scores, values, real, nothing):
    hidden = scores.masked_fill(~real, -torch.inf)
    return torch.cat([hidden, torch.zeros(1)]).softmax(dim=0)[:-1] @ values


# %% pool_or_nothing | the mean of words, when nothing is far below | hidden: of random words


def pool_or_nothing(scores, values, real, nothing):
    if nothing > 50:
        return torch.zeros(values.shape[1])
    return values[real].sum(dim=0) / (real.sum() + 1)


# %% worth_of_phrases | the signs | hint: the full text's comes first


def worth_of_phrases(probability, words, width):
    whole = math.log(probability(words))
    starts = range(len(words) - width + 1)
    return [math.log(probability(words[:i] + words[i + width :])) - whole for i in starts]


# %% worth_of_phrases | no logarithm | hint: take the logarithms


def worth_of_phrases(probability, words, width):
    starts = range(len(words) - width + 1)
    return [probability(words) - probability(words[:i] + words[i + width :]) for i in starts]


# %% worth_of_phrases | bits | hint: take the natural logarithm


def worth_of_phrases(probability, words, width):
    whole = math.log2(probability(words))
    starts = range(len(words) - width + 1)
    return [whole - math.log2(probability(words[:i] + words[i + width :])) for i in starts]


# %% worth_of_phrases | single words | hint: take out `width` of them


def worth_of_phrases(probability, words, width):
    whole = math.log(probability(words))
    return [whole - math.log(probability(words[:i] + words[i + 1 :])) for i in range(len(words))]


# %% worth_of_phrases | one stretch too few | hint: the last stretch is missing


def worth_of_phrases(probability, words, width):
    whole = math.log(probability(words))
    starts = range(len(words) - width)
    return [whole - math.log(probability(words[:i] + words[i + width :])) for i in starts]


# %% worth_of_phrases | counts the stretches of five words | hidden: of random words


def worth_of_phrases(probability, words, width):
    whole = math.log(probability(words))
    starts = range(5 - width + 1)
    return [whole - math.log(probability(words[:i] + words[i + width :])) for i in starts]


# %% too_sure | the signs | hint: too sure is positive


def too_sure(confidence, right, n_groups):
    order = confidence.argsort()
    sure = confidence[order].view(n_groups, -1).mean(dim=1)
    return right[order].float().view(n_groups, -1).mean(dim=1) - sure


# %% too_sure | absolute values | hint: do not take the absolute value


def too_sure(confidence, right, n_groups):
    order = confidence.argsort()
    sure = confidence[order].view(n_groups, -1).mean(dim=1)
    return (sure - right[order].float().view(n_groups, -1).mean(dim=1)).abs()


# %% too_sure | not sorted | hint: were not sorted by their probability


def too_sure(confidence, right, n_groups):
    sure = confidence.view(n_groups, -1).mean(dim=1)
    return sure - right.float().view(n_groups, -1).mean(dim=1)


# %% too_sure | the truth is not sorted along | hint: use the same order for both


def too_sure(confidence, right, n_groups):
    sure = confidence.sort().values.view(n_groups, -1).mean(dim=1)
    return sure - right.float().view(n_groups, -1).mean(dim=1)


# %% too_sure | the middle of each group in place of its mean | hidden: of random answers


def too_sure(confidence, right, n_groups):
    order = confidence.argsort()
    sorted_ = confidence[order].view(n_groups, -1)
    middle = (sorted_[:, 0] + sorted_[:, -1]) / 2
    return middle - right[order].float().view(n_groups, -1).mean(dim=1)


# %% mended | the same day | hint: still trades on the headline's own day


def mended(said, returns, cost):
    before = torch.cat([torch.zeros(1), said[:-1]])
    return said * returns - cost * (said - before).abs()


# %% mended | shifted the wrong way | hint: hold what was said on the day BEFORE


def mended(said, returns, cost):
    held = torch.cat([said[1:], torch.zeros(1)])
    before = torch.cat([torch.zeros(1), held[:-1]])
    return held * returns - cost * (held - before).abs()


# %% mended | two days | hint: this waits two days


def mended(said, returns, cost):
    held = torch.cat([torch.zeros(2), said[:-2]])
    before = torch.cat([torch.zeros(1), held[:-1]])
    return held * returns - cost * (held - before).abs()


# %% mended | pays for holding | hint: pay for changes alone


def mended(said, returns, cost):
    held = torch.cat([torch.zeros(1), said[:-1]])
    return held * returns - cost * held.abs()


# %% mended | every change is one | hint: is a change by 2


def mended(said, returns, cost):
    held = torch.cat([torch.zeros(1), said[:-1]])
    before = torch.cat([torch.zeros(1), held[:-1]])
    return held * returns - cost * (held != before)


# %% mended | earns its costs | hint: costs are paid, not earned


def mended(said, returns, cost):
    held = torch.cat([torch.zeros(1), said[:-1]])
    before = torch.cat([torch.zeros(1), held[:-1]])
    return held * returns + cost * (held - before).abs()


# %% mended | letting go is free | hidden: on random days


def mended(said, returns, cost):
    held = torch.cat([torch.zeros(1), said[:-1]])
    before = torch.cat([torch.zeros(1), held[:-1]])
    return held * returns - cost * (held - before).abs() * (held != 0)
