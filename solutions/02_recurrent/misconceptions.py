"""Wrong answers to the exercises of chapter 02, and the hint that each of them must meet.

A cell starts with `# %% task | what is wrong | hint: piece of the message` and holds the code that
takes the place of the task's solution cell. `hidden:` in place of `hint:` marks an answer that the
visible checks let pass and the hidden tests must not. What the notebook imports is there.
"""

# ruff: noqa: D103, F811, F821

# %% rnn_states | state not carried on | hint: each step starts from zero: make the sum the new h


def rnn_states(x, W_x, W_h, b):
    h = np.zeros(len(b))
    states = []
    for x_t in x:
        states.append(np.tanh(x_t @ W_x + h @ W_h + b))
    return np.array(states)


# %% rnn_states | no tanh | hint: the states are not squeezed: put tanh around the sum


def rnn_states(x, W_x, W_h, b):
    h = np.zeros(len(b))
    states = []
    for x_t in x:
        h = x_t @ W_x + h @ W_h + b
        states.append(h)
    return np.array(states)


# %% rnn_states | no bias | hint: the bias b is missing


def rnn_states(x, W_x, W_h, b):
    h = np.zeros(len(b))
    states = []
    for x_t in x:
        h = np.tanh(x_t @ W_x + h @ W_h)
        states.append(h)
    return np.array(states)


# %% rnn_states | matrix on the wrong side | hint: rows times matrix: h @ W_h, not W_h @ h


def rnn_states(x, W_x, W_h, b):
    h = np.zeros(len(b))
    states = []
    for x_t in x:
        h = np.tanh(x_t @ W_x + W_h @ h + b)
        states.append(h)
    return np.array(states)


# %% rnn_states | state noted before the step | hint: these are the states before each step


def rnn_states(x, W_x, W_h, b):
    h = np.zeros(len(b))
    states = []
    for x_t in x:
        states.append(h)
        h = np.tanh(x_t @ W_x + h @ W_h + b)
    return np.array(states)


# %% rnn_states | the example's answer | hidden: rnn_states of 1 random steps


def rnn_states(x, W_x, W_h, b):
    return np.array([[0.8005, -0.6044], [0.9707, 0.8007], [0.8577, 0.4783]])


# %% lstm_step | two gates swapped | hint: the gates are exchanged: f keeps, i lets in


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_step(i, f, g, o, m):
    m = sigmoid(i) * m + sigmoid(f) * np.tanh(g)
    h = sigmoid(o) * np.tanh(m)
    return np.stack([h, m])


# %% lstm_step | sigmoid for the proposal | hint: the proposal wants tanh: it may also be negative


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_step(i, f, g, o, m):
    m = sigmoid(f) * m + sigmoid(i) * sigmoid(g)
    h = sigmoid(o) * np.tanh(m)
    return np.stack([h, m])


# %% lstm_step | no tanh on the way out | hint: the hidden state shows tanh of the cell state


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_step(i, f, g, o, m):
    m = sigmoid(f) * m + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * m
    return np.stack([h, m])


# %% lstm_step | the old cell state shown | hint: h is made from the cell state before the step


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_step(i, f, g, o, m):
    h = sigmoid(o) * np.tanh(m)
    m = sigmoid(f) * m + sigmoid(i) * np.tanh(g)
    return np.stack([h, m])


# %% lstm_step | gates without sigmoid | hint: a gate lies between 0 and 1: use sigmoid


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_step(i, f, g, o, m):
    m = f * m + i * np.tanh(g)
    h = o * np.tanh(m)
    return np.stack([h, m])


# %% lstm_step | the example's answer | hidden: lstm_step against PyTorch


def lstm_step(i, f, g, o, m):
    return np.array([[0.4897, -0.3444, 0.1688], [0.8104, -0.7356, 1.6257]])


# %% clip | each array by itself | hint: there is one length for all arrays together


def clip(gradients, longest):
    return [g * min(1.0, longest / np.linalg.norm(g)) for g in gradients]


# %% clip | each number by itself | hint: numbers were cut off one by one, which turns the gradient


def clip(gradients, longest):
    return [np.clip(g, -longest, longest) for g in gradients]


# %% clip | short ones made longer | hint: a short gradient was made longer: leave it


def clip(gradients, longest):
    length = np.sqrt(sum((g**2).sum() for g in gradients))
    return [g * longest / length for g in gradients]


# %% clip | no square root | hint: the length is the root of the sum of squares


def clip(gradients, longest):
    length = sum((g**2).sum() for g in gradients)
    return [g * min(1.0, longest / length) for g in gradients]


# %% clip | changed in place | hint: the gradients that were given have changed


def clip(gradients, longest):
    length = np.sqrt(sum((g**2).sum() for g in gradients))
    for g in gradients:
        g *= min(1.0, longest / length)
    return gradients


# %% clip | the example's answer | hidden: clip of a random gradient


def clip(gradients, longest):
    return [g * (0.5 if longest == 6 else 1.0) for g in gradients]


# %% bits | natural logarithm | hint: these are natural logarithms: bits need base 2


def bits(probabilities, ids):
    return float(-np.log(probabilities[np.arange(len(ids)), ids]).mean())


# %% bits | sum in place of mean | hint: this is the whole text: divide by its length


def bits(probabilities, ids):
    return float(-np.log2(probabilities[np.arange(len(ids)), ids]).sum())


# %% bits | no minus | hint: surprise is positive: the minus is missing


def bits(probabilities, ids):
    return float(np.log2(probabilities[np.arange(len(ids)), ids]).mean())


# %% bits | mean before the logarithm | hint: take the logarithm of each probability, then the mean


def bits(probabilities, ids):
    return float(-np.log2(probabilities[np.arange(len(ids)), ids].mean()))


# %% bits | the likeliest character | hint: look up the character that stands there


def bits(probabilities, ids):
    return float(-np.log2(probabilities.max(axis=1)).mean())


# %% bits | the example's answer | hidden: bits of 1 random characters


def bits(probabilities, ids):
    return 1.661
