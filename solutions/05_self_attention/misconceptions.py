"""Wrong answers to the exercises of chapter 05, and the hint that each of them must meet.

A cell starts with `# %% task | what is wrong | hint: piece of the message` and holds the code that
takes the place of the task's solution cell. `hidden:` in place of `hint:` marks an answer that the
visible checks let pass and the hidden tests must not. What the notebook imports is there.
"""

# ruff: noqa: D103, F811, F821

# %% self_attention | no √d | hint: divide the scores by √d


def self_attention(x, W_q, W_k, W_v):
    return (x @ W_q @ (x @ W_k).T).softmax(dim=1) @ (x @ W_v)


# %% self_attention | divided by d | hint: not by d itself


def self_attention(x, W_q, W_k, W_v):
    scores = x @ W_q @ (x @ W_k).T / W_q.shape[1]
    return scores.softmax(dim=1) @ (x @ W_v)


# %% self_attention | divided by the root of d_model | hint: d is the size of a query


def self_attention(x, W_q, W_k, W_v):
    scores = x @ W_q @ (x @ W_k).T / x.shape[1] ** 0.5
    return scores.softmax(dim=1) @ (x @ W_v)


# %% self_attention | softmax over the queries | hint: take the softmax along each row


def self_attention(x, W_q, W_k, W_v):
    scores = x @ W_q @ (x @ W_k).T / W_q.shape[1] ** 0.5
    return scores.softmax(dim=0) @ (x @ W_v)


# %% self_attention | query and key swapped | hint: the query belongs to the word that asks


def self_attention(x, W_q, W_k, W_v):
    scores = x @ W_k @ (x @ W_q).T / W_q.shape[1] ** 0.5
    return scores.softmax(dim=1) @ (x @ W_v)


# %% self_attention | keys are not projected for themselves | hint: keys are made with W_k


def self_attention(x, W_q, W_k, W_v):
    scores = x @ W_q @ (x @ W_q).T / W_q.shape[1] ** 0.5
    return scores.softmax(dim=1) @ (x @ W_v)


# %% self_attention | keys in place of values | hint: the weights are for the values


def self_attention(x, W_q, W_k, W_v):
    scores = x @ W_q @ (x @ W_k).T / W_q.shape[1] ** 0.5
    return scores.softmax(dim=1) @ (x @ W_k)


# %% self_attention | no softmax | hint: the softmax is missing


def self_attention(x, W_q, W_k, W_v):
    return x @ W_q @ (x @ W_k).T / W_q.shape[1] ** 0.5 @ (x @ W_v)


# %% self_attention | right for d_head = 2 alone | hidden: self_attention of random tensors


def self_attention(x, W_q, W_k, W_v):
    return (x @ W_q @ (x @ W_k).T / 2**0.5).softmax(dim=1) @ (x @ W_v)


# %% causal_weights | no mask | hint: the first word looks at words that come after it


def causal_weights(scores):
    return scores.softmax(dim=1)


# %% causal_weights | the past masked, not the future | hint: this hides the past


def causal_weights(scores):
    time = len(scores)
    hidden = torch.ones(time, time, dtype=torch.bool).tril(-1)
    return scores.masked_fill(hidden, -torch.inf).softmax(dim=1)


# %% causal_weights | the word itself masked as well | hint: a word may look at itself


def causal_weights(scores):
    time = len(scores)
    hidden = torch.ones(time, time, dtype=torch.bool).triu()
    return scores.masked_fill(hidden, -torch.inf).softmax(dim=1)


# %% causal_weights | the mask after the softmax | hint: rows add up to less than 1


def causal_weights(scores):
    return scores.softmax(dim=1).tril()


# %% causal_weights | scores of the future set to 0 | hint: a score of 0 still has the exponential 1


def causal_weights(scores):
    return scores.tril().softmax(dim=1)


# %% causal_weights | softmax down the columns | hint: each row must add up to 1


def causal_weights(scores):
    time = len(scores)
    hidden = torch.ones(time, time, dtype=torch.bool).triu(1)
    return scores.masked_fill(hidden, -torch.inf).softmax(dim=0)


# %% causal_weights | for three words alone | hidden: causal_weights of random scores


def causal_weights(scores):
    hidden = torch.zeros_like(scores, dtype=torch.bool)
    hidden[0, 1:3] = hidden[1, 2:3] = True
    return scores.masked_fill(hidden, -torch.inf).softmax(dim=1)


# %% sinusoids | all sines, then all cosines | hint: sine and cosine take turns


def sinusoids(time, d_model):
    rates = 10_000 ** (-torch.arange(0, d_model, 2) / d_model)
    angles = torch.arange(time)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)


# %% sinusoids | cosine first | hint: the sine comes first


