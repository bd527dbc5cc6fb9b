"""QTI 2.1: one file an item, and the test that lists them."""

from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from qkv.publish.quizzes.asked import Asked, Option, digits
from qkv.publish.quizzes.package import document, manifest, zipped

NAMESPACE = "http://www.imsglobal.org/xsd/imsqti_v2p1"
PACKAGE = "http://www.imsglobal.org/xsd/imscp_v1p1"


def written(chapter: str, title: str, questions: list[Asked]) -> bytes:
    """Return the bank of a chapter as a QTI 2.1 package."""
    items = {f"items/{question.id}.xml": _item(question) for question in questions}
    resources = [(f"test_{chapter}", "imsqti_test_xmlv2p1", "test.xml")]
    resources += [
        (question.id, "imsqti_item_xmlv2p1", file)
        for question, file in zip(questions, items, strict=True)
    ]
    described = manifest(PACKAGE, ("QTIv2.1 Package", "1.0.0"), resources)
    test = _test(chapter, title, questions)
    return zipped({"imsmanifest.xml": described, "test.xml": test} | items)


def _test(chapter: str, title: str, questions: list[Asked]) -> str:
    test = Element("assessmentTest", xmlns=NAMESPACE, identifier=f"test_{chapter}", title=title)
    part = SubElement(
        test,
        "testPart",
        identifier="part",
        navigationMode="nonlinear",
        submissionMode="individual",
    )
    section = SubElement(
        part, "assessmentSection", identifier="section", title=title, visible="true"
    )
    for question in questions:
        reference = f"items/{question.id}.xml"
        SubElement(section, "assessmentItemRef", identifier=question.id, href=reference)
    return document(test)


def _item(question: Asked) -> str:
    item = Element(
        "assessmentItem",
        xmlns=NAMESPACE,
        identifier=question.id,
        title=question.name,
        adaptive="false",
        timeDependent="false",
    )
    several = question.kind == "multiple"
    _declare_response(item, question)
    _outcome(item, "SCORE", "single", "float", "0")
    _outcome(item, "MAXSCORE", "single", "float", "1")
    _outcome(item, "FEEDBACK", "multiple" if several else "single", "identifier")
    body = SubElement(item, "itemBody")
    _into(SubElement(body, "div"), question.text)
    if question.kind == "number":
        blank = SubElement(SubElement(body, "p"), "textEntryInteraction")
        blank.attrib.update(responseIdentifier="RESPONSE", expectedLength="12")
    else:
        _choices(body, question)
    processing = SubElement(item, "responseProcessing")
    (_judge_number if question.kind == "number" else _judge_choice)(processing, question)
    for place, option in enumerate(question.options):
        feedback = SubElement(item, "modalFeedback")
        feedback.attrib.update(
            outcomeIdentifier="FEEDBACK", showHide="show", identifier=_ident(place)
        )
        _into(feedback, option.why)
    return document(item)


def _ident(place: int) -> str:
    return f"A{place}"


def _declare_response(item: Element, question: Asked) -> None:
    several, number = question.kind == "multiple", question.kind == "number"
    declared = SubElement(item, "responseDeclaration", identifier="RESPONSE")
    declared.set("cardinality", "multiple" if several else "single")
    declared.set("baseType", "float" if number else "identifier")
    correct = SubElement(declared, "correctResponse")
    for place in question.right:
        value = question.options[place].value
        SubElement(correct, "value").text = _ident(place) if value is None else digits(value)


def _outcome(item: Element, name: str, many: str, kind: str, default: str = "") -> None:
    declared = SubElement(item, "outcomeDeclaration", identifier=name)
    declared.attrib.update(cardinality=many, baseType=kind)
    if default:
        SubElement(SubElement(declared, "defaultValue"), "value").text = default


def _choices(body: Element, question: Asked) -> None:
    most = "0" if question.kind == "multiple" else "1"  # 0: as many as one likes
    asked = SubElement(body, "choiceInteraction", responseIdentifier="RESPONSE")
    asked.attrib.update(shuffle="true", maxChoices=most)
    for place, option in enumerate(question.options):
        _into(SubElement(asked, "simpleChoice", identifier=_ident(place)), option.text)


def _judge_choice(processing: Element, question: Asked) -> None:
    """All right ones and no other; what is chosen names its explanations."""
    condition = SubElement(processing, "responseCondition")
    right = SubElement(condition, "responseIf")
    match = SubElement(right, "match")
    SubElement(match, "variable", identifier="RESPONSE")
    SubElement(match, "correct", identifier="RESPONSE")
    _set(right, "SCORE", "float", "1")
    told = SubElement(processing, "setOutcomeValue", identifier="FEEDBACK")
    SubElement(told, "variable", identifier="RESPONSE")


def _judge_number(processing: Element, question: Asked) -> None:
    """The first value that is near enough; the last explanation is for all others."""
    condition = SubElement(processing, "responseCondition")
    for place, option in enumerate(question.options):
        if option.value is None:
            branch = SubElement(condition, "responseElse")
        else:
            branch = SubElement(condition, "responseElseIf" if place else "responseIf")
            _near(branch, option)
        if option.right:
            _set(branch, "SCORE", "float", "1")
        _set(branch, "FEEDBACK", "identifier", _ident(place))


def _near(branch: Element, option: Option) -> None:
    value, near = option.value or 0.0, option.tolerance or 0.0
    if not near:
        equal = SubElement(branch, "equal", toleranceMode="exact")
        SubElement(equal, "variable", identifier="RESPONSE")
        SubElement(equal, "baseValue", baseType="float").text = digits(value)
        return
    within = SubElement(branch, "and")
    for tag, end in (("gte", value - near), ("lte", value + near)):
        side = SubElement(within, tag)
        SubElement(side, "variable", identifier="RESPONSE")
        SubElement(side, "baseValue", baseType="float").text = digits(end)


def _set(branch: Element, name: str, kind: str, value: str) -> None:
    told = SubElement(branch, "setOutcomeValue", identifier=name)
    SubElement(told, "baseValue", baseType=kind).text = value


def _into(element: Element, html: str) -> None:
    """Put HTML into an element as elements: QTI 2.1 reads them, not their source."""
    element.extend(ElementTree.fromstring(f"<div>{html}</div>"))
