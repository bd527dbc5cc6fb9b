"""Wrong answers to the exercises of chapter 01, and the hint that each of them must meet.

A cell starts with `# %% task | what is wrong | hint: piece of the message` and holds the code that
takes the place of the task's solution cell. `hidden:` in place of `hint:` marks an answer that the
visible checks let pass and the hidden tests must not. What the notebook imports is there.
"""

# ruff: noqa: D103, F811, F821

# %% one_hot | rows and columns swapped | hint: give each token a row


def one_hot(ids, vocab_size):
    vectors = np.zeros((vocab_size, len(ids)))
    vectors[ids, np.arange(len(ids))] = 1
    return vectors


# %% one_hot | ids counted from 1 | hint: too far to the left


def one_hot(ids, vocab_size):
    vectors = np.zeros((len(ids), vocab_size))
    vectors[np.arange(len(ids)), ids - 1] = 1
    return vectors


# %% one_hot | every row gets all the ids | hint: row i gets only token i


def one_hot(ids, vocab_size):
    vectors = np.zeros((len(ids), vocab_size))
    vectors[:, ids] = 1
    return vectors


# %% one_hot | whole numbers | hint: the numbers are whole


def one_hot(ids, vocab_size):
    return np.eye(vocab_size, dtype=int)[ids]


# %% one_hot | the example's answer | hidden: one_hot of random ids


def one_hot(ids, vocab_size):
    return np.array([[0.0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 1, 0]])


# %% merge_step | each different word counted once | hint: use count


def merge_step(words, counts):
    pairs = Counter()
    for word in words:
        for i in range(len(word) - 1):
            pairs[word[i], word[i + 1]] += 1
    best = max(pairs, key=pairs.get)
    return best, [merge(word, best) for word in words]


def merge(word, best):
    new_word, i = [], 0
    while i < len(word):
        step = 2 if tuple(word[i : i + 2]) == best else 1
        new_word.append("".join(word[i : i + step]))
        i += step
    return new_word


# %% merge_step | pairs across the boundary of two words | hint: that is no pair


def merge_step(words, counts):
    text = [s for word, count in zip(words, counts, strict=True) for s in word * count]
    pairs = Counter((text[i], text[i + 1]) for i in range(len(text) - 1))
    best = max(pairs, key=pairs.get)
    return best, [merge(word, best) for word in words]


def merge(word, best):
    new_word, i = [], 0
    while i < len(word):
        step = 2 if tuple(word[i : i + 2]) == best else 1
        new_word.append("".join(word[i : i + step]))
        i += step
    return new_word


# %% merge_step | overlapping merges | hint: skip both symbols


def merge_step(words, counts):
    pairs = Counter()
    for word, count in zip(words, counts, strict=True):
        for i in range(len(word) - 1):
            pairs[word[i], word[i + 1]] += count
    best = max(pairs, key=pairs.get)
    return best, [merge(word, best) for word in words]


def merge(word, best):
    new_word = []
    for i, symbol in enumerate(word):
        if tuple(word[i : i + 2]) == best:
            new_word.append(symbol + word[i + 1])
        elif i == 0 or tuple(word[i - 1 : i + 1]) != best:
            new_word.append(symbol)
    return new_word


# %% merge_step | only the first pair of a word merged | hint: only the first is merged


def merge_step(words, counts):
    pairs = Counter()
    for word, count in zip(words, counts, strict=True):
        for i in range(len(word) - 1):
            pairs[word[i], word[i + 1]] += count
    best = max(pairs, key=pairs.get)
    return best, [merge(word, best) for word in words]


def merge(word, best):
    for i in range(len(word) - 1):
        if (word[i], word[i + 1]) == best:
            return [*word[:i], word[i] + word[i + 1], *word[i + 2 :]]
    return word


# %% merge_step | letters replaced in a string | hint: compare whole symbols


def merge_step(words, counts):
    pairs = Counter()
    for word, count in zip(words, counts, strict=True):
        for i in range(len(word) - 1):
            pairs[word[i], word[i + 1]] += count
    best = max(pairs, key=pairs.get)
    return best, [" ".join(word).replace(" ".join(best), "".join(best)).split() for word in words]


# %% merge_step | the examples' answers | hidden: merge_step of random words


def merge_step(words, counts):
    answers = {
        (5, 1, 1): (("h", "i"), [["hi"], *words[1:]]),
        (1, 1, 1, 1, 1, 2): (("o", "f"), [*words[:-1], ["of"]]),
        (3, 1): (("a", "a"), [["aa", "a"], *words[1:]]),
        (1,): (("a", "n"), [["b", "an", "an"]]),
        (3, 1, 1): (("a", "b"), [["ab"], *words[1:]]),
    }
    return answers.get(tuple(counts), (("a", "b"), words))


# %% nearest | dot product in place of cosine | hint: divide each vector by its length


