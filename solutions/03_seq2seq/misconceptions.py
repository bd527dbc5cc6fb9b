"""Wrong answers to the exercises of chapter 03, and the hint that each of them must meet.

A cell starts with `# %% task | what is wrong | hint: piece of the message` and holds the code that
takes the place of the task's solution cell. `hidden:` in place of `hint:` marks an answer that the
visible checks let pass and the hidden tests must not. What the notebook imports is there.
"""

# ruff: noqa: D103, F811, F821

# %% teacher_forcing | no shift at all | hint: both rows are the same


def teacher_forcing(target, begin, end):
    return np.array([[begin, *target], [begin, *target]])


# %% teacher_forcing | input and output exchanged | hint: the rows are exchanged


def teacher_forcing(target, begin, end):
    return np.array([[*target, end], [begin, *target]])


# %% teacher_forcing | the end is never said | hint: the end is missing


def teacher_forcing(target, begin, end):
    return np.array([[begin, *target[:-1]], target])


# %% teacher_forcing | shifted by two | hint: two places behind


def teacher_forcing(target, begin, end):
    return np.array([[begin, begin, *target[:-1]], [*target, end]])


# %% teacher_forcing | both markers in both rows | hint: begin is something to read


def teacher_forcing(target, begin, end):
    return np.array([[begin, *target, end], [begin, *target, end]])


# %% teacher_forcing | the example's answer | hidden: teacher_forcing of random ids


def teacher_forcing(target, begin, end):
    return np.array([[1, 5, 6, 7], [5, 6, 7, 2]])


# %% token_loss | padding counted | hint: the padding is counted


def token_loss(log_probabilities, target, pad):
    return -np.take_along_axis(log_probabilities, target[:, :, None], axis=2).mean()


# %% token_loss | divided by all places | hint: not by all places


def token_loss(log_probabilities, target, pad):
    surprise = -np.take_along_axis(log_probabilities, target[:, :, None], axis=2)[:, :, 0]
    return (surprise * (target != pad)).mean()


# %% token_loss | summed | hint: this is the sum


def token_loss(log_probabilities, target, pad):
    surprise = -np.take_along_axis(log_probabilities, target[:, :, None], axis=2)[:, :, 0]
    return surprise[target != pad].sum()


# %% token_loss | mean of the sentences' means | hint: do not average row by row


def token_loss(log_probabilities, target, pad):
    surprise = -np.take_along_axis(log_probabilities, target[:, :, None], axis=2)[:, :, 0]
    real = target != pad
    return ((surprise * real).sum(axis=1) / real.sum(axis=1)).mean()


# %% token_loss | the sign | hint: the opposite sign


def token_loss(log_probabilities, target, pad):
    right = np.take_along_axis(log_probabilities, target[:, :, None], axis=2)[:, :, 0]
    return right[target != pad].mean()


# %% token_loss | padding is always 0 | hidden: with pad=8


def token_loss(log_probabilities, target, pad):
    right = np.take_along_axis(log_probabilities, target[:, :, None], axis=2)[:, :, 0]
    return -right[target != 0].mean()


# %% greedy | argmax over the wrong axis | hint: take the best of each row


def greedy(step, n_sentences, begin, end, limit):
    token = np.full(n_sentences, begin)
    said = []
    for _ in range(limit):
        token = step(token).argmax(axis=0)
        said.append(token.tolist())
        if all(end in column for column in zip(*said, strict=True)):
            break
    rows = [list(column) for column in zip(*said, strict=True)]
    return [row[: row.index(end)] if end in row else row for row in rows]


# %% greedy | the end marker kept | hint: the end marker is no word


def greedy(step, n_sentences, begin, end, limit):
    token = np.full(n_sentences, begin)
    said = []
    for _ in range(limit):
        token = step(token).argmax(axis=1)
        said.append(token.tolist())
        if all(end in column for column in zip(*said, strict=True)):
            break
    rows = [list(column) for column in zip(*said, strict=True)]
    return [row[: row.index(end) + 1] if end in row else row for row in rows]


# %% greedy | goes on after the end | hint: drop what follows


def greedy(step, n_sentences, begin, end, limit):
    token = np.full(n_sentences, begin)
    said = []
    for _ in range(limit):
        token = step(token).argmax(axis=1)
        said.append(token.tolist())
        if all(end in column for column in zip(*said, strict=True)):
            break
    return [list(column) for column in zip(*said, strict=True)]


# %% greedy | only the markers dropped | hint: only the end itself was dropped


def greedy(step, n_sentences, begin, end, limit):
    token = np.full(n_sentences, begin)
    said = []
    for _ in range(limit):
        token = step(token).argmax(axis=1)
        said.append(token.tolist())
        if all(end in column for column in zip(*said, strict=True)):
            break
    return [[token for token in column if token != end] for column in zip(*said, strict=True)]


# %% greedy | never reads what it said | hint: has to read the tokens


