"""Wrong answers to the exercises of chapter 10, and the hint that each of them must meet.

A cell starts with `# %% task | what is wrong | hint: piece of the message` and holds the code that
takes the place of the task's solution cell. `hidden:` in place of `hint:` marks an answer that the
visible checks let pass and the hidden tests must not. What the notebook imports is there.
"""

# ruff: noqa: D103, F811, F821

# %% beliefs | no prior | hint: use prior


def beliefs(log_p, shown, prior):
    return log_p[:, torch.arange(len(shown)), shown].sum(1).softmax(0)


# %% beliefs | the prior without logarithm | hint: take its logarithm too


def beliefs(log_p, shown, prior):
    return (log_p[:, torch.arange(len(shown)), shown].sum(1) + prior).softmax(0)


# %% beliefs | the prior for each pixel | hint: it counts once


def beliefs(log_p, shown, prior):
    each = log_p[:, torch.arange(len(shown)), shown] + prior.log()[:, None]
    return each.sum(1).softmax(0)


# %% beliefs | not normalised | hint: divide by their sum


def beliefs(log_p, shown, prior):
    return (log_p[:, torch.arange(len(shown)), shown].sum(1) + prior.log()).exp()


# %% beliefs | logarithms handed back | hint: give probabilities


def beliefs(log_p, shown, prior):
    return log_p[:, torch.arange(len(shown)), shown].sum(1) + prior.log()


# %% beliefs | probabilities multiplied, which vanish | hidden: beliefs after 250 pixels


def beliefs(log_p, shown, prior):
    p = log_p.exp()[:, torch.arange(len(shown)), shown].prod(1) * prior
    return p / p.sum()


# %% unpatch | read in another shape | hint: each patch must become a square


def unpatch(cut, size, channels):
    side = round(cut.shape[1] ** 0.5) * size
    return cut.reshape(len(cut), channels, side, side)


# %% unpatch | patches column by column | hint: patches come row by row


def unpatch(cut, size, channels):
    cells = round(cut.shape[1] ** 0.5)
    x = cut.unflatten(1, (cells, cells)).unflatten(3, (channels, size, size))
    return x.permute(0, 3, 2, 4, 1, 5).flatten(4, 5).flatten(2, 3)


# %% unpatch | rows and columns inside a patch | hint: within a patch, rows and columns


def unpatch(cut, size, channels):
    cells = round(cut.shape[1] ** 0.5)
    x = cut.unflatten(1, (cells, cells)).unflatten(3, (channels, size, size))
    return x.permute(0, 3, 1, 5, 2, 4).flatten(4, 5).flatten(2, 3)


# %% unpatch | the last channel first | hint: the first channel comes first


def unpatch(cut, size, channels):
    cells = round(cut.shape[1] ** 0.5)
    x = cut.unflatten(1, (cells, cells)).unflatten(3, (channels, size, size))
    return x.permute(0, 3, 1, 4, 2, 5).flatten(4, 5).flatten(2, 3).flip(1)


# %% unpatch | the first picture, for all | hidden: unpatch of random pictures


def unpatch(cut, size, channels):
    cells = round(cut.shape[1] ** 0.5)
    x = cut.unflatten(1, (cells, cells)).unflatten(3, (channels, size, size))
    x = x.permute(0, 3, 1, 4, 2, 5).flatten(4, 5).flatten(2, 3)
    return x[:1].expand_as(x)


# %% guided | all codes may be drawn | hint: give them the probability 0


def guided(scores, without, guidance, k):
    return (without + guidance * (scores - without)).softmax(0)


# %% guided | the best by the guided scores | hint: choose them by the scores given the caption


def guided(scores, without, guidance, k):
    pushed = without + guidance * (scores - without)
    kept = torch.full_like(pushed, float("-inf"))
    best = pushed.topk(k).indices
    kept[best] = pushed[best]
    return kept.softmax(0)


# %% guided | no guidance | hint: there is no guidance in it


def guided(scores, without, guidance, k):
    kept = torch.full_like(scores, float("-inf"))
    best = scores.topk(k).indices
    kept[best] = scores[best]
    return kept.softmax(0)


# %% guided | towards no caption | hint: away from them


def guided(scores, without, guidance, k):
    pushed = scores + guidance * (without - scores)
    kept = torch.full_like(pushed, float("-inf"))
    best = scores.topk(k).indices
    kept[best] = pushed[best]
    return kept.softmax(0)


# %% guided | begun at the wrong scores | hint: begin at those without


def guided(scores, without, guidance, k):
    pushed = scores + guidance * (scores - without)
    kept = torch.full_like(pushed, float("-inf"))
    best = scores.topk(k).indices
    kept[best] = pushed[best]
    return kept.softmax(0)


# %% guided | the score 0 for the others | hint: use minus infinity


def guided(scores, without, guidance, k):
    pushed = without + guidance * (scores - without)
    kept = torch.zeros_like(pushed)
    best = scores.topk(k).indices
    kept[best] = pushed[best]
    return kept.softmax(0)


# %% guided | two codes, always | hidden: guided with random scores


def guided(scores, without, guidance, k):
    pushed = without + guidance * (scores - without)
    kept = torch.full_like(pushed, float("-inf"))
    best = scores.topk(2 if k < len(scores) else k).indices
    kept[best] = pushed[best]
    return kept.softmax(0)


# %% codes_in_use | codes that occur | hint: weigh them by their shares


def codes_in_use(ids, n_codes):
    return torch.tensor(float(len(ids.unique())))


# %% codes_in_use | the logarithm of nothing | hint: must add nothing


def codes_in_use(ids, n_codes):
    p = torch.bincount(ids.flatten(), minlength=n_codes) / ids.numel()
    return 2 ** -(p * p.log2()).sum()


# %% codes_in_use | the entropy | hint: raise 2 to it


def codes_in_use(ids, n_codes):
    counts = torch.bincount(ids.flatten(), minlength=n_codes)
    p = counts[counts > 0] / counts.sum()
    return -(p * p.log2()).sum()


# %% codes_in_use | two bases | hint: take the same base twice


def codes_in_use(ids, n_codes):
    counts = torch.bincount(ids.flatten(), minlength=n_codes)
    p = counts[counts > 0] / counts.sum()
    return (-(p * p.log2()).sum()).exp()


# %% codes_in_use | no sign | hint: the exponent is positive


def codes_in_use(ids, n_codes):
    counts = torch.bincount(ids.flatten(), minlength=n_codes)
    p = counts[counts > 0] / counts.sum()
    return 2 ** (p * p.log2()).sum()


# %% codes_in_use | the first row alone | hidden: codes_in_use of random ids


def codes_in_use(ids, n_codes):
    counts = torch.bincount(ids[:1].flatten(), minlength=n_codes)
    p = counts[counts > 0] / counts.sum()
    return 2 ** -(p * p.log2()).sum()
