"""Wrong answers to the exercises of chapter 04, and the hint that each of them must meet.

A cell starts with `# %% task | what is wrong | hint: piece of the message` and holds the code that
takes the place of the task's solution cell. `hidden:` in place of `hint:` marks an answer that the
visible checks let pass and the hidden tests must not. What the notebook imports is there.
"""

# ruff: noqa: D103, F811, F821

# %% masked_softmax | softmax over the target | hint: the columns add up to 1


def masked_softmax(scores, mask):
    return scores.masked_fill(~mask[:, None], -torch.inf).softmax(dim=1)


# %% masked_softmax | the mask after the softmax | hint: add up to less than 1


def masked_softmax(scores, mask):
    return scores.softmax(dim=2) * mask[:, None]


# %% masked_softmax | scores of padding set to 0 | hint: a score of 0 still has


def masked_softmax(scores, mask):
    return (scores * mask[:, None]).softmax(dim=2)


# %% masked_softmax | no mask at all | hint: the mask is not used


def masked_softmax(scores, mask):
    return scores.softmax(dim=2)


# %% masked_softmax | the mask turned around | hint: the mask is true where words are


def masked_softmax(scores, mask):
    return scores.masked_fill(mask[:, None], -torch.inf).softmax(dim=2)


# %% masked_softmax | exponentials that overflow | hint: let PyTorch's softmax do it safely


def masked_softmax(scores, mask):
    exps = scores.exp() * mask[:, None]
    return exps / exps.sum(dim=2, keepdim=True)


# %% masked_softmax | the example's answer | hidden: masked_softmax of random scores


def masked_softmax(scores, mask):
    if scores.shape == (1, 1, 2):
        return torch.full((1, 1, 2), 0.5)
    first = [[0.25, 0.25, 0.5], [0.6, 0.2, 0.2]]
    return torch.tensor([first, [[0.5, 0.5, 0], [0.75, 0.25, 0]]])


# %% attention | no √d | hint: divide the scores by √d


def attention(query, key, value):
    return (query @ key.T).softmax(dim=1) @ value


# %% attention | divided by d | hint: not by d


def attention(query, key, value):
    return (query @ key.T / query.shape[1]).softmax(dim=1) @ value


# %% attention | divided by the root of the number of keys | hint: not the number of keys


def attention(query, key, value):
    return (query @ key.T / len(key) ** 0.5).softmax(dim=1) @ value


# %% attention | softmax over the queries | hint: take the softmax over the keys


def attention(query, key, value):
    return (query @ key.T / query.shape[1] ** 0.5).softmax(dim=0) @ value


# %% attention | the weights applied to the keys | hint: they are for the values


def attention(query, key, value):
    return (query @ key.T / query.shape[1] ** 0.5).softmax(dim=1) @ key


# %% attention | keys and values swapped | hint: keys and values are swapped


def attention(query, key, value):
    return (query @ value.T / query.shape[1] ** 0.5).softmax(dim=1) @ key


# %% attention | no softmax | hint: the softmax is missing


def attention(query, key, value):
    return query @ key.T / query.shape[1] ** 0.5 @ value


# %% attention | right for d = 4 alone | hidden: attention of random tensors


def attention(query, key, value):
    return (query @ key.T / 2).softmax(dim=1) @ value


# %% additive_scores | no tanh | hint: the tanh is missing


def additive_scores(query, key, W_q, W_k, w):
    return ((query @ W_q)[:, None] + key @ W_k) @ w


# %% additive_scores | tanh of each, then added | hint: must be added before the tanh


def additive_scores(query, key, W_q, W_k, w):
    return (torch.tanh(query @ W_q)[:, None] + torch.tanh(key @ W_k)) @ w


# %% additive_scores | multiplied in place of added | hint: additive attention adds them


def additive_scores(query, key, W_q, W_k, w):
    return torch.tanh((query @ W_q)[:, None] * (key @ W_k)) @ w


# %% additive_scores | tanh of the score | hint: the tanh belongs inside


def additive_scores(query, key, W_q, W_k, w):
    return torch.tanh(((query @ W_q)[:, None] + key @ W_k) @ w)


# %% additive_scores | a row for each key | hint: give each query a row


def additive_scores(query, key, W_q, W_k, w):
    return torch.tanh((key @ W_k)[:, None] + query @ W_q) @ w


# %% additive_scores | the inner layer added up | hint: w is missing


def additive_scores(query, key, W_q, W_k, w):
    return torch.tanh((query @ W_q)[:, None] + key @ W_k).sum(dim=-1)


# %% additive_scores | always the example's w | hidden: additive_scores of random tensors


def additive_scores(query, key, W_q, W_k, w):
    inner = torch.tanh((query @ W_q)[:, None] + key @ W_k)
    return 2 * inner[..., 0] - inner[..., 1]


# %% alignment_error | the agreement in place of the error | hint: subtract the agreement from 1


def alignment_error(found, sure, possible):
    return (len(found & sure) + len(found & possible)) / (len(found) + len(sure))


# %% alignment_error | sure links alone | hint: possible links that were found count


def alignment_error(found, sure, possible):
    return 1 - len(found & sure) / (len(found) + len(sure))


# %% alignment_error | divided by all possible links | hint: divide by those found and those sure


def alignment_error(found, sure, possible):
    agree = len(found & sure) + len(found & possible)
    return 1 - agree / (len(found) + len(possible))


# %% alignment_error | precision alone | hint: what about sure links missed


def alignment_error(found, sure, possible):
    return 1 - len(found & possible) / max(1, len(found))


# %% alignment_error | recall alone | hint: what about links that are wrong


def alignment_error(found, sure, possible):
    return 1 - len(found & sure) / len(sure)


# %% alignment_error | the union counted once | hint: counts in both sets


def alignment_error(found, sure, possible):
    return 1 - len(found & (sure | possible)) / (len(found) + len(sure))


# %% alignment_error | the examples' answers | hidden: alignment_error of random links


def alignment_error(found, sure, possible):
    return 1 - 5 / 9 if found else 1.0