def greedy(step, n_sentences, begin, end, limit):
    said = []
    for _ in range(limit):
        said.append(step(np.full(n_sentences, begin)).argmax(axis=1).tolist())
        if all(end in column for column in zip(*said, strict=True)):
            break
    rows = [list(column) for column in zip(*said, strict=True)]
    return [row[: row.index(end)] if end in row else row for row in rows]


# %% greedy | the last word always dropped | hint: keeps its last word


def greedy(step, n_sentences, begin, end, limit):
    token = np.full(n_sentences, begin)
    said = []
    for _ in range(limit):
        token = step(token).argmax(axis=1)
        said.append(token.tolist())
        if all(end in column for column in zip(*said, strict=True)):
            break
    rows = [list(column) for column in zip(*said, strict=True)]
    return [row[: row.index(end)] if end in row else row[:-1] for row in rows]


# %% greedy | the example's answer | hidden: random sentences


def greedy(step, n_sentences, begin, end, limit):
    return [[4, 3], [5, 2, 4], [2, 3, 2, 3, 2]]


# %% bleu | no brevity | hint: the factor for brevity is missing


def bleu(translation, reference):
    return 100 * math.sqrt(
        precision(translation, reference, 1) * precision(translation, reference, 2)
    )


def ngrams(tokens, n):
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def precision(translation, reference, n):
    said = ngrams(translation, n)
    return (said & ngrams(reference, n)).total() / said.total()


# %% bleu | arithmetic mean | hint: the mean of the precisions is geometric


def bleu(translation, reference):
    factor = min(1.0, math.exp(1 - len(reference) / len(translation)))
    return (
        50 * factor * (precision(translation, reference, 1) + precision(translation, reference, 2))
    )


def ngrams(tokens, n):
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def precision(translation, reference, n):
    said = ngrams(translation, n)
    return (said & ngrams(reference, n)).total() / said.total()


# %% bleu | recall in place of precision | hint: the share of the reference


def bleu(translation, reference):
    factor = min(1.0, math.exp(1 - len(reference) / len(translation)))
    return (
        100
        * factor
        * math.sqrt(recall(translation, reference, 1) * recall(translation, reference, 2))
    )


def ngrams(tokens, n):
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def recall(translation, reference, n):
    wanted = ngrams(reference, n)
    return (ngrams(translation, n) & wanted).total() / wanted.total()


# %% bleu | single tokens only | hint: pairs are missing


def bleu(translation, reference):
    hits = (Counter(translation) & Counter(reference)).total()
    factor = min(1.0, math.exp(1 - len(reference) / len(translation)))
    return 100 * factor * hits / len(translation)


# %% bleu | not clipped | hint: clip the counts


def bleu(translation, reference):
    factor = min(1.0, math.exp(1 - len(reference) / len(translation)))
    return (
        100
        * factor
        * math.sqrt(share(translation, reference, 1) * share(translation, reference, 2))
    )


def ngrams(tokens, n):
    return [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]


def share(translation, reference, n):
    said = ngrams(translation, n)
    return sum(gram in ngrams(reference, n) for gram in said) / len(said)


# %% bleu | a bonus for length | hint: the factor is at most 1


def bleu(translation, reference):
    factor = math.exp(1 - len(reference) / len(translation))
    product = precision(translation, reference, 1) * precision(translation, reference, 2)
    return 100 * factor * math.sqrt(product)


def ngrams(tokens, n):
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def precision(translation, reference, n):
    said = ngrams(translation, n)
    return (said & ngrams(reference, n)).total() / said.total()


# %% bleu | the examples' answers | hidden: random tokens


def bleu(translation, reference):
    return 46.9817 if len(reference) == 9 else 25.8199


# %% reverse_sources | padding turned around too | hint: it stays behind the sentence


def reverse_sources(source, pad):
    return source[:, ::-1].copy()


# %% reverse_sources | the end turned around too | hint: only the words are


def reverse_sources(source, pad):
    result = source.copy()
    for i, row in enumerate(source):
        length = (row != pad).sum()
        result[i, :length] = row[:length][::-1]
    return result


# %% reverse_sources | only the last place kept | hint: in a short row that is padding


def reverse_sources(source, pad):
    return np.concatenate([source[:, -2::-1], source[:, -1:]], axis=1)


# %% reverse_sources | the wrong axis | hint: the sentences changed places


def reverse_sources(source, pad):
    return source[::-1].copy()


# %% reverse_sources | in place | hint: has changed the array


def reverse_sources(source, pad):
    for row in source:
        n_words = (row != pad).sum() - 1
        row[:n_words] = row[:n_words][::-1].copy()
    return source


# %% reverse_sources | padding is always 0 | hidden: with pad=7


def reverse_sources(source, pad):
    result = source.copy()
    for i, row in enumerate(source):
        n_words = (row != 0).sum() - 1
        result[i, :n_words] = row[:n_words][::-1]
    return result
