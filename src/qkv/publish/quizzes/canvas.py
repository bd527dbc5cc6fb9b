"""QTI 1.2 in the dialect of Canvas (Classic Quizzes), which other platforms read as well.

A condition of Canvas's that is fulfilled by a number makes that number right, whatever score it
sets. So the explanations of wrong numbers stand together in what Canvas shows for a wrong answer.
"""

from xml.etree.ElementTree import Element, SubElement

from qkv.publish.quizzes.asked import Asked, Option, digits
from qkv.publish.quizzes.package import document, manifest, zipped

NAMESPACE = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
PACKAGE = "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"
KINDS = {
    "single": "multiple_choice_question",
    "multiple": "multiple_answers_question",
    "number": "numerical_question",
}


def written(chapter: str, title: str, questions: list[Asked]) -> bytes:
    """Return the bank of a chapter as a QTI 1.2 package."""
    name = f"quiz_{chapter}"
    top = Element("questestinterop", xmlns=NAMESPACE)
    assessment = SubElement(top, "assessment", ident=name, title=title)
    section = SubElement(assessment, "section", ident="root_section")
    for question in questions:
        section.append(_item(question))
    file = f"{name}/{name}.xml"
    resources = [(name, "imsqti_xmlv1p2", file)]
    return zipped(
        {
            "imsmanifest.xml": manifest(PACKAGE, ("IMS Content", "1.1.3"), resources),
            file: document(top),
        }
    )


def _item(question: Asked) -> Element:
    item = Element("item", ident=question.id, title=question.name)
    metadata = SubElement(SubElement(item, "itemmetadata"), "qtimetadata")
    for label, entry in (("question_type", KINDS[question.kind]), ("points_possible", "1.0")):
        field = SubElement(metadata, "qtimetadatafield")
        SubElement(field, "fieldlabel").text = label
        SubElement(field, "fieldentry").text = entry
    presentation = SubElement(item, "presentation")
    _material(presentation, question.text)
    _response(presentation, question)
    processing = SubElement(item, "resprocessing")
    outcomes = SubElement(processing, "outcomes")
    SubElement(outcomes, "decvar", maxvalue="100", minvalue="0", varname="SCORE", vartype="Decimal")
    (_judge_number if question.kind == "number" else _judge_choice)(processing, question)
    if question.kind == "number":
        right, wrong = question.options[0], question.options[1:]
        _feedback(item, "correct_fb", right.why)
        _feedback(item, "general_incorrect_fb", "".join(map(_when, wrong)))
    else:
        for place, option in enumerate(question.options):
            _feedback(item, f"{_ident(place)}_fb", option.why)
    return item


def _ident(place: int) -> str:
    return str(1000 + place)  # Canvas's own are numbers


def _response(presentation: Element, question: Asked) -> None:
    if question.kind == "number":
        said = SubElement(presentation, "response_str", ident="response1", rcardinality="Single")
        blank = SubElement(said, "render_fib", fibtype="Decimal")
        SubElement(blank, "response_label", ident="answer1")
        return
    many = "Multiple" if question.kind == "multiple" else "Single"
    said = SubElement(presentation, "response_lid", ident="response1", rcardinality=many)
    choice = SubElement(said, "render_choice")
    for place, option in enumerate(question.options):
        _material(SubElement(choice, "response_label", ident=_ident(place)), option.text)


def _judge_choice(processing: Element, question: Asked) -> None:
    for place in range(len(question.options)):
        condition = _condition(processing, "Yes")
        _equal(SubElement(condition, "conditionvar"), _ident(place))
        link = {"feedbacktype": "Response", "linkrefid": f"{_ident(place)}_fb"}
        SubElement(condition, "displayfeedback", link)
    condition = _condition(processing, "No")
    variable = SubElement(condition, "conditionvar")
    if question.kind == "single":
        _equal(variable, _ident(question.right[0]))
    else:
        both = SubElement(variable, "and")
        for place, option in enumerate(question.options):
            _equal(both if option.right else SubElement(both, "not"), _ident(place))
    _score(condition)


def _judge_number(processing: Element, question: Asked) -> None:
    right = question.options[0]
    value, near = right.value or 0.0, right.tolerance or 0.0
    condition = _condition(processing, "No")
    either = SubElement(SubElement(condition, "conditionvar"), "or")
    _equal(either, digits(value))
    if near:
        within = SubElement(either, "and")
        for tag, end in (("vargte", value - near), ("varlte", value + near)):
            SubElement(within, tag, respident="response1").text = digits(end)
    _score(condition)
    SubElement(condition, "displayfeedback", feedbacktype="Response", linkrefid="correct_fb")
    rest = _condition(processing, "Yes")
    SubElement(SubElement(rest, "conditionvar"), "other")
    link = {"feedbacktype": "Response", "linkrefid": "general_incorrect_fb"}
    SubElement(rest, "displayfeedback", link)


def _when(option: Option) -> str:
    """Return the explanation of a wrong number, behind that number."""
    head = "For any other number:" if option.value is None else f"For {option.text}:"
    return f"<p><strong>{head}</strong></p>{option.why}"


def _condition(processing: Element, go_on: str) -> Element:
    return SubElement(processing, "respcondition", {"continue": go_on})


def _equal(parent: Element, what: str) -> None:
    SubElement(parent, "varequal", respident="response1").text = what


def _score(condition: Element) -> None:
    SubElement(condition, "setvar", action="Set", varname="SCORE").text = "100"


def _material(parent: Element, html: str) -> None:
    SubElement(SubElement(parent, "material"), "mattext", texttype="text/html").text = html


def _feedback(item: Element, ident: str, html: str) -> None:
    feedback = SubElement(item, "itemfeedback", ident=ident)
    _material(SubElement(feedback, "flow_mat"), html)
