"""GIFT, Moodle's format of plain text."""

import re

from qkv.publish.quizzes.asked import Asked, digits
from qkv.publish.quizzes.moodle import category, shares


def written(chapter: str, title: str, questions: list[Asked]) -> str:
    """Return the bank of a chapter as GIFT."""
    head = f"// {_line(title)}\n$CATEGORY: {_line(category(title))}\n"
    return "\n".join([head, *map(_question, questions)])


def _question(question: Asked) -> str:
    lines = (_numbers if question.kind == "number" else _choices)(question)
    start = "#" if question.kind == "number" else ""
    text = _escaped(question.text)
    return f"::{question.name}::[html]{text}{{{start}\n" + "".join(lines) + "}\n"


def _choices(question: Asked) -> list[str]:
    marks = (
        ["=" if option.right else "~" for option in question.options]
        if question.kind == "single"
        else [f"~%{share}%" for share in shares(question)]
    )
    return [
        f"\t{mark}{_escaped(option.text)}#{_escaped(option.why)}\n"
        for mark, option in zip(marks, question.options, strict=True)
    ]


def _numbers(question: Asked) -> list[str]:
    lines = []
    for option in question.options:
        why = _escaped(option.why)
        if option.value is None or option.tolerance is None:
            lines.append(f"\t~#{why}\n")  # any other number
        else:
            share = 100 if option.right else 0
            near = f"{digits(option.value)}:{digits(option.tolerance)}"
            lines.append(f"\t=%{share}%{near}#{why}\n")
    return lines


def _escaped(text: str) -> str:
    """Return HTML with what GIFT reads as marks escaped; a blank line would end the question."""
    return re.sub(r"[\\~=#{}:]", r"\\\g<0>", text).replace("\n", r"\n")


def _line(text: str) -> str:
    return " ".join(text.split())
