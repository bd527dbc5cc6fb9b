"""Reading a question bank; the format is described in `qkv.quiz`."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from qkv.errors import QkvError
from qkv.markup import unpaired

IDENTIFIER = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MARK = re.compile(r"(\(.{0,2}\)|\[.{0,2}\]|=|!)(?:\s+(.*))?")
THOUSANDS = re.compile(r"[-−]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
NUMBER = re.compile(r"(\S+)(?:\s*(?:±|\+-|\+/-)\s*(\S+))?(?:\s+(.+))?")
KINDS = {"(x)": "single", "( )": "single", "[x]": "multiple", "[ ]": "multiple"}
OTHERWISE = "otherwise"


class BankError(QkvError):
    """A mistake in a question bank; the message starts with `file:line:`."""


@dataclass
class Answer:
    """One option, number or shape with its explanation.

    `value` is None for an option and for "otherwise", a float for a number and a list of axis names
    for a shape. A number counts as given when it is within `tolerance` of `value`.
    """

    mark: str
    text: str
    line: int
    why: str = ""
    value: float | list[str] | None = None
    tolerance: float = 0.0

    @property
    def right(self) -> bool:
        """Whether this is (one of) the right answers."""
        return self.mark in ("(x)", "[x]", "=")


@dataclass
class Question:
    """One question: `kind` is "single", "multiple", "number" or "shape"; texts are Markdown."""

    id: str
    line: int
    text: str = ""
    kind: str = ""
    unit: str = ""
    answers: list[Answer] = field(default_factory=list)


def read_bank(path: Path, shown: str) -> tuple[str, dict[str, Question]]:
    """Return the title of a bank and its questions by id, in the order of the file.

    `shown` is the name of the file in messages. Raises `BankError` at the first mistake.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise BankError(f"{shown}:1: this is not UTF-8 text: save it with that encoding") from None
    except OSError as error:
        raise QkvError(f"{shown} cannot be read: {error.strerror}") from error
    return _Reader(shown).read(lines)


