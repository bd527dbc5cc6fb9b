"""Wrong answers to the exercises of chapter 00, and the hint that each of them must meet.

A cell starts with `# %% task | what is wrong | hint: piece of the message` and holds the code that
takes the place of the task's solution cell. `hidden:` in place of `hint:` marks an answer that the
visible checks let pass and the hidden tests must not. What the notebook imports is there.
"""

# ruff: noqa: D103, F811, F821

# %% count_parameters | no biases | hint: the biases are missing


def count_parameters(sizes):
    return sum(sizes[i] * sizes[i + 1] for i in range(len(sizes) - 1))


# %% count_parameters | a bias for each input | hint: not for each that goes in


def count_parameters(sizes):
    return sum(sizes[i] * sizes[i + 1] + sizes[i] for i in range(len(sizes) - 1))


# %% count_parameters | the numbers themselves | hint: knobs belong to what connects


def count_parameters(sizes):
    return sum(sizes)


# %% count_parameters | multiplied | hint: the layers' knobs add up


def count_parameters(sizes):
    count = 1
    for i in range(len(sizes) - 1):
        count *= sizes[i] * sizes[i + 1] + sizes[i + 1]
    return count


# %% count_parameters | one layer from end to end | hint: go through every two neighbours


def count_parameters(sizes):
    return sizes[0] * sizes[-1] + sizes[-1]


# %% count_parameters | right for two layers alone | hidden: count_parameters of random sizes


def count_parameters(sizes):
    first, second, third = (*sizes, 0)[:3]
    return first * second + second + second * third + third


# %% train_line | uphill | hint: against its slope


def train_line(x, y, rate, steps):
    w = torch.tensor(0.0, requires_grad=True)
    b = torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        ((w * x + b - y) ** 2).mean().backward()
        with torch.no_grad():
            w += rate * w.grad
            b += rate * b.grad
        w.grad = b.grad = None
    return torch.stack([w, b]).detach()


# %% train_line | the old slopes stay | hint: forget the old ones


def train_line(x, y, rate, steps):
    w = torch.tensor(0.0, requires_grad=True)
    b = torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        ((w * x + b - y) ** 2).mean().backward()
        with torch.no_grad():
            w -= rate * w.grad
            b -= rate * b.grad
    return torch.stack([w, b]).detach()


# %% train_line | not squared | hint: the errors are not squared


def train_line(x, y, rate, steps):
    w = torch.tensor(0.0, requires_grad=True)
    b = torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        (w * x + b - y).mean().backward()
        with torch.no_grad():
            w -= rate * w.grad
            b -= rate * b.grad
        w.grad = b.grad = None
    return torch.stack([w, b]).detach()


# %% train_line | summed | hint: take their mean


def train_line(x, y, rate, steps):
    w = torch.tensor(0.0, requires_grad=True)
    b = torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        ((w * x + b - y) ** 2).sum().backward()
        with torch.no_grad():
            w -= rate * w.grad
            b -= rate * b.grad
        w.grad = b.grad = None
    return torch.stack([w, b]).detach()


# %% train_line | the bias stands still | hint: the bias never moves


def train_line(x, y, rate, steps):
    w = torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        ((w * x - y) ** 2).mean().backward()
        with torch.no_grad():
            w -= rate * w.grad
        w.grad = None
    return torch.stack([w.detach(), torch.tensor(0.0)])


# %% train_line | a step short | hint: one step too few


def train_line(x, y, rate, steps):
    w = b = torch.tensor(0.0)
    for _ in range(steps - 1):
        error = w * x + b - y
        w, b = w - rate * 2 * (error * x).mean(), b - rate * 2 * error.mean()
    return torch.stack([w, b])


# %% train_line | one knob after the other | hint: work out both slopes first


def train_line(x, y, rate, steps):
    w = b = torch.tensor(0.0)
    for _ in range(steps):
        w = w - rate * 2 * ((w * x + b - y) * x).mean()
        b = b - rate * 2 * (w * x + b - y).mean()
    return torch.stack([w, b])


# %% train_line | three steps, whatever is asked | hidden: train_line of random points


def train_line(x, y, rate, steps):
    w = b = torch.tensor(0.0)
    for _ in range(3):
        error = w * x + b - y
        w, b = w - rate * 2 * (error * x).mean(), b - rate * 2 * error.mean()
    return torch.stack([w, b])


# %% largest_rate | the smallest | hint: this is the smallest rate


def largest_rate(x, y, rates, steps):
    return min(rates)


# %% largest_rate | the best | hint: gives the lowest loss


def largest_rate(x, y, rates, steps):
    def loss_after(rate):
        w = b = 0.0
        for _ in range(steps):
            error = w * x + b - y
            w, b = w - rate * 2 * (error * x).mean(), b - rate * 2 * error.mean()
        return float(((w * x + b - y) ** 2).mean())

    return min((rate for rate in rates if loss_after(rate) == loss_after(rate)), key=loss_after)


# %% largest_rate | the first that is too large | hint: the first that is too large


def largest_rate(x, y, rates, steps):
    def loss_after(rate, steps):
        w = b = 0.0
        for _ in range(steps):
            error = w * x + b - y
            w, b = w - rate * 2 * (error * x).mean(), b - rate * 2 * error.mean()
        return ((w * x + b - y) ** 2).mean()

    return min(rate for rate in rates if not loss_after(rate, steps) < loss_after(rate, 0))


# %% largest_rate | no measurement | hint: this is the largest of all rates


def largest_rate(x, y, rates, steps):
    return max(rates)


# %% largest_rate | the second largest but one, whatever happens | hidden: largest_rate of random


def largest_rate(x, y, rates, steps):
    return sorted(rates)[3]


# %% forward | ReLU at the end, too | hint: the last layer is bent


def forward(x, layers):
    for W, b in layers:
        x = (x @ W + b).relu()
    return x


# %% forward | no ReLU | hint: there is no ReLU


def forward(x, layers):
    for W, b in layers:
        x = x @ W + b
    return x


# %% forward | ReLU before each layer | hint: the input is not bent


def forward(x, layers):
    for W, b in layers:
        x = x.relu() @ W + b
    return x


# %% forward | no biases | hint: each layer adds its bias


def forward(x, layers):
    for i, (W, _) in enumerate(layers):
        x = x @ W
        x = x.relu() if i < len(layers) - 1 else x
    return x


# %% forward | the first and the last layer | hint: go through all of them


def forward(x, layers):
    (W, b), (V, c) = layers[0], layers[-1]
    return (x @ W + b).relu()[:, : len(V)] @ V + c


# %% forward | three layers, whatever is given | hidden: forward of random layers


def forward(x, layers):
    for i, (W, b) in enumerate(layers):
        x = x @ W + b
        x = x.relu() if i < 2 else x
    return x
