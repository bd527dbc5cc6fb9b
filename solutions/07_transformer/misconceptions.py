"""Wrong answers to the exercises of chapter 07, and the hint that each of them must meet.

A cell starts with `# %% task | what is wrong | hint: piece of the message` and holds the code that
takes the place of the task's solution cell. `hidden:` in place of `hint:` marks an answer that the
visible checks let pass and the hidden tests must not. What the notebook imports is there.
"""

# ruff: noqa: D103, F811, F821

# %% layer_norm | divided by the variance | hint: take its square root


def layer_norm(x, weight, bias, eps=1e-5):
    centred = x - x.mean(dim=-1, keepdim=True)
    return weight * centred / centred.square().mean(dim=-1, keepdim=True) + bias


# %% layer_norm | PyTorch's std, with d − 1 | hint: layer normalisation divides by d


def layer_norm(x, weight, bias, eps=1e-5):
    centred = x - x.mean(dim=-1, keepdim=True)
    return weight * centred / (x.std(dim=-1, keepdim=True) + eps) + bias


# %% layer_norm | along time | hint: each vector is normalised by itself


def layer_norm(x, weight, bias, eps=1e-5):
    centred = x - x.mean(dim=1, keepdim=True)
    return weight * centred / (centred.square().mean(dim=1, keepdim=True) + eps).sqrt() + bias


# %% layer_norm | one mean for the whole batch | hint: each vector has its own


def layer_norm(x, weight, bias, eps=1e-5):
    return weight * (x - x.mean()) / (x.var(correction=0) + eps).sqrt() + bias


# %% layer_norm | no scale and shift | hint: weight and bias are not used


def layer_norm(x, weight, bias, eps=1e-5):
    centred = x - x.mean(dim=-1, keepdim=True)
    return centred / (centred.square().mean(dim=-1, keepdim=True) + eps).sqrt()


# %% layer_norm | the mean not subtracted | hint: the mean is still there


def layer_norm(x, weight, bias, eps=1e-5):
    return weight * x / (x.var(dim=-1, correction=0, keepdim=True) + eps).sqrt() + bias


# %% layer_norm | no eps | hint: eps belongs under the square root


def layer_norm(x, weight, bias, eps=1e-5):
    centred = x - x.mean(dim=-1, keepdim=True)
    return weight * centred / centred.square().mean(dim=-1, keepdim=True).sqrt() + bias


# %% layer_norm | always the same eps | hidden: layer_norm of random vectors


def layer_norm(x, weight, bias, eps=1e-5):
    centred = x - x.mean(dim=-1, keepdim=True)
    return weight * centred / (centred.square().mean(dim=-1, keepdim=True) + 1e-5).sqrt() + bias


# %% block | no sums | hint: nothing of what came in is left


def block(x, attention, norm_1, feed_forward, norm_2):
    return feed_forward(norm_2(attention(norm_1(x))))


# %% block | post-norm | hint: this is post-norm


def block(x, attention, norm_1, feed_forward, norm_2):
    x = norm_1(x + attention(x))
    return norm_2(x + feed_forward(x))


# %% block | added to the normalised stream | hint: add to the stream as it was


def block(x, attention, norm_1, feed_forward, norm_2):
    x = norm_1(x)
    x = x + attention(x)
    x = norm_2(x)
    return x + feed_forward(x)


# %% block | both parts side by side | hint: must read the stream after the attention


def block(x, attention, norm_1, feed_forward, norm_2):
    return x + attention(norm_1(x)) + feed_forward(norm_2(x))


# %% block | no normalisation | hint: the normalisations are not used


def block(x, attention, norm_1, feed_forward, norm_2):
    x = x + attention(x)
    return x + feed_forward(x)


# %% block | norm_1 twice | hint: not norm_1 again


def block(x, attention, norm_1, feed_forward, norm_2):
    x = x + attention(norm_1(x))
    return x + feed_forward(norm_1(x))


# %% block | the parts in the other order | hint: comes after the attention


def block(x, attention, norm_1, feed_forward, norm_2):
    x = x + feed_forward(norm_2(x))
    return x + attention(norm_1(x))


# %% block | attention is not added | hint: only the last sum is there


def block(x, attention, norm_1, feed_forward, norm_2):
    x = attention(norm_1(x))
    return x + feed_forward(norm_2(x))


# %% block | the example's answer | hidden: block of random tensors


def block(x, attention, norm_1, feed_forward, norm_2):
    return 3.5 * (1.5 * x + 1)