class _Reader:
    """Reads lines one by one; `question` and `answer` are what the current line belongs to."""

    def __init__(self, shown):
        self.shown = shown
        self.title = ""
        self.questions = {}
        self.question = None
        self.answer = None
        self.fenced = False

    def read(self, lines):
        for number, line in enumerate(lines, 1):
            self.number = number
            self.line(line.rstrip())
        self.finish()
        if not self.title:
            self.fail("the bank has no title: start it with a line such as # Attention", 1)
        return self.title, self.questions

    def fail(self, message, line=None):
        raise BankError(f"{self.shown}:{line or self.number}: {message}")

    def line(self, line):
        asking = self.question and not self.answer
        if asking and line.startswith("```"):
            self.fenced = not self.fenced
        if self.fenced or (asking and line.startswith("```")):
            self.question.text += line + "\n"
        elif line.startswith("%"):
            return
        elif line.startswith("## "):
            self.start(line[3:].strip())
        elif line.startswith("# "):
            if self.title or self.question:
                self.fail("a second title: a question starts with ## and its id")
            self.title = line[2:].strip()
        elif self.question is None:
            if line:
                self.fail(f"{line!r} stands before the first question: start one with ## some-id")
        elif mark := MARK.fullmatch(line):
            self.add(mark[1], (mark[2] or "").strip())
        elif line.startswith(">"):
            if self.answer is None:
                self.fail("an explanation before the first answer")
            self.answer.why += line[1:].strip() + "\n"
        elif asking:
            self.question.text += line + "\n"
        elif line.startswith((" ", "\t")):
            if self.answer.why:
                self.answer.why += line.strip() + "\n"
            else:
                self.answer.text += " " + line.strip()
        elif line:
            self.fail(
                f"{line!r} belongs to nothing: an answer starts with a mark such as (x), "
                "an explanation with >, and a line that goes on is indented"
            )

    def start(self, identifier):
        self.finish()
        if not IDENTIFIER.fullmatch(identifier):
            self.fail(f"{identifier!r} is no id: write small letters, digits and hyphens")
        if identifier in self.questions:
            first = self.questions[identifier].line
            self.fail(f"the id {identifier!r} is taken by the question in line {first}")
        self.question = self.questions[identifier] = Question(identifier, self.number)
        self.answer = None

    def add(self, mark, text):
        mark = mark.lower().replace("()", "( )").replace("[]", "[ ]")
        if mark in KINDS:
            kind = KINDS[mark]
        elif mark == "=":
            kind = "shape" if text.startswith("(") else "number"
        elif mark == "!":
            kind = self.question.kind
            if kind not in ("number", "shape"):
                self.fail("a wrong value before the right one: write the line with = first")
        else:
            self.fail(f"unknown mark {mark}: write (x) or [x] for right, ( ) or [ ] for wrong")
        if self.question.kind and kind != self.question.kind:
            self.fail(
                f"the mark {mark} makes a {kind} question, the answers above a "
                f"{self.question.kind} one: use one kind of mark in a question"
            )
        if not text:
            self.fail(f"nothing follows the mark {mark}: write the answer behind it")
        self.question.kind = kind
        self.answer = Answer(mark, text, self.number)
        if kind in ("number", "shape") and text != OTHERWISE:
            (self.measure if kind == "number" else self.shape)(text)
        self.question.answers.append(self.answer)

    def measure(self, text):
        match = NUMBER.fullmatch(text)
        value, tolerance = self.number_in(match[1]), self.number_in(match[2] or "0")
        if tolerance < 0:
            self.fail(f"the tolerance {match[2]} is below zero")
        self.answer.value, self.answer.tolerance = value, tolerance
        self.answer.text = match[1]
        if self.answer.right:
            self.question.unit = match[3] or ""

    def number_in(self, text):
        # People write 1,000 and a true minus sign; float() knows neither.
        digits = text.replace(",", "") if THOUSANDS.fullmatch(text) else text
        try:
            value = float(digits.replace("−", "-"))
        except ValueError:
            value = float("nan")
        if value - value != 0:
            self.fail(f"{text!r} is no number: write digits, such as 0.25 or 3e-4")
        return value

    def shape(self, text):
        if not (text.startswith("(") and text.endswith(")")):
            self.fail(f"{text!r} is no shape: write its axes as (batch, time)")
        axes = [axis.strip() for axis in text[1:-1].removesuffix(",").split(",")]
        if not all(axes):
            self.fail(f"{text!r} has an axis without a name: write its axes as (batch, time)")
        if self.question.answers and len(axes) != len(self.question.answers[0].value):
            self.fail(
                f"{text} has another number of axes than {self.question.answers[0].text}, "
                "and the reader fills in as many as the right shape has"
            )
        self.answer.value = axes

    def finish(self):
        """Check the question that ends here; its mistakes are told where they are."""
        question = self.question
        if question is None:
            return
        if self.fenced:
            self.fail("a block of code is not closed: end it with ```", question.line)
        question.text = question.text.strip()
        if not question.text:
            self.fail(f"the question {question.id!r} has no text", question.line)
        self.paired(question.text, question.line)
        seen = {}
        for answer in question.answers:
            answer.why = answer.why.strip()
            if not answer.why:
                self.fail(
                    f"no explanation for {answer.text!r}: write one below it, after >", answer.line
                )
            self.paired(answer.text, answer.line)
            self.paired(answer.why, answer.line)
            key = answer.text if answer.value is None else str(answer.value)
            if key in seen:
                self.fail(f"{answer.text!r} stands in line {seen[key]} already", answer.line)
            seen[key] = answer.line
        self.solvable(question)

    def solvable(self, question):
        rights = [answer for answer in question.answers if answer.right]
        if not question.answers:
            self.fail(f"the question {question.id!r} has no answers", question.line)
        if not rights:
            self.fail(f"the question {question.id!r} has no right answer", question.line)
        if question.kind != "multiple" and len(rights) > 1:
            more = "; for several right answers write [x] and [ ]" * (question.kind == "single")
            self.fail(f"the question {question.id!r} has two right answers{more}", rights[1].line)
        if len(question.answers) < 2:
            self.fail(f"the question {question.id!r} has fewer than two options", question.line)
        if question.kind not in ("number", "shape"):
            return
        if question.answers[-1].text != OTHERWISE:
            self.fail(
                f"the question {question.id!r} does not explain all other answers: end it with "
                f"! {OTHERWISE} and an explanation",
                question.line,
            )
        if question.kind == "shape" and len(question.answers) < 3:
            self.fail(
                f"the shape question {question.id!r} names no wrong shape: add one after !, "
                "since its axes are what the reader picks from",
                question.line,
            )
        for answer in question.answers[1:-1]:
            right = rights[0]
            if question.kind == "number" and abs(answer.value - right.value) <= right.tolerance:
                self.fail(
                    f"{answer.text} counts as right, within ± {right.tolerance:g}", answer.line
                )

    def paired(self, text, line):
        if mark := unpaired(text):
            self.fail(f"a {mark} without its partner in {text!r}: write \\{mark} for itself", line)
