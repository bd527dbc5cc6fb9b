"""A question as platforms can ask it: texts in HTML, and one of three kinds.

Every platform has one choice, several choices and a number. None has the page's row of menus for a
shape, with an explanation for a whole shape; there a shape is a choice among those that the bank
names, and one more: any other.
"""

import re
from dataclasses import dataclass

from qkv.bank import Answer, Question
from qkv.markup import pieces

OTHER_SHAPE = "<p>a shape other than these</p>"
# XML 1.0 has no place for these; a bank may hold them.
NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
TAGS = {"code": "code", "strong": "strong", "em": "em"}


@dataclass(frozen=True)
class Option:
    """One answer: its text and its explanation in HTML; for a number, also from where to where.

    `value` and `tolerance` are None for an option, and for "any other number".
    """

    text: str
    right: bool
    why: str
    value: float | None = None
    tolerance: float | None = None


@dataclass(frozen=True)
class Asked:
    """One question: `kind` is "single", "multiple" or "number"; `id` is an XML name."""

    id: str
    name: str
    kind: str
    text: str
    options: list[Option]

    @property
    def right(self) -> list[int]:
        """The places of the right options."""
        return [place for place, option in enumerate(self.options) if option.right]


def asked(chapter: str, question: Question) -> Asked:
    """Return a question of the bank of `chapter` as platforms can ask it."""
    kind = "single" if question.kind == "shape" else question.kind
    text = html(question.text)
    if kind == "number":
        unit = f": … {_escaped(question.unit)}" if question.unit else "."
        text += f"<p>Answer with a number{unit}</p>"
    elif kind == "multiple":
        text += "<p>Choose all that are right.</p>"
    options = [_option(question, answer) for answer in question.answers]
    return Asked(f"q_{chapter}_{question.id}", question.id, kind, text, options)


def _option(question: Question, answer: Answer) -> Option:
    why = html(answer.why)
    if question.kind == "number":
        # A wrong number is as near as a right one has to be, as on the page.
        near = answer.tolerance or question.answers[0].tolerance
        value = answer.value
        return Option(answer.text, answer.right, why, value, None if value is None else near)
    if question.kind == "shape":
        shape = f"<p><code>{_escaped(answer.text)}</code></p>"
        return Option(shape if answer.value else OTHER_SHAPE, answer.right, why)
    return Option(html(answer.text), answer.right, why)


def html(text: str) -> str:
    r"""Return the little Markdown of a bank as well-formed HTML, with formulas as \(TeX\).

    MathJax, which Canvas and Moodle bring, reads them so. What looks like a formula in the text and
    is none is taken apart, so that it stays as it was typed.
    """
    return "".join(_block(block) for block in pieces(NO_XML.sub("\ufffd", text)))


def _block(block: list) -> str:
    kind, content = block[:2]
    if kind == "pre":
        return f"<pre><code>{_escaped(content)}</code></pre>"
    if kind == "math":
        return rf"<p>\[{_escaped(content)}\]</p>"
    return f"<p>{''.join(_span(span) for span in content)}</p>"


def _span(span: list) -> str:
    kind, content = span[:2]
    if kind == "math":
        return rf"\({_escaped(content)}\)"
    if kind == "code":
        return f"<code>{_escaped(content)}</code>"  # MathJax leaves code alone
    words = re.sub(r"[\\$]", r"<span>\g<0></span>", _escaped(content))
    return f"<{TAGS[kind]}>{words}</{TAGS[kind]}>" if kind in TAGS else words


def _escaped(text: str) -> str:
    for sign, name in ("&", "amp"), ("<", "lt"), (">", "gt"):
        text = text.replace(sign, f"&{name};")
    return NO_XML.sub("\ufffd", text)


def digits(value: float) -> str:
    """Return a number as every platform reads it: 133120, 0.69, 1e-05."""
    return format(value, ".15g")
