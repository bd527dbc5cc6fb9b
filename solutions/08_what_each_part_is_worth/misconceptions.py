"""Wrong answers to the exercises of chapter 08, and the hint that each of them must meet.

A cell starts with `# %% task | what is wrong | hint: piece of the message` and holds the code that
takes the place of the task's solution cell. `hidden:` in place of `hint:` marks an answer that the
visible checks let pass and the hidden tests must not. What the notebook imports is there.
"""

# ruff: noqa: D103, F811, F821

# %% luck | exactly as many | hint: the chance of exactly that many


def luck(base, variants):
    n = len(base)
    worse = (variants < base).sum(dim=1).tolist()
    return torch.tensor([math.comb(n, k) / 2**n for k in worse])


# %% luck | more than were found | hint: at least as many


def luck(base, variants):
    n = len(base)
    worse = (variants < base).sum(dim=1).tolist()
    chance = [math.comb(n, k) / 2**n for k in range(n + 1)]
    return torch.tensor([float(sum(chance[k + 1 :])) for k in worse])


# %% luck | better instead of worse | hint: the seeds in which the variant is better


def luck(base, variants):
    n = len(base)
    better = (variants > base).sum(dim=1).tolist()
    chance = [math.comb(n, k) / 2**n for k in range(n + 1)]
    return torch.tensor([sum(chance[k:]) for k in better])


# %% luck | a share for a chance | hint: the share of the seeds


def luck(base, variants):
    return (variants < base).float().mean(dim=1)


# %% luck | both directions | hint: only worse seeds are asked for


def luck(base, variants):
    n = len(base)
    worse = (variants < base).sum(dim=1).tolist()
    chance = [math.comb(n, k) / 2**n for k in range(n + 1)]
    return torch.tensor([2 * sum(chance[k:]) for k in worse])


# %% luck | always five seeds | hidden: luck of random variants


def luck(base, variants):
    worse = (variants < base).sum(dim=1).tolist()
    return torch.tensor([sum(math.comb(5, k) for k in range(w, 6)) / 32 for w in worse])


# %% batch_loss | the axis left as it was | hint: over the words of the vocabulary


def batch_loss(scores, right, usual):
    log_p = scores.log_softmax(dim=1)
    of_right = log_p.gather(2, right[:, :, None])[:, :, 0]
    return -(of_right * (right != 0)).sum() / usual


# %% batch_loss | padding counted | hint: padding is still counted


def batch_loss(scores, right, usual):
    log_p = scores.log_softmax(dim=2)
    return -log_p.gather(2, right[:, :, None]).sum() / usual


# %% batch_loss | the mean over the words | hint: the mean over the words of this batch


def batch_loss(scores, right, usual):
    log_p = scores.log_softmax(dim=2)
    of_right = log_p.gather(2, right[:, :, None])[:, :, 0]
    return -of_right[right != 0].mean()


# %% batch_loss | only the axis mended | hint: nothing is mended yet but the axis


def batch_loss(scores, right, usual):
    log_p = scores.log_softmax(dim=2)
    of_right = log_p.gather(2, right[:, :, None])[:, :, 0]
    return -of_right.mean()


# %% batch_loss | as it was | hint: three things are to be mended


def batch_loss(scores, right, usual):
    log_p = scores.log_softmax(dim=1)
    of_right = log_p.gather(2, right[:, :, None])[:, :, 0]
    return -of_right.mean()


# %% batch_loss | divided by 8 whatever usual is | hidden: batch_loss of random scores


def batch_loss(scores, right, usual):
    log_p = scores.log_softmax(dim=2)
    of_right = log_p.gather(2, right[:, :, None])[:, :, 0]
    return -of_right[right != 0].sum() / 8


# %% lost_together | one clause is enough | hint: all clauses of a sentence must be


def lost_together(whole, clauses, n_clauses):
    alone = torch.stack([part.any() for part in clauses.split(n_clauses)])
    return (alone & ~whole).float().mean()


# %% lost_together | among those right alone | hint: divide by all sentences


def lost_together(whole, clauses, n_clauses):
    alone = torch.stack([part.all() for part in clauses.split(n_clauses)])
    return (alone & ~whole).sum() / alone.sum()


# %% lost_together | right together | hint: the whole must be wrong


def lost_together(whole, clauses, n_clauses):
    alone = torch.stack([part.all() for part in clauses.split(n_clauses)])
    return (alone & whole).float().mean()


# %% lost_together | subtracts two shares | hint: count the sentences themselves


def lost_together(whole, clauses, n_clauses):
    alone = torch.stack([part.all() for part in clauses.split(n_clauses)])
    return alone.float().mean() - whole.float().mean()


# %% lost_together | the example's share | hidden: lost_together of random sentences


def lost_together(whole, clauses, n_clauses):
    return torch.tensor(3 / 7 if len(whole) == 7 else 0.5)
