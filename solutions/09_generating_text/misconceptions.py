"""Wrong answers to the exercises of chapter 09, and their hints.

A cell starts with `# %% task | what is wrong | hint: piece of the message` and holds the code that
takes the place of the task's solution cell. `hidden:` in place of `hint:` marks an answer that the
visible checks let pass and the hidden tests must not.
"""

# ruff: noqa: D103, F811, F821

# %% double | the square | hint: this is the square


def double(x):
    return x * x


# %% double | the half | hint: this is the half


def double(x):
    return x / 2


# %% double | unchanged | hint: came back unchanged


def double(x):
    return x


# %% double | the example's answer | hidden: double of another number


def double(x):
    return 6