# %% decoder_mask | nobody looks at itself | hint: a word may look at itself


def decoder_mask(ids):
    causal = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool).tril(-1)
    return causal & (ids != 0)[:, None, None]


# %% decoder_mask | the future in place of the past | hint: a word looks ahead and not back


def decoder_mask(ids):
    causal = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool).triu()
    return causal & (ids != 0)[:, None, None]


# %% decoder_mask | true where looking is forbidden | hint: this is the opposite


def decoder_mask(ids):
    causal = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool).tril()
    return ~(causal & (ids != 0)[:, None, None])


# %% decoder_mask | causal alone | hint: padding may be looked at


def decoder_mask(ids):
    batch, time = ids.shape
    return torch.ones(time, time, dtype=torch.bool).tril().expand(batch, 1, time, time)


# %% decoder_mask | padding alone | hint: the mask must be causal, too


def decoder_mask(ids):
    batch, time = ids.shape
    return (ids != 0)[:, None, None].expand(batch, 1, time, time)


# %% decoder_mask | rows of padding in place of columns | hint: close its columns


def decoder_mask(ids):
    causal = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool).tril()
    return causal & (ids != 0)[:, None, :, None]


# %% decoder_mask | or in place of and | hint: one of the two is enough


def decoder_mask(ids):
    causal = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool).tril()
    return causal | (ids != 0)[:, None, None]


# %% decoder_mask | only the last place may be padding | hidden: decoder_mask of random targets


def decoder_mask(ids):
    mask = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool).tril()
    mask = mask.repeat(len(ids), 1, 1, 1)
    mask[..., -1] &= (ids[:, -1] != 0)[:, None, None]
    return mask


# %% smoothed_loss | not smoothed | hint: nothing is smoothed


def smoothed_loss(scores, right, epsilon):
    return -scores.log_softmax(dim=1)[range(len(right)), right].mean()


# %% smoothed_loss | spread over the wrong words alone | hint: spread ε over all V words


def smoothed_loss(scores, right, epsilon):
    log_p = scores.log_softmax(dim=1)
    of_right = log_p[range(len(right)), right]
    others = (log_p.sum(dim=1) - of_right) / (scores.shape[1] - 1)
    return -((1 - epsilon) * of_right + epsilon * others).mean()


# %% smoothed_loss | ε for each word | hint: ε / V, not ε


def smoothed_loss(scores, right, epsilon):
    log_p = scores.log_softmax(dim=1)
    of_right = log_p[range(len(right)), right]
    return -((1 - epsilon) * of_right + epsilon * log_p.sum(dim=1)).mean()


# %% smoothed_loss | shares swapped | hint: are swapped


def smoothed_loss(scores, right, epsilon):
    log_p = scores.log_softmax(dim=1)
    of_right = log_p[range(len(right)), right]
    return -(epsilon * of_right + (1 - epsilon) * log_p.mean(dim=1)).mean()


# %% smoothed_loss | the sum over words | hint: take their mean


def smoothed_loss(scores, right, epsilon):
    log_p = scores.log_softmax(dim=1)
    of_right = log_p[range(len(right)), right]
    return -((1 - epsilon) * of_right + epsilon * log_p.mean(dim=1)).sum()


# %% smoothed_loss | raw scores | hint: apply log_softmax


def smoothed_loss(scores, right, epsilon):
    of_right = scores[range(len(right)), right]
    return -((1 - epsilon) * of_right + epsilon * scores.mean(dim=1)).mean()


# %% smoothed_loss | the sign | hint: the minus is missing


def smoothed_loss(scores, right, epsilon):
    log_p = scores.log_softmax(dim=1)
    of_right = log_p[range(len(right)), right]
    return ((1 - epsilon) * of_right + epsilon * log_p.mean(dim=1)).mean()


# %% smoothed_loss | softmax over the text | hint: along each row


def smoothed_loss(scores, right, epsilon):
    log_p = scores.log_softmax(dim=0)
    of_right = log_p[range(len(right)), right]
    return -((1 - epsilon) * of_right + epsilon * log_p.mean(dim=1)).mean()


# %% smoothed_loss | always the example's ε | hidden: smoothed_loss of random scores


def smoothed_loss(scores, right, epsilon):
    log_p = scores.log_softmax(dim=1)
    of_right = log_p[range(len(right)), right]
    return -(0.8 * of_right + 0.2 * log_p.mean(dim=1)).mean()
