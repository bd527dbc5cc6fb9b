"""Query, Key, Value: the package behind the book on attention and transformers."""

from importlib.metadata import version

__version__ = version("qkv")
