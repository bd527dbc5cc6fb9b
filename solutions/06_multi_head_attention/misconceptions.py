"""Wrong answers to the exercises of chapter 06, and the hint that each of them must meet.

A cell starts with `# %% task | what is wrong | hint: piece of the message` and holds the code that
takes the place of the task's solution cell. `hidden:` in place of `hint:` marks an answer that the
visible checks let pass and the hidden tests must not. What the notebook imports is there.
"""

# ruff: noqa: D103, F811, F821

# %% split_heads | the memory read in another shape | hint: the time is split, not the row


def split_heads(x, n_heads):
    return x.reshape(x.shape[0], n_heads, x.shape[1], -1)


# %% split_heads | every n-th number | hint: head 0 must get neighbouring numbers


def split_heads(x, n_heads):
    return x.unflatten(2, (-1, n_heads)).permute(0, 3, 1, 2)


# %% split_heads | the last head first | hint: keep the order


def split_heads(x, n_heads):
    return x.unflatten(2, (n_heads, -1)).transpose(1, 2).flip(1)


# %% split_heads | the first sentence alone | hidden: split_heads of random tensors


def split_heads(x, n_heads):
    return torch.stack(x[0].chunk(n_heads, dim=1))[None]


# %% multi_head | divided by the root of d | hint: the root of d / H


def multi_head(x, W_q, W_k, W_v, W_o, n_heads):
    heads = []
    for q, k, v in zip(*((x @ W).chunk(n_heads, dim=1) for W in (W_q, W_k, W_v)), strict=True):
        heads.append((q @ k.T / x.shape[1] ** 0.5).softmax(dim=1) @ v)
    return torch.cat(heads, dim=1) @ W_o


# %% multi_head | not divided at all | hint: divide each head's scores


def multi_head(x, W_q, W_k, W_v, W_o, n_heads):
    heads = []
    for q, k, v in zip(*((x @ W).chunk(n_heads, dim=1) for W in (W_q, W_k, W_v)), strict=True):
        heads.append((q @ k.T).softmax(dim=1) @ v)
    return torch.cat(heads, dim=1) @ W_o


# %% multi_head | one head | hint: each head needs its own


def multi_head(x, W_q, W_k, W_v, W_o, n_heads):
    scores = x @ W_q @ (x @ W_k).T / x.shape[1] ** 0.5
    return scores.softmax(dim=1) @ (x @ W_v) @ W_o


# %% multi_head | no output matrix | hint: W_o is missing


def multi_head(x, W_q, W_k, W_v, W_o, n_heads):
    heads = []
    for q, k, v in zip(*((x @ W).chunk(n_heads, dim=1) for W in (W_q, W_k, W_v)), strict=True):
        heads.append((q @ k.T / q.shape[1] ** 0.5).softmax(dim=1) @ v)
    return torch.cat(heads, dim=1)


# %% multi_head | a rectifier after the heads | hint: joined and projected, no more


def multi_head(x, W_q, W_k, W_v, W_o, n_heads):
    heads = []
    for q, k, v in zip(*((x @ W).chunk(n_heads, dim=1) for W in (W_q, W_k, W_v)), strict=True):
        heads.append((q @ k.T / q.shape[1] ** 0.5).softmax(dim=1) @ v)
    return torch.relu(torch.cat(heads, dim=1)) @ W_o


# %% multi_head | softmax over the queries | hint: take the softmax over the keys


def multi_head(x, W_q, W_k, W_v, W_o, n_heads):
    heads = []
    for q, k, v in zip(*((x @ W).chunk(n_heads, dim=1) for W in (W_q, W_k, W_v)), strict=True):
        heads.append((q @ k.T / q.shape[1] ** 0.5).softmax(dim=0) @ v)
    return torch.cat(heads, dim=1) @ W_o


# %% multi_head | always two heads | hidden: multi_head of random tensors


