"""Reading a question bank; the format is described in `qkv.quiz`."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from qkv.errors import QkvError
from qkv.markup import unpaired

IDENTIFIER = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MARK = re.compile(r"(\(.{0,2}\)|\[.{0,2}\]|=|!)(?:\s+(.*))?")
FENCE = re.compile(r" {0,3}(`{3,}(?!.*`)|~{3,})")
# Thousands are parted by a comma or by a blank of any kind: 1,000 and 1 000.
PARTED = r"[1-9]\d{0,2}(?:[,\s'’_]\d{3})+(?!\d)"
DIGITS = re.compile(rf"[-−+]?(?:(?:{PARTED}|\d+)(?:\.\d*)?|\.\d+)(?:e[-−+]?\d+)?", re.I)
WITHIN = re.compile(r"\s*(?:±|\+-|\+/-)\s*")
NO_UNIT = re.compile(r"\s*(?:[\d.,'’_×·*^+−–-]|/\s*\d)")
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
    value: Any = None
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
        # Not splitlines(): a text may hold rarer characters that also end a line for Python.
        lines = path.read_text("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise BankError(f"{shown}:1: this is not UTF-8 text: save it with that encoding") from None
    except OSError as error:
        raise QkvError(f"{shown} cannot be read: {error.strerror}") from error
    return _Reader(shown).read(lines)


class _Reader:
    """Reads lines one by one; `question` and `answer` are what the current line belongs to."""

    def __init__(self, shown: str):
        self.shown = shown
        self.title = ""
        self.questions: dict[str, Question] = {}
        self.question: Any = None  # a Question, after the first ##
        self.answer: Any = None  # an Answer, after the first mark of a question
        self.fence = ""  # of the block of code that the current line stands in
        self.indent: int | None = None  # of that block's first line, in an option
        self.parted = False  # whether the last line of an option is code

    def read(self, lines: list[str]) -> tuple[str, dict[str, Question]]:
        for number, line in enumerate(lines, 1):
            self.number = number
            if self.fence:
                self.code(line)
            else:
                self.line(line.rstrip())
        self.finish()
        if not self.title:
            self.fail("the bank has no title: start it with a line such as # Attention", 1)
        return self.title, self.questions

    def fail(self, message: str, line: int | None = None) -> NoReturn:
        raise BankError(f"{self.shown}:{line or self.number}: {message}")

    def line(self, line: str) -> None:
        asking = self.question and not self.answer
        if asking and FENCE.match(line):
            self.ask(line)
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
            self.explain(line[1:].removeprefix(" "))
        elif asking:
            self.ask(line)
        elif line.startswith((" ", "\t")):
            self.indent = _indent(line)
            (self.explain if self.answer.why else self.go_on)(line.strip())
        elif line:
            self.fail(
                f"{line!r} belongs to nothing: an answer starts with a mark such as (x), "
                "an explanation with >, and a line that goes on is indented"
            )

    def code(self, line: str) -> None:
        """Take a line of a block of code as it is, without the mark of where it belongs."""
        if self.answer is None:
            return self.ask(line)
        if self.answer.why:
            if not line.startswith(">"):
                self.unclosed(self.answer.line)
            return self.explain(line[1:].removeprefix(" "))
        if line.strip() and not line.startswith((" ", "\t")):
            self.unclosed(self.answer.line)
        if self.indent is None and line.strip():
            self.indent = _indent(line)
        return self.go_on(line[min(_indent(line), self.indent or 0) :])

    def ask(self, line: str) -> None:
        self.question.text += self.fenced(line) + "\n"

    def explain(self, line: str) -> None:
        inside = self.fence or FENCE.match(line)
        self.answer.why += self.fenced(line if inside else line.strip()) + "\n"

    def go_on(self, line: str) -> None:
        """Add a line to an option: it joins the line before unless one of them is code."""
        code = bool(self.fence or FENCE.match(line))
        self.answer.text += ("\n" if code or self.parted else " ") + self.fenced(line)
        self.parted = code

    def fenced(self, line: str) -> str:
        """Return the line, after noting where a block of code begins or ends (as CommonMark)."""
        if not self.fence:
            opened = FENCE.match(line)
            self.fence = opened[1] if opened else ""
        elif re.fullmatch(rf" {{0,3}}{re.escape(self.fence)}{self.fence[0]}*\s*", line):
            self.fence = ""
        return line

    def unclosed(self, line: int) -> NoReturn:
        self.fail(f"a block of code is not closed: end it with {self.fence}", line)

    def start(self, identifier: str) -> None:
        self.finish()
        if not IDENTIFIER.fullmatch(identifier):
            self.fail(f"{identifier!r} is no id: write small letters, digits and hyphens")
        if identifier in self.questions:
            first = self.questions[identifier].line
            self.fail(f"the id {identifier!r} is taken by the question in line {first}")
        self.question = self.questions[identifier] = Question(identifier, self.number)
        self.answer = None

    def add(self, mark: str, text: str) -> None:
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
        self.fenced(text)
        self.indent = None
        self.parted = bool(self.fence)
        if kind in ("number", "shape") and text != OTHERWISE:
            (self.measure if kind == "number" else self.shape)(text)
        self.question.answers.append(self.answer)

    def measure(self, text: str) -> None:
        self.answer.text, self.answer.value, rest = self.number_in(text)
        if within := WITHIN.match(rest):
            tolerance, self.answer.tolerance, rest = self.number_in(rest[within.end() :])
            if self.answer.tolerance < 0:
                self.fail(f"the tolerance {tolerance} is below zero")
        if self.answer.right:
            self.question.unit = rest.strip()

    def number_in(self, text: str) -> tuple[str, float, str]:
        """Return the number at the start of `text`, as typed and as a float, and what follows."""
        found = DIGITS.match(text)
        typed, rest = (found[0], text[found.end() :]) if found else (text.split(" ")[0], "")
        if NO_UNIT.match(rest) and not WITHIN.match(rest):
            typed += rest
        try:
            # People write 1,000 or 1 000 and a true minus sign; float() knows none of them.
            value = float(re.sub(r"[,\s'’_]", "", typed).replace("−", "-"))
            known = found and typed == found[0] and value - value == 0
        except ValueError:
            known = False
        if not known:
            self.fail(f"{typed!r} is no number: write digits, such as 0.25 or 3e-4")
        return typed, value, rest

    def shape(self, text: str) -> None:
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

    def finish(self) -> None:
        """Check the question that ends here; its mistakes are told where they are."""
        question = self.question
        if question is None:
            return
        if self.fence:
            self.unclosed((self.answer or question).line)
        question.text = question.text.strip("\n")
        if not question.text:
            self.fail(f"the question {question.id!r} has no text", question.line)
        self.paired(question.text, question.line)
        seen: dict[str, int] = {}
        for answer in question.answers:
            answer.text, answer.why = answer.text.strip(), answer.why.strip("\n")
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

    def solvable(self, question: Question) -> None:
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

    def paired(self, text: str, line: int) -> None:
        if mark := unpaired(text):
            self.fail(f"a {mark} without its partner in {text!r}: write \\{mark} for itself", line)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
