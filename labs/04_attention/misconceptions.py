"""Wrong answers to the lab of chapter 04, and what each must hear.

A cell starts with `# %% gap | what is wrong | hint: piece of the message` and holds the code that takes
the place of the gap.
"""

# ruff: noqa: D103, F811, F821, E501

# %% largest | a word | hint: 'a lot' is no prediction

prediction = "a lot"

# %% largest | a score for a weight | hint: 2 cannot be

prediction = 2

# %% weights | the scores' own shares | hint: add up to [1.0, nan]


def weights(scores):
    return scores / scores.sum(dim=-1, keepdim=True)


# %% weights | a base of 2 | hint: times the weight, not e times


def weights(scores):
    powers = 2**scores
    return powers / powers.sum(dim=-1, keepdim=True)


# %% weights | one sum for all rows | hint: add up to [0.


def weights(scores):
    return scores.exp() / scores.exp().sum()


# %% doubled | a number | hint: 0.9 is no prediction: write one of

prediction = 0.9

# %% doubled | another word | hint: 'higher' is no prediction: write one of

prediction = "higher"

# %% attention | the values are multiplied | hint: is it the scores that it multiplies


def attention(query, key, value, sharpness):
    return weights(query @ key.T) @ (sharpness * value)


# %% attention | the sharpness twice | hint: gives other contexts


def attention(query, key, value, sharpness):
    return weights(sharpness**2 * query @ key.T) @ value


# %% attention | weights for a context | hint: shape (5, 7)


def attention(query, key, value, sharpness):
    return weights(sharpness * query @ key.T)


# %% diagnosis | scale for the mask | hint: version a: its rows add up to

diagnosis = {"a": "scale", "b": "axis", "c": "mask"}

# %% diagnosis | mask and axis exchanged | hint: version a: more queries change nothing

diagnosis = {"a": "axis", "b": "mask", "c": "scale"}

# %% diagnosis | nothing for one | hint: version b: write one of

diagnosis = {"a": "mask", "c": "scale"}

# %% handwriting | percent | hint: 10 cannot be

flat, sharp = 10, 90

# %% handwriting | nothing said | hint: None is no prediction

flat, sharp = None, 0.5

# %% read_right | the count | hint: is no share


def read_right(sharpness):
    said = attention(queries, keys, values, sharpness).argmax(dim=1)
    return float((said == labels[1500:]).sum())


# %% read_right | the labels of the keys | hint: are the labels those of the queries


def read_right(sharpness):
    said = attention(queries, keys, values, sharpness).argmax(dim=1)
    return float((said == labels[:297]).float().mean())


# %% read_right | a tensor | hint: Tensor: return a plain number


def read_right(sharpness):
    said = attention(queries, keys, values, sharpness).argmax(dim=1)
    return (said == labels[1500:]).float().mean()
