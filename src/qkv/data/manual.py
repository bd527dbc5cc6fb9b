"""English technical prose: the language reference that every CPython carries.

`pydoc_data.topics` holds the texts behind Python's `help("...")`: one topic a key, from `assert` to
`yield`. Some paragraphs stand under several topics; here each is kept once, where it first appears.
"""

import re
from functools import cache
from pydoc_data.topics import topics as _topics

from qkv.errors import QkvError


@cache
def sections() -> dict[str, str]:
    """Return the manual as topic → text, topics in alphabetical order, no paragraph twice.

    A paragraph is a run of lines between blank lines; a short one (under 60 characters: a heading,
    an example's single line) may repeat.
    """
    seen: set[str] = set()
    result: dict[str, str] = {}
    for topic in sorted(_topics):
        kept = []
        for paragraph in re.split(r"\n\s*\n", _topics[topic].strip("\n")):
            key = " ".join(paragraph.split())
            if len(key) >= 60 and key in seen:
                continue
            seen.add(key)
            kept.append(paragraph)
        if kept:
            result[topic] = "\n\n".join(kept)
    return result


def topics() -> list[str]:
    """Return the names of the manual's topics, in alphabetical order."""
    return list(sections())


def text(topic: str | None = None) -> str:
    """Return the text of one topic, or of the whole manual.

    Raises `QkvError` when there is no such topic.
    """
    if topic is None:
        return "\n\n".join(sections().values())
    if topic not in sections():
        raise QkvError(f"topic={topic!r} is not in the manual; choose one of {', '.join(topics())}")
    return sections()[topic]
