"""Four readers of question files, each written after what its platform does, not after our writer.

A reader returns what a student would meet: the questions in order, each with its words, its options
and what it says to an answer. Words are text with formulas as \\(TeX\\), blocks parted by a line.
"""

import io
import re
import zipfile
from dataclasses import dataclass, field
from html.parser import HTMLParser

from lxml import etree

BLOCKS = ("p", "pre", "div")


class _Words(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.said = ""
        self.open = []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, self.said
        self.said += "\n" * (tag in BLOCKS)

    def handle_data(self, data):
        self.said += data


def words(html):
    """Return the words of HTML; every element must be closed where it belongs."""
    parser = _Words()
    parser.feed(html)
    parser.close()
    assert parser.open == [], html
    return re.sub("\n+", "\n", parser.said).strip("\n")


@dataclass
class Read:
    """A question as a platform holds it; `reply(given)` is (score, explanations)."""

    name: str
    kind: str
    text: str
    options: list = field(default_factory=list)
    reply: object = None


# GIFT: as Moodle cuts it. Escaped marks become tokens first, then the text is searched for marks.

TOKENS = {":": "\x01", "#": "\x02", "=": "\x03", "{": "\x04", "}": "\x05", "~": "\x06", "n": "\x07"}


def read_gift(text):
    """Return the category and the questions of a GIFT file."""
    category, found = None, []
    for part in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")):
        lines = [line for line in part.split("\n") if not line.strip().startswith("//")]
        part = "\n".join(lines).strip()
        if part.startswith("$CATEGORY:"):
            category = part.removeprefix("$CATEGORY:").strip()
        elif part:
            found.append(_gift_question(_tokens(part)))
    return category, found


def _tokens(text):
    def token(found):
        return "\\" if found[1] == "\\" else TOKENS.get(found[1], found[0])

    return re.sub(r"\\(.)", token, text)


def _plain(text):
    text = text.strip()
    assert "[" not in text[:1] or text.startswith("[html]"), text
    for sign, token in TOKENS.items():
        text = text.replace(token, "\n" if sign == "n" else sign)
    return text.removeprefix("[html]").strip()


def _gift_question(text):
    assert text.startswith("::"), text
    name, _, text = text[2:].partition("::")
    asked, start, text = text.partition("{")
    answers, end, rest = text.partition("}")
    assert start, name
    assert end, name
    assert rest.strip() == "", (name, rest)
    assert "####" not in answers, name
    asked = words(_plain(asked))
    if answers.strip().startswith("#"):
        return _gift_number(name, asked, answers.strip()[1:])
    assert "~" in answers, name
    single = "=" in answers
    fractions, options, whys = [], [], []
    for answer in answers.replace("=", "~=").split("~"):
        if not answer.strip():
            continue
        fraction, answer = _fraction(answer.strip())
        option, _, why = answer.partition("#")
        fractions.append(fraction)
        options.append(words(_plain(option)))
        whys.append(words(_plain(why)))
    return _moodle_choice(name, asked, single, options, fractions, whys)


def _fraction(answer):
    if answer.startswith("="):
        return 1, answer[1:]
    if weighed := re.match(r"%(-*\d{1,2}\.?\d*)%", answer):
        return float(weighed[1]) / 100, answer[weighed.end() :]
    return 0, answer


def _gift_number(name, asked, answers):
    answers, _, wrong = answers.partition("~")
    rows = []
    for answer in answers.split("="):
        if not answer.strip():
            continue
        fraction, answer = _fraction(answer.strip())
        number, _, why = answer.partition("#")
        value, _, near = _plain(number).partition(":")
        rows.append((float(value), float(near or 0), fraction, words(_plain(why))))
    assert wrong.startswith("#"), name
    rows.append((None, 0, 0, words(_plain(wrong[1:]))))
    return _moodle_number(name, asked, rows)


# Moodle: fractions add up; the first number that is near enough counts.

GRADES = "100 90 83.33333 80 75 70 66.66667 60 50 40 33.33333 30 25 20 16.66667 14.28571 12.5 11.11111 10 5"  # noqa: E501
KNOWN = [0.0] + [sign * float(grade) / 100 for grade in GRADES.split() for sign in (1, -1)]


def _moodle_choice(name, asked, single, options, fractions, whys):
    for fraction in fractions:
        assert min(abs(fraction - known) for known in KNOWN) < 1e-5, (name, fraction)
    if single:
        assert max(fractions) == 1, name

    def reply(given):
        assert not single or len(given) == 1
        total = sum(fractions[place] for place in given)
        return max(0, min(1, round(total, 4))), [whys[place] for place in given]

    return Read(name, "single" if single else "multiple", asked, options, reply)


def _moodle_number(name, asked, rows):
    def reply(given):
        for value, near, fraction, why in rows:
            if value is None or abs(given - value) <= near + 1e-12 * abs(value):
                return fraction, [why]
        return 0, []

    return Read(name, "number", asked, [], reply)


def read_moodle(text):
    """Return the category and the questions of a Moodle XML file."""
    top = etree.fromstring(text.encode())
    category = top.findtext("question[@type='category']/category/text")
    return category, [
        _moodle_question(question) for question in top if question.get("type") != "category"
    ]


def _moodle_question(question):
    name = question.findtext("name/text")
    assert question.find("questiontext").get("format") == "html"
    asked = words(question.findtext("questiontext/text"))
    answers = question.findall("answer")
    fractions = [float(answer.get("fraction")) / 100 for answer in answers]
    whys = [words(answer.findtext("feedback/text")) for answer in answers]
    if question.get("type") == "numerical":
        rows = [
            (
                None if answer.findtext("text") == "*" else float(answer.findtext("text")),
                float(answer.findtext("tolerance")),
                fraction,
                why,
            )
            for answer, fraction, why in zip(answers, fractions, whys, strict=True)
        ]
        return _moodle_number(name, asked, rows)
    assert question.get("type") == "multichoice"
    assert {answer.get("format") for answer in answers} == {"html"}
    options = [words(answer.findtext("text")) for answer in answers]
    single = question.findtext("single") == "true"
    return _moodle_choice(name, asked, single, options, fractions, whys)


# QTI: packages.


def unzipped(data):
    """Return the files of a package, by name, and those that its manifest lists."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = etree.fromstring(files["imsmanifest.xml"])
    listed = [element.get("href") for element in manifest.iter("{*}file")]
    return files, listed


def read_canvas(data):
    """Return the title and the questions of a QTI 1.2 package as Canvas imports them."""
    files, (name,) = unzipped(data)
    top = etree.fromstring(files[name])
    return top[0].get("title"), [_canvas_question(item) for item in top.iter("{*}item")]


def _canvas_question(item):
    entries = {element[0].text: element[1].text for element in item.iter("{*}qtimetadatafield")}
    kind = {
        "multiple_choice_question": "single",
        "multiple_answers_question": "multiple",
        "numerical_question": "number",
    }[entries["question_type"]]
    asked = words(item.findtext("{*}presentation/{*}material/{*}mattext"))
    labels = {
        label.get("ident"): words(label.findtext("{*}material/{*}mattext"))
        for label in item.iter("{*}response_label")
        if label.find("{*}material") is not None
    }
    told = {
        element.get("ident"): words(element.findtext(".//{*}mattext"))
        for element in item.iter("{*}itemfeedback")
    }
    conditions = item.findall("{*}resprocessing/{*}respcondition")
    idents = list(labels)

    def reply(given):
        chosen = {idents[place] for place in given} if kind != "number" else given
        return _canvas_reply(conditions, chosen, told, kind)

    return Read(item.get("title"), kind, asked, list(labels.values()), reply)


def _canvas_reply(conditions, given, told, kind):
    score, said = 0, []
    for condition in conditions:
        (test,) = condition.find("{*}conditionvar")
        tag = etree.QName(test).localname
        if tag == "other":
            holds = score == 0
        else:
            holds = _canvas_holds(test, given)
        if not holds:
            continue
        # A number that a condition names is right for Canvas, whatever the condition sets.
        if condition.find("{*}setvar") is not None or (kind == "number" and tag != "other"):
            score = 1
        for shown in condition.findall("{*}displayfeedback"):
            said.append(told[shown.get("linkrefid")])
        if condition.get("continue") == "No":
            break
    return score, said


def _canvas_holds(test, given):
    tag = etree.QName(test).localname
    if tag in ("and", "or", "not"):
        inside = [_canvas_holds(part, given) for part in test]
        return {"and": all(inside), "or": any(inside), "not": not all(inside)}[tag]
    if isinstance(given, set):
        return test.text in given
    bound = float(test.text)
    return {"varequal": given == bound, "vargte": given >= bound, "varlte": given <= bound}[tag]


def read_qti21(data):
    """Return the title and the questions of a QTI 2.1 package, in the order of its test."""
    files, listed = unzipped(data)
    assert sorted(listed) == sorted(set(files) - {"imsmanifest.xml"})
    test = etree.fromstring(files["test.xml"])
    references = [element.get("href") for element in test.iter("{*}assessmentItemRef")]
    assert sorted([*references, "test.xml"]) == sorted(listed)
    return test.get("title"), [_qti21_question(etree.fromstring(files[it])) for it in references]


def _inner(element):
    return words("".join(etree.tostring(part, encoding="unicode") for part in element))


def _qti21_question(item):
    declared = item.find("{*}responseDeclaration")
    correct = {value.text for value in declared.iter("{*}value")}
    number = declared.get("baseType") == "float"
    choices = list(item.iter("{*}simpleChoice"))
    several = declared.get("cardinality") == "multiple"
    told_many = item.find("{*}outcomeDeclaration[@identifier='FEEDBACK']").get("cardinality")
    assert told_many == declared.get("cardinality")
    if choices:
        most = item.find(".//{*}choiceInteraction").get("maxChoices")
        assert most == ("0" if several else "1")
    else:
        assert len(list(item.iter("{*}textEntryInteraction"))) == 1
    told = {element.get("identifier"): _inner(element) for element in item.iter("{*}modalFeedback")}

    def reply(given):
        response = given if number else {choices[place].get("identifier") for place in given}
        outcomes = {"SCORE": 0.0, "FEEDBACK": set()}
        values = {"RESPONSE": response, "correct": correct, **outcomes}
        _qti21_run(item.find("{*}responseProcessing"), values)
        return values["SCORE"], [told[name] for name in sorted(values["FEEDBACK"])]

    kind = "number" if number else "multiple" if several else "single"
    asked = _inner(item.find("{*}itemBody")[0])
    return Read(item.get("title"), kind, asked, [_inner(choice) for choice in choices], reply)


def _qti21_run(rules, values):
    for rule in rules:
        tag = etree.QName(rule).localname
        if tag == "responseCondition":
            for branch in rule:
                *test, otherwise = (branch[0], etree.QName(branch).localname == "responseElse")
                if otherwise or _qti21_value(test[0], values):
                    _qti21_run(branch if otherwise else branch[1:], values)
                    break
        else:
            assert tag == "setOutcomeValue", tag
            value = _qti21_value(rule[0], values)
            if rule.get("identifier") == "FEEDBACK" and isinstance(value, str):
                value = {value}
            values[rule.get("identifier")] = value


def _qti21_value(element, values):
    tag = etree.QName(element).localname
    if tag == "variable":
        return values[element.get("identifier")]
    if tag == "correct":
        return values["correct"]
    if tag == "baseValue":
        kind = {"float": float, "identifier": str}[element.get("baseType")]
        return kind(element.text)
    parts = [_qti21_value(part, values) for part in element]
    if tag == "and":
        return all(parts)
    first, second = parts
    if tag in ("match", "equal"):
        return first == second
    return {"gte": first >= second, "lte": first <= second}[tag]