def nearest(vectors, word, k):
    scores = vectors @ vectors[word]
    scores[word] = -np.inf
    return np.argsort(-scores)[:k]


# %% nearest | the word is its own neighbour | hint: leave it out


def nearest(vectors, word, k):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.argsort(-(unit @ unit[word]))[:k]


# %% nearest | the smallest in place of the largest | hint: sort the other way


def nearest(vectors, word, k):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit @ unit[word]
    cosines[word] = np.inf
    return np.argsort(cosines)[:k]


# %% nearest | the best last | hint: the most similar comes first


def nearest(vectors, word, k):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit @ unit[word]
    cosines[word] = -np.inf
    return np.argsort(cosines)[-k:]


# %% nearest | Euclidean distance | hint: compare directions


def nearest(vectors, word, k):
    distances = np.linalg.norm(vectors - vectors[word], axis=1)
    distances[word] = np.inf
    return np.argsort(distances)[:k]


# %% nearest | the example's answer | hidden: nearest among random vectors


def nearest(vectors, word, k):
    return np.array([1, 2, 4] if word == 0 else [3])


# %% negative_sampling_loss | no minus for the negatives | hint: pull the wrong way


def negative_sampling_loss(centre, context, negatives):
    positive = (centre * context).sum(dim=-1)
    negative = (negatives * centre[:, None]).sum(dim=-1)
    log_sigmoid = torch.nn.functional.logsigmoid
    return -(log_sigmoid(positive) + log_sigmoid(negative).sum(dim=-1)).mean()


# %% negative_sampling_loss | mean over the negatives | hint: mean over the negatives


def negative_sampling_loss(centre, context, negatives):
    positive = (centre * context).sum(dim=-1)
    negative = (negatives * centre[:, None]).sum(dim=-1)
    log_sigmoid = torch.nn.functional.logsigmoid
    return -log_sigmoid(positive).mean() - log_sigmoid(-negative).mean()


# %% negative_sampling_loss | sum over the batch | hint: sum over the batch


def negative_sampling_loss(centre, context, negatives):
    positive = (centre * context).sum(dim=-1)
    negative = (negatives * centre[:, None]).sum(dim=-1)
    log_sigmoid = torch.nn.functional.logsigmoid
    return -log_sigmoid(positive).sum() - log_sigmoid(-negative).sum()


# %% negative_sampling_loss | the likelihood in place of the loss | hint: the opposite sign


def negative_sampling_loss(centre, context, negatives):
    positive = (centre * context).sum(dim=-1)
    negative = (negatives * centre[:, None]).sum(dim=-1)
    log_sigmoid = torch.nn.functional.logsigmoid
    return (log_sigmoid(positive) + log_sigmoid(-negative).sum(dim=-1)).mean()


# %% negative_sampling_loss | negatives summed before the logarithm | hint: take log σ of each


def negative_sampling_loss(centre, context, negatives):
    positive = (centre * context).sum(dim=-1)
    negative = (negatives.sum(dim=1) * centre).sum(dim=-1)
    log_sigmoid = torch.nn.functional.logsigmoid
    return -(log_sigmoid(positive) + log_sigmoid(-negative)).mean()


# %% negative_sampling_loss | no negatives | hint: the negatives are missing


def negative_sampling_loss(centre, context, negatives):
    return -torch.nn.functional.logsigmoid((centre * context).sum(dim=-1)).mean()


# %% negative_sampling_loss | the logarithm of a sigmoid that is 0 | hint: use logsigmoid


def negative_sampling_loss(centre, context, negatives):
    positive = (centre * context).sum(dim=-1)
    negative = (negatives * centre[:, None]).sum(dim=-1)
    return -(positive.sigmoid().log() + (-negative).sigmoid().log().sum(dim=-1)).mean()


# %% negative_sampling_loss | the example's answer | hidden: for a random batch


def negative_sampling_loss(centre, context, negatives):
    return torch.tensor(2.2275 if len(centre) == 2 else 200.0)


# %% pca | not centred | hint: subtract from each column of x its mean


def pca(x, k):
    return x @ np.linalg.svd(x)[2][:k].T


# %% pca | the directions, not the coordinates | hint: project the points


def pca(x, k):
    return np.linalg.svd(x - x.mean(axis=0))[2][:k].T


# %% pca | the smallest spread first | hint: the largest spread comes first


def pca(x, k):
    centred = x - x.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    return centred @ directions[:, :k]


# %% pca | left singular vectors without their singular values | hint: the spread is lost


def pca(x, k):
    return np.linalg.svd(x - x.mean(axis=0))[0][:, :k]


# %% pca | points in columns | hint: give each point a row


def pca(x, k):
    centred = x - x.mean(axis=0)
    return np.linalg.svd(centred)[2][:k] @ centred.T


# %% pca | always two components | hidden: expected (60, 1)


def pca(x, k):
    centred = x - x.mean(axis=0)
    return centred @ np.linalg.svd(centred)[2][:2].T
