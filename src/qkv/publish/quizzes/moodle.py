"""Moodle XML."""

from xml.etree import ElementTree

from qkv.errors import QkvError
from qkv.publish.quizzes.asked import Asked, digits

# Moodle knows these shares and no others.
SHARES = {1: "100", 2: "50", 3: "33.33333", 4: "25", 5: "20", 6: "16.66667", 7: "14.28571"}
SHARES |= {8: "12.5", 9: "11.11111", 10: "10"}


def written(chapter: str, title: str, questions: list[Asked]) -> str:
    """Return the bank of a chapter as Moodle XML."""
    quiz = ElementTree.Element("quiz")
    group = ElementTree.SubElement(quiz, "question", type="category")
    _text(group, "category", category(title))
    for question in questions:
        quiz.append(_question(question))
    ElementTree.indent(quiz)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(quiz, "unicode") + "\n"


def category(title: str) -> str:
    """Return the path of the bank's category; a stroke in the title is doubled."""
    return f"$course$/top/{title.replace('/', '//')}"


def shares(question: Asked) -> list[str]:
    """Return what each option of a question with several right ones adds, in percent.

    Moodle adds up. Whoever ticks the right ones and no other has 100; whoever ticks all has 0.
    """
    right = len(question.right)
    wrong = len(question.options) - right
    if max(right, wrong) > max(SHARES):
        raise QkvError(
            f"the question {question.name!r} has {max(right, wrong)} options that are all "
            f"{'right' if right > wrong else 'wrong'}: Moodle has shares for {max(SHARES)}, take "
            "some out"
        )
    return [SHARES[right] if option.right else f"-{SHARES[wrong]}" for option in question.options]


def _question(question: Asked) -> ElementTree.Element:
    kind = "numerical" if question.kind == "number" else "multichoice"
    element = ElementTree.Element("question", type=kind)
    _text(element, "name", question.name)
    _text(element, "questiontext", question.text, format="html")
    _text(element, "generalfeedback", "", format="html")
    for name, value in (("defaultgrade", "1"), ("penalty", "0.3333333"), ("hidden", "0")):
        ElementTree.SubElement(element, name).text = value
    ElementTree.SubElement(element, "idnumber").text = question.id
    if kind == "multichoice":
        single = str(question.kind == "single").lower()
        for name, value in (("single", single), ("shuffleanswers", "true")):
            ElementTree.SubElement(element, name).text = value
        ElementTree.SubElement(element, "answernumbering").text = "none"
    _answers(element, question)
    if kind == "numerical":
        # The unit stands in the question: nothing but a number is to be typed.
        ElementTree.SubElement(element, "unitgradingtype").text = "0"
        ElementTree.SubElement(element, "showunits").text = "3"
    return element


def _answers(element: ElementTree.Element, question: Asked) -> None:
    several = shares(question) if question.kind == "multiple" else None
    for place, option in enumerate(question.options):
        share = several[place] if several else "100" if option.right else "0"
        if question.kind != "number":
            answer = _text(element, "answer", option.text, fraction=share, format="html")
        else:
            value = "*" if option.value is None else digits(option.value)
            answer = _text(element, "answer", value, fraction=share, format="moodle_auto_format")
            near = ElementTree.SubElement(answer, "tolerance")
            near.text = digits(option.tolerance or 0)
        _text(answer, "feedback", option.why, format="html")


def _text(parent: ElementTree.Element, tag: str, text: str, **attributes) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, tag, attributes)
    ElementTree.SubElement(element, "text").text = text
    return element
