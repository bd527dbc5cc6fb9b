"""How much work the keys of a dictionary make: numbers can be chosen so that all collide."""

MAX_WORK = 10**9  # bytes that the keys of one message may make Python compare: about a second

FEW = 2000  # values that all collide cost a set this many comparisons squared: nothing


def may_collide(value):
    """Whether many values of this kind can have one hash: long numbers, and what is made of them.

    A text's hash is drawn anew in each process, and a short whole number is its own.
    """
    if type(value) is int:
        return value.bit_length() > 60
    if type(value) is tuple:
        return all(type(part) in (int, float, complex, bool, str) for part in value)
    return type(value) is complex


def work(keys, sizes):
    """Return how many bytes putting these keys into a dictionary may compare, beyond their own.

    Whoever knows Python's hash of numbers can choose them so that each is compared with all others.
    """
    groups: dict[int, list[int]] = {}
    for key, size in zip(map(hash, keys), sizes, strict=True):
        groups.setdefault(key, []).append(size)
    return sum(len(group) * sum(group) for group in groups.values() if len(group) > 1)
