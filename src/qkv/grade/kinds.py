"""Kinds of values that the codec knows beside the plain ones."""

import collections
import functools
import re

FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}")


class Code:
    """An expression, such as a lambda, that is evaluated on the student's side."""

    def __init__(self, source):
        """Keep the source of the expression."""
        self.source = source


class Name:
    """A function or class of a known library, sent by its name: `torch.nn.functional:relu`."""

    def __init__(self, path):
        """Keep the path, `module:name`."""
        self.path = path


def are_fields(names: object) -> bool:
    """Whether something is a namedtuple's fields."""
    return type(names) is tuple and all(type(n) is str and FIELD.fullmatch(n) for n in names)


@functools.lru_cache(200)
def record(name: str, fields: tuple[str, ...]) -> type:
    """Return the namedtuple of this name with these fields."""
    return collections.namedtuple(name, fields)