def multi_head(x, W_q, W_k, W_v, W_o, n_heads):
    heads = []
    for q, k, v in zip(*((x @ W).chunk(2, dim=1) for W in (W_q, W_k, W_v)), strict=True):
        heads.append((q @ k.T / 2**0.5).softmax(dim=1) @ v)
    return torch.cat(heads, dim=1) @ W_o


# %% remove_heads | columns in place of rows | hint: what a head has found meets rows


def remove_heads(W_o, n_heads, removed):
    W_o, d_head = W_o.clone(), len(W_o) // n_heads
    for head in removed:
        W_o[:, head * d_head : (head + 1) * d_head] = 0
    return W_o


# %% remove_heads | one row a head | hint: a head has d / n_heads of them


def remove_heads(W_o, n_heads, removed):
    W_o = W_o.clone()
    W_o[removed] = 0
    return W_o


# %% remove_heads | counted from 1 | hint: heads are counted from 0


def remove_heads(W_o, n_heads, removed):
    W_o, d_head = W_o.clone(), len(W_o) // n_heads
    for head in removed:
        W_o[(head - 1) * d_head : head * d_head] = 0
    return W_o


# %% remove_heads | all but these | hint: takes out all others


def remove_heads(W_o, n_heads, removed):
    d_head = len(W_o) // n_heads
    left = torch.zeros_like(W_o)
    for head in removed:
        part = slice(head * d_head, (head + 1) * d_head)
        left[part] = W_o[part]
    return left


# %% remove_heads | the others made larger | hint: do not make up for


def remove_heads(W_o, n_heads, removed):
    W_o, d_head = W_o.clone(), len(W_o) // n_heads
    for head in removed:
        W_o[head * d_head : (head + 1) * d_head] = 0
    return W_o * n_heads / (n_heads - len(removed))


# %% remove_heads | the matrix itself changed | hint: work on a copy


def remove_heads(W_o, n_heads, removed):
    d_head = len(W_o) // n_heads
    for head in removed:
        W_o[head * d_head : (head + 1) * d_head] = 0
    return W_o


# %% remove_heads | only the first of them | hint: remove_heads of two heads of six


def remove_heads(W_o, n_heads, removed):
    W_o, d_head = W_o.clone(), len(W_o) // n_heads
    W_o[removed[0] * d_head : (removed[0] + 1) * d_head] = 0
    return W_o


# %% remove_heads | right for six numbers alone | hidden: remove_heads of a random matrix


def remove_heads(W_o, n_heads, removed):
    W_o, d_head = W_o.clone(), 6 // n_heads
    for head in removed:
        W_o[head * d_head : (head + 1) * d_head] = 0
    return W_o


# %% induction_score | the copy in place of what followed | hint: induction looks one further


def induction_score(weights, n):
    t = torch.arange(n, 2 * n)
    return weights[:, t, t - n].mean(dim=1)


# %% induction_score | the word before | hint: that is the previous-token score


def induction_score(weights, n):
    t = torch.arange(n, 2 * n)
    return weights[:, t, t - 1].mean(dim=1)


# %% induction_score | all positions that have such a place | hint: the first reading counts


def induction_score(weights, n):
    t = torch.arange(n - 1, 2 * n)
    return weights[:, t, t - n + 1].mean(dim=1)


# %% induction_score | the sum | hint: the score is the mean


def induction_score(weights, n):
    t = torch.arange(n, 2 * n)
    return weights[:, t, t - n + 1].sum(dim=1)


# %% induction_score | rows and columns exchanged | hint: rows and columns are exchanged


def induction_score(weights, n):
    t = torch.arange(n, 2 * n)
    return weights[:, t - n + 1, t].mean(dim=1)


# %% induction_score | one number for all heads | hint: give each head its own


def induction_score(weights, n):
    t = torch.arange(n, 2 * n)
    return weights[:, t, t - n + 1].mean()


# %% induction_score | always a list of three | hidden: induction_score of random weights


def induction_score(weights, n):
    t = torch.arange(3, 6)
    return weights[:, t, t - 2].mean(dim=1)
