"""Wrong answers to the exercises of chapter 09, and the hint that each of them must meet.

A cell starts with `# %% task | what is wrong | hint: piece of the message` and holds the code that
takes the place of the task's solution cell. `hidden:` in place of `hint:` marks an answer that the
visible checks let pass and the hidden tests must not. What the notebook imports is there.
"""

# ruff: noqa: D103, F811, F821

# %% roomy_nucleus | the plain nucleus | hint: there must be room for n


def roomy_nucleus(scores, p, n):
    best, order = scores.sort(descending=True)
    shares = best.softmax(dim=0)
    kept = scores.clone()
    kept[order[shares.cumsum(dim=0) - shares >= p]] = -torch.inf
    return kept


# %% roomy_nucleus | top-n alone | hint: where p asks for more, keep more


def roomy_nucleus(scores, p, n):
    return scores.masked_fill(scores < scores.topk(n).values[-1], -torch.inf)


# %% roomy_nucleus | returns the scores sorted | hint: do not return them sorted


def roomy_nucleus(scores, p, n):
    best = scores.sort(descending=True).values
    shares = best.softmax(dim=0)
    dropped = shares.cumsum(dim=0) - shares >= p
    dropped[:n] = False
    return best.masked_fill(dropped, -torch.inf)


# %% roomy_nucleus | zero for what is cut off | hint: gets −∞, not 0


def roomy_nucleus(scores, p, n):
    best, order = scores.sort(descending=True)
    shares = best.softmax(dim=0)
    dropped = shares.cumsum(dim=0) - shares >= p
    dropped[:n] = False
    kept = scores.clone()
    kept[order[dropped]] = 0
    return kept


# %% roomy_nucleus | right for four tokens alone | hidden: roomy_nucleus of random scores


def roomy_nucleus(scores, p, n):
    if len(scores) != 4:
        return scores
    best, order = scores.sort(descending=True)
    shares = best.softmax(dim=0)
    dropped = shares.cumsum(dim=0) - shares >= p
    dropped[:n] = False
    kept = scores.clone()
    kept[order[dropped]] = -torch.inf
    return kept


# %% forgetting_penalty | divides negative scores, too | hint: multiply it


def forgetting_penalty(scores, written, penalty, memory):
    new = scores.clone()
    new[written[-memory:]] = scores[written[-memory:]] / penalty
    return new


# %% forgetting_penalty | never forgets | hint: only the last `memory` tokens count


def forgetting_penalty(scores, written, penalty, memory):
    old = scores[written]
    new = scores.clone()
    new[written] = torch.where(old > 0, old / penalty, old * penalty)
    return new


# %% forgetting_penalty | the first tokens instead of the last | hint: the newest stand at the end


def forgetting_penalty(scores, written, penalty, memory):
    recent = written[:memory]
    old = scores[recent]
    new = scores.clone()
    new[recent] = torch.where(old > 0, old / penalty, old * penalty)
    return new


# %% forgetting_penalty | changes what it was given | hint: work on a copy


def forgetting_penalty(scores, written, penalty, memory):
    recent = written[-memory:].unique()
    old = scores[recent]
    scores[recent] = torch.where(old > 0, old / penalty, old * penalty)
    return scores


# %% forgetting_penalty | once for each time it stands there | hint: once is enough


def forgetting_penalty(scores, written, penalty, memory):
    new = scores.clone()
    for i in written[-memory:].tolist():
        new[i] = new[i] / penalty if new[i] > 0 else new[i] * penalty
    return new


# %% forgetting_penalty | a penalty of two, whatever is asked | hidden: penalty of random scores


def forgetting_penalty(scores, written, penalty, memory):
    recent = written[-memory:].unique()
    old = scores[recent]
    new = scores.clone()
    new[recent] = torch.where(old > 0, old / 2, old * 2)
    return new


# %% cache_bytes | keys alone | hint: keys and values are kept


def cache_bytes(n_layers, d_model, n_heads, n_kv_heads, time, batch, bytes_each):
    return n_layers * n_kv_heads * (d_model // n_heads) * time * batch * bytes_each


# %% cache_bytes | every head has d_model numbers | hint: the heads share out d_model


def cache_bytes(n_layers, d_model, n_heads, n_kv_heads, time, batch, bytes_each):
    return 2 * n_layers * n_kv_heads * d_model * time * batch * bytes_each


# %% cache_bytes | the queries' heads | hint: only n_kv_heads have keys and values


def cache_bytes(n_layers, d_model, n_heads, n_kv_heads, time, batch, bytes_each):
    return 2 * n_layers * d_model * time * batch * bytes_each


# %% cache_bytes | one text | hint: every text of the batch


def cache_bytes(n_layers, d_model, n_heads, n_kv_heads, time, batch, bytes_each):
    return 2 * n_layers * n_kv_heads * (d_model // n_heads) * time * bytes_each


# %% cache_bytes | the examples' answers | hidden: cache_bytes of random sizes


def cache_bytes(n_layers, d_model, n_heads, n_kv_heads, time, batch, bytes_each):
    return 15360 if n_heads == 4 else 3840


# %% bits_per_character | nats | hint: these are nats


def bits_per_character(losses, tokens):
    return losses.sum().item() / sum(map(len, tokens))


# %% bits_per_character | per token | hint: share them out among the characters


def bits_per_character(losses, tokens):
    return losses.mean().item() / math.log(2)


# %% bits_per_character | times ln 2 | hint: divide by ln 2, do not multiply


def bits_per_character(losses, tokens):
    return losses.sum().item() * math.log(2) / sum(map(len, tokens))


# %% bits_per_character | spaces left out | hint: is a character, too


def bits_per_character(losses, tokens):
    return losses.sum().item() / math.log(2) / sum(len(token.strip()) for token in tokens)


# %% bits_per_character | seven characters, whatever is given | hidden: of random tokens


def bits_per_character(losses, tokens):
    return losses.sum().item() / math.log(2) / 7