def sinusoids(time, d_model):
    rates = 10_000 ** (-torch.arange(0, d_model, 2) / d_model)
    angles = torch.arange(time)[:, None] * rates
    return torch.stack([angles.cos(), angles.sin()], dim=2).flatten(1)


# %% sinusoids | positions from 1 | hint: the first position is 0


def sinusoids(time, d_model):
    rates = 10_000 ** (-torch.arange(0, d_model, 2) / d_model)
    angles = torch.arange(1, time + 1)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


# %% sinusoids | i in place of 2i | hint: the exponent is 2i / d_model


def sinusoids(time, d_model):
    rates = 10_000 ** (-torch.arange(d_model // 2) / d_model)
    angles = torch.arange(time)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


# %% sinusoids | the angle grows from pair to pair | hint: each pair turns slower


def sinusoids(time, d_model):
    rates = 10_000 ** (torch.arange(0, d_model, 2) / d_model)
    angles = torch.arange(time)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


# %% sinusoids | each number its own rate | hint: both numbers of a pair turn at one rate


def sinusoids(time, d_model):
    angles = torch.arange(time)[:, None] * 10_000 ** (-torch.arange(d_model) / d_model)
    result = angles.sin()
    result[:, 1::2] = angles[:, 1::2].cos()
    return result


# %% sinusoids | right for d_model = 4 alone | hidden: sinusoids of random sizes


def sinusoids(time, d_model):
    rates = 0.01 ** torch.arange(d_model // 2)
    angles = torch.arange(time)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


# %% rotate | the other way round | hint: this turns clockwise


def rotate(x, rates):
    angles = torch.arange(len(x))[:, None] * rates
    first, second = x[:, 0::2], x[:, 1::2]
    turned = (
        first * angles.cos() + second * angles.sin(),
        second * angles.cos() - first * angles.sin(),
    )
    return torch.stack(turned, dim=2).flatten(1)


# %% rotate | halves in place of neighbours | hint: a pair is two neighbours


def rotate(x, rates):
    angles = torch.arange(len(x))[:, None] * rates
    first, second = x.chunk(2, dim=1)
    turned = (
        first * angles.cos() - second * angles.sin(),
        first * angles.sin() + second * angles.cos(),
    )
    return torch.cat(turned, dim=1)


# %% rotate | positions from 1 | hint: the first row does not turn


def rotate(x, rates):
    angles = torch.arange(1, len(x) + 1)[:, None] * rates
    first, second = x[:, 0::2], x[:, 1::2]
    turned = (
        first * angles.cos() - second * angles.sin(),
        first * angles.sin() + second * angles.cos(),
    )
    return torch.stack(turned, dim=2).flatten(1)


# %% rotate | the first number already turned | hint: both new numbers are made from the old ones


def rotate(x, rates):
    angles = torch.arange(len(x))[:, None] * rates
    first, second = x[:, 0::2], x[:, 1::2]
    first = first * angles.cos() - second * angles.sin()
    second = first * angles.sin() + second * angles.cos()
    return torch.stack([first, second], dim=2).flatten(1)


# %% rotate | the same angle at every position | hint: the angle grows with the position


def rotate(x, rates):
    first, second = x[:, 0::2], x[:, 1::2]
    turned = (
        first * rates.cos() - second * rates.sin(),
        first * rates.sin() + second * rates.cos(),
    )
    return torch.stack(turned, dim=2).flatten(1)


# %% rotate | one rate for all pairs | hint: each pair has its own rate


def rotate(x, rates):
    angles = torch.arange(len(x))[:, None] * rates[0]
    first, second = x[:, 0::2], x[:, 1::2]
    turned = (
        first * angles.cos() - second * angles.sin(),
        first * angles.sin() + second * angles.cos(),
    )
    return torch.stack(turned, dim=2).flatten(1)


# %% rotate | turned numbers in two blocks | hint: put the two numbers of a pair side by side again


def rotate(x, rates):
    angles = torch.arange(len(x))[:, None] * rates
    first, second = x[:, 0::2], x[:, 1::2]
    turned = (
        first * angles.cos() - second * angles.sin(),
        first * angles.sin() + second * angles.cos(),
    )
    return torch.cat(turned, dim=1)


# %% rotate | always the example's rates | hidden: rotate of random tensors


def rotate(x, rates):
    rates = torch.pi / torch.tensor([2.0, 6.0]).repeat(len(rates))[: len(rates)]
    angles = torch.arange(len(x))[:, None] * rates
    first, second = x[:, 0::2], x[:, 1::2]
    turned = (
        first * angles.cos() - second * angles.sin(),
        first * angles.sin() + second * angles.cos(),
    )
    return torch.stack(turned, dim=2).flatten(1)
